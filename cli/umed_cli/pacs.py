"""`umed pacs`: studies from and to a hospital's archive. Nothing connects but what is asked for here."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from umed_cli.terminal import complain, need_extra, note, say
from umed_core.errors import ConfigError, ConsentNeeded
from umed_core.prompts import RESEARCH_USE_ONLY

if TYPE_CHECKING:
    from umed_core.pacs.nodes import Node, NodeBook

__all__ = ["app"]

app = typer.Typer(
    name="pacs", no_args_is_help=True, rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False
)

NodeName = Annotated[str, typer.Argument(metavar="NODE", help="Its name, as written down by `umed pacs add`.")]


class Auth(StrEnum):
    """What `--auth` takes."""

    none = "none"
    basic = "basic"
    token = "token"


@app.callback()
def pacs() -> None:
    """Find, get and send studies: a PACS over DICOM's own network, or DICOMweb. Research use only.

    Nothing connects and nothing listens until a node is written down and a command names it.

    Examples:

      umed pacs add archive --host pacs.example.org --port 11112 --ae-title ARCHIVE

      umed pacs echo archive

      umed pacs find archive --name "Doe*" --modality CT

      umed pacs get archive 1.2.840.99.1 --out study

      umed pacs send archive finding.report.dcm
    """


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call the node.")],
    host: Annotated[str, typer.Option(help="Host name or IP address of a DICOM node.")] = "",
    port: Annotated[int, typer.Option(help="Its port.")] = 11112,
    ae_title: Annotated[str, typer.Option(help="Its AE title.")] = "",
    own_ae_title: Annotated[str, typer.Option(help="What we call ourselves.")] = "UMED",
    move_port: Annotated[
        int, typer.Option(help="Fetch by C-MOVE, listening on this port meanwhile; 0: by C-GET, without listening.")
    ] = 0,
    move_host: Annotated[str, typer.Option(help="The interface of ours to listen on for C-MOVE.")] = "127.0.0.1",
    url: Annotated[str, typer.Option(help="Address of a DICOMweb service, in place of host and AE title.")] = "",
    auth: Annotated[Auth, typer.Option(help="How DICOMweb knows us.")] = Auth.none,
    user: Annotated[str, typer.Option(help="User for --auth basic.")] = "",
    tls: Annotated[bool, typer.Option("--tls", help="Speak TLS to a DICOM node.")] = False,
    ca_file: Annotated[str, typer.Option(metavar="PEM", help="Who vouches for the node.")] = "",
    certificate: Annotated[str, typer.Option(metavar="PEM", help="Our own certificate.")] = "",
    key: Annotated[str, typer.Option(metavar="PEM", help="Its key.")] = "",
    no_host_check: Annotated[
        bool, typer.Option("--no-host-check", help="Take a certificate by that CA whatever host it names.")
    ] = False,
) -> None:
    """Write a node down, or change it. It is not connected to; a password is not asked for here (`umed pacs secret`)."""
    from umed_core.pacs.nodes import DicomNode, Tls, WebNode, save_nodes

    if bool(url) == bool(host or ae_title):
        raise ConfigError("A node has a --host and an --ae-title, or a --url.", "Give one of the two.")
    if (auth == Auth.basic) != bool(user):
        raise ConfigError("A user and --auth basic go together.", "Give both or neither.")
    parts = Tls(ca_file, certificate, key, not no_host_check)
    node: Node
    if url:
        node = WebNode(name, url, user, auth == Auth.token, parts)
    else:
        if not tls and parts != Tls():
            raise ConfigError("TLS files without --tls would go unused.", "Add --tls.")
        encrypted = parts if tls else None
        node = DicomNode(name, ae_title, host, port, own_ae_title, encrypted, move_host, move_port)
    save_nodes(_file(), _book().having(node))
    note(f"{name}: {node.address}, written down in {_file()}")
    if isinstance(node, WebNode) and node.wants_secret:
        note(f"Now run: umed pacs secret {name}")


@app.command("nodes")
def nodes() -> None:
    """List the nodes that are written down."""
    for node in _book().nodes:
        say(f"{node.name}\t{node.address}")


@app.command("remove")
def remove(name: NodeName) -> None:
    """Forget a node."""
    from umed_core.pacs.nodes import save_nodes

    book = _book()
    save_nodes(_file(), book.without(book.find(name).name))


@app.command("secret")
def secret(name: NodeName) -> None:
    """Ask for the password or token of a DICOMweb node, and keep it in the system's keyring."""
    from umed_core.pacs.nodes import WebNode
    from umed_core.pacs.secret import Secret, keep_secret

    node = _book().find(name)
    if not isinstance(node, WebNode) or not node.wants_secret:
        raise ConfigError(f"{name} wants no password or token.", "Write it down with --auth basic or token first.")
    value = getpass.getpass(f"Password or token of {name}: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not value.strip():
        raise ConfigError("Nothing was entered.", "Try again.")
    keep_secret(node, Secret(value.strip()))
    note("Kept in the system's keyring.")


@app.command("echo")
def echo(name: NodeName) -> None:
    """Ask whether a node is there and lets us in."""
    from umed_core.pacs import transfer

    node = _node(name)
    transfer.echo(node)
    say(f"{name} answers: {node.address}")


@app.command("find")
def find(
    name: NodeName,
    patient_name: Annotated[str, typer.Option("--name", help="Patient's name; * and ? stand for anything.")] = "",
    patient_id: Annotated[str, typer.Option("--id", help="Patient's number.")] = "",
    date_from: Annotated[str, typer.Option("--from", metavar="YYYYMMDD", help="Earliest date of the study.")] = "",
    date_to: Annotated[str, typer.Option("--to", metavar="YYYYMMDD", help="Latest date of the study.")] = "",
    modality: Annotated[str, typer.Option(help="CT, MR, CR, DX, US, ...")] = "",
    accession: Annotated[str, typer.Option(help="Accession number.")] = "",
    study: Annotated[str, typer.Option(metavar="UID", help="List the series of this study instead.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="The most studies to list.")] = 200,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON a study or series.")] = False,
) -> None:
    """List studies of a node, newest first, or the series of one; tab-separated, UID first."""
    import msgspec

    from umed_core.pacs import transfer
    from umed_core.pacs.query import StudyQuery

    node = _node(name)
    if study:
        for series in transfer.find_series(node, study):
            line = (series.series_uid, series.number, series.modality, _count(series.instances), series.description)
            say(msgspec.json.encode(series).decode() if json else "\t".join(line))
        return
    query = StudyQuery(patient_name, patient_id, date_from, date_to, modality.upper(), accession, limit=limit)
    rows = transfer.find_studies(node, query)
    for row in rows:
        cells = (
            row.study_uid, row.date, row.patient_name, row.patient_id, row.modalities.replace("\\", ","),
            _count(row.instances), row.description,
        )  # fmt: skip
        say(msgspec.json.encode(row).decode() if json else "\t".join(cells))
    if len(rows) == limit:
        note(f"{limit} studies are listed, and there may be more: search for less, or raise --limit.")
    elif not rows:
        note("No study matches.")


@app.command("get")
def get(
    name: NodeName,
    study: Annotated[str, typer.Argument(metavar="STUDY_UID", help="As `umed pacs find` lists it.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="A new folder, which you alone may enter.")],
    series: Annotated[str, typer.Option(metavar="UID", help="Only this series.")] = "",
    max_files: Annotated[int, typer.Option(min=1, help="The most files to take.")] = 20_000,
    max_gib: Annotated[float, typer.Option(min=0.001, help="The most GiB to take.")] = 16.0,
) -> None:
    """Fetch a study, or one series of it. Research use only.

    Ctrl-C ends it and keeps nothing. Where the node fails midway, what came is kept, and the exit code is 12.
    """
    from umed_core.pacs import transfer
    from umed_core.pacs.guard import TransferLimits

    limits = TransferLimits(files=max_files, bytes=int(max_gib * 1024**3))
    got = transfer.retrieve(_node(name), study, out, series, _progress("files received"), limits)
    note(f"{got.summary}. {RESEARCH_USE_ONLY}")
    if got.files:
        say(str(got.folder))
    if got.problem is not None:
        complain(got.problem)
    if not got.is_complete:
        raise typer.Exit(12)


@app.command("send")
def send(
    name: NodeName,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="DICOM files, or folders of them.")],
    deidentify: Annotated[
        bool, typer.Option("--deidentify", help="Remove names, dates and numbers from the headers first.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Agree without being asked, for scripts.")] = False,
) -> None:
    """Send DICOM files to a node, each in the transfer syntax that it has. Research use only.

    Says which node, how many files and whether names go along, and asks. The exit code is 12 where any was not sent.
    """
    from umed_core.pacs import transfer
    from umed_core.pacs.parcels import consent_line, look_through

    node = _node(name)
    manifest = look_through(files)
    for path, why in manifest.refused:
        complain(why, str(path))
    note(consent_line(node, manifest, deidentify))
    if not yes:
        if not sys.stdin.isatty():
            raise ConsentNeeded("Nobody has agreed to send this.", "Run it in a terminal, or add --yes.")
        if not typer.confirm("Send?", err=True):
            raise ConsentNeeded("Nothing was sent.", "Add --deidentify to leave names out of the headers.")
    sent = transfer.send(node, manifest, deidentify, _progress("files sent"))
    say(sent.summary)
    if sent.problem is not None:
        complain(sent.problem)
    if not sent.is_complete or manifest.refused:
        raise typer.Exit(12)


def _node(name: str) -> Node:
    need_extra("pacs", "pynetdicom", "dicomweb_client")
    return _book().find(name)


def _book() -> NodeBook:
    from umed_core.pacs.nodes import load_nodes

    return load_nodes(_file())


def _file() -> Path:
    """Beside the window's settings: both read the same nodes."""
    from umed_desktop.settings import nodes_file, settings_file

    return nodes_file(settings_file())


def _count(count: int) -> str:
    return "?" if count < 0 else str(count)


def _progress(what: str) -> Callable[[int, int], None]:
    """Shows on a terminal, in place, how many files there are."""

    def show(done: int, total: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{done}{f' of {total}' if total else ''} {what} ")
            sys.stderr.flush()

    return show

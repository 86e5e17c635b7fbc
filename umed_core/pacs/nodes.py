"""The archives that a person has written down, in one small JSON file without any secret."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import msgspec

from umed_core.errors import ConfigError
from umed_core.records import write_atomic

__all__ = ["DicomNode", "Node", "NodeBook", "Tls", "WebNode", "check_node", "is_loopback", "load_nodes", "save_nodes"]

_AE_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Tls:
    """`ca_file` holds whom to trust ("" for the system's authorities); `certificate` and `key` are our own, for a node
    that asks who we are. Paths to PEM files."""

    ca_file: str = ""
    certificate: str = ""
    key: str = ""
    check_host_name: bool = True


@dataclass(frozen=True, slots=True)
class DicomNode:
    """An application entity. `own_ae_title` is what we call ourselves.

    With `move_port` set, studies come by C-MOVE: while one is retrieved, we listen on `move_host`:`move_port`, which the
    node must know under `own_ae_title`. With 0 they come by C-GET, over the connection that we open.
    """

    name: str
    ae_title: str
    host: str
    port: int
    own_ae_title: str = "UMED"
    tls: Tls | None = None
    move_host: str = "127.0.0.1"
    move_port: int = 0

    @property
    def address(self) -> str:
        """Where it is, for a person."""
        return f"{self.ae_title} at {self.host}:{self.port}{' (TLS)' if self.tls else ''}"


@dataclass(frozen=True, slots=True)
class WebNode:
    """A DICOMweb service. `user` set: basic authentication; `has_token`: a bearer token. The secret is never in here."""

    name: str
    url: str
    user: str = ""
    has_token: bool = False
    tls: Tls = field(default_factory=Tls)

    @property
    def address(self) -> str:
        """Where it is, for a person."""
        return self.url

    @property
    def wants_secret(self) -> bool:
        return bool(self.user) or self.has_token


Node: TypeAlias = DicomNode | WebNode


@dataclass(frozen=True, slots=True)
class NodeBook:
    """What the file holds."""

    dicom: tuple[DicomNode, ...] = ()
    web: tuple[WebNode, ...] = ()

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All of them, by name."""
        return tuple(sorted((*self.dicom, *self.web), key=lambda node: node.name.lower()))

    def find(self, name: str) -> Node:
        """Raises: ConfigError for a name that is not written down."""
        found = next((node for node in self.nodes if node.name == name), None)
        if found is None:
            known = ", ".join(node.name for node in self.nodes) or "none"
            raise ConfigError(f"No node is called {name}; written down: {known}.", "Write it down: umed pacs add.")
        return found

    def having(self, node: Node) -> NodeBook:
        """The book with `node` in place of one of the same name. Raises: ConfigError as `check_node`."""
        check_node(node)
        rest = self.without(node.name)
        if isinstance(node, DicomNode):
            return NodeBook((*rest.dicom, node), rest.web)
        return NodeBook(rest.dicom, (*rest.web, node))

    def without(self, name: str) -> NodeBook:
        return NodeBook(
            tuple(node for node in self.dicom if node.name != name),
            tuple(node for node in self.web if node.name != name),
        )


def check_node(node: Node) -> None:
    """Raises: ConfigError that names the first field which cannot be right."""
    if not re.fullmatch(r"[\w.-]{1,64}", node.name):
        raise ConfigError(f"{node.name!r} is no name for a node.", "Use letters, digits, a dot, - and _.")
    if isinstance(node, WebNode):
        _check_url(node)
        if node.user and node.has_token:
            raise ConfigError(f"{node.name}: a user and a token exclude each other.", "Choose one.")
        if not node.tls.check_host_name:
            raise ConfigError(f"{node.name}: DICOMweb always checks the host's name.", "Give its CA file.")
    else:
        for what, title in (("AE title", node.ae_title), ("own AE title", node.own_ae_title)):
            if not _is_ae_title(title):
                raise ConfigError(
                    f"{node.name}: {title!r} is no {what}.", f"1 to {_AE_LENGTH} plain characters, without a backslash."
                )
        if not node.host or not set(node.host).isdisjoint(" /\\"):
            raise ConfigError(f"{node.name}: {node.host!r} is no host.", "Give a name or an IP address.")
        if not 1 <= node.port <= 65535 or not 0 <= node.move_port <= 65535:
            raise ConfigError(f"{node.name}: a port is a number from 1 to 65535.", "DICOM's own are 104 and 11112.")
        if node.move_port and node.tls is not None and not (node.tls.certificate and node.tls.key):
            raise ConfigError(
                f"{node.name}: C-MOVE with TLS needs a certificate and key of our own.",
                "Give both, or leave the port for C-MOVE empty: C-GET needs none.",
            )
    tls = node.tls or Tls()
    if bool(tls.certificate) != bool(tls.key):
        raise ConfigError(f"{node.name}: a certificate and its key come together.", "Give both files or neither.")


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def load_nodes(path: Path) -> NodeBook:
    """The nodes at `path`; none where there is no file. Raises: ConfigError for a file that holds no nodes."""
    try:
        book = msgspec.json.decode(path.read_bytes(), type=NodeBook)
    except FileNotFoundError:
        return NodeBook()
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise ConfigError(f"The nodes at {path} could not be read: {problem}.", "Mend or delete the file.") from problem
    for node in book.nodes:
        check_node(node)
    return book


def save_nodes(path: Path, book: NodeBook) -> None:
    """Raises: StorageError; the old file is then whole."""
    write_atomic(path, msgspec.json.format(msgspec.json.encode(book)))


def _is_ae_title(title: str) -> bool:
    """Source: PS3.5 6.2, AE."""
    plain = title.isascii() and title.isprintable() and "\\" not in title
    return plain and bool(title.strip()) and title == title.strip() and len(title) <= _AE_LENGTH


def _check_url(node: WebNode) -> None:
    try:
        parts = urlsplit(node.url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as problem:
        raise ConfigError(f"{node.name}: {node.url} is no address: {problem}.", "https://host/dicom-web") from problem
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError(f"{node.name}: {node.url} is no DICOMweb address.", "It looks like https://host/dicom-web")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(
            f"{node.name}: the address carries more than a place.", "Leave out user, password and everything after ?."
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigError(
            f"{node.name}: http would send images and names in the open.", "Use https; http is for this machine alone."
        )

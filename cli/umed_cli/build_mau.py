"""`umed build-mau`: from annotated images to the paper's question-answer dataset."""

from __future__ import annotations

import hashlib
import math
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from umed_cli.terminal import need_extra, note, plain, remaining, say
from umed_core.errors import ConfigError
from umed_core.prompts import RESEARCH_USE_ONLY

if TYPE_CHECKING:
    from umed_core.mau.asking import AskLimits
    from umed_core.mau.build import AskRound, BuildProgress, BuildReport, MauConfig, Step
    from umed_core.mau.privacy.burned_in_text import TextScan
    from umed_core.mau.teacher import Teacher
    from umed_core.mau.teachers.chat_form import ChatSettings

__all__ = ["build_mau"]

TeacherKind: TypeAlias = Literal["template", "openai", "local"]
PRICES = "Needed for a budget in dollars."
STEP_WORDS: dict[Step, str] = {
    "collect": "reading the sources",
    "clean": "cleaning pictures",
    "choose": "choosing sides",
    "compare": "looking for near-duplicates",
    "count": "counting what is open",
    "ask": "asking",
    "place": "placing pictures",
    "write": "writing",
}


def build_mau(
    source: Annotated[
        list[str],
        typer.Option(metavar="KIND=PATH", help="Annotated images; KIND:NAME=PATH names them. Repeat for more."),
    ],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="The dataset's folder; the same call goes on where it stopped.")
    ],
    teacher: Annotated[TeacherKind, typer.Option(help="Who writes the conversations.")] = "template",
    model: Annotated[str, typer.Option(help="openai: the model's name on the server. local: a model folder.")] = "",
    base_url: Annotated[str, typer.Option(help="openai: another server, e.g. http://127.0.0.1:8000/v1.")] = "",
    device: Annotated[str, typer.Option(help="local: auto, cpu or cuda.")] = "auto",
    consent: Annotated[
        bool, typer.Option("--consent", help="You may send these pictures, cleaned, to a server elsewhere.")
    ] = False,
    preview: Annotated[int, typer.Option(min=0, help="Show what would be sent for so many cases, and stop.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would take, and stop.")] = False,
    test_share: Annotated[float, typer.Option(min=0, max=1, help="Share of images on the test side.")] = 0.2,
    seed: Annotated[int, typer.Option(help="Of split and sample.")] = 0,
    limit: Annotated[int, typer.Option(min=0, help="At most so many cases of each source, a sample; 0: all.")] = 0,
    paper_counts: Annotated[
        bool, typer.Option("--paper-counts", help="The paper's numbers of each public set (Table 10).")
    ] = False,
    scan_text: Annotated[
        Literal["auto", "off", "blank", "refuse"],
        typer.Option(
            help="Text burned into pictures: paint over it or refuse the picture. auto: blank where pictures leave."
        ),
    ] = "auto",
    corrections: Annotated[int, typer.Option(min=0, help="How often a faulty answer is asked for again.")] = 2,
    in_flight: Annotated[int, typer.Option(min=1, help="Calls at a time.")] = 8,
    requests_per_minute: Annotated[float, typer.Option(help="Your limit at the server.")] = math.inf,
    tokens_per_minute: Annotated[float, typer.Option(help="Your limit at the server.")] = math.inf,
    budget: Annotated[
        float, typer.Option(metavar="USD", help="Stop before more than this is spent in all.")
    ] = math.inf,
    price_in: Annotated[float, typer.Option(metavar="USD", help=f"Per million prompt tokens. {PRICES}")] = 0.0,
    price_out: Annotated[float, typer.Option(metavar="USD", help=f"Per million answer tokens. {PRICES}")] = 0.0,
    max_tokens: Annotated[float, typer.Option(help="Stop before more tokens than this are used in all.")] = math.inf,
    batch: Annotated[bool, typer.Option("--batch", help="openai: order batches: cheaper, done within a day.")] = False,
) -> None:
    """Turn images with boxes into a dataset of questions and grounded answers. Research use only.

    Step 1, offline, free: write conversations from a table of general facts.

      umed build-mau --source kvasir=Kvasir-SEG --source tbx11k=TBX11K --out mau

    Step 2, see what a vision model would get and cost, before anything is sent:

      umed build-mau --source kvasir=Kvasir-SEG --teacher openai --model gpt-4o --out mau --preview 3

      umed build-mau --source kvasir=Kvasir-SEG --teacher openai --model gpt-4o --out mau --dry-run --price-in 2.5

    Step 3, let it write, within a budget (the key comes from OPENAI_API_KEY or your system's keyring):

      umed build-mau --source kvasir=Kvasir-SEG --teacher openai --model gpt-4o --out mau --consent --max-tokens 5e6

    Your own server (vLLM, Ollama, llama.cpp) or a model folder:

      umed build-mau --source kvasir=Kvasir-SEG --teacher openai --model qwen --base-url http://127.0.0.1:11434/v1 --out m

      umed build-mau --source kvasir=Kvasir-SEG --teacher local --model models/llava --out mau-llava

    Kinds of source: deeplesion, kidneystone, nih, tbx11k, kvasir (each as published), coco, yolo, voc, csv, masks, dicom.

    Whatever happens - Ctrl-C, a power cut, a full disk, a spent budget - the same command goes on, asks nothing twice and
    ends in the same bytes. DIR/work is private: it names your files and lists every row that could not be used; the
    rest of DIR may be shared under the sources' terms. Then: umed review DIR, umed train sft, umed export-mau DIR.

    Exit code: 0, 3 an input, 4 an option, 5 the data, 6 the model, 9 the disk, 10 the teacher, 11 no consent, 130 Ctrl-C.
    """
    from umed_core.mau.asking import AskLimits
    from umed_core.mau.build import MauConfig
    from umed_core.mau.collecting import parse_source
    from umed_core.mau.cost import Budget

    _check(teacher, model, base_url, batch, paper_counts and limit > 0)
    if batch and min(budget, max_tokens) < math.inf:
        # The server works a batch off by itself; nothing here could stop it in the middle.
        raise ConfigError("A batch cannot be stopped at a budget.", "See --dry-run for the price, and use --limit.")
    # A model on this machine answers one request at a time.
    limits = AskLimits(
        1 if teacher == "local" else in_flight,
        requests_per_minute,
        tokens_per_minute,
        budget=Budget(budget, price_in, price_out, max_tokens),
    )
    config = MauConfig(
        tuple(parse_source(written) for written in source),
        out, test_share, seed, limit, paper_counts, corrections, consent, limits,
    )  # fmt: skip
    settings = _settings(model, base_url) if teacher == "openai" else None
    config = replace(config, text_scan=_text_scan(scan_text, settings))
    if dry_run:
        _tell_outlook(config)
    elif preview:
        _tell_previews(config, settings, preview)
    else:
        _tell(_build(config, _teacher(teacher, model, device, settings, limits), settings if batch else None))


def _check(teacher: TeacherKind, model: str, base_url: str, batch: bool, counts_twice: bool) -> None:
    """Raises: ConfigError for options that contradict each other."""
    if counts_twice:
        raise ConfigError("--paper-counts and --limit both say how many.", "Leave one of them out.")
    if teacher == "template" and model:
        raise ConfigError("The template teacher has no model.", "Did you mean --teacher openai or --teacher local?")
    if teacher != "template" and not model:
        what = "the model's name on the server" if teacher == "openai" else "a model folder"
        raise ConfigError(f"--teacher {teacher} needs --model: {what}.", "umed build-mau --help has examples.")
    if teacher != "openai" and (base_url or batch):
        raise ConfigError("--base-url and --batch belong to --teacher openai.", "Leave them out.")


def _settings(model: str, base_url: str) -> ChatSettings:
    from umed_core.mau.teachers.chat_form import OPENAI_URL, ChatSettings

    return ChatSettings(model, base_url or OPENAI_URL)


def _text_scan(wanted: str, settings: ChatSettings | None) -> TextScan:
    from umed_core.mau.privacy.burned_in_text import OcrScan, no_scan
    from umed_core.mau.teachers.chat_form import is_loopback

    if wanted == "auto":
        wanted = "off" if settings is None or is_loopback(settings.base_url) else "blank"
    if wanted == "off":
        return no_scan
    need_extra("mau", "rapidocr_onnxruntime")
    return OcrScan("refuse" if wanted == "refuse" else "blank")


def _teacher(kind: TeacherKind, model: str, device: str, settings: ChatSettings | None, limits: AskLimits) -> Teacher:
    if settings is not None:
        from umed_core.mau.teachers.api_key import find_api_key
        from umed_core.mau.teachers.openai_compatible import OpenAITeacher

        need_extra("mau", "aiohttp")
        return OpenAITeacher(settings, find_api_key(), limits.timeout_s, limits.in_flight)
    if kind == "local":
        from umed_core.mau.teachers.local import LocalTeacher

        return LocalTeacher(Path(model), device)
    from umed_core.mau.teachers.template import TemplateTeacher

    return TemplateTeacher()


def _build(config: MauConfig, teacher: Teacher, batches: ChatSettings | None) -> BuildReport:
    from umed_core.mau.build import build_mau as build

    try:
        return build(config, teacher, _progress(), None if batches is None else _in_batches(config, batches))
    except KeyboardInterrupt:
        note("\nstopped; what was done is kept, and the same command goes on from there")
        raise typer.Exit(130) from None


def _in_batches(config: MauConfig, settings: ChatSettings) -> AskRound:
    """Orders each round as batches; the build's name on the server is a hash of where it lies."""
    from umed_core.mau.batch import BatchProgress, ask_in_batches
    from umed_core.mau.build import BuildProgress
    from umed_core.mau.teachers.api_key import find_api_key

    need_extra("mau", "openai")
    name = hashlib.sha256(str(config.out.resolve()).encode()).hexdigest()[:16]

    async def ask(requests: Any, keep: Any, total: int, paid: Any, progress: Any) -> Any:  # noqa: ARG001 - AskRound
        def shown(batch: BatchProgress) -> None:
            progress(BuildProgress("ask", batch.done, batch.total))

        outcome = ask_in_batches(
            settings, find_api_key(), name, requests, keep, config.work / "batches", progress=shown
        )
        return outcome.failures

    return ask


def _progress() -> Callable[[BuildProgress], None]:
    """One line on a terminal, rewritten in place; elsewhere a line each five seconds."""
    is_terminal = sys.stderr.isatty()
    started, shown_at, step = 0.0, 0.0, ""

    def show(now: BuildProgress) -> None:
        nonlocal started, shown_at, step
        clock = time.monotonic()
        if now.step != step:
            started, shown_at, step = clock, 0.0, now.step
        if clock - shown_at < (0.2 if is_terminal else 5.0):
            return
        shown_at = clock
        place = remaining(now.done, now.total, clock - started) if now.total else f"[{now.done}]"
        spent = f", ${now.asked.usd:.2f} so far" if now.asked and now.asked.usd else ""
        line = plain(f"{STEP_WORDS[now.step]} {place}{spent}")
        if is_terminal:
            sys.stderr.write(f"\r\x1b[K{line[:100]}")
            sys.stderr.flush()
        else:
            note(line)

    return show


def _tell_outlook(config: MauConfig) -> None:
    from umed_core.mau.rehearsal import outlook

    found = outlook(config)
    for dataset, cases in found.cases.items():
        say(f"{dataset}: {cases:,} cases")
    say(f"rows that cannot be used: {found.refused_rows:,}")
    say(str(found.estimate))


def _tell_previews(config: MauConfig, settings: ChatSettings | None, count: int) -> None:
    from umed_core.mau.rehearsal import previews

    if settings is None:
        say("Nothing would leave this machine: this teacher works here.")
    for text in previews(config, settings.identity if settings else "", count):
        say(text)


def _tell(report: BuildReport) -> None:
    sheet = report.sheet
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    for row in sheet.sets:
        say(
            f"{row.dataset}: {row.train:,} train, {row.test:,} test images, {row.train_groups + row.test_groups:,} groups"
        )
    for title, tallies in (("could not be used", sheet.refused), ("set aside", sheet.quarantined)):
        for tally in tallies:
            say(f"{title}: {tally.count:,} x {tally.what}")
    for shortfall in sheet.split.shortfalls:
        say(f"fewer than the paper: {shortfall}")
    say(
        f"dataset: {report.folder} ({sheet.train:,} train, {sheet.test:,} test); {report.folder / 'work'} says more of each"
    )
    say(RESEARCH_USE_ONLY)

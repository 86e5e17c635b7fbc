"""What a person asks of a build, and the commands of umed that do it. Free of Qt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from umed_core.errors import ConfigError
from umed_core.mau.teachers.chat_form import OPENAI_URL, is_loopback
from umed_desktop.words import translate

__all__ = ["BuildForm", "SourceRow", "TeacherKind", "build_arguments", "estimate_arguments", "preview_arguments"]

TeacherKind: TypeAlias = Literal["template", "openai", "local"]


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A folder of annotated images in a published layout; `name` "" leaves the choice to umed."""

    kind: str
    path: str
    name: str = ""

    @property
    def written(self) -> str:
        return f"{self.kind}{f':{self.name}' if self.name else ''}={self.path}"


@dataclass(frozen=True, slots=True)
class BuildForm:
    """The fields of the page; "" and 0 are umed's own choices. Prices are US dollars per million tokens."""

    sources: tuple[SourceRow, ...] = ()
    out: str = ""
    teacher: TeacherKind = "template"
    model: str = ""
    base_url: str = ""
    limit: int = 0
    seed: int = 0
    paper_counts: bool = False
    scan_text: str = "auto"
    max_tokens: int = 0
    price_in: float = 0.0
    price_out: float = 0.0
    budget: float = 0.0

    @property
    def leaves_machine(self) -> bool:
        """Whether pictures would go to another machine."""
        return self.teacher == "openai" and not is_loopback(self.base_url or OPENAI_URL)

    @property
    def server(self) -> str:
        return self.base_url or OPENAI_URL

    @property
    def work(self) -> Path:
        """The private part of the dataset's folder."""
        return Path(self.out) / "work"


def build_arguments(form: BuildForm, consent: bool) -> tuple[str, ...]:
    """`consent` is the person's word of this moment. Raises: ConfigError where something is missing."""
    return (*_common(form), *(("--consent",) if consent else ()), *_limits(form))


def estimate_arguments(form: BuildForm) -> tuple[str, ...]:
    """Raises: ConfigError where something is missing."""
    prices = (("--price-in", form.price_in), ("--price-out", form.price_out))
    return (*_common(form), *(part for name, price in prices if price for part in (name, f"{price:g}")), "--dry-run")


def preview_arguments(form: BuildForm, cases: int) -> tuple[str, ...]:
    """Raises: ConfigError where something is missing."""
    return (*_common(form), "--preview", str(cases))


def _common(form: BuildForm) -> tuple[str, ...]:
    if not form.sources:
        raise ConfigError(
            translate("BuildForm", "There is no source."), translate("BuildForm", "Add a folder of annotated images.")
        )
    if not form.out:
        raise ConfigError(
            translate("BuildForm", "The dataset has no folder."), translate("BuildForm", "Choose where it is written.")
        )
    if form.teacher != "template" and not form.model:
        server, here = (
            translate("BuildForm", "Give the model's name on the server."),
            translate("BuildForm", "Give a model folder."),
        )
        raise ConfigError(
            translate("BuildForm", "The teacher has no model."), server if form.teacher == "openai" else here
        )
    if form.paper_counts and form.limit:
        raise ConfigError(
            translate("BuildForm", "The paper's numbers and a limit both say how many."),
            translate("BuildForm", "Leave one of them out."),
        )
    parts = ["build-mau", *(part for source in form.sources for part in ("--source", source.written))]
    parts += ["--out", form.out, "--teacher", form.teacher, "--seed", str(form.seed), "--scan-text", form.scan_text]
    if form.teacher != "template":
        parts += ["--model", form.model]
    if form.teacher == "openai" and form.base_url:
        parts += ["--base-url", form.base_url]
    if form.limit:
        parts += ["--limit", str(form.limit)]
    if form.paper_counts:
        parts += ["--paper-counts"]
    return tuple(parts)


def _limits(form: BuildForm) -> tuple[str, ...]:
    if form.budget and not (form.price_in or form.price_out):
        raise ConfigError(
            translate("BuildForm", "A budget in dollars needs the teacher's prices."),
            translate("BuildForm", "Give both prices, or limit the tokens."),
        )
    wanted = (
        ("--max-tokens", form.max_tokens), ("--budget", form.budget), ("--price-in", form.price_in),
        ("--price-out", form.price_out),
    )  # fmt: skip
    return tuple(part for name, value in wanted if value for part in (name, f"{value:.12g}"))

"""`umed build-mau`: annotated images in, the paper's question-answer dataset out (Fig. 2), one step after the other.

Everything a step has done is kept in work/build.sqlite, so the same call goes on where a killed one stopped and ends in
the same bytes. Only clean pictures and the dataset's own names leave work/.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from umed_core import __version__
from umed_core.errors import ConsentNeeded, DataError
from umed_core.images.sandbox import close_decoders
from umed_core.mau.asking import AskFailure, AskLimits, AskProgress, ask_all
from umed_core.mau.build_store import BuildStore, NamedCase, Picture
from umed_core.mau.cases import Case
from umed_core.mau.collecting import RefusedBySource, Source, named_cases
from umed_core.mau.conversing import Ended, Talk, next_step
from umed_core.mau.dataset import write_dataset
from umed_core.mau.datasheet import Datasheet, SplitFigures, Tally, images_digest
from umed_core.mau.near_duplicates import HASH_NAME, MAX_DISTANCE, near_duplicate_clusters
from umed_core.mau.pictures import PictureShelf, clean_pictures, link_picture, remove_unlisted
from umed_core.mau.privacy.burned_in_text import TextScan, no_scan
from umed_core.mau.sampling import choose_paper_counts
from umed_core.mau.split import Side, SplitItem, assign_sides, group_digest, merged_group_count
from umed_core.mau.teacher import Teacher, TeacherReply, TeacherRequest, Tokens
from umed_core.prompts import TEACHER_PROMPTS_VERSION
from umed_core.records import MauRecord, write_jsonl

__all__ = ["AskRound", "BuildProgress", "BuildReport", "MauConfig", "build_mau", "open_requests", "prepare"]

Progress: TypeAlias = "Callable[[BuildProgress], None]"
Requests: TypeAlias = Callable[[], Iterator[TeacherRequest]]
Keep: TypeAlias = Callable[[TeacherRequest, TeacherReply], None]
Ends: TypeAlias = dict[str, tuple[str, ...]]
"""What is wrong with each talk that has ended, by its case's id; nothing, mostly."""

_IMAGE_SUFFIX = re.compile(r"\.(?:png|jpe?g|tiff?|bmp|gif|dcm|nii)\b", re.IGNORECASE)


class AskRound(Protocol):
    """Asks all requests that are open now, hands each reply to `keep` as it comes, and returns those that failed for good."""

    async def __call__(
        self, requests: Requests, keep: Keep, total: int, paid: Tokens, progress: Progress, /
    ) -> tuple[AskFailure, ...]: ...


@dataclass(frozen=True, slots=True)
class MauConfig:
    """What to build from what; `corrections` is how often a faulty answer may be mended."""

    sources: tuple[Source, ...]
    out: Path
    test_share: float = 0.2
    seed: int = 0
    limit: int = 0
    """At most so many cases of each source, a seeded sample; 0: all."""
    paper_counts: bool = False
    """Table 10's numbers of each public set."""
    corrections: int = 2
    consent: bool = False
    """The person agreed that clean pictures go to a remote teacher."""
    asking: AskLimits = field(default_factory=AskLimits)
    text_scan: TextScan = no_scan

    @property
    def work(self) -> Path:
        return self.out / "work"


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """How far a step is; `total` is 0 while it is not known. `asked` is set while the teacher answers."""

    step: Literal["collect", "clean", "ask", "write"]
    done: int
    total: int
    asked: AskProgress | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The side of each chosen case by its id, how they were drawn, and what the paper's counts lacked."""

    sides: Mapping[str, Side]
    figures: SplitFigures


@dataclass(frozen=True, slots=True)
class BuildReport:
    """The finished dataset's folder and datasheet; work/ lists every refused row and quarantined case by name."""

    folder: Path
    sheet: Datasheet


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A case whose talk with the teacher ended in faults, for a person to look at."""

    case_id: str
    key: str
    image: str
    faults: tuple[str, ...]


def build_mau(config: MauConfig, teacher: Teacher, progress: Progress, ask: AskRound | None = None) -> BuildReport:
    """Builds, or goes on building, the dataset in `config.out`; `ask` replaces asking call by call (batches).

    Raises: ConsentNeeded before anything is read or sent; BudgetSpent or TeacherError with all answers kept; what reading
    a source raises; DataError where nothing is left; StorageError.
    """
    require_consent(config, teacher)
    with BuildStore(config.work / "build.sqlite") as store:
        shelf, chosen, refused = prepare(config, store, progress)
        ends = converse(config, teacher, ask or call_by_call(teacher, config.asking), store, shelf, chosen, progress)
        return write(config, teacher, store, shelf, chosen, refused, ends, progress)


def prepare(config: MauConfig, store: BuildStore, progress: Progress) -> tuple[PictureShelf, Chosen, Counter[str]]:
    """All that comes before the teacher: cases collected, pictures cleaned, sides chosen; refused rows by reason."""
    shelf = PictureShelf(config.work / "pictures", config.text_scan)
    refused = collect(config, store, shelf, progress)
    total = store.count("cases")
    clean_pictures(store, shelf, lambda done: progress(BuildProgress("clean", done, total)))
    close_decoders()  # 150 MB of idle children, where all that follows decodes nothing
    return shelf, choose(config, store), refused


def require_consent(config: MauConfig, teacher: Teacher) -> None:
    if teacher.is_remote and not config.consent:
        raise ConsentNeeded(
            f"The teacher {teacher.identity} would get every cleaned picture, and nobody has agreed to that.",
            "Look with --preview 3 at what would be sent; then add --consent if you may share these pictures.",
        )


def collect(config: MauConfig, store: BuildStore, shelf: PictureShelf, progress: Progress) -> Counter[str]:
    """Reads all sources anew; what cannot be used is listed in work/refused.jsonl. Returns reasons with their counts."""
    reasons: Counter[str] = Counter()
    refused: list[RefusedBySource] = []

    def refuse(row: RefusedBySource) -> None:
        reasons[kind_of_reason(row.reason)] += 1
        refused.append(row)

    def shown() -> Iterator[tuple[NamedCase, str]]:
        for done, named in enumerate(named_cases(config.sources, refuse)):
            progress(BuildProgress("collect", done, 0))
            yield named, shelf.fingerprint(named)

    store.replace_cases(shown())
    write_jsonl(config.work / "refused.jsonl", refused)
    return reasons


def choose(config: MauConfig, store: BuildStore) -> Chosen:
    """Which cases enter the dataset, and on which side: no patient, group or near-duplicate on both.

    Raises: DataError where no case is left; ConfigError for a source of which the paper has no count.
    """
    facts, hashes = [], []
    for named, picture in with_pictures(store):
        if not picture.refused:
            # By the source's own group, whose hash splits box sets too: what was tuned on those is scored fairly here.
            facts.append((named.dataset, main_label(named.case), named.case.group, named.case_id))
            hashes.append(picture.perceptual_hash)
    if not facts:
        raise DataError("No case of the sources can be used.", f"{config.work / 'refused.jsonl'} says why.")
    clusters = near_duplicate_clusters(hashes, MAX_DISTANCE)
    items = [
        SplitItem(dataset, label, group, int(cluster), name)
        for (dataset, label, group, name), cluster in zip(facts, clusters, strict=True)
    ]
    if config.limit:
        items = limited(items, config.limit, config.seed)
    shortfalls: tuple[str, ...] = ()
    if config.paper_counts:
        draw = choose_paper_counts(items, config.seed)
        sides = {item.name: side for item, side in zip(items, draw.sides, strict=True) if side is not None}
        shortfalls = tuple(map(str, draw.shortfalls))
    else:
        assigned = assign_sides(items, config.test_share, config.seed)
        sides = {item.name: side for item, side in zip(items, assigned, strict=True)}
    kept = [item for item in items if item.name in sides]
    largest = max(Counter(item.cluster for item in kept).values())
    figures = SplitFigures(
        config.seed, config.test_share, HASH_NAME, MAX_DISTANCE, merged_group_count(kept), largest,
        config.paper_counts, shortfalls,
    )  # fmt: skip
    return Chosen(sides, figures)


def converse(
    config: MauConfig, teacher: Teacher, ask: AskRound, store: BuildStore, shelf: PictureShelf, chosen: Chosen,
    progress: Progress,
) -> Ends:  # fmt: skip
    """Asks until every talk has ended, and says how: without faults, with some, or for want of an answer.

    Each round asks what is open in every talk: all diagnoses, then all reflections, then corrections.
    """
    ends: Ends = {}

    def requests() -> Iterator[TeacherRequest]:
        return open_requests(talks(config, teacher, store, shelf, chosen), store, ends)

    async def until_all_ended() -> None:
        try:
            while total := sum(1 for _ in requests()):
                failures = await ask(requests, store.keep_answer, total, store.paid(), progress)
                ends.update((f.case_id, (f"The teacher did not answer: {f.reason}",)) for f in failures)
        finally:
            await teacher.close()

    asyncio.run(until_all_ended())
    return ends


def call_by_call(teacher: Teacher, limits: AskLimits) -> AskRound:
    """The ordinary way to ask: each request is a call of its own, several at a time."""

    async def ask(
        requests: Requests, keep: Keep, total: int, paid: Tokens, progress: Progress
    ) -> tuple[AskFailure, ...]:
        def shown(asked: AskProgress) -> None:
            progress(BuildProgress("ask", asked.done, asked.total, asked))

        return (await ask_all(teacher, requests(), keep, limits, shown, total, paid)).failures

    return ask


def open_requests(of_talks: Iterable[Talk], store: BuildStore, ends: Ends) -> Iterator[TeacherRequest]:
    """The next request of every talk that goes on; one that has ended is added to `ends` and not looked at again.

    Two cases that ask the very same thing ask once.
    """
    asked: set[bytes] = set()
    for talk in of_talks:
        if talk.named.case_id in ends:
            continue
        step = next_step(talk, store.answer)
        if isinstance(step, Ended):
            ends[talk.named.case_id] = step.faults
            continue
        mark = bytes.fromhex(step.key)
        if mark not in asked:
            asked.add(mark)
            yield step


def talks(
    config: MauConfig, teacher: Teacher, store: BuildStore, shelf: PictureShelf, chosen: Chosen
) -> Iterator[Talk]:
    """The talk about each chosen case, in the order of the sources."""
    for named, picture in with_pictures(store):
        if named.case_id in chosen.sides:
            yield Talk(named, picture, shelf.path(picture), teacher.identity, config.corrections)


def with_pictures(store: BuildStore) -> Iterator[tuple[NamedCase, Picture]]:
    """Every case once its picture was cleaned, or refused."""
    return ((named, picture) for named, _, picture in store.cases() if picture is not None)


def write(
    config: MauConfig, teacher: Teacher, store: BuildStore, shelf: PictureShelf, chosen: Chosen, refused: Counter[str],
    ends: Ends, progress: Progress,
) -> BuildReport:  # fmt: skip
    """The folder, from what every talk ended in; faulty ones are listed in work/quarantine.jsonl."""
    refused_cases = [
        RefusedBySource(named.dataset, 0, named.case.key, picture.refused)
        for named, picture in with_pictures(store)
        if picture.refused
    ]
    quarantine: list[Quarantined] = []
    removed: Counter[str] = Counter()
    digests: list[str] = []
    sides: dict[str, Side] = {}
    for done, talk in enumerate(talks(config, teacher, store, shelf, chosen)):
        progress(BuildProgress("write", done, len(chosen.sides)))
        if faults := ends[talk.named.case_id]:
            quarantine.append(Quarantined(talk.named.case_id, talk.named.case.key, str(talk.named.case.image), faults))
            continue
        image = link_picture(config.out, talk)
        sides[image] = chosen.sides[talk.named.case_id]
        digests.append(talk.picture.sha256)
        removed.update(talk.picture.removed)
        removed["text painted over"] += len(talk.picture.blanked)
    if not sides:
        raise DataError(
            f"All {len(quarantine)} conversations were faulty.", f"{config.work / 'quarantine.jsonl'} says why."
        )
    write_jsonl(config.work / "refused_pictures.jsonl", refused_cases)
    write_jsonl(config.work / "quarantine.jsonl", quarantine)
    remove_unlisted(config.out / "images", sides)
    sheet = Datasheet(
        umed_version=__version__,
        teacher=public_identity(teacher),
        template_written=teacher.identity.startswith("template"),
        prompts={"diagnosis, reflection and correction": TEACHER_PROMPTS_VERSION},
        split=chosen.figures,
        images_sha256=images_digest(digests),
        removed=tallied(+removed),
        quarantined=tallied(Counter(kind_of_reason(case.faults[0]) for case in quarantine)),
        privacy_notes=privacy_notes(config),
        refused=tallied(refused + Counter(kind_of_reason(case.reason) for case in refused_cases)),
    )

    def records(side: Side) -> Iterator[MauRecord]:
        for talk in talks(config, teacher, store, shelf, chosen):
            if sides.get(talk.image_name) == side:
                yield record_of(talk, store, teacher)

    return BuildReport(config.out, write_dataset(config.out, records("train"), records("test"), sheet))


def record_of(talk: Talk, store: BuildStore, teacher: Teacher) -> MauRecord:
    """The dataset's line of a talk that ended well."""
    ended = next_step(talk, store.answer)
    assert isinstance(ended, Ended)
    case = talk.named.case
    provenance = {
        **published_provenance(case),
        "teacher": public_identity(teacher),
        "prompts": TEACHER_PROMPTS_VERSION,
        "corrections": str(ended.corrections),
        "image_sha256": talk.picture.sha256,
    }
    return MauRecord(
        talk.image_name, talk.named.dataset, talk.named.group, case.findings, ended.turns, case.modality, provenance
    )


def limited(items: list[SplitItem], limit: int, seed: int) -> list[SplitItem]:
    """At most `limit` items of each dataset, drawn by a keyed hash of their names; the order stays."""
    drawn: Counter[str] = Counter()
    names: set[str] = set()
    for item in sorted(items, key=lambda item: group_digest(item.name, seed)):
        drawn[item.dataset] += 1
        if drawn[item.dataset] <= limit:
            names.add(item.name)
    return [item for item in items if item.name in names]


def privacy_notes(config: MauConfig) -> tuple[str, ...]:
    """What was done so that a picture tells of nobody, and what was not."""
    scanned = {
        "skip": "Text burned into pictures was not looked for, save where a DICOM file states that there is some.",
        "blank": "Text that was found burned into a picture was painted over.",
        "refuse": "Pictures in which burned-in text was found were left out.",
    }
    return (
        "Pictures carry no header, EXIF or comment; files, patients and groups have numbers in place of names.",
        scanned[config.text_scan.policy],
    )


def published_provenance(case: Case) -> dict[str, str]:
    """What the source says of where an image is from, less the file names that some sources write into it."""
    cleaned = {key: _without_file_names(value, case.image.stem) for key, value in case.provenance.items()}
    return {key: value for key, value in cleaned.items() if value}


def _without_file_names(words: str, stem: str) -> str:
    # Most values name no file: to compile a pattern for each case would cost more than to write its record.
    if words.isascii() and stem.isascii() and stem.lower() not in words.lower() and not _IMAGE_SUFFIX.search(words):
        return " ".join(words.split())
    names = re.compile(rf"\S*(?:{re.escape(stem)}|{_IMAGE_SUFFIX.pattern})\S*", re.IGNORECASE)
    return " ".join(names.sub(" ", words).split())


def public_identity(teacher: Teacher) -> str:
    """The teacher as the dataset names it: a server's address is nobody's business, unless everybody knows it."""
    return re.sub(r" server=(?!api\.openai\.com)\S+", "", teacher.identity)


def main_label(case: Case) -> str:
    """The class by which a case is stratified: its largest finding's, "" for an image without abnormality."""
    return max(case.findings, key=lambda finding: finding.box.area).label if case.findings else ""


def kind_of_reason(reason: str) -> str:
    """A reason less what is particular to one case, for counting: boxes, numbers and quotations become an ellipsis."""
    return re.sub(r"\[bbox_start\].*?\[bbox_end\]|'[^']*'|\"[^\"]*\"|-?\d[\d.,]*", "\N{HORIZONTAL ELLIPSIS}", reason)


def tallied(counts: Mapping[str, int]) -> tuple[Tally, ...]:
    """Most frequent first."""
    return tuple(Tally(what, count) for what, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

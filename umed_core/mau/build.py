"""`umed build-mau`: annotated images in, the paper's question-answer dataset out (Fig. 2), one step after the other.

Everything a step has done is kept in work/build.sqlite, so the same call goes on where a killed one stopped and ends in
the same bytes. Only clean pictures and the dataset's own names leave work/.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, TypeVar

from umed_core import __version__
from umed_core.errors import ConsentNeeded, DataError
from umed_core.images.sandbox import close_decoders
from umed_core.mau.asking import AskFailure, AskLimits, AskProgress, ask_all
from umed_core.mau.build_store import BuildStore, NamedCase, Picture
from umed_core.mau.cases import Case
from umed_core.mau.collecting import RefusedBySource, Source, named_cases
from umed_core.mau.conversing import Ended, Talk, next_step
from umed_core.mau.dataset import write_dataset
from umed_core.mau.datasheet import Datasheet, SplitFigures, images_digest
from umed_core.mau.near_duplicates import HASH_NAME, MAX_DISTANCE, near_duplicate_clusters
from umed_core.mau.pictures import PictureShelf, clean_pictures, link_picture, remove_unfinished, remove_unlisted
from umed_core.mau.privacy.burned_in_text import TextScan, no_scan
from umed_core.mau.publishing import (
    kind_of_reason,
    privacy_notes,
    public_identity,
    published_provenance,
    tallied,
)
from umed_core.mau.sampling import choose_paper_counts, limited
from umed_core.mau.split import Side, SplitItem, assign_sides, merged_group_count
from umed_core.mau.teacher import Teacher, TeacherReply, TeacherRequest, Tokens
from umed_core.prompts import TEACHER_PROMPTS_VERSION
from umed_core.records import MauRecord, write_jsonl

__all__ = ["AskRound", "BuildProgress", "BuildReport", "MauConfig", "build_mau", "open_requests", "prepare"]

T = TypeVar("T")
Progress: TypeAlias = "Callable[[BuildProgress], None]"
Step: TypeAlias = Literal["collect", "clean", "choose", "compare", "count", "ask", "place", "write"]
Requests: TypeAlias = Callable[[], Iterator[TeacherRequest]]
Keep: TypeAlias = Callable[[TeacherRequest, TeacherReply], None]
Ends: TypeAlias = dict[str, tuple[str, ...]]
"""What is wrong with each talk that has ended, by its case's id; nothing, mostly."""


class AskRound(Protocol):
    """Asks all requests that are open now, hands each reply to `keep` as it comes, and returns those that failed for good."""

    def __call__(
        self, requests: Requests, keep: Keep, total: int, paid: Tokens, progress: Progress, /
    ) -> Coroutine[None, None, tuple[AskFailure, ...]]: ...


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
    """How far a step is; `total` is 0 while it is not known. `asked` is set while the teacher answers.

    A caller that raises stops the build there; the next one goes on.
    """

    step: Step
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


@dataclass(frozen=True, slots=True)
class Placed:
    """What the dataset will show: each picture's side by its name, digests, what cleaning removed; and the faulty talks."""

    sides: dict[str, Side] = field(default_factory=dict)
    digests: list[str] = field(default_factory=list)
    removed: Counter[str] = field(default_factory=Counter)
    quarantine: list[Quarantined] = field(default_factory=list)


def build_mau(config: MauConfig, teacher: Teacher, progress: Progress, ask: AskRound | None = None) -> BuildReport:
    """Builds, or goes on building, the dataset in `config.out`; `ask` replaces asking call by call (batches).

    Raises: ConsentNeeded before anything is read or sent; BudgetSpent or TeacherError with all answers kept; what reading
    a source raises; DataError where nothing is left; StorageError.
    """
    require_consent(config, teacher)
    with BuildStore(config.work / "build.sqlite") as store:  # from here on no other build can write in this folder
        remove_unfinished(config.work)
        shelf, chosen, refused = prepare(config, store, progress)
        ends = converse(config, teacher, ask or call_by_call(teacher, config.asking), store, shelf, chosen, progress)
        placed = place_pictures(config, talks(config, teacher, store, shelf, chosen), chosen, ends, progress)
        return write(config, teacher, store, shelf, chosen, refused, placed, progress)


def prepare(config: MauConfig, store: BuildStore, progress: Progress) -> tuple[PictureShelf, Chosen, Counter[str]]:
    """All that comes before the teacher: cases collected, pictures cleaned, sides chosen; refused rows by reason."""
    shelf = PictureShelf(config.work / "pictures", config.text_scan)
    refused = collect(config, store, shelf, progress)
    close_decoders()  # those of headers have other limits, and would take the places of those that clean
    total = store.count("cases")
    clean_pictures(store, shelf, lambda done: progress(BuildProgress("clean", done, total)))
    close_decoders()  # 150 MB of idle children, where all that follows decodes nothing
    return shelf, choose(config, store, progress), refused


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
        for named in told("collect", named_cases(config.sources, refuse), 0, progress):
            yield named, shelf.fingerprint(named)

    store.replace_cases(shown())
    write_jsonl(config.work / "refused.jsonl", refused)
    return reasons


def told(step: Step, items: Iterable[T], total: int, progress: Progress) -> Iterator[T]:
    """The items, each after it was told how far they are."""
    for done, item in enumerate(items):
        progress(BuildProgress(step, done, total))
        yield item


def choose(config: MauConfig, store: BuildStore, progress: Progress) -> Chosen:
    """Which cases enter the dataset, and on which side: no patient, group or near-duplicate on both.

    Raises: DataError where no case is left; ConfigError for a source of which the paper has no count.
    """
    facts, hashes = [], []
    for named, picture in told("choose", with_pictures(store), store.count("cases"), progress):
        if not picture.refused:
            # By the source's own group, whose hash splits box sets too: what was tuned on those is scored fairly here.
            facts.append((named.dataset, main_label(named.case), named.case.group, named.case_id))
            hashes.append(picture.perceptual_hash)
    if not facts:
        raise DataError("No case of the sources can be used.", f"{config.work / 'refused.jsonl'} says why.")
    clusters = near_duplicate_clusters(
        hashes, MAX_DISTANCE, lambda done, total: progress(BuildProgress("compare", done, total))
    )
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

    def all_talks() -> Iterator[Talk]:
        return talks(config, teacher, store, shelf, chosen)

    def requests() -> Iterator[TeacherRequest]:
        return open_requests(all_talks(), store, ends)

    def count_open() -> int:
        looked_at = told("count", all_talks(), len(chosen.sides), progress)
        return sum(1 for _ in open_requests(looked_at, store, ends))

    # Counting stands outside the event loop, which would hold Ctrl-C back until the last talk was looked at.
    with asyncio.Runner() as runner:
        try:
            while total := count_open():
                failures = runner.run(ask(requests, store.keep_answer, total, store.paid(), progress))
                ends.update((f.case_id, (f"The teacher did not answer: {f.reason!r}",)) for f in failures)
        finally:
            runner.run(teacher.close())
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


def place_pictures(
    config: MauConfig, of_talks: Iterable[Talk], chosen: Chosen, ends: Ends, progress: Progress
) -> Placed:
    """Puts the picture of every talk that ended well into images/, and removes those of an earlier build.

    The others are listed in work/quarantine.jsonl. Raises: DataError where none ended well; StorageError.
    """
    placed = Placed()
    for talk in told("place", of_talks, len(chosen.sides), progress):
        if faults := ends[talk.named.case_id]:
            case = talk.named.case
            placed.quarantine.append(Quarantined(talk.named.case_id, case.key, str(case.image), faults))
            continue
        placed.sides[link_picture(config.out, talk)] = chosen.sides[talk.named.case_id]
        placed.digests.append(talk.picture.sha256)
        placed.removed.update(talk.picture.removed)
        placed.removed["text painted over"] += len(talk.picture.blanked)
    write_jsonl(config.work / "quarantine.jsonl", placed.quarantine)
    if not placed.sides:
        raise DataError(
            f"All {len(placed.quarantine)} conversations were faulty.", f"{config.work / 'quarantine.jsonl'} says why."
        )
    remove_unlisted(config.out / "images", placed.sides)
    return placed


def write(
    config: MauConfig, teacher: Teacher, store: BuildStore, shelf: PictureShelf, chosen: Chosen, refused: Counter[str],
    placed: Placed, progress: Progress,
) -> BuildReport:  # fmt: skip
    """The records of the talks that ended well, and the datasheet; work/refused_pictures.jsonl names what fell out before."""
    refused_cases = [
        RefusedBySource(named.dataset, 0, named.case.key, picture.refused)
        for named, picture in with_pictures(store)
        if picture.refused
    ]
    write_jsonl(config.work / "refused_pictures.jsonl", refused_cases)
    sheet = Datasheet(
        umed_version=__version__,
        teacher=public_identity(teacher),
        template_written=teacher.identity.startswith("template"),
        prompts={"diagnosis, reflection and correction": TEACHER_PROMPTS_VERSION},
        split=chosen.figures,
        images_sha256=images_digest(placed.digests),
        removed=tallied(+placed.removed),
        quarantined=tallied(Counter(kind_of_reason(case.faults[0]) for case in placed.quarantine)),
        privacy_notes=privacy_notes(config.text_scan.policy),
        refused=tallied(refused + Counter(kind_of_reason(case.reason) for case in refused_cases)),
    )

    def records(side: Side, before: int) -> Iterator[MauRecord]:
        of_talks = talks(config, teacher, store, shelf, chosen)
        of_side = (talk for talk in of_talks if placed.sides.get(talk.image_name) == side)
        for done, talk in enumerate(of_side, before):
            progress(BuildProgress("write", done, len(placed.sides)))
            yield record_of(talk, store, teacher)

    in_train = sum(side == "train" for side in placed.sides.values())
    return BuildReport(config.out, write_dataset(config.out, records("train", 0), records("test", in_train), sheet))


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


def main_label(case: Case) -> str:
    """The class by which a case is stratified: its largest finding's, "" for an image without abnormality."""
    return max(case.findings, key=lambda finding: finding.box.area).label if case.findings else ""

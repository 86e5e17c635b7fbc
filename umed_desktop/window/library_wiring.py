"""Connects the library to the window: what is opened is noted, folders are indexed, studies found and opened, series drawn.

Nothing of it is done on the window's thread, and none of it is loaded before it is needed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace as changed
from PySide6.QtCore import QObject, Signal

from umed_core.errors import Cancelled, UmedError
from umed_desktop.background import BackgroundDoor, Job
from umed_desktop.session.opening import Listing
from umed_desktop.session.session import Change, series_key

if TYPE_CHECKING:
    from umed_core.images.volume import Study
    from umed_core.library.files import Thumbnail
    from umed_core.library.index import FoundSeries, Page, StudyIndex
    from umed_core.library.indexing import Indexed
    from umed_core.library.search import StudyQuery
    from umed_core.library.shelf import Shelf
    from umed_desktop.studies.study_browser import StudyBrowser
    from umed_desktop.window.main_window import MainWindow

__all__ = ["LibraryWiring"]

T = TypeVar("T")

_LOOK_AGAIN_S = 2.0
"""While a folder is indexed, the browser shows what came so often."""


class LibraryWiring(QObject):
    """`path` is the library's file; None remembers nothing, and there is no browser."""

    _drawn = Signal(object)
    """New thumbnails by path, from the thread that drew them, also where it was told to stop."""
    _put_aside = Signal(str, str)
    """What happened to an unusable library, and the hint."""

    def __init__(self, window: MainWindow, path: Path | None) -> None:
        super().__init__(window)
        self._window, self._path = window, path
        self._shelf: Shelf | None = None
        self._making_shelf = Lock()
        self._is_closed = False
        self._browser: StudyBrowser | None = None
        self._searching, self._noting = BackgroundDoor(self, threads=1), BackgroundDoor(self, threads=1)
        self._indexing, self._drawing = BackgroundDoor(self, threads=1), BackgroundDoor(self, threads=1)
        self._search: Job | None = None
        self._adding: list[Job] = []
        self._panel_pictures: Job | None = None
        self._strip_pictures: Job | None = None
        self._drawn.connect(self._keep_pictures)
        self._put_aside.connect(window.parts.notice.show_word)
        window.parts.series.pictures_wanted.connect(self._draw_for_panel)
        window.session.subscribe(self._changed)

    def close(self) -> None:
        """Ends what runs and waits for it; what still comes in by then is left."""
        self._is_closed = True
        for door in (self._indexing, self._drawing, self._searching, self._noting):
            door.cancel_all()
        for door in (self._indexing, self._drawing, self._searching, self._noting):
            door.close()
        if self._shelf is not None:
            self._shelf.close()

    # ------------------------------------------------------------------------------------------------------- opening
    def note(self, listing: Listing) -> None:
        """What a person opened by hand is known from then on, where studies are remembered."""
        if listing.headers and self._remembers():
            self._run(self._noting, partial(self._note, listing), lambda _: self._look_again(), self._say_quietly)

    def open_study(self, study: int, first: str) -> None:
        """A known study as it lies on disk now; `first` is the first file of the series to be shown, "" for any."""
        browser = self._browser
        assert browser is not None

        def work(_job: Job) -> tuple[Study, Path]:
            from umed_core.library.files import holder_of
            from umed_core.library.indexing import refresh_study

            found = self._use(lambda index: refresh_study(index, study)[0])
            return found, holder_of(found)

        def done(opened: tuple[Study, Path]) -> None:
            browser.close()
            found, holder = opened
            self._window.open_listing(Listing((found,), paths=(holder,)))
            place = self._window.session.index_of(first)
            if place >= 0 and place != self._window.session.current:
                self._window.choose_series(place)

        self._run(self._searching, work, done, browser.show_error)

    def _note(self, listing: Listing, _job: Job) -> None:
        from umed_core.library.indexing import note_opened

        self._use(lambda index: note_opened(index, listing.paths, listing.headers))

    def _say_quietly(self, problem: UmedError) -> None:
        """What was opened is open, whether or not it could be noted."""
        self._window.parts.notice.show_word(problem.message, problem.hint)

    def _remembers(self) -> bool:
        return self._path is not None and self._window.settings.remember_studies

    # ------------------------------------------------------------------------------------------------------ browsing
    def open_browser(self) -> None:
        if self._path is None:
            self._window.parts.notice.show_word(self.tr("Nothing is remembered in this window."))
            return
        if self._browser is None:
            self._browser = self._made_browser(self._path)
        if self._browser.isVisible():
            self._browser.raise_()
            self._browser.activateWindow()
        self._browser.show()
        self._browser.search.setFocus()
        self._look_again()

    def _made_browser(self, path: Path) -> StudyBrowser:
        from umed_desktop.studies.study_browser import StudyBrowser

        settings = self._window.settings
        made = StudyBrowser(path, settings.remember_studies, settings.last_folder, self._window)
        made.asked.connect(self._find)
        made.more_asked.connect(self._find_more)
        made.study_chosen.connect(self._list_series)
        made.opened.connect(self.open_study)
        made.folder_added.connect(self.index_folder)
        made.refresh_asked.connect(lambda root: self.index_folder(Path(root)))
        made.study_forgotten.connect(lambda study: self._forget(lambda index: index.forget_study(study)))
        made.root_forgotten.connect(lambda root: self._forget(lambda index: index.forget_root(root)))
        made.all_forgotten.connect(lambda: self._forget(lambda index: index.forget_everything()))
        made.remembering_changed.connect(self._remember)
        made.cancelled.connect(self._stop_indexing)
        made.strip.pictures_wanted.connect(self._draw_for_strip)
        made.closed.connect(lambda: _cancel(self._strip_pictures))
        return made

    def _look_again(self) -> None:
        if self._browser is not None and self._browser.isVisible():
            self._browser.ask_again()

    def _find(self, query: StudyQuery) -> None:
        browser = self._browser
        assert browser is not None
        if not self._has_library():
            browser.show_nothing_remembered()
            return

        def done(found: tuple[Page, Sequence[str]]) -> None:
            browser.show_modalities(found[1])
            browser.show_page(found[0])

        _cancel(self._search)
        work = partial(self._look_up, lambda index: (index.search(query), index.modalities()))
        self._search = self._run(self._searching, work, done, browser.show_error)

    def _find_more(self, query: StudyQuery, skip: int) -> None:
        browser = self._browser
        assert browser is not None
        work = partial(self._look_up, lambda index: index.search(query, skip=skip))
        self._run(self._searching, work, lambda page: browser.show_page(page, skip), browser.show_error)

    def _list_series(self, study: int) -> None:
        browser = self._browser
        assert browser is not None
        _cancel(self._strip_pictures)
        work: Callable[[Job], tuple[FoundSeries, ...]] = partial(self._look_up, lambda index: index.series(study))
        self._run(self._searching, work, partial(browser.show_series, study), browser.show_error)

    def _remember(self, remembers: bool) -> None:
        self._window.settings = changed(self._window.settings, remember_studies=remembers)
        self._window.saving.save()  # now: a window that is killed would remember again
        if not remembers:
            self._stop_indexing()
            self._noting.cancel_all()

    def remember(self, remembers: bool) -> None:
        """As the browser's own switch, for the settings."""
        if self._browser is not None:
            self._browser.remember.setChecked(remembers)
        self._remember(remembers)

    def forget_everything(self, done: Callable[[], None]) -> None:
        """As the browser's own button, for the settings; `done` is called when no study is known any more."""

        def forgotten(_: None) -> None:
            self._look_again()
            done()

        self._drop(lambda index: index.forget_everything(), forgotten, self._window.show_error)

    def _forget(self, deed: Callable[[StudyIndex], None]) -> None:
        assert self._browser is not None
        if self._has_library():
            self._drop(deed, lambda _: self._look_again(), self._browser.show_error)

    def _drop(
        self, deed: Callable[[StudyIndex], None], done: Callable[[None], None], failed: Callable[[UmedError], None]
    ) -> None:
        """What is being added ends first: it would come back."""
        ending = self._stop_indexing()

        def work(job: Job) -> None:
            wait(ending)
            self._look_up(deed, job)

        self._run(self._noting, work, done, failed)

    def _has_library(self) -> bool:
        """Whether there may be something to look up: with the switch off, no file is made for it."""
        return self._remembers() or (self._path is not None and self._path.exists())

    def _look_up(self, deed: Callable[[StudyIndex], T], job: Job) -> T:
        if job.cancelled.is_set():
            raise Cancelled("Another search came.")
        return self._use(deed)

    # ------------------------------------------------------------------------------------------------------ indexing
    def index_folder(self, folder: Path) -> None:
        """In the background, one at a time; a later one waits."""
        browser = self._browser
        assert browser is not None
        if not self._remembers():
            return
        name = folder.name or str(folder)
        began = time.monotonic()
        shown = 0.0

        def tell(done: int, total: int) -> None:
            from umed_desktop.studies.typed_date import seconds_left

            nonlocal shown
            left = seconds_left(done, total, time.monotonic() - began)
            browser.show_progress(name, done, total, self._time_left(left))
            if time.monotonic() - shown > _LOOK_AGAIN_S:
                shown = time.monotonic()
                self._look_again()

        def work(job: Job) -> Indexed:
            from umed_core.library.indexing import index_folder

            def report(done: int, total: int) -> None:
                self._indexing.say(job, partial(tell, done, total))

            return self._use(lambda index: index_folder(index, folder, report, job.cancelled.is_set))

        def failed(problem: UmedError) -> None:
            browser.show_idle("")
            browser.show_error(problem)
            if not browser.isVisible():
                self._window.show_error(problem)

        browser.show_busy(self.tr("Looking through {folder}…").format(folder=name))
        job = self._run(self._indexing, work, partial(self._indexed, name), failed)
        self._adding = [each for each in (*self._adding, job) if each is not None and not _has_ended(each)]

    def _indexed(self, name: str, result: Indexed) -> None:
        assert self._browser is not None
        from umed_desktop.words import grouped

        words = self.tr("{folder}: {read} files read, {known} unchanged, {gone} gone; {refused} hold no image.").format(
            folder=name,
            read=grouped(result.read),
            known=grouped(result.known),
            gone=grouped(result.gone),
            refused=grouped(result.refused),
        )
        self._browser.show_idle(words)
        self._look_again()
        if not self._browser.isVisible():
            self._window.parts.notice.show_word(words)

    def _stop_indexing(self) -> list[Future[Any]]:
        """Returns what is yet to end."""
        if any(job.is_running for job in self._adding):
            self._indexing.cancel_all()
            if self._browser is not None:
                self._browser.show_idle(self.tr("Indexing was stopped. What was read is kept."))
            self._look_again()
        return [job.future for job in self._adding if job.future is not None]

    def _time_left(self, seconds: float | None) -> str:
        if seconds is None:
            return ""
        if seconds < 90:
            return self.tr("about {seconds} s left").format(seconds=max(1, round(seconds)))
        return self.tr("about {minutes} min left").format(minutes=round(seconds / 60))

    # ------------------------------------------------------------------------------------------------------- drawing
    def _changed(self, change: Change) -> None:
        if change is Change.LISTING:
            _cancel(self._panel_pictures)

    def _draw_for_panel(self, rows: Sequence[int]) -> None:
        """Of series in sight. A file that is on screen, or about to be, is not decoded once more for it."""
        from umed_core.library.files import middle_of

        session, panel = self._window.session, self._window.parts.series
        listed = [(row, session.series[row]) for row in rows if row < len(session.series)]
        wanted = {
            middle_of(series): row
            for row, series in listed
            if len(series.files) > 1 or series_key(series) != session.key
        }
        places = {str(path): row for (path, _), row in wanted.items()}
        _cancel(self._panel_pictures)
        if wanted:
            self._panel_pictures = self._draw(list(wanted), lambda path, png: panel.show_picture(places[path], png))

    def _draw_for_strip(self, wanted: Sequence[tuple[str, int]]) -> None:
        assert self._browser is not None
        _cancel(self._strip_pictures)
        files = [(Path(path), frame) for path, frame in wanted]
        self._strip_pictures = self._draw(files, self._browser.strip.show_picture)

    def _draw(self, wanted: Sequence[tuple[Path, int]], show: Callable[[str, bytes], None]) -> Job | None:
        keeps = self._remembers()

        def work(job: Job) -> None:
            from umed_core.library.thumbnails import draw_thumbnails

            def shown(path: Path, png: bytes) -> None:
                self._drawing.say(job, partial(show, str(path), png))

            kept = self._use(lambda index: index.thumbnails([str(path) for path, _ in wanted])) if keeps else {}
            self._drawn.emit(draw_thumbnails(wanted, kept, shown, job.cancelled.is_set))

        return self._run(self._drawing, work, lambda _: None, lambda _: None)

    def _keep_pictures(self, made: Mapping[str, Thumbnail]) -> None:
        """After their files have been noted, which waits before it: of an unknown file no picture is kept."""
        if made and self._remembers():
            work: Callable[[Job], None] = partial(self._look_up, lambda index: index.keep_thumbnails(made))
            self._run(self._noting, work, lambda _: None, self._say_quietly)

    # ------------------------------------------------------------------------------------------------------ the index
    def _run(
        self,
        door: BackgroundDoor,
        work: Callable[[Job], T],
        done: Callable[[T], None],
        failed: Callable[[UmedError], None],
    ) -> Job | None:
        return None if self._is_closed else door.run("", work, done, failed)

    def _use(self, deed: Callable[[StudyIndex], T]) -> T:
        """Called on a thread of ours."""
        from umed_core.library.shelf import Shelf

        assert self._path is not None
        with self._making_shelf:
            if self._shelf is None:
                self._shelf = Shelf(self._path, self._put_aside.emit)
        return self._shelf.use(deed)


def _has_ended(job: Job) -> bool:
    return job.future is not None and job.future.done()


def _cancel(job: Job | None) -> None:
    if job is not None:
        job.cancel()

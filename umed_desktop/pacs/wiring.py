"""Connects the dialogs about archives to the PACS room, in the background, and opens what was fetched."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from msgspec.structs import replace as changed
from PySide6.QtCore import QCoreApplication

from umed_core.errors import UmedError
from umed_core.pacs.nodes import Node, NodeBook, WebNode, load_nodes, save_nodes
from umed_core.pacs.query import StudyQuery
from umed_desktop.background import Job
from umed_desktop.pacs.import_dialog import ImportDialog
from umed_desktop.pacs.nodes_dialog import NodesDialog
from umed_desktop.pacs.send_dialog import SendDialog
from umed_desktop.translation import research_use_only

if TYPE_CHECKING:
    from umed_core.pacs.inbox import Received
    from umed_core.pacs.parcels import Manifest
    from umed_core.pacs.sending import Sent
    from umed_desktop.settings_dialog.settings_dialog import SettingsDialog
    from umed_desktop.window.main_window import MainWindow

__all__ = ["ArchivesWiring"]

T = TypeVar("T")


class _Talking(Protocol):
    """Either dialog."""

    def show_error(self, problem: UmedError) -> None: ...


class ArchivesWiring:
    """Of one dialog: what runs for it ends with it."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._file = window.nodes_file
        self._book = NodeBook()
        self._job: Job | None = None
        self._manifest: Manifest | None = None

    # ------------------------------------------------------------------------------------------------------ the dialogs
    def open_import(self) -> ImportDialog | None:
        """None where the nodes cannot be read; the window says why."""
        if not self._read_nodes():
            return None
        dialog = ImportDialog(self._names(), self._folder(), self._window)
        dialog.searched.connect(partial(self._search, dialog))
        dialog.opened.connect(partial(self._list_series, dialog))
        dialog.wanted.connect(partial(self._get, dialog))
        dialog.cancelled.connect(self._cancel)
        dialog.nodes_wanted.connect(lambda: self.open_nodes(dialog))
        dialog.open()
        return dialog

    def open_send(self) -> SendDialog | None:
        """As `open_import`."""
        if not self._read_nodes():
            return None
        dialog = SendDialog(self._names(), self._window.settings.export_folder, self._window)
        dialog.changed.connect(partial(self._look_through, dialog))
        dialog.agreed.connect(partial(self._send, dialog))
        dialog.cancelled.connect(self._cancel)
        dialog.nodes_wanted.connect(lambda: self.open_nodes(dialog))
        dialog.open()
        return dialog

    def open_book(self, over: SettingsDialog) -> NodesDialog | None:
        """The nodes alone; None where they cannot be read, and the window says why."""
        return self.open_nodes(over) if self._read_nodes() else None

    def open_nodes(self, over: ImportDialog | SendDialog | SettingsDialog) -> NodesDialog:
        dialog = NodesDialog(self._book, over)
        dialog.saved.connect(partial(self._save_node, dialog, over))
        dialog.removed.connect(partial(self._remove_node, dialog, over))
        dialog.tested.connect(partial(self._test, dialog))
        dialog.secret_given.connect(partial(self._keep_secret, dialog))
        dialog.rejected.connect(self._cancel)
        dialog.open()
        return dialog

    # ------------------------------------------------------------------------------------------------------------- nodes
    def _read_nodes(self) -> bool:
        try:
            if self._file is not None:
                self._book = load_nodes(self._file)
        except UmedError as problem:
            self._window.show_error(problem)
            return False
        return True

    def _names(self) -> list[str]:
        return [node.name for node in self._book.nodes]

    def _save_node(self, dialog: NodesDialog, over: ImportDialog | SendDialog | SettingsDialog, node: Node) -> None:
        try:
            self._store(self._book.having(node))
        except UmedError as problem:
            dialog.show_error(problem)
            return
        dialog.show_book(self._book, node.name)
        dialog.show_word(
            QCoreApplication.translate("Archives", "{name} is written down. Nothing has connected to it yet.").format(
                name=node.name
            )
        )
        over.show_nodes(self._names())

    def _remove_node(self, dialog: NodesDialog, over: ImportDialog | SendDialog | SettingsDialog, name: str) -> None:
        try:
            self._store(self._book.without(name))
        except UmedError as problem:
            dialog.show_error(problem)
            return
        dialog.show_book(self._book)
        over.show_nodes(self._names())

    def _store(self, book: NodeBook) -> None:
        if self._file is not None:
            save_nodes(self._file, book)
        self._book = book

    def _keep_secret(self, dialog: NodesDialog, node: WebNode, value: str) -> None:
        from umed_core.pacs.secret import Secret, keep_secret

        secret = Secret(value)

        def work(_: Job) -> None:
            keep_secret(node, secret)

        self._run(
            QCoreApplication.translate("Archives", "Keeping the password"),
            work,
            lambda _: dialog.show_word(QCoreApplication.translate("Archives", "Kept in the system's keyring.")),
            dialog,
        )

    def _test(self, dialog: NodesDialog, node: Node) -> None:
        from umed_core.pacs.nodes import check_node

        try:
            check_node(node)
        except UmedError as problem:
            dialog.show_error(problem)
            return

        def work(job: Job) -> None:
            from umed_core.pacs.transfer import echo

            echo(node, cancelled=job.cancelled.is_set)

        dialog.show_word(QCoreApplication.translate("Archives", "Asking {address}…").format(address=node.address))
        self._run(
            QCoreApplication.translate("Archives", "Asking an archive"),
            work,
            lambda _: dialog.show_word(
                QCoreApplication.translate("Archives", "{name} answers.").format(name=node.name)
            ),
            dialog,
        )

    # ---------------------------------------------------------------------------------------------------------- fetching
    def _search(self, dialog: ImportDialog, name: str, query: StudyQuery) -> None:
        node = self._book.find(name)

        def work(job: Job) -> Any:
            from umed_core.pacs.transfer import find_studies

            return find_studies(node, query, cancelled=job.cancelled.is_set)

        dialog.show_busy(QCoreApplication.translate("Archives", "Searching {name}…").format(name=name))
        self._run(
            QCoreApplication.translate("Archives", "Searching"),
            work,
            lambda rows: dialog.show_studies(rows, query.limit),
            dialog,
        )

    def _list_series(self, dialog: ImportDialog, name: str, study_uid: str) -> None:
        node = self._book.find(name)

        def work(job: Job) -> Any:
            from umed_core.pacs.transfer import find_series

            return find_series(node, study_uid, cancelled=job.cancelled.is_set)

        dialog.show_busy(QCoreApplication.translate("Archives", "Listing its series…"))
        self._run(
            QCoreApplication.translate("Archives", "Listing series"),
            work,
            lambda rows: dialog.show_series(study_uid, rows),
            dialog,
        )

    def _get(self, dialog: ImportDialog, name: str, study_uid: str, series_uid: str, folder: Path) -> None:
        node = self._book.find(name)
        target = folder / f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        self._window.settings = changed(self._window.settings, received_folder=str(folder))

        def work(job: Job) -> Received:
            from umed_core.pacs.transfer import retrieve

            def report(done: int, total: int) -> None:
                self._window.door.say(job, partial(dialog.show_progress, done, total))

            return retrieve(node, study_uid, target, series_uid, report, cancelled=job.cancelled.is_set)

        dialog.show_busy(QCoreApplication.translate("Archives", "Asking {name} for the study…").format(name=name))
        self._run(
            QCoreApplication.translate("Archives", "Receiving"), work, partial(self._received, dialog, name), dialog
        )

    def _received(self, dialog: ImportDialog, name: str, got: Received) -> None:
        if not got.files:
            dialog.show_idle(
                QCoreApplication.translate("Archives", "{name} sent no file. {summary}.").format(
                    name=name, summary=got.summary
                )
            )
            return
        dialog.accept()
        self._window.open_paths([got.folder])
        if got.problem is not None:
            self._window.show_error(got.problem)
        elif not got.is_complete:
            self._window.parts.notice.show_word(f"{name}: {got.summary}.", research_use_only())

    def _folder(self) -> Path:
        """Where received studies are kept: the last choice, else beside the settings."""
        chosen = self._window.settings.received_folder
        if chosen:
            return Path(chosen)
        base = self._file.parent if self._file is not None else Path(tempfile.gettempdir()) / "umed"
        return base / "received"

    # ----------------------------------------------------------------------------------------------------------- sending
    def _look_through(self, dialog: SendDialog, name: str, paths: tuple[Path, ...], deidentify: bool) -> None:
        node = self._book.find(name)
        self._manifest = None

        def work(_: Job) -> tuple[Manifest, str]:
            from umed_core.pacs.parcels import consent_line, look_through

            manifest = look_through(paths)
            return manifest, consent_line(node, manifest, deidentify)

        def done(found: tuple[Manifest, str]) -> None:
            self._manifest, line = found
            dialog.show_consent(line, [why for _, why in self._manifest.refused])

        self._run(QCoreApplication.translate("Archives", "Looking through files"), work, done, dialog)

    def _send(self, dialog: SendDialog, name: str, deidentify: bool) -> None:
        node, manifest = self._book.find(name), self._manifest
        if manifest is None:
            return

        def work(job: Job) -> Sent:
            from umed_core.pacs.transfer import send

            def report(done: int, total: int) -> None:
                self._window.door.say(job, partial(dialog.show_progress, done, total))

            return send(node, manifest, deidentify, report, cancelled=job.cancelled.is_set)

        def done(sent: Sent) -> None:
            why = f" {sent.problem.message} {sent.problem.hint}" if sent.problem is not None else ""
            dialog.show_idle(f"{name}: {sent.summary}.{why}")

        dialog.show_busy(QCoreApplication.translate("Archives", "Connecting to {name}…").format(name=name))
        self._run(QCoreApplication.translate("Archives", "Sending"), work, done, dialog)

    # --------------------------------------------------------------------------------------------------------------- jobs
    def _run(self, title: str, work: Callable[[Job], T], done: Callable[[T], None], dialog: _Talking) -> None:
        """One at a time: a new one ends the last."""
        self._cancel()
        self._job = self._window.door.run(title, work, done, dialog.show_error)

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None

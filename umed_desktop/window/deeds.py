"""What each action of the table does to the window."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace as changed
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from umed_core.errors import UmedError
from umed_desktop.actions import PAGES, PRESETS
from umed_desktop.window.viewer_deeds import viewer_deeds_of

if TYPE_CHECKING:
    from umed_desktop.window.main_window import MainWindow

__all__ = ["deeds_of"]


def deeds_of(window: MainWindow) -> dict[str, Callable[[], None]]:
    """A deed for every action, by the action's name."""
    # The painter is made after the actions that it reads: it is looked up when a deed is done.
    session = window.session
    presets = {f"preset_{number + 1}": partial(window.show_preset, number) for number in range(len(PRESETS))}
    return {
        "open_files": partial(_open_files, window),
        "open_folder": partial(_open_folder, window),
        "study_browser": lambda: window.library.open_browser(),
        "archive_import": partial(_import_from_archive, window),
        "export": partial(_export, window),
        "archive_send": partial(_send_to_archive, window),
        "show_refused": lambda: window.opening.show_refused(),
        "cancel_work": window.door.cancel_all,
        "quit": partial(_close, window),
        "undo": lambda: window.viewer.undoing.undo(),
        "redo": lambda: window.viewer.undoing.redo(),
        "accept_box": lambda: window.answers.judge_chosen("accepted"),
        "reject_box": lambda: window.answers.judge_chosen("rejected"),
        "edit_class": lambda: window.answers.edit_class(),
        "draw_box": lambda: window.answers.draw_box(window.actions_by_name["draw_box"].isChecked()),
        "delete_finding": lambda: window.answers.delete_chosen(),
        "new_conversation": session.new_conversation,
        "attach_image": lambda: window.attaching.attach(),
        "next_series": lambda: window.choose_series(session.current + 1),
        "previous_series": lambda: window.choose_series(session.current - 1),
        **viewer_deeds_of(window),
        "reset": window.reset_view,
        "own_window": partial(session.show_window, None),
        **presets,
        "show_boxes": lambda: window.painter.show_boxes(),
        "show_attention": lambda: window.painter.show_attention(),
        "focus_question": partial(_focus_question, window),
        "stop": lambda: window.comparing.stop() if window.comparing.is_open else window.stop(),
        "choose_model": window.choose_model,
        "built_in_model": partial(window.use_model, ""),
        "restart_model": window.start_model,
        "about_model": lambda: window.model.show(),
        "unload_model": lambda: window.model.unload(),
        "compare_model": lambda: window.comparing.choose(),
        "close_comparison": lambda: window.comparing.close(),
        **{f"page_{title.lower()}": partial(window.show_page, title.lower()) for title in PAGES},
        "show_series": partial(_toggle, window, "show_series", window.parts.series),
        "show_findings": partial(_toggle, window, "show_findings", window.parts.findings),
        "show_measurements": partial(_toggle, window, "show_measurements", window.parts.measurements),
        "show_chat": partial(_toggle, window, "show_chat", window.parts.chat),
        "light_theme": partial(_change_theme, window),
        "full_screen": lambda: window.showNormal() if window.isFullScreen() else window.showFullScreen(),
        "shortcuts": partial(_show_shortcuts, window),
        "settings": partial(_open_settings, window),
        "logs": partial(_show_logs, window),
        "about": partial(_show_about, window),
    }


def _open_files(window: MainWindow) -> None:
    names, _ = QFileDialog.getOpenFileNames(
        window, QCoreApplication.translate("Deeds", "Open images"), window.settings.last_folder
    )
    if names:
        window.open_paths([Path(name) for name in names])


def _open_folder(window: MainWindow) -> None:
    name = QFileDialog.getExistingDirectory(
        window, QCoreApplication.translate("Deeds", "Open a folder of images"), window.settings.last_folder
    )
    if name:
        window.open_paths([Path(name)])


def _export(window: MainWindow) -> None:
    from umed_desktop.window.exports_wiring import open_export_dialog

    open_export_dialog(window)


def _import_from_archive(window: MainWindow) -> None:
    from umed_desktop.pacs.wiring import ArchivesWiring

    ArchivesWiring(window).open_import()


def _send_to_archive(window: MainWindow) -> None:
    from umed_desktop.pacs.wiring import ArchivesWiring

    ArchivesWiring(window).open_send()


def _focus_question(window: MainWindow) -> None:
    if window.comparing.is_open:
        window.comparing.focus_question()
    else:
        window.parts.chat.composer.field.setFocus()


def _toggle(window: MainWindow, name: str, part: QWidget) -> None:
    part.setVisible(window.actions_by_name[name].isChecked())


def _change_theme(window: MainWindow) -> None:
    is_light = window.actions_by_name["light_theme"].isChecked()
    window.settings = changed(window.settings, theme="light" if is_light else "dark")
    window.set_theme()


def _close(window: MainWindow) -> None:
    window.close()


def _show_shortcuts(window: MainWindow) -> None:
    from umed_desktop.dialogs import shortcuts_dialog

    shortcuts_dialog(window).show()


def _show_about(window: MainWindow) -> None:
    from umed_desktop.help.about_dialog import AboutDialog

    AboutDialog(window.parts.model_chip.text(), window).show()


def _show_logs(window: MainWindow) -> None:
    from umed_desktop.help.logs_dialog import LogsDialog
    from umed_desktop.help.window_log import last_lines

    try:
        lines = last_lines(window.log.path) if window.log.path is not None else ""
    except UmedError as problem:
        window.show_error(problem)
        return
    LogsDialog(window.log.path, lines, window).show()


def _open_settings(window: MainWindow) -> None:
    from umed_desktop.window.settings_wiring import SettingsWiring

    SettingsWiring(window).open()

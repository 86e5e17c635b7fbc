"""Every action once: the table feeds the menus, the tool bar, the shortcuts and the list of shortcuts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenuBar, QWidget

from umed_desktop.theme import Palette, icon

__all__ = [
    "ACTIONS",
    "PAGES",
    "PRESETS",
    "READING_MENUS",
    "ActionSpec",
    "action_word",
    "fill_menus",
    "keys_said",
    "make_actions",
    "paint_icons",
]


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """`group` parts a menu by lines; `only_image` keys work while the image has the focus, and are a list's elsewhere."""

    name: str
    text: str
    menu: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    checkable: bool = False
    group: int = 0
    only_image: bool = False


PRESETS = ("Soft tissue", "Lung", "Bone", "Brain", "Mediastinum", "Liver", "Kidney", "Angiography")
"""The names of umed_core.images.windowing.CT_PRESETS, which would load numpy before the window is shown."""

PAGES = ("Read", "Review", "Data", "Train", "Evaluate")

READING_MENUS = ("&Edit", "&Image", "&Layout", "&Window", "&Tools", "&Model")
"""What works on the reading page alone: single letters are a reviewer's keys on another."""

ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("open_files", "&Open files…", "&File", ("Ctrl+O",), "file-plus", "Open images of any kind"),
    ActionSpec("open_folder", "Open &folder…", "&File", ("Ctrl+Shift+O",), "folder-open", "Open a folder of images"),
    ActionSpec("study_browser", "Study &browser…", "&File", ("Ctrl+B",), "library", "All studies that are known"),
    ActionSpec("archive_import", "&Import from an archive (PACS)…", "&File", ("Ctrl+I",)),
    ActionSpec("show_refused", "Files &not opened…", "&File", ("Ctrl+Shift+N",), tip="Files not opened, with reasons"),
    ActionSpec("export", "&Export…", "&File", ("Ctrl+S",), "share", "Export findings and answers", group=1),
    ActionSpec("archive_send", "Send to an archive (&PACS)…", "&File", ("Ctrl+Shift+S",), group=1),
    ActionSpec("cancel_work", "&Cancel what runs", "&File", ("Ctrl+.",), "ban", "Cancel reading", group=1),
    ActionSpec("quit", "&Quit", "&File", ("Ctrl+Q",), group=2),
    ActionSpec("undo", "&Undo", "&Edit", ("Ctrl+Z",), "undo-2", "Undo"),
    ActionSpec("redo", "&Redo", "&Edit", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo-2", "Redo"),
    ActionSpec("accept_box", "&Accept box", "&Edit", ("Ctrl+Return",), "check", "Accept the selected box", group=1),
    ActionSpec("draw_box", "&Draw a box", "&Edit", ("D",), "square-dashed", "Draw a finding", checkable=True, group=1),
    ActionSpec("edit_class", "Change &class", "&Edit", ("Ctrl+E",), "tag", "Class of the selected finding", group=1),
    ActionSpec("delete_finding", "De&lete finding", "&Edit", ("Ctrl+Del",), "trash-2", "Delete the finding", group=1),
    ActionSpec("reject_box", "Re&ject box", "&Edit", ("Ctrl+Backspace",), "x", "Reject the selected box", group=1),
    ActionSpec("settings", "Se&ttings…", "&Edit", ("Ctrl+,",), group=2),
    ActionSpec("next_slice", "&Next slice", "&Image", ("Down", "PgDown"), only_image=True),
    ActionSpec("previous_slice", "&Previous slice", "&Image", ("Up", "PgUp"), only_image=True),
    ActionSpec("next_series", "Next &series", "&Image", ("Ctrl+PgDown",)),
    ActionSpec("previous_series", "Previous s&eries", "&Image", ("Ctrl+PgUp",)),
    ActionSpec("fit", "&Fit to window", "&Image", ("F",), "maximize", "Fit to window", group=1),
    ActionSpec("actual_size", "&Actual size", "&Image", ("Ctrl+0",), "scan", "One image pixel a screen pixel", group=1),
    ActionSpec("zoom_in", "Zoom &in", "&Image", ("Ctrl++", "Ctrl+="), group=1),
    ActionSpec("zoom_out", "Zoom &out", "&Image", ("Ctrl+-",), group=1),
    ActionSpec("turn", "&Turn right", "&Image", ("T",), "rotate-cw", "Turn by 90°", group=2),
    ActionSpec("mirror", "&Mirror", "&Image", ("M",), "flip-vertical-2", "Mirror left and right", group=2),
    ActionSpec("invert", "In&vert", "&Image", ("I",), "contrast", "Invert grey levels", checkable=True, group=2),
    ActionSpec("reset", "&Reset view", "&Image", ("R",), "refresh-cw", "Window, zoom and turn as opened", group=3),
    ActionSpec(
        "play", "&Play or pause", "&Image", ("Space",), "play", "The slices as a film", group=4, only_image=True
    ),
    ActionSpec("faster", "Faster", "&Image", ("]",), group=4),
    ActionSpec("slower", "Slower", "&Image", ("[",), group=4),
    ActionSpec("loop", "Loop", "&Image", ("O",), checkable=True, group=4),
    ActionSpec("layout_1", "&One viewport", "&Layout", ("Alt+1",), "square", "One viewport", checkable=True),
    ActionSpec("layout_1x2", "&Two viewports", "&Layout", ("Alt+2",), "columns-2", "Two side by side", checkable=True),
    ActionSpec("layout_2x2", "&Four viewports", "&Layout", ("Alt+4",), "grid-2x2", "Two by two", checkable=True),
    ActionSpec("next_viewport", "&Next viewport", "&Layout", ("F6",), group=1),
    ActionSpec(
        "link_scroll",
        "Link &slices",
        "&Layout",
        ("K",),
        "link",
        "Viewports turn slices together",
        checkable=True,
        group=2,
    ),
    ActionSpec("link_window", "Link &window and level", "&Layout", ("Shift+K",), "blend", checkable=True, group=2),
    ActionSpec("own_window", "As the file &says", "&Window", ("0",)),
    *(
        ActionSpec(f"preset_{number}", name, "&Window", (str(number),), group=1)
        for number, name in enumerate(PRESETS, 1)
    ),
    ActionSpec("tool_window", "&Window and level", "&Tools", ("W",), "mouse-pointer-2", checkable=True),
    ActionSpec("tool_length", "&Length", "&Tools", ("L",), "ruler", "Measure a length", checkable=True),
    ActionSpec("tool_angle", "An&gle", "&Tools", ("G",), "angle", "Measure an angle", checkable=True),
    ActionSpec("tool_ellipse", "&Ellipse", "&Tools", ("E",), "circle-dashed", "Values in an ellipse", checkable=True),
    ActionSpec(
        "tool_rectangle", "&Rectangle", "&Tools", ("Q",), "square-dashed", "Values in a rectangle", checkable=True
    ),
    ActionSpec("tool_probe", "&Probe", "&Tools", ("P",), "crosshair", "The value of a pixel", checkable=True),
    ActionSpec("remove_measurement", "&Delete measurement", "&Tools", ("Del",), "trash-2", group=1),
    ActionSpec("remove_measurements_here", "Delete all on this &slice", "&Tools", ("Shift+Del",), group=1),
    ActionSpec("show_boxes", "Show &boxes", "&Model", ("B",), "scan-search", "Boxes on the image", checkable=True),
    ActionSpec("show_attention", "Show &attention", "&Model", ("A",), "eye", "Attention of the word", checkable=True),
    ActionSpec("focus_question", "As&k", "&Model", ("Ctrl+K", "/"), group=1),
    ActionSpec(
        "attach_image",
        "A&dd this image to the question",
        "&Model",
        ("Ctrl+Shift+A",),
        "paperclip",
        "Ask about this image together with others",
        group=1,
    ),
    ActionSpec("new_conversation", "&New conversation", "&Model", ("Ctrl+N",), group=1),
    ActionSpec("stop", "&Stop", "&Model", ("Esc",), "circle-stop", "Stop the answer", group=1),
    ActionSpec("about_model", "Abou&t this model…", "&Model", ("Ctrl+Shift+I",), "info", "About this model", group=2),
    ActionSpec("choose_model", "&Choose model…", "&Model", ("Ctrl+M",), group=2),
    ActionSpec("built_in_model", "Use the &built-in model", "&Model", (), group=2),
    ActionSpec("unload_model", "&Unload model", "&Model", (), tip="Frees the model's memory", group=2),
    ActionSpec("restart_model", "&Restart model", "&Model", ("Ctrl+Shift+R",), group=2),
    ActionSpec("compare_model", "Co&mpare with another model…", "&Model", ("Ctrl+Shift+M",), group=3),
    ActionSpec("close_comparison", "C&lose comparison", "&Model", ("Ctrl+Shift+W",), group=3),
    *(
        ActionSpec(f"page_{title.lower()}", f"{title} page", "&View", (f"Ctrl+{number}",), checkable=True, group=2)
        for number, title in enumerate(PAGES, 1)
    ),
    ActionSpec("show_series", "&Studies", "&View", ("F2",), checkable=True),
    ActionSpec("show_findings", "&Findings", "&View", ("F3",), checkable=True),
    ActionSpec("show_measurements", "&Measurements", "&View", ("F7",), checkable=True),
    ActionSpec("show_chat", "&Conversation", "&View", ("F4",), checkable=True),
    ActionSpec(
        "light_theme", "&Light theme", "&View", ("Ctrl+Shift+L",), "sun", "Light theme", checkable=True, group=1
    ),
    ActionSpec("full_screen", "&Full screen", "&View", ("F11",), checkable=True, group=1),
    ActionSpec("shortcuts", "&Keyboard and mouse", "&Help", ("F1",)),
    ActionSpec("logs", "&Log…", "&Help", ()),
    ActionSpec("about", "&About umed", "&Help", ()),
)


def make_actions(window: QMainWindow, image: QWidget, deeds: Mapping[str, Callable[[], None]]) -> dict[str, QAction]:
    """The table's actions by name, each calling its deed; `image` is where `only_image` keys work.

    Raises: KeyError for an action without a deed.
    """
    made: dict[str, QAction] = {}
    for spec in ACTIONS:
        action = QAction(action_word(spec.text), window)
        action.setShortcuts([QKeySequence(keys) for keys in spec.keys])
        action.setCheckable(spec.checkable)
        plain = action_word(spec.tip) if spec.tip else action_word(spec.text).replace("&", "").rstrip("…")
        action.setToolTip(f"{plain}  ({keys_said(spec.keys[:1])})" if spec.keys else plain)
        action.triggered.connect(_without_arguments(deeds[spec.name]))
        if spec.only_image:
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        (image if spec.only_image else window).addAction(action)
        made[spec.name] = action
    return made


def action_word(text: str) -> str:
    """A word of the table in the window's language; `make translations` reads them from the table itself."""
    return QCoreApplication.translate("Actions", text)


def keys_said(keys: Sequence[str]) -> str:
    """Keys as the person's keyboard names them: Ctrl is Strg in German."""
    return QKeySequence.listToString([QKeySequence(key) for key in keys], QKeySequence.SequenceFormat.NativeText)


def fill_menus(bar: QMenuBar, actions: Mapping[str, QAction]) -> None:
    """The menus in the order in which the table names them."""
    for title in dict.fromkeys(spec.menu for spec in ACTIONS):
        menu = bar.addMenu(action_word(title))
        specs = [spec for spec in ACTIONS if spec.menu == title]
        for before, spec in zip([specs[0], *specs], specs, strict=False):
            if before.group != spec.group:
                menu.addSeparator()
            menu.addAction(actions[spec.name])


def paint_icons(actions: Mapping[str, QAction], palette: Palette) -> None:
    """The icons in the palette's colours."""
    for spec in ACTIONS:
        if spec.icon:
            actions[spec.name].setIcon(icon(spec.icon, palette.text, palette.accent if spec.checkable else ""))


def _without_arguments(deed: Callable[[], None]) -> Callable[[bool], None]:
    def on_trigger(checked: bool = False) -> None:  # noqa: ARG001 - what Qt says of a checkable action
        deed()

    return on_trigger

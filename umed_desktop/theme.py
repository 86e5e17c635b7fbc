"""The look: two palettes, one accent, an 8 px grid, no text under 11 px, and the icons drawn in the palette's colours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QWidget

__all__ = [
    "BOX_COLORS",
    "DARK",
    "GRID_PX",
    "LIGHT",
    "Palette",
    "ThemeName",
    "apply_theme",
    "icon",
    "inset",
    "palette_of",
    "styled",
]

AnyWidget = TypeVar("AnyWidget", bound=QWidget)
AnySpinBox = TypeVar("AnySpinBox", bound=QAbstractSpinBox)
ThemeName: TypeAlias = Literal["dark", "light"]

GRID_PX = 8

_WORN = "umed_theme"
"""The application's property that names its theme."""

BOX_COLORS = ("#ffc43d", "#49c6e5", "#f07178", "#94d378")
"""The colours of umed_core.drawing, so that a saved picture and the window agree."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by role. The image area is black in both themes: an image is judged against black."""

    window: str
    panel: str
    raised: str
    hover: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    warning: str
    warning_back: str
    danger: str
    danger_back: str
    good: str


DARK = Palette(
    window="#0d1014", panel="#13171d", raised="#1b2129", hover="#252d37", line="#272f3a", text="#e6eaf0",
    muted="#94a0b0", accent="#5aa9f8", on_accent="#07131f", warning="#e8c377", warning_back="#221c10",
    danger="#ff9a94", danger_back="#2c1719", good="#7fcf8e",
)  # fmt: skip
LIGHT = Palette(
    window="#e9edf1", panel="#f7f9fb", raised="#ffffff", hover="#e3eaf1", line="#ced6df", text="#1a222c",
    muted="#536171", accent="#1767b8", on_accent="#ffffff", warning="#6b4a00", warning_back="#fbf0d4",
    danger="#a3211b", danger_back="#fbe3e1", good="#1f7a3a",
)  # fmt: skip


def palette_of(name: ThemeName) -> Palette:
    return DARK if name == "dark" else LIGHT


def apply_theme(app: QApplication, name: ThemeName) -> Palette:
    """Gives the whole application the palette and the style sheet of `name`, where it does not wear them already: Qt
    would look at every widget anew."""
    p = palette_of(name)
    if app.property(_WORN) == name:
        return p
    app.setProperty(_WORN, name)
    app.setStyle("Fusion")
    font = app.font()
    font.setPixelSize(13)
    app.setFont(font)
    app.setPalette(_qt_palette(p))
    for kind, outline in (("QCheckBox", p.muted), ("QRadioButton", p.muted)):
        app.setPalette(_outlined(_qt_palette(p), outline), kind)  # type: ignore[arg-type] # PySide6's hints say bytes, it wants str
    app.setStyleSheet(_style_sheet(p))
    return p


def styled(widget: AnyWidget, name: str) -> AnyWidget:
    """The widget, under a name that the style sheet knows."""
    widget.setObjectName(name)
    return widget


def inset(field: AnySpinBox) -> AnySpinBox:
    """The field, its figures as far from its edge as other fields' words: no padding of a style sheet moves them."""
    field.lineEdit().setTextMargins(6, 0, 0, 0)
    return field


def icon(name: str, color: str, on_color: str = "") -> QIcon:
    """An icon of assets/umed_assets/icons in `color`, and in `on_color` where it is checked; faded where disabled."""
    app = QGuiApplication.instance()
    # The sharpest screen's: each drawing costs the window's start a millisecond or more.
    ratio = app.devicePixelRatio() if isinstance(app, QGuiApplication) else 1.0
    drawn = QIcon(_drawn(name, color, ratio))
    drawn.addPixmap(_faded(_drawn(name, color, ratio)), QIcon.Mode.Disabled)
    if on_color:
        drawn.addPixmap(_drawn(name, on_color, ratio), QIcon.Mode.Normal, QIcon.State.On)
    return drawn


@lru_cache(maxsize=256)
def _drawn(name: str, color: str, ratio: float) -> QPixmap:
    from PySide6.QtSvg import QSvgRenderer

    source = (files("umed_assets") / "icons" / f"{name}.svg").read_text("utf-8").replace("currentColor", color)
    side = round(18 * ratio)
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(source.encode())).render(painter, QRectF(0, 0, side, side))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def _faded(pixmap: QPixmap) -> QPixmap:
    faint = QPixmap(pixmap.size())
    faint.setDevicePixelRatio(pixmap.devicePixelRatio())
    faint.fill(Qt.GlobalColor.transparent)
    painter = QPainter(faint)
    painter.setOpacity(0.35)
    painter.drawPixmap(0, 0, pixmap)
    painter.end()
    return faint


def _qt_palette(p: Palette) -> QPalette:
    roles = {
        QPalette.ColorRole.Window: p.window,
        QPalette.ColorRole.WindowText: p.text,
        QPalette.ColorRole.Base: p.panel,
        QPalette.ColorRole.AlternateBase: p.raised,
        QPalette.ColorRole.Text: p.text,
        QPalette.ColorRole.Button: p.raised,
        QPalette.ColorRole.ButtonText: p.text,
        QPalette.ColorRole.ToolTipBase: p.raised,
        QPalette.ColorRole.ToolTipText: p.text,
        QPalette.ColorRole.Highlight: p.accent,
        QPalette.ColorRole.HighlightedText: p.on_accent,
        QPalette.ColorRole.PlaceholderText: p.muted,
        QPalette.ColorRole.Link: p.accent,
        QPalette.ColorRole.Light: p.hover,
        QPalette.ColorRole.Mid: p.line,
        QPalette.ColorRole.Dark: p.line,
        QPalette.ColorRole.Shadow: p.window,
    }
    palette = QPalette()
    for role, color in roles.items():
        palette.setColor(role, QColor(color))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(p.muted).darker(150 if p is DARK else 80))
    return palette


def _outlined(palette: QPalette, color: str) -> QPalette:
    """For what Fusion outlines in the window's colour by 1.4 darker: on a dark window that is black, and not to be seen."""
    palette.setColor(QPalette.ColorRole.Window, QColor(color).lighter(140))
    return palette


def _style_sheet(p: Palette) -> str:
    # An image of a style sheet has the one colour of its file, a grey that is seen on either theme.
    up, down = (Path(str(files("umed_assets") / "icons" / f"chevron-{way}.svg")).as_posix() for way in ("up", "down"))
    return f"""
    QMainWindow, QDialog {{ background: {p.window}; }}
    QWidget {{ font-size: 13px; }}
    QToolTip {{ background: {p.raised}; color: {p.text}; border: 1px solid {p.line}; padding: 4px 8px; }}

    #researchStrip {{ background: {p.warning_back}; color: {p.warning}; font-weight: 600; padding: 4px 16px; }}
    QMenuBar {{ background: {p.panel}; padding: 2px 8px; }}
    QMenuBar::item {{ padding: 4px 8px; border-radius: 4px; background: transparent; }}
    QMenuBar::item:selected {{ background: {p.hover}; }}
    QMenu {{ background: {p.raised}; border: 1px solid {p.line}; padding: 4px; }}
    QMenu::item {{ padding: 6px 32px 6px 24px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {p.accent}; color: {p.on_accent}; }}
    QMenu::item:disabled {{ color: {p.muted}; background: transparent; }}
    QMenu::separator {{ height: 1px; background: {p.line}; margin: 4px 8px; }}

    QToolBar {{ background: {p.panel}; border: 0; border-bottom: 1px solid {p.line}; padding: 4px 8px; spacing: 4px; }}
    QToolBar::separator {{ width: 1px; background: {p.line}; margin: 4px 8px; }}
    QToolButton {{ border: 1px solid transparent; border-radius: 6px; padding: 5px 7px; color: {p.text}; }}
    QToolButton:hover {{ background: {p.hover}; }}
    QToolButton:pressed {{ background: {p.line}; }}
    QToolButton:checked {{ background: {p.hover}; border-color: {p.line}; color: {p.accent}; }}
    QToolButton:focus {{ border-color: {p.accent}; }}
    QToolButton::menu-indicator {{ image: none; width: 0; }}

    QPushButton {{ background: {p.raised}; border: 1px solid {p.line}; border-radius: 6px; padding: 6px 12px; }}
    QPushButton:hover {{ background: {p.hover}; }}
    QPushButton:focus {{ border-color: {p.accent}; }}
    QPushButton:disabled {{ color: {p.muted}; background: {p.panel}; }}
    QPushButton#primary {{ background: {p.accent}; color: {p.on_accent}; border-color: {p.accent}; font-weight: 600; }}
    QPushButton#primary:hover {{ border-color: {p.text}; }}
    QPushButton#primary:disabled {{ background: {p.hover}; color: {p.muted}; border-color: {p.line}; }}
    QPushButton#chip {{ border-radius: 11px; padding: 3px 12px; font-size: 12px; color: {p.muted}; text-align: left; }}
    QPushButton#chip:hover {{ color: {p.text}; border-color: {p.accent}; }}
    #imageChip {{ background: {p.raised}; border: 1px solid {p.line}; border-radius: 8px; }}
    #imageChip QToolButton {{ padding: 2px 4px; font-size: 12px; }}
    #imageLink {{ padding: 1px 8px; font-size: 12px; color: {p.accent}; background: {p.raised}; border-radius: 6px; }}
    QPushButton#modelChip {{ border-radius: 11px; padding: 3px 12px; font-size: 12px; margin-right: 8px; }}
    QPushButton#modelChip[state="ready"] {{ color: {p.good}; }}
    QPushButton#modelChip[state="fallback"] {{ color: {p.warning}; border-color: {p.warning}; }}
    QPushButton#modelChip[state="lost"] {{ color: {p.danger}; border-color: {p.danger}; }}

    #pageBar {{ background: {p.panel}; }}
    #pageBar QToolButton {{ padding: 3px 12px; color: {p.muted}; }}
    #pageBar QToolButton:checked {{ color: {p.text}; background: {p.hover}; border-color: {p.line}; font-weight: 600; }}
    #pageBar QToolButton:focus {{ border-color: {p.accent}; }}

    #welcomeName {{ font-size: 28px; font-weight: 600; }}
    #warningBox {{ background: {p.warning_back}; color: {p.warning}; border-radius: 6px; padding: 8px 12px; }}
    QToolButton#sample {{ background: {p.raised}; border: 1px solid {p.line}; padding: 8px 4px; font-size: 12px; }}
    QToolButton#sample:hover, QToolButton#sample:focus {{ border-color: {p.accent}; background: {p.hover}; }}
    QToolButton#sample:disabled {{ color: {p.muted}; }}
    QPushButton#recent {{ background: transparent; border-color: transparent; text-align: left; padding: 4px 8px; }}
    QPushButton#recent:hover {{ background: {p.hover}; }}
    QPushButton#recent:focus {{ border-color: {p.accent}; }}

    QDockWidget {{ color: {p.muted}; font-size: 12px; }}
    #panel {{ background: {p.panel}; }}
    #panelTitle {{ color: {p.muted}; font-size: 11px; font-weight: 700; padding: 8px 16px 4px 16px; }}
    #formTitle {{ color: {p.muted}; font-size: 11px; font-weight: 700; padding: 8px 0 2px 0; }}
    #muted {{ color: {p.muted}; font-size: 12px; }}
    #number {{ font-weight: 600; font-size: 13px; }}
    QMainWindow::separator {{ background: {p.line}; width: 1px; height: 1px; }}
    QSplitter::handle {{ background: {p.line}; }}

    #noticeError {{ background: {p.danger_back}; border-bottom: 1px solid {p.line}; }}
    #noticeError QLabel {{ color: {p.danger}; }}
    #noticeInfo {{ background: {p.raised}; border-bottom: 1px solid {p.line}; }}
    #noticeHint {{ color: {p.text}; }}
    #noticeError #noticeHint, #noticeInfo #noticeHint {{ color: {p.text}; }}

    QLineEdit {{ background: {p.raised}; border: 1px solid {p.line}; border-radius: 6px;
        padding: 5px 8px; selection-background-color: {p.accent}; selection-color: {p.on_accent}; }}
    QLineEdit:focus {{ border-color: {p.accent}; }}
    QLineEdit:disabled {{ color: {p.muted}; background: {p.panel}; }}
    QComboBox QLineEdit {{ border: 0; padding: 0; background: transparent; }}
    QAbstractSpinBox {{ background: {p.raised}; border: 1px solid {p.line}; border-radius: 6px; padding: 4px 0; }}
    QAbstractSpinBox QLineEdit {{ border: 0; padding: 0 0 0 6px; background: transparent; }}
    QAbstractSpinBox:focus {{ border-color: {p.accent}; }}
    QAbstractSpinBox:disabled {{ color: {p.muted}; background: {p.panel}; }}
    QAbstractSpinBox::up-button {{ subcontrol-position: top right; width: 20px; border: 0; }}
    QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; width: 20px; border: 0; }}
    QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover {{ background: {p.hover}; }}
    QAbstractSpinBox::up-arrow {{ image: url("{up}"); width: 12px; height: 12px; }}
    QAbstractSpinBox::down-arrow {{ image: url("{down}"); width: 12px; height: 12px; }}
    QCheckBox:focus, QRadioButton:focus {{ color: {p.accent}; }}
    QTableView {{ background: {p.panel}; border: 1px solid {p.line}; border-radius: 6px; outline: 0;
        gridline-color: {p.line}; }}
    QTableView:focus {{ border-color: {p.accent}; }}
    QTableView::item {{ padding: 4px 8px; }}
    QTableView::item:selected {{ background: {p.hover}; color: {p.text}; }}
    QTableView QLineEdit {{ border-radius: 0; padding: 0 7px; }}
    QTableView QHeaderView::section {{ padding: 4px 11px; }}
    QTableCornerButton::section {{ background: {p.panel}; border: 0; }}
    #pageText {{ background: {p.raised}; border: 1px solid {p.line}; border-radius: 6px; font-size: 14px; }}
    #pageText:focus, #log:focus {{ border-color: {p.accent}; }}
    #log {{ background: {p.window}; border: 1px solid {p.line}; border-radius: 6px; font-family: monospace;
        font-size: 12px; }}
    #pageHeading {{ font-size: 16px; font-weight: 600; }}
    #verdict {{ font-weight: 600; }}
    QTabWidget::pane {{ border: 0; }}
    QTabBar::tab {{ background: transparent; color: {p.muted}; padding: 6px 12px; border-bottom: 2px solid transparent; }}
    QTabBar::tab:selected {{ color: {p.text}; border-bottom-color: {p.accent}; }}
    QTabBar::tab:focus {{ color: {p.accent}; }}

    #seriesStrip {{ background: {p.panel}; border: 1px solid {p.line}; border-radius: 6px; outline: 0; padding: 8px; }}
    #seriesStrip:focus {{ border-color: {p.accent}; }}
    #seriesStrip::item {{ border-radius: 6px; padding: 6px; color: {p.text}; }}
    #seriesStrip::item:selected {{ background: {p.hover}; color: {p.text}; }}

    QTreeWidget {{ background: {p.panel}; border: 0; outline: 0; padding: 0 8px; }}
    QTreeWidget::item {{ padding: 6px 4px; border-radius: 6px; }}
    QTreeWidget::item:hover {{ background: {p.raised}; }}
    QTreeWidget::item:selected {{ background: {p.hover}; color: {p.text}; }}
    QHeaderView::section {{ background: {p.panel}; color: {p.muted}; border: 0; padding: 4px 8px; font-size: 11px; }}

    #questionCard {{ background: {p.hover}; border-radius: 10px; }}
    #answerCard {{ background: {p.raised}; border: 1px solid {p.line}; border-radius: 10px; }}
    #answerCard QTextEdit {{ background: transparent; border: 0; font-size: 14px; }}
    #failure {{ color: {p.danger}; font-size: 13px; }}
    #composer {{ background: {p.raised}; border: 1px solid {p.line}; border-radius: 10px; }}
    #composer[focused="true"] {{ border-color: {p.accent}; }}
    #composer QPlainTextEdit {{ background: transparent; border: 0; font-size: 14px; }}
    QScrollArea {{ background: transparent; border: 0; }}
    #transcript {{ background: {p.panel}; }}

    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 2px; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 2px; }}
    QScrollBar::handle {{ background: {p.line}; border-radius: 3px; min-height: 32px; min-width: 32px; }}
    QScrollBar::handle:hover {{ background: {p.muted}; }}
    QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page
        {{ background: transparent; border: 0; width: 0; height: 0; }}

    QSlider::groove:horizontal {{ background: {p.line}; height: 4px; border-radius: 2px; }}
    QSlider::sub-page:horizontal {{ background: {p.accent}; border-radius: 2px; }}
    QSlider::handle:horizontal {{ background: {p.text}; width: 14px; height: 14px; margin: -5px 0; border-radius: 7px; }}
    QSlider::handle:horizontal:focus {{ border: 2px solid {p.accent}; }}
    QSlider::sub-page:horizontal:disabled, QSlider::handle:horizontal:disabled {{ background: {p.line}; }}
    QComboBox {{ background: {p.raised}; border: 1px solid {p.line}; border-radius: 6px; padding: 4px 8px; }}
    QComboBox:focus {{ border-color: {p.accent}; }}
    QComboBox::drop-down {{ border: 0; width: 24px; }}
    QComboBox::down-arrow {{ image: url("{down}"); width: 14px; height: 14px; }}
    #qt_menubar_ext_button, #qt_toolbar_ext_button {{ padding: 0; border: 0; qproperty-icon: url("{down}"); }}
    QStatusBar {{ background: {p.panel}; color: {p.muted}; border-top: 1px solid {p.line}; font-size: 12px; }}
    QStatusBar::item {{ border: 0; }}
    QProgressBar {{ background: {p.line}; border: 0; border-radius: 2px; height: 4px; max-height: 4px; }}
    QProgressBar::chunk {{ background: {p.accent}; border-radius: 2px; }}
    """

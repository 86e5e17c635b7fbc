"""Asks whether pictures may leave this machine, with what would leave before the eyes."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from umed_desktop.pages.form import log_view
from umed_desktop.theme import GRID_PX, styled
from umed_desktop.translation import research_use_only

__all__ = ["ConsentDialog"]


class ConsentDialog(QDialog):
    """Agreeing takes a tick and a button: it is no habit of the Enter key."""

    def __init__(self, server: str, preview: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("May these pictures leave this machine?"))
        self.resize(760, 640)
        words = QLabel(
            self.tr(
                "The teacher runs on <b>{server}</b>. It would get every picture of these sources, cleaned of headers "
                "and of text that was found in it, with the questions below. These are the first requests, word for word."
            ).format(server=server)
        )
        words.setWordWrap(True)
        self.preview = log_view(self.tr("What would be sent"))
        self.preview.setPlainText(preview)
        self.tick = QCheckBox(self.tr("I may share these pictures with {server}").format(server=server))
        self.tick.setAccessibleName(self.tick.text())
        buttons = QDialogButtonBox()
        self.agree = buttons.addButton(self.tr("Send and build"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.decline = buttons.addButton(self.tr("Send nothing"), QDialogButtonBox.ButtonRole.RejectRole)
        self.decline.setDefault(True)
        self.agree.setEnabled(False)
        self.tick.toggled.connect(self.agree.setEnabled)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        for part in (words, self.preview, self.tick, styled(QLabel(research_use_only()), "muted"), buttons):
            column.addWidget(part)

"""Connects the images of a question to the session: the paperclip, the chips above the field, and those on the cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from umed_core.errors import InputError
from umed_desktop.chat.image_chips import ImageChip, chip_words
from umed_desktop.session.attaching import Attached
from umed_desktop.session.conversation import AskedImage
from umed_desktop.session.session import Change

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from umed_desktop.window.main_window import MainWindow

__all__ = ["AttachingWiring"]

_PICTURE_PX = 64
"""Twice what a chip shows, for sharp screens."""


class AttachingWiring(QObject):
    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window, self.session, self.chat = window, window.session, window.parts.chat
        self.action = window.actions_by_name["attach_image"]
        self._tip = self.action.toolTip()
        self._shown: tuple[Attached, ...] = ()
        self.session.image_of = window.viewports.image_of
        self.chat.composer.attach_button.setDefaultAction(self.action)
        self.chat.composer.attachments.shown.connect(lambda place: self._show(self.session.attached[place].image))
        self.chat.composer.attachments.removed.connect(self.session.detach)
        self.chat.image_clicked.connect(self._show_asked)
        self.session.subscribe(self._changed)
        self._show_chips()

    def attach(self) -> None:
        """Adds the frame on screen to the question, where the model takes it."""
        if self.session.why_not_attach():
            self.window.show_error(InputError(self._why_not(), self.tr("The question stays as it is.")))
            return
        self.session.attach()
        self.chat.composer.field.setFocus()

    def _show_asked(self, exchange: int, place: int) -> None:
        self._show(self.session.exchange(exchange).places[place])

    def _show(self, image: AskedImage) -> None:
        if self.window.answers.go_to(image.series, image.frame):
            self.session.show_frame(image.frame)

    def _changed(self, change: Change) -> None:
        if change in (Change.ATTACHED, Change.IMAGE, Change.LISTING) and self.session.attached is not self._shown:
            self._show_chips()
        if change in (Change.ATTACHED, Change.MODEL, Change.IMAGE, Change.FRAME, Change.LISTING):
            self._show_whether()

    def _show_chips(self) -> None:
        attached = self._shown = self.session.attached
        self.chat.composer.show_images(
            [ImageChip(chip_words(number, one.image), _picture(one)) for number, one in enumerate(attached, 1)]
        )
        self._show_whether()

    def _show_whether(self) -> None:
        """The paperclip, switched off with its reason where it can't add anything."""
        why = self._why_not()
        self.action.setEnabled(not why)
        self.action.setToolTip(why or self._tip)

    def _why_not(self) -> str:
        model = self.session.model
        match self.session.why_not_attach():
            case "no image":
                return self.tr("No image is open.")
            case "no model":
                return self.tr("How many images the model takes is known once it is loaded.")
            case "takes one" if model is not None:
                return self.tr("{model} answers about one image at a time.").format(model=model.model)
            case "there":
                return self.tr("This image is in the question already.")
            case "full" if model is not None:
                return self.tr("{model} takes {count} images, and the question has them.").format(
                    model=model.model, count=model.max_images
                )
        return ""


def _picture(attached: Attached) -> QImage:
    """The middle square of an image, small."""
    pixels = attached.pixels
    side = min(pixels.shape[:2])
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    step = max(1, side // _PICTURE_PX)
    small: NDArray[np.uint8] = pixels[top : top + side : step, left : left + side : step]
    height, width = small.shape[:2]
    form = QImage.Format.Format_Grayscale8 if small.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(small.tobytes(), width, height, width * (1 if small.ndim == 2 else 3), form).copy()

"""A viewer started as a person starts it, with one picture: when its window stood, and when the picture was painted in it.

    python start_of.py umed|labelme|napari PICTURE STARTED     in that viewer's environment; STARTED is time.time() then

It prints one line of JSON and ends. Every viewer is asked the same: the first paint event of a window of its own, and the
first paint event, with the picture loaded, of the widget that shows it; both once Qt has carried them out.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PATIENCE_MS = 120_000


def watch(core: Any, widgets: Any, started: float, shows: Callable[[Any], bool]) -> Any:
    """An event filter over the whole program; `shows` says whether a widget has the picture and is its canvas."""
    seen: dict[str, float] = {}

    def once_painted(what: str) -> None:
        seen[what] = time.time() - started
        if what == "image_s":
            print(json.dumps(seen), flush=True)
            os._exit(0)  # what closing would ask, or wait for, is no part of a start

    class Filter(core.QObject):  # type: ignore[misc, name-defined]
        waiting = {"window_s", "image_s"}  # noqa: RUF012 - there is one

        def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802 - Qt calls it so
            if event.type() == core.QEvent.Paint and isinstance(watched, widgets.QWidget):
                for what in sorted(self.waiting):
                    if what == "window_s" or shows(watched):
                        self.waiting.discard(what)
                        core.QTimer.singleShot(0, lambda what=what: once_painted(what))
            return False

    kept = Filter()
    widgets.QApplication.instance().installEventFilter(kept)
    core.QTimer.singleShot(_PATIENCE_MS, lambda: os._exit(3))
    return kept


def umed(picture: Path, started: float) -> None:
    """`umed-desktop PICTURE`: its own main, which loads the model beside it, as it does for a person."""
    from PySide6 import QtCore, QtWidgets

    from umed_desktop.app import main

    app = QtWidgets.QApplication(["umed"])
    kept = watch(QtCore, QtWidgets, started, lambda widget: type(widget).__name__ == "ImageView" and widget.has_image)
    main([str(picture)])
    del app, kept


def labelme(picture: Path, started: float) -> None:
    """`labelme PICTURE`: its own main, with the filter in place before the first event."""
    os.environ["QT_API"] = "pyqt5"
    from qtpy import QtCore, QtWidgets

    class Watched(QtWidgets.QApplication):  # type: ignore[misc]
        def exec_(self) -> int:
            self.kept = watch(
                QtCore, QtWidgets, started, lambda widget: type(widget).__name__ == "Canvas" and bool(widget.pixmap)
            )
            return int(super().exec_())

    import labelme.__main__ as program

    program.QtWidgets.QApplication = Watched
    sys.argv = ["labelme", str(picture)]
    program.main()


def napari(picture: Path, started: float) -> None:
    """`napari.Viewer()` with the picture, or with an array, and its event loop."""
    os.environ["QT_API"] = "pyside6"
    import napari as program
    from napari.qt import get_qapp
    from qtpy import QtCore, QtWidgets

    app = get_qapp()
    viewers: list[Any] = []
    kept = watch(
        QtCore, QtWidgets, started,
        lambda widget: bool(viewers and viewers[0].layers) and type(widget).__name__.startswith("CanvasBackend"),
    )  # fmt: skip
    viewer = program.Viewer()
    viewers.append(viewer)
    if picture.suffix == ".npy":
        import numpy

        viewer.add_image(numpy.load(picture))
    else:
        viewer.open(str(picture), plugin="napari")
    program.run()
    del app, kept


if __name__ == "__main__":
    name, path, begun = sys.argv[1:]
    {"umed": umed, "labelme": labelme, "napari": napari}[name](Path(path), float(begun))

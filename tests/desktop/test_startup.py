"""The window starts light: what it would pay for is loaded once it is shown."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.builders import tiny_ct, write_dicom
from tests.desktop.acting import SOON
from umed_desktop.app import start_model_after_picture
from umed_desktop.settings import Settings
from umed_desktop.window.main_window import MainWindow

SHOW = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from umed_desktop.app import make_window
app = QApplication(["umed"])
window = make_window(Path(sys.argv[1]) / "desktop.json")
window.show()
app.processEvents()
heavy = {
    "torch", "transformers", "numpy", "scipy", "PIL", "pydicom", "SimpleITK", "onnxruntime", "psutil", "sqlite3", "nibabel",
    "pyqtgraph", "highdicom", "pynetdicom", "dicomweb_client", "requests", "asyncio",
} & set(sys.modules)
print(sorted(heavy))
window.close()
"""


def test_no_heavy_library_is_loaded_before_the_window_is_shown(tmp_path, program_environment):
    done = subprocess.run(
        [sys.executable, "-c", SHOW, str(tmp_path)], env=program_environment, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_help_needs_no_window(program_environment):
    done = subprocess.run(
        [sys.executable, "-m", "umed_desktop.app", "--help"],
        env=program_environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert "images or folders to open" in done.stdout


@pytest.mark.parametrize("is_there", [True, False])
def test_the_model_is_loaded_after_the_picture_that_was_asked_for(qtbot, worker, tmp_path, is_there):
    path = tmp_path / "slice.dcm"
    if is_there:
        write_dicom(path, tiny_ct())
    window = MainWindow(Settings(model="fake"), None, worker)
    qtbot.addWidget(window)
    window.open_paths([path])
    start_model_after_picture(window)
    assert window.engine is None
    qtbot.waitUntil(lambda: window.engine is not None, timeout=SOON)
    assert (window.session.image is not None) == is_there
    window.close()

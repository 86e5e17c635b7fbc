"""The window starts light: what it would pay for is loaded once it is shown."""

from __future__ import annotations

import subprocess
import sys

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

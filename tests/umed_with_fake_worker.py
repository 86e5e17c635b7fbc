"""The `umed` command with the fake engine in its worker: `python tests/umed_with_fake_worker.py ask IMAGE...`.

Only tests start it. UMED_TEST_DELAY is the fake's seconds before each token.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import umed_core.vlm.client
from umed_cli.main import main


def fake_worker_command(memory_mb: int = -1) -> list[str]:
    worker = Path(__file__).resolve().with_name("fake_worker.py")
    return [sys.executable, str(worker), "--delay", os.environ.get("UMED_TEST_DELAY", "0")]


if __name__ == "__main__":
    umed_core.vlm.client.worker_command = fake_worker_command
    main()

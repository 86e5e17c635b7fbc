"""The worker with the fake engine instead of a model: `python tests/fake_worker.py [--delay SECONDS] [--memory-mb N]`.

Only tests start it; nothing that a user can set leads here. See umed_core/vlm/fake.py for the questions it obeys.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

# Started by path: without an installed umed, the checkout is what to import from, and tests/ itself is not.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from umed_core.vlm.fake import open_fake_engine
from umed_core.vlm.worker import run_worker

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each token")
    parser.add_argument("--memory-mb", type=int, default=0)
    options = parser.parse_args()
    run_worker(partial(open_fake_engine, delay_s=options.delay), options.memory_mb)

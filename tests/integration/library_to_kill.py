"""A process of its own that indexes a folder, for the tests that kill it or run several: FOLDER LIBRARY [PAUSE_S]."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from umed_core.library import indexing
from umed_core.library.index import StudyIndex


def main() -> None:
    folder, library = Path(sys.argv[1]), Path(sys.argv[2])
    pause_s = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    indexing._COMMIT_EVERY_S = 0.0  # as often as it goes
    indexing._COMMIT_SHARE = 1e9

    def progress(done: int, total: int) -> None:
        print(done, total, flush=True)
        time.sleep(pause_s)

    with StudyIndex(library) as index:
        print(indexing.index_folder(index, folder, progress, lambda: False), flush=True)


if __name__ == "__main__":
    main()

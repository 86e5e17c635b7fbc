"""`umed ARGUMENTS` for the tests that kill a trainer: python trainer_to_kill.py UPDATE ARGUMENTS...

It is the real thing, but for a tokenizer of few texts; and in its UPDATE-th update (0: in none) it stands still, with the
gradients there and no weight changed, until somebody ends it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

from umed_cli.main import main
from umed_core.training import policy, sft


def stand_still_in(update: int) -> None:
    gradients, updates = sft.sum_gradients, [0]

    def then(*given: Any) -> None:
        gradients(*given)
        updates[0] += 1
        while updates[0] == update:
            time.sleep(0.1)

    sft.sum_gradients = then  # what comes next is the optimiser's step


if __name__ == "__main__":
    policy.TOKENIZER_TEXTS = 300
    stand_still_in(int(sys.argv.pop(1)))
    main()

"""How long `umed --help` takes, and what it loads. Run: python benchmarks/startup.py [--runs 15]."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(str(REPOSITORY / room) for room in (".", "cli", "assets"))}
HELP = "import sys; sys.argv = ['umed', '--help']; from umed_cli.main import main; main()"
LIST_MODULES = f"""
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
{HELP}
"""


def timed_s(code: str) -> float:
    """Wall seconds of a fresh interpreter that runs `code`."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def loaded_by_help() -> list[str]:
    """Every module in sys.modules when `umed --help` ends."""
    ran = subprocess.run(
        [sys.executable, "-c", LIST_MODULES], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    modules: list[str] = json.loads(ran.stderr.splitlines()[-1])
    return modules


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    timed_s(HELP)  # the first run writes bytecode
    # Interleaved with a bare interpreter, since the speed of a shared machine drifts.
    pairs = [(timed_s("pass"), timed_s(HELP)) for _ in range(runs)]
    bare_ms, help_ms = (sorted(1000 * value for value in column) for column in zip(*pairs, strict=True))
    modules = loaded_by_help()
    packages = sorted({module.split(".")[0] for module in modules} - set(sys.stdlib_module_names))
    print(
        f"umed --help      median {statistics.median(help_ms):.0f} ms ({help_ms[0]:.0f} to {help_ms[-1]:.0f}, {runs} runs)"
    )
    print(f"bare interpreter median {statistics.median(bare_ms):.0f} ms ({bare_ms[0]:.0f} to {bare_ms[-1]:.0f})")
    print(
        f"{len(modules)} modules; packages: {', '.join(package for package in packages if not package.startswith('_'))}"
    )


if __name__ == "__main__":
    main()

"""`umed doctor`: what this machine and this installation can do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from umed_cli.terminal import complain, say
from umed_core.errors import UmedError

__all__ = ["doctor"]


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Check this machine and this installation: what is there, what really runs, and what to do about the rest.

    Decodes a picture, loads the built-in model, asks it a question and starts Qt, each in a process of its own. Nothing
    is changed and nothing leaves the machine. The exit code is 0 if umed can answer questions about images, else 1.

    Examples:

      umed doctor

      umed doctor --json > report.json
    """
    import msgspec

    from umed_assets import embedded_model
    from umed_core.doctor import Check, examine

    model: Path | UmedError
    try:
        model = embedded_model()
    except UmedError as error:
        model = error
    checks: list[Check] = []
    for check in examine(model):
        checks.append(check)
        if not json:
            mark = "ok" if check.ok else "FAIL" if check.required else "warn"
            say(f"{mark:5}{check.name:22}{check.value}")
            if check.hint and (not check.ok or "not installed" in check.value):
                say(f"{'':27}{check.hint}")
    failed = [check for check in checks if check.required and not check.ok]
    if json:
        say(msgspec.json.encode({"ok": not failed, "checks": checks}).decode())
    elif failed:
        complain(UmedError(f"umed can't answer questions here: {failed[0].name}: {failed[0].value}", failed[0].hint))
    raise typer.Exit(1 if failed else 0)

"""Where a teacher's key comes from, and a type that never shows it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

__all__ = ["ENVIRONMENT", "KEYRING_NAME", "KEYRING_SERVICE", "ApiKey", "find_api_key"]

ENVIRONMENT = "OPENAI_API_KEY"
KEYRING_SERVICE, KEYRING_NAME = "umed", "openai"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A secret that its repr, and so any log or traceback, leaves out. `value` is "" for a server that wants none."""

    value: str = field(default="", repr=False)

    def hidden_in(self, words: str) -> str:
        """The words with the key, wherever it occurs, replaced by ***."""
        return words.replace(self.value, "***") if self.value else words


def find_api_key() -> ApiKey:
    """The key from OPENAI_API_KEY, else from the system's keyring (service "umed", name "openai"), else an empty one."""
    return ApiKey(os.environ.get(ENVIRONMENT, "").strip() or _from_keyring())


def _from_keyring() -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    try:
        return (keyring.get_password(KEYRING_SERVICE, KEYRING_NAME) or "").strip()
    except KeyringError:
        # No keyring on this machine, or a locked one: a local server needs no key, and a remote one will say so.
        return ""

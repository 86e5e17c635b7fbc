"""The password or token of a node: from the environment or the system's keyring, never from a file of ours."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from umed_core.errors import ConfigError, StorageError
from umed_core.pacs.nodes import WebNode

__all__ = ["KEYRING_SERVICE", "Secret", "environment_name", "find_secret", "keep_secret"]

KEYRING_SERVICE = "umed-pacs"


@dataclass(frozen=True, slots=True)
class Secret:
    """Something that its repr, and so any log or traceback, leaves out. `value` is "" for a node that wants none."""

    value: str = field(default="", repr=False)


def environment_name(node_name: str) -> str:
    """One variable for each node, so that no node is told another one's secret: UMED_PACS_SECRET_ARCHIVE."""
    return "UMED_PACS_SECRET_" + re.sub(r"[^A-Z0-9]", "_", node_name.upper())


def find_secret(node: WebNode) -> Secret:
    """The node's password or token; empty where it wants none. Raises: ConfigError where it wants one and there is none."""
    if not node.wants_secret:
        return Secret()
    value = os.environ.get(environment_name(node.name), "").strip() or _from_keyring(node)
    if not value:
        raise ConfigError(
            f"No password or token of {node.name} is kept.",
            f"Enter it in its settings, run umed pacs secret {node.name}, or set {environment_name(node.name)}.",
        )
    return Secret(value)


def keep_secret(node: WebNode, secret: Secret) -> None:
    """Puts it into the system's keyring. Raises: StorageError where there is none or it is locked."""
    hint = f"Set {environment_name(node.name)} in the environment instead."
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError as problem:
        raise StorageError("The package keyring is not installed.", f"pip install 'umed[pacs]'. {hint}") from problem
    try:
        keyring.set_password(KEYRING_SERVICE, _keyring_name(node), secret.value)
    except KeyringError as problem:
        raise StorageError("This system's keyring does not take the secret.", hint) from problem


def _keyring_name(node: WebNode) -> str:
    """With the address: a node that is moved elsewhere does not take its secret along."""
    return f"{node.name} at {node.url}"


def _from_keyring(node: WebNode) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    try:
        return (keyring.get_password(KEYRING_SERVICE, _keyring_name(node)) or "").strip()
    except KeyringError:
        return ""  # no keyring, or a locked one: the caller says what else there is

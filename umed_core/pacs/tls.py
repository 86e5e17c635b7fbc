"""TLS as both sides of DICOM's network: what we demand of a node, and what a node that calls us back must show."""

from __future__ import annotations

import ssl
from pathlib import Path

from umed_core.errors import ConfigError
from umed_core.pacs.nodes import Tls

__all__ = ["client_context", "server_context"]


def client_context(tls: Tls) -> ssl.SSLContext:
    """TLS 1.2 or later; the node's certificate is always checked. Raises: ConfigError for a file that cannot be used.

    Source: PS3.15 B.12 (BCP 195).
    """
    context = ssl.create_default_context()
    _trust(context, tls, alone=bool(tls.ca_file))
    context.check_hostname = tls.check_host_name
    _show_own(context, tls)
    return context


def server_context(tls: Tls) -> ssl.SSLContext:
    """For a node that sends to us: it must show a certificate by the same authority. Raises: ConfigError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    _trust(context, tls, alone=bool(tls.ca_file))
    context.verify_mode = ssl.CERT_REQUIRED
    _show_own(context, tls)
    return context


def _trust(context: ssl.SSLContext, tls: Tls, alone: bool) -> None:
    """A CA file replaces the system's authorities: a hospital's node is not vouched for by the web's."""
    if not alone:
        return
    try:
        fresh = Path(tls.ca_file).read_text(encoding="ascii", errors="strict")
        context.load_verify_locations(cadata=fresh)
    except (OSError, ValueError, ssl.SSLError) as problem:
        raise ConfigError(
            f"The CA file {tls.ca_file} cannot be used: {_said(problem)}.", "It is a PEM file of certificates."
        ) from problem


def _show_own(context: ssl.SSLContext, tls: Tls) -> None:
    if not tls.certificate:
        return
    try:
        # An encrypted key would make OpenSSL ask on the terminal; an empty answer fails instead.
        context.load_cert_chain(tls.certificate, tls.key, password="")
    except (OSError, ValueError, ssl.SSLError) as problem:
        raise ConfigError(
            f"The certificate {tls.certificate} with the key {tls.key} cannot be used: {_said(problem)}.",
            "Both are PEM files, the key belongs to the certificate and is not encrypted.",
        ) from problem


def _said(problem: Exception) -> str:
    return str(getattr(problem, "strerror", "") or problem).rstrip(".")

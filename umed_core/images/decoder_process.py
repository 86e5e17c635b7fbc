"""The decoder's child process: `python -m umed_core.images.decoder_process`. It reads requests until its stdin closes."""

from __future__ import annotations

import os
import select
import sys
from importlib import import_module
from pathlib import Path
from typing import IO

import numpy as np

from umed_core.errors import UmedError
from umed_core.images.archive import close_archives, list_members
from umed_core.images.decode import decode_file, read_bounded
from umed_core.images.headers import read_header
from umed_core.images.limits import DecodeLimits
from umed_core.images.wire import (
    ContentRead,
    ContentRequest,
    DecodeRequest,
    DirectoryRead,
    DirectoryRequest,
    DocumentRead,
    FileHeader,
    HeaderRequest,
    HeadersRead,
    ImageDecoded,
    MembersListed,
    MembersRequest,
    Refused,
    Reply,
    Request,
    read_request,
    write_message,
)

__all__ = ["answer", "limit_memory", "main"]

_LIBRARY_BYTES = 384 * 1024 * 1024
"""Address space for libraries imported later: SimpleITK alone takes 290 MB."""


def main() -> None:
    """Serves requests until stdin closes."""
    requests, replies = sys.stdin.buffer, _private_stdout()
    if not _is_waited_for():
        # Most files are DICOM, and pydicom takes 0.2 s to import; whoever waits already may want a picture that needs none.
        import_module("umed_core.images.dicom")
        import_module("umed_core.images.dicom_header")
    limited = False
    while True:
        try:
            request = read_request(requests)
        except EOFError:
            return
        if not limited:
            limit_memory(request.limits.memory_bytes)
            limited = True
        write_message(replies, answer(request))
        close_archives()


def answer(request: Request) -> Reply:
    """The reply to one request; an error of the tree becomes Refused, anything else is a bug and ends the process."""
    if isinstance(request, HeaderRequest):
        return HeadersRead(tuple(_header(path, request.limits) for path in request.paths))
    try:
        path, limits = Path(request.path), request.limits
        if isinstance(request, DecodeRequest):
            return ImageDecoded(decode_file(path, limits))
        if isinstance(request, MembersRequest):
            members, refused = list_members(path, limits)
            return MembersListed(
                tuple(str(member) for member in members), tuple((str(gone), _refused(why)) for gone, why in refused)
            )
        if isinstance(request, ContentRequest):
            return ContentRead(np.frombuffer(read_bounded(path, limits), np.uint8))
        if isinstance(request, DirectoryRequest):
            from umed_core.images.dicomdir import read_media_directory

            return DirectoryRead(read_media_directory(path, limits))
        from umed_core.images.dicom_document import read_dicom_document

        return DocumentRead(read_dicom_document(path, limits))
    except UmedError as problem:
        return _refused(problem)


def limit_memory(allowance: int) -> None:
    """Caps this process's address space at `allowance` beyond what it takes now; does nothing where the system has no
    such limit (macOS ignores it, Windows lacks it), and there the parent watches."""
    if sys.platform != "linux":
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + allowance + _LIBRARY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _is_waited_for() -> bool:
    """Whether a request has arrived; Windows does not tell of pipes."""
    return os.name == "posix" and bool(select.select([0], [], [], 0)[0])


def _private_stdout() -> IO[bytes]:
    """The real stdout for replies alone; what a codec prints goes nowhere."""
    replies = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return replies


def _header(path: str, limits: DecodeLimits) -> FileHeader | Refused:
    try:
        return read_header(Path(path), limits)
    except UmedError as problem:
        return _refused(problem)


def _refused(problem: UmedError) -> Refused:
    return Refused(problem.code, problem.message, problem.hint)


if __name__ == "__main__":
    main()

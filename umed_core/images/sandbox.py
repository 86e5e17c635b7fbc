"""Decodes untrusted files in a child process with limited memory and time.

One child decodes many files; it is killed and replaced when it overruns a limit or dies. On Linux the kernel enforces
the memory limit (RLIMIT_AS); elsewhere the parent watches the child's resident memory ten times a second, so a quick
burst can pass the limit for that long. No pickle crosses the pipe: JSON of known types, then raw pixels.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import psutil

from umed_core.errors import CorruptImage, ImageTooLarge, UmedError, WorkerCrashed, error_from_code
from umed_core.images.limits import DecodeLimits
from umed_core.images.medical_image import MedicalImage
from umed_core.images.scratch import make_scratch, sweep_scratch
from umed_core.images.wire import (
    ContentRead,
    ContentRequest,
    DecodeRequest,
    DirectoryRead,
    DirectoryRequest,
    DocumentRead,
    DocumentRequest,
    FileHeader,
    HeaderRequest,
    HeadersRead,
    ImageDecoded,
    MembersListed,
    MembersRequest,
    NamedFile,
    Refused,
    Reply,
    Request,
    read_reply,
    write_message,
)

__all__ = ["Decoder", "borrowed_decoder", "close_decoders", "decoder_command", "start_decoder"]

_WATCH_SECONDS = 0.1
_LAST_WORDS_SECONDS = 2.0
_KERNEL_LIMITS_MEMORY = sys.platform == "linux"


def decoder_command() -> list[str]:
    """How the child is started; a frozen program routes `-m` itself."""
    return [sys.executable, "-m", "umed_core.images.decoder_process"]


class Decoder:
    """One child process. Not thread-safe: one request at a time; `borrowed_decoder` sees to that."""

    def __init__(self, limits: DecodeLimits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._scratch = ""
        self._is_midway = False

    @property
    def process_id(self) -> int | None:
        """Of the child; None before the first request."""
        return None if self._process is None else self._process.pid

    def decode(self, path: Path) -> MedicalImage:
        """Raises: InputError; WorkerCrashed where no child can be started."""
        reply = self._ask(DecodeRequest(str(path), self._limits), str(path))
        if isinstance(reply, ImageDecoded):
            return reply.image
        raise WorkerCrashed("The decoder answered another question.", "Try again.")

    def document(self, path: Path) -> str:
        """The elements of a DICOM object without pixels, in DICOM's JSON model. Raises: InputError; WorkerCrashed."""
        reply = self._ask(DocumentRequest(str(path), self._limits), str(path))
        if isinstance(reply, DocumentRead):
            return reply.json
        raise WorkerCrashed("The decoder answered another question.", "Try again.")

    def content(self, path: Path) -> bytes:
        """The bytes of a file or of a member of an archive. Raises: InputError; WorkerCrashed."""
        reply = self._ask(ContentRequest(str(path), self._limits), str(path))
        if isinstance(reply, ContentRead):
            return reply.data.tobytes()
        raise WorkerCrashed("The decoder answered another question.", "Try again.")

    def members(self, path: Path) -> tuple[list[Path], list[tuple[Path, UmedError]]]:
        """Sorted paths of what a ZIP archive holds, and its members that are not read, each with its reason.

        Raises: InputError; WorkerCrashed.
        """
        reply = self._ask(MembersRequest(str(path), self._limits), str(path))
        if isinstance(reply, MembersListed):
            return [Path(member) for member in reply.paths], [(Path(gone), _error(why)) for gone, why in reply.refused]
        raise WorkerCrashed("The decoder answered another question.", "Try again.")

    def directory(self, path: Path) -> tuple[NamedFile, ...]:
        """What a DICOMDIR names. Raises: InputError; WorkerCrashed."""
        reply = self._ask(DirectoryRequest(str(path), self._limits), str(path))
        if isinstance(reply, DirectoryRead):
            return reply.files
        raise WorkerCrashed("The decoder answered another question.", "Try again.")

    def headers(self, paths: Sequence[Path]) -> list[FileHeader | UmedError]:
        """For each path its header or its error. Raises: WorkerCrashed where no child can be started."""
        try:
            reply = self._ask(HeaderRequest(tuple(str(path) for path in paths), self._limits), str(paths[0]))
        except (CorruptImage, ImageTooLarge) as problem:
            if len(paths) == 1:
                return [problem]
            # One of them killed the child: find out which.
            return [found for path in paths for found in self.headers([path])]
        if not isinstance(reply, HeadersRead):
            raise WorkerCrashed("The decoder answered another question.", "Try again.")
        return [_error(entry) if isinstance(entry, Refused) else entry for entry in reply.files]

    def start(self) -> None:
        """Starts the child, unless it runs, and returns at once. Raises: WorkerCrashed."""
        self._running()

    def close(self) -> None:
        """Ends the child and removes what it left on disk."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = ""

    def _ask(self, request: Request, subject: str) -> Reply:
        process = self._running()
        assert process.stdin is not None and process.stdout is not None
        with _watched(process, self._limits) as overrun:
            try:
                self._is_midway = True
                write_message(process.stdin, request)
                reply = read_reply(process.stdout, self._limits.pixel_bytes)
                self._is_midway = False
            except (EOFError, OSError, ValueError) as problem:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_LAST_WORDS_SECONDS)  # it died by itself: its own exit status, not our kill's
                self.close()
                raise _death(subject, overrun, self._limits, process.returncode) from problem
        if isinstance(reply, Refused):
            raise _error(reply)
        return reply

    def _running(self) -> subprocess.Popen[bytes]:
        # An interrupt (Ctrl+C) may have left half an answer in the pipe, which would be taken for the next one.
        if self._process is None or self._is_midway or self._process.poll() is not None:
            self.close()
            self._is_midway = False
            try:
                _sweep_once()
                self._scratch = make_scratch()
                self._process = subprocess.Popen(
                    decoder_command(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,  # codecs chatter there
                    env=_child_environment(self._scratch),
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
            except OSError as problem:
                raise WorkerCrashed(
                    f"The image decoder could not be started: {problem}.", "Reinstall umed."
                ) from problem
        return self._process


@cache
def _sweep_once() -> None:
    sweep_scratch()


_idle: list[tuple[DecodeLimits, Decoder]] = []
"""The one that was used last is at the end."""
_idle_lock = threading.Lock()
_KEPT_IDLE = 3


@contextlib.contextmanager
def borrowed_decoder(limits: DecodeLimits) -> Iterator[Decoder]:
    """An idle child with these limits, or a new one; the three that were used last are kept for the next borrower. Any
    thread may call."""
    with _idle_lock:
        places = [place for place, (its_limits, _) in enumerate(_idle) if its_limits == limits]
        decoder = _idle.pop(places[-1])[1] if places else Decoder(limits)
    try:
        yield decoder
    finally:
        with _idle_lock:
            _idle.append((limits, decoder))
            gone = _idle[:-_KEPT_IDLE]
            del _idle[:-_KEPT_IDLE]
        for _, unused in gone:
            unused.close()


def start_decoder(limits: DecodeLimits = DecodeLimits()) -> None:  # noqa: B008
    """Starts a child ahead of the first file, which then opens half a second sooner. Raises: WorkerCrashed."""
    with borrowed_decoder(limits) as decoder:
        decoder.start()


@atexit.register
def close_decoders() -> None:
    """Ends every idle child; they also end by themselves when this process does."""
    with _idle_lock:
        decoders = list(_idle)
        _idle.clear()
    for _, decoder in decoders:
        decoder.close()


@contextlib.contextmanager
def _watched(process: subprocess.Popen[bytes], limits: DecodeLimits) -> Iterator[list[str]]:
    """Kills the child when it overruns; the list then says which limit."""
    overrun: list[str] = []
    done = threading.Event()
    thread = threading.Thread(
        target=_watch, args=(process, limits, done, overrun), name="umed-decode-watch", daemon=True
    )
    thread.start()
    try:
        yield overrun
    finally:
        done.set()
        thread.join()


def _watch(process: subprocess.Popen[bytes], limits: DecodeLimits, done: threading.Event, overrun: list[str]) -> None:
    if _KERNEL_LIMITS_MEMORY:
        if not done.wait(limits.seconds):
            overrun.append("time")
            process.kill()
        return
    waited = 0.0
    while not done.wait(_WATCH_SECONDS):
        waited += _WATCH_SECONDS
        if waited > limits.seconds or _resident_bytes(process.pid) > limits.memory_bytes:
            overrun.append("time" if waited > limits.seconds else "memory")
            process.kill()
            return


def _resident_bytes(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:  # it just ended
        return 0


def _death(subject: str, overrun: list[str], limits: DecodeLimits, status: int | None) -> UmedError:
    if "time" in overrun:
        return ImageTooLarge(f"{subject} was not decoded within {limits.seconds:g} s.", "Open a smaller version of it.")
    if "memory" in overrun:
        return ImageTooLarge(
            f"{subject} needs more memory than the {limits.memory_bytes >> 20} MiB allowed.",
            "Open a smaller version of it.",
        )
    return CorruptImage(
        f"{subject} made the decoder fail (exit status {status}).",
        "The file is damaged or hostile; ask for the original.",
    )


def _error(refused: Refused) -> UmedError:
    return error_from_code(refused.code, refused.message, refused.hint)


def _child_environment(scratch: str) -> dict[str, str]:
    """This process's, with temporary files in `scratch`, which outlives a killed child, and one thread a numerical library:
    each thread's stack would count against the memory limit."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"), "1")
    roots = os.pathsep.join(entry for entry in sys.path if entry)
    return os.environ | one_thread | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), scratch) | {"PYTHONPATH": roots}

"""One database on one mirror: open a file of it, from an offset, or raise why that can't be.

Three ways in (a folder here, `https`, `s3`) with one face, so that resuming, retrying and
verifying are written once, in `fetch`.
"""

import abc
import contextlib
import errno
import filecmp
import os
import re
import socket
import ssl
import stat
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

CHUNK_BYTES = 1 << 16  # what a drop may lose
MISSING, FORBIDDEN, REDIRECTED = "missing file", "forbidden file", "refused redirect"
Answer = TypeVar("Answer")


class RefusedError(Exception):
    """A file that this mirror does not give, however often it is requested.

    Attributes
    ----------
    kind
        ``missing file``, ``forbidden file``, ``wrong hash``, ``HTML page``, ``error document``,
        ``encoded file``, ``oversized file``, ``refused redirect``.
    where
        URL or path.
    bytes, sha256
        Of what came in its place, if anything did.
    """

    def __init__(
        self,
        kind: str,
        where: str,
        *,
        note: str = "",
        bytes: int | None = None,  # noqa: A002 - the manifest's own word
        sha256: str | None = None,
    ) -> None:
        super().__init__(f"{where}: {note or kind}")
        self.kind, self.where, self.bytes, self.sha256 = kind, where, bytes, sha256


class BrokenOffError(Exception):
    """A transfer that may succeed on another attempt, after `wait_s` if the server states it."""

    def __init__(self, message: str, *, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class StaleError(BrokenOffError):
    """What has arrived so far does not belong to what the server has now."""


class SlowError(BrokenOffError):
    """Less arrives than `Pace` asks for: what has come is kept, but counts as no progress."""


class UnreachableError(ValueError):
    """A fault that another attempt would only repeat: an unknown host, a wrong certificate."""


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Bytes of a file from `start` on, as the server sent them.

    ``total`` is the whole file's size where the server states it, ``validator`` what tells
    this version of the file from another, ``html`` whether it is served as a web page,
    ``encoding`` what the bytes are said to be encoded in, ``led_to`` the URL on another host
    that they come from after a redirect.
    """

    start: int
    total: int | None
    validator: str | None
    html: bool
    chunks: Iterator[bytes]
    encoding: str = ""
    led_to: str = ""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """The least that must arrive: `least_bytes` within any `window_s` of waiting.

    An answer must begin within `window_s` as well. A server that sends single bytes keeps every
    timeout between two reads quiet.
    """

    least_bytes: int = 1 << 15
    window_s: float = 60.0

    def answered(
        self, call: Callable[[], Answer], where: str, late: Callable[[Answer], object]
    ) -> Answer:
        """Return what `call` returns within the window; what comes later goes to `late`.

        Raises
        ------
        SlowError
        """
        future: Future[Answer] = Future()

        def run() -> None:
            try:
                future.set_result(call())
            except BaseException as error:
                future.set_exception(error)

        # A thread, because headers may drip as well, and looking up a name can't be cancelled.
        threading.Thread(target=run, daemon=True).start()
        if not wait([future], self.window_s).done:
            future.add_done_callback(lambda f: None if f.exception() else late(f.result()))
            raise SlowError(f"{where}: no answer within {self.window_s:g} s")
        return future.result()

    def watched(self, chunks: Iterator[bytes], where: str) -> Iterator[bytes]:
        """Yield `chunks` as long as they come fast enough.

        Raises
        ------
        SlowError
        """
        waited_s, earlier, now = 0.0, self.least_bytes, 0
        while True:
            start_s = time.monotonic()
            chunk = next(chunks, None)
            waited_s += time.monotonic() - start_s
            if chunk is None:
                return
            now += len(chunk)
            yield chunk
            if waited_s < self.window_s / 2:
                continue
            if earlier + now < self.least_bytes:
                raise SlowError(
                    f"{where}: fewer than {self.least_bytes} bytes within {self.window_s:g} s"
                )
            waited_s, earlier, now = 0.0, now, 0


PACE = Pace()


def is_lasting(error: BaseException, *, answered: bool) -> bool:
    """Tell whether another attempt at a connection would only fail again.

    Parameters
    ----------
    answered
        Whether the host has answered before: it may then be starting anew.
    """
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    # botocore asks a bucket that has moved without saying where for its region, without end.
    if any(isinstance(c, ssl.SSLCertVerificationError | RecursionError) for c in causes):
        return True
    if answered:
        return False
    unreachable = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH)
    return any(
        isinstance(c, socket.gaierror)
        or (isinstance(c, ssl.SSLError) and not isinstance(c, ssl.SSLEOFError))
        or (isinstance(c, OSError) and c.errno in unreachable)
        for c in causes
    )


def total_of_range(content_range: str, offset: int, where: str) -> int | None:
    """Return the whole file's size from a Content-Range, if it begins where it was asked to.

    Raises
    ------
    StaleError
        It begins elsewhere, or says nothing.
    """
    match = re.fullmatch(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)", content_range)
    if not match or int(match[1]) != offset:
        raise StaleError(f"{where}: answered another range than was requested")
    return None if match[2] == "*" else int(match[2])


class Transport(Protocol):
    """One database on one mirror."""

    cut: bool  # its owner may have shortened RECORDS to what is there

    def open(
        self, name: str, offset: int, validator: str | None
    ) -> contextlib.AbstractContextManager[Stream]:
        """Open a file; the stream may begin at 0 although `offset` was requested.

        Raises
        ------
        RefusedError, BrokenOffError, StaleError
        """

    def where(self, name: str) -> str:
        """Return a file's URL or path, for messages."""

    def exists(self, name: str) -> bool:
        """Tell whether the mirror has a file."""

    def same(self, name: str, place: Path) -> bool:
        """Tell whether `place` is this file, as far as that shows without fetching it."""


class Remote(abc.ABC):
    """A database on the network: a file's size shows without fetching it."""

    cut = False

    @abc.abstractmethod
    def size(self, name: str) -> int:
        """Return the size that the server states, -1 where it states none.

        Raises
        ------
        RefusedError, BrokenOffError
        """

    def exists(self, name: str) -> bool:
        """Tell whether the server has a file."""
        return self._stated(name) is not None

    def same(self, name: str, place: Path) -> bool:
        """Compare sizes."""
        return self._stated(name) == place.stat().st_size

    def _stated(self, name: str) -> int | None:
        try:
            return self.size(name)
        except RefusedError:
            return None


class Folder:
    """A database in a directory."""

    cut = True

    def __init__(self, base: Path) -> None:
        self.base = base

    @contextlib.contextmanager
    def open(self, name: str, offset: int, validator: str | None) -> Iterator[Stream]:
        """Open a file from its start."""
        place = self._place(name)
        try:
            file = place.open("rb")
        except PermissionError as error:
            raise RefusedError(FORBIDDEN, str(place), note="permission denied") from error
        with file:
            chunks = iter(lambda: file.read(CHUNK_BYTES), b"")
            total = os.fstat(file.fileno()).st_size
            yield Stream(start=0, total=total, validator=None, html=False, chunks=chunks)

    def where(self, name: str) -> str:
        """Return its path."""
        return str(self.base / name)

    def exists(self, name: str) -> bool:
        """Tell whether there is such a regular file."""
        return (self.base / name).is_file()

    def same(self, name: str, place: Path) -> bool:
        """Compare byte by byte."""
        return filecmp.cmp(self._place(name), place, shallow=False)

    def _place(self, name: str) -> Path:
        place = self.base / name
        try:
            regular = stat.S_ISREG(place.stat().st_mode)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                raise RefusedError(FORBIDDEN, str(place), note=error.strerror or "") from error
            raise RefusedError(MISSING, str(place)) from error
        if not regular:
            raise RefusedError(MISSING, str(place), note="not a regular file")
        return place

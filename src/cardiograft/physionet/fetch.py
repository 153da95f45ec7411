"""Fetch files of a database: resumed, retried, verified, in place only when complete.

A file grows in ``<name>.part``; ``<name>.part.from`` beside it says what version of the file
the part belongs to. Both outlive a killed run.
"""

import contextlib
import os
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cardiograft.files import file_digest
from cardiograft.physionet import listings
from cardiograft.physionet.progress import Progress
from cardiograft.physionet.transports import (
    BrokenOffError,
    RefusedError,
    StaleError,
    Stream,
    Transport,
)

PAGES = (".html", ".htm", ".shtml", ".xhtml")
Answer = TypeVar("Answer")


class StoppedError(Exception):
    """Another file's transfer has failed for good: there is no point in going on."""


class DamagedError(RefusedError):
    """A file that arrived whole with wrong bytes; another attempt may bring the right ones."""


@dataclass(frozen=True, kw_only=True)
class File:
    """A file in the data folder; `verified` if SHA256SUMS.txt vouches for it."""

    path: str
    bytes: int
    sha256: str
    verified: bool


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How often a request is repeated, and how long the pauses are.

    The pause doubles from `first_s` up to `longest_s`, with up to a quarter of it added at
    random; a server's Retry-After takes its place, up to `obeyed_s`.
    """

    attempts: int = 6  # without a byte of progress
    damaged: int = 3  # at a file that arrives whole and wrong
    first_s: float = 0.5
    longest_s: float = 30.0
    obeyed_s: float = 300.0

    def pause_s(self, attempt: int, wait_s: float | None) -> float:
        """Return the seconds to wait after `attempt` fruitless ones (1 or more)."""
        if wait_s is not None:
            return min(wait_s, self.obeyed_s)
        pause_s = min(self.first_s * 2.0 ** (attempt - 1), self.longest_s)
        return pause_s * random.uniform(1, 1.25)


@dataclass
class Fetcher:
    """Brings files of one database below `root`, `jobs` at a time."""

    transport: Transport
    root: Path
    progress: Progress
    jobs: int = 8
    patience: Patience = Patience()
    sums: dict[str, str] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _failures: list[BaseException] = field(default_factory=list)

    def files(self, names: Iterable[str]) -> dict[str, File | RefusedError]:
        """Fetch many files; what the mirror refuses is returned, not raised.

        Raises
        ------
        ValueError
            The mirror can't be reached, or a name leads out of the data folder.
        OSError
            The disk is full. What has arrived stays.
        """
        names = list(dict.fromkeys(names))
        with self.progress.files(len(names)), ThreadPoolExecutor(self.jobs) as pool:
            try:
                return dict(zip(names, pool.map(self._answer, names), strict=True))
            except BaseException as error:
                self._stop.set()  # or the others would retry for minutes
                pool.shutdown(cancel_futures=True)
                raise (self._failures or [error])[0] from None

    def _answer(self, name: str) -> File | RefusedError:
        if self._stop.is_set():
            raise StoppedError
        try:
            return self.file(name)
        except RefusedError as refused:
            return refused
        except BaseException as error:
            if not isinstance(error, StoppedError):
                self._failures.append(error)
            self._stop.set()
            raise
        finally:
            self.progress.done()

    def file(self, name: str, *, fresh: bool = False) -> File:
        """Fetch one file, unless it is there already and the same.

        Parameters
        ----------
        fresh
            Fetch it although it is there.

        Raises
        ------
        RefusedError
            The mirror does not have it, forbids it, or has something else in its place.
        ValueError
            The mirror can't be reached, or the name leads out of the data folder.
        """
        place, expected = listings.inside(self.root, name), self.sums.get(name)
        if place.is_file() and not fresh:
            file = self._unchanged(name, place, expected)
            if file:
                return file
        place.parent.mkdir(parents=True, exist_ok=True)
        part = PartFile(listings.inside(self.root, f"{name}.part"))
        if part.size() and part.sha256() == expected:  # killed just before the rename
            return self._publish(name, part, sha256=expected, verified=True)
        return self.with_retries(lambda: self._attempt(name, part, expected), part.size)

    def exists(self, name: str) -> bool:
        """Tell whether the mirror has a file."""
        return self.with_retries(lambda: self.transport.exists(name))

    def _unchanged(self, name: str, place: Path, expected: str | None) -> File | None:
        sha256 = file_digest(place)
        if expected is None and not self.with_retries(lambda: self.transport.same(name, place)):
            return None
        if expected is not None and sha256 != expected:
            return None
        size = place.stat().st_size
        return File(path=name, bytes=size, sha256=sha256, verified=expected is not None)

    def with_retries(
        self, attempt: Callable[[], Answer], reached: Callable[[], int] = int
    ) -> Answer:
        """Call `attempt` until it succeeds, is refused, or patience ends.

        An attempt after which `reached` stands higher than ever before is not fruitless.
        """
        fruitless, damaged, best = 0, 0, reached()
        while True:
            try:
                return attempt()
            except DamagedError:
                damaged += 1
                if damaged >= self.patience.damaged:
                    raise
                pause_s = self.patience.pause_s(damaged, None)
            except BrokenOffError as error:
                fruitless = 1 if reached() > best else fruitless + 1
                best = max(best, reached())
                if fruitless >= self.patience.attempts:
                    raise ValueError(f"{error} ({fruitless} attempts)") from error
                pause_s = self.patience.pause_s(fruitless, error.wait_s)
            if self._stop.wait(pause_s):
                raise StoppedError

    def _attempt(self, name: str, part: "PartFile", expected: str | None) -> File:
        offset, validator = part.resume(verifiable=expected is not None)
        try:
            with self.transport.open(name, offset, validator) as stream:
                self._receive(stream, part)
        except StaleError:
            part.drop()
            raise
        if stream.total is not None and part.size() != stream.total:
            message = f"{self.transport.where(name)}: {part.size()} of {stream.total} bytes"
            if part.size() > stream.total:
                part.drop()
            raise BrokenOffError(message)
        sha256 = part.sha256()
        self._judge(name, part, sha256, expected=expected, html=stream.html)
        return self._publish(name, part, sha256=sha256, verified=sha256 == expected)

    def _receive(self, stream: Stream, part: "PartFile") -> None:
        if stream.start == 0:
            part.begin(stream.validator)
        with _naming(part.path), part.path.open("ab") as file:
            for chunk in stream.chunks:
                if self._stop.is_set():
                    raise StoppedError
                file.write(chunk)
                self.progress.add(len(chunk))

    def _judge(
        self, name: str, part: "PartFile", sha256: str, *, expected: str | None, html: bool
    ) -> None:
        if sha256 == expected:
            return
        size = part.size()
        if not name.lower().endswith(PAGES) and part.is_page(html):
            kind, note = "HTML page", "an HTML page came in its place"
        elif expected is not None:
            kind, note = "wrong hash", f"not the bytes that {listings.SUMS} lists"
        else:
            return
        part.drop()
        where = self.transport.where(name)
        raise DamagedError(kind, where, note=note, bytes=size, sha256=sha256)

    def _publish(self, name: str, part: "PartFile", *, sha256: str, verified: bool) -> File:
        place = listings.inside(self.root, name)
        part.publish(place)
        return File(path=name, bytes=place.stat().st_size, sha256=sha256, verified=verified)


class PartFile:
    """A file on its way, and what version of it the bytes so far belong to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.version = path.with_name(f"{path.name}.from")

    def size(self) -> int:
        """Return how many bytes have arrived."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def resume(self, *, verifiable: bool) -> tuple[int, str | None]:
        """Return the offset to go on from and the validator of what is there.

        Without a hash to check or a version to ask for, two versions might be spliced.
        """
        validator = self.version.read_text("utf-8") if self.version.is_file() else ""
        if not (validator or verifiable):
            return 0, None
        return self.size(), validator or None

    def begin(self, validator: str | None) -> None:
        """Start from nothing."""
        with _naming(self.path):
            self.version.unlink(missing_ok=True)
            self.path.write_bytes(b"")
            if validator:
                self.version.write_text(validator, "utf-8")

    def drop(self) -> None:
        """Forget what has arrived."""
        self.path.unlink(missing_ok=True)
        self.version.unlink(missing_ok=True)

    def sha256(self) -> str:
        """Return the hash of what has arrived."""
        return file_digest(self.path)

    def is_page(self, served_as_html: bool) -> bool:
        """Tell whether a web page has arrived."""
        with self.path.open("rb") as file:
            head = file.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
        openings = (b"<!doctype html", b"<html", *((b"<",) if served_as_html else ()))
        return head.startswith(openings)

    def publish(self, place: Path) -> None:
        """Become the file, whole on disk."""
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
        self.path.replace(place)
        self.version.unlink(missing_ok=True)


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Add the file to an error of writing, which does not name it."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise

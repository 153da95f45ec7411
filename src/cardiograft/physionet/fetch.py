"""Fetch files of a database: resumed, retried, verified, in place only when complete.

What has arrived of a file is a `part_file.PartFile`, which outlives a killed run.
"""

import random
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cardiograft.files import file_digest
from cardiograft.physionet import listings
from cardiograft.physionet.part_file import PartFile
from cardiograft.physionet.progress import Progress
from cardiograft.physionet.transports import (
    BrokenOffError,
    RefusedError,
    SlowError,
    StaleError,
    Stream,
    Transport,
)

PAGES = (".html", ".htm", ".shtml", ".xhtml")
COMPRESSED = (".gz", ".tgz", ".z", ".bz2", ".xz", ".zst", ".br")  # files, not answers
# The longest that a file of a kind may be, and one whose server does not state its length.
LIST_BYTES, HEADER_BYTES, UNSTATED_BYTES = 1 << 29, 1 << 26, 1 << 32
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

    An attempt that brings the file `progress_bytes` forward is not fruitless, unless it was too
    slow: a server that sends a few bytes at a time would never end. The pause doubles from
    `first_s` up to `longest_s`, with up to a quarter of it added at random; a server's
    Retry-After takes its place, up to `obeyed_s`.
    """

    attempts: int = 6  # without progress
    progress_bytes: int = 1 << 15
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
    _noted_topics: set[str] = field(default_factory=set)

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
                PartFile(listings.inside(self.root, f"{name}.part")).drop()
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

        An attempt after which `reached` stands higher than ever before, by what `patience` calls
        progress, is not fruitless.
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
                progress = reached() >= best + self.patience.progress_bytes
                if progress:
                    best = reached()
                fruitless = 1 if progress and not isinstance(error, SlowError) else fruitless + 1
                if fruitless >= self.patience.attempts:
                    raise ValueError(f"{error} ({fruitless} attempts)") from error
                pause_s = self.patience.pause_s(fruitless, error.wait_s)
            if self._stop.wait(pause_s):
                raise StoppedError

    def _attempt(self, name: str, part: PartFile, expected: str | None) -> File:
        offset, validator = part.resume(verifiable=expected is not None)
        try:
            with self.transport.open(name, offset, validator) as stream:
                self._look(name, stream, expected)
                self._receive(name, stream, part)
            self._measure(name, stream, part)
        except BrokenOffError as error:
            # The length may be the lie: the hash of what has come is checked first.
            if expected is not None and part.size() and part.sha256() == expected:
                self._say("lengths", f"{error}; its hash agrees, so it is taken as whole")
                return self._publish(name, part, sha256=expected, verified=True)
            if isinstance(error, StaleError):
                part.drop()
            raise
        sha256 = part.sha256()
        self._judge(name, part, sha256, expected=expected, stream=stream)
        return self._publish(name, part, sha256=sha256, verified=sha256 == expected)

    def _look(self, name: str, stream: Stream, expected: str | None) -> None:
        """Refuse what its headers show to be of no use."""
        where = self.transport.where(name)
        if stream.led_to:
            # One line a host: a mirror that moved redirects every file.
            host = stream.led_to.partition("://")[2].partition("/")[0]
            self._say(host, f"{where}: redirected to another host, {stream.led_to}")
        if stream.encoding and expected is None and not name.lower().endswith(COMPRESSED):
            raise _encoded(where, stream)
        most = self._most(name, stream)
        if stream.total is not None and stream.total > most:
            raise _oversized(where, f"{stream.total} bytes are stated", most)

    def _most(self, name: str, stream: Stream) -> int:
        base = name.rpartition("/")[2]
        if base in (listings.RECORDS, listings.SUMS):
            return LIST_BYTES
        if base.endswith(".hea"):
            return HEADER_BYTES
        return UNSTATED_BYTES if stream.total is None else stream.total

    def _receive(self, name: str, stream: Stream, part: PartFile) -> None:
        if stream.start == 0:
            part.begin(stream)
        else:
            part.check(stream, self.transport.where(name))
        most, has = self._most(name, stream), stream.start
        with part.writing() as write:
            for chunk in stream.chunks:
                if self._stop.is_set():
                    raise StoppedError
                has += len(chunk)
                if has > most:
                    break
                write(chunk)
                self.progress.add(len(chunk))
        if has > most:
            part.drop()
            where = self.transport.where(name)
            if stream.total is not None:
                raise BrokenOffError(f"{where}: more than the {stream.total} bytes that it states")
            raise _oversized(where, "its length is not stated", most)

    def _measure(self, name: str, stream: Stream, part: PartFile) -> None:
        size = part.size()
        if stream.total is not None and size != stream.total:
            if size > stream.total:
                raise StaleError(f"{self.transport.where(name)}: {size} of {stream.total} bytes")
            raise BrokenOffError(f"{self.transport.where(name)}: {size} of {stream.total} bytes")

    def _judge(
        self, name: str, part: PartFile, sha256: str, *, expected: str | None, stream: Stream
    ) -> None:
        if sha256 == expected:
            return
        size, where = part.size(), self.transport.where(name)
        led = f", from {stream.led_to}" if stream.led_to else ""
        if not name.lower().endswith(PAGES) and part.is_page(stream.html):
            kind, note = "HTML page", f"an HTML page came in its place{led}"
        elif not name.lower().endswith(".xml") and part.is_error():
            kind, note = "error document", f"a storage service's error came in its place{led}"
        elif expected is None:
            return
        elif stream.encoding:
            part.drop()
            raise _encoded(where, stream)
        else:
            kind, note = "wrong hash", f"not the bytes that {listings.SUMS} lists"
        part.drop()
        raise DamagedError(kind, where, note=note, bytes=size, sha256=sha256)

    def _say(self, about: str, line: str) -> None:
        if about not in self._noted_topics:
            self._noted_topics.add(about)
            self.progress.note(line)

    def _publish(self, name: str, part: PartFile, *, sha256: str, verified: bool) -> File:
        place = listings.inside(self.root, name)
        part.publish(place)
        return File(path=name, bytes=place.stat().st_size, sha256=sha256, verified=verified)


def _encoded(where: str, stream: Stream) -> RefusedError:
    note = f"answered in the encoding {stream.encoding!r}, which was not asked for"
    return RefusedError("encoded file", where, note=note)


def _oversized(where: str, why: str, most: int) -> RefusedError:
    return RefusedError("oversized file", where, note=f"{why}, at most {most} are taken")

"""One database on one mirror: open a file of it, from an offset, or raise why that can't be.

Three ways in (a folder here, `https`, `s3`) with one face, so that resuming, retrying and
verifying are written once, in `fetch`.
"""

import abc
import contextlib
import errno
import filecmp
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CHUNK_BYTES = 1 << 16  # what a drop may lose
MISSING, FORBIDDEN = "missing file", "forbidden file"


class RefusedError(Exception):
    """A file that this mirror does not give, however often it is requested.

    Attributes
    ----------
    kind
        ``missing file``, ``forbidden file``, ``wrong hash``, ``HTML page``.
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


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Bytes of a file from `start` on.

    ``total`` is the whole file's size where the server states it, ``validator`` what tells
    this version of the file from another, ``html`` whether it is served as a web page.
    """

    start: int
    total: int | None
    validator: str | None
    html: bool
    chunks: Iterator[bytes]


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

"""What has arrived of a file: it grows in ``<name>.part``, and is named when it is whole.

``<name>.part.from`` beside it says what version of the file the part belongs to. Both outlive a
killed run.
"""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from cardiograft.physionet.transports import StaleError, Stream


class PartFile:
    """A file on its way, and what version of it the bytes so far belong to.

    Its hash is kept while it grows: after each drop it is known without reading the file again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.version = path.with_name(f"{path.name}.from")
        self._total: int | None = None
        self._hash, self._hashed = hashlib.sha256(), 0

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

    def begin(self, stream: Stream) -> None:
        """Start from nothing."""
        with _naming(self.path):
            self.version.unlink(missing_ok=True)
            self.path.write_bytes(b"")
            if stream.validator:
                self.version.write_text(stream.validator, "utf-8")
        self._total = stream.total
        self._hash, self._hashed = hashlib.sha256(), 0

    def check(self, stream: Stream, where: str) -> None:
        """Make sure that a stream goes on where this part ends.

        Raises
        ------
        StaleError
            It does not, or the whole has another length than it had.
        """
        known = self._total is not None and stream.total is not None
        if stream.start != self.size() or (known and stream.total != self._total):
            raise StaleError(f"{where}: changed while it was fetched")

    @contextlib.contextmanager
    def writing(self) -> Iterator[Callable[[bytes], None]]:
        """Yield what appends a chunk."""
        self._catch_up()
        with _naming(self.path), self.path.open("ab") as file:

            def write(chunk: bytes) -> None:
                file.write(chunk)
                self._hash.update(chunk)
                self._hashed += len(chunk)

            yield write

    def drop(self) -> None:
        """Forget what has arrived."""
        self.path.unlink(missing_ok=True)
        self.version.unlink(missing_ok=True)

    def sha256(self) -> str:
        """Return the hash of what has arrived."""
        self._catch_up()
        return self._hash.hexdigest()

    def _catch_up(self) -> None:
        """Hash what is on the disk where that is not what was written last."""
        if self._hashed != self.size():
            with self.path.open("rb") as file:
                self._hash = hashlib.file_digest(file, "sha256")
            self._hashed = self.size()

    def is_page(self, served_as_html: bool) -> bool:
        """Tell whether a web page has arrived."""
        head = self._head()
        return head.startswith((b"<!doctype html", b"<html")) or (
            head.startswith(b"<") and (served_as_html or b"<html" in head)
        )

    def is_error(self) -> bool:
        """Tell whether an answer of S3 that says what went wrong has arrived."""
        head = self._head()
        return head.startswith((b"<?xml", b"<error>")) and b"<error>" in head and b"<code>" in head

    def _head(self) -> bytes:
        with self.path.open("rb") as file:
            return file.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip().lower()

    def publish(self, place: Path) -> None:
        """Become the file, whole on disk."""
        with _naming(self.path), self.path.open("rb") as file:
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

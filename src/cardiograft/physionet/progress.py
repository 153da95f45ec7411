"""Progress of a download: a bar on a terminal, a plain line now and then elsewhere."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator

EVERY_S = 10.0


class Progress:
    """Counts files and bytes of one database; threads may share it."""

    def __init__(self, title: str) -> None:
        self.title, self.bytes = title, 0
        self._done = self._total = self._drawn = 0
        self._lock = threading.Lock()
        self._printed_s = time.monotonic()
        self._bar: _Bar | None = None

    def note(self, line: str) -> None:
        """Print one line."""
        sys.stderr.write(f"{self.title}: {line}\n")
        sys.stderr.flush()

    @contextlib.contextmanager
    def files(self, total: int) -> Iterator[None]:
        """Show progress over the next `total` files."""
        self._done, self._total = 0, total
        if total and sys.stderr.isatty():
            with _Bar(self.title, total) as self._bar:
                try:
                    yield
                finally:
                    self._bar = None
        else:
            yield

    def add(self, count: int) -> None:
        """Count bytes that arrived."""
        with self._lock:
            self.bytes += count
            self._show()

    def done(self) -> None:
        """Count a file that is over, whether fetched, there before or refused."""
        with self._lock:
            self._done += 1
            self._show()

    def _show(self) -> None:
        if self._bar:
            self._bar.show(self._done, self.bytes)
        elif time.monotonic() - self._printed_s > EVERY_S:
            self._printed_s = time.monotonic()
            self.note(f"{self._done} of {self._total} files, {self.bytes / 1e6:.1f} MB fetched")


class _Bar:
    def __init__(self, title: str, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Rich

        self._rich = Rich(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[fetched]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,
        )
        self._task = self._rich.add_task(title, total=total, fetched="")

    def __enter__(self) -> "_Bar":
        self._rich.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._rich.stop()

    def show(self, done: int, count: int) -> None:
        self._rich.update(self._task, completed=done, fetched=f"{count / 1e6:.1f} MB")

"""Progress over recordings: a bar on a terminal, plain lines elsewhere; all on stderr."""

import contextlib
import sys
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

EVERY_S = 10.0


class Progress:
    """Which of so many recordings is being read, and how far.

    Parameters
    ----------
    total
        Number of recordings.
    """

    def __init__(self, total: int) -> None:
        self._total, self._number = total, 0
        self._name, self._duration_s = "", 0.0
        self._last_line_s = time.monotonic()
        self._bar: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._bar = _bar()
            self._bar.start()
            self._task = self._bar.add_task("", total=1.0, hours="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def say(self, line: str) -> None:
        """Print one line."""
        if self._bar:
            # a path that is broken over lines can't be copied
            self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    @contextlib.contextmanager
    def recording(self, name: str, duration_s: float) -> Iterator[None]:
        """Show progress over the next recording, of so many seconds."""
        self._number += 1
        self._name, self._duration_s = name, duration_s
        if self._bar:  # anew, or the time left would be that of the recording before
            self._bar.reset(self._task, total=duration_s or 1.0, hours="")
        self.reached(0.0)
        yield

    def reached(self, second: float) -> None:
        """Tell how much of the recording is done."""
        title = f"{self._name} ({self._number} of {self._total})"
        hours = f"{second / 3600:.1f} of {self._duration_s / 3600:.1f} h"
        if self._bar:
            self._bar.update(self._task, description=title, completed=second, hours=hours)
        elif time.monotonic() - self._last_line_s > EVERY_S:
            self._last_line_s = time.monotonic()
            self.say(f"{title}: {hours}")


def _bar() -> Any:
    """Return a bar that is drawn on stderr and wiped at its end; stdout is left alone."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Rich

    return Rich(
        TextColumn("{task.description}", markup=False),  # a name may hold brackets
        BarColumn(),
        TextColumn("{task.fields[hours]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
    )

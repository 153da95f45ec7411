"""A terminal for tests of progress bars: what a process writes to it, as bytes and as a screen."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
import threading
from collections.abc import Iterator

import pytest

WIDE, HIGH = 100, 30
CONTROL = re.compile(r"\x1b\[(\?25[lh]|\d*[A-Za-z]|[\d;]*m)")


class Terminal:
    """A terminal of 100 columns, read as it is written; stderr from `attach` on."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", HIGH, WIDE, 0, 0))
        self.file = os.fdopen(theirs, "w", encoding="utf-8")
        self._bytes = b""
        # a terminal that nobody reads is soon full, and whoever writes to it waits
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def attach(self) -> None:
        """Let this process's stderr be the terminal; before the test itself pytest sets another."""
        self._patch.setattr(sys, "stderr", self.file)

    def _read(self) -> None:
        while True:
            try:
                new = os.read(self._ours, 1 << 16)
            except OSError:  # nobody has it open for writing any more
                return
            if not new:
                return
            self._bytes += new

    def written(self) -> str:
        """Close it; return all that was written."""
        self.file.close()
        self._reader.join(timeout=30)
        return self._bytes.decode()


def screen(written: str) -> list[str]:
    """Return what is left on the screen: lines, without those that were wiped."""
    lines, row, column = [""], 0, 0
    for part in re.split(r"(\x1b\[[?\d;]*[A-Za-z]|\r|\n)", written):
        if part == "\r":
            column = 0
        elif part == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif part.startswith("\x1b["):
            if part == "\x1b[2K":
                lines[row] = ""
            elif part.endswith("A"):
                row -= int(part[2:-1] or 1)
        else:
            lines[row] = lines[row][:column] + part + lines[row][column + len(part) :]
            column += len(part)
    return [line for line in lines if line.strip()]


def drawn(written: str) -> str:
    """Return everything that was ever drawn, without colours and movements."""
    return CONTROL.sub("", written)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """A terminal that stderr can be attached to."""
    made = Terminal(monkeypatch)
    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    yield made
    if not made.file.closed:
        made.written()

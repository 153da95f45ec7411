"""What tests of killed writers share: a file system without locks, a process that has ended."""

import errno
import fcntl
import os
import subprocess
import sys

import pytest


def no_locks(monkeypatch: pytest.MonkeyPatch, error: int = errno.ENOSYS) -> None:
    """Have every lock end in an error."""

    def refuse(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(fcntl, "flock", refuse)


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that has none."""
    no_locks(monkeypatch)


@pytest.fixture
def gone() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid

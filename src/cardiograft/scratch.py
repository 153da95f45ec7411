"""Folders for scratch files below ``TMPDIR``, which vanish with their use.

A process that is killed (SIGKILL) can't remove its own. So a folder says in its name whose it is,
``cardiograft-<system>-<process>-<random>`` (`locks.system`), and is locked as long as it is used;
the first folder that a later process makes there takes away those of the same user whose process
is no more. What may be in use, what another user owns, and what can't be removed stays; and so
does what another machine has left, or this one before it started anew: nodes may share the place,
and not their locks.
"""

import contextlib
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cardiograft import locks

PREFIX = "cardiograft-"
NAME = re.compile(rf"{PREFIX}(?P<system>[0-9a-f]{{12}}|0)-(?P<process>\d{{1,9}})-[0-9a-f]{{8}}")
TRIES = 8  # for another process may take a folder for abandoned before it is locked
FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield an empty folder of this process's own; it is removed when the block ends.

    Raises
    ------
    OSError
        It can't be made: the disk is full, say.
    """
    folder, handle = _one()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _one() -> tuple[Path, int]:
    for _ in range(TRIES):
        folder = unused()
        with contextlib.suppress(FileNotFoundError):
            return folder, made(folder)
    folder = unused()
    return folder, made(folder)


def unused() -> Path:
    """Return a path below ``TMPDIR`` that nothing has, for a folder of this process."""
    own = f"{locks.system() or 0}-{os.getpid()}-{secrets.token_hex(4)}"
    return Path(tempfile.gettempdir(), f"{PREFIX}{own}")


def made(folder: Path) -> int:
    """Make a folder that only this user can enter, and lock it; clear its place of abandoned ones.

    Returns
    -------
    int
        It opened: closed, by this process and all that have inherited it, it is unlocked.

    Raises
    ------
    FileNotFoundError
        Another process has just removed it, as abandoned: it was not yet locked. Or ``TMPDIR`` is
        not there.
    OSError
        It can't be made, or is there.
    """
    clear(folder.parent)
    folder.mkdir(mode=0o700)
    handle = os.open(folder, FLAGS)
    try:
        locks.wait(handle, folder)
        if not os.path.samestat(os.fstat(handle), folder.stat()):
            raise FileNotFoundError(str(folder))
    except OSError:
        os.close(handle)
        raise
    return handle


@cache
def clear(place: Path) -> None:
    """Remove what killed processes of this user have left in a place, once a process."""
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(place)):
            match = NAME.fullmatch(entry.name)
            if match:
                with contextlib.suppress(OSError):  # it has gone, or is another's
                    _clear(Path(entry.path), int(match["process"]), match["system"])


def _clear(left: Path, process: int, system: str) -> None:
    handle = os.open(left, FLAGS)
    try:
        own = os.fstat(handle).st_uid == os.geteuid()
        # Held while it is removed: whoever has just made it finds it locked, and makes another.
        if own and locks.same_kernel(system) and _unused(handle, process, system):
            shutil.rmtree(left, ignore_errors=True)
    finally:
        os.close(handle)


def _unused(handle: int, process: int, system: str) -> bool:
    """Tell whether nobody has a folder: by its lock, for a number may have been given anew."""
    locked = locks.hold(handle)
    if locked is None:
        return system == locks.system() and not locks.alive(process)
    return locked

"""Locks on files, and what can be known of the process that holds one, or held it.

Some of clusters' file systems have no locks, and a process number says something only where the
numbers are counted: two containers, or two machines cloned from one image, can share a name and
not their processes. So who writes something that others may find says with it which system
numbers its process (`system`); what it has left is taken away where a lock tells that it is gone,
or that system's own list of processes does.
"""

import errno
import fcntl
import hashlib
import os
from functools import cache
from pathlib import Path

# What a system answers that can't lock a file. NFS answers EBADF for a file opened to be read.
KERNEL = 6  # digits of a system's name that are the machine's since it started
NO_LOCKS = frozenset(
    {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EBADF, errno.EINVAL}
)
BOOT, SPACE = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")  # of Linux


def wait(handle: int, path: Path) -> bool:
    """Lock an open file until it is closed, as soon as nobody else has the lock.

    Returns
    -------
    bool
        False where the file system has no locks: others may be at the same file.

    Raises
    ------
    OSError
        Locking failed otherwise; the error names `path`.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno in NO_LOCKS:
            return False
        raise OSError(error.errno, os.strerror(error.errno or 0), str(path)) from error
    return True


def hold(handle: int) -> bool | None:
    """Lock an open file until it is closed, if nobody has.

    Returns
    -------
    bool or None
        Whether it is locked now; None where nobody can tell, as its file system has no locks.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def abandoned(handle: int, process: int, system_: str) -> bool:
    """Tell whether a process that holds the lock of an open file as long as it lives is no more.

    Where that is so, and there are locks, this process has the lock until it closes the file.

    Parameters
    ----------
    system_
        What numbers that process: what `system` returned there, or nothing where that is not known.
    """
    here = bool(system_) and system_ == system()
    if here and alive(process):
        return False
    locked = hold(handle)
    return here if locked is None else locked  # without locks only its own system knows


def same_kernel(system_: str) -> bool:
    """Tell whether a system runs on this machine, since its last start: in a container of it, too.

    There all see one another's locks, whatever the file system.
    """
    return bool(system_) and system_[:KERNEL] == system()[:KERNEL]


def alive(process: int) -> bool:
    """Tell whether there is a process of this number, where this process is numbered."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


@cache
def system() -> str:
    """Return which running system, and which list of its processes, has this process's number.

    Returns
    -------
    str
        12 hexadecimal digits, the first `KERNEL` of them the machine's since it started, equal for
        two processes that would find each other by their numbers. A restart has others, and so has
        a container beside this one (one that is begun again may get those of the last). Empty
        where the system does not tell.
    """
    try:
        boot, space = BOOT.read_text("ascii").strip(), str(SPACE.readlink())
    except (OSError, ValueError):
        return ""
    return _digest(boot)[:KERNEL] + _digest(f"{boot} {space}")[KERNEL:]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]

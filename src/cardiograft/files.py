"""Outputs appear whole or not at all: written beside their place, then renamed into it.

What is being written is called ``.<name>.<host>.<system>.<process>.<random>.partial``, with the
scheduler's ``.job<number>`` behind the host where there is one, and its writer holds a lock on it
(``<system>``, of `locks.system`, numbers the process). A writer that is killed leaves it behind;
the next one to write the same output removes it, unless its writer may still be alive.
"""

import contextlib
import ctypes
import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cardiograft import locks

KEY = "cardiograft"  # of this project's metadata in safetensors files
PARQUET_KEY = KEY.encode()  # ... and in Parquet files, where keys are bytes
SEAL = "content_sha256"  # of a file's content, in the file itself
# What every reader says of a file whose content has changed since it was written.
DAMAGED = "damaged: it does not hold what was written; remove it and run again"
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # Linux's, for renameat2
DISK_FAULTS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a path to write to; it becomes `path` when the block ends without an error.

    Raises
    ------
    OSError
        The disk is full, say; the error names `path`.
    """
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        clear_partials(path)
        partial = _partial(path)
        try:
            partial.touch(exist_ok=False)
            with _held(partial):
                yield partial
                _sync(partial)
                partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; it replaces `path` when the block ends without an error.

    Raises
    ------
    OSError
        As `atomic_file`.
    """
    with naming(path):
        clear_partials(path)
        partial = _partial(path)
        try:
            partial.mkdir(parents=True)
            with _held(partial):
                yield partial
                for file in partial.rglob("*"):
                    if file.is_file():
                        _sync(file)
                _put_in_place(partial, path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _put_in_place(partial: Path, path: Path) -> None:
    """Rename a folder into its place; what is there goes only when the new one has come.

    Where the system can exchange two names in one step, there is a folder at `path` at any time.
    """
    if _exchanged(partial, path):
        _remove(partial)
        return
    former = _partial(path)
    with contextlib.suppress(FileNotFoundError):
        path.rename(former)
    try:
        partial.rename(path)
    except OSError:
        with contextlib.suppress(OSError):
            former.rename(path)
        raise
    _remove(former)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False where one is missing, or nobody can (NFS)."""
    with contextlib.suppress(AttributeError, OSError, TypeError):  # of systems other than Linux
        rename = ctypes.CDLL(None).renameat2
        names = os.fsencode(one), os.fsencode(other)
        return bool(rename(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE) == 0)
    return False


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Add a file's path to a disk's error that does not name one."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FAULTS and error.filename is None:
            raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
        raise


def clear_partials(path: Path) -> None:
    """Remove what killed writers of an output have left beside it."""
    pattern = re.compile(
        rf"\.{re.escape(path.name)}\."
        r"(?:(?P<host>.+?)\.(?:job[\w-]+\.)?(?:(?P<system>[0-9a-f]{12})\.)?)?"
        r"(?P<process>\d+)(?:\.[0-9a-f]{8})?\.partial"
    )
    inside_another = any(folder.name.endswith(".partial") for folder in path.parents)
    if inside_another or not path.parent.is_dir():
        return
    for left in path.parent.iterdir():
        match = pattern.fullmatch(left.name)
        whose = match and (match["host"], match["system"] or "", int(match["process"]))
        if whose and abandoned(left, *whose):
            _remove(left)


def abandoned(left: Path, machine: str | None, system: str, process: int) -> bool:
    """Tell whether nobody writes it any more: no lock on it, and no such process here.

    Parameters
    ----------
    machine, system, process
        Its writer's name of its machine, `locks.system` and number; of an older release's output
        the system is not known, and the machine may be none.
    """
    older = not system and machine in (None, host())
    if older and locks.alive(process):
        return False
    # NFS and Lustre lock folders on each machine by itself: another's is not known to be free.
    if left.is_dir() and not (older or locks.same_kernel(system)):
        return False
    try:
        handle = os.open(left, os.O_RDONLY)
    except OSError:
        return False
    try:
        return locks.abandoned(handle, process, system)
    finally:
        os.close(handle)


def host() -> str:
    """Return this machine's name, as it may stand in a file's name."""
    return re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:32] or "host"


def scheduled() -> str:
    """Return the number that a scheduler gave this job, or nothing."""
    return re.sub(r"[^A-Za-z0-9-]", "-", os.environ.get("SLURM_JOB_ID", ""))


def _partial(path: Path) -> Path:
    job, system = (f"{part}." if part else "" for part in (_job(), locks.system()))
    own = f"{host()}.{job}{system}{os.getpid()}.{secrets.token_hex(4)}"
    return path.with_name(f".{path.name}.{own}.partial")


def _job() -> str:
    return f"job{scheduled()}" if scheduled() else ""


@contextlib.contextmanager
def _held(partial: Path) -> Iterator[None]:
    handle = os.open(partial, os.O_RDONLY)
    try:
        locks.hold(handle)
        yield
    finally:
        os.close(handle)


def reserve(file: Path, size: int) -> None:
    """Make a file of so many bytes that the disk really has.

    A file that is only mapped into memory takes its room page by page, and a full disk then
    ends the process on the spot.

    Raises
    ------
    OSError
        The disk is full.
    """
    with naming(file), file.open("wb") as opened:
        if size and hasattr(os, "posix_fallocate"):
            os.posix_fallocate(opened.fileno(), 0, size)


def write_json(path: Path, content: Any) -> None:
    """Write JSON atomically, indented, keys in the order given; an object gets a last key, `SEAL`.

    `read_json` compares it with the content.
    """
    if isinstance(content, dict):
        content = {**content, SEAL: digest_of(content)}
    with atomic_file(path) as partial:
        partial.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object, without its `SEAL`.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        It is not one, or not as it was written.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ValueError(f"{path}: not a JSON object")
    return unsealed(content, path, digest_of)


def unsealed(
    content: dict[str, Any], path: Path, digest: Callable[[dict[str, Any]], str]
) -> dict[str, Any]:
    """Return what a file holds beside its `SEAL`; without one, of an older release, all of it.

    Raises
    ------
    ValueError
        The seal is not the digest of the rest.
    """
    if SEAL in content:
        candidates = [SEAL]
    else:  # of a file with a seal, that may be the key in which a byte has changed
        candidates = [k for k, v in content.items() if isinstance(v, str) and len(v) == 64]
    for key in candidates:
        rest = {k: v for k, v in content.items() if k != key}
        sealed = content[key] == digest(rest)
        if sealed and key == SEAL:
            return rest
        if sealed or key == SEAL:
            raise ValueError(f"{path}: {DAMAGED}")
    return content


def digest_of(content: Any) -> str:
    """Return the SHA-256 of what can be written as JSON, whatever the order of its keys."""
    plain = json.loads(json.dumps(content))  # a tuple is a list there, and a number a key's name
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def file_digest(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""A ledger of looks: every network that was scored on a test part, one line each.

Who looks at a test part again and again, and keeps what does best, has chosen on it. How often
that was possible can't be seen in a run's results, which a later run replaces. So each evaluation
of a test part, and each epoch after which a training measures one to keep the best, adds a line to
``looks.jsonl``, beside the results: what is evaluated, digests of the split, of the people tested
and of the weights. Lines are only ever added. The same weights on the same split are one look
however often they are evaluated, whether in a rerun or under another name: nothing new is seen.

No job has the ledger as its input or output: a look makes nothing run again.
"""

import contextlib
import errno
import hashlib
import json
import os
import random
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cardiograft import locks
from cardiograft.files import naming

# What makes a look a new one.
NEW_BY = ("split_digest", "weights_sha256")
KEYS = (*NEW_BY, "people_digest", "setting", "simulated")
REWRITES = 8  # of a line that another machine has written over
EPOCH = "epoch"  # which a look has that a training took, and an evaluation's has not
Look = dict[str, Any]


def people_digest(subjects: Iterable[str]) -> str:
    """Return a digest of who is tested: equal for the same people, however they are cut."""
    return hashlib.sha256("\n".join(sorted(set(subjects))).encode()).hexdigest()


def setting(spec: Mapping[str, Any]) -> str:
    """Return a digest of what a model is asked for, whatever its seed and its parts."""
    kept = {key: value for key, value in spec.items() if key not in ("seed", "parts")}
    if isinstance(kept.get("training"), Mapping):
        kept["training"] = {k: v for k, v in kept["training"].items() if k != "seed"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def record(ledger: Path, seen: Look) -> bool:
    """Add a look to a ledger, unless it holds it; return whether it was added.

    Safe beside other jobs: each holds a lock on the file, and writes its line at the end in one
    piece. A line that could not be written whole (the disk is full) is taken back.

    Where the file system has no locks, a line that could not be written whole stays, for what
    stands behind it may be another job's; each line begins on a new one, and is looked for when
    it is written. Two jobs that add the same look at once may both add it: `read` has it once.

    Raises
    ------
    OSError
        The ledger can't be written: what was not recorded must not be seen either. The error
        names it.
    """
    ledger.parent.mkdir(parents=True, exist_ok=True)
    with _opened(ledger) as (handle, alone):
        if _known(ledger, seen):
            return False
        when = datetime.now(UTC).isoformat(timespec="seconds")
        line = json.dumps({"when": when, **seen}, ensure_ascii=False) + "\n"
        (_append if alone else _append_beside_others)(handle, ledger, line.encode())
    return True


def read(ledger: Path) -> tuple[list[Look], int]:
    """Return the looks of a ledger in the order of time, and how many lines are none.

    A ledger that is not there holds nothing. A line that can't be read counts as one: it is
    left where it is, and said.
    """
    if not ledger.exists():
        return [], 0
    looks: dict[tuple[Any, ...], Look] = {}
    unreadable = 0
    for line in ledger.read_bytes().splitlines():
        one = _parsed(line)
        if one is not None:
            looks.setdefault(_identity(one), one)
        elif line.strip():
            unreadable += 1
    return list(looks.values()), unreadable


def _parsed(line: bytes) -> Look | None:
    try:
        one = json.loads(line)
    except ValueError:
        return None
    return one if isinstance(one, dict) and all(key in one for key in KEYS) else None


def _known(ledger: Path, seen: Look) -> bool:
    # A training asks after every epoch: lines without these weights are not taken apart.
    wanted = str(seen["weights_sha256"]).encode()
    lines = ledger.read_bytes().splitlines()
    looks = (_parsed(line) for line in lines if wanted in line)
    return any(_identity(one) == _identity(seen) for one in looks if one is not None)


def _identity(one: Look) -> tuple[Any, ...]:
    """Return what makes a look another one; an epoch's and an evaluation's of a network are two."""
    return (*(str(one[key]) for key in NEW_BY), EPOCH in one)


@contextlib.contextmanager
def _opened(ledger: Path) -> Iterator[tuple[int, bool]]:
    """Open a ledger to add to it; whether no other job does at the same time stands beside it."""
    handle = os.open(ledger, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        yield handle, locks.wait(handle, ledger)
    finally:
        os.close(handle)


def _append(handle: int, ledger: Path, line: bytes) -> None:
    size = os.fstat(handle).st_size
    if size and os.pread(handle, 1, size - 1) != b"\n":
        line = b"\n" + line  # what a crash cut short stays a line of its own
    try:
        _write(handle, ledger, line)
    except OSError:
        os.ftruncate(handle, size)
        raise


def _append_beside_others(handle: int, ledger: Path, line: bytes) -> None:
    """Add a line where others may be adding theirs: to the end as it is then, in one write.

    Its place is the system's to choose (O_APPEND). Not every one that lacks locks chooses rightly
    for two machines at once (NFS): a line that has been written over is written again.
    """
    for _ in range(REWRITES):
        _write(handle, ledger, b"\n" + line)  # what was cut short stays a line of its own
        if line in ledger.read_bytes():  # opened anew, for what other machines have written
            return
        time.sleep(random.uniform(0.01, 0.1))
    raise OSError(errno.EIO, "The line was written over by others", str(ledger))


def _write(handle: int, ledger: Path, line: bytes) -> None:
    with naming(ledger):
        if os.write(handle, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(handle)

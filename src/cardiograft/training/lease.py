"""One job at a time trains on a state: it holds a lease, which lies beside the state's folder.

The lease names its holder: the machine, the scheduler's job, the process. The holder renews the
file's time now and then. Whoever comes second waits a little, for the first may be saving its
state to end, and then stops in a line. A lease is taken over where its holder is known to be dead
(a process that this very system numbers, and that is no more; an earlier run of the same requeued
job) or has been silent for long (`Waits`); not while it still has its lock, as a process that was
stopped has. A machine of the same name may be another one, or a container: of its processes this
system knows nothing, and who has its lock no more is dead only if it also misses signs of life.
"""

import contextlib
import json
import os
import random
import secrets
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from cardiograft import locks
from cardiograft.cli import say
from cardiograft.files import abandoned, host, naming, scheduled


@dataclass(frozen=True)
class Holder:
    """Who trains.

    Attributes
    ----------
    job, restart
        The scheduler's number of the job, empty without one, and how often it was requeued.
    token
        Of this one training.
    system
        Which running system numbers the process (`locks.system`); nothing where that is not known,
        as in leases of older releases.
    """

    host: str
    job: str
    restart: int
    process: int
    token: str
    system: str = ""

    def named(self) -> str:
        """Return whom a user has to look for."""
        job = f"job {self.job} on {self.host}" if self.job else self.host
        return f"{job}, process {self.process}"


def this_process() -> Holder:
    """Return the holder that this process would be."""
    restart = os.environ.get("SLURM_RESTART_COUNT", "")
    return Holder(
        host=host(),
        job=scheduled(),
        restart=int(restart) if restart.isdecimal() else 0,
        process=os.getpid(),
        token=secrets.token_hex(8),
        system=locks.system(),
    )


@dataclass(frozen=True)
class Lease:
    """A lease that this process has taken.

    Attributes
    ----------
    waited
        Whether another job has held it, and this one has waited for it.
    """

    file: Path
    holder: Holder
    waited: bool = False

    def lost(self) -> str:
        """Return what has become of it, where this process holds it no more; else nothing."""
        now = _read(self.file)
        if now == self.holder:
            return ""
        if now is None and not self.file.exists():
            return "is gone"
        return f"was taken over by {now.named()}" if now else "was taken over"

    def check(self) -> None:
        """Refuse to go on without it.

        Raises
        ------
        ValueError
            Another job has taken this one for dead, and holds it now; or someone has removed it.
        """
        how = self.lost()
        if how:
            raise ValueError(f"{self.file}: the lease {how}; nothing was published")


class Waits(NamedTuple):
    """How long is waited for what, in seconds.

    Attributes
    ----------
    beat_s
        Between two signs of life.
    stale_s
        Silence after which a holder on another machine is taken for dead.
    patience_s
        Spent waiting for a holder that lives.
    settle_s
        Between putting a lease in place of a stale one and believing it: of two jobs that do so
        at once, each sees by then which one has it.
    """

    beat_s: float = 15.0
    stale_s: float = 300.0
    patience_s: float = 60.0
    settle_s: float = 2.0


WAITS = Waits()


@contextlib.contextmanager
def leased(state: Path, waits: Waits = WAITS) -> Iterator[Lease]:
    """Hold the lease of a state's folder while the block runs.

    A holder that finds its lease taken by another, as after a machine's long sleep, ends itself
    as if it had been signalled to.

    Parameters
    ----------
    state
        The folder; the lease is ``<state>.lease``.

    Raises
    ------
    ValueError
        Another job holds it, and lives.
    """
    file = state.with_name(f"{state.name}.lease")
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, lease = _acquired(file, waits)
    ended = threading.Event()
    beats = threading.Thread(target=_beat, args=(lease, waits.beat_s, ended), daemon=True)
    beats.start()
    try:
        yield lease
    finally:
        ended.set()
        beats.join()
        with contextlib.suppress(OSError):
            if not lease.lost():
                file.unlink()
        os.close(handle)


def _acquired(file: Path, waits: Waits) -> tuple[int, Lease]:
    """Return the open file of a lease, which stays locked, and the lease."""
    own, began, waited, stuck = this_process(), time.monotonic(), False, 0
    while True:
        with contextlib.suppress(FileExistsError):
            return _written(file, own), Lease(file, own, waited)
        holder, silent = _read(file), _silence(file)
        if silent is not None:  # or it has gone meanwhile
            stale = silent > waits.stale_s
            # Who has missed several beats may be dead: that is waited for, however long it takes.
            speaks = silent < 4 * waits.beat_s
            if stale or (holder is not None and _dead(file, holder, own, speaks=speaks)):
                handle = _taken_over(file, holder, own, settle_s=waits.settle_s)
                if handle is not None:
                    who = _named(holder)
                    say(f"taking over a training from {who}, last seen {silent:.0f} s ago")
                    return handle, Lease(file, own, waited)
            # Once it may be another's that is just taking it over; twice, its holder has the lock.
            stuck = stuck + 1 if stale else 0
            if time.monotonic() - began >= waits.patience_s and (speaks or stuck > 1):
                raise ValueError(_held(file, holder, silent, hangs=not speaks))
            if not waited:
                say(f"waiting for {_named(holder)}, which trains on the same state")
                waited = True
        time.sleep(min(1.0, waits.patience_s / 4) * random.uniform(0.5, 1.0))


def _named(holder: Holder | None) -> str:
    return holder.named() if holder else "an unknown job"


def _held(file: Path, holder: Holder | None, silent: float, *, hangs: bool) -> str:
    """Return why a job can't train on a state, and what a user may do."""
    state, who, since = file.with_suffix(""), _named(holder), f"last seen {silent:.0f} s ago"
    end = f" (scancel {holder.job})" if holder and holder.job else ""
    if hangs:
        return (
            f"{state}: another job trains on this state: {who}, which is stopped or hangs, {since};"
            f" let it go on (kill -CONT), or end it{end}, and run again"
        )
    return (
        f"{state}: another job trains on this state: {who}, {since}; wait for it, or end it{end},"
        " and run again"
    )


def _written(file: Path, holder: Holder) -> int:
    """Write a lease where there is none; return it open and locked."""
    with naming(file):
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            locks.hold(handle)
            _fill(handle, holder)
        except OSError:
            file.unlink()
            os.close(handle)
            raise
    return handle


def _fill(handle: int, holder: Holder) -> None:
    os.ftruncate(handle, 0)
    os.write(handle, json.dumps(asdict(holder)).encode() + b"\n")
    os.fsync(handle)


def _taken_over(file: Path, before: Holder | None, own: Holder, *, settle_s: float) -> int | None:
    """Take a stale lease over; return it open and locked.

    None where another was faster, or its holder is stopped: then it still has the lock.
    """
    if before is not None and before.host == own.host:
        try:
            handle = os.open(file, os.O_RDWR)
        except FileNotFoundError:
            return None
        locked = locks.hold(handle)
        if locked and _read(file) == before:  # under the lock: of one machine's jobs one comes here
            _fill(handle, own)
            return handle
        os.close(handle)
        if locked is not None:
            return None
    return _replaced(file, own, settle_s=settle_s)  # from another machine, or without locks


def _replaced(file: Path, own: Holder, *, settle_s: float) -> int | None:
    """Put a lease in place of a stale one; of several that do so, the last one has it."""
    beside = file.with_name(f".{file.name}.{own.token}.partial")
    handle = _written(beside, own)
    beside.replace(file)
    time.sleep(settle_s)
    if _read(file) == own:
        return handle
    os.close(handle)
    return None


def _read(file: Path) -> Holder | None:
    try:
        return Holder(**json.loads(file.read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):  # or is just being written
        return None


def _silence(file: Path) -> float | None:
    """Return the seconds since the last beat by the clock of the file system; None if no lease."""
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.") as now:
        try:
            return max(0.0, (os.fstat(now.fileno()).st_mtime_ns - file.stat().st_mtime_ns) / 1e9)
        except FileNotFoundError:
            return None


def _dead(file: Path, holder: Holder, own: Holder, *, speaks: bool) -> bool:
    """Tell whether a holder is known to be no more."""
    if holder.job and holder.job == own.job and holder.restart < own.restart:
        return True  # the scheduler ended that run before it began this one
    known = bool(own.system) and holder.system == own.system
    if holder.host != own.host or (speaks and not known):
        return False
    return abandoned(file, holder.host, holder.system, holder.process)


def _beat(lease: Lease, beat_s: float, ended: threading.Event) -> None:
    """Give signs of life until the end; where the lease is lost, end this process."""
    while not ended.wait(beat_s):
        try:
            how = lease.lost()
            if how:
                say(f"{lease.file}: the lease {how}; this job stops")
                os.kill(os.getpid(), signal.SIGTERM)
                return
            os.utime(lease.file)
        except OSError as error:  # the disk may answer again
            say(f"{lease.file}: {error.strerror}")

"""A disk that fills up while a job writes: one line, nothing half written, and a rerun heals.

The disk is a small tmpfs in a mount namespace of one's own, which ends with its process; where
none can be made, the size of each file is bounded instead.
"""

import ctypes
import functools
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from faults.counting import Count
from faults.stages import Job, Study, Within, _run, contents, partials, processes

CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
MS_REMOUNT, MS_REC, MS_PRIVATE = 32, 1 << 14, 1 << 18
LARGE, PAGE = 1 << 28, 4096
LINE = ("No space left on device", "File too large")


def counts(study: Study, folder: Path, names: Iterable[str], sizes: int) -> list[Count]:
    """Run each job on disks of several sizes, from empty to nearly large enough."""
    results = []
    for name in names:
        count = Count(f"{name}: the disk is full")
        place, outcomes = folder / name.replace(" ", "-"), folder / f"{name}.outcomes"
        place.mkdir(parents=True)
        job = _moved(study.jobs()[name], place / "disk")
        process = processes().Process(target=_try_all, args=(job, place, sizes, outcomes))
        process.start()
        process.join()
        lines = outcomes.read_text("utf-8").splitlines() if outcomes.is_file() else []
        for line in lines:
            end, _, failure = line.partition("\t")
            count.add(end, failure or None)
        if process.exitcode:
            count.add("", f"the test itself ended with {process.exitcode}")
        results.append(count)
    return results


def _moved(job: Job, disk: Path) -> Job:
    """Return a job that writes all that it writes below a folder."""
    places = {k: disk / k / Path(v).name for k, v in job.arguments.items() if k in WRITTEN}
    outputs = tuple(v for k, v in places.items() if k in ("out", "audit"))
    return replace(job, arguments={**job.arguments, **places}, outputs=outputs)


WRITTEN = ("out", "audit", "data", "state")


def _try_all(job: Job, place: Path, sizes: int, outcomes: Path) -> None:
    disk, log = place / "disk", place / "log"
    disk.mkdir()
    mounted = _mounted(disk)
    status, output = _forked(job, log, None)
    if status:
        raise AssertionError(output)
    expected = contents(job.outputs)
    largest = max((f.stat().st_size for f in disk.rglob("*") if f.is_file()), default=0)
    used = sum(-(-f.stat().st_size // PAGE) + 1 for f in disk.rglob("*")) * PAGE
    for turn in range(sizes):
        share = turn / sizes
        _wipe(disk)
        limit = round(share * largest)
        if mounted:
            limit = max(round(share * used / PAGE), 1) * PAGE
            _mount(disk, limit, again=True)
        within = None if mounted else functools.partial(_small_files, limit)
        status, output = _forked(job, log, within)
        half = [p for p, digest in contents(job.outputs).items() if expected.get(p) != digest]
        left = partials(disk)
        if mounted:
            _mount(disk, LARGE, again=True)
        healed, output_again = _forked(job, log, None)
        what = f"{limit} of {used if mounted else largest} bytes"
        if status == 0:
            line = "there was room\t"
        elif half or left:
            line = f"\t{what}: half written {half} {left}"
        elif status != 1 or "Traceback" in output or not any(one in output for one in LINE):
            line = f"\t{what}: status {status}: {' '.join(output.split())[-300:]}"
        elif healed or contents(job.outputs) != expected:
            line = f"\t{what}: not healed: {healed} {' '.join(output_again.split())[-300:]}"
        else:
            line = "said, healed\t"
        with outcomes.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def _forked(job: Job, log: Path, within: Within | None) -> tuple[int, str]:
    """Run a job in this process's namespace."""
    log.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        _as_script(lambda: _run(job.argv(), str(log), within))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), log.read_text("utf-8", errors="replace")


def _as_script(run: Callable[[], None]) -> None:
    code = 1
    try:
        run()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
        if isinstance(end.code, str):
            os.write(2, end.code.encode() + b"\n")
    except BaseException:
        sys.excepthook(*sys.exc_info())
    sys.stderr.flush()
    os._exit(code)


def _wipe(disk: Path) -> None:
    for path in disk.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _small_files(limit: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def _mounted(disk: Path) -> bool:
    """Mount a disk, if that can be done here, seen by this process and its children alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    namespaces = CLONE_NEWNS if os.geteuid() == 0 else CLONE_NEWNS | CLONE_NEWUSER
    if libc.unshare(namespaces) or libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None):
        return False
    return _mount(disk, LARGE)


def _mount(disk: Path, size: int, *, again: bool = False) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    flags = MS_REMOUNT if again else 0
    options = f"size={size},nr_inodes=10000".encode()
    failed = libc.mount(b"none", str(disk).encode(), b"tmpfs", flags, options)
    if failed and again:
        raise OSError(ctypes.get_errno(), "remount", str(disk))
    return not failed

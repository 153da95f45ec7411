"""Jobs ended by kill -9, SIGTERM and Ctrl-C, and run again: the same bytes, and nothing left over.

A training is ended after its state has been seen to change on disk, not after a time; any other
job at one of the operations on files that it does, each as good as any.
"""

import functools
import os
import random
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from faults.counting import Count
from faults.stages import Job, Running, Study, contents, done, must, partials

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
ENDS = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}
SAVE_EVERY_S = 0.01
RESUMED = re.compile(r"resuming at epoch (\d+), step (\d+)")


def trainings(study: Study, folder: Path, names: Iterable[str], moments: int) -> list[Count]:
    """End each training `moments` times after a saved state, whatever it takes; then let it end."""
    return [_training(study.jobs()[name], folder / name, name, moments) for name in names]


def _training(calm: Job, folder: Path, name: str, moments: int) -> Count:
    """Run a training that has run calmly once more, elsewhere, ended again and again."""
    count = Count(f"{name}: killed, terminated, interrupted after a saved state")
    folder.mkdir(parents=True)
    lottery, kills, mid = random.Random(name), 0, 0
    for attempt in range(4 * moments):
        if kills >= moments:
            break
        home = folder / str(attempt)
        job = _elsewhere(calm, home)
        end_count = 0
        while kills < moments:
            number = SIGNALS[kills % len(SIGNALS)]
            running = Running(job, home / f"log.{kills}")
            if not _ended_after_a_state(running, job.arguments["state"], number, lottery):
                break  # it came to its end first
            if running.wait() == 0:
                break  # the signal came when all was done
            kills += 1
            _judge_end(count, number, running.wait(), running.log_text())
            if _stamp(job.arguments["state"]):
                end_count += 1
            elif not (home / "out").is_dir():  # the state goes when the result is there
                count.add("", f"{signal.Signals(number).name}: neither a state nor a result")
        status, output = done(job, home / "log.last")
        logs = "".join(p.read_text("utf-8") for p in home.glob("log.*"))
        steps = [int(step) for _, step in RESUMED.findall(logs)]
        mid += sum(step > 0 for step in steps)
        _judge_whole(
            count, calm, job, resumed=len(steps), end_count=end_count, output=output, status=status
        )
    if not mid:
        count.add("", "no state of the middle of an epoch was resumed")
    count.fault += f" ({mid} in an epoch's middle)"
    return count


def _elsewhere(calm: Job, home: Path) -> Job:
    home.mkdir()
    places = {"state": home / "state", "out": home / "out", "save-every": SAVE_EVERY_S}
    return replace(calm, arguments={**calm.arguments, **places}, outputs=(home / "out",))


def _stamp(folder: Path) -> list[tuple[str, int, int]]:
    stamps = []
    for file in sorted(folder.glob("*/state.safetensors")):
        try:
            about = file.stat()
        except FileNotFoundError:
            continue
        stamps.append((str(file), about.st_ino, about.st_mtime_ns))
    return stamps


def _ended_after_a_state(
    running: Running, folder: Path, number: int, lottery: random.Random
) -> bool:
    """Signal a training once its state has changed on disk; False where it ends before."""
    for _ in range(lottery.randint(1, 3)):
        before = _stamp(folder)
        while (now := _stamp(folder)) == before or not now:
            if not running.alive:
                return False
            time.sleep(0.001)
    time.sleep(lottery.uniform(0, 0.02))  # not always just after the rename
    running.signal(number)
    return True


def _judge_end(count: Count, number: int, status: int, output: str) -> None:
    name, expected = signal.Signals(number).name, ENDS[signal.Signals(number)]
    if status != expected:
        count.add(name, f"{name}: status {status}, not {expected}: {output[-200:]}")
    elif "Traceback" in output:
        count.add(name, f"{name}: a traceback: {output[-200:]}")
    else:
        count.add(name)


def _judge_whole(
    count: Count, calm: Job, job: Job, *, resumed: int, end_count: int, output: str, status: int
) -> None:
    """Judge a training that was ended `asked` times, by what it left."""
    home, (out,), (before,) = job.outputs[0].parent, job.outputs, calm.outputs
    if status:
        count.add("", f"in the end: status {status}: {output[-300:]}")
        return
    wrong = [f for f in ("model.safetensors", "history.parquet") if not _same(out / f, before / f)]
    if wrong:
        count.add("", f"after {end_count} ends {wrong} differ from an uninterrupted run")
    elif resumed < end_count:
        count.add("", f"{end_count} ends, but only {resumed} resumptions")
    elif left := partials(home):
        count.add("", f"left over: {left}")
    elif job.arguments["state"].exists():
        count.add("", "the state outlives the training")
    else:
        count.add("whole runs, bytes equal")
    shutil.rmtree(home)


def _same(one: Path, other: Path) -> bool:
    return one.is_file() and one.read_bytes() == other.read_bytes()


# Any other job: ended at one of its operations on files.

WRITES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree")


def _watch(root: str, file: str, at: int | None, number: int) -> None:
    """Count operations below a folder from now on, into a file; signal oneself at one of them."""
    state = {"count": 0}

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            writing = isinstance(arguments[1], str) and set(arguments[1]) & set("wxa+")
            if not (writing or (isinstance(arguments[2], int) and arguments[2] & os.O_ACCMODE)):
                return
        elif event not in WRITES:
            return
        if not str(arguments[0]).startswith(root):
            return
        state["count"] += 1
        if at is None:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(handle, b".")
            os.close(handle)
        elif state["count"] == at:
            os.kill(os.getpid(), number)

    sys.addaudithook(hook)


def others(study: Study, folder: Path, names: Iterable[str], moments: int) -> list[Count]:
    """End each job `moments` times, each at another operation on files; run it again each time."""
    return [_other(study, study.jobs()[name], folder, name, moments) for name in names]


def _other(study: Study, job: Job, folder: Path, name: str, moments: int) -> Count:
    count = Count(f"{name}: killed, terminated, interrupted while it writes")
    folder.mkdir(parents=True, exist_ok=True)
    log, tally = folder / f"{name}.log", folder / f"{name}.count"
    root = str(study.root)
    before = contents(job.outputs)
    watch = functools.partial(_watch, root, str(tally))
    _forget(job)
    status, output = done(job, log, functools.partial(watch, None, 0))
    if status or contents(job.outputs) != before:
        count.add("", f"run again, it differs: {status} {output[-300:]}")
        return count
    operations = len(tally.read_bytes())
    chosen = [1 + round(k * (operations - 1) / max(moments - 1, 1)) for k in range(moments)]
    for turn, at in enumerate(chosen):
        number = SIGNALS[turn % len(SIGNALS)]
        _forget(job)
        status, output = done(job, log, functools.partial(watch, at, number))
        half = [p for p, digest in contents(job.outputs).items() if before.get(p) != digest]
        status_again, output_again = done(job, log)
        what = f"{signal.Signals(number).name} at operation {at} of {operations}"
        if half:
            count.add("", f"{what}: half written {half}")
        elif status not in (0, ENDS[number]) or "Traceback" in output:
            count.add("", f"{what}: status {status}: {output[-300:]}")
        elif status_again or contents(job.outputs) != before:
            count.add("", f"{what}: not healed, {status_again}: {output_again[-300:]}")
        elif left := partials(study.root):
            count.add("", f"{what}: left over {left}")
        else:
            count.add("healed, bytes equal")
    return count


def _forget(job: Job) -> None:
    """Remove outputs, as Snakemake does before it runs a job."""
    for place in job.outputs:
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)


def prepare(study: Study, folder: Path, last: str | None = None) -> None:
    """Run the study's jobs, as far as the one that is named."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, job in study.jobs().items():
        must(job, folder / "prepared.log")
        if name == last:
            return


def state_of(study: Study, folder: Path, place: Path) -> None:
    """Put a training's saved state, killed after it, into a folder."""
    folder.mkdir(parents=True)
    job = _elsewhere(study.jobs()["scratch"], folder / "home")
    running = Running(job, folder / "log")
    if not _ended_after_a_state(running, job.arguments["state"], signal.SIGKILL, random.Random(0)):
        raise AssertionError(running.log_text())
    running.wait()
    place.mkdir(parents=True)
    (state,) = job.arguments["state"].glob("*/state.safetensors")
    shutil.copy(state, place)

"""Run a stage as its own process on one thread: its processor time, and its peak memory."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# The peak that `getrusage` gives of a child counts its parent's memory at the fork, too.
WATCHED = """
import atexit, re, runpy, sys, time
def cost():
    peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]
    sys.stderr.write(f"\\n{time.process_time()} {peak}\\n")
atexit.register(cost)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@dataclass(frozen=True)
class Axis:
    """What a stage's cost is laid over.

    Attributes
    ----------
    unit
        In words.
    segments
        How many segments of the benchmark's sizes stand for one of them.
    target
        The number that costs are extrapolated to, and what it is in words.
    """

    unit: str
    segments: int
    target: int
    means: str = ""


@dataclass(frozen=True)
class Job:
    """One process: a row of the table, and what runs.

    Attributes
    ----------
    stage
        Of the script.
    arguments, places
        By name, and those without one.
    given
        What it reads of its standard input.
    """

    row: str
    stage: str
    axis: Axis
    arguments: Mapping[str, Any]
    given: str = ""
    places: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Cost:
    """Of one process."""

    cpu_s: float
    peak_mb: float


@dataclass(frozen=True)
class Borrowed:
    """Which stages run at the smallest size alone, and lend the other sizes what they wrote."""

    only: Sequence[str]
    first: Path
    at: Path

    def needed(self, *stages: str) -> bool:
        """Return whether some of these stages run here."""
        return not self.only or self.at == self.first or any(one in self.only for one in stages)

    def lend(self, job: Job) -> None:
        """Copy what a stage wrote at the smallest size."""
        for name in ("out", "audit"):
            place = job.arguments.get(name)
            if place is not None and not Path(place).exists():
                copied(self.first / Path(place).relative_to(self.at), Path(place))


def measured(job: Job) -> Cost:
    """Run a job and return what it took.

    Raises
    ------
    SystemExit
        It failed; the message is its own.
    """
    words = [*map(str, job.places)]
    for name, value in job.arguments.items():
        words += [f"--{name}", *map(str, value if isinstance(value, list) else [value])]
    line = [sys.executable, "-c", WATCHED, str(SCRIPTS / f"{job.stage}.py"), *words]
    environment = {**os.environ, **dict.fromkeys(THREADS, "1"), "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        line, input=job.given, stderr=subprocess.PIPE, text=True, check=False, env=environment
    )
    if done.returncode:
        raise SystemExit(f"{job.row}: {done.stderr}")
    cpu_s, peak_kb = done.stderr.splitlines()[-1].split()
    return Cost(float(cpu_s), float(peak_kb) / 1e3)


def copied(source: Path, place: Path) -> None:
    """Copy a file or a folder, with the folders that it lies in."""
    place.parent.mkdir(parents=True, exist_ok=True)
    (shutil.copytree if source.is_dir() else shutil.copyfile)(source, place)

"""Processor time and peak memory of every stage at 1, 4 and 16 times as much input.

Each stage runs as its own process, on one thread, on made-up input: most are laid over the number
of segments; download and segment over the number of recordings, and over the length of a single
one; tabulate and report over the number of evaluations, whose tables are what they read.

The exponent is that between the two largest sizes: 1 is proportional, 2 is everything against
everything else. The start of Python and of its libraries is in every figure and hides what grows;
the exponent in brackets is without it. The last column goes on along the line through the two
largest sizes.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from scaling import beats, recordings, studies
from scaling.processes import Axis, Cost, Job, measured
from scaling.table import show

Costs = dict[str, tuple[Axis, list[Cost]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segments", type=int, default=5000, help="of the smallest size")
    parser.add_argument("--times", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--recordings", action="store_true", help="download and segment alone")
    given = parser.parse_args()
    if len(given.times) < 2 or given.times != sorted(set(given.times)):
        parser.error("--times: two numbers or more, ascending")
    costs_by_stage: Costs = {}
    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder) / str(given.times[0])
        for many in given.times:
            segments, at = given.segments * many, Path(folder) / str(many)
            take(many, recordings.jobs(at, segments), costs_by_stage)
            if given.recordings:
                continue
            take(many, beats.jobs(at, segments), costs_by_stage)
            take(many, studies.jobs(at / "studies", first, segments), costs_by_stage)
    show(given.times, given.segments, costs_by_stage)


def take(many: int, jobs: Iterable[Job], costs_by_stage: Costs) -> None:
    """Measure jobs one after another, each row once a size."""
    once = set()
    for job in jobs:
        cost = measured(job)
        if job.row not in once:  # the second run's differ in noise alone
            costs_by_stage.setdefault(job.row, (job.axis, []))[1].append(cost)
        once.add(job.row)
        print(json.dumps([many, job.row, vars(cost)]), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

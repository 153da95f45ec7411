"""Processor time and peak memory of every stage at 1, 4 and 16 times as much input.

Each stage runs as its own process, on one thread, on made-up input: most are laid over the number
of segments; download, segment and apply over the number of recordings, and over the length of a
single one; outside and hdf5 over the number of weights; cost over the number of networks; tabulate,
report and publish over the number of evaluations, whose tables are what they read.

The exponent is that between the two largest sizes: 1 is proportional, 2 is everything against
everything else. The start of Python and of its libraries is in every figure and hides what grows;
the exponent in brackets is without it. The last column goes on along the line through the two
largest sizes.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from scaling import beats, recordings, studies, weights
from scaling.processes import Axis, Borrowed, Cost, Job, measured
from scaling.table import show

OF_RECORDINGS = {"download", "segment"}
Costs = dict[str, tuple[Axis, list[Cost]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segments", type=int, default=5000, help="of the smallest size")
    parser.add_argument("--times", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="STAGE",
        help="measure these; what they read of others is made at the smallest size alone",
    )
    given = parser.parse_args()
    if len(given.times) < 2 or given.times != sorted(set(given.times)):
        parser.error("--times: two numbers or more, ascending")
    costs_by_stage: Costs = {}
    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder) / str(given.times[0])
        for many in given.times:
            segments, at = given.segments * many, Path(folder) / str(many)
            borrowed = Borrowed(given.only, first, at)
            for jobs in sources(borrowed, segments):
                take(many, jobs, costs_by_stage, borrowed)
    whole = {row: its for row, its in costs_by_stage.items() if len(its[1]) == len(given.times)}
    show(given.times, given.segments, whole)


def sources(borrowed: Borrowed, segments: int) -> Iterator[Iterable[Job]]:
    """Yield what makes inputs of one size, each with the stages that read them."""
    at, first = borrowed.at, borrowed.first
    if borrowed.needed(*OF_RECORDINGS):
        yield recordings.jobs(at, segments)
    else:
        recordings.write(at, segments)
    if borrowed.only and set(borrowed.only) <= OF_RECORDINGS:
        return  # they read nothing of other stages
    yield beats.jobs(at, segments)
    yield recordings.applied(at, first / "transfer/one/0")
    yield weights.jobs(at, segments)
    yield studies.jobs(at / "studies", first, segments)


def take(many: int, jobs: Iterable[Job], costs_by_stage: Costs, borrowed: Borrowed) -> None:
    """Measure jobs one after another, each row once a size."""
    once = set()
    for job in jobs:
        if not borrowed.needed(job.stage):
            borrowed.lend(job)
            continue
        cost = measured(job)
        if job.row not in once:  # the second run's differ in noise alone
            costs_by_stage.setdefault(job.row, (job.axis, []))[1].append(cost)
        once.add(job.row)
        print(json.dumps([many, job.row, vars(cost)]), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

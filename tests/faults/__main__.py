"""Try every kind of fault, in numbers, and print a table: ``make test-faults``."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from faults import flips, full_disk, kills, mutations, names, sharing
from faults.counting import Count, table
from faults.stages import Study

TRAININGS = ("pretrain", "prune", "transfer", "scratch")
WRITING = (
    "download",
    "segment",
    "split",
    "outside",
    "audit grafted",
    "predict grafted",
    "score grafted",
    "tabulate",
    "hdf5",
    "publish",
    "report",
)
MUTATIONS = {
    "header": 12000,
    "header of segments": 3000,
    "header, read by its data set": 3000,
    "annotations": 5000,
    "MATLAB file": 500,
    "MATLAB file, not compressed": 2000,
}


def every(folder: Path, *, scale: float) -> Iterator[Count]:
    """Yield the rows of the table, each when it is known."""

    def some(number: int) -> int:
        return max(1, round(number * scale))

    study = Study(folder / "study")
    study.root.mkdir()
    kills.prepare(study, folder / "logs")
    yield from kills.trainings(study, folder / "trainings", TRAININGS, some(24))
    yield from kills.others(study, folder / "others", WRITING, some(12))
    kills.state_of(study, folder / "state", study.root / "state" / "0")
    yield from flips.counts(study, folder / "flips", some(600))
    yield from full_disk.counts(study, folder / "disk", (*WRITING, "scratch"), some(8))
    yield from sharing.counts(study, folder / "sharing", some(8))
    yield names.counts(folder / "names", None if scale >= 1 else some(300))
    numbers = {name: some(number) for name, number in MUTATIONS.items()}
    yield from mutations.counts(folder / "mutations", numbers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="how many tries, of the usual")
    scale = parser.parse_args().scale
    counts = []
    with tempfile.TemporaryDirectory(prefix="cardiograft-faults-") as folder:
        for count in every(Path(folder), scale=scale):
            counts.append(count)
            sys.stderr.write(f"{count.fault}: {count.tried}, failures {len(count.failures)}\n")
    failed = sum(len(count.failures) for count in counts)
    tried = sum(count.tried for count in counts)
    sys.stdout.write(f"{table(counts)}\n\n{tried} faults tried, {failed} ended badly\n")
    sys.exit(bool(failed))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()

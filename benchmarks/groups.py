"""Short jobs of a study on a real SLURM, each as a job of its own and in the profile's groups.

    nice -n 19 python benchmarks/groups.py --turns 2

Needs what `make test-slurm` needs: root, on Debian. Two networks are trained four times each on a
minute and a half of six people, here; then SLURM audits them, and predicts, scores, measures and
tabulates what they say: 20 jobs, as many at once as there are processors. A turn does this
ungrouped and grouped, each beside a SLURM of one node of its own. Node seconds are those of all
jobs from their start to their end, times their processors; processor seconds are those of
everything: Snakemake, SLURM's daemons and all jobs. That both end in the same bytes is checked.
"""

import argparse
import ctypes
import datetime as dt
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from slurm.cluster import running
from slurm.study import Study, jobs, repeats_config

SUBREAPER = 36  # of prctl(2): what outlives its parent is this process's to wait for
NETWORKS, REPEATS = ("one", "two"), 4
TARGET = "results/tables/transform_recognition"
SAME = ("audits", "predictions", "scores")  # a table has times in it
HOW = ("ungrouped", "grouped")
COLUMNS = ("", "jobs", "wall s", "node s", "cpu s")


def trained(root: Path) -> None:
    """Cut, split and train, without SLURM."""
    study = Study(root, repeats_config(NETWORKS, REPEATS))
    cards = [f"results/transfer/{e}/{r}/card.json" for e in NETWORKS for r in range(REPEATS)]
    if study.run("--cores=2", *cards, profile="local"):
        raise SystemExit(study.log_text()[-2000:])


def ungroup(root: Path) -> None:
    """Take the groups out of a study's profile."""
    file = root / "workflow/profiles/slurm/config.yaml"
    profile = yaml.safe_load(file.read_text())
    left = {k: v for k, v in profile.items() if k not in ("groups", "group-components")}
    file.write_text(yaml.safe_dump(left))


def node_seconds(job: dict[str, str]) -> float:
    """Return how long a job has held its processors, times their number."""
    start, end = (dt.datetime.fromisoformat(job[name]) for name in ("StartTime", "EndTime"))
    return (end - start).total_seconds() * int(job["NumCPUs"])


def run_beside_slurm(root: Path) -> None:
    """Run the study there as SLURM's jobs, and print how many, the wall and the node seconds."""
    study = Study.at(root)
    with running():
        start = time.perf_counter()
        if study.run("--jobs", str(os.cpu_count()), TARGET):
            raise SystemExit(study.log_text()[-5000:])
        wall_s = time.perf_counter() - start
        rows = jobs()
    print(json.dumps([len(rows), wall_s, sum(map(node_seconds, rows))]))


def measured(root: Path) -> list[float]:
    """Return jobs, wall, node and processor seconds of a run in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile("w+") as told:
        words = [sys.executable, __file__, "--run", str(root)]
        first = subprocess.Popen(words, stdout=told).pid
        status = -1
        while True:  # daemons and jobs, too
            try:
                ended, how = os.waitpid(-1, 0)
            except ChildProcessError:
                break
            status = how if ended == first else status
        if status:
            raise SystemExit(f"the run in {root} failed")
        told.seek(0)
        figures: list[float] = json.loads(told.read())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return [*figures, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime]


def digests(root: Path) -> dict[str, str]:
    """Return a digest of each file that has to be the same."""
    files = (f for name in SAME for f in sorted((root / "results" / name).rglob("*.*")))
    return {str(f.relative_to(root)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def compare(folder: Path, turns: int) -> None:
    """Print a row for each run and the ratios of each turn."""
    base = folder / "base"
    trained(base)
    print(" ".join(f"{column:>10}" for column in COLUMNS), flush=True)
    for turn in range(turns):
        figures, made = {}, []
        for how in HOW:
            root = folder / f"{how}{turn}"
            shutil.copytree(base, root)
            if how == "ungrouped":
                ungroup(root)
            figures[how] = measured(root)
            made.append(digests(root))
            print(f"{how:>10}", *(f"{v:10.1f}" for v in figures[how]), flush=True)
        if not made[0] or made[0] != made[1]:
            raise SystemExit("grouped, other results")
        ratios = [b / a for a, b in zip(*figures.values(), strict=True)]
        print(f"{'ratio':>10}", *(f"{v:10.2f}" for v in ratios), flush=True)


def main() -> None:
    """Compare, or run once beside a SLURM."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        run_beside_slurm(arguments.run)
        return
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory(prefix="cardiograft-groups-") as folder:
        compare(Path(folder), arguments.turns)


if __name__ == "__main__":
    main()

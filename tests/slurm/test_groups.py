"""Several short jobs as one of SLURM: what it asks for, what it makes, and one of them killed."""

import re
import shutil
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from slurm.cluster import Cluster
from slurm.study import Study, jobs, repeats_config

REPEATS, KILLED = range(3), 1
CARDS = [f"results/transfer/one/{repeat}/card.json" for repeat in REPEATS]
SCORES = [f"results/scores/one/{repeat}.parquet" for repeat in REPEATS]
KILL_ONCE = """import os, signal, sys
from pathlib import Path
if "results/predictions/one/1.parquet" in sys.argv and not Path("killed").exists():
    Path("killed").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""
# By each group's attempts: partition, GPUs, processors, memory, time (of all its jobs).
ASKED = {
    "audits": [("cpu", None, "1", "1000M", "00:30:00")],
    "predictions-one": [
        ("gpu", "gres:gpu:1", "1", "4000M", "03:00:00"),
        ("gpu", "gres:gpu:1", "1", "8000M", "02:00:00"),  # twice as much, for the one that is left
    ],
    "scores-one": [("cpu", None, "1", "1000M", "01:30:00")],
}
# Refused once, as by a limit of jobs, or by a controller that is away.
REFUSE_ONCE = """#!/bin/sh
if [ ! -e "$(dirname "$0")/refused" ]; then
    touch "$(dirname "$0")/refused"
    echo "sbatch: error: Batch job submission failed" >&2
    exit 1
fi
exec {sbatch} "$@"
"""


class Runs(NamedTuple):
    """The same study run on one machine and, one job killed once, on SLURM."""

    local: Study
    slurm: Study


@pytest.fixture(scope="module")
def runs(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Both of them, which have the same trainings."""
    local = Study(tmp_path_factory.mktemp("local"), repeats_config(("one",), len(REPEATS)))
    assert local.run("--cores=2", *CARDS, profile="local") == 0, local.log_text()
    root = tmp_path_factory.mktemp("groups") / "study"
    shutil.copytree(local.root, root)
    assert local.run("--cores=2", *SCORES, profile="local") == 0, local.log_text()
    script = root / "workflow/scripts/predict.py"
    docstring = re.match(r'""".*?"""\n', script.read_text(), re.S)
    assert docstring
    script.write_text(docstring[0] + KILL_ONCE + script.read_text()[docstring.end() :])
    slurm = Study.at(root)
    try:
        assert slurm.run(*SCORES) == 0, slurm.log_text()[-5000:]
        yield Runs(local, slurm)
    finally:
        slurm.end()


def _own(study: Study) -> list[dict[str, str]]:
    """Return a study's jobs in the order in which they were submitted."""
    own = (job for job in jobs() if job["WorkDir"] == str(study.root))
    return sorted(own, key=lambda job: int(job["JobId"]))


def _asked(job: dict[str, str]) -> tuple[str | None, ...]:
    names = ("Partition", "TresPerJob", "NumCPUs", "MinMemoryNode", "TimeLimit")
    return tuple(job.get(name) for name in names)


def test_a_group_asks_for_what_one_of_its_jobs_needs_and_for_the_time_of_all(runs: Runs) -> None:
    asked: dict[str, list[tuple[str | None, ...]]] = {}
    for job in _own(runs.slurm):
        asked.setdefault(job["Group"], []).append(_asked(job))
    assert asked == ASKED


def test_it_ends_in_the_bytes_of_a_local_run(runs: Runs) -> None:
    for name in ("audits", "predictions", "scores"):
        files = [f for f in (runs.local.root / "results" / name).rglob("*.*") if f.is_file()]
        assert len(files) == (1 if name == "audits" else len(REPEATS))
        for file in files:
            other = runs.slurm.root / file.relative_to(runs.local.root)
            assert other.read_bytes() == file.read_bytes(), other


def test_a_job_killed_in_a_group_is_begun_again_and_no_other_is(runs: Runs) -> None:
    first, second = (j for j in _own(runs.slurm) if j["Group"] == "predictions-one")
    assert (first["JobState"], second["JobState"]) == ("FAILED", "COMPLETED")
    for repeat in REPEATS:
        logs = runs.slurm.attempts("predict", f"one/{repeat}")
        assert len(logs) == (2 if repeat == KILLED else 1), repeat
        assert f", job {first['JobId']}\n" in logs[0], repeat  # what came after the killed one, too
    again = runs.slurm.attempts("predict", f"one/{KILLED}")[1]
    assert f", job {second['JobId']}\n" in again


def test_a_group_that_is_refused_keeps_nothing_of_an_earlier_run(runs: Runs) -> None:
    study = runs.slurm
    earlier = [len(study.attempts("predict", f"one/{repeat}")) for repeat in REPEATS]
    assert all(earlier)
    refusing = study.root / "bin/sbatch"
    refusing.parent.mkdir()
    refusing.write_text(REFUSE_ONCE.format(sbatch=shutil.which("sbatch")))
    refusing.chmod(0o755)
    assert study.run("--forcerun", "predict", "--", *SCORES, log="refused.log") == 0
    assert (refusing.parent / "refused").exists()
    assert "Error in group predictions-one" in study.log_text("refused.log")
    # By their logs: Snakemake touches what it takes for finished.
    now = [len(study.attempts("predict", f"one/{repeat}")) for repeat in REPEATS]
    assert now == [attempts + 1 for attempts in earlier]

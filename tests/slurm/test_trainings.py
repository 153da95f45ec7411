"""Trainings that SLURM ends and begins again, and a main process that is killed."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from slurm.cluster import answer_of, within
from slurm.study import SAVE_EVERY_S, Study, jobs

STOPPED = re.compile(r"SIGTERM: stopped at epoch (\d+), step (\d+), the state is saved")
RESUMED = re.compile(r"resuming at epoch (\d+), step (\d+)")
DISTURBED = ("one", "two", "three")
MOMENT_S = 1.5  # that a busy machine may be late


def _card(entry: str) -> str:
    return f"results/pretrain/{entry}/0/card.json"


def _state(study: Study, entry: str) -> Path | None:
    """Return a training's saved state, once there is one."""
    return next(study.root.glob(f"results/.state/pretrain/{entry}/0/*/state.safetensors"), None)


def _job(entry: str) -> dict[str, str]:
    """Return the newest job of a training."""
    return max((j for j in jobs() if j["Of"] == f"{entry}_0"), key=lambda j: int(j["JobId"]))


def _payload(study: Study, entry: str) -> int:
    """Return the process that trains."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        wanted = f"results/pretrain/{entry}/0"
        if words[0].endswith("python") and words[1].endswith("/pretrain.py") and wanted in words:
            if (folder / "cwd").resolve() == study.root:
                return int(folder.name)
    raise AssertionError(f"no process trains {entry}")


def _stopped(study: Study, entry: str) -> bool:
    """Tell whether a training has been told to end, and has saved its state."""
    return any(STOPPED.search(log) for log in study.attempts("pretrain", f"{entry}/0"))


class Ends:
    """What was done to the three trainings that were ended."""

    def __init__(self) -> None:
        self.preempted = self.requeued = self.killed = ""
        self.age_s = float("inf")


@pytest.fixture(scope="module")
def ends(trainings: Study) -> Ends:
    """Three trainings ended amid an epoch, a fourth undisturbed, all in one run to its end."""
    outcome, entries = Ends(), ["calm", *DISTURBED]
    main = trainings.start(*map(_card, entries))
    within(600, lambda: all(_state(trainings, entry) for entry in DISTURBED), "saved states")
    # All four GPUs are taken: a job that is more urgent takes that of one of them.
    words = (
        "--parsable",
        "--partition=urgent",
        "--gpus=1",
        "--mem=100",
        "--output=/dev/null",
        "--wrap=true",
    )
    urgent = answer_of("sbatch", *words).strip()
    within(120, lambda: any(_stopped(trainings, e) for e in entries), "a job pre-empted")
    outcome.preempted = next(e for e in entries if _stopped(trainings, e))
    outcome.requeued, outcome.killed = [e for e in entries if e != outcome.preempted][1:3]
    subprocess.run(["scontrol", "requeue", _job(outcome.requeued)["JobId"]], check=True)
    saved = _state(trainings, outcome.killed)
    assert saved is not None
    process = _payload(trainings, outcome.killed)
    outcome.age_s = time.time() - saved.stat().st_mtime
    os.kill(process, signal.SIGKILL)
    assert main.wait(1200) == 0, trainings.log_text()[-5000:]
    assert answer_of("scontrol", "show", "job", urgent).count("JobState=COMPLETED") == 1
    return outcome


def test_all_end_in_the_bytes_of_an_undisturbed_training(trainings: Study, ends: Ends) -> None:
    entries = ["calm", *DISTURBED]
    undisturbed = next(e for e in entries if len(trainings.attempts("pretrain", f"{e}/0")) == 1)
    folder = trainings.root / "results/pretrain"
    for entry in entries:
        for name in ("model.safetensors", "history.parquet"):
            expected = (folder / undisturbed / "0" / name).read_bytes()
            assert (folder / entry / "0" / name).read_bytes() == expected, (entry, name)


@pytest.mark.parametrize("how", ["preempted", "requeued"])
def test_a_job_that_slurm_takes_back_loses_no_step(trainings: Study, ends: Ends, how: str) -> None:
    entry = getattr(ends, how)
    first, second = trainings.attempts("pretrain", f"{entry}/0")
    stopped, resumed = STOPPED.search(first), RESUMED.search(second)
    assert stopped, first
    assert resumed, second
    assert stopped.groups() == resumed.groups()
    ended = [(j["Restarts"], j["JobState"]) for j in jobs() if j["Of"] == f"{entry}_0"]
    by_slurm, by_snakemake = [("1", "COMPLETED")], [("0", "FAILED"), ("0", "COMPLETED")]
    # A pre-empted job that ends within its grace has failed, to SLURM, which then requeues nothing.
    assert ended == by_slurm or (how == "preempted" and ended == by_snakemake)


def test_a_killed_training_loses_no_more_than_the_time_between_two_states(
    trainings: Study, ends: Ends
) -> None:
    first, second = trainings.attempts("pretrain", f"{ends.killed}/0")
    assert "stopped at" not in first
    assert RESUMED.search(second), second
    assert ends.age_s < SAVE_EVERY_S + MOMENT_S
    states = [j["JobState"] for j in jobs() if j["Of"] == f"{ends.killed}_0"]
    assert states == ["FAILED", "COMPLETED"]


def test_snakemake_killed_and_begun_again_runs_no_job_twice(trainings: Study) -> None:
    main = trainings.start(_card("left"), log="killed.log")
    within(600, lambda: _state(trainings, "left"), "a saved state")
    main.kill()
    main.wait()
    assert trainings.run("--unlock") == 0
    number = _job("left")["JobId"]
    assert trainings.run(_card("left"), log="again.log") == 1
    refused = f"jobs of an earlier run in this folder are still in the queue ({number}):"
    assert refused in trainings.log_text("again.log")
    within(600, lambda: _job("left")["JobState"] == "COMPLETED", "the end of the job left over")
    assert trainings.run(_card("left"), log="at last.log") == 0
    assert "Nothing to be done" in trainings.log_text("at last.log")
    assert [j["JobId"] for j in jobs() if j["Of"] == "left_0"] == [number]
    (log,) = trainings.attempts("pretrain", "left/0")
    assert log.count("epoch 1/") == log.count("epoch 2/") == 1


def test_a_training_of_two_devices_is_one_job_with_two_gpus_and_srun_gives_the_same(
    trainings: Study,
) -> None:
    assert trainings.run(_card("spread")) == 0, trainings.log_text()[-5000:]
    job, folder = _job("spread"), trainings.root / "results/pretrain/spread/0"
    assert (job["TresPerJob"], job["NumNodes"], job["Partition"]) == ("gres:gpu:2", "1", "gpu")
    card = json.loads((folder / "card.json").read_text())
    assert card["processes"] == 2
    step = ("srun", "--partition=gpu", "--gpus=2", "--mem=4000", "--ntasks=2")
    script = ("python", "workflow/scripts/pretrain.py", "--spec", json.dumps(card["spec"]))
    given = {
        "segments": "results/segments/beats",
        "split": "results/splits/strict.parquet",
        "repeat": "0",
        "state": "by-srun/state",
        "out": "by-srun/out",
    }
    words = [word for name, value in given.items() for word in (f"--{name}", value)]
    surroundings = {
        **trainings.surroundings,
        "PYTHONPATH": str(trainings.root / "src"),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [*step, *script, *words],
        cwd=trainings.root,
        env=surroundings,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    weights = (trainings.root / "by-srun/out/model.safetensors").read_bytes()
    assert weights == (folder / "model.safetensors").read_bytes()

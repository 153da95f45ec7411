"""One training by several processes: what each has of a batch, and that all of them are one."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cardiograft.checkpoints.file import read_checkpoint
from cardiograft.specs.pretrain import Pretrain
from cardiograft.specs.transfer import Transfer
from cardiograft.training.processes import Begun, begun, first_host
from cardiograft.training.ranks import FEWEST, shares

ROOT = Path(__file__).parents[2]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone"]


@given(
    masses=st.lists(st.sampled_from([0.0, 0.25, 1.0, 3.5]), min_size=1, max_size=70),
    count=st.integers(1, 9),
)
def test_a_batch_is_shared_without_overlap_or_loss(masses: list[float], count: int) -> None:
    mass_B = torch.tensor(masses, dtype=torch.float64)
    parts = shares(mass_B, count)
    assert len(parts) == count
    held = [np.arange(len(masses))[one.place] for one in parts]
    assert sum(one.weight for one in parts) == pytest.approx(1)
    if all(len(h) == len(masses) for h in held):  # each has all of it, and a say as large
        assert {one.weight for one in parts} == {1 / count}
    else:
        assert np.concatenate(held).tolist() == list(range(len(masses)))
        assert max(map(len, held)) - min(map(len, held)) <= 1
        assert min(map(len, held)) >= FEWEST


@given(
    masses=st.lists(st.sampled_from([0.0, 0.25, 1.0, 3.5]), min_size=1, max_size=70).filter(any),
    count=st.integers(1, 9),
)
def test_weighed_means_of_the_shares_are_the_mean_of_the_batch(
    masses: list[float], count: int
) -> None:
    mass_B = torch.tensor(masses, dtype=torch.float64)
    loss_B = torch.linspace(0.5, 3, len(masses), dtype=torch.float64)

    def mean(place: slice) -> float:
        return float((mass_B[place] * loss_B[place]).sum() / mass_B[place].sum())

    total = sum(one.weight * mean(one.place) for one in shares(mass_B, count))
    assert total == pytest.approx(mean(slice(None)), rel=1e-12)


# Launchers


def test_a_process_knows_its_place_by_torchrun_and_by_srun() -> None:
    environment = {"WORLD_SIZE": "4", "RANK": "3"}
    assert begun(4, environment) == Begun(3, 4)
    step = {
        "SLURM_JOB_ID": "4711",
        "SLURM_STEP_NUM_TASKS": "4",
        "SLURM_STEP_NUM_NODES": "2",
        "SLURM_STEP_NODELIST": "gpu[07-08]",
        "SLURM_PROCID": "3",
        "SLURM_LOCALID": "1",
    }
    assert begun(4, step) == Begun(3, 4)
    assert {k: v for k, v in step.items() if not k.startswith("SLURM")} == {
        "WORLD_SIZE": "4",
        "RANK": "3",
        "LOCAL_RANK": "1",
        "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "gpu07",
        "MASTER_PORT": "24711",
    }


@pytest.mark.parametrize(
    ("nodes", "first"),
    [("vm", "vm"), ("a1,a2", "a1"), ("gpu[07-09,12],big1", "gpu07"), ("n[3]", "n3")],
)
def test_the_first_of_a_list_of_nodes(nodes: str, first: str) -> None:
    assert first_host(nodes) == first


@pytest.mark.parametrize(
    ("environment", "count"),
    [({}, 1), ({"WORLD_SIZE": "3", "RANK": "0"}, 3), ({"SLURM_STEP_NUM_TASKS": "1"}, 1)],
)
def test_another_number_of_processes_than_the_entry_asks_for_is_refused(
    environment: dict[str, str], count: int
) -> None:
    with pytest.raises(ValueError, match=f"num_nodes is 2, and {count} processes were begun: call"):
        begun(2, environment)


@pytest.mark.parametrize("rank", [{}, {"RANK": ""}])
def test_a_process_that_is_not_told_its_place_is_refused(rank: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="WORLD_SIZE=2 and no RANK: which of the processes"):
        begun(2, {"WORLD_SIZE": "2", **rank})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"devices": 0}, "greater than or equal to 1"),
        ({"devices": 40}, "batch_size 64 is too small to share: 80 or more"),
        ({"num_nodes": 2}, "num_nodes needs devices of 2 or more"),
    ],
)
def test_what_can_not_be_spread_is_refused(options: dict[str, int], message: str) -> None:
    entry = {"split": "s", "model": "cnn", "task": "classify", "training": {"epochs": 1}}
    with pytest.raises(ValidationError, match=message):
        Pretrain.model_validate({**entry, **options})
    adapting = {"name": "coral", "domain": "d"}
    with pytest.raises(ValidationError, match="devices: an adaptation compares"):
        Transfer.model_validate({**entry, "devices": 2, "adaptation": adapting})


# Two processes


@pytest.fixture
def entry(entry: Callable[..., Pretrain]) -> Callable[..., Pretrain]:
    def of(devices: int, **options: Any) -> Pretrain:
        return Pretrain.model_validate({**entry(**options).model_dump(), "devices": devices})

    return of


def command(cohort: Any, spec: Pretrain, home: Path) -> list[str]:
    words = {
        "spec": spec.canonical(),
        "segments": cohort.segments,
        "split": cohort.honest,
        "repeat": 0,
        "state": home / "state",
        "out": home / "out",
    }
    script = str(ROOT / "workflow/scripts/pretrain.py")
    launcher = [*TORCHRUN, f"--nproc-per-node={spec.devices}"] if spec.devices > 1 else PLAIN
    return [*launcher, script, *(w for k, v in words.items() for w in (f"--{k}", str(v)))]


PLAIN = [sys.executable]


def started(line: list[str], log: Path, **environment: str) -> subprocess.Popen[bytes]:
    log.parent.mkdir(exist_ok=True)
    quiet = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    with log.open("ab") as file:
        return subprocess.Popen(line, stdout=file, stderr=file, env=quiet)


def trained(cohort: Any, spec: Pretrain, home: Path) -> Path:
    status = started(command(cohort, spec, home), home / "log").wait()
    assert status == 0, (home / "log").read_text()
    return home / "out"


def history(folder: Path) -> dict[tuple[int, str, str], float]:
    rows = pq.read_table(folder / "history.parquet").to_pylist()
    return {(r["epoch"], r["part"], r["metric"]): r["value"] for r in rows}


OPTIONS = [
    # 320 segments in batches of 33: the last one is of 23; and of 53, with one of 2 at the end.
    {"batch_size": 33, "class_weights": "balanced", "ema": 0.9, "keep": "best_validation"},
    {"batch_size": 53, "clip_norm": 1.0, "optimiser": "sgd", "task": "recognise_transform"},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_two_processes_come_to_the_loss_of_one(
    cohort: Any, entry: Callable[..., Pretrain], tmp_path: Path, options: dict[str, Any]
) -> None:
    one = trained(cohort, entry(1, **options), tmp_path / "one")
    two = trained(cohort, entry(2, **options), tmp_path / "two")
    expected, actual = history(one), history(two)
    assert actual == pytest.approx(expected, rel=1e-4, abs=1e-6)
    tensors = [read_checkpoint(f / "model.safetensors").tensors for f in (one, two)]
    for name, tensor in tensors[0].items():
        torch.testing.assert_close(tensors[1][name], tensor, rtol=1e-3, atol=1e-4)
    assert json.loads((two / "card.json").read_text())["processes"] == 2
    log = (tmp_path / "two/log").read_text()
    assert log.count("epoch 1/2:") == log.count("epoch 2/2:") == 1  # one speaks for both
    assert not list(tmp_path.glob("two/state*"))


def ranks_of(launcher: int) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == launcher:
            yield int(folder.name)


def test_a_request_to_one_process_ends_both_and_nothing_is_lost(
    cohort: Any, entry: Callable[..., Pretrain], tmp_path: Path
) -> None:
    spec = entry(2, epochs=40, model={"name": "cnn", "widths": [8, 8], "hidden": [8, 6]})
    whole = trained(cohort, spec, tmp_path / "whole")
    home = tmp_path / "cut"
    running = started(command(cohort, spec, home), home / "log")
    deadline = time.monotonic() + 300
    while not list(home.glob("state/*/state.safetensors")):
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(max(ranks_of(running.pid)), signal.SIGTERM)  # the second, which saves nothing itself
    assert running.wait(120) != 0
    log = (home / "log").read_text()
    stopped = re.search(r"SIGTERM: stopped at epoch (\d+), step (\d+), the state is saved", log)
    assert stopped, log
    out = trained(cohort, spec, home)
    resumed = re.search(r"resuming at epoch (\d+), step (\d+)", (home / "log").read_text())
    assert resumed
    assert resumed.groups() == stopped.groups()
    assert (out / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


def wrapped(line: list[str], code: str, home: Path) -> list[str]:
    """The same command, whose script is run by Python code that has changed something first."""
    home.mkdir(exist_ok=True)
    wrapper = home / "wrapper.py"
    wrapper.write_text(
        code + "sys.argv = sys.argv[1:]\nrunpy.run_path(sys.argv[0], run_name=" + MAIN
    )
    at = line.index(str(ROOT / "workflow/scripts/pretrain.py"))
    return [*line[:at], str(wrapper), *line[at:]]


MAIN = '"__main__")\n'
WHAT_IS_MEASURED = """
import os, runpy, sys
from pathlib import Path
from cardiograft.checkpoints.file import weights_digest
from cardiograft.training import loop
measure = loop.measure
def seen(forward, *arguments, **named):
    with Path(__file__).with_name("seen").open("a") as file:
        file.write(weights_digest(forward.state_dict()) + "\\n")
    return measure(forward, *arguments, **named)
loop.measure = seen
"""
CRNN = {"name": "crnn", "widths": [8, 8], "stem": 7}  # with batch normalisation


@pytest.mark.parametrize("ema", [None, 0.9])
def test_all_processes_measure_the_same_network(
    cohort: Any, entry: Callable[..., Pretrain], tmp_path: Path, ema: float | None
) -> None:
    spec = entry(2, model=CRNN, ema=ema)
    home = tmp_path / "two"
    line = wrapped(command(cohort, spec, home), WHAT_IS_MEASURED, home)
    assert started(line, home / "log").wait() == 0, (home / "log").read_text()
    digests = (home / "seen").read_text().split()
    # the first two are of one epoch, for the processes measure it together
    assert [len(set(digests[:2])), len(set(digests[2:])), len(digests)] == [1, 1, 4]


WHAT_IS_TRAINED_ON = """
import os, runpy, sys
from pathlib import Path
from torch import nn
from cardiograft.training import loop
begin = loop.TrainingRun.__init__
def count(layer, inputs, output):
    if layer.training:
        with Path(__file__).with_name("rank " + os.environ["RANK"]).open("a") as file:
            file.write(f"{len(inputs[0])}\\n")
def watched(run, *, network, **named):
    network.register_forward_hook(count)
    begin(run, network=network, **named)
loop.TrainingRun.__init__ = watched
"""


def test_two_processes_share_the_work_of_one(
    cohort: Any, entry: Callable[..., Pretrain], tmp_path: Path
) -> None:
    spec, home = entry(2, batch_size=32), tmp_path / "two"
    line = wrapped(command(cohort, spec, home), WHAT_IS_TRAINED_ON, home)
    assert started(line, home / "log").wait() == 0, (home / "log").read_text()
    # 320 segments, twice: twice the work for the same result would be 640 in each
    sums = [sum(map(int, (home / f"rank {rank}").read_text().split())) for rank in (0, 1)]
    assert sums == [320, 320]


SLOW_TO_SAVE = """
import atexit, os, runpy, sys, time
from pathlib import Path
from cardiograft.training import run
save = run.save_state
def slow(file, progress, **named):
    save(file, progress, **named)
    if progress.step:
        time.sleep(3)
        Path(__file__).with_name("saved").touch()
run.save_state, run.LEAST_S = slow, 3600.0  # but for a signal, no state is of a step
def look():
    here = Path(__file__)
    here.with_name("found").write_text(str(here.with_name("saved").exists()))
if os.environ["RANK"] == "1":
    atexit.register(look)
"""


def test_no_process_ends_while_the_first_is_saving(
    cohort: Any, entry: Callable[..., Pretrain], tmp_path: Path
) -> None:
    """A launcher kills all processes once one of them has failed."""
    spec = entry(2, epochs=1000)
    line = wrapped(command(cohort, spec, tmp_path), SLOW_TO_SAVE, tmp_path)
    alone = [sys.executable, *line[line.index(str(tmp_path / "wrapper.py")) :]]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        environment = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
        environment["MASTER_PORT"] = str(free.getsockname()[1])
    both = [
        started(alone, tmp_path / f"log{rank}", **environment, RANK=rank, LOCAL_RANK=rank)
        for rank in ("0", "1")
    ]
    deadline = time.monotonic() + 300
    while not list(tmp_path.glob("state/*/state.safetensors")):
        assert [one.poll() for one in both] == [None, None], (tmp_path / "log0").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    both[1].terminate()
    assert both[1].wait(120) == 128 + signal.SIGTERM
    assert (tmp_path / "found").read_text() == "True"  # as it ended
    assert both[0].wait(120) == 128 + signal.SIGTERM


def test_one_process_of_an_entry_of_two_is_refused_before_it_trains(
    cohort: Any, entry: Callable[..., Pretrain], tmp_path: Path
) -> None:
    line = command(cohort, entry(2), tmp_path)
    alone = [sys.executable, *line[line.index(str(ROOT / "workflow/scripts/pretrain.py")) :]]
    assert started(alone, tmp_path / "log").wait() == 1
    (message,) = {*(tmp_path / "log").read_text().splitlines()}
    assert "devices times num_nodes is 2, and 1 processes were begun" in message
    assert not (tmp_path / "out").exists()

"""What every task must do, whatever it teaches."""

import json
from typing import Any

import numpy as np
import pytest
import torch

from cardiograft import plugins
from cardiograft.segments import shards
from cardiograft.training.task import Batch, Task

NAMES = plugins.names("tasks")
N, SAMPLES = 24, 96
META = shards.Meta(
    spec={},
    manifest_digest="0",
    simulated=True,
    rate_hz=125.0,
    channels=("II",),
    samples=SAMPLES,
    target_channels=("ECG",),
    target_samples=SAMPLES,
    features=("rr_before", "rr_after"),
)


def columns() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    valid = rng.integers(30, SAMPLES, N).astype(np.int32)
    signal = rng.random((N, 1, SAMPLES), np.float32)
    signal *= (np.arange(SAMPLES) < valid[:, None])[:, None]
    return {
        "id": np.array([f"a/{i}" for i in range(N)]),
        "subject": np.array([f"a/{i % 4}" for i in range(N)]),
        "label": np.array(["N", "S", "V"] * (N // 3), dtype=object),
        "valid": valid,
        "signal": signal,
        "target": rng.random((N, 1, SAMPLES), np.float32),
        "rr_before": rng.random(N, np.float32),
        "rr_after": rng.random(N, np.float32),
    }


def some(names: tuple[str, ...]) -> dict[str, Any]:
    return {name: columns()[name] for name in names}


def fitted(name: str) -> Task:
    task: Task = plugins.load("tasks", name).make(META)
    task.learn(some(task.facts), balanced=False)
    return task


def batch(task: Task, seed: int = 0, *, training: bool = False) -> Batch:
    rows = task.encode(some(task.columns))
    version = torch.arange(N) % task.versions
    return task.batch(rows, version, torch.Generator().manual_seed(seed), training=training)


def outputs(task: Task) -> torch.Tensor:
    shape = (N, *task.outputs)
    return torch.randn(shape, generator=torch.Generator().manual_seed(1)).requires_grad_()


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_its_batches_fit_a_network_that_fits_it(name: str, training: bool) -> None:
    task = fitted(name)
    made = batch(task, training=training)
    assert made.signal_BCT.shape == (N, 1, SAMPLES)
    assert made.signal_BCT.dtype == made.feature_BF.dtype == torch.float32
    assert made.feature_BF.shape == (N, task.features)
    assert len(made.target) == N
    assert torch.isfinite(made.signal_BCT).all()


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_drawn_comes_from_the_generator_alone(name: str, training: bool) -> None:
    task = fitted(name)
    torch.manual_seed(0)
    one = batch(task, training=training).signal_BCT
    torch.manual_seed(1)
    assert torch.equal(one, batch(task, training=training).signal_BCT)


@pytest.mark.parametrize("name", NAMES)
def test_it_leaves_the_rows_as_they_were(name: str) -> None:
    task = fitted(name)
    rows = task.encode(some(task.columns))
    before = {key: value.clone() for key, value in rows.items()}
    task.batch(rows, torch.arange(N) % task.versions, torch.Generator().manual_seed(0))
    assert all(torch.equal(before[key], value) for key, value in rows.items())


@pytest.mark.parametrize("name", NAMES)
def test_its_loss_can_be_lowered(name: str) -> None:
    task = fitted(name)
    made, output = batch(task), outputs(task)
    first = task.loss(output, made)
    assert first.shape == ()
    first.backward()
    assert output.grad is not None
    with torch.no_grad():
        assert task.loss(output - 0.1 * output.grad, made) < first


@pytest.mark.parametrize("name", NAMES)
def test_its_tallies_add_up(name: str) -> None:
    task = fitted(name)
    made, output = batch(task), outputs(task).detach()

    def part(rows: slice) -> dict[str, torch.Tensor]:
        piece = Batch(made.signal_BCT[rows], made.feature_BF[rows], made.target[rows])
        return task.tally(output[rows], piece)

    whole, one, two = part(slice(None)), part(slice(0, 7)), part(slice(7, None))
    values = task.values(whole)
    assert values == pytest.approx(task.values({k: one[k] + two[k] for k in whole}))
    assert set(values) == set(task.monitors)
    assert set(task.monitors.values()) <= {1, -1}


@pytest.mark.parametrize("name", NAMES)
def test_what_it_remembers_as_json_is_all_it_needs(name: str) -> None:
    task = fitted(name)
    again: Task = plugins.load("tasks", name).make(META)
    again.recall(json.loads(json.dumps(task.remember())))
    assert (again.outputs, again.labels) == (task.outputs, task.labels)
    one, two = batch(task), batch(again)
    assert torch.equal(one.feature_BF, two.feature_BF)
    assert torch.equal(one.target, two.target)


@pytest.mark.parametrize("name", NAMES)
def test_its_predictions_have_a_score_for_each_label(name: str) -> None:
    task = fitted(name)
    made, output = batch(task), outputs(task).detach()
    score, target = task.scores(output), task.targets(made)
    assert score.dtype == torch.float32
    assert len(score) == len(target) == N
    if task.kind in ("signal", "values"):
        assert score.flatten(1).shape == target.flatten(1).shape
    else:
        assert score.shape == (N, len(task.labels))
        assert target.dtype == torch.int64
        assert int(target.max()) < len(task.labels)
        assert ((score >= 0) & (score <= 1)).all()

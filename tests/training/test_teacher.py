"""Labels that a boosting, which has not seen the person, makes softer."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from one_lead import META, RATE_HZ, SAMPLES

from cardiograft.training.boosting import cross_fitted
from cardiograft.training.tasks import classify

N = 120
VERSION = torch.zeros(N, dtype=torch.int64)
WRONG = 7  # a segment of regular beats that is labelled as fibrillation


def recordings() -> dict[str, Any]:
    """Return regular and irregular QRS complexes, a person each, one of them labelled wrongly."""
    rng = np.random.default_rng(0)
    signal = 0.02 * rng.standard_normal((N, 1, SAMPLES))
    time = np.arange(SAMPLES) / RATE_HZ
    label = np.array(["N", "A"] * (N // 2), dtype=object)
    label[WRONG] = "N"
    for n in range(N):
        rr_s = 0.8 * np.ones(40) if label[n] == "N" else rng.uniform(0.4, 1.2, 40)
        for at in 0.3 + np.cumsum(rr_s):
            signal[n, 0] += np.exp(-0.5 * ((time - at) / 0.012) ** 2)
    label[WRONG] = "A"
    return {
        "signal": signal.astype(np.float32),
        "valid": np.full(N, SAMPLES, np.int32),
        "label": label,
        "subject": np.array([f"own/{n}" for n in range(N)]),
    }


def fitted(columns: dict[str, Any], **options: Any) -> classify.Task:
    task = classify.make(META, labels=("A", "N"), **options)
    task.learn(columns, balanced=False)
    return task


@cache
def taught() -> classify.Task:
    """Return a task with half of each label by boosting, fitted once: it takes seconds."""
    return fitted(recordings(), taught_by_boosting=0.5)


def test_a_wrong_label_is_softened_and_others_stay() -> None:
    columns = recordings()
    task = taught()
    rows = task.encode(columns)
    batch = task.batch(rows, VERSION, torch.Generator(), training=True)
    assert batch.target.shape == (N, 2)
    torch.testing.assert_close(batch.target.sum(1), torch.ones(N))
    assert batch.target[WRONG, 1] > 0.4  # half of it, nearly, is what the boosting says
    right = batch.target[torch.arange(N), rows["label"]]
    assert (right > 0.75).float().mean() > 0.9


def test_a_share_of_nothing_learns_from_the_label_alone() -> None:
    columns = recordings()
    plain = fitted(columns)
    rows = plain.encode(columns)
    assert "soft" not in rows
    batch = plain.batch(rows, VERSION, torch.Generator(), training=True)
    assert torch.equal(batch.target, rows["label"])


def test_the_loss_is_the_cross_entropy_with_the_soft_label() -> None:
    columns = recordings()
    task = taught()
    batch = task.batch(task.encode(columns), VERSION, torch.Generator(), training=True)
    output = torch.randn(N, 2, generator=torch.Generator().manual_seed(0))
    expected = -(batch.target * output.log_softmax(1)).sum(1).mean()
    torch.testing.assert_close(task.loss(output, batch), expected)
    assert task.masses(batch).tolist() == [1.0] * N


def test_what_is_measured_is_compared_with_the_label() -> None:
    columns = recordings()
    task = taught()
    rows = task.encode(columns)
    batch = task.batch(rows, VERSION, torch.Generator())
    assert torch.equal(task.targets(batch), rows["label"])
    assert task.tally(torch.zeros(N, 2), batch)["confusion"].sum() == N


def test_segments_that_were_not_learned_have_their_label() -> None:
    columns = recordings()
    some = {name: column[: N // 2] for name, column in columns.items()}
    rest = {name: column[N // 2 :] for name, column in columns.items()}
    task = fitted(some, taught_by_boosting=1.0)
    rows = task.encode(rest)
    assert torch.equal(rows["soft"].argmax(1), rows["label"])
    assert set(rows["soft"].unique().tolist()) == {0.0, 1.0}


def test_nobody_is_taught_by_their_own_segments() -> None:
    """What says all of a person, and nothing of others, gives a teacher nothing."""
    rng = np.random.default_rng(1)
    people, each = 60, 4
    subject_N = np.repeat([f"own/{n}" for n in range(people)], each)
    code_N = np.repeat(rng.integers(0, 2, people), each)
    feature_NF = np.repeat(rng.standard_normal((people, 3)), each, axis=0).astype(np.float32)
    score_NK = cross_fitted(feature_NF, code_N, subject_N, classes=2)
    assert abs((score_NK.argmax(1) == code_N).mean() - 0.5) < 0.15
    alone = cross_fitted(  # the same rows as people of their own: it has seen all of them
        feature_NF, code_N, np.array([f"row/{n}" for n in range(len(code_N))]), classes=2
    )
    assert (alone.argmax(1) == code_N).mean() > 0.85


def test_a_class_of_one_person_alone_is_refused() -> None:
    feature_NF = np.zeros((6, 2), np.float32)
    with pytest.raises(ValueError, match="fewer than two classes"):
        cross_fitted(feature_NF, np.array([0, 0, 0, 0, 0, 1]), np.array(list("aaaaab")), classes=2)


def test_made_beats_can_not_be_taught() -> None:
    with pytest.raises(ValueError, match="no taught_by_boosting"):
        classify.make(META, fibrillation=0.5, taught_by_boosting=0.5)

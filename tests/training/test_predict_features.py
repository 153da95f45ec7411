"""Measurements of a recording as a pretext task."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from one_lead import META, RATE_HZ, SAMPLES, SECONDS

from cardiograft.checkpoints.file import read_checkpoint
from cardiograft.evaluation import predictions
from cardiograft.evaluation.metrics import value_r2
from cardiograft.evaluation.predict import predict
from cardiograft.specs.predict import Predict
from cardiograft.specs.transfer import Transfer
from cardiograft.training.tasks import predict_features

N = 24
VERSION = torch.zeros(N, dtype=torch.int64)


def recordings(*, silent: int = 0) -> dict[str, Any]:
    """Return leads of QRS complexes at a pace of their own; the first ones hold noise alone."""
    rng = np.random.default_rng(0)
    signal = 0.02 * rng.standard_normal((N, 1, SAMPLES))
    time = np.arange(SAMPLES) / RATE_HZ
    for n in range(silent, N):
        for at in np.arange(0.3, SECONDS, 0.5 + 0.02 * n) + 0.05 * rng.random():
            signal[n, 0] += np.exp(-0.5 * ((time - at) / 0.012) ** 2)
    return {"signal": signal.astype(np.float32), "valid": np.full(N, SAMPLES, np.int32)}


def fitted(columns: dict[str, Any], **options: Any) -> predict_features.Task:
    task = predict_features.make(META, **options)
    task.learn(columns, balanced=False)
    return task


def test_the_target_is_what_was_measured() -> None:
    columns = recordings()
    task = fitted(columns)
    rows = task.encode(columns)
    batch = task.batch(rows, VERSION, torch.Generator())
    assert batch.target.shape == (N, len(task.labels))
    memory = task.remember()
    k = task.labels.index("median")
    measured_s = batch.target[:, k] * memory["spread"][k] + memory["median"][k]
    inner = slice(2, -2)  # the others lie beyond three spreads, or near it
    expected_s = 0.5 + 0.02 * np.arange(N)
    np.testing.assert_allclose(measured_s[inner], expected_s[inner], atol=0.01)


def test_a_segment_turned_upside_down_has_the_same_target() -> None:
    columns = recordings()
    task = fitted(columns, invert=0.5, gain=0.2)
    rows = task.encode(columns)
    generator = torch.Generator().manual_seed(1)
    plain = task.batch(rows, VERSION, torch.Generator())
    drawn = task.batch(rows, VERSION, generator, training=True)
    assert not torch.equal(plain.signal_BCT, drawn.signal_BCT)
    turned = {**columns, "signal": -columns["signal"]}
    other = predict_features.make(META)
    other.recall(task.remember())
    again = other.encode(turned)["measured"]
    torch.testing.assert_close(again, rows["measured"], atol=0.05, rtol=0, equal_nan=True)
    assert "turned" not in task.labels


def test_what_is_not_known_teaches_nothing() -> None:
    columns = recordings(silent=6)
    columns["signal"][:6] = 0  # no beat is found
    task = fitted(columns)
    batch = task.batch(task.encode(columns), VERSION, torch.Generator())
    unknown = ~batch.target.isfinite()
    assert unknown[:6].any()
    assert not unknown[6:].any()
    output = torch.zeros(batch.target.shape, requires_grad=True)
    task.loss(output, batch).backward()
    assert output.grad is not None
    assert (output.grad[unknown] == 0).all()
    assert (output.grad[~unknown] != 0).any()
    perfect = batch.target.nan_to_num(nan=7.0)
    values = task.values(task.tally(perfect, batch))
    assert values == {"loss": 0.0, "r2": pytest.approx(1.0)}


def test_classes_and_signals_without_beats_are_refused() -> None:
    with pytest.raises(ValueError, match="class_weights"):
        predict_features.make(META).learn(recordings(), balanced=True)
    flat = recordings()
    flat["signal"][:] = 0
    with pytest.raises(ValueError, match="no measurement differs"):
        fitted(flat)


def test_a_network_learns_it_and_its_predictions_are_scored(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    folder = pretrained(task="predict_features", epochs=6, learning_rate=3e-3, batch_size=16)
    rows = pq.read_table(folder / "history.parquet").to_pylist()
    loss = [r["value"] for r in rows if (r["part"], r["metric"]) == ("validation", "loss")]
    assert loss[-1] < loss[0]
    about = read_checkpoint(folder / "model.safetensors").about["spec"]
    content = {"split": "toy", "model": about["model"], "task": about["task"]}
    saved = predict(
        Predict.model_validate({**content, "parts": ["test"]}),
        segments=[cohort.segments],
        split=cohort.honest,
        model=folder,
        scratch=tmp_path / "scratch",
    )
    predictions.write(saved, tmp_path / "saved.parquet")
    again = predictions.read(tmp_path / "saved.parquet")
    assert (again.kind, again.labels) == ("values", saved.labels)
    np.testing.assert_array_equal(again.target, saved.target)
    assert again.target.shape == again.score_NK.shape == (len(again.id_N), len(again.labels))
    scored = value_r2.values(value_r2.additive(again).sum(axis=0)[None], again.labels)[""][0]
    known = np.isfinite(again.target)
    mean = np.where(known, again.target, 0).sum(axis=0) / known.sum(axis=0)
    error = np.where(known, again.score_NK - again.target, 0)
    apart = np.where(known, again.target - mean, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = 1 - (error**2).sum(axis=0) / (apart**2).sum(axis=0)
    assert scored == pytest.approx(np.median(expected[np.isfinite(expected)]), abs=1e-4)


def test_a_classifier_starts_from_it_but_for_its_last_layer(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    source = pretrained(task="predict_features", epochs=1)
    about = read_checkpoint(source / "model.safetensors").about["spec"]
    spec = Transfer.model_validate(
        {
            "split": "toy",
            "model": about["model"],
            "task": "classify",
            "sources": [{"entry": "measured"}],
            "training": {"epochs": 1},
        }
    )
    cohort.job("transfer", spec, tmp_path / "out", sources_=[source])
    ledger = json.loads((tmp_path / "out/ledger.json").read_text("utf-8"))
    states = {row["tensor"]: row["state"] for row in ledger["tensors"]}
    assert {s for t, s in states.items() if t.startswith("encoder")} == {"loaded"}
    assert "loaded" not in {s for t, s in states.items() if t.startswith("head")}


def test_a_checkpoint_of_other_measurements_is_refused() -> None:
    columns = recordings()
    memory = fitted(columns).remember()
    other = predict_features.make(META)
    other.recall({**memory, "labels": ["longest sigh", *memory["labels"][1:]]})
    with pytest.raises(ValueError, match="'longest sigh', which is not measured any more"):
        other.encode(columns)

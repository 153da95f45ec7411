"""Tasks, and predictions of networks trained for them."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scripts
import torch
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional

from cardiograft import look_ledger
from cardiograft.checkpoints.file import read_checkpoint
from cardiograft.evaluation import predictions
from cardiograft.evaluation.predict import predict
from cardiograft.files import file_digest
from cardiograft.segments import shards
from cardiograft.signals.beat_transforms import NAMES
from cardiograft.specs.predict import Predict
from cardiograft.splits.table import read_split_table
from cardiograft.training.task import Batch
from cardiograft.training.tasks import classify, recognise_transform

ROOT = Path(__file__).parents[2]
META = shards.Meta(
    spec={},
    manifest_digest="0",
    simulated=True,
    rate_hz=125.0,
    channels=("II",),
    samples=64,
    features=("rr_before", "rr_after"),
)


def training_columns() -> dict[str, Any]:
    return {
        "label": np.array(["V", "N", "N", "S", "N", "N"], dtype=object),
        "rr_before": np.array([np.nan, 1, 2, 3, 4, 5], np.float32),
        "rr_after": np.ones(6, np.float32),
    }


def test_labels_are_those_of_the_training_part_unless_given() -> None:
    task = classify.make(META)
    task.learn(training_columns(), balanced=False)
    assert task.labels == ("N", "S", "V")
    assert task.outputs == (3,)
    given = classify.make(META, labels=("V", "S", "N", "F"))
    given.learn(training_columns(), balanced=True)
    assert given.outputs == (4,)
    columns = {"signal": np.zeros((2, 1, 64), np.float32), "label": np.array(["F", None], object)}
    assert given.encode(columns)["label"].tolist() == [3, -1]


def test_a_label_that_was_never_learnt_and_a_missing_one_are_named() -> None:
    task = classify.make(META)
    task.learn(training_columns(), balanced=False)
    columns = {"signal": np.zeros((1, 1, 64), np.float32), "label": np.array(["Q"], object)}
    with pytest.raises(ValueError, match="label 'Q' is not among the task's N, S, V"):
        task.encode(columns)
    with pytest.raises(ValueError, match="1 of 2 training segments have no label"):
        task.learn({"label": np.array(["N", None], object)}, balanced=False)
    with pytest.raises(ValueError, match=r"no feature 'rr_befor' in the shards. Did you mean"):
        classify.make(META, features=("rr_befor",))


def test_features_are_standardised_by_the_training_part_and_remembered() -> None:
    task = classify.make(META, features=("rr_before", "rr_after"))
    task.learn(training_columns(), balanced=False)
    again = classify.make(META, features=("rr_before", "rr_after"))
    again.recall(json.loads(json.dumps(task.remember())))
    columns = {**training_columns(), "signal": np.zeros((6, 1, 64), np.float32)}
    for one in (task, again):
        feature_NF = one.encode(columns)["feature"]
        assert feature_NF.dtype == torch.float32
        np.testing.assert_allclose(feature_NF[1:, 0], (np.arange(1, 6) - 3) / np.sqrt(2), rtol=1e-6)
        assert feature_NF[0].tolist() == [0, 0]
        assert (feature_NF[:, 1] == 0).all()
    with pytest.raises(ValueError, match="trained on features"):
        classify.make(META).recall(task.remember())


def test_signals_are_silenced_and_amplified_only_to_learn_from() -> None:
    task = classify.make(META, features=("rr_before",), gain=0.3, silence=0.5)
    task.learn(training_columns(), balanced=False)
    rows = {
        "signal": torch.ones(400, 1, 8),
        "label": torch.zeros(400, dtype=torch.int64),
        "feature": torch.ones(400, 1),
    }
    versions = torch.zeros(400, dtype=torch.int64)
    draw = torch.Generator().manual_seed(0)
    plain = task.batch(rows, versions, draw)
    assert torch.equal(plain.signal_BCT, rows["signal"])
    shown = task.batch(rows, versions, draw, training=True)
    assert torch.equal(shown.feature_BF, rows["feature"])
    silent = (shown.signal_BCT == 0).all((1, 2))
    assert 150 < int(silent.sum()) < 250
    heights = shown.signal_BCT[~silent]
    assert torch.equal(heights, heights[..., :1].expand_as(heights))
    assert 0.2 < float(heights[:, 0, 0].log().std()) < 0.4


def test_signals_are_inverted_and_made_noisy_only_to_learn_from() -> None:
    draw = torch.Generator().manual_seed(0)
    rows = {
        "signal": torch.randn((400, 1, 64), generator=draw),
        "label": torch.zeros(400, dtype=torch.int64),
        "feature": torch.ones(400, 0),
    }
    versions = torch.zeros(400, dtype=torch.int64)
    turned = classify.make(META, labels=("N", "V"), invert=0.5)
    sign = turned.batch(rows, versions, draw, training=True).signal_BCT / rows["signal"]
    assert torch.equal(sign, sign[..., :1].expand_as(sign))
    assert sorted(set(sign.flatten().tolist())) == [-1, 1]
    assert 150 < int((sign[:, 0, 0] < 0).sum()) < 250
    noisy = classify.make(META, labels=("N", "V"), noise=0.2)
    added = noisy.batch(rows, versions, draw, training=True).signal_BCT - rows["signal"]
    level = (added.std(-1) / rows["signal"].std(-1)).flatten()
    assert float(level.mean()) == pytest.approx(0.2, abs=0.02)
    assert float(level.max()) == pytest.approx(0.4, abs=0.1)
    for task in (turned, noisy):
        assert torch.equal(task.batch(rows, versions, draw).signal_BCT, rows["signal"])


def test_silence_without_features_is_refused() -> None:
    with pytest.raises(ValueError, match="silence needs features"):
        classify.make(META, silence=0.2)


def test_balanced_loss_is_weighed_as_scikit_learn_weighs() -> None:
    task = classify.make(META)
    task.learn(training_columns(), balanced=True)
    label_N = training_columns()["label"].astype(str)
    weight = compute_class_weight("balanced", classes=np.unique(label_N), y=label_N)
    output = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    target = torch.tensor([2, 0, 0, 1, 0, 0])
    batch = Batch(torch.zeros(6, 1, 64), torch.zeros(6, 0), target)
    expected = functional.cross_entropy(output, target, torch.tensor(weight, dtype=torch.float32))
    assert float(task.loss(output, batch)) == pytest.approx(float(expected))


def test_figures_of_classes_agree_with_scikit_learn_and_add_up_over_batches() -> None:
    task = classify.make(META)
    task.learn(training_columns(), balanced=False)
    generator = torch.Generator().manual_seed(0)
    output = torch.randn(90, 3, generator=generator)
    target = torch.randint(0, 3, (90,), generator=generator)
    target[80:] = -1  # no label: neither right nor wrong
    sums: dict[str, torch.Tensor] = {}
    for part in torch.arange(90).split(37):
        batch = Batch(torch.zeros(len(part), 1, 64), torch.zeros(len(part), 0), target[part])
        for name, value in task.tally(output[part], batch).items():
            sums[name] = sums.get(name, 0) + value
    values = task.values(sums)
    true, predicted = target[:80].numpy(), output[:80].argmax(1).numpy()
    score = output[:80].double().softmax(1).numpy()
    assert values == {
        "loss": pytest.approx(log_loss(true, score)),
        "accuracy": pytest.approx(accuracy_score(true, predicted)),
        "macro_f1": pytest.approx(f1_score(true, predicted, average="macro")),
        "weighted_f1": pytest.approx(f1_score(true, predicted, average="weighted")),
    }


def test_an_epoch_of_the_pretext_shows_every_beat_in_every_version() -> None:
    task = recognise_transform.make(META)
    assert task.versions == 8
    rows = {"signal": torch.rand(16, 1, 64), "valid": torch.full((16,), 50)}
    rows["signal"][:, :, 50:] = 0
    version = torch.arange(16) % 8
    batch = task.batch(rows, version, torch.Generator().manual_seed(0))
    assert torch.equal(batch.target.argmax(1), version)
    assert (batch.target.sum(1) == 1).all()
    assert torch.equal(batch.signal_BCT[0], rows["signal"][0])
    assert torch.equal(batch.signal_BCT[9], -rows["signal"][9])
    assert batch.feature_BF.shape == (16, 0)
    output = torch.where(batch.target > 0, 5.0, -5.0)
    output[:8, 3] = 5.0
    values = task.values(task.tally(output, batch))
    assert values["accuracy_noise"] == pytest.approx(9 / 16)
    assert values["accuracy_negation"] == 1.0
    assert set(values) == set(task.monitors)


def test_hidden_padding_leaves_no_zeros_to_count() -> None:
    rows = {"signal": torch.rand(16, 1, 64) + 0.1, "valid": torch.full((16,), 30)}
    rows["signal"][:, :, 30:] = 0
    for show, silent in ((True, True), (False, False)):
        task = recognise_transform.make(META, show_padding=show)
        batch = task.batch(rows, torch.arange(16) % 8, torch.Generator().manual_seed(0))
        assert bool((batch.signal_BCT[:, :, -4:] == 0).all(-1).any()) is silent


def test_the_heads_learn_to_tell_transformations(pretrained: Callable[..., Path]) -> None:
    import pyarrow.parquet as pq

    folder = pretrained(task="recognise_transform", epochs=6, learning_rate=1e-2, batch_size=64)
    rows = pq.read_table(folder / "history.parquet").to_pylist()
    last = {r["metric"]: r["value"] for r in rows if r["epoch"] == 6 and r["part"] == "validation"}
    assert last["accuracy"] > 0.9  # 0.875 when all heads always say no
    assert last["accuracy_negation"] > 0.95


def request(cohort: Any, folder: Path, **changes: Any) -> Predict:
    about = read_checkpoint(folder / "model.safetensors").about["spec"]
    return Predict.model_validate(
        {"split": "toy", "model": about["model"], "task": about["task"], **changes}
    )


def predicted(cohort: Any, folder: Path, spec: Predict, tmp_path: Path) -> predictions.Predictions:
    return predict(
        spec,
        segments=[cohort.segments],
        split=cohort.honest,
        model=folder,
        scratch=tmp_path / "scratch",
    )


def test_predictions_hardly_depend_on_the_batch_size_and_agree_with_the_history(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    import pyarrow.parquet as pq

    folder = pretrained(
        epochs=8, learning_rate=3e-3, task={"name": "classify", "features": ["rr_before"]}
    )
    parts = {"parts": ("validation", "test")}
    whole = predicted(cohort, folder, request(cohort, folder, **parts), tmp_path)
    small = predicted(cohort, folder, request(cohort, folder, batch_size=7, **parts), tmp_path)
    np.testing.assert_allclose(whole.score_NK, small.score_NK, atol=1e-6)
    assert whole.labels == ("N", "S", "V")
    assert whole.id_N.tolist() == sorted(whole.id_N.tolist())
    np.testing.assert_allclose(whole.score_NK.sum(1), 1, rtol=1e-5)
    split = read_split_table(cohort.honest)
    assert set(whole.id_N) == set(split.ids("validation")) | set(split.ids("test"))
    truth = shards.arrays([cohort.segments], whole.id_N.tolist(), ["label", "subject"])
    assert [whole.labels[t] for t in whole.target] == truth["label"].tolist()
    assert whole.subject_N.tolist() == truth["subject"].tolist()
    held = whole.only(whole.part_N == "validation")
    history = pq.read_table(folder / "history.parquet").to_pylist()
    (value,) = [
        r["value"]
        for r in history
        if (r["epoch"], r["part"], r["metric"]) == (8, "validation", "accuracy")
    ]
    assert (held.score_NK.argmax(1) == held.target).mean() == pytest.approx(value)


def test_predictions_of_the_pretext_have_a_row_for_each_version(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    folder = pretrained(task="recognise_transform", epochs=1)
    saved = predicted(cohort, folder, request(cohort, folder), tmp_path)
    assert saved.kind == "heads"
    assert saved.labels == NAMES
    assert len(saved.id_N) == 80 * 8
    assert saved.id_N[:9].tolist() == [
        *(f"toy/r0/II/0#{k}" for k in range(8)),
        f"{read_split_table(cohort.honest).ids('test')[1]}#0",
    ]
    assert saved.target[:9].tolist() == [*range(8), 0]
    assert saved.score_NK.shape == (640, 8)


def test_a_model_of_another_shape_is_refused(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    folder = pretrained(epochs=1)
    wider = {"name": "cnn", "widths": [4, 4, 8], "kernel": 5, "hidden": [8, 6]}
    with pytest.raises(ValueError, match=r"encoder.first.weight has shape \(8, 32\), the network"):
        predicted(cohort, folder, request(cohort, folder, model=wider), tmp_path)


def test_half_precision_is_close_to_float32_and_not_it(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    folder = pretrained(epochs=1)
    half, tf32, plain = (
        predicted(cohort, folder, request(cohort, folder, precision=precision), tmp_path).score_NK
        for precision in ("bf16", "tf32", "no")
    )
    assert half.dtype == np.float32
    np.testing.assert_allclose(half, plain, atol=0.02)
    assert not np.array_equal(half, plain)
    np.testing.assert_array_equal(tf32, plain)  # of this processor
    np.testing.assert_allclose(half.sum(1), 1, atol=1e-6)  # no bfloat16 adds up so well


def test_the_script_writes_the_same_bytes_twice(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    folder = pretrained(epochs=1)
    for name in ("a", "b"):
        scripts.load("predict").predict(
            spec=request(cohort, folder),
            segments=[cohort.segments],
            split=cohort.honest,
            model=folder,
            out=tmp_path / f"{name}.parquet",
            looks=tmp_path / "looks.jsonl",
        )
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    about = predictions.read(tmp_path / "a.parquet").about
    card = json.loads((folder / "card.json").read_text("utf-8"))
    assert about["weights_sha256"] == card["weights_sha256"]
    assert about["protocol"] == "honest"
    assert about["simulated"] is True
    (look,) = map(json.loads, (tmp_path / "looks.jsonl").read_text("utf-8").splitlines())
    assert look["weights_sha256"] == card["weights_sha256"]
    assert look["split_digest"] == about["split_digest"] == file_digest(cohort.honest)
    assert look["setting"] == look_ledger.setting(card["spec"])
    assert (look["people"], look["split"], look["simulated"]) == (2, "honest", True)


def test_the_script_says_what_is_wrong_in_one_line(
    cohort: Any, entry: Callable[..., Any], tmp_path: Path
) -> None:
    spec = entry()
    asks = Predict(split="toy", model=spec.model, task=spec.task)
    words = {
        "--spec": asks.canonical(),
        "--segments": cohort.segments,
        "--split": cohort.honest,
        "--model": tmp_path / "none",
        "--out": tmp_path / "out",
    }
    line = [sys.executable, str(ROOT / "workflow/scripts/predict.py")]
    line += [str(word) for pair in words.items() for word in pair]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip() == f"predict.py: {tmp_path / 'none'}: no such checkpoint"

"""Spoilt inputs: what each keeps and loses, and that targets stay as they are."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from torch import Tensor

from cardiograft.checkpoints.file import Checkpoint, write_checkpoint
from cardiograft.checkpoints.folder import WEIGHTS
from cardiograft.config.checks import load_config
from cardiograft.config.entries import Evaluation
from cardiograft.config.schema import Config
from cardiograft.evaluation import controls, predictions, scoring
from cardiograft.evaluation.predict import predict
from cardiograft.files import PARQUET_KEY
from cardiograft.segments import shards
from cardiograft.specs.predict import Predict
from cardiograft.training.build import build_network, make_task, network_shape

RATE_HZ, SAMPLES, PER_SUBJECT = 125.0, 256, 3
PIECES = 9  # of at most 0.25 s


def windows(count: int = 4, samples: int = SAMPLES) -> Tensor:
    return torch.randn((count, 3, samples), generator=torch.Generator().manual_seed(1)) + 2


def named(count: int = 4) -> Any:
    return np.array([f"d/r/x/{n}" for n in range(count)])


def corrupted(signal: Tensor, control: Any, ids: Any = None) -> Tensor:
    ids = named(len(signal)) if ids is None else ids
    return controls.corrupted(signal, ids, control, rate_hz=RATE_HZ)


@pytest.mark.parametrize("control", ["shuffled", "phase"])
def test_what_is_drawn_depends_on_the_id_alone(control: str) -> None:
    signal, order = windows(), [2, 0, 3]
    whole, some = corrupted(signal, control), corrupted(signal[order], control, named()[order])
    assert torch.equal(whole[order], some)
    assert not torch.equal(whole, signal)
    one, other = corrupted(signal[:1].repeat(2, 1, 1), control)
    assert not torch.allclose(one, other)


def test_shuffled_windows_keep_their_pieces_whole_and_their_channels_together() -> None:
    signal = torch.arange(float(SAMPLES)).repeat(2, 3, 1)
    changed = corrupted(signal, "shuffled")
    assert (changed == changed[:, :1]).all()
    assert torch.equal(changed.sort(-1).values, signal)
    joints = (changed[0, 0].diff() != 1).sum()
    assert 1 <= joints <= PIECES - 1
    edges = {0, *np.cumsum([len(p) for p in np.array_split(np.arange(SAMPLES), PIECES)]).tolist()}
    starts = changed[0, 0][1:][changed[0, 0].diff() != 1]
    assert set(starts.int().tolist()) <= edges


def test_random_phases_keep_spectra_and_coherence_and_lose_the_shape() -> None:
    signal = windows(20)
    changed = corrupted(signal, "phase")
    before, after = (np.fft.rfft(x.double().numpy()) for x in (signal, changed))
    np.testing.assert_allclose(np.abs(after), np.abs(before), atol=1e-3)
    crossed = [x[:, 0] * x[:, 2].conj() for x in (before, after)]
    np.testing.assert_allclose(*crossed, atol=0.05)
    pairs = zip(signal[:, 0].numpy(), changed[:, 0].numpy(), strict=True)
    assert abs(np.mean([np.corrcoef(a, b)[0, 1] for a, b in pairs])) < 0.1


@pytest.mark.parametrize(
    ("control", "message"),
    [("shuffled", "windows of 0.2 s hold no two pieces"), ("other", "not made of a window alone")],
)
def test_what_can_not_be_corrupted_is_refused(control: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        corrupted(windows(1, 25), control)


def test_other_subjects_are_of_the_same_part_and_another_subject() -> None:
    subject_N = np.repeat(["d/a", "d/b", "d/c", "d/e", "d/f"], 20)
    part_N = np.repeat(["train", "train", "test", "test", "test"], 20)
    other_N = controls.other_subjects(named(100), subject_N, part_N)
    assert (part_N[other_N] == part_N).all()
    assert (subject_N[other_N] != subject_N).all()
    assert len(set(other_N.tolist())) > 40  # they are drawn, not one for all
    again_N = controls.other_subjects(named(100)[40:], subject_N[40:], part_N[40:])
    np.testing.assert_array_equal(again_N + 40, other_N[40:])
    with pytest.raises(ValueError, match="d/a is alone in the part 'train'"):
        controls.other_subjects(named(20), subject_N[:20], part_N[:20])


# The whole way: shards, a network's checkpoint, predictions.


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return shards of four subjects, whose targets follow from the signals, and a split."""
    folder = tmp_path_factory.mktemp("controls")
    meta = shards.Meta(
        spec={},
        manifest_digest="0",
        simulated=True,
        rate_hz=RATE_HZ,
        channels=("SCG x", "SCG y", "SCG z"),
        samples=SAMPLES,
        target_channels=("II",),
        target_samples=SAMPLES,
    )
    with shards.Writer(folder, meta, 2) as writer:
        for subject in range(4):
            signal = np.random.default_rng(subject).normal(size=(PER_SUBJECT, 3, SAMPLES))
            row = shards.ShardRows(
                dataset="d",
                record=f"r{subject}",
                subject=f"s{subject}",
                lead="x+y+z",
                start_N=np.arange(PER_SUBJECT) * SAMPLES,
                valid_N=np.full(PER_SUBJECT, SAMPLES, np.int32),
                shape_hash_N=np.zeros(PER_SUBJECT, np.uint64),
                label_N=np.array(["N", "V", "N"], dtype=object),
                signal_NCT=signal.astype(np.float32),
                target_NCT=signal[:, 2:].astype(np.float32),
            )
            writer.write(row)
    table = shards.table([folder], ["id", "subject"])
    part = ["train" if s == "d/s0" else "test" for s in table["subject"].to_pylist()]
    about = json.dumps({"spec": {"protocol": "honest"}})
    whole = table.append_column("part", pa.array(part))
    pq.write_table(whole.replace_schema_metadata({PARQUET_KEY: about}), folder / "split.parquet")
    return folder


def spec_of(task: Any = "translate", **options: Any) -> Predict:
    model = {"name": "cae", "widths": [8, 8], "kernel": 3, "code": 4}
    return Predict.model_validate({"split": "made", "model": model, "task": task, **options})


def predicted_by(place: Path, tmp_path: Path, task: Any = "translate", **options: Any) -> Any:
    """Return what an untrained network, the same each time, says of the test part."""
    spec, meta = spec_of(task, **options), shards.meta(place)
    task = make_task(spec.task, meta)
    network = build_network(spec.model, network_shape(meta, task), seed=0)
    about = {"memory": task.remember(), "shape": network_shape(meta, task)._asdict()}
    file = tmp_path / "model" / WEIGHTS
    file.parent.mkdir(exist_ok=True)
    write_checkpoint(Checkpoint(tensors=dict(network.state_dict()), about=about), file)
    split = place / "split.parquet"
    changed = predict(spec, segments=[place], split=split, model=file.parent, scratch=tmp_path)
    predictions.write(changed, tmp_path / "saved.parquet")
    return predictions.read(tmp_path / "saved.parquet")


@pytest.mark.parametrize("task", ["translate", {"name": "reconstruct", "scaling": "median_max"}])
@pytest.mark.parametrize("control", ["shuffled", "other", "phase"])
def test_input_is_corrupted_and_target_stays(
    control: str, task: Any, place: Path, tmp_path: Path
) -> None:
    plain = predicted_by(place, tmp_path, task)
    both = predicted_by(place, tmp_path, task, controls=[control])
    same, changed = (both.only(both.part_N == part) for part in ("test", f"test, {control}"))
    assert (same.score_NK == plain.score_NK).all()
    assert (changed.target == plain.target).all()
    assert (changed.id_N == plain.id_N).all()
    assert (np.abs(changed.score_NK - plain.score_NK).max(axis=1) > 1e-3).all()
    small = predicted_by(place, tmp_path, task, controls=[control], batch_size=2)
    np.testing.assert_allclose(small.score_NK, both.score_NK, atol=1e-5)


def test_other_gives_the_prediction_of_the_other_subjects_window(
    place: Path, tmp_path: Path
) -> None:
    both = predicted_by(place, tmp_path, controls=["phase", "other"])
    plain, changed = (both.only(both.part_N == part) for part in ("test", "test, other"))
    other_subject_N = controls.other_subjects(plain.id_N, plain.subject_N, plain.part_N)
    np.testing.assert_allclose(changed.score_NK, plain.score_NK[other_subject_N], atol=1e-5)


def test_controls_are_scored_beside_the_part_they_corrupt(place: Path, tmp_path: Path) -> None:
    both = predicted_by(place, tmp_path, controls=["other", "shuffled"])
    metric = Evaluation.model_validate({"model": "", "split": "", "metrics": ["pearson"]}).metrics
    scores = scoring.score(both, metric)
    assert scores["part"].tolist() == ["test", "test, shuffled", "test, other"]
    assert scores["value"].nunique() == 3
    assert scores["segments"].nunique() == scores["subjects"].nunique() == 1


@pytest.mark.parametrize("control", ["shuffled", "other", "phase"])
def test_training_part_beside_another_is_not_corrupted(
    control: str, place: Path, tmp_path: Path
) -> None:
    alone = predicted_by(place, tmp_path, controls=[control])
    both = predicted_by(place, tmp_path, controls=[control], parts=["train", "test"])
    assert set(both.part_N.tolist()) == {"train", "test", f"test, {control}"}
    beside = both.only(both.part_N != "train")
    assert (beside.id_N == alone.id_N).all()
    assert (beside.target == alone.target).all()
    np.testing.assert_allclose(beside.score_NK, alone.score_NK, atol=1e-5)


def test_other_needs_somebody_else(place: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="d/s0 is alone in the part 'train'"):
        predicted_by(place, tmp_path, controls=["other"], parts=["train"])


def test_classes_have_no_controls(place: Path, tmp_path: Path) -> None:
    spec = Predict.model_validate(
        {"split": "made", "model": "cnn", "task": "classify", "controls": ["phase"]}
    )
    with pytest.raises(ValueError, match=r"\['phase'\] are for .* of 'classify' is classes"):
        predict(
            spec,
            segments=[place],
            split=place / "split.parquet",
            model=tmp_path,
            scratch=tmp_path,
        )


# Config.


def config(**evaluation: Any) -> Config:
    windowed = {"leads": ["SCG z"], "scale": "none"}
    segments = {"database": "scg_vhd", "signal": windowed, "rate_hz": 125, "cut": "windows"}
    training = {"epochs": 1, "batch_size": 8}
    return load_config(
        {
            "databases": {"scg_vhd": {}},
            "segments": {"scg": {**segments, "target": {"leads": ["II"]}}},
            "splits": {"people": {"segments": ["scg"], "scheme": "subject", "protocol": "honest"}},
            "transfer": {
                "net": {"split": "people", "model": "unet", "task": "translate"}
                | {"training": training, "sources": []}
            },
            "baselines": {"beat": {"split": "people", "baseline": "mean_beat"}},
            "evaluations": {
                "net": {"model": "net", "metrics": ["pearson"], "controls": ["other", "phase"]}
                | evaluation
            },
        }
    )


def test_controls_reach_the_network_alone() -> None:
    loaded = config()
    spec = loaded.spec("predict", "net")
    assert isinstance(spec, Predict)
    assert spec.controls == ("other", "phase")
    assert "controls" not in loaded.spec("score", "net").canonical()


@pytest.mark.parametrize(
    ("evaluation", "message"),
    [
        ({"controls": ["shufled"]}, r"'shufled'.*Input should be .*'shuffled'"),
        ({"metrics": ["pearson", "kappa"]}, "net.*'kappa' is of classes"),
        ({"model": "beat"}, r"net.controls: .*'phase'\] are for networks.* 'beat' is a"),
    ],
)
def test_a_control_that_makes_no_sense_is_refused(evaluation: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config(**evaluation)

"""A recording is given the mean of its segments' probabilities, and counts once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics as reference
from scripts import load

from cardiograft.evaluation import predictions, scoring
from cardiograft.evaluation.by_record import by_record, counted
from cardiograft.evaluation.predictions import Predictions
from cardiograft.specs.score import Score
from cardiograft.tables.saved_parts import mean_predictions

script = load("score")
LABELS = ("A", "N", "O")


def saved(*, recordings: int = 40, part: str = "test", seed: int = 0) -> Predictions:
    """Return one to five segments of each recording, two recordings a person."""
    generator = np.random.default_rng(seed)
    times = np.random.default_rng(7).integers(1, 6, recordings)
    target_R = np.random.default_rng(8).integers(0, 3, recordings)
    record_N = np.repeat(np.arange(recordings), times)
    score_NK = generator.random((len(record_N), 3)) + np.eye(3)[target_R[record_N]]
    return Predictions(
        kind="classes",
        labels=LABELS,
        id_N=np.array([f"made/a/{r:03}/II/{300 * n}" for n, r in enumerate(record_N)]),
        subject_N=np.array([f"made/p{r // 2}" for r in record_N]),
        part_N=np.full(len(record_N), part),
        target=target_R[record_N],
        score_NK=(score_NK / score_NK.sum(axis=1, keepdims=True)).astype(np.float32),
        about={"simulated": True},
    )


def test_probabilities_of_a_recording_are_averaged() -> None:
    given = saved()
    averaged = by_record(given)
    assert averaged.id_N.tolist() == [f"made/a/{r:03}" for r in range(40)]
    for name, subject, target, score_K in zip(
        averaged.id_N, averaged.subject_N, averaged.target, averaged.score_NK, strict=True
    ):
        own_N = np.char.startswith(given.id_N, f"{name}/")
        np.testing.assert_allclose(score_K, given.score_NK[own_N].mean(axis=0), rtol=1e-6)
        assert set(given.target[own_N]) == {target}
        assert set(given.subject_N[own_N]) == {subject}
    assert len(set(averaged.subject_N)) == 20  # whom intervals draw


def test_order_of_segments_changes_nothing() -> None:
    given = saved()
    other = given.only(np.random.default_rng(0).permutation(len(given.id_N)))
    one, two = by_record(given), by_record(other)
    assert one.id_N.tolist() == two.id_N.tolist()
    np.testing.assert_allclose(one.score_NK, two.score_NK, rtol=1e-6)


def test_the_stage_scores_recordings(tmp_path: Path) -> None:
    given, spec = saved(), Score.model_validate({"metrics": ["macro_f1"], "per": "record"})
    predictions.write(given, tmp_path / "p.parquet")
    script.score(spec, tmp_path / "p.parquet", tmp_path / "s.parquet")
    row = scoring.score(by_record(given), spec.metrics).iloc[0]
    own = by_record(given)
    expected = reference.f1_score(own.target, own.score_NK.argmax(axis=1), average="macro")
    assert row["value"] == pytest.approx(expected)
    assert (row["segments"], row["subjects"]) == (
        40,
        scoring.support(spec.metrics[0], scoring.additive(own, spec.metrics[0]), LABELS)[""][1],
    )
    assert scoring.score(counted(given, "segment"), spec.metrics)["segments"][0] == len(given.id_N)


def test_parts_and_corrupted_inputs_have_their_own_rows() -> None:
    plain = saved()
    half = plain.only(np.char.find(plain.id_N, "a/00") >= 0)
    rest = plain.only(np.char.find(plain.id_N, "a/00") < 0)
    both = predictions.together(
        [
            rest,
            replace(half, part_N=np.full(len(half.id_N), "validation")),
            replace(rest, part_N=np.full(len(rest.id_N), "test, shuffled")),
        ]
    )
    averaged = by_record(both)
    count = dict(zip(*np.unique(averaged.part_N, return_counts=True), strict=True))
    assert count == {"test": 30, "test, shuffled": 30, "validation": 10}


def test_unlabelled_recordings_stay_unlabelled() -> None:
    given = saved()
    own = by_record(replace(given, target=np.full(len(given.id_N), -1)))
    assert (own.target == -1).all()


def test_what_is_no_whole_recording_is_refused() -> None:
    given = saved()
    last = len(given.id_N) - 1
    assert np.char.startswith(given.id_N, "made/a/039/").sum() > 1
    target, subject_N = given.target.copy(), given.subject_N.astype("<U20")
    target[last] = (target[last] + 1) % 3
    subject_N[last] = "made/another"
    with pytest.raises(ValueError, match=r"made/a/039: its segments do not have one class"):
        by_record(replace(given, target=target))
    with pytest.raises(ValueError, match=r"made/a/039: its segments do not have one subject"):
        by_record(replace(given, subject_N=subject_N))
    part_N = given.part_N.astype("<U20")
    part_N[last] = "train"
    with pytest.raises(ValueError, match=r"made/a/039: segments of it are in test and in train"):
        by_record(replace(given, part_N=part_N))
    with pytest.raises(ValueError, match="per 'record' averages probabilities of classes"):
        by_record(replace(given, kind="signal"))


def test_models_of_other_segments_have_a_mean_by_recording(tmp_path: Path) -> None:
    one, two = saved(seed=1), saved(seed=2)
    other = two.only(np.arange(0, len(two.id_N)) % 2 == 0)
    some = np.isin(
        [i.rsplit("/", 2)[0] for i in one.id_N], [i.rsplit("/", 2)[0] for i in other.id_N]
    )
    one = one.only(some)
    files = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for file, each in zip(files, (one, other), strict=True):
        predictions.write(each, file)
    averaged = mean_predictions(files, "record")
    expected = (by_record(one).score_NK + by_record(other).score_NK) / 2
    np.testing.assert_allclose(averaged.score_NK, expected, rtol=1e-6)
    with pytest.raises(ValueError, match="other segments, targets or labels"):
        mean_predictions(files)

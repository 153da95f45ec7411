"""Metrics of two classes by their probability, and the threshold that validation chooses."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import scripts
import sklearn.metrics as reference
from synthetic import LABELS, classes

from cardiograft import parquet
from cardiograft.evaluation import predictions, scoring, threshold
from cardiograft.evaluation.by_record import counted
from cardiograft.evaluation.predictions import Predictions, together
from cardiograft.specs.score import Score, named
from cardiograft.tables.runs import summed, summed_alike
from cardiograft.tables.saved_parts import mean_predictions
from cardiograft.tables.shared_segments import swappable


def metrics(*given):
    return Score.model_validate({"metrics": list(given)}).metrics


def values(saved: Predictions, metric) -> dict[str, float]:
    table = scoring.score(saved, metrics(metric))
    chosen = table[table["part"] == "test"]
    return dict(zip(chosen["class"], chosen["value"], strict=True))


def quality(part="test", seed=0, subjects=30, each=20, shift=0.0, per_subject=True) -> Predictions:
    """Return logistic predictions of rare ``low``; with `shift` probabilities are off."""
    random = np.random.default_rng(seed)
    n = subjects * each
    target_N = np.repeat(np.arange(subjects) % 5 == 0, each)
    if not per_subject:
        target_N = random.random(n) < 0.3
    logit_N = random.normal(0, 1.5, n) + 2.5 * target_N - 1.5 + shift
    second_N = 1 / (1 + np.exp(-logit_N))
    names = [f"{part}/{k:03d}" for k in range(subjects)]
    return Predictions(
        kind="classes",
        labels=("high", "low"),
        id_N=np.array([f"{names[i // each]}/I/{i % each}" for i in range(n)]),
        subject_N=np.repeat(names, each),
        part_N=np.full(n, part),
        target=target_N.astype(np.int64),
        score_NK=np.stack([1 - second_N, second_N], axis=1).astype(np.float32),
    )


def test_average_precision_is_scikit_learns():
    """Two classes and many segments, and five classes of which one has 14 segments."""
    for saved in (quality(), classes(seed=1, skill=0.6), tied(quality(seed=1))):
        precision, expected = values(saved, "average_precision"), exact(saved)
        for k, label in enumerate(saved.labels):
            close = 1e-12 if (saved.target == k).sum() <= 500 else 1e-5
            assert precision[label] == pytest.approx(expected[label], abs=close)


def exact(saved: Predictions) -> dict[str, float]:
    return {
        label: reference.average_precision_score(saved.target == k, saved.score_NK[:, k])
        for k, label in enumerate(saved.labels)
    }


def squeezed(saved: Predictions, first: float, last: float) -> Predictions:
    """Return the probabilities in the same order, all of them between two numbers."""
    score_NK = saved.score_NK[:, :1].astype(np.float64) * (last - first) + first
    return replace(saved, score_NK=np.hstack([score_NK, 1 - score_NK]).astype(np.float32))


def tied(saved: Predictions) -> Predictions:
    second_N1 = np.round(saved.score_NK[:, 1:], 1)
    return replace(saved, score_NK=np.hstack([1 - second_N1, second_N1]))


def test_average_precision_of_many_segments_is_as_good_as_exact():
    """A class has more segments than there are levels."""
    for saved in (quality(subjects=200), quality(seed=2, subjects=400, per_subject=False)):
        precision = values(saved, "average_precision")
        assert precision == pytest.approx(exact(saved), abs=2e-4)


def test_average_precision_hangs_on_the_order_alone():
    for subjects in (30, 200):
        saved = tied(quality(seed=3, subjects=subjects))
        plain = values(saved, "average_precision")
        for ends in ((0.495, 0.505), (0.0, 1e-4)):
            assert values(squeezed(saved, *ends), "average_precision") == plain


def test_average_precision_of_a_draw_is_that_of_its_subjects():
    saved, (metric,) = quality(seed=5), metrics("average_precision")
    drawn = np.random.default_rng(0).integers(0, 4, 30).astype(float)
    sums_SD = scoring.additive(saved, metric)
    drawn_values = scoring.values(metric, drawn[None] @ sums_SD, saved.labels)
    weight_N = np.repeat(drawn, 20)
    for k, label in enumerate(saved.labels):
        expected = reference.average_precision_score(
            saved.target == k, saved.score_NK[:, k], sample_weight=weight_N
        )
        assert drawn_values[label][0] == pytest.approx(expected, abs=1e-12)


def test_average_precision_of_folds_is_that_of_all_their_segments():
    """Levels are those of all files that are pooled, not of each."""
    saved, (metric,) = quality(seed=6, per_subject=False), metrics("average_precision")
    folds = [saved.only(saved.subject_N < "test/010"), saved.only(saved.subject_N >= "test/010")]
    sums_SD = summed(iter(folds), metric)
    assert np.array_equal(sums_SD, scoring.additive(saved, metric))
    with_one_left_out = metric.model_copy(update={"without": ("test/003",)})
    assert len(summed(iter(folds[:1]), with_one_left_out)) == 9
    own, other = summed_alike([[folds[0]], [folds[0], folds[1]]], metric)
    assert np.array_equal(own, other[:10])


def test_subjects_of_two_models_change_hands_by_their_probabilities():
    """In one layout: where both runs are alike but for a shift, a subject is where it was."""
    (metric,) = metrics("average_precision")
    saved = [quality(seed=7, per_subject=False), quality(seed=8, per_subject=False)]

    def run(each: Predictions):
        return SimpleNamespace(
            metric=lambda _: metric, files=((),), saved=lambda _: iter([("test", each)])
        )

    of, to = (run(one) for one in saved)
    nothing = np.zeros((1, 30, 1))
    of_RSD, to_RSD = swappable(of, to, "test", "average_precision", (nothing, nothing))
    swap_S = np.arange(30) % 2
    by_label = scoring.values(
        metric, ((1 - swap_S) @ of_RSD[0] + swap_S @ to_RSD[0])[None], saved[0].labels
    )
    of_N = np.repeat(swap_S == 0, 20)
    mixed = together([saved[0].only(of_N), saved[1].only(~of_N)])
    for label, expected in exact(mixed).items():
        assert by_label[label][0] == pytest.approx(expected, abs=5e-4)


def test_average_precision_of_knowing_nothing_is_the_share():
    saved = quality()
    flat = replace(saved, score_NK=np.full_like(saved.score_NK, 0.5))
    assert values(flat, "average_precision") == pytest.approx({"high": 0.8, "low": 0.2})


def test_balanced_accuracy_and_brier_are_scikit_learns():
    saved = quality()
    guess = saved.score_NK.argmax(axis=1)
    expected = reference.balanced_accuracy_score(saved.target, guess)
    assert values(saved, "balanced_accuracy")[""] == pytest.approx(expected)
    brier = reference.brier_score_loss(saved.target, saved.score_NK[:, 1])
    assert values(saved, "brier")[""] == pytest.approx(brier, rel=1e-5)
    many = classes(seed=2)
    each = np.eye(len(LABELS))[many.target] - many.score_NK
    assert values(many, "brier")[""] == pytest.approx((each**2).sum(axis=1).mean() / 2, rel=1e-5)


def test_calibration_error_by_hand():
    """Of ten at 0.8 six are right, of ten at 0.6 six: (2 + 0) / 20."""
    saved = quality(subjects=1, each=20)
    sure_N = np.repeat([0.8, 0.6], 10)
    right_N = np.tile(np.arange(10) < 6, 2)
    by_hand = replace(
        saved,
        target=np.where(right_N, 1, 0),
        score_NK=np.stack([1 - sure_N, sure_N], axis=1).astype(np.float32),
    )
    assert values(by_hand, "calibration_error")[""] == pytest.approx(0.1, abs=1e-6)


def test_a_threshold_is_the_best_of_validation():
    saved = quality("validation", shift=-2.0)
    limit = threshold.chosen(saved)
    score_N, low_N = saved.score_NK[:, 1], saved.target == 1
    every = np.unique(np.concatenate([score_N - 1e-6, score_N + 1e-6]))
    balanced = [(np.mean(score_N[low_N] > t) + np.mean(score_N[~low_N] <= t)) / 2 for t in every]
    mine = (np.mean(score_N[low_N] > limit) + np.mean(score_N[~low_N] <= limit)) / 2
    assert mine == pytest.approx(max(balanced))
    assert limit < 0.4


def test_it_is_applied_to_the_test_part_and_changes_no_order():
    both = counted(together([quality("validation", 1, shift=-2), quality(shift=-2)]), "segment")
    at = both.about["threshold"]
    test = both.only(both.part_N == "test")
    expected = reference.balanced_accuracy_score(test.target, test.score_NK[:, 1] > at)
    metric = {"name": "balanced_accuracy", "at": "validation"}
    assert values(both, metric)[""] == pytest.approx(expected)
    assert values(both, metric)[""] > values(both, "balanced_accuracy")[""] + 0.05
    moved = threshold.applied(test).score_NK[:, 1]
    np.testing.assert_array_equal(np.argsort(moved), np.argsort(test.score_NK[:, 1]))
    assert named(metrics(metric)[0]) == "balanced_accuracy(at validation)"


def test_the_test_part_never_chooses():
    validation, test = quality("validation", 1), quality(shift=-2)
    one = counted(together([validation, test]), "segment")
    other = counted(together([validation, quality(seed=9, shift=3)]), "segment")
    assert one.about["threshold"] == other.about["threshold"]
    assert "threshold" not in counted(test, "segment").about


def test_recordings_take_the_threshold_of_validation_segments():
    mixed = quality("validation", 1, shift=-2, per_subject=False)
    both = counted(together([mixed, quality(shift=-2)]), "record")
    assert set(both.part_N) == {"test"}
    assert len(both.id_N) == 30
    assert both.about["threshold"] == threshold.chosen(mixed)
    whole = counted(together([quality("validation", 1), quality()]), "record")
    assert set(whole.part_N) == {"test", "validation"}


def test_a_mean_has_a_threshold_of_its_own(tmp_path):
    files = []
    for seed, shift in ((1, -2), (2, -1)):
        one = quality("validation", 5, shift=shift)
        noisy = np.clip(one.score_NK[:, 1] * (1 + 0.01 * seed), 0, 1)
        one = replace(one, score_NK=np.stack([1 - noisy, noisy], axis=1).astype(np.float32))
        files.append(tmp_path / f"{seed}.parquet")
        predictions.write(together([one, quality(shift=shift)]), files[-1])
    mean = mean_predictions(files)
    assert mean.about["threshold"] == threshold.chosen(mean)
    each = [threshold.chosen(predictions.read(file)) for file in files]
    assert mean.about["threshold"] not in each


@pytest.mark.parametrize(
    "saved", [quality(), classes(), replace(quality("validation"), target=np.zeros(600, int))]
)
def test_without_two_classes_in_validation_it_is_refused(saved):
    with pytest.raises(ValueError, match="at 'validation' needs predictions of a validation part"):
        scoring.score(counted(saved, "segment"), metrics({"name": "accuracy", "at": "validation"}))


def test_the_stage_scores_at_the_threshold(tmp_path: Path):
    predictions.write(together([quality("validation", 1), quality()]), tmp_path / "p.parquet")
    spec = Score.model_validate(
        {"metrics": ["balanced_accuracy", {"name": "sensitivity", "at": "validation"}]}
    )
    scripts.load("score").score(spec, tmp_path / "p.parquet", tmp_path / "s.parquet")
    table = parquet.read(tmp_path / "s.parquet").to_pandas()
    assert set(table["metric"]) == {"balanced_accuracy", "sensitivity(at validation)"}
    assert np.isfinite(table["value"]).all()

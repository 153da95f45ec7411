"""Trees on rhythm and shape, trained with synthetic fibrillation and supraventricular runs too.

Each beat is described relative to its own recording: R-R intervals against the recording's
median, against local upper quantiles and local irregularity; QRS complex, P and T wave against
the recording's median beat and its late beats. These references are made from all beats of the
recording at once, those that are tested included, without any label: the method is
transductive, and needs the whole recording before it predicts its first beat.

Training recordings also give stretches that are not tested on: beats re-timed to atrial
fibrillation, and the same beats in an order in which many are S
(`cardiograft.signals.synthetic_rhythms`). Predicted is the mean of extremely randomised trees and
boosted ones.

Source: features after de Chazal et al., IEEE Trans Biomed Eng 2004;51:1196-206,
doi:10.1109/TBME.2004.827359; trees after Geurts et al., Mach Learn 2006;63:3-42,
doi:10.1007/s10994-006-6226-1.

Legend: N segments, W requested, K classes, B beats of one recording, F features.
"""

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge
from numpy.random import Generator
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from cardiograft.evaluation.baseline_inputs import Examples
from cardiograft.plugins import Duration
from cardiograft.records import Float32, Float64, Int64
from cardiograft.segments.recordings import number, recordings
from cardiograft.signals import beat_shape, rr_intervals, synthetic_rhythms
from cardiograft.signals.beats import Geometry, Sequence, sequence

COLUMNS = ("dataset", "record", "start", "signal", "rr_before", "rr_after")
OF_FIBRILLATION, OF_ECTOPY = 120, 100  # beats of a stretch that are trained on
Lesson = tuple[Float64, Int64]  # features (B, F), classes (B,)


def predict(
    examples: Examples,
    *,
    before_s: Duration = 0.3,
    after_s: Duration = 0.6,
    fibrillation: Annotated[int, Ge(0)] = 1,
    ectopy: Annotated[int, Ge(0)] = 0,
    most: Annotated[int, Ge(1)] = 300,
    models: Annotated[int, Ge(1)] = 2,
    trees: Annotated[int, Ge(1)] = 100,
    iterations: Annotated[int, Ge(1)] = 70,
    bins: Annotated[int, Ge(2)] = 255,
) -> Float32:
    """Return probabilities of the requested segments, shape (W, K).

    Parameters
    ----------
    before_s, after_s
        As in the cut `beats` that made the segments; the first lead is used.
    fibrillation, ectopy
        So many stretches of each kind from a training recording. Cross-validation that left
        DS1 subjects of mitdb out preferred none of ectopy, hence the default; it was thought of
        for record 232 of DS2, which is a test record and may not decide it.
    most
        Beats of a class that a training recording gives at most.
    models
        So many forests and so many boostings, whose probabilities are averaged.
    trees, iterations
        Of a forest, and of a boosting.
    bins
        Of a feature's values, in boosting.
    """
    geometry = Geometry.of(examples.columns["signal"].shape[2], before_s=before_s, after_s=after_s)
    lessons: list[Lesson] = []
    rows, requested = [], []
    columns = examples.columns
    for row_B in recordings(columns):
        beats = _sequence(examples, row_B, geometry)
        train_B, wanted_B = examples.part_N[row_B] == "train", examples.wanted_N[row_B]
        feature_BF = features(beats) if (train_B | wanted_B).any() else np.empty((0, 0))
        if wanted_B.any():
            rows.append(row_B[wanted_B])
            requested.append(feature_BF[wanted_B])
        if train_B.any():
            generator = np.random.default_rng([examples.seed, number(columns, row_B[0])])
            lessons.append(_most(beats.target_B, feature_BF, generator, most=most))
            made = _made(beats, examples.labels, generator, fibrillation, ectopy)
            lessons += [_some(stretch, generator, count=n) for stretch, n in made]
    kinds = {"models": models, "trees": trees, "iterations": iterations, "bins": bins}
    fitted = fit(lessons, seed=examples.seed, **kinds)
    probability_WK = probabilities(fitted, np.concatenate(requested), classes=len(examples.labels))
    return probability_WK[np.argsort(np.concatenate(rows))].astype(np.float32)


def features(beats: Sequence) -> Float64:
    """Return rhythm and shape of every beat, shape (B, F)."""
    looks = beat_shape.shape(beats)
    features = rr_intervals.rhythm(beats, beat_shape.likeness(looks)) | looks
    return np.stack(list(features.values()), axis=1)


def fit(
    lessons: list[Lesson], *, seed: int, models: int, trees: int, iterations: int, bins: int
) -> list[Any]:
    """Return forests and boostings; a class weighs as the square root of its rarity."""
    feature_NF = np.concatenate([feature_BF for feature_BF, _ in lessons]).astype(np.float32)
    target_N = np.concatenate([target_B for _, target_B in lessons])
    count_K = np.maximum(np.bincount(target_N), 1)
    weight_N = np.sqrt(len(target_N) / count_K)[target_N]
    fitted: list[Any] = []
    with threadpool_limits(1):  # the same sums in the same order, and one core a job
        for model in range(models):
            for kind in (_forest(trees), _boosting(iterations, bins)):
                kind.set_params(random_state=seed + model)
                fitted.append(kind.fit(feature_NF, target_N, sample_weight=weight_N))
    return fitted


def probabilities(fitted: list[Any], feature_WF: Float64, *, classes: int) -> Float64:
    """Return the mean of the models' probabilities, shape (W, K)."""
    score_WK = np.zeros((len(feature_WF), classes))
    with threadpool_limits(1):
        for model in fitted:
            predicted_WK = model.predict_proba(feature_WF.astype(np.float32))
            score_WK[:, model.classes_] += predicted_WK / len(fitted)
    return score_WK


def _forest(trees: int) -> ExtraTreesClassifier:
    return ExtraTreesClassifier(trees, min_samples_leaf=5, max_features=0.3)


def _boosting(iterations: int, bins: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=iterations,
        max_bins=bins,
        learning_rate=0.1,
        max_leaf_nodes=10,
        min_samples_leaf=30,
        l2_regularization=5.0,
        max_features=0.3,
        early_stopping=False,
    )


def _sequence(examples: Examples, row_B: Int64, geometry: Geometry) -> Sequence:
    columns = examples.columns
    return sequence(
        columns["signal"][row_B, 0],
        before_B=columns["rr_before"][row_B],
        after_B=columns["rr_after"][row_B],
        target_B=examples.target_N[row_B],
        geometry=geometry,
    )


def _most(target_B: Int64, feature_BF: Float64, generator: Generator, *, most: int) -> Lesson:
    chosen = []
    for target in np.unique(target_B[target_B >= 0]):
        row_B = np.flatnonzero(target_B == target)
        chosen.append(generator.choice(row_B, min(most, len(row_B)), replace=False))
    row_N = np.concatenate(chosen)
    return feature_BF[row_N], target_B[row_N]


def _some(stretch: Sequence, generator: Generator, *, count: int) -> Lesson:
    beats = len(stretch.target_B)
    row_N = generator.choice(beats, min(count, beats), replace=False)
    return features(stretch)[row_N], stretch.target_B[row_N]


def _made(
    beats: Sequence, labels: tuple[str, ...], generator: Generator, fibrillation: int, ectopy: int
) -> Iterator[tuple[Sequence, int]]:
    """Yield stretches, and of how many of their beats to learn; none without N and S."""
    index = {name: k for k, name in enumerate(labels)}
    if "N" not in index:
        return
    kept = tuple(index[name] for name in ("N", "V") if name in index)
    for _ in range(fibrillation):
        made = synthetic_rhythms.fibrillation(beats, generator, kept=kept, usual=index["N"])
        if made is not None:
            yield made, OF_FIBRILLATION
    for _ in range(ectopy if "S" in index else 0):
        made = synthetic_rhythms.ectopy(beats, generator, early=index["S"], usual=index["N"])
        if made is not None:
            yield made, OF_ECTOPY

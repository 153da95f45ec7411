"""The probability from which a segment counts as the second of two classes, chosen on validation.

Legend: N segments, K = 2 classes.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import UNKNOWN, Float64

PART = "validation"
KEY = "threshold"  # in what predictions are about
USUAL = 0.5


def chosen(saved: Predictions) -> float | None:
    """Return the threshold of highest balanced accuracy in the validation part.

    It is the middle between two probabilities that occur there; of several that are as good, the
    one nearest to 0.5.

    Returns
    -------
    float, optional
        Of the second class's probability, which must be higher. None where there are not two
        classes, or none of one of them in a validation part.

    Source
    ------
    Youden, Cancer 1950;3:32-35: balanced accuracy is half of his index and a half.
    """
    if saved.kind != "classes" or len(saved.labels) != 2:
        return None
    used_N = (saved.part_N == PART) & (saved.target != UNKNOWN)
    score_N, target_N = saved.score_NK[used_N, 1].astype(np.float64), saved.target[used_N]
    count_K = np.bincount(target_N, minlength=2)
    if not count_K.all():
        return None
    order = np.argsort(score_N, kind="stable")
    score_N, second_N = score_N[order], target_N[order] == 1
    # below a place lie so many of the first class, from it on so many of the second
    below_N = np.concatenate([[0], np.cumsum(~second_N)]) / count_K[0]
    above_N = 1 - np.concatenate([[0], np.cumsum(second_N)]) / count_K[1]
    between_N = np.concatenate([[0.0], (score_N[1:] + score_N[:-1]) / 2, [1.0]])
    apart_N = np.concatenate([[True], score_N[1:] > score_N[:-1], [True]])
    good_N: Float64 = np.where(apart_N, below_N + above_N, -np.inf)
    best_N = np.flatnonzero(good_N >= good_N.max() - 1e-12)
    nearest = best_N[np.argmin(np.abs(between_N[best_N] - USUAL))]
    return float(np.clip(between_N[nearest], 1e-6, 1 - 1e-6))


def noted(saved: Predictions) -> Predictions:
    """Return predictions that know the threshold of their validation part, where they have one."""
    threshold = chosen(saved)
    return saved if threshold is None else replace(saved, about={**saved.about, KEY: threshold})


def averaged(mean: Predictions, each: Sequence[float | None]) -> Predictions:
    """Return the mean of several models' predictions with a threshold of its own.

    Of its validation part; counted per record without one, the mean of the models' thresholds.
    """
    threshold = chosen(mean)
    known = [one for one in each if one is not None]
    if threshold is None and len(known) == len(each):
        threshold = float(np.mean(known))
    about = {key: value for key, value in mean.about.items() if key != KEY}
    return replace(mean, about=about if threshold is None else {**about, KEY: threshold})


def applied(saved: Predictions) -> Predictions:
    """Return predictions whose more probable class is the one that the threshold gives.

    Probabilities keep their order: below the threshold and above it they are stretched, so that it
    comes to lie at 0.5.

    Raises
    ------
    ValueError
        The predictions know no threshold.
    """
    if KEY not in saved.about:
        raise ValueError(
            "at 'validation' needs predictions of a validation part that has both of two classes"
        )
    at = saved.about[KEY]
    score_N = saved.score_NK[:, 1].astype(np.float64)
    below_N, above_N = USUAL * score_N / at, 1 - USUAL * (1 - score_N) / (1 - at)
    second_N = np.where(score_N <= at, below_N, above_N)
    score_NK = np.stack([1 - second_N, second_N], axis=1).astype(np.float32)
    return replace(saved, score_NK=score_NK)

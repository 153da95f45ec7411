"""Average precision: the area below a class's precision over its sensitivity, by steps.

Of each class against all others, by its probability; only the order of probabilities counts. A
model that knows nothing has the share of the class. So that an interval over subjects costs one
matrix product, segments are counted in bins between levels: the probabilities that the class's own
segments have, all of them up to 500. Then the value is exact, of all subjects and of each draw.
Where a class has more, 500 of them are levels, evenly among them, and what lies between two is
taken to lie there in no order: each of the class sees half of the others before it. That is off by
less than 0.0005 (0.0003 at most of 500 to 32,000 segments drawn at random, of little skill and
much). Neither hangs on how the probabilities are spread.

Levels are those of one model's predictions (`laid_out`): sums with other levels can't be added up.

Source: Davis & Goadrich, ICML 2006, doi:10.1145/1143844.1143874; sklearn's
``average_precision_score``.

Legend: N segments, S subjects, K classes, L levels, G bins, B rows of sums.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cardiograft.evaluation import confusion
from cardiograft.evaluation.predictions import Predictions, together
from cardiograft.records import Float64

TITLE = "PR-AUC"
KINDS = ("classes",)
PERCENT = False
LOWER_IS_BETTER = False

KEY = "levels of average precision"  # in what predictions are about, shape (K, L)
LEVELS = 500
BINS = 2 * LEVELS + 1  # each level, and what lies below, between and above them


def laid_out(several: Sequence[Predictions]) -> list[Predictions]:
    """Return predictions that know the levels of all of them together."""
    levels_KL = _levels(together(several))
    return [replace(one, about={**one.about, KEY: levels_KL}) for one in several]


def _levels(whole: Predictions) -> Float64:
    """Return up to `LEVELS` probabilities that each class's segments have, then infinity."""
    known_N = confusion.check(whole)
    levels_KL = np.full((len(whole.labels), LEVELS), np.inf)
    for k, level_L in enumerate(levels_KL):
        own = np.unique(whole.score_NK[known_N & (whole.target == k), k]).astype(np.float64)
        if len(own) > LEVELS:
            own = own[np.linspace(0, len(own) - 1, LEVELS).round().astype(np.int64)]
        level_L[: len(own)] = own
    return levels_KL


def additive(predictions: Predictions) -> Float64:
    """Return how many segments of a class, and of others, each subject has in each bin of it."""
    if KEY not in predictions.about:
        (predictions,) = laid_out([predictions])
    known_N = confusion.check(predictions)
    classes = len(predictions.labels)
    subject_S, subject_N = np.unique(predictions.subject_N, return_inverse=True)
    bin_NK = np.empty(predictions.score_NK.shape, dtype=np.int64)
    for k, level_L in enumerate(predictions.about[KEY]):
        score_N = predictions.score_NK[:, k].astype(np.float64)
        # Below, at or above a level; those at one level are a bin of their own.
        bin_NK[:, k] = np.searchsorted(level_L, score_N, side="left")
        bin_NK[:, k] += np.searchsorted(level_L, score_N, side="right")
    own_NK = predictions.target[:, None] == np.arange(classes)
    place_NK = (subject_N[:, None] * classes + np.arange(classes)) * 2 + ~own_NK
    cell_NK = place_NK * BINS + bin_NK
    size = len(subject_S) * classes * 2 * BINS
    counts = np.bincount(cell_NK[known_N].ravel(), minlength=size)
    return counts.reshape(len(subject_S), classes * 2 * BINS).astype(np.float64)


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return each class's average precision, shape (B,); NaN where the class does not occur."""
    own_BKG, other_BKG = np.moveaxis(sums_BD.reshape(len(sums_BD), len(labels), 2, BINS), 2, 0)
    own_BKG, other_BKG = own_BKG[..., ::-1], other_BKG[..., ::-1]  # from the highest down
    hit_BKG, alarm_BKG = np.cumsum(own_BKG, axis=-1), np.cumsum(other_BKG, axis=-1)
    # Those at one level are predicted all at once; of those between two, half before each.
    hit_BKG[..., ::2] -= np.maximum(own_BKG[..., ::2] - 1, 0) / 2
    alarm_BKG[..., ::2] -= other_BKG[..., ::2] / 2
    precision_BKG = np.nan_to_num(confusion.ratio(hit_BKG, hit_BKG + alarm_BKG))
    area_BK = (precision_BKG * own_BKG).sum(axis=-1)
    return confusion.by_label(confusion.ratio(area_BK, own_BKG.sum(axis=-1)), labels)


def support(sums_SD: Float64, labels: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return for each class how many segments have it, and how many subjects they come from."""
    own_SK = sums_SD.reshape(len(sums_SD), len(labels), 2, BINS)[:, :, 0].sum(axis=-1)
    return {
        label: (int(own_SK[:, k].sum()), int((own_SK[:, k] > 0).sum()))
        for k, label in enumerate(labels)
    }

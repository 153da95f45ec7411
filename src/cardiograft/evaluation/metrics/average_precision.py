"""Average precision: the area below a class's precision over its sensitivity, by steps.

Of each class against all others, by its probability. A model that knows nothing has the share of
the class. So that an interval over subjects costs one matrix product, probabilities are counted in
640 bins of their logit (0.05 wide, from -16 to 16). A bin's members are taken to lie in it in no
order: each of its class sees half of the bin's others before it.

Source: Davis & Goadrich, ICML 2006, doi:10.1145/1143844.1143874; sklearn's
``average_precision_score``.

Legend: N segments, S subjects, K classes, G bins, B rows of sums.
"""

import numpy as np

from cardiograft.evaluation import confusion
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "PR-AUC"
KINDS = ("classes",)
PERCENT = False
LOWER_IS_BETTER = False

FURTHEST, BINS = 16.0, 640  # the largest logit, and the number of bins


def additive(predictions: Predictions) -> Float64:
    """Return how many segments of a class, and of others, each subject has in each bin of it."""
    known_N = confusion.check(predictions)
    classes = len(predictions.labels)
    subject_S, subject_N = np.unique(predictions.subject_N, return_inverse=True)
    score_NK = np.clip(predictions.score_NK.astype(np.float64), 1e-300, None)
    others_NK = np.clip(1 - predictions.score_NK.astype(np.float64), 1e-300, None)
    logit_NK = np.clip(np.log(score_NK / others_NK), -FURTHEST, FURTHEST)
    bin_NK = ((logit_NK + FURTHEST) / (2 * FURTHEST) * BINS).astype(np.int64).clip(max=BINS - 1)
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
    hit_BKG = np.cumsum(own_BKG, axis=-1) - (own_BKG - 1) / 2
    alarm_BKG = np.cumsum(other_BKG, axis=-1) - other_BKG / 2
    area_BK = (hit_BKG / (hit_BKG + alarm_BKG) * own_BKG).sum(axis=-1)
    return confusion.by_label(confusion.ratio(area_BK, own_BKG.sum(axis=-1)), labels)


def support(sums_SD: Float64, labels: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return for each class how many segments have it, and how many subjects they come from."""
    own_SK = sums_SD.reshape(len(sums_SD), len(labels), 2, BINS)[:, :, 0].sum(axis=-1)
    return {
        label: (int(own_SK[:, k].sum()), int((own_SK[:, k] > 0).sum()))
        for k, label in enumerate(labels)
    }

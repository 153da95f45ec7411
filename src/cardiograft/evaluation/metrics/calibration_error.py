"""Expected calibration error: how far predictions' probabilities are from how often they hold.

Segments are sorted into 15 bins by the probability of the class that is predicted; the error is
the mean distance of that probability from the share that is right, bins weighed by their size.

Source: Guo et al., ICML 2017, arXiv:1706.04599.

Legend: N segments, S subjects, G bins, B rows of sums.
"""

import numpy as np

from cardiograft.evaluation import confusion
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "Calibration error"
KINDS = ("classes",)
PERCENT = False
LOWER_IS_BETTER = True

BINS = 15


def additive(predictions: Predictions) -> Float64:
    """Return each subject's segments, right ones and probabilities in each bin, shape (S, 3 G)."""
    known_N = confusion.check(predictions)
    subject_S, subject_N = np.unique(predictions.subject_N, return_inverse=True)
    sure_N = predictions.score_NK.max(axis=1).astype(np.float64)
    right_N = predictions.score_NK.argmax(axis=1) == predictions.target
    # a bin holds its upper end: (0.4, 0.4667]
    bin_N = np.clip(np.ceil(sure_N * BINS - 1e-6).astype(np.int64) - 1, 0, BINS - 1)
    sums_SG3 = np.zeros((len(subject_S), BINS, 3))
    facts_N3 = np.stack([np.ones(len(sure_N)), right_N, sure_N], axis=1)
    np.add.at(sums_SG3, (subject_N[known_N], bin_N[known_N]), facts_N3[known_N])
    return sums_SG3.reshape(len(subject_S), BINS * 3)


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the error, shape (B,), under ``""``."""
    count_BG, right_BG, sure_BG = np.moveaxis(sums_BD.reshape(len(sums_BD), BINS, 3), 2, 0)
    return {"": confusion.ratio(np.abs(right_BG - sure_BG).sum(axis=1), count_BG.sum(axis=1))}


def support(sums_SD: Float64, labels: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return all segments and subjects."""
    count_S = sums_SD.reshape(len(sums_SD), BINS, 3)[..., 0].sum(axis=1)
    return {"": (int(count_S.sum()), int((count_S > 0).sum()))}

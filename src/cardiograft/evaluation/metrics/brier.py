"""Brier score: half the mean squared distance of the probabilities from what is true.

Between 0 and 1; of two classes it is the mean squared error of either's probability.

Source: Brier, Mon Weather Rev 1950;78:1-3, whose score is twice this; sklearn's
``brier_score_loss`` halves it as well.

Legend: N segments, S subjects, K classes.
"""

import numpy as np

from cardiograft.evaluation import confusion
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "Brier score"
KINDS = ("classes",)
PERCENT = False
LOWER_IS_BETTER = True


def additive(predictions: Predictions) -> Float64:
    """Return how many segments each subject has, and the sum of their scores, shape (S, 2)."""
    known_N = confusion.check(predictions)
    subject_S, subject_N = np.unique(predictions.subject_N, return_inverse=True)
    true_NK = predictions.target[:, None] == np.arange(len(predictions.labels))
    away_N = ((predictions.score_NK.astype(np.float64) - true_NK) ** 2).sum(axis=1) / 2
    sums_S2 = np.zeros((len(subject_S), 2))
    both_N2 = np.stack([np.ones(len(away_N)), away_N], axis=1)
    np.add.at(sums_S2, subject_N[known_N], both_N2[known_N])
    return sums_S2


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the score, shape (B,), under ``""``."""
    return {"": confusion.ratio(sums_BD[:, 1], sums_BD[:, 0])}


def support(sums_SD: Float64, labels: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return all segments and subjects."""
    return {"": (int(sums_SD[:, 0].sum()), int((sums_SD[:, 0] > 0).sum()))}

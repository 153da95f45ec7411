"""Median over measurements of R², the share of each one's variance between segments.

R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)² of each measurement, over the segments of which y is known, ȳ their
mean; of hundreds of measurements the median stands for all. Extremes of y are cut where the task
cuts them.

Legend: N segments, S subjects, K measurements, B rows of sums, D numbers a subject adds.
Source: the usual definition; pretext tasks that measure.
"""

import numpy as np

from cardiograft.evaluation.confusion import ratio
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "R² of measurements"
KINDS = ("values",)
PERCENT = False
LOWER_IS_BETTER = False
ROUNDING = 1e-9  # of a measurement's squares: what varies by less does not vary


def additive(predictions: Predictions) -> Float64:
    """Return each subject's count, sum, squares and squared errors, shape (S, 4 K).

    Raises
    ------
    ValueError
        A prediction is not finite.
    """
    if not np.isfinite(predictions.score_NK).all():
        raise ValueError("a predicted value is not finite")
    subject_S, subject_N = np.unique(predictions.subject_N, return_inverse=True)
    known_NK = np.isfinite(predictions.target)
    target_NK = np.where(known_NK, predictions.target, 0).astype(np.float64)
    error_NK = np.where(known_NK, predictions.score_NK - target_NK, 0)
    parts = [known_NK, target_NK, target_NK**2, error_NK**2]
    sums_SD = np.zeros((len(subject_S), 4 * target_NK.shape[1]))
    np.add.at(sums_SD, subject_N, np.concatenate(parts, axis=1))
    return sums_SD


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return R² of the median measurement, shape (B,)."""
    known_BK, sum_BK, square_BK, error_BK = np.split(sums_BD, 4, axis=1)
    apart_BK = square_BK - ratio(sum_BK**2, known_BK)
    explained_BK = 1 - ratio(error_BK, np.where(apart_BK > ROUNDING * square_BK, apart_BK, 0))
    middle_B = np.full(len(sums_BD), np.nan)
    some_B = np.isfinite(explained_BK).any(axis=1)
    middle_B[some_B] = np.nanmedian(explained_BK[some_B], axis=1)
    return {"": middle_B}


def support(sums_SD: Float64, labels: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return of how many segments, and subjects, the measurement known of most is known."""
    known_S = sums_SD[:, : len(labels)].max(axis=1, initial=0)
    return {"": (int(known_S.sum()), int((known_S > 0).sum()))}

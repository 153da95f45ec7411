"""Coefficient of determination of predicted measurements: each one's R² over all segments.

R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)² over the segments of which y is known, ȳ their mean; the value
without a name is the median over measurements.

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
    """Return each measurement's R², shape (B,), and under ``""`` that of the median one."""
    known_BK, sum_BK, square_BK, error_BK = np.split(sums_BD, 4, axis=1)
    apart_BK = square_BK - ratio(sum_BK**2, known_BK)
    explained_BK = 1 - ratio(error_BK, np.where(apart_BK > 0, apart_BK, 0))
    middle_B = np.full(len(sums_BD), np.nan)
    some_B = np.isfinite(explained_BK).any(axis=1)
    middle_B[some_B] = np.nanmedian(explained_BK[some_B], axis=1)
    return {**dict(zip(labels, explained_BK.T, strict=True)), "": middle_B}


def support(sums_SD: Float64, labels: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return how many segments, and subjects, each measurement is known of."""
    known_SK = sums_SD[:, : len(labels)]
    found = {
        label: (int(known_S.sum()), int((known_S > 0).sum()))
        for label, known_S in zip(labels, known_SK.T, strict=True)
    }
    whole = known_SK.max(axis=1, initial=0)
    return {**found, "": (int(whole.sum()), int((whole > 0).sum()))}

"""Confusion counts per subject, true against predicted: what class metrics are computed from.

Legend: N segments, K classes (or heads), S subjects (sorted), B rows that are sums over
subjects (one, or one a bootstrap draw), D additive numbers a subject.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import UNKNOWN, Float64

THRESHOLD = 0.5


def per_subject(predictions: Predictions) -> Float64:
    """Return each subject's confusion matrix, flattened row by row (true, then predicted).

    Returns
    -------
    float64, shape (S, K * K)

    Raises
    ------
    ValueError
        A score is not finite, or a target names no class.
    """
    known_N = check(predictions)
    classes = len(predictions.labels)
    subject_S, subject_N = np.unique(predictions.subject_N, return_inverse=True)
    predicted_N = predictions.score_NK.argmax(axis=1)
    cell_N = (subject_N * classes + predictions.target) * classes + predicted_N
    counts = np.bincount(cell_N[known_N], minlength=len(subject_S) * classes**2)
    return counts.reshape(len(subject_S), classes**2).astype(np.float64)


def per_subject_heads(predictions: Predictions) -> Float64:
    """Return each subject's true and false positives and negatives of every head.

    Returns
    -------
    float64, shape (S, K * 4)
        For each head: hits, false alarms, misses, correct rejections.

    Raises
    ------
    ValueError
        A score is not finite, or a target names no head.
    """
    known_N = check(predictions)
    heads = len(predictions.labels)
    subject_S, subject_N = np.unique(predictions.subject_N, return_inverse=True)
    true_NK = predictions.target[:, None] == np.arange(heads)
    predicted_NK = predictions.score_NK >= THRESHOLD
    kind_NK = 2 * ~true_NK + (true_NK != predicted_NK)  # hit, miss, rejection, false alarm
    kind_NK = np.array([0, 2, 3, 1])[kind_NK]
    cell_NK = (subject_N[:, None] * heads + np.arange(heads)) * 4 + kind_NK
    counts = np.bincount(cell_NK[known_N].ravel(), minlength=len(subject_S) * heads * 4)
    return counts.reshape(len(subject_S), heads * 4).astype(np.float64)


def check(predictions: Predictions) -> npt.NDArray[np.bool_]:
    """Return which segments have a label, shape (N,): the others (-1) can't be scored.

    Raises
    ------
    ValueError
        A score is not finite, or a target names no label.
    """
    bad_N = ~np.isfinite(predictions.score_NK).all(axis=1)
    if bad_N.any():
        raise ValueError(f"{predictions.id_N[bad_N][0]}: a score is not finite")
    outside_N = (predictions.target < UNKNOWN) | (predictions.target >= len(predictions.labels))
    if outside_N.any():
        what = f"target {predictions.target[outside_N][0]}"
        raise ValueError(
            f"{predictions.id_N[outside_N][0]}: {what} is none of {len(predictions.labels)} labels"
        )
    return np.asarray(predictions.target != UNKNOWN)


def square(sums_BD: Float64, labels: tuple[str, ...]) -> Float64:
    """Return confusion matrices, shape (B, K, K): true class, then predicted class."""
    return sums_BD.reshape(len(sums_BD), len(labels), len(labels))


def ratio(top: npt.NDArray[Any], bottom: npt.NDArray[Any]) -> Float64:
    """Return `top` / `bottom`, NaN where `bottom` is zero."""
    top, bottom = np.broadcast_arrays(top, bottom)
    out = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=out, where=bottom != 0)
    return out


def parts(sums_BD: Float64, labels: tuple[str, ...]) -> tuple[Float64, Float64, Float64]:
    """Return right, true and predicted counts of each class, each of shape (B, K)."""
    matrix_BKK = square(sums_BD, labels)
    return (
        np.diagonal(matrix_BKK, axis1=1, axis2=2),
        matrix_BKK.sum(axis=2),
        matrix_BKK.sum(axis=1),
    )


def f1(sums_BD: Float64, labels: tuple[str, ...]) -> Float64:
    """Return F1 of each class, shape (B, K); NaN where it was neither true nor predicted."""
    right_BK, true_BK, predicted_BK = parts(sums_BD, labels)
    return ratio(2 * right_BK, true_BK + predicted_BK)


def kappa(matrix_BKK: Float64) -> Float64:
    """Return Cohen's kappa, shape (B,); NaN where chance alone would always agree."""
    total_B = matrix_BKK.sum(axis=(1, 2))
    right_B = np.trace(matrix_BKK, axis1=1, axis2=2)
    chance_B = (matrix_BKK.sum(axis=1) * matrix_BKK.sum(axis=2)).sum(axis=1)
    return ratio(right_B * total_B - chance_B, total_B**2 - chance_B)


def class_support(sums_SD: Float64, labels: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return for each class how many segments have it, and how many subjects they come from."""
    true_SK = square(sums_SD, labels).sum(axis=2)
    return {
        label: (int(true_SK[:, k].sum()), int((true_SK[:, k] > 0).sum()))
        for k, label in enumerate(labels)
    }


def whole_support(sums_SD: Float64, labels: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return how many segments and subjects an overall value rests on."""
    return {"": (int(sums_SD.sum()), len(sums_SD))}


def rarest_support(
    sums_SD: Float64, labels: tuple[str, ...], among: tuple[str, ...]
) -> dict[str, tuple[int, int]]:
    """Return all segments, and the subjects of the rarest class that a value rests on.

    A mean over classes is known no better than its rarest class.
    """
    each = class_support(sums_SD, labels)
    present = [each[label][1] for label in among if label in each and each[label][0]]
    return {"": (int(sums_SD.sum()), min(present, default=0))}


def head_support(sums_SD: Float64, labels: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return for each head its positives and their subjects, and all segments and subjects."""
    counts_SK4 = sums_SD.reshape(len(sums_SD), len(labels), 4)
    positive_SK = counts_SK4[:, :, 0] + counts_SK4[:, :, 2]
    by_head = {
        label: (int(positive_SK[:, k].sum()), int((positive_SK[:, k] > 0).sum()))
        for k, label in enumerate(labels)
    }
    return {**by_head, "": (int(counts_SK4[:, 0].sum()), len(sums_SD))}


def by_label(values_BK: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return columns under their class names."""
    return {label: values_BK[:, k] for k, label in enumerate(labels)}

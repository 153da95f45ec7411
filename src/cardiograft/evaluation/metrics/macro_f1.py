"""Macro-F1: the plain mean of the classes' F1."""

import numpy as np

from cardiograft.evaluation import confusion
from cardiograft.records import Float64

TITLE = "Macro-F1"
KINDS = ("classes",)
PERCENT = False
LOWER_IS_BETTER = False

additive = confusion.per_subject


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return macro-F1, shape (B,), under ``""``.

    A class that is neither true nor predicted is left out of the mean, as scikit-learn does
    where it is not given the labels; one that was only predicted counts as zero.
    """
    f1_BK = confusion.f1(sums_BD, labels)
    counted_BK = np.isfinite(f1_BK)
    total_B = np.where(counted_BK, f1_BK, 0.0).sum(axis=1)
    return {"": confusion.ratio(total_B, counted_BK.sum(axis=1))}


def support(sums_SD: Float64, labels: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return all segments, and the subjects that carry the rarest class."""
    return confusion.rarest_support(sums_SD, labels, among=labels)

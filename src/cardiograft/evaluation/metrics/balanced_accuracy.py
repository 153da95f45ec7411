"""Balanced accuracy: the plain mean of the classes' sensitivities.

Of two classes it is the mean of sensitivity and specificity.

Source: Brodersen et al., ICPR 2010, doi:10.1109/ICPR.2010.764.
"""

import numpy as np

from cardiograft.evaluation import confusion
from cardiograft.records import Float64

TITLE = "Balanced accuracy"
KINDS = ("classes",)
PERCENT = False
LOWER_IS_BETTER = False

additive = confusion.per_subject


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return balanced accuracy, shape (B,), under ``""``; a class that is not there is left out."""
    right_BK, true_BK, _ = confusion.parts(sums_BD, labels)
    share_BK = confusion.ratio(right_BK, true_BK)
    there_BK = np.isfinite(share_BK)
    total_B = np.where(there_BK, share_BK, 0.0).sum(axis=1)
    return {"": confusion.ratio(total_B, there_BK.sum(axis=1))}


def support(sums_SD: Float64, labels: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return all segments, and the subjects that carry the rarest class."""
    return confusion.rarest_support(sums_SD, labels, among=labels)

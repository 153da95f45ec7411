"""Balanced accuracy of each binary head: mean of sensitivity and specificity, threshold 1/2."""

import numpy as np

from cardiograft.evaluation import confusion
from cardiograft.records import Float64

TITLE = "Head balanced accuracy"
KINDS = ("heads",)
PERCENT = True
LOWER_IS_BETTER = False

additive = confusion.per_subject_heads
support = confusion.head_support


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return each head's balanced accuracy, shape (B,), and their mean under ``""``.

    NaN where a label does not occur, or nothing else does.
    """
    counts_BK4 = sums_BD.reshape(len(sums_BD), len(labels), 4)
    hit_BK, alarm_BK, miss_BK, rejection_BK = np.moveaxis(counts_BK4, 2, 0)
    sensitivity_BK = confusion.ratio(hit_BK, hit_BK + miss_BK)
    specificity_BK = confusion.ratio(rejection_BK, rejection_BK + alarm_BK)
    balanced_BK = (sensitivity_BK + specificity_BK) / 2
    return {**confusion.by_label(balanced_BK, labels), "": np.asarray(balanced_BK.mean(axis=1))}

"""Accuracy of each binary head, over all segments, at a threshold of one half.

A head that always predicts no is right wherever its label is rare: `head_balanced_accuracy`
stands beside it.
"""

import numpy as np

from cardiograft.evaluation import confusion
from cardiograft.records import Float64

TITLE = "Head accuracy"
KINDS = ("heads",)
PERCENT = True
LOWER_IS_BETTER = False

additive = confusion.per_subject_heads
support = confusion.head_support


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return each head's accuracy, shape (B,), and their mean under ``""``."""
    counts_BK4 = sums_BD.reshape(len(sums_BD), len(labels), 4)
    right_BK = counts_BK4[:, :, 0] + counts_BK4[:, :, 3]
    accuracy_BK = confusion.ratio(right_BK, counts_BK4.sum(axis=2))
    return {**confusion.by_label(accuracy_BK, labels), "": np.asarray(accuracy_BK.mean(axis=1))}

"""Weighted F1: the mean of the classes' F1, each with the weight of its true segments."""

import numpy as np

from cardiograft.evaluation import confusion
from cardiograft.records import Float64

TITLE = "Weighted F1"
KINDS = ("classes",)
PERCENT = False
LOWER_IS_BETTER = False

additive = confusion.per_subject
support = confusion.whole_support


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return weighted F1, shape (B,), under ``""``.

    A class without a true segment has no weight; a rare class has next to none, so that this
    value says little of it.
    """
    f1_BK = confusion.f1(sums_BD, labels)
    _, true_BK, _ = confusion.parts(sums_BD, labels)
    total_B = (np.where(true_BK > 0, f1_BK, 0.0) * true_BK).sum(axis=1)
    return {"": confusion.ratio(total_B, true_BK.sum(axis=1))}

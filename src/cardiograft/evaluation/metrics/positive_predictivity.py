"""Positive predictivity (+P): share of what was called a class that is of it."""

from cardiograft.evaluation.confusion import by_label, class_support, parts, per_subject, ratio
from cardiograft.records import Float64

TITLE = "+P"
KINDS = ("classes",)
PERCENT = True
LOWER_IS_BETTER = False

additive = per_subject
support = class_support


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return each class's positive predictivity, shape (B,); NaN where it was never predicted."""
    right_BK, _, predicted_BK = parts(sums_BD, labels)
    return by_label(ratio(right_BK, predicted_BK), labels)

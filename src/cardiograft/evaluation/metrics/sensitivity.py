"""Sensitivity (Se): share of a class's segments that are predicted as such."""

from cardiograft.evaluation.confusion import by_label, class_support, parts, per_subject, ratio
from cardiograft.records import Float64

TITLE = "Se"
KINDS = ("classes",)
PERCENT = True
LOWER_IS_BETTER = False

additive = per_subject
support = class_support


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return each class's sensitivity, shape (B,); NaN where the class does not occur."""
    right_BK, true_BK, _ = parts(sums_BD, labels)
    return by_label(ratio(right_BK, true_BK), labels)

"""F1 of each class: harmonic mean of sensitivity and positive predictivity."""

from cardiograft.evaluation import confusion
from cardiograft.records import Float64

TITLE = "F1"
KINDS = ("classes",)
PERCENT = False
LOWER_IS_BETTER = False

additive = confusion.per_subject
support = confusion.class_support


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return each class's F1, shape (B,); NaN where it was neither true nor predicted."""
    return confusion.by_label(confusion.f1(sums_BD, labels), labels)

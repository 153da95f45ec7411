"""Share of segments whose most probable class is the true one."""

from cardiograft.evaluation.confusion import parts, per_subject, ratio, whole_support
from cardiograft.records import Float64

TITLE = "Accuracy"
KINDS = ("classes",)
PERCENT = True
LOWER_IS_BETTER = False

additive = per_subject
support = whole_support


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return accuracy, shape (B,), under ``""``."""
    right_BK, true_BK, _ = parts(sums_BD, labels)
    return {"": ratio(right_BK.sum(axis=1), true_BK.sum(axis=1))}

"""Cohen's kappa: agreement beyond what the two margins give by chance.

Source: Cohen J. Educ Psychol Meas 1960;20:37-46, doi:10.1177/001316446002000104.
"""

from cardiograft.evaluation import confusion
from cardiograft.records import Float64

TITLE = "Cohen’s κ"
KINDS = ("classes",)
PERCENT = False
LOWER_IS_BETTER = False

additive = confusion.per_subject
support = confusion.whole_support


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return kappa, shape (B,), under ``""``; NaN where all is one class."""
    return {"": confusion.kappa(confusion.square(sums_BD, labels))}

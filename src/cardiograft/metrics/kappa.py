"""Cohen's kappa: agreement beyond what the two margins give by chance.

Source: Cohen J. Educ Psychol Meas 1960;20:37-46, doi:10.1177/001316446002000104.
"""

from cardiograft import confusions
from cardiograft.records import Float64

TITLE = "Cohen’s κ"
KINDS = ("classes",)
PERCENT = False
LOWER_IS_BETTER = False

additive = confusions.per_subject
support = confusions.whole_support


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return kappa, shape (B,), under ``""``; NaN where all is one class."""
    return {"": confusions.kappa(confusions.square(sums_BD, labels))}

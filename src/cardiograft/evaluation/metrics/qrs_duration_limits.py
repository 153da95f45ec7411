"""Limits of agreement of the QRS duration: ± so many ms around `qrs_duration_bias`.

Such that 95 % of windows' differences lie within (`cardiograft.evaluation.agreement_limits`).

Source: Bland JM, Altman DG. J Biopharm Stat 2007;17:571-82, doi:10.1080/10543400701329422,
section 3.
"""

from cardiograft.evaluation import agreement_limits, complexes
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "QRS-duration limits of agreement"
KINDS = ("signal",)
PERCENT = False
LOWER_IS_BETTER = True

support = agreement_limits.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's sums of its differences, shape (S, C * 6)."""
    duration_NC2 = complexes.of_usual(predictions)[..., 0]
    difference_NC = duration_NC2[..., 1] - duration_NC2[..., 0]
    return agreement_limits.sums(predictions.subject_N, difference_NC)


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return half the width of the limits, shape (B,), in ms; NaN of fewer than two subjects."""
    return agreement_limits.half_widths(sums_BD, labels)

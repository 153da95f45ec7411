"""Limits of agreement of the heart rate: ± this many beats a minute around the bias.

Of predicted minus true heart rates, window by window (`cardiograft.evaluation.agreement_limits`),
such that 95 % of differences lie within. `heart_rate_bias` tells which windows are left out. That
bias is a mean of subjects' means, where the source takes one over all windows; the limits here
do not depend on it.

Legend: S subjects (sorted), D sums of one, B rows that are sums over subjects.

Source: Bland JM, Altman DG. J Biopharm Stat 2007;17:571-82, doi:10.1080/10543400701329422,
section 3.
"""

from cardiograft.evaluation import agreement_limits, peak_matching
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "Heart-rate limits of agreement"
KINDS = ("signal",)
PERCENT = False
LOWER_IS_BETTER = True


def additive(predictions: Predictions) -> Float64:
    """Return each subject's sums of its differences, shape (S, C * 6)."""
    difference_NC = peak_matching.heart_rate_differences(predictions)
    return agreement_limits.sums(predictions.subject_N, difference_NC)


def support(sums_SD: Float64, labels: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return the windows and the subjects whose heart rates are compared."""
    return agreement_limits.support(sums_SD, labels)


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return half the width of the limits, shape (B,); NaN of fewer than two subjects."""
    return agreement_limits.half_widths(sums_BD, labels)

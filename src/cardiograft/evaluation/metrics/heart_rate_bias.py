"""Bias of the heart rate: predicted minus true, in beats a minute, of Bland and Altman's analysis.

The mean over a subject's windows, then over subjects. Windows in which either signal has
fewer than three R-peaks are left out: the segments that the value rests on tell how many.

Source: Bland JM, Altman DG. J Biopharm Stat 2007;17:571-82, doi:10.1080/10543400701329422.
"""

from cardiograft.evaluation import peak_matching, signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "Heart-rate bias"
KINDS = ("signal",)
PERCENT = False
LOWER_IS_BETTER = True  # of its size: it has a sign, and zero is best
NATURAL_ZERO = False  # so nothing is a share of it

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's mean difference; one without a window to compare has none."""
    difference_NC = peak_matching.heart_rate_differences(predictions)
    return signal_errors.means(predictions.subject_N, difference_NC)


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the bias, shape (B,), in beats a minute."""
    return signal_errors.values(sums_BD, labels)

"""Bias of the QRS duration: predicted minus true, in ms, of the usual complex of a window.

The mean over a subject's windows, then over subjects; windows in which either signal has fewer
than four beats are left out. Durations are read as `cardiograft.evaluation.complexes` says, true
and predicted alike.

Source: Bland JM, Altman DG. J Biopharm Stat 2007;17:571-82, doi:10.1080/10543400701329422.
"""

from cardiograft.evaluation import complexes, signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "QRS-duration bias"
KINDS = ("signal",)
PERCENT = False
LOWER_IS_BETTER = True  # of its size: it has a sign, and zero is best
NATURAL_ZERO = False  # so nothing is a share of it

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's mean difference; one without a window to compare has none."""
    duration_NC2 = complexes.of_usual(predictions)[..., 0]
    return signal_errors.means(predictions.subject_N, duration_NC2[..., 1] - duration_NC2[..., 0])


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the bias, shape (B,), in milliseconds."""
    return signal_errors.values(sums_BD, labels)

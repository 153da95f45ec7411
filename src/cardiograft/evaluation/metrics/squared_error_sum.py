"""Sum of squared errors of a window (SSE), then its mean over a subject's, then over subjects.

It grows with the window's length: divided by the number of samples it is the mean squared error.

Source: study `rhythm_cae`, where windows have 2,048 samples.
"""

from cardiograft.evaluation import signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.evaluation.signal_errors import energy
from cardiograft.records import Float64

TITLE = "Sum of squared errors"
KINDS = ("signal",)
PERCENT = False
LOWER_IS_BETTER = True

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's mean over its windows."""
    return signal_errors.per_subject(predictions, _error)


def _error(true_NCT: Float64, predicted_NCT: Float64) -> Float64:
    return energy(true_NCT - predicted_NCT)


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the sum of squared errors, shape (B,), in the signals' own unit squared."""
    return signal_errors.values(sums_BD, labels)

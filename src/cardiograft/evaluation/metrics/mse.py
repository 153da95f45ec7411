"""Mean squared error (MSE), per window, then subject, then over subjects.

Source: study `scg_to_ecg`.
"""

import numpy as np

from cardiograft.evaluation import signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "MSE"
KINDS = ("signal",)
PERCENT = False
LOWER_IS_BETTER = True

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's mean squared error."""
    return signal_errors.per_subject(predictions, _error)


def _error(true_NCT: Float64, predicted_NCT: Float64) -> Float64:
    return np.asarray(np.square(true_NCT - predicted_NCT).mean(axis=-1))


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the mean squared error, shape (B,), in the signals' own unit squared."""
    return signal_errors.values(sums_BD, labels)

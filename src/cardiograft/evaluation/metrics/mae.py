"""Mean absolute error (MAE), per window, then subject, then over subjects.

Source: study `scg_to_ecg`.
"""

import numpy as np

from cardiograft.evaluation import signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "MAE"
KINDS = ("signal",)
PERCENT = False
LOWER_IS_BETTER = True

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's mean absolute error."""
    return signal_errors.per_subject(predictions, _error)


def _error(true_NCT: Float64, predicted_NCT: Float64) -> Float64:
    return np.asarray(np.abs(true_NCT - predicted_NCT).mean(axis=-1))


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the mean absolute error, shape (B,), in the signals' own unit."""
    return signal_errors.values(sums_BD, labels)

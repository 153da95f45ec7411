"""Root mean square error (RMSE) of a window, averaged over a subject's, then over subjects.

The root is taken per window: this is not the root of the metric `mse`.

Source: study `scg_to_ecg`.
"""

import numpy as np

from cardiograft.evaluation import signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "RMSE"
KINDS = ("signal",)
PERCENT = False
LOWER_IS_BETTER = True

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's mean over its windows."""
    return signal_errors.per_subject(predictions, _error)


def _error(true_NCT: Float64, predicted_NCT: Float64) -> Float64:
    return np.asarray(np.sqrt(np.square(true_NCT - predicted_NCT).mean(axis=-1)))


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the root mean square error, shape (B,), in the signals' own unit."""
    return signal_errors.values(sums_BD, labels)

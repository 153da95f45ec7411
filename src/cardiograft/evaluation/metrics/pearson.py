"""Pearson's correlation coefficient (r), per window, then subject, then over subjects.

Source: study `scg_to_ecg`.
"""

import numpy as np

from cardiograft.evaluation import signal_errors
from cardiograft.evaluation.confusion import ratio
from cardiograft.evaluation.predictions import Predictions
from cardiograft.evaluation.signal_errors import energy
from cardiograft.records import Float64
from cardiograft.signals.scaling import deviation

TITLE = "Pearson r"
KINDS = ("signal",)
PERCENT = False
LOWER_IS_BETTER = False

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's mean over its windows; one whose true signal is constant has none."""
    return signal_errors.per_subject(predictions, _correlation)


def _correlation(true_NCT: Float64, predicted_NCT: Float64) -> Float64:
    true_NCT, predicted_NCT = deviation(true_NCT), deviation(predicted_NCT)
    top_NC = np.einsum("nct,nct->nc", true_NCT, predicted_NCT)
    true_NC, predicted_NC = energy(true_NCT), energy(predicted_NCT)
    # ASSUME a constant prediction, whose r is undefined, counts as 0: were such windows left
    # out, a network would gain by giving a flat line wherever it knows nothing.
    r_NC = np.where(predicted_NC > 0, ratio(top_NC, np.sqrt(true_NC * predicted_NC)), 0)
    return np.where(true_NC > 0, r_NC, np.nan)


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the correlation coefficient, shape (B,)."""
    return signal_errors.values(sums_BD, labels)

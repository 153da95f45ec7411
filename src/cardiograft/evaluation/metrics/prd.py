"""Percentage root mean square difference (PRD): the error's norm in percent of the signal's.

PRD of a window = 100 √(Σ(y − ŷ)² / Σy²), the signal's mean not subtracted; then the mean over
a subject's windows, then over subjects.

Source: study `scg_to_ecg`.
"""

import numpy as np

from cardiograft.evaluation import signal_errors
from cardiograft.evaluation.confusion import ratio
from cardiograft.evaluation.predictions import Predictions
from cardiograft.evaluation.signal_errors import energy
from cardiograft.records import Float64

TITLE = "PRD"
KINDS = ("signal",)
PERCENT = False  # it is a percentage already
LOWER_IS_BETTER = True

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's mean over its windows; one that is zero throughout has none."""
    return signal_errors.per_subject(predictions, _difference)


def _difference(true_NCT: Float64, predicted_NCT: Float64) -> Float64:
    return np.asarray(100 * np.sqrt(ratio(energy(true_NCT - predicted_NCT), energy(true_NCT))))


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the percentage root mean square difference, shape (B,)."""
    return signal_errors.values(sums_BD, labels)

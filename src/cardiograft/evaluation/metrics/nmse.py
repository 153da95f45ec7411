"""Normalised mean squared error (NMSE): the error's energy over the true signal's.

NMSE of a window = Σ(y − ŷ)² / Σy²; then the mean over a subject's windows, then over subjects.

Source: study `scg_to_ecg`.
"""

from cardiograft.evaluation import signal_errors
from cardiograft.evaluation.confusion import ratio
from cardiograft.evaluation.predictions import Predictions
from cardiograft.evaluation.signal_errors import energy
from cardiograft.records import Float64

TITLE = "NMSE"
KINDS = ("signal",)
PERCENT = False
LOWER_IS_BETTER = True

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's mean over its windows; one that is zero throughout has none."""
    return signal_errors.per_subject(predictions, _error)


def _error(true_NCT: Float64, predicted_NCT: Float64) -> Float64:
    return ratio(energy(true_NCT - predicted_NCT), energy(true_NCT))


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the normalised mean squared error, shape (B,)."""
    return signal_errors.values(sums_BD, labels)

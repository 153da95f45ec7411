"""Coefficient of determination (R²): share of the signal's variance that is explained.

R² of a window = 1 − Σ(y − ŷ)² / Σ(y − ȳ)², below 0 where the window's own mean would have
done better; then the mean over a subject's windows, then over subjects.

Source: study `scg_to_ecg`.
"""

from cardiograft.evaluation import signal_errors
from cardiograft.evaluation.confusion import ratio
from cardiograft.evaluation.predictions import Predictions
from cardiograft.evaluation.signal_errors import energy
from cardiograft.records import Float64
from cardiograft.signals.scaling import deviation

TITLE = "R²"
KINDS = ("signal",)
PERCENT = False
LOWER_IS_BETTER = False

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's mean over its windows; one whose signal is constant has none."""
    return signal_errors.per_subject(predictions, _explained)


def _explained(true_NCT: Float64, predicted_NCT: Float64) -> Float64:
    return 1 - ratio(energy(true_NCT - predicted_NCT), energy(deviation(true_NCT)))


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the coefficient of determination, shape (B,)."""
    return signal_errors.values(sums_BD, labels)

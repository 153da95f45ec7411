"""Normalised mean squared error (NMSE): the error's energy over the true signal's.

NMSE of a window = Σ(y − ŷ)² / Σy²; then the mean over a subject's windows, then over subjects.

Source: STUDIES `scg_to_ecg`.
"""

from cardiograft import signal_figures
from cardiograft.confusions import ratio
from cardiograft.predictions import Predictions
from cardiograft.records import Float64
from cardiograft.signal_figures import energy

TITLE = "NMSE"
KINDS = ("signal",)
PERCENT = False
LOWER_IS_BETTER = True

support = signal_figures.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's mean over its windows; one that is zero throughout has none."""
    return signal_figures.per_subject(predictions, _error)


def _error(true_NCT: Float64, said_NCT: Float64) -> Float64:
    return ratio(energy(true_NCT - said_NCT), energy(true_NCT))


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the normalised mean squared error, shape (B,)."""
    return signal_figures.values(sums_BD, labels)

"""Positive predictivity (+P) of R-peaks: share of the predicted signal's that the true one has too.

Both signals' peaks are found by the same detector (`cardiograft.evaluation.peak_matching`), within
the tolerance, one matched with one. A subject's windows are pooled, then subjects averaged. One
for whom no peak is predicted has no +P and is left out: read it beside `peak_sensitivity`, to
which such a subject adds 0.

Source: ANSI/AAMI EC57, whose tolerance is 150 ms; 75 ms is study `scg_to_ecg`.
"""

from typing import Literal

from cardiograft.evaluation import peak_matching, signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "R-peak +P"
KINDS = ("signal",)
PERCENT = True
LOWER_IS_BETTER = False

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's positive predictivity; one without a predicted peak has none."""
    return peak_matching.ratio_per_subject(
        predictions, peak_matching.MATCHED_PREDICTED, peak_matching.PREDICTED
    )


def values(
    sums_BD: Float64, labels: tuple[str, ...], *, tolerance_ms: Literal[50, 75, 150] = 75
) -> dict[str, Float64]:
    """Return the positive predictivity, shape (B,).

    Parameters
    ----------
    tolerance_ms
        How far apart, to either side, two matched peaks may be.
    """
    return peak_matching.values_at(sums_BD, labels, tolerance_ms)

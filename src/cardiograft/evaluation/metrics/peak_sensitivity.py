"""Sensitivity (Se) of R-peaks: share of the true signal's that the predicted one has too.

Both signals' peaks are found by the same detector (`cardiograft.evaluation.peak_matching`), within
the tolerance, one matched with one. A subject's windows are pooled, then subjects averaged.

Source: ANSI/AAMI EC57, whose tolerance is 150 ms; 75 ms is study `scg_to_ecg`.
"""

from typing import Literal

from cardiograft.evaluation import peak_matching, signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "R-peak Se"
KINDS = ("signal",)
PERCENT = True
LOWER_IS_BETTER = False

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's sensitivity; one without a true peak has none."""
    return peak_matching.ratio_per_subject(
        predictions, peak_matching.MATCHED_TRUE, peak_matching.TRUE
    )


def values(
    sums_BD: Float64, labels: tuple[str, ...], *, tolerance_ms: Literal[50, 75, 150] = 75
) -> dict[str, Float64]:
    """Return the sensitivity, shape (B,).

    Parameters
    ----------
    tolerance_ms
        How far apart, to either side, two matched peaks may be.
    """
    return peak_matching.values_at(sums_BD, labels, tolerance_ms)

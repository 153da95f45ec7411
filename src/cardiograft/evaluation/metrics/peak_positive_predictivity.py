"""Positive predictivity (+P) of R-peaks: share of the said signal's that the true one has too.

Both signals' peaks are found by the same detector (`cardiograft.evaluation.peak_matching`), within
the tolerance, one matched with one. A subject's windows are pooled, then subjects averaged. One
for whom no peak is said has no +P and is left out: read it beside `peak_sensitivity`, to
which such a subject adds 0.

Source: ANSI/AAMI EC57, whose tolerance is 150 ms; 75 ms is STUDIES `scg_to_ecg`.
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
    """Return each subject's positive predictivity; one without a said peak has none."""
    counts_NCG5 = peak_matching.matches(predictions)
    return signal_errors.ratios(predictions.subject_N, counts_NCG5[..., 2], counts_NCG5[..., 3])


def values(
    sums_BD: Float64, labels: tuple[str, ...], *, tolerance_ms: Literal[50, 75, 150] = 75
) -> dict[str, Float64]:
    """Return the positive predictivity, shape (B,).

    Parameters
    ----------
    tolerance_ms
        How far apart, to either side, two matched peaks may be.
    """
    setting = peak_matching.TOLERANCES_MS.index(tolerance_ms)
    return signal_errors.values(sums_BD, labels, setting=setting)

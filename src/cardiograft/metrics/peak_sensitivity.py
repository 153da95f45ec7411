"""Sensitivity (Se) of R-peaks: share of the true signal's that the said signal has too.

Both signals' peaks are found by the same detector (`cardiograft.peaks_compared`), within the
tolerance, one matched with one. A subject's windows are pooled, then subjects averaged.

Source: ANSI/AAMI EC57, whose tolerance is 150 ms; 75 ms is STUDIES `scg_to_ecg`.
"""

from typing import Literal

from cardiograft import peaks_compared, signal_figures
from cardiograft.predictions import Predictions
from cardiograft.records import Float64

TITLE = "R-peak Se"
KINDS = ("signal",)
PERCENT = True
LOWER_IS_BETTER = False

support = signal_figures.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's sensitivity; one without a true peak has none."""
    counts_NCG5 = peaks_compared.matches(predictions)
    return signal_figures.ratios(predictions.subject_N, counts_NCG5[..., 0], counts_NCG5[..., 1])


def values(
    sums_BD: Float64, labels: tuple[str, ...], *, tolerance_ms: Literal[50, 75, 150] = 75
) -> dict[str, Float64]:
    """Return the sensitivity, shape (B,).

    Parameters
    ----------
    tolerance_ms
        How far apart, to either side, two matched peaks may be.
    """
    setting = peaks_compared.TOLERANCES_MS.index(tolerance_ms)
    return signal_figures.values(sums_BD, labels, setting=setting)

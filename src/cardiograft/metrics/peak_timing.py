"""Timing error of R-peaks: how far, in milliseconds, matched ones are from the true ones.

The mean absolute error of a subject's matched peaks, then over subjects. Unmatched peaks have
no timing, and no error exceeds the tolerance: read it beside `peak_sensitivity`.

Source: STUDIES `scg_to_ecg`.
"""

from typing import Literal

from cardiograft import peaks_compared, signal_figures
from cardiograft.predictions import Predictions
from cardiograft.records import Float64

TITLE = "R-peak timing error"
KINDS = ("signal",)
PERCENT = False
LOWER_IS_BETTER = True

support = signal_figures.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's mean absolute timing error; one without a match has none."""
    counts_NCG5 = peaks_compared.matches(predictions)
    return signal_figures.ratios(predictions.subject_N, counts_NCG5[..., 4], counts_NCG5[..., 0])


def values(
    sums_BD: Float64, labels: tuple[str, ...], *, tolerance_ms: Literal[50, 75, 150] = 75
) -> dict[str, Float64]:
    """Return the mean absolute timing error, shape (B,), in milliseconds.

    Parameters
    ----------
    tolerance_ms
        How far apart, to either side, two matched peaks may be.
    """
    setting = peaks_compared.TOLERANCES_MS.index(tolerance_ms)
    return signal_figures.values(sums_BD, labels, setting=setting)

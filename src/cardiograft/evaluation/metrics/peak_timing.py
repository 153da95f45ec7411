"""Timing error of R-peaks: how far, in milliseconds, matched ones are from the true ones.

The mean absolute error of a subject's matched peaks, then over subjects. Unmatched peaks have
no timing, and no error exceeds the tolerance: read it beside `peak_sensitivity`.

Source: study `scg_to_ecg`.
"""

from typing import Literal

from cardiograft.evaluation import peak_matching, signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "R-peak timing error"
KINDS = ("signal",)
PERCENT = False
LOWER_IS_BETTER = True

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's mean absolute timing error; one without a match has none."""
    return peak_matching.ratio_per_subject(
        predictions, peak_matching.ERROR_MS, peak_matching.MATCHED_TRUE
    )


def values(
    sums_BD: Float64, labels: tuple[str, ...], *, tolerance_ms: Literal[50, 75, 150] = 75
) -> dict[str, Float64]:
    """Return the mean absolute timing error, shape (B,), in milliseconds.

    Parameters
    ----------
    tolerance_ms
        How far apart, to either side, two matched peaks may be.
    """
    return peak_matching.values_at(sums_BD, labels, tolerance_ms)

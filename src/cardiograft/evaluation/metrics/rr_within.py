"""Share of the true R-R intervals that the predicted ECG gives to within so many milliseconds.

An interval counts as given where its two R-peaks are matched, within 75 ms, to two successive
predicted ones, and the interval between these is as long but for the tolerance: one with an R-peak
that is missed or added counts as not given. Of intervals whose R-peaks lie within the margins of
`cardiograft.evaluation.peak_matching`. A subject's windows are pooled, then subjects averaged.

Source: study `scg_to_ecg`.
"""

from typing import Literal

from cardiograft.evaluation import peak_matching, signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "R-R intervals given"
KINDS = ("signal",)
PERCENT = True
LOWER_IS_BETTER = False

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's share at each tolerance; one without an interval has none."""
    counts_NCG = peak_matching.intervals_within(predictions)
    given, all_of_them = counts_NCG[..., :-1], counts_NCG[..., -1:]
    of_each = all_of_them.repeat(given.shape[-1], axis=-1)
    return signal_errors.ratios(predictions.subject_N, given, of_each)


def values(
    sums_BD: Float64, labels: tuple[str, ...], *, tolerance_ms: Literal[10, 20, 50] = 20
) -> dict[str, Float64]:
    """Return the share, shape (B,).

    Parameters
    ----------
    tolerance_ms
        By how much a predicted interval may be longer or shorter.
    """
    setting = peak_matching.INTERVALS_MS.index(tolerance_ms)
    return signal_errors.values(sums_BD, labels, setting=setting)

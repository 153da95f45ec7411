"""Limits of agreement of R-R intervals: ± so many ms, such that 95 % of differences lie within.

Of the predicted minus the true interval, where two successive true R-peaks are matched, within
75 ms, to two successive predicted ones. The mean of these differences is near zero by
construction: what one interval gains, the next one loses. Intervals with an R-peak that is missed
or added are left out: read it beside `peak_sensitivity`.

Legend: N windows, C channels, S subjects (sorted), B rows that are sums over subjects. A subject
adds seven numbers a channel: six of `cardiograft.evaluation.agreement_limits`, and how many of its
windows have an interval.

Source: Bland JM, Altman DG. J Biopharm Stat 2007;17:571-82, doi:10.1080/10543400701329422,
section 3.
"""

import numpy as np

from cardiograft.evaluation import agreement_limits, peak_matching, signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "R-R limits of agreement"
KINDS = ("signal",)
PERCENT = False
LOWER_IS_BETTER = True


def additive(predictions: Predictions) -> Float64:
    """Return each subject's sums of its intervals' differences, shape (S, C * 7)."""
    sums_NC3 = peak_matching.interval_sums(predictions)
    limits_SD = agreement_limits.added(predictions.subject_N, sums_NC3)
    windows_SC = signal_errors.by_subject(predictions.subject_N, sums_NC3[..., 0] > 0)
    limits_SC6 = limits_SD.reshape(*windows_SC.shape, 6)
    return np.concatenate([limits_SC6, windows_SC[..., None]], axis=-1).reshape(len(limits_SD), -1)


def support(sums_SD: Float64, labels: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return the windows and the subjects that have an interval to compare."""
    sums_SC7 = sums_SD.reshape(len(sums_SD), len(labels), 7)
    return signal_errors.fewest(sums_SC7[..., 6], sums_SC7[..., 0], labels)


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return half the width of the limits, shape (B,), in ms; NaN of fewer than two subjects."""
    sums_BC7 = sums_BD.reshape(len(sums_BD), len(labels), 7)
    return agreement_limits.half_widths(sums_BC7[..., :6].reshape(len(sums_BD), -1), labels)

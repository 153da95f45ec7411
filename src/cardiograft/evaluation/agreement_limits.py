"""Limits of agreement of repeated measures: half the width that holds 95 % of differences.

Of Bland and Altman's analysis: 1.96 times the standard deviation of the differences. A
subject's windows are repeated measures of something that changes, so the variance is the sum of
two, from a one-way analysis of variance of the differences by subject: between subjects
(MSb - MSw) / m0, no less than 0, and within, MSw. m0 = (M - Σm² / M) / (n - 1), with n subjects,
m windows of one, and M of all.

Legend: N windows, C channels, S subjects (sorted), B rows that are sums over subjects. A
subject adds six numbers a channel: 1, m, m², Σd, (Σd)² / m and Σd² of its differences d; all
of them 0 where it has no window.

Source: Bland JM, Altman DG. J Biopharm Stat 2007;17:571-82, doi:10.1080/10543400701329422,
section 3.
"""

import numpy as np
import numpy.typing as npt

from cardiograft.evaluation import signal_errors
from cardiograft.evaluation.confusion import ratio
from cardiograft.records import Float64

NORMAL_95 = 1.96  # as the source has it


def sums(subject_N: npt.NDArray[np.str_], difference_NC: Float64) -> Float64:
    """Return what the differences of each subject's windows add, NaN ones left out."""
    used_NC = ~np.isnan(difference_NC)
    difference_NC = np.where(used_NC, difference_NC, 0)
    return added(subject_N, np.stack([used_NC, difference_NC, np.square(difference_NC)], axis=-1))


def added(subject_N: npt.NDArray[np.str_], sums_NC3: Float64) -> Float64:
    """Return the same of windows with several differences: their number, sum and sum of squares."""
    windows_SC, sum_SC, square_SC = np.moveaxis(
        signal_errors.by_subject(subject_N, sums_NC3), -1, 0
    )
    of_means_SC = np.nan_to_num(ratio(np.square(sum_SC), windows_SC))
    columns = [windows_SC > 0, windows_SC, np.square(windows_SC), sum_SC, of_means_SC, square_SC]
    return np.stack(columns, axis=-1).reshape(len(windows_SC), -1).astype(np.float64)


def support(sums_SD: Float64, labels: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return the windows and the subjects whose heart rates are compared."""
    sums_SC6 = sums_SD.reshape(len(sums_SD), len(labels), 6)
    return signal_errors.fewest(sums_SC6[..., 1], sums_SC6[..., 0], labels)


def half_widths(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return half the width of the limits, shape (B,); NaN of fewer than two subjects."""
    sums_6BC = np.moveaxis(sums_BD.reshape(len(sums_BD), len(labels), 6), -1, 0)
    return signal_errors.by_channel(NORMAL_95 * np.sqrt(_variance(sums_6BC)), labels)


def _variance(sums_6BC: Float64) -> Float64:
    subjects, windows, windows_squared, total, of_means, squares = sums_6BC
    of_all = ratio(np.square(total), windows)
    between = ratio(np.maximum(of_means - of_all, 0), subjects - 1)
    # Of one window each, there is nothing within: what differs, differs between subjects.
    within = np.nan_to_num(ratio(np.maximum(squares - of_means, 0), windows - subjects))
    size = ratio(windows - ratio(windows_squared, windows), subjects - 1)
    return np.asarray(within + np.maximum(ratio(between - within, size), 0))

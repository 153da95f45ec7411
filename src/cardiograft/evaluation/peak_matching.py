"""R-peaks of true and of predicted ECGs, matched with each other.

One detector finds both (`cardiograft.signals.peaks.qrs_peaks`).

Legend: N windows, C channels, T samples, G tolerances, A peaks of a window.
"""

from functools import lru_cache

import numpy as np

from cardiograft.evaluation import signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64, Int64
from cardiograft.signals.peaks import qrs_peaks

# All that metrics offer. 150 ms, the widest, is that of ANSI/AAMI EC57; half of what two
# peaks are apart at least, so that none lies within it of two others.
TOLERANCES_MS = (50, 75, 150)
# ASSUME peaks so near to a window's end are not counted, matched or not: the complex may be cut
# off, or its partner lie outside. One margin for all tolerances, that they count the same ones.
MARGIN_S = 0.15
INTERVAL_REACH_MS = 75
INTERVALS_MS = (10, 20, 50)  # all that `rr_within` offers
LEAST_PEAKS = 3  # for a heart rate: two intervals
# Five metrics read the same signals one after another, and each control of a model about
# the same true ones: so many blocks of windows are remembered, some 5 MB each.
REMEMBERED = 8

# What `matches` counts of a window at one tolerance, along its last axis.
MATCHED_TRUE, TRUE, MATCHED_PREDICTED, PREDICTED, ERROR_MS = range(5)


def peaks(signal_NCT: Float64, rate_hz: float) -> list[Float64]:
    """Return where the R-peaks of each window and channel are, N x C of them, window by window."""
    samples = signal_NCT.shape[-1]
    return list(_remembered(np.ascontiguousarray(signal_NCT).tobytes(), samples, rate_hz))


@lru_cache(maxsize=REMEMBERED)
def _remembered(signals: bytes, samples: int, rate_hz: float) -> tuple[Float64, ...]:
    signal_NT = np.frombuffer(signals, dtype=np.float64).reshape(-1, samples)
    detected = tuple(qrs_peaks(signal_NT, rate_hz))
    for peak_A in detected:
        peak_A.flags.writeable = False
    return detected


def partners(of_A: Float64, to_A: Float64) -> tuple[Int64, Float64]:
    """Return for each of some peaks the nearest of the others, and how far off it is.

    Two peaks are matched that are each other's nearest, and no further apart than is tolerated:
    none is matched twice. As peaks of one signal lie twice the widest tolerance apart, there is
    no choice that matches more of them.

    Returns
    -------
    nearest_A : int64
        Index of the other peak; -1 where there are none.
    apart_A : float64
        inf where the two are not each other's nearest.
    """
    if not len(of_A) or not len(to_A):
        return np.full(len(of_A), -1), np.full(len(of_A), np.inf)
    apart_AA = np.abs(of_A[:, None] - to_A)
    nearest_A, back_A = apart_AA.argmin(axis=1), apart_AA.argmin(axis=0)
    own_A = np.arange(len(of_A))
    alike_A = back_A[nearest_A] == own_A
    return nearest_A, np.where(alike_A, apart_AA[own_A, nearest_A], np.inf)


def matches(predictions: Predictions) -> Float64:
    """Return what the peaks of each window come to at each tolerance.

    Returns
    -------
    float64, shape (N, C, G, 5)
        True peaks that are matched; true peaks; predicted peaks that are matched; predicted
        peaks; the sum of the matched true peaks' timing errors, in milliseconds. Peaks within the
        margin of an end are in none of these, but may be the other one of a match.

    Raises
    ------
    ValueError
        The predictions are no finite signals of a known rate.
    """
    rate_hz = signal_errors.rate_hz(predictions)

    def measured(true_NCT: Float64, predicted_NCT: Float64) -> Float64:
        windows, channels, samples = true_NCT.shape
        true, predicted = (peaks(x, rate_hz) for x in (true_NCT, predicted_NCT))
        pairs = zip(true, predicted, strict=True)
        counts = [_matches(*pair, samples, rate_hz) for pair in pairs]
        return np.array(counts).reshape(windows, channels, len(TOLERANCES_MS), 5)

    return signal_errors.over_windows(predictions, measured)


def ratio_per_subject(predictions: Predictions, top: int, bottom: int) -> Float64:
    """Return each subject's sum of one count of `matches` over its sum of another, shape (S, D).

    Raises
    ------
    ValueError
        As `matches`.
    """
    counts_NCG5 = matches(predictions)
    tops, bottoms = counts_NCG5[..., top], counts_NCG5[..., bottom]
    return signal_errors.ratios(predictions.subject_N, tops, bottoms)


def values_at(sums_BD: Float64, labels: tuple[str, ...], tolerance_ms: int) -> dict[str, Float64]:
    """Return the mean over subjects of `ratio_per_subject` at one tolerance, shape (B,)."""
    return signal_errors.values(sums_BD, labels, setting=TOLERANCES_MS.index(tolerance_ms))


def _matches(
    true_A: Float64, predicted_A: Float64, samples: int, rate_hz: float
) -> list[list[float]]:
    first, last = MARGIN_S * rate_hz, samples - 1 - MARGIN_S * rate_hz
    true_inside_A, predicted_inside_A = ((first <= x) & (x <= last) for x in (true_A, predicted_A))
    apart_A, confirmed_apart_A = partners(true_A, predicted_A)[1], partners(predicted_A, true_A)[1]
    true_count, predicted_count = true_inside_A.sum(), predicted_inside_A.sum()
    counts = []
    for tolerance_ms in TOLERANCES_MS:
        reach = tolerance_ms * rate_hz / 1000
        hit_A = (apart_A <= reach) & true_inside_A
        confirmed = ((confirmed_apart_A <= reach) & predicted_inside_A).sum()
        error_ms = apart_A[hit_A].sum() * 1000 / rate_hz
        counts.append([hit_A.sum(), true_count, confirmed, predicted_count, error_ms])
    return counts


def heart_rates(predictions: Predictions) -> tuple[Float64, Float64]:
    """Return each window's true and predicted heart rate, per minute.

    A heart rate is 60 over the median interval between R-peaks, in seconds.

    Returns
    -------
    true_NC, predicted_NC : float64
        NaN where a signal has fewer than three R-peaks.

    Raises
    ------
    ValueError
        The predictions are no finite signals of a known rate.
    """
    rate_hz = signal_errors.rate_hz(predictions)

    def measured(true_NCT: Float64, predicted_NCT: Float64) -> Float64:
        return np.stack([_heart_rates(x, rate_hz) for x in (true_NCT, predicted_NCT)], axis=-1)

    rate_NC2 = signal_errors.over_windows(predictions, measured)
    return rate_NC2[..., 0], rate_NC2[..., 1]


def heart_rate_differences(predictions: Predictions) -> Float64:
    """Return by how much each window's predicted heart rate exceeds the true one, per minute.

    Returns
    -------
    float64, shape (N, C)
        NaN where either signal has fewer than three R-peaks.

    Raises
    ------
    ValueError
        The predictions are no finite signals of a known rate.
    """
    true_NC, predicted_NC = heart_rates(predictions)
    return predicted_NC - true_NC


def interval_sums(predictions: Predictions) -> Float64:
    """Return what the differences between predicted and true R-R intervals, in ms, add up to.

    Of intervals between two successive true peaks that are matched, within 75 ms, to two
    successive predicted ones.

    Returns
    -------
    float64, shape (N, C, 3)
        Their number, their sum, and the sum of their squares.

    Raises
    ------
    ValueError
        The predictions are no finite signals of a known rate.
    """
    rate_hz = signal_errors.rate_hz(predictions)

    def measured(true_NCT: Float64, predicted_NCT: Float64) -> Float64:
        pairs = zip(peaks(true_NCT, rate_hz), peaks(predicted_NCT, rate_hz), strict=True)
        sums = []
        for true_A, predicted_A in pairs:
            apart_ms = _apart_ms(true_A, predicted_A, rate_hz)
            apart_ms = apart_ms[~np.isnan(apart_ms)]
            sums.append([len(apart_ms), apart_ms.sum(), np.square(apart_ms).sum()])
        return np.array(sums, dtype=np.float64).reshape(*true_NCT.shape[:2], 3)

    return signal_errors.over_windows(predictions, measured)


def intervals_within(predictions: Predictions) -> Float64:
    """Return how many true R-R intervals the predicted ones give to within each of `INTERVALS_MS`.

    Returns
    -------
    float64, shape (N, C, 4)
        At each tolerance those that are given, then all there are whose R-peaks both lie within the
        margins.

    Raises
    ------
    ValueError
        The predictions are no finite signals of a known rate.
    """
    rate_hz = signal_errors.rate_hz(predictions)

    def measured(true_NCT: Float64, predicted_NCT: Float64) -> Float64:
        first, last = MARGIN_S * rate_hz, true_NCT.shape[-1] - 1 - MARGIN_S * rate_hz
        counts = []
        for true_A, predicted_A in zip(
            peaks(true_NCT, rate_hz), peaks(predicted_NCT, rate_hz), strict=True
        ):
            inside_A = (first <= true_A) & (true_A <= last)
            all_A = inside_A[:-1] & inside_A[1:]
            off_ms = np.abs(_apart_ms(true_A, predicted_A, rate_hz))  # NaN is within nothing
            given = [int((all_A & (off_ms <= most)).sum()) for most in INTERVALS_MS]
            counts.append([*given, int(all_A.sum())])
        return np.array(counts, dtype=np.float64).reshape(*true_NCT.shape[:2], -1)

    return signal_errors.over_windows(predictions, measured)


def _apart_ms(true_A: Float64, predicted_A: Float64, rate_hz: float) -> Float64:
    """Return by how much the prediction lengthens each true interval; NaN of one it does not give.

    It gives one whose two peaks are matched, within 75 ms, to two successive predicted ones.
    """
    if len(true_A) < 2 or not len(predicted_A):
        return np.full(max(0, len(true_A) - 1), np.nan)
    reach = INTERVAL_REACH_MS * rate_hz / 1000
    nearest_A, apart_A = partners(true_A, predicted_A)
    given_A = (apart_A[:-1] <= reach) & (apart_A[1:] <= reach) & (np.diff(nearest_A) == 1)
    return np.where(given_A, np.diff(predicted_A[nearest_A] - true_A) * 1000 / rate_hz, np.nan)


def _heart_rates(signal_NCT: Float64, rate_hz: float) -> Float64:
    rates = [
        60 * rate_hz / np.median(np.diff(at_A)) if len(at_A) >= LEAST_PEAKS else np.nan
        for at_A in peaks(signal_NCT, rate_hz)
    ]
    return np.array(rates).reshape(signal_NCT.shape[:2])

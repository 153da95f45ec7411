"""R-peaks of true and of said ECGs, found alike and laid beside each other.

One detector serves both (`cardiograft.signals.peaks.qrs_peaks`).

Legend: N windows, C channels, T samples, G tolerances, A peaks of a window.
"""

from functools import lru_cache

import numpy as np

from cardiograft.evaluation import signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64, Int64
from cardiograft.signals.peaks import qrs_peaks

# All that may be asked for. 150 ms, the widest, is that of ANSI/AAMI EC57; half of what two
# peaks are apart at least, so that none lies within it of two others.
TOLERANCES_MS = (50, 75, 150)
# ASSUME peaks so near to a window's end are not counted, found or not: the complex may be cut
# off, or its partner lie outside. One margin for all tolerances, that they count the same ones.
MARGIN_S = 0.15
LEAST_PEAKS = 3  # for a heart rate: two intervals
# Five metrics ask about the same signals one after another, and each control of a model about
# the same true ones: so many blocks of windows are remembered, some 5 MB each.
REMEMBERED = 8


def peaks(signal_NCT: Float64, rate_hz: float) -> list[Float64]:
    """Return where the R-peaks of each window and channel are, N x C of them, window by window."""
    samples = signal_NCT.shape[-1]
    return list(_remembered(np.ascontiguousarray(signal_NCT).tobytes(), samples, rate_hz))


@lru_cache(maxsize=REMEMBERED)
def _remembered(signals: bytes, samples: int, rate_hz: float) -> tuple[Float64, ...]:
    signal_NT = np.frombuffer(signals, dtype=np.float64).reshape(-1, samples)
    found = tuple(qrs_peaks(signal_NT, rate_hz))
    for peak_A in found:
        peak_A.flags.writeable = False
    return found


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
        True peaks that are matched; true peaks; said peaks that are matched; said peaks; the
        sum of the matched true peaks' timing errors, in milliseconds. Peaks within the
        margin of an end are in none of these, but may be the other one of a match.

    Raises
    ------
    ValueError
        The predictions are no finite signals of a known rate.
    """
    rate_hz = signal_errors.rate_hz(predictions)

    def measured(true_NCT: Float64, said_NCT: Float64) -> Float64:
        windows, channels, samples = true_NCT.shape
        true, said = (peaks(x, rate_hz) for x in (true_NCT, said_NCT))
        found = [_matches(*pair, samples, rate_hz) for pair in zip(true, said, strict=True)]
        return np.array(found).reshape(windows, channels, len(TOLERANCES_MS), 5)

    return signal_errors.over_windows(predictions, measured)


def _matches(true_A: Float64, said_A: Float64, samples: int, rate_hz: float) -> list[list[float]]:
    first, last = MARGIN_S * rate_hz, samples - 1 - MARGIN_S * rate_hz
    true_inside_A, said_inside_A = ((first <= x) & (x <= last) for x in (true_A, said_A))
    apart_A, confirmed_apart_A = partners(true_A, said_A)[1], partners(said_A, true_A)[1]
    true_count, said_count = true_inside_A.sum(), said_inside_A.sum()
    found = []
    for tolerance_ms in TOLERANCES_MS:
        reach = tolerance_ms * rate_hz / 1000
        hit_A = (apart_A <= reach) & true_inside_A
        confirmed = ((confirmed_apart_A <= reach) & said_inside_A).sum()
        error_ms = apart_A[hit_A].sum() * 1000 / rate_hz
        found.append([hit_A.sum(), true_count, confirmed, said_count, error_ms])
    return found


def heart_rates(predictions: Predictions) -> tuple[Float64, Float64]:
    """Return each window's true and said heart rate, per minute.

    A heart rate is 60 over the median interval between R-peaks, in seconds.

    Returns
    -------
    true_NC, said_NC : float64
        NaN where a signal has fewer than three R-peaks.

    Raises
    ------
    ValueError
        The predictions are no finite signals of a known rate.
    """
    rate_hz = signal_errors.rate_hz(predictions)

    def measured(true_NCT: Float64, said_NCT: Float64) -> Float64:
        return np.stack([_heart_rates(x, rate_hz) for x in (true_NCT, said_NCT)], axis=-1)

    rate_NC2 = signal_errors.over_windows(predictions, measured)
    return rate_NC2[..., 0], rate_NC2[..., 1]


def heart_rate_differences(predictions: Predictions) -> Float64:
    """Return by how much each window's said heart rate exceeds the true one, per minute.

    Returns
    -------
    float64, shape (N, C)
        NaN where either signal has fewer than three R-peaks.

    Raises
    ------
    ValueError
        The predictions are no finite signals of a known rate.
    """
    true_NC, said_NC = heart_rates(predictions)
    return said_NC - true_NC


def _heart_rates(signal_NCT: Float64, rate_hz: float) -> Float64:
    rates = [
        60 * rate_hz / np.median(np.diff(at_A)) if len(at_A) >= LEAST_PEAKS else np.nan
        for at_A in peaks(signal_NCT, rate_hz)
    ]
    return np.array(rates).reshape(signal_NCT.shape[:2])

"""R-peaks of true and of said ECGs, found alike and laid beside each other.

One detector serves both: the energy of 5-22 Hz, smoothed, has a maximum at each QRS complex
whichever its polarity. The peaks of a window are those maxima that reach a share of the
window's own level, so that neither scale nor offset matters.

Legend: N windows, C channels, T samples, G tolerances, A peaks of a window.
"""

from fractions import Fraction

import numpy as np
from scipy.ndimage import convolve1d
from scipy.signal import find_peaks, sosfiltfilt
from scipy.signal.windows import hann

from cardiograft import signal_figures
from cardiograft.predictions import Predictions
from cardiograft.records import Float64, Int64
from cardiograft.signal_figures import deviation
from cardiograft.signals import butterworth

# ASSUME the energy of a QRS complex lies in 5-22 Hz, is 120 ms long, and no two of them are
# less than 0.3 s apart; one that has less than 0.35 of the window's level is none.
BAND_HZ = (5.0, 22.0)
ORDER = 2
SMOOTHED_S = 0.12
APART_S = 0.3
LEVEL = 0.98  # quantile of the energy: what the strongest complexes of a window reach
SHARE = 0.35
# All that may be asked for. 150 ms, the widest, is that of ANSI/AAMI EC57; half of APART_S,
# so that no peak lies within it of two others.
TOLERANCES_MS = (50, 75, 150)
# ASSUME peaks so near to a window's end are not counted, found or not: the complex may be cut
# off, or its partner lie outside. One margin for all tolerances, that they count the same ones.
MARGIN_S = 0.15
LEAST_PEAKS = 3  # for a heart rate: two intervals


def qrs_peaks(signal_NT: Float64, rate_hz: float) -> list[Float64]:
    """Return where each window's R-peaks are, in fractions of samples, ascending.

    A peak is the centre of a QRS complex' energy. What has no peak, or one cut off by an end
    of the window, gives none there.

    Raises
    ------
    ValueError
        The rate is too low for the band.
    """
    energy_NT = _qrs_energy(signal_NT, rate_hz)
    least_N = SHARE * np.quantile(energy_NT, LEVEL, axis=-1)
    apart = int(np.ceil(APART_S * rate_hz))
    return [
        _between_samples(energy_T, find_peaks(energy_T, height=least, distance=apart)[0])
        for energy_T, least in zip(energy_NT, least_N, strict=True)
    ]


def _qrs_energy(signal_NT: Float64, rate_hz: float) -> Float64:
    low_hz, high_hz = BAND_HZ
    rate = Fraction(rate_hz)
    sections_S6 = butterworth(
        low_hz=low_hz, high_hz=high_hz, order=ORDER, rate_hz=rate, key="qrs_peaks"
    )
    # Mirrored at the ends, a complex that is cut off rises to the very end, and is no maximum.
    ends = min(signal_NT.shape[-1] - 1, round(rate_hz))
    band_NT = sosfiltfilt(sections_S6, deviation(signal_NT), axis=-1, padtype="even", padlen=ends)
    kernel = hann(2 * round(SMOOTHED_S * rate_hz / 2) + 1)
    smooth_NT = convolve1d(np.square(band_NT), kernel / kernel.sum(), axis=-1, mode="reflect")
    return np.asarray(smooth_NT)


def _between_samples(energy_T: Float64, peak_A: Int64) -> Float64:
    before_A, at_A, after_A = energy_T[peak_A - 1], energy_T[peak_A], energy_T[peak_A + 1]
    bend_A = 2 * at_A - before_A - after_A
    shift_A = np.zeros(len(peak_A))  # of a parabola through the three; 0 on a plateau
    np.divide(after_A - before_A, 2 * bend_A, out=shift_A, where=bend_A > 0)
    return peak_A + shift_A


def partners(of_A: Float64, to_A: Float64, reach: float) -> Int64:
    """Return for each of some peaks which of the others it is matched with, -1 for none.

    Two peaks are matched that are each other's nearest and at most `reach` apart: none is
    matched twice. As peaks of one signal lie twice the widest tolerance apart, there is no
    choice that matches more of them.
    """
    if not len(of_A) or not len(to_A):
        return np.full(len(of_A), -1)
    apart_AA = np.abs(of_A[:, None] - to_A)
    nearest_A, back_A = apart_AA.argmin(axis=1), apart_AA.argmin(axis=0)
    own_A = np.arange(len(of_A))
    matched_A = (back_A[nearest_A] == own_A) & (apart_AA[own_A, nearest_A] <= reach)
    return np.where(matched_A, nearest_A, -1)


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
    rate_hz = signal_figures.rate_hz(predictions)

    def measured(true_NCT: Float64, said_NCT: Float64) -> Float64:
        windows, channels, samples = true_NCT.shape
        true, said = (qrs_peaks(x.reshape(-1, samples), rate_hz) for x in (true_NCT, said_NCT))
        found = [_matches(*pair, samples, rate_hz) for pair in zip(true, said, strict=True)]
        return np.array(found).reshape(windows, channels, len(TOLERANCES_MS), 5)

    return signal_figures.over_windows(predictions, measured)


def _matches(true_A: Float64, said_A: Float64, samples: int, rate_hz: float) -> list[list[float]]:
    first, last = MARGIN_S * rate_hz, samples - 1 - MARGIN_S * rate_hz
    true_inside_A, said_inside_A = ((first <= x) & (x <= last) for x in (true_A, said_A))
    found = []
    for tolerance_ms in TOLERANCES_MS:
        reach = tolerance_ms * rate_hz / 1000
        partner_A = partners(true_A, said_A, reach)
        hit_A = (partner_A >= 0) & true_inside_A
        confirmed_A = (partners(said_A, true_A, reach) >= 0) & said_inside_A
        error_A = np.abs(said_A[partner_A[hit_A]] - true_A[hit_A]) * 1000 / rate_hz
        counts = [x.sum() for x in (hit_A, true_inside_A, confirmed_A, said_inside_A)]
        found.append([*counts, error_A.sum()])
    return found


def heart_rate_differences(predictions: Predictions) -> Float64:
    """Return by how much each window's said heart rate exceeds the true one, per minute.

    A heart rate is 60 over the median interval between R-peaks, in seconds.

    Returns
    -------
    float64, shape (N, C)
        NaN where either signal has fewer than three R-peaks.

    Raises
    ------
    ValueError
        The predictions are no finite signals of a known rate.
    """
    rate_hz = signal_figures.rate_hz(predictions)

    def measured(true_NCT: Float64, said_NCT: Float64) -> Float64:
        return _heart_rates(said_NCT, rate_hz) - _heart_rates(true_NCT, rate_hz)

    return signal_figures.over_windows(predictions, measured)


def _heart_rates(signal_NCT: Float64, rate_hz: float) -> Float64:
    peaks = qrs_peaks(signal_NCT.reshape(-1, signal_NCT.shape[-1]), rate_hz)
    rates = [
        60 * rate_hz / np.median(np.diff(at_A)) if len(at_A) >= LEAST_PEAKS else np.nan
        for at_A in peaks
    ]
    return np.array(rates).reshape(signal_NCT.shape[:2])

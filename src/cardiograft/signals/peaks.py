"""Detect heart beats, at maxima of a band's energy: QRS complexes of ECGs, beats of SCGs.

Energy has no polarity, and it is compared with the window's own level, so that neither scale
nor offset matters. These find beats in windows; `cardiograft.signals.r_waves` finds R-peaks in
a whole lead.

Legend: N windows, C channels, T samples, A peaks of a window.
"""

from fractions import Fraction

import numpy as np
from scipy.ndimage import convolve1d
from scipy.signal import find_peaks, sosfiltfilt
from scipy.signal.windows import hann

from cardiograft.records import Float64, Int64
from cardiograft.signals.filtering import butterworth
from cardiograft.signals.r_waves import r_peaks
from cardiograft.signals.scaling import deviation

__all__ = ["qrs_peaks", "r_peaks", "scg_beats"]

Band = tuple[float, float]

# ASSUME the energy of a QRS complex lies in 5-22 Hz, is 120 ms long, and no two of them are
# less than 0.3 s apart; one that has less than 0.35 of the window's level is none.
QRS_HZ: Band = (5.0, 22.0)
QRS_S = 0.12
APART_S = 0.3
QRS_SHARE = 0.35
ORDER = 2
LEVEL = 0.98  # quantile of the energy: what the strongest complexes of a window reach
# ASSUME of an SCG: the opening of the aortic valve is louder in 15-40 Hz than what follows it,
# and a beat comes no sooner than 0.6 of the usual interval, so that a second sound is none.
# Of the bands and shares tried on real recordings these find the most R-peaks: what is to be
# beaten should be good.
SCG_HZ: Band = (15.0, 40.0)
SCG_S = 0.2
SCG_SHARE = 0.2
SCG_APART = 0.6
INTERVAL_S = (0.36, 1.5)  # 40 to 167 beats per minute


def qrs_peaks(signal_NT: Float64, rate_hz: float, *, share: float = QRS_SHARE) -> list[Float64]:
    """Return where each window's R-peaks are, in fractions of samples, ascending.

    A peak is the centre of a QRS complex' energy. What has no peak, or one cut off by an end
    of the window, gives none there.

    Parameters
    ----------
    share
        Of the window's level, that a complex has at least: a low one finds small complexes
        beside large ones, and what is no complex.

    Raises
    ------
    ValueError
        The rate is too low for the band.
    """
    energy_NT = _energy(signal_NT, rate_hz, band=QRS_HZ, smoothed_s=QRS_S, key="qrs_peaks")
    least_N = share * np.quantile(energy_NT, LEVEL, axis=-1)
    apart = int(np.ceil(APART_S * rate_hz))
    return [
        _maxima(energy_T, least, apart) for energy_T, least in zip(energy_NT, least_N, strict=True)
    ]


def scg_beats(signal_NCT: Float64, rate_hz: float) -> list[Float64]:
    """Return where each window's beats are, in fractions of samples, ascending.

    A beat is a maximum of the energy of all channels, each relative to its own level; there
    is one at most in 0.6 of the interval at which that energy is most like itself.

    Raises
    ------
    ValueError
        The rate is too low for the band.
    """
    energy_NCT = _energy(signal_NCT, rate_hz, band=SCG_HZ, smoothed_s=SCG_S, key="scg_beats")
    level_NC1 = np.quantile(energy_NCT, LEVEL, axis=-1, keepdims=True)
    relative_NCT = np.divide(
        energy_NCT, level_NC1, out=np.zeros_like(energy_NCT), where=level_NC1 > 0
    )
    energy_NT = relative_NCT.sum(axis=1)
    least_N = SCG_SHARE * np.quantile(energy_NT, LEVEL, axis=-1)
    apart_N = np.maximum(APART_S * rate_hz, SCG_APART * _intervals(energy_NT, rate_hz))
    return [
        _maxima(energy_T, least, int(np.ceil(apart)))
        for energy_T, least, apart in zip(energy_NT, least_N, apart_N, strict=True)
    ]


def _energy(
    signal_NT: Float64, rate_hz: float, *, band: Band, smoothed_s: float, key: str
) -> Float64:
    low_hz, high_hz = band
    rate = Fraction(rate_hz)
    sections_S6 = butterworth(low_hz=low_hz, high_hz=high_hz, order=ORDER, rate_hz=rate, key=key)
    # Mirrored at the ends, a complex that is cut off rises to the very end, and is no maximum.
    ends = min(signal_NT.shape[-1] - 1, round(rate_hz))
    band_NT = sosfiltfilt(sections_S6, deviation(signal_NT), axis=-1, padtype="even", padlen=ends)
    kernel = hann(2 * round(smoothed_s * rate_hz / 2) + 1)
    smooth_NT = convolve1d(np.square(band_NT), kernel / kernel.sum(), axis=-1, mode="reflect")
    return np.asarray(smooth_NT)


def _intervals(energy_NT: Float64, rate_hz: float) -> Float64:
    """Return the lag, in samples, at which each window's amplitude is most like itself."""
    samples = energy_NT.shape[-1]
    first, last = (min(round(s * rate_hz), samples - 1) for s in INTERVAL_S)
    lag_L = np.arange(first, last + 1)
    spectrum_NF = np.fft.rfft(deviation(np.sqrt(energy_NT)), n=2 * samples)
    # A sum, no mean: of an interval and twice as much, equally alike, the interval has more terms.
    alike_NT = np.fft.irfft(np.square(np.abs(spectrum_NF)), n=2 * samples)
    return np.asarray(lag_L[alike_NT[:, lag_L].argmax(axis=1)], dtype=np.float64)


def _maxima(energy_T: Float64, least: float, apart: int) -> Float64:
    return _between_samples(energy_T, find_peaks(energy_T, height=least, distance=apart)[0])


def _between_samples(energy_T: Float64, peak_A: Int64) -> Float64:
    before_A, at_A, after_A = energy_T[peak_A - 1], energy_T[peak_A], energy_T[peak_A + 1]
    bend_A = 2 * at_A - before_A - after_A
    shift_A = np.zeros(len(peak_A))  # of a parabola through the three; 0 on a plateau
    np.divide(after_A - before_A, 2 * bend_A, out=shift_A, where=bend_A > 0)
    return peak_A + shift_A

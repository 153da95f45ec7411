"""Signal-quality indices of ECG windows: do beats stand out, and look like one another?

None depends on gain, offset or polarity. None is of how regular the rhythm is, or atrial
fibrillation would count as noise; how fast and with what pauses is.

Legend: N windows, T samples, P places for peaks, L samples of a beat, F frequencies.

Source: Clifford et al., Physiol Meas 2012;33:1419-1433, doi:10.1088/0967-3334/33/9/1419 (moments,
shares of power, two detectors' agreement, flat lines); Orphanidou et al., IEEE J Biomed Health
Inform 2015;19:832-838, doi:10.1109/JBHI.2014.2338351 (templates, plausible rates and pauses); Zong,
Moody & Jiang, Comput Cardiol 2003;30:737-740 (a detector by the length of the curve).
"""

from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d
from scipy.signal import find_peaks, sosfiltfilt

from cardiograft.records import Float64
from cardiograft.signals.filtering import butterworth
from cardiograft.signals.peaks import qrs_peaks
from cardiograft.signals.scaling import deviation

Indices = dict[str, Float64]
Mask = npt.NDArray[np.bool_]

NAMES = (
    *("skewness", "kurtosis (log)", "baseline's power", "QRS power", "power above 40 Hz"),
    *("stands still", "at its ends", "detectors agree", "beats alike", "least alike"),
    *("beats stand out", "beats a second", "longest pause"),
)
BAND_HZ = (1.0, 40.0)  # of moments, templates and what stands out
SLOW_HZ, QRS_HZ = 1.0, (5.0, 15.0)
CURVE_HZ, CURVE_S, CURVE_APART_S = (5.0, 16.0), 0.13, 0.3
CURVE_SHARE = 0.35  # of the way from the window's median to its longest curves
TOP = 0.98  # quantile of what the strongest complexes of a window reach
NEAR_S = 0.1  # of two detectors' peaks: they mean the same beat
BEAT_S, QRS_S = 0.25, 0.06  # to either side of a peak
STILL, RAIL = (
    1e-3,
    5e-3,
)  # of a window's range: a step that is none; as near to an end as to be at it
SHORT_S = 0.1  # runs of still samples that are shorter are of rounding
MANY = 1024  # windows at once: what they take in memory
# Orphanidou's rules, on which a window is plausible, but for the one on how much intervals differ:
# fibrillation and extra beats break it in a clean ECG.
RATES, LONGEST_S, ALIKE = (40.0, 180.0), 3.0, 0.66
# ASSUME a lead that stands still for a fifth of the time, or lies at its ends as long, has a fault.
MOST_STILL = 0.2


class _Peaks(NamedTuple):
    """Peaks of windows in samples, NaN where a window has fewer than another; which are there."""

    at_NP: Float64
    there_NP: Mask
    count_N: Float64


def quality_indices(signal_NT: npt.NDArray[np.floating], rate_hz: float) -> Indices:
    """Return each window's indices, shape (N,), finite whatever the window.

    Parameters
    ----------
    signal_NT : shape (N, T)
        Any unit and offset, finite.
    rate_hz
        Of the samples.

    Raises
    ------
    ValueError
        The rate is too low for QRS complexes.
    """
    parts = [
        _indices(signal_NT[start : start + MANY].astype(np.float64), rate_hz)
        for start in range(0, max(len(signal_NT), 1), MANY)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def plausible(indices: Indices, seconds: float) -> Mask:
    """Return which windows keep to simple rules of a clean ECG, shape (N,).

    40 to 180 beats a minute, no pause over 3 s, beats that correlate with the mean of the others by
    0.66 on average (Orphanidou et al. 2015); and at most a fifth of the time without change, or at
    the ends of its range.

    Parameters
    ----------
    indices
        Of `quality_indices`.
    seconds
        Length of the windows.
    """
    rate_N = 60 * indices["beats a second"]
    return np.asarray(
        (rate_N >= RATES[0])
        & (rate_N <= RATES[1])
        & (indices["longest pause"] * seconds <= LONGEST_S)
        & (indices["beats alike"] >= ALIKE)
        & (indices["stands still"] <= MOST_STILL)
        & (indices["at its ends"] <= MOST_STILL)
    )


def _indices(signal_NT: Float64, rate_hz: float) -> Indices:
    level_NT = deviation(signal_NT)
    band_NT = _filtered(level_NT, rate_hz, BAND_HZ)
    one = _padded(qrs_peaks(signal_NT, rate_hz))
    two = _padded(curve_peaks(signal_NT, rate_hz))
    samples = signal_NT.shape[1]
    return {
        **_moments(band_NT),
        **_powers(level_NT, rate_hz),
        **_still(level_NT, rate_hz),
        "detectors agree": _agreement(one, two, samples, NEAR_S * rate_hz),
        **_alike(band_NT, one, rate_hz),
        "beats stand out": _stand_out(band_NT, one, rate_hz),
        **_rhythm(one, samples, rate_hz),
    }


def curve_peaks(signal_NT: Float64, rate_hz: float) -> list[Float64]:
    """Return where each window's QRS complexes are, by the length of the curve around a sample.

    A second opinion beside `cardiograft.signals.peaks.qrs_peaks`, which goes by energy: the two
    differ where noise has energy, but no steep slopes, or the other way round.

    Raises
    ------
    ValueError
        The rate is too low for the band.
    """
    step_NT = np.abs(np.diff(_filtered(deviation(signal_NT), rate_hz, CURVE_HZ), prepend=0))
    step_NT[:, 0] = 0
    usual_N1 = np.median(step_NT, axis=1, keepdims=True)
    size = max(1, round(CURVE_S * rate_hz))
    length_NT = uniform_filter1d(np.hypot(usual_N1, step_NT), size, axis=1, mode="reflect")
    middle_N, top_N = np.median(length_NT, axis=1), np.quantile(length_NT, TOP, axis=1)
    least_N = middle_N + CURVE_SHARE * (top_N - middle_N)
    apart = max(1, round(CURVE_APART_S * rate_hz))
    return [
        find_peaks(length_T, height=least, distance=apart)[0].astype(np.float64)
        for length_T, least in zip(length_NT, least_N, strict=True)
    ]


def _filtered(signal_NT: Float64, rate_hz: float, band: tuple[float, float]) -> Float64:
    sections_S6 = butterworth(
        low_hz=band[0],
        high_hz=min(band[1], 0.45 * rate_hz),
        order=2,
        rate_hz=Fraction(rate_hz),
        key="quality_indices",
    )
    ends = min(signal_NT.shape[-1] - 1, round(rate_hz))
    return np.asarray(sosfiltfilt(sections_S6, signal_NT, axis=-1, padtype="even", padlen=ends))


def _over(part_N: Float64, whole_N: Float64) -> Float64:
    """Return a ratio, 0 where there is nothing to divide by."""
    return np.divide(part_N, whole_N, out=np.zeros_like(part_N), where=whole_N > 0)


def _moments(band_NT: Float64) -> Indices:
    """Return skewness and kurtosis: an ECG is mostly near its baseline, noise is not."""
    centred_NT = band_NT - band_NT.mean(axis=1, keepdims=True)
    square_N = np.mean(centred_NT**2, axis=1)
    return {
        "skewness": np.abs(_over(np.mean(centred_NT**3, axis=1), square_N**1.5)),
        "kurtosis (log)": np.log1p(_over(np.mean(centred_NT**4, axis=1), square_N**2)),
    }


def _powers(level_NT: Float64, rate_hz: float) -> Indices:
    """Return shares of power: of the baseline, of QRS complexes, and above the ECG's band."""
    samples = level_NT.shape[1]
    power_NF = np.abs(np.fft.rfft(level_NT * np.hanning(samples), axis=1)) ** 2
    hz_F = np.fft.rfftfreq(samples, 1 / rate_hz)

    def within(low: float, high: float) -> Float64:
        return np.asarray(power_NF[:, (hz_F >= low) & (hz_F < high)].sum(axis=1))

    fast_N = within(QRS_HZ[0], np.inf)
    return {
        "baseline's power": _over(within(0, SLOW_HZ), within(0, np.inf)),
        "QRS power": _over(within(*QRS_HZ), within(QRS_HZ[0], BAND_HZ[1])),
        "power above 40 Hz": _over(within(BAND_HZ[1], np.inf), fast_N),
    }


def _still(level_NT: Float64, rate_hz: float) -> Indices:
    """Return the shares of time in which nothing changes, and at either end of the range."""
    low_N1, high_N1 = level_NT.min(axis=1, keepdims=True), level_NT.max(axis=1, keepdims=True)
    range_N1 = high_N1 - low_N1
    moved_NT = np.abs(np.diff(level_NT, axis=1, prepend=level_NT[:, :1])) > STILL * range_N1
    moved_NT[:, 0] = True  # a run is counted from the sample after the one that moved last
    place_T = np.arange(level_NT.shape[1])
    last_NT = np.maximum.accumulate(np.where(moved_NT, place_T, 0), axis=1)
    run_NT = place_T - last_NT
    ends_NT = np.append(moved_NT[:, 1:], np.ones((len(moved_NT), 1), dtype=bool), axis=1)
    run_NT = np.where(ends_NT & (run_NT > SHORT_S * rate_hz), run_NT, 0)
    near_NT = (level_NT - low_N1 <= RAIL * range_N1) | (high_N1 - level_NT <= RAIL * range_N1)
    return {
        "stands still": run_NT.sum(axis=1) / len(place_T),
        "at its ends": near_NT.mean(axis=1),
    }


def _padded(peaks: list[Float64]) -> _Peaks:
    most = max((len(peak_A) for peak_A in peaks), default=0)
    at_NP = np.full((len(peaks), max(most, 2)), np.nan)
    for row, peak_A in enumerate(peaks):
        at_NP[row, : len(peak_A)] = peak_A
    there_NP = np.isfinite(at_NP)
    return _Peaks(at_NP, there_NP, there_NP.sum(axis=1).astype(np.float64))


def _agreement(one: _Peaks, two: _Peaks, samples: int, near: float) -> Float64:
    """Return twice the peaks that both detectors have, over all that either has."""
    apart = samples + 2 * near  # from window to window: no peak has a neighbour in the next
    start_N1 = apart * np.arange(len(one.at_NP))[:, None]
    other_B = (two.at_NP + start_N1)[two.there_NP]
    edge_B = np.concatenate([[-np.inf], other_B, [np.inf]])
    at_NP = np.where(one.there_NP, one.at_NP + start_N1, -1e18)
    after_NP = np.searchsorted(other_B, at_NP)
    away_NP = np.minimum(at_NP - edge_B[after_NP], edge_B[after_NP + 1] - at_NP)
    both_N = ((away_NP < near) & one.there_NP).sum(axis=1)
    return np.minimum(_over(2.0 * both_N, one.count_N + two.count_N), 1.0)


def _alike(band_NT: Float64, peaks: _Peaks, rate_hz: float) -> Indices:
    """Return how each beat correlates with the mean of the window's others: mean and least.

    Beats that the window's ends cut off don't count; where fewer than two are whole, both are 0.
    """
    reach, samples = max(1, round(BEAT_S * rate_hz)), band_NT.shape[1]
    centre_NP = np.rint(np.nan_to_num(peaks.at_NP, nan=-1.0)).astype(np.int64)
    whole_NP = (centre_NP >= reach) & (centre_NP < samples - reach)
    at_NPL = np.clip(centre_NP[..., None] + np.arange(-reach, reach + 1), 0, samples - 1)
    beat_NPL = band_NT[np.arange(len(band_NT))[:, None, None], at_NPL]
    beat_NPL = np.where(whole_NP[..., None], deviation(beat_NPL), 0)
    others_NPL = beat_NPL.sum(axis=1, keepdims=True) - beat_NPL
    product_NP = np.einsum("npl,npl->np", beat_NPL, others_NPL)
    size_NP = np.linalg.norm(beat_NPL, axis=2) * np.linalg.norm(others_NPL, axis=2)
    alike_NP, count_N = _over(product_NP, size_NP), whole_NP.sum(axis=1)
    mean_N = _over((alike_NP * whole_NP).sum(axis=1), count_N.astype(np.float64))
    least_N = np.where(whole_NP, alike_NP, 1.0).min(axis=1)
    enough_N = count_N >= 2
    return {
        "beats alike": np.where(enough_N, mean_N, 0.0),
        "least alike": np.where(enough_N, least_N, 0.0),
    }


def _stand_out(band_NT: Float64, peaks: _Peaks, rate_hz: float) -> Float64:
    """Return the amplitude within QRS complexes over that elsewhere, as a logarithm."""
    reach, samples = QRS_S * rate_hz, band_NT.shape[1]
    edge_NT = np.zeros((len(band_NT), samples + 1))
    row_B = np.nonzero(peaks.there_NP)[0]
    at_B = peaks.at_NP[peaks.there_NP]
    np.add.at(edge_NT, (row_B, np.clip(np.rint(at_B - reach), 0, samples).astype(int)), 1)
    np.add.at(edge_NT, (row_B, np.clip(np.rint(at_B + reach) + 1, 0, samples).astype(int)), -1)
    inside_NT = np.cumsum(edge_NT, axis=1)[:, :-1] > 0
    power_NT = band_NT**2
    inside_N, count_N = (power_NT * inside_NT).sum(axis=1), inside_NT.sum(axis=1).astype(float)
    within_N = _over(inside_N, count_N)
    beyond_N = _over(power_NT.sum(axis=1) - inside_N, samples - count_N)
    both_N = (within_N > 0) & (beyond_N > 0)
    ratio_N = np.divide(within_N, beyond_N, out=np.ones_like(within_N), where=both_N)
    return np.asarray(np.clip(0.5 * np.log(ratio_N), -5, 5))


def _rhythm(peaks: _Peaks, samples: int, rate_hz: float) -> Indices:
    """Return the rate, and the longest time without a beat as a share."""
    at_NP, there_NP = peaks.at_NP, peaks.there_NP
    gap_NP = np.diff(at_NP, axis=1)
    known_NP = np.isfinite(gap_NP)
    count_N = known_NP.sum(axis=1).astype(np.float64)
    longest_N = np.where(known_NP, gap_NP, 0).max(axis=1)
    first_N = np.where(there_NP[:, 0], at_NP[:, 0], samples)
    last_N = np.where(there_NP, at_NP, 0).max(axis=1)
    pause_N = np.maximum(np.maximum(first_N, samples - last_N), longest_N)
    # between the first and the last peak, so that the window's ends take nothing away
    span_N = np.where(known_NP, gap_NP, 0).sum(axis=1) / rate_hz
    return {
        "beats a second": _over(count_N, span_N),
        "longest pause": pause_N / samples,
    }

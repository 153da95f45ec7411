"""Find R-peaks in a whole lead, the same ones whichever way up the lead is.

Every step is odd or even in the signal, so that x and -x give the same samples exactly: filters
without phase shift, energy, absolute values. A lead is looked at as a whole, not from left to
right. Places where a QRS complex may be are maxima of the energy in 8-20 Hz; of them the
sequence is taken that is most plausible altogether: each strong beside its surroundings and
steep beside its neighbours, none much sooner or later than the rhythm near by has it. So a faint
complex counts where a beat is due, and a T wave, which comes too soon, does not.

The constants were chosen on DS1 of de Chazal (22 records of mitdb) alone; `benchmarks/r_peaks.py`
gives the figures on both halves.

Legend: T samples, A candidates, B beats, K blocks.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import log

import numpy as np
import numpy.typing as npt
from scipy.ndimage import convolve1d
from scipy.signal import find_peaks, sosfiltfilt
from scipy.signal.windows import hann

from cardiograft.records import Float32, Float64, Int64
from cardiograft.signals.filtering import bridge, butterworth
from cardiograft.signals.scaling import deviation

LEAST_HZ = 50  # rate
# Where complexes stand out, by filters of slow fall: wide ventricular ones must not be lost.
QRS_HZ, QRS_ORDER = (8.0, 20.0), 1
STEEP_HZ, STEEP_ORDER = (15.0, 30.0), 2  # what T waves lack
SMOOTHED_S = 0.12
MAXIMA_S = 0.1  # no two candidates are nearer
APART_S = 0.24  # refractory: no two beats are nearer

BLOCK_S, BLOCKS = 1.5, 9  # a level is the median of the maxima of so many blocks
QUIET = 0.3  # quantile of a block: what lies between complexes
LEAST_STEEP = 1e-3
LIVE = 0.01  # of the usual maximum: a block below has no signal
FAINTEST = 0.1  # of the level: what is below is no candidate
SURE = 0.4  # of the level: beats that tell a first rhythm
NEAR = 8  # beats to either side that tell level and rhythm

# Evidence is a natural logarithm; that of a sequence is the sum over its beats and intervals.
LEVEL = 0.25  # of the level: a candidate is for a beat above, against one below
MOST = 1.5
# A T wave follows a complex which is steeper, in itself (STEEPER) and for its strength (BLUNT).
T_WAVE_S = (0.12, 0.45)
STEEPER = 0.7
BLUNT, MOST_BLUNT, BLUNT_WEIGHT = 1.3, 2.0, 1.5
SOON, LATE = 0.7, 1.3  # intervals, relative to the rhythm, that cost nothing
LONGEST = 8.0  # intervals that are looked back over

R_HZ, R_REACH_S = 3.0, 0.1  # baseline and most of T waves are below; from the energy's centre


@dataclass(frozen=True)
class _Candidates:
    """Maxima of energy: where, when, how strong, and how steep for their strength (a logarithm)."""

    sample_A: Int64
    time_A: Float64
    strength_A: Float64
    steep_A: Float64


def r_peaks(signal_T: Float32, rate_hz: Fraction, *, mains_hz: int) -> Int64:
    """Return the positions of R-peaks, ascending, the same for `signal_T` and for its negative.

    A peak is the largest deviation, up or down, within 0.1 s of the centre of a QRS complex'
    energy, after what is slower than 3 Hz, and hum, have been filtered out. None stands in a
    gap, nor in a lead without signal.

    Parameters
    ----------
    signal_T : float32, shape (T,)
        Any unit and offset. What is not finite is bridged.
    rate_hz : Fraction
    mains_hz : int
        Hum is kept out of the choice of the peak.

    Returns
    -------
    int64, shape (B,)

    Raises
    ------
    ValueError
        The rate is below 50 Hz.
    """
    if rate_hz < LEAST_HZ:
        raise ValueError(
            f"R-peaks can't be found at {float(rate_hz):g} Hz: {LEAST_HZ} Hz are needed"
        )
    filled_T, missing_T = bridge(signal_T, rate_hz, 0)
    if not len(filled_T):
        return np.zeros(0, dtype=np.int64)
    lead_T = deviation(filled_T.astype(np.float64))
    candidates, level_A = _candidates(lead_T, float(rate_hz))
    if not len(candidates.sample_A):
        return candidates.sample_A
    end_s = len(lead_T) / float(rate_hz)
    sure_A = candidates.strength_A > SURE * level_A
    chosen_B = _most_plausible(candidates, level_A, _rhythm(candidates, sure_A), end_s)
    level_A = _around(candidates, candidates.strength_A, chosen_B)
    chosen_B = _most_plausible(candidates, level_A, _rhythm(candidates, chosen_B), end_s)
    peak_B = _peaks(lead_T, candidates.sample_A[chosen_B], float(rate_hz), mains_hz)
    return peak_B if missing_T is None else peak_B[~missing_T[peak_B]]


def _candidates(signal_T: Float64, rate_hz: float) -> tuple[_Candidates, Float64]:
    """Return where a complex may be, and the level of the surroundings of each."""
    strength_T = _amplitude(signal_T, rate_hz, QRS_HZ, QRS_ORDER)
    sample_A = find_peaks(strength_T, distance=max(1, round(MAXIMA_S * rate_hz)))[0]
    level_A = _level(strength_T, sample_A, round(BLOCK_S * rate_hz))
    keep_A = strength_T[sample_A] > np.maximum(FAINTEST * level_A, 0)
    sample_A, level_A = sample_A[keep_A].astype(np.int64), level_A[keep_A]
    strength_A = strength_T[sample_A]
    fast_T = _amplitude(signal_T, rate_hz, STEEP_HZ, STEEP_ORDER)
    above_A = fast_T[sample_A] - _noise(fast_T, sample_A, round(BLOCK_S * rate_hz))
    steep_A = np.log(np.maximum(above_A / strength_A, LEAST_STEEP))
    return _Candidates(sample_A, sample_A / rate_hz, strength_A, steep_A), level_A


def _amplitude(signal_T: Float64, rate_hz: float, band: tuple[float, float], order: int) -> Float64:
    """Return the root of a band's energy, smoothed over the length of a complex."""
    band_T = _filtered(signal_T, rate_hz, band, order)
    kernel = hann(2 * round(SMOOTHED_S * rate_hz / 2) + 1)
    energy_T = convolve1d(np.square(band_T), kernel / kernel.sum(), mode="reflect")
    return np.asarray(np.sqrt(np.maximum(energy_T, 0)))


def _filtered(signal_T: Float64, rate_hz: float, band: tuple[float, float], order: int) -> Float64:
    low_hz, high_hz = band[0], min(band[1], 0.45 * rate_hz)
    sections_S6 = butterworth(
        low_hz=low_hz, high_hz=high_hz, order=order, rate_hz=Fraction(rate_hz), key="r_peaks"
    )
    # Mirrored at the ends, a complex that is cut off rises to the very end, and is no maximum.
    ends = min(len(signal_T) - 1, round(rate_hz))
    return np.asarray(sosfiltfilt(sections_S6, signal_T, padtype="even", padlen=ends))


def _level(strength_T: Float64, sample_A: Int64, block: int) -> Float64:
    """Return what complexes near each candidate usually reach, from blocks that have a signal."""
    start_K = np.arange(0, max(1, len(strength_T) - block // 2), block)
    most_K = np.maximum.reduceat(strength_T, start_K)
    live_K = most_K > LIVE * np.median(most_K[most_K > 0]) if most_K.any() else most_K > 0
    if not live_K.any():
        return np.full(len(sample_A), np.inf)
    level_K = _running_median(most_K[live_K], BLOCKS // 2)
    return np.interp(sample_A, start_K[live_K] + block / 2, level_K)


def _noise(fast_T: Float64, sample_A: Int64, block: int) -> Float64:
    """Return what is steep even between complexes: hum, and what muscles add."""
    whole = fast_T[: len(fast_T) // block * block] if len(fast_T) >= block else fast_T
    quiet_K = np.quantile(whole.reshape(-1, min(block, len(whole))), QUIET, axis=1)
    return np.interp(sample_A, np.arange(len(quiet_K)) * block + block / 2, quiet_K)


def _running_median(value_B: Float64, near: int) -> Float64:
    padded = np.pad(value_B, near, constant_values=np.nan)
    return np.asarray(
        np.nanmedian(np.lib.stride_tricks.sliding_window_view(padded, 2 * near + 1), 1)
    )


def _around(candidates: _Candidates, value_A: Float64, beat_A: npt.NDArray[np.bool_]) -> Float64:
    """Return for each candidate the median of a value over the beats around it."""
    return np.interp(
        candidates.time_A, candidates.time_A[beat_A], _running_median(value_A[beat_A], NEAR)
    )


def _rhythm(candidates: _Candidates, beat_A: npt.NDArray[np.bool_]) -> Float64:
    """Return for each candidate the usual interval of beats around it, in seconds."""
    time_B = candidates.time_A[beat_A]
    if len(time_B) < 3:
        return np.ones(len(candidates.time_A))
    middle_B = (time_B[1:] + time_B[:-1]) / 2
    return np.interp(candidates.time_A, middle_B, _running_median(np.diff(time_B), NEAR))


def _evidence(candidates: _Candidates, level_A: Float64) -> Float64:
    """Return what speaks for each candidate by itself, and against it as a complex' T wave."""
    strong_A = np.minimum(np.log(candidates.strength_A / level_A / LEVEL), MOST)
    own_A = np.log(candidates.strength_A) + candidates.steep_A
    before_A = np.full(len(own_A), -np.inf)
    for back in range(1, min(int(T_WAVE_S[1] / MAXIMA_S), len(own_A) - 1) + 1):
        apart_A = candidates.time_A[back:] - candidates.time_A[:-back]
        steeper_A = own_A[:-back] > own_A[back:] + STEEPER
        follows_A = steeper_A & (T_WAVE_S[0] < apart_A) & (apart_A < T_WAVE_S[1])
        steep_A = np.where(follows_A, candidates.steep_A[:-back], -np.inf)
        before_A[back:] = np.maximum(before_A[back:], steep_A)
    blunt_A = np.clip(before_A - BLUNT - candidates.steep_A, 0, MOST_BLUNT)
    return np.asarray(strong_A - BLUNT_WEIGHT * blunt_A)


def _most_plausible(
    candidates: _Candidates, level_A: Float64, rhythm_A: Float64, end_s: float
) -> npt.NDArray[np.bool_]:
    """Return which candidates make up the sequence with most evidence, by dynamic programming."""
    time, rhythm = candidates.time_A.tolist(), rhythm_A.tolist()
    own = _evidence(candidates, level_A).tolist()
    total: list[float] = []
    before: list[int] = []
    for at, now in enumerate(time):
        # none before it: what has gone by since the start counts as an interval
        best, chosen = _late(now / rhythm[at]), -1
        for other in range(at - 1, -1, -1):
            if now - time[other] < APART_S:
                continue
            interval = (now - time[other]) / rhythm[at]
            if interval > LONGEST and chosen >= 0:
                break
            here = total[other] + _late(interval) + _soon(interval)
            if here > best:
                best, chosen = here, other
        total.append(best + own[at])
        before.append(chosen)
    last = [t + _late((end_s - s) / r) for t, s, r in zip(total, time, rhythm, strict=True)]
    beat_A = np.zeros(len(time), dtype=bool)
    at = int(np.argmax(last))
    while at >= 0:
        beat_A[at] = True
        at = before[at]
    return beat_A


def _late(interval: float) -> float:
    return -log(interval / LATE) if interval > LATE else 0.0


def _soon(interval: float) -> float:
    return log(interval / SOON) if interval < SOON else 0.0


def _peaks(signal_T: Float64, centre_B: Int64, rate_hz: float, mains_hz: int) -> Int64:
    size_T = np.abs(_filtered(signal_T, rate_hz, (R_HZ, 0.7 * mains_hz), 2))
    reach = round(R_REACH_S * rate_hz)
    around_BW = np.clip(centre_B[:, None] + np.arange(-reach, reach + 1), 0, len(signal_T) - 1)
    return np.unique(around_BW[np.arange(len(centre_B)), size_T[around_BW].argmax(axis=1)])

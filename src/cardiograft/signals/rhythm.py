"""A recording's fingerprint: when its heart beats, and what each beat looks like.

The times between beats are a recording's own, as landmarks are a song's (Wang, ISMIR 2003): gain,
sign, offset, rate, another cut, another filter and moderate noise leave them as they were, to some
milliseconds. Beside them stands the shape of each beat in a band that every diagnostic filter
lets through.

Legend: T samples, B beats, W windows, S samples of a beat's shape.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.signal import sosfiltfilt

from cardiograft.records import Float32, Float64
from cardiograft.signals.filtering import butterworth
from cardiograft.signals.peaks import Band, qrs_peaks
from cardiograft.signals.resampling import ratio, resampled

RATE_HZ = Fraction(250)
# Beats are found in windows of this length, half over half: the level that a beat must reach is
# that of its neighbourhood.
WINDOW_S = 10
# Of that level: beside a large extra beat or a pacemaker's spike, usual beats must be found too. T
# waves that reach it count as beats; most of them do in a copy as well.
SHARE = 0.12
# ASSUME what any filter of an ECG leaves is in this band.
SHAPE_HZ: Band = (4.0, 18.0)
SHAPE_AT_S = np.arange(-12, 20) / 50.0
SHAPE_SAMPLES = len(SHAPE_AT_S)
SHORTEST_S = 2  # of a recording that is looked at
UNIT = 127  # of a shape's values: eight bits
# Of a second: as finely as beats are given, a fifteenth of what most of them differ by in a copy.
TICKS_PER_S = 10_000
Int8 = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Rhythm:
    """The beats of one recording.

    Attributes
    ----------
    beat_B : float64
        Seconds from the recording's first sample, ascending, in whole ticks (`TICKS_PER_S`).
    shape_BS : int8, shape (B, SHAPE_SAMPLES)
        Each beat from 0.24 s before its peak to 0.38 s after it, at 50 Hz, within 4-18 Hz, of
        unit norm (127); zeros where the recording's ends cut it off. Its sign is the lead's.
    """

    beat_B: Float64
    shape_BS: Int8


def rhythm(signal_T: Float32, rate_hz: Fraction) -> Rhythm:
    """Return the beats of an ECG lead; missing samples (NaN) hold none.

    A lead shorter than 2 s, or that never changes, has none.
    """
    known_T = np.isfinite(signal_T)
    if len(signal_T) < SHORTEST_S * rate_hz or not known_T.any():
        return none()
    level = float(np.median(signal_T[known_T]))
    source_T = np.where(known_T, signal_T - level, 0).astype(np.float32)
    if not source_T.any():
        return none()
    lead_T = resampled(source_T, ratio(rate_hz, RATE_HZ)).astype(np.float64)
    beat_B = _beats(lead_T) / float(RATE_HZ)
    return Rhythm(np.rint(beat_B * TICKS_PER_S) / TICKS_PER_S, _shapes(lead_T, beat_B))


def none() -> Rhythm:
    """Return the fingerprint of what shows no beat."""
    return Rhythm(np.empty(0), np.empty((0, SHAPE_SAMPLES), np.int8))


def during(whole: Rhythm, start_N: Float64, stop_N: Float64) -> Rhythm:
    """Return the beats that lie within any of some stretches of time.

    Parameters
    ----------
    start_N, stop_N : float64
        Seconds from the recording's first sample; stretches may overlap.
    """
    order_N = np.argsort(start_N, kind="stable")
    reach_N = np.append(-np.inf, np.maximum.accumulate(stop_N[order_N]))
    before_B = np.searchsorted(start_N[order_N], whole.beat_B, side="right")
    inside_B = reach_N[before_B] > whole.beat_B
    return Rhythm(whole.beat_B[inside_B], whole.shape_BS[inside_B])


def _beats(lead_T: Float64) -> Float64:
    """Return the beats of all windows, each from the window that it is nearest the middle of."""
    size = min(int(WINDOW_S * RATE_HZ), len(lead_T))
    hop = max(size // 2, 1)
    start_W = np.arange(0, len(lead_T) - size + 1, hop)
    if start_W[-1] + size < len(lead_T):
        start_W = np.append(start_W, len(lead_T) - size)
    window_WT = lead_T[start_W[:, None] + np.arange(size)]
    peak_WA = qrs_peaks(window_WT, float(RATE_HZ), share=SHARE)
    by_window = []
    for number, peak_A in enumerate(peak_WA):
        start = start_W[number]
        low = 0 if number == 0 else (start_W[number - 1] + size + start) / 2
        last = number == len(start_W) - 1
        high = np.inf if last else (start + size + start_W[number + 1]) / 2
        at_A = peak_A + start
        by_window.append(at_A[(at_A >= low) & (at_A < high)])
    beat_B = np.concatenate(by_window)
    # the same beat on both sides of a seam
    apart_B = np.append(True, np.diff(beat_B) > 0.1 * float(RATE_HZ))[: len(beat_B)]
    return np.asarray(beat_B[apart_B], dtype=np.float64)


@cache
def _sections() -> Float64:
    """Return the filter of beats' shapes; of a short lead, its design takes as long as its use."""
    return butterworth(
        low_hz=SHAPE_HZ[0], high_hz=SHAPE_HZ[1], order=2, rate_hz=RATE_HZ, key="rhythm"
    )


def _shapes(lead_T: Float64, beat_B: Float64) -> Int8:
    band_T = sosfiltfilt(_sections(), lead_T, padtype="even", padlen=min(len(lead_T) - 1, 250))
    at_BS = (beat_B[:, None] + SHAPE_AT_S) * float(RATE_HZ)
    shape_BS = np.interp(at_BS, np.arange(len(band_T)), band_T)
    inside_B1 = ((at_BS[:, 0] >= 0) & (at_BS[:, -1] <= len(band_T) - 1))[:, None]
    norm_B1 = np.linalg.norm(shape_BS, axis=1, keepdims=True)
    unit_BS = np.where(inside_B1, shape_BS, 0) / np.where(norm_B1 > 0, norm_B1, 1)
    return np.rint(UNIT * unit_BS).astype(np.int8)

"""Resample signals and positions from any rate to any other.

Legend: T samples, A annotations, K samples that the filter reaches.
"""

import math
from fractions import Fraction
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy.signal import firwin, resample_poly

from cardiograft.records import Float32, Float64, Int64
from cardiograft.signals.filtering import Missing

# Up to parts of this size a ratio has a filter of its own for each phase; beyond it, that would
# fill the memory, and phases are interpolated.
LARGEST_RATIO = 20_000
# No part of any ratio is larger, so that positions fit 64 bits.
LARGEST_PART = 10**9
# ASSUME what is sampled this many times more slowly than asked for is another kind of signal: the
# file of a trend would fill the memory with samples that hold nothing.
MOST_RISE = 100
# Points of the filter a sample of the slower rate; linear between them, it is right to 1e-6.
FINENESS = 1024
# Weights that are in memory at a time, 16 MB.
WEIGHTS = 1 << 21

STOPBAND_DB = 60.0
TRANSITION = 0.2
BETA = 0.1102 * (STOPBAND_DB - 8.7)
# Half of the filter's length, in samples of the slower rate.
REACH = (STOPBAND_DB - 7.95) / (2 * 2.285 * math.pi * TRANSITION)


def ratio(source_hz: Fraction, rate_hz: Fraction) -> Fraction:
    """Return ``rate_hz / source_hz`` in lowest terms.

    Exact where neither part exceeds 10^9; else, of rates stated to more digits than that, the
    nearest of such parts, which is right to a part in 10^9.

    Raises
    ------
    ValueError
        A rate is not positive, or the new one is over 100 times the other.
    """
    if source_hz <= 0 or rate_hz <= 0:
        raise ValueError(f"no ratio of rates {float(source_hz):g} and {float(rate_hz):g} Hz")
    exact = rate_hz / source_hz
    if exact > MOST_RISE:
        raise ValueError(
            f"sampled at {float(source_hz):g} Hz, less than 1/{MOST_RISE} of {float(rate_hz):g} Hz"
        )
    if exact > 1:
        return 1 / (1 / exact).limit_denominator(LARGEST_PART)
    return max(exact.limit_denominator(LARGEST_PART), Fraction(1, LARGEST_PART))


def resampled(signal_T: Float32, by: Fraction) -> Float32:
    """Change the rate by a ratio with a polyphase filter, ends padded by reflection.

    Any ratio will do: where its parts are too large for a filter a phase (249.89 to 125 Hz), each
    output's own phase is read off the same filter's curve, at its exact time.

    The filter is a Kaiser window's, linear phase, centred: flat to 0.1 % up to 0.8 of the
    lower Nyquist frequency and down by 60 dB from that frequency on (360 to 125 Hz: flat to
    50 Hz, nothing above 62.5 Hz folds back). A constant stays itself, to rounding.

    Parameters
    ----------
    signal_T : float32
        Finite throughout.
    by : Fraction
        From `ratio`.

    Returns
    -------
    float32, shape (ceil(T x by),)
        Sample ``k`` lies at the time of source sample ``k / by``.
    """
    if by == 1:
        return signal_T
    up, down = by.numerator, by.denominator
    if max(up, down) > LARGEST_RATIO:
        return _at_any_phase(signal_T, by)
    # A single sample has no reflection: scipy 1.17 divides by zero there and takes the
    # interpreter with it.
    ends = "reflect" if len(signal_T) > 1 else "edge"
    changed_T = resample_poly(signal_T, up, down, window=_kernel(up, down), padtype=ends)
    return np.asarray(changed_T, dtype=np.float32)


@lru_cache
def _kernel(up: int, down: int) -> Float32:
    slower = max(up, down)
    half = math.ceil(REACH * slower)
    kernel = firwin(2 * half + 1, (1 - TRANSITION / 2) / slower, window=("kaiser", BETA))
    # Each phase sums to the same: no image of a constant offset, which 60 dB would leave.
    for phase in range(up):
        kernel[phase::up] /= up * kernel[phase::up].sum()
    return np.asarray(kernel, dtype=np.float32)


def _at_any_phase(signal_T: Float32, by: Fraction) -> Float32:
    """Return each output as a sum of samples, weighted by the filter at their distance in time."""
    slower = min(1.0, float(by))
    half = math.ceil(REACH / slower) + 1
    ends: Literal["reflect", "edge"] = "reflect" if len(signal_T) > 1 else "edge"
    near_TK = np.lib.stride_tricks.sliding_window_view(np.pad(signal_T, half, ends), 2 * half)
    offset_K = np.arange(2 * half) - (half - 1)
    curve = _curve()
    out_T = np.empty(math.ceil(len(signal_T) * by), dtype=np.float32)
    step = max(1, WEIGHTS // (2 * half))
    for first in range(0, len(out_T), step):
        place_T = np.arange(first, min(first + step, len(out_T)), dtype=np.int64) * by.denominator
        before_T, rest_T = np.divmod(place_T, by.numerator)
        at_TK = np.abs(offset_K - (rest_T / by.numerator)[:, None]) * (slower * FINENESS)
        point_TK = np.minimum(at_TK.astype(np.int64), len(curve) - 2)
        weight_TK = curve[point_TK]
        weight_TK += (at_TK - point_TK) * (curve[point_TK + 1] - weight_TK)
        # as in `_kernel`, a constant stays itself
        weight_TK /= weight_TK.sum(axis=1, keepdims=True)
        out_T[first : first + step] = np.einsum("tk,tk->t", near_TK[before_T + 1], weight_TK)
    return out_T


@lru_cache
def _curve() -> Float64:
    """Return the filter from its centre to beyond its end, FINENESS points a slower sample."""
    at = np.arange(math.ceil(REACH * FINENESS)) / FINENESS
    curve = np.sinc((1 - TRANSITION / 2) * at) * np.i0(BETA * np.sqrt(1 - (at / REACH) ** 2))
    return np.concatenate([curve, np.zeros(2)])


def resampled_positions(sample_A: Int64, by: Fraction) -> Int64:
    """Return positions after resampling, rounded to the nearest sample (halves go up)."""
    up, down = by.numerator, by.denominator
    return np.asarray((2 * up * sample_A + down) // (2 * down), dtype=np.int64)


def thinned(mark_T: Missing | None, by: Fraction, length: int) -> Missing:
    """Return marks after resampling: true where a source sample of that span is marked.

    Parameters
    ----------
    mark_T : bool, or None
        At the source rate; None where nothing is marked.
    length : int
        Samples after resampling.
    """
    if mark_T is None:
        return np.zeros(length, dtype=np.bool_)
    if by == 1:
        return mark_T
    first_T = np.arange(length, dtype=np.int64) * by.denominator // by.numerator
    return np.logical_or.reduceat(mark_T, first_T)

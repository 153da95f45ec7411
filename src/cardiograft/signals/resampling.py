"""Resample signals and positions by a rational ratio.

Legend: T samples, A annotations.
"""

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
from scipy.signal import firwin, resample_poly

from cardiograft.records import Float32, Int64
from cardiograft.signals.filtering import Missing

# The ratio of two rates in lowest terms has no larger part: its filter would fill the memory.
LARGEST_RATIO = 20_000


STOPBAND_DB = 60.0


TRANSITION = 0.2


def ratio(source_hz: Fraction, rate_hz: Fraction) -> Fraction:
    """Return ``rate_hz / source_hz`` in lowest terms, exactly.

    Raises
    ------
    ValueError
        A rate is not positive, or the ratio is too odd for a polyphase filter.
    """
    if source_hz <= 0 or rate_hz <= 0:
        raise ValueError(f"no ratio of rates {float(source_hz):g} and {float(rate_hz):g} Hz")
    exact = rate_hz / source_hz
    if max(exact.numerator, exact.denominator) > LARGEST_RATIO:
        raise ValueError(
            f"{float(source_hz)} to {float(rate_hz)} Hz is a ratio of {exact}: no part may"
            f" exceed {LARGEST_RATIO}"
        )
    return exact


def resampled(signal_T: Float32, by: Fraction) -> Float32:
    """Change the rate by an exact ratio with a polyphase filter, ends padded by reflection.

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
    # A single sample has no reflection: scipy 1.17 divides by zero there and takes the
    # interpreter with it.
    ends = "reflect" if len(signal_T) > 1 else "edge"
    changed_T = resample_poly(signal_T, up, down, window=_kernel(up, down), padtype=ends)
    return np.asarray(changed_T, dtype=np.float32)


@lru_cache
def _kernel(up: int, down: int) -> Float32:
    slower = max(up, down)
    beta = 0.1102 * (STOPBAND_DB - 8.7)
    half = math.ceil((STOPBAND_DB - 7.95) / (2 * 2.285 * math.pi * TRANSITION / slower))
    kernel = firwin(2 * half + 1, (1 - TRANSITION / 2) / slower, window=("kaiser", beta))
    # Each phase sums to the same: no image of a constant offset, which 60 dB would leave.
    for phase in range(up):
        kernel[phase::up] /= up * kernel[phase::up].sum()
    return np.asarray(kernel, dtype=np.float32)


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

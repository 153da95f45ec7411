"""Shift and span of windows: min-max, z-score, median and largest deviation.

Legend: N segments, C channels, T samples.
"""

import numpy as np

from cardiograft.records import Float32, Float64

# ASSUME a span under a millionth of the largest value is rounding, not a signal.
FLAT = 1e-6


def shift_and_span(
    window_NCT: Float32, kind: str, floor_C: Float32 | float = 0.0
) -> tuple[Float32, Float32]:
    """Return what to subtract from each window, then what to divide it by.

    ``minmax`` brings a window to 0...1, ``minmax_symmetric`` to -1...1, ``zscore`` to mean 0
    and deviation 1, ``median_max`` is (x - median) / max|x - median|, ``none`` changes
    nothing.

    Parameters
    ----------
    floor_C : float32, shape (C,)
        A window whose range does not exceed this is flat.

    Returns
    -------
    shift_NC, span_NC : float32, shape (N, C)
        `span_NC` is 0 where a window is flat: never divide by it unseen.

    Raises
    ------
    ValueError
        `kind` is none of these.
    """
    low_NC, high_NC = window_NCT.min(axis=-1), window_NCT.max(axis=-1)
    if kind == "none":
        shift_NC, span_NC = np.zeros_like(low_NC), np.ones_like(low_NC)
    elif kind == "minmax":
        shift_NC, span_NC = low_NC, high_NC - low_NC
    elif kind == "minmax_symmetric":
        shift_NC, span_NC = (high_NC + low_NC) / 2, (high_NC - low_NC) / 2
    elif kind == "zscore":
        shift_NC, span_NC = window_NCT.mean(axis=-1), window_NCT.std(axis=-1)
    elif kind == "median_max":
        shift_NC = np.median(window_NCT, axis=-1).astype(np.float32)
        span_NC = np.maximum(high_NC - shift_NC, shift_NC - low_NC)
    else:
        raise ValueError(f"no scaling {kind!r}")
    return shift_NC, np.where(high_NC - low_NC > floor_C, span_NC, 0).astype(np.float32)


def deviation(signal_NCT: Float64) -> Float64:
    """Return each window's deviation from its mean: zero throughout where it is constant.

    A window is constant where it varies by no more than the rounding of float32.
    """
    span_NC = np.ptp(signal_NCT, axis=-1)
    flat_NC = span_NC <= np.finfo(np.float32).eps * np.abs(signal_NCT).max(axis=-1)
    deviation_NCT = signal_NCT - signal_NCT.mean(axis=-1, keepdims=True)
    return np.where(flat_NC[..., None], 0, deviation_NCT)

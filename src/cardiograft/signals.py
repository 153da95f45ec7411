"""Filter, resample and scale signals, and find R-peaks, in memory bounded by one lead.

Legend: N segments, C channels, T samples, A annotations, S filter sections.
"""

import math
import warnings
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, firwin, resample_poly, sosfilt, sosfilt_zi

from cardiograft.records import Float32, Float64, Int64

Missing = npt.NDArray[np.bool_]

# Filtering goes through a lead in pieces of this many samples (2 MB as float64).
CHUNK = 1 << 18
# The ratio of two rates in lowest terms has no larger part: its filter would fill the memory.
LARGEST_RATIO = 20_000
STOPBAND_DB = 60.0
TRANSITION = 0.2


def bridge(
    signal_T: Float32, rate_hz: Fraction, longest_ms: float
) -> tuple[Float32, Missing | None]:
    """Replace non-finite samples, so that a filter can't spread them over the recording.

    A gap becomes the straight line between its neighbours, at the ends of the recording the
    nearest sample's value; in a lead that has no finite sample, zero.

    Parameters
    ----------
    longest_ms
        The longest gap that the line may stand for.

    Returns
    -------
    filled_T : float32
        `signal_T` itself where nothing is missing.
    missing_T : bool, or None
        What lies in longer gaps, None where there is none: segments that touch it are not to
        be used.
    """
    hole_T = ~np.isfinite(signal_T)
    if not hole_T.any():
        return signal_T, None
    if hole_T.all():
        return np.zeros_like(signal_T), hole_T
    edge_E = np.flatnonzero(np.diff(hole_T, prepend=False, append=False))
    start_G, stop_G = edge_E[::2], edge_E[1::2]
    known = np.unique(np.concatenate([start_G - 1, stop_G]))
    known = known[(known >= 0) & (known < len(signal_T))]
    filled_T = signal_T.copy()
    filled_T[hole_T] = np.interp(np.flatnonzero(hole_T), known, signal_T[known])
    longest = longest_ms / 1000 * rate_hz
    for start, stop in zip(start_G, stop_G, strict=True):
        hole_T[start:stop] = stop - start > longest
    return filled_T, hole_T if hole_T.any() else None


def butterworth(
    *,
    low_hz: float | None,
    high_hz: float | None,
    order: int,
    rate_hz: Fraction,
    key: str = "filter",
) -> Float64:
    """Return a Butterworth filter as second-order sections, shape (S, 6).

    High-pass from `low_hz`, low-pass to `high_hz`, band-pass where both are given. `order`
    is the order as designed, of either edge; `filtered` goes forward and backward, so that
    the effective order is 2 x `order` and each edge is down by 6 dB, not 3.

    Raises
    ------
    ValueError
        Neither edge is given, or one is not below half of `rate_hz`; `key` names it.

    Source
    ------
    scipy.signal.butter.
    """
    for name, edge in (("low_hz", low_hz), ("high_hz", high_hz)):
        if edge is not None and edge >= rate_hz / 2:
            raise ValueError(
                f"{key}.{name} {edge:g} is not below half of the rate {float(rate_hz):g} Hz"
            )
    if low_hz and high_hz:
        edges, kind = [low_hz, high_hz], "bandpass"
    elif low_hz or high_hz:
        edges, kind = [low_hz or high_hz or 0.0], "highpass" if low_hz else "lowpass"
    else:
        raise ValueError(f"{key}: neither low_hz nor high_hz is given")
    sections_S6 = butter(
        order, edges if low_hz and high_hz else edges[0], kind, False, "sos", float(rate_hz)
    )
    return np.asarray(sections_S6, dtype=np.float64)


def filtered(signal_T: Float32, sections_S6: Float64, *, overwrite: bool = False) -> Float32:
    """Filter forward and backward: no phase shift, and twice the designed order.

    Both ends are extended by odd reflection until the filter's slowest mode has decayed to
    1 %. What scipy.signal.sosfiltfilt does with that ``padlen``, but chunk by chunk in
    float64, with float32 between the two passes: a 50-minute lead at 5 kHz takes 60 MB
    where sosfiltfilt takes 480.

    Parameters
    ----------
    signal_T : float32
        Finite throughout.
    sections_S6 : float64
        From `butterworth`.
    overwrite : bool
        Write into `signal_T` itself.

    Returns
    -------
    float32, shape (T,)
    """
    before, after = _ends(signal_T, _settling(sections_S6))
    steady_S2 = sosfilt_zi(sections_S6)
    out_T = signal_T if overwrite else np.empty(len(signal_T), dtype=np.float32)
    _, state = sosfilt(sections_S6, before, zi=steady_S2 * before[0])
    state = _pass(sections_S6, signal_T, out_T, state)
    tail, _ = sosfilt(sections_S6, after, zi=state)
    _, state = sosfilt(sections_S6, tail[::-1], zi=steady_S2 * tail[-1])
    _pass(sections_S6, out_T[::-1], out_T[::-1], state)
    return out_T


def _ends(signal_T: Float32, length: int) -> tuple[Float64, Float64]:
    if len(signal_T) == 1:
        return signal_T.astype(np.float64), signal_T.astype(np.float64)
    pad = min(len(signal_T) - 1, length)
    first, last = np.float64(signal_T[0]), np.float64(signal_T[-1])
    return 2 * first - signal_T[pad:0:-1], 2 * last - signal_T[-2 : -pad - 2 : -1]


def _pass(sections_S6: Float64, source_T: Float32, out_T: Float32, state: Float64) -> Float64:
    for first in range(0, len(source_T), CHUNK):
        piece = source_T[first : first + CHUNK]
        out_T[first : first + CHUNK], state = sosfilt(sections_S6, piece, zi=state)
    return state


def _settling(sections_S6: Float64) -> int:
    slowest = max(float(np.abs(np.roots(section[3:])).max()) for section in sections_S6)
    return math.ceil(math.log(0.01) / math.log(min(slowest, 1 - 1e-9))) if slowest > 0 else 0


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


def scaling(
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


def r_peaks(signal_T: Float32, rate_hz: Fraction, *, mains_hz: int) -> Int64:
    """Return the positions of R-peaks, ascending, of either polarity.

    neurokit2 finds the QRS complexes by steepness, which has no sign; the peak is then the
    largest deviation from the lead's median within 50 ms.

    Source
    ------
    Makowski et al., Behav Res Methods 2021;53:1689-1696, doi:10.3758/s13428-020-01516-y.
    """
    rate = float(rate_hz)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an empty or a very short lead; no peak then
        import neurokit2  # it takes seconds to import, and only a cut that detects needs it

        try:
            clean_T = neurokit2.ecg_clean(signal_T.astype(np.float64), rate, powerline=mains_hz)
            found: dict[str, Any] = neurokit2.ecg_peaks(clean_T, rate)[1]
        except (IndexError, ValueError, ZeroDivisionError):
            return np.array([], dtype=np.int64)
    return _sharpened(signal_T, np.asarray(found["ECG_R_Peaks"]), round(0.05 * rate))


def _sharpened(signal_T: Float32, peak_A: npt.NDArray[Any], reach: int) -> Int64:
    at_A = peak_A[np.isfinite(peak_A.astype(np.float64))].astype(np.int64)
    around_AW = np.clip(at_A[:, None] + np.arange(-reach, reach + 1), 0, len(signal_T) - 1)
    deviation_AW = np.abs(signal_T - np.median(signal_T))[around_AW]
    best_A = around_AW[np.arange(len(at_A)), deviation_AW.argmax(axis=1)]
    return np.unique(best_A).astype(np.int64)

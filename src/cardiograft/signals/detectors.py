"""Whether two R-peak detectors find the same beats in a lead, window by window.

Detectors that go about it differently differ where noise hides the beats, and agree where it does
not: a lead's quality for whoever needs its R-peaks, without a human grade.

Legend: T samples, A beats of one detector, B beats of another, N windows.

Source: Li, Mark & Clifford, Physiol Meas 2008;29:15-32, doi:10.1088/0967-3334/29/1/002 (two
detectors' agreement as an index); 150 ms is ANSI/AAMI EC57's window for a match; XQRS is wfdb's.
"""

from fractions import Fraction

import numpy as np
from wfdb.processing import xqrs_detect

from cardiograft.records import Float32, Float64, Int64
from cardiograft.signals.r_waves import r_peaks

NEAR_S = 0.15


def agreement(signal_T: Float32, rate_hz: Fraction, window_s: float, *, mains_hz: int) -> Float64:
    """Return the F1 of two detectors' beats in each window, shape (N,).

    Twice the beats that both have, over all that either has; 0 where neither has any. The
    detectors see the whole lead: a beat at a window's end is matched across it.

    Parameters
    ----------
    signal_T : finite
    rate_hz
        Of the samples.
    mains_hz
        Where it was recorded.
    window_s
        Windows stand end to end from the first sample on; what is left at the end has none.
    """
    one_A = r_peaks(signal_T, rate_hz, mains_hz=mains_hz)
    xqrs_peaks = xqrs_detect(signal_T.astype(np.float64), float(rate_hz), verbose=False)
    two_B = np.asarray(xqrs_peaks, dtype=np.int64)
    both_A, both_B = matched(one_A, two_B, NEAR_S * float(rate_hz))
    size = round(window_s * rate_hz)
    edges = size * np.arange(len(signal_T) // size + 1)

    def counted(beat: Int64) -> Float64:
        return np.histogram(beat, edges)[0].astype(np.float64) if len(edges) > 1 else np.zeros(0)

    total_N = counted(one_A) + counted(two_B)
    both_N = counted(one_A[both_A]) + counted(two_B[both_B])
    return np.divide(both_N, total_N, out=np.zeros_like(both_N), where=total_N > 0)


def matched(one_A: Int64, two_B: Int64, near: float) -> tuple[Int64, Int64]:
    """Return which beats of two detectors are one beat: rows of either, each in one pair at most.

    Parameters
    ----------
    one_A, two_B
        Samples, ascending.
    near
        Samples that the beats of a pair may be apart.
    """
    pairs, a, b = [], 0, 0
    while a < len(one_A) and b < len(two_B):
        apart = one_A[a] - two_B[b]
        if abs(apart) <= near:
            pairs.append((a, b))
            a, b = a + 1, b + 1
        elif apart < 0:
            a += 1
        else:
            b += 1
    rows = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]

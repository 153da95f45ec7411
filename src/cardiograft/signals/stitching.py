"""A recording put together again from its windows.

Windows were scaled each by itself. Where one overlaps what is there, its gain and offset follow
from the samples that both have, exactly; where it does not, its scale stays its own.

Legend: N windows, T samples of a window, S samples of the whole.
"""

from dataclasses import dataclass

import numpy as np

from cardiograft.records import Float32, Float64, Int64

MOST_LOST = 1  # samples between two windows, to rounding, that are no gap
ALIKE = 1e-6  # of a window's spread: a straighter piece says nothing of a gain


@dataclass(frozen=True)
class Stitched:
    """What is known of a recording.

    Attributes
    ----------
    signal_S : float64, shape (S,)
        All that some window shows, in order of time; what none shows is left out.
    seam : int64
        Samples before which something was left out, ascending.
    """

    signal_S: Float64
    seam: Int64

    def joined(self, sample_B: Int64) -> Int64:
        """Return which stretch without a seam each sample is in."""
        return np.asarray(np.searchsorted(self.seam, sample_B, side="right"))


def stitched(window_NT: Float32, at_N: Int64, valid_N: Int64) -> Stitched:
    """Return what windows show together.

    Parameters
    ----------
    window_NT : float32, shape (N, T)
        Of one lead.
    at_N : int64, shape (N,)
        Where each begins, in samples of the windows' rate.
    valid_N : int, shape (N,)
        Samples before padding.
    """
    start = int(at_N.min()) if len(at_N) else 0
    stop = int((at_N + valid_N).max(initial=start))
    known_S = np.full(stop - start, np.nan)
    end = 0  # of what is known
    for n in np.argsort(at_N, kind="stable").tolist():
        window_T = window_NT[n, : valid_N[n]].astype(np.float64)
        first = int(at_N[n]) - start
        if first < end:
            window_T = _scaled(window_T, known_S[first : min(end, first + len(window_T))])
        fresh = max(first, end)
        known_S[fresh : first + len(window_T)] = window_T[fresh - first :]
        end = max(end, first + len(window_T))
    hole_S = np.isnan(known_S)
    edge_E = np.flatnonzero(np.diff(hole_S, prepend=False, append=False))
    gap_G = edge_E[1::2] - edge_E[::2]
    before_G = edge_E[::2] - np.cumsum(gap_G) + gap_G  # samples known before each gap
    return Stitched(known_S[~hole_S], before_G[gap_G > MOST_LOST])


def _scaled(window_T: Float64, known_T: Float64) -> Float64:
    """Return a window with the gain and the offset that make its beginning what is known."""
    own_T = window_T[: len(known_T)]
    spread = own_T.std()
    if spread <= ALIKE * window_T.std():
        return window_T
    gain = ((own_T - own_T.mean()) * (known_T - known_T.mean())).mean() / spread**2
    return np.asarray((window_T - own_T.mean()) * gain + known_T.mean())

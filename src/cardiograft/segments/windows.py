"""Windows of a prepared recording: gathered, scaled, and left out where they can't be used.

Legend: N segments, C channels, T samples, A annotations, B beats.
"""

from collections import Counter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cardiograft.records import Float32, Int64
from cardiograft.segments.cutting import Names, Prepared
from cardiograft.signals.scaling import FLAT, shift_and_span


def gather(signal_CT: Float32, start_N: Int64, samples: int) -> Float32:
    """Return windows, shape (N, C, samples), zeros beyond the recording's ends."""
    before = max(0, -int(start_N.min(initial=0)))
    beyond = max(0, int(start_N.max(initial=0)) + samples - signal_CT.shape[1])
    padded_CT = np.pad(signal_CT, ((0, 0), (before, beyond)))
    window_CNT = np.lib.stride_tricks.sliding_window_view(padded_CT, samples, axis=1)
    return np.ascontiguousarray(window_CNT[:, start_N + before].swapaxes(0, 1))


def problems(prepared: Prepared, start_N: Int64, stop_N: Int64) -> Names:
    """Return why each window can't be used: ``non-finite``, ``flat``, or None.

    A window is flat where one of its channels does not change in the file.
    """
    low_N = np.clip(start_N, 0, prepared.signal_CT.shape[1])
    high_N = np.clip(stop_N, 0, prepared.signal_CT.shape[1])
    reason_N = np.full(len(start_N), None, dtype=object)
    later_N = np.minimum(low_N + 1, high_N)  # a change into the first sample came from outside
    still_N = np.any([_count(m, later_N, high_N) == 0 for m in prepared.moved_CT], axis=0)
    reason_N[still_N] = "flat"
    reason_N[_count(prepared.missing_T, low_N, high_N) > 0] = "non-finite"
    return reason_N


def _count(mark_T: npt.NDArray[np.bool_], low_N: Int64, high_N: Int64) -> Int64:
    total = np.concatenate([[0], np.cumsum(mark_T, dtype=np.int64)])
    return np.asarray(total[high_N] - total[low_N])


def sort_out(prepared: Prepared, reason_N: Names, label_N: Names) -> tuple[Int64, Counter[str]]:
    """Return which segments stay, and how many are left out for which reason.

    Where the recording has labels, a segment without one is left out too.
    """
    if prepared.labels is not None:
        unlabelled_N = np.array([label is None for label in label_N], dtype=bool)
        reason_N[unlabelled_N & (reason_N == None)] = "no label"  # noqa: E711 (elementwise)
    stays_N = np.array([reason is None for reason in reason_N], dtype=bool)
    return np.flatnonzero(stays_N), Counter(reason_N[~stays_N].tolist())


def window_scaling(window_NCT: Float32, kind: str, signal_CT: Float32) -> tuple[Float32, Float32]:
    """Return `shift_and_span` of a recording's windows; rounding alone counts as flat."""
    largest_C = np.abs(signal_CT).max(axis=1, initial=0)
    return shift_and_span(window_NCT, kind, np.float32(FLAT) * largest_C)


def scaled(window_NCT: Float32, shift_NC: Float32, span_NC: Float32) -> Float32:
    """Return ``(window - shift) / span``; a window with span 0 comes out as zeros."""
    divisor_NC = np.where(span_NC > 0, span_NC, np.float32(np.inf)).astype(np.float32)
    return (window_NCT - shift_NC[:, :, None]) / divisor_NC[:, :, None]


class Window(NamedTuple):
    """Windows of the signal, or of the target, with the scale of each.

    ``signal_NCT``, float32, unscaled; ``shift_NC`` and ``span_NC`` from `scaling`.
    """

    signal_NCT: Float32
    shift_NC: Float32
    span_NC: Float32

    def scaled(self, keep_N: Int64, away: int = 0) -> Float32:
        """Return some windows, or those `away` from them, in the scale of the former."""
        return scaled(self.signal_NCT[keep_N + away], self.shift_NC[keep_N], self.span_NC[keep_N])


def windows(prepared: Prepared, start_N: Int64, samples: int) -> tuple[list[Window], Names]:
    """Return windows of one length, each in its own scale, and why which can't be used.

    Of the signal first, then of the target where there is one.
    """
    reason_N = problems(prepared, start_N, start_N + samples)
    sides = []
    for signal_CT, kind in prepared.sides():
        window_NCT = gather(signal_CT, start_N, samples)
        shift_NC, span_NC = window_scaling(window_NCT, kind, signal_CT)
        reason_N[(span_NC == 0).any(axis=1) & (reason_N != "non-finite")] = "flat"
        sides.append(Window(window_NCT, shift_NC, span_NC))
    return sides, reason_N

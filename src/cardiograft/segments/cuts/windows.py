"""Windows of one length, end to end or overlapping.

Legend: N segments, C channels, T samples, G stretches without a gap.
"""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt

from cardiograft.plugins import Duration
from cardiograft.records import Float32, Int64
from cardiograft.segments.cutting import CutSegments, Names, Prepared, spans
from cardiograft.segments.windows import Window, sort_out, windows
from cardiograft.signals.peaks import qrs_peaks

LABELS = ("record", "span")

Mask = npt.NDArray[np.bool_]
Ratio = npt.NDArray[np.floating]


class Limits(NamedTuple):
    """What a usable window keeps to; None: no limit."""

    most_range: float | None
    most_rms: float | None
    least_rms: float | None
    least_beats: int | None
    most_beats: int | None


def cut(
    prepared: Prepared,
    *,
    window_s: Duration = 10.0,
    step_s: Duration | None = None,
    restart_after_gaps: bool = False,
    short: Literal["dropped", "padded"] = "dropped",
    most_range: Annotated[float, Gt(0)] | None = None,
    most_rms: Annotated[float, Gt(0)] | None = None,
    least_rms: Annotated[float, Gt(0)] | None = None,
    least_beats: Annotated[int, Ge(1)] | None = None,
    most_beats: Annotated[int, Ge(1)] | None = None,
) -> CutSegments:
    """Cut windows from the recording's start on, each with its own scale.

    What is left at the end and shorter than a window is dropped. With labels of spans a window
    takes the one in force throughout, and is dropped where it changes. A window can be dropped for
    how its signals look before they are scaled: beside the median of the recording's windows, or by
    its beats. Range and beats are those of the target (an ECG), or of the signal where there is
    none; any channel beyond a limit costs the window.

    Parameters
    ----------
    window_s
        Length, rounded to samples.
    step_s
        From one window's start to the next one's; `window_s` where null.
    restart_after_gaps
        Begin anew after each gap, where else windows stand at multiples of `step_s` and those
        that touch a gap are lost.
    short
        A recording shorter than a window is ``dropped``, or ``padded`` by zeros, scaled without.
    most_range
        Of the target: largest minus smallest value, over the recording's median.
    most_rms, least_rms
        Of the signal: root mean square about the window's mean, over the recording's median.
    least_beats, most_beats
        Beats detected in the target's first channel.
    """
    size = max(1, round(window_s * prepared.rate_hz))
    step = size if step_s is None else max(1, round(step_s * prepared.rate_hz))
    samples, size = size, _size(prepared, size) if short == "padded" else size
    stretches = _stretches if restart_after_gaps else _whole
    start_N, left_over = _grid(stretches(prepared, step), size, step)
    label_N = spans(prepared, start_N, start_N + size)
    sides, reason_N = windows(prepared, start_N, size)
    of_all = Limits(most_range, most_rms, least_rms, least_beats, most_beats)
    for reason, beyond_N in _beyond(of_all, sides, prepared.rate_hz, reason_N):
        reason_N[beyond_N & (reason_N == None)] = reason  # noqa: E711 (elementwise)
    keep_N, dropped = sort_out(prepared, reason_N, label_N)
    dropped += Counter({"shorter than a window": left_over})
    signal_NCT, *target = [_padded(side.scaled(keep_N), samples) for side in sides]
    return CutSegments(
        signal_NCT=signal_NCT,
        target_NCT=target[0] if target else None,
        start_N=prepared.at_source(start_N[keep_N]),
        valid_N=np.full(len(keep_N), size, dtype=np.int32),
        label_N=label_N[keep_N],
        dropped=dropped,
    )


def _size(prepared: Prepared, size: int) -> int:
    """Return the size of windows in a recording that may be shorter than one."""
    return max(1, min(size, int(prepared.signal_CT.shape[1])))


def _padded(window_NCT: Float32, samples: int) -> Float32:
    """Return windows of a length, with zeros at the end of shorter ones."""
    lacking = samples - window_NCT.shape[2]
    return np.pad(window_NCT, ((0, 0), (0, 0), (0, lacking))) if lacking else window_NCT


def _whole(prepared: Prepared, step: int) -> Int64:
    """Return the whole recording as one stretch, as `_stretches` does, whatever the step."""
    return np.array([[0, prepared.signal_CT.shape[1]]], dtype=np.int64)


def _stretches(prepared: Prepared, step: int) -> Int64:
    """Return where windows begin and end between gaps, shape (G, 2).

    A piece that begins within a stretch keeps to the grid that the stretch began.
    """
    edge_E = np.flatnonzero(np.diff(prepared.missing_T, prepend=True, append=True))
    stretch_G2 = edge_E.reshape(-1, 2).astype(np.int64)
    if len(stretch_G2) and stretch_G2[0, 0] == 0:
        stretch_G2[0, 0] = -prepared.since % step
    return stretch_G2


def _grid(stretch_G2: Int64, size: int, step: int) -> tuple[Int64, int]:
    """Return where windows start, and of how many stretches something is left at the end."""
    start_N, left_over = [np.zeros(0, dtype=np.int64)], 0
    for first, end in stretch_G2:
        start_N.append(np.arange(first, end - size + 1, step, dtype=np.int64))
        left_over += (start_N[-1][-1] + size if len(start_N[-1]) else first) < end
    return np.concatenate(start_N), int(left_over)


def _beyond(
    limits: Limits, sides: list[Window], rate_hz: Fraction, reason_N: Names
) -> Iterator[tuple[str, Mask]]:
    """Yield a reason and the windows that it holds for; those without one make the medians."""
    usable_N = np.array([reason is None for reason in reason_N], dtype=bool)
    if not usable_N.any():
        return
    most_range, most_rms, least_rms, least_beats, most_beats = limits
    source_NCT, ecg_NCT = sides[0].signal_NCT, sides[-1].signal_NCT
    if most_range is not None:
        range_NC = _over_median(np.ptp(ecg_NCT, axis=2), usable_N)
        yield "range too large", _any(range_NC > most_range)
    if most_rms is not None or least_rms is not None:
        rms_NC = _over_median(source_NCT.std(axis=2, dtype=np.float64), usable_N)
        yield "rms too large", _any(rms_NC > (most_rms or np.inf))
        yield "rms too small", _any(rms_NC < (least_rms or 0))
    if least_beats is not None or most_beats is not None:
        peaks = qrs_peaks(ecg_NCT[:, 0].astype(np.float64), float(rate_hz))
        beats_N = np.array([len(peak_A) for peak_A in peaks], dtype=np.int64)
        yield "too few beats", beats_N < (least_beats or 0)
        yield "too many beats", beats_N > (most_beats or np.inf)


def _over_median(value_NC: Ratio, usable_N: Mask) -> Ratio:
    return np.asarray(value_NC / np.median(value_NC[usable_N], axis=0))


def _any(beyond_NC: Mask) -> Mask:
    return np.asarray(beyond_NC.any(axis=1))

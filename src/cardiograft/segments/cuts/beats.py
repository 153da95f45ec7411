"""Windows around R-peaks, with neighbouring beats and a median beat as further channels.

Legend: N segments, C channels, T samples, B beats.
"""

from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge

from cardiograft.plugins import Duration, Seconds
from cardiograft.records import Float32, Int64
from cardiograft.segments.beats import Beats, beats
from cardiograft.segments.cutting import CutSegments, Prepared
from cardiograft.segments.windows import Window, scaled, sort_out, windows
from cardiograft.signals import rr_intervals

LABELS = ("beat", "record", "span")


def cut(
    prepared: Prepared,
    *,
    before_s: Seconds = 0.3,
    after_s: Duration = 0.5,
    peaks: Literal["annotations", "detected"] = "annotations",
    neighbours: Annotated[int, Ge(0)] = 0,
    median_beat: bool = False,
    difference: Literal["none", "all", "late"] = "none",
) -> CutSegments:
    """Cut one window a beat, from `before_s` before its R-peak to `after_s` after it.

    Parameters
    ----------
    before_s, after_s
        Wide enough, they bring neighbouring beats in at their own distance.
    peaks
        R-peaks as annotated, or as detected in the first channel.
    neighbours
        So many beats before, and after, become channels of their own, each aligned to its
        R-peak, in the scale of the beat they surround.
    median_beat
        The sample-wise median of the recording's beats becomes a channel, in the scale of
        the beat it stands beside. It is made without labels.
    difference
        The beat less the sample-wise median of the recording's beats, of ``all`` or of the
        ``late`` ones alone, becomes a channel. Late are those that do not come early against
        those near by (`rr_intervals.late`): sinus beats also where many are premature.
    """
    before = round(before_s * prepared.rate_hz)
    size = max(1, before + round(after_s * prepared.rate_hz))
    all_beats = beats(prepared, peaks)
    start_B = all_beats.sample_B - before
    sides, reason_B = windows(prepared, start_B, size)
    outside_B = (start_B < 0) | (start_B + size > prepared.signal_CT.shape[1])
    reason_B[outside_B] = "beyond the recording's ends"
    usable_B = reason_B == None  # noqa: E711 (elementwise)
    reason_B[usable_B & ~_surrounded(usable_B, neighbours)] = "no usable neighbour"
    keep_N, dropped = sort_out(prepared, reason_B, all_beats.label_B)
    channels = [sides[0].scaled(keep_N, away) for away in (0, *_around(neighbours))]
    if median_beat:
        channels.append(_median(sides[0], usable_B, keep_N))
    if difference != "none":
        typical_B = usable_B & _late(all_beats, difference)
        typical_B = typical_B if typical_B.any() else usable_B
        channels.append(channels[0] - _median(sides[0], typical_B, keep_N))
    start_N = all_beats.start_B[keep_N] - round(before / prepared.rate_hz * prepared.source_rate_hz)
    return CutSegments(
        signal_NCT=np.concatenate(channels, axis=1),
        target_NCT=sides[1].scaled(keep_N) if len(sides) > 1 else None,
        # rounding may reach before the first sample
        start_N=np.maximum(start_N, prepared.offset),
        valid_N=np.full(len(keep_N), size, dtype=np.int32),
        label_N=all_beats.label_B[keep_N],
        features=all_beats.features(keep_N),
        added=_added(neighbours, median_beat, difference),
        dropped=dropped,
    )


def _added(neighbours: int, median_beat: bool, difference: str) -> tuple[str, ...]:
    """Return the names of the channels that follow the beat's own."""
    return (
        *(f"beat {a:+d}" for a in _around(neighbours)),
        *["median beat"] * median_beat,
        *["less median beat"] * (difference != "none"),
    )


def _around(neighbours: int) -> list[int]:
    return [sign * n for n in range(1, neighbours + 1) for sign in (-1, 1)]


def _surrounded(usable_B: npt.NDArray[np.bool_], neighbours: int) -> npt.NDArray[np.bool_]:
    padded_B = np.pad(usable_B, neighbours)
    around_B = usable_B.copy()
    for shift in range(2 * neighbours + 1):
        around_B &= padded_B[shift : shift + len(usable_B)]
    return around_B


def _late(all_beats: Beats, difference: str) -> npt.NDArray[np.bool_]:
    if difference == "all" or not len(all_beats.rr_B):
        return np.ones(len(all_beats.sample_B), dtype=bool)
    return rr_intervals.late(np.append(np.median(all_beats.rr_B), all_beats.rr_B))


def _median(side: Window, usable_B: npt.NDArray[np.bool_], keep_N: Int64) -> Float32:
    if not len(keep_N):
        return side.scaled(keep_N)
    median_1CT = np.median(side.signal_NCT[usable_B], axis=0, keepdims=True).astype(np.float32)
    return scaled(median_1CT, side.shift_NC[keep_N], side.span_NC[keep_N])

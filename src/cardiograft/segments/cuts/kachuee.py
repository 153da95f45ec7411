"""Beats after Kachuee: from the R-peak on, 1.2 nominal periods long, zero-padded.

Legend: N segments, C channels, T samples, B beats, W windows.

Source: Kachuee, Fazeli & Sarrafzadeh, ICHI 2018, doi:10.1109/ICHI.2018.00092, section III.A.
"""

import itertools
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt

from cardiograft.plugins import Duration
from cardiograft.records import Float32, Float64, Int64
from cardiograft.segments.beats import Beats, beats
from cardiograft.segments.cutting import CutSegments, Prepared
from cardiograft.segments.windows import gather, problems, scaled, sort_out, window_scaling

LABELS = ("beat", "record", "span")


def cut(
    prepared: Prepared,
    *,
    window_s: Duration = 10.0,
    periods: Annotated[float, Gt(0)] = 1.2,
    samples: Annotated[int, Ge(1)] = 187,
    peaks: Literal["annotations", "detected"] = "annotations",
) -> CutSegments:
    """Cut beats whose scale and nominal period T are those of the window around them.

    T is the median R-R within the window; a beat runs `periods` x T from its R-peak on. The
    last beat of a recording is left out: the recipe needs an R-peak after it.

    Parameters
    ----------
    window_s
        Windows lie end to end from the recording's start; the last may be shorter.
    peaks
        R-peaks as annotated, or as detected in the first channel.
    """
    # ASSUME, where the recipe is silent: a beat of more than `samples` is cut off there; one
    # that crosses the end of its window runs on with its own window's scale; the short last
    # window keeps its own scale; a window with fewer than two R-peaks has the recording's
    # median R-R; lengths round to the nearest sample.
    all_beats = beats(prepared, peaks)
    size = max(1, round(window_s * prepared.rate_hz))
    window_B = all_beats.sample_B // size
    period_B = _periods(all_beats, window_B) * float(prepared.rate_hz)
    length_B = np.rint(np.nan_to_num(periods * period_B)).clip(1, samples).astype(np.int64)
    scales = [_window_scales(side, kind, size) for side, kind in prepared.sides()]
    reason_B = problems(prepared, all_beats.sample_B, all_beats.sample_B + length_B)
    for _, span_WC in scales:
        reason_B[(span_WC[window_B] == 0).any(axis=1)] = "flat"
    reason_B[np.isnan(period_B)] = "no R-R interval"
    reason_B[-1:] = "last beat of its recording"
    keep_N, dropped = sort_out(prepared, reason_B, all_beats.label_B)
    start_N, window_N = all_beats.sample_B[keep_N], window_B[keep_N]
    valid_N = np.minimum(length_B[keep_N], prepared.signal_CT.shape[1] - start_N)
    sides = [
        _beats(side, start_N, valid_N, samples=samples, shift=shift[window_N], span=span[window_N])
        for (side, _), (shift, span) in zip(prepared.sides(), scales, strict=True)
    ]
    return CutSegments(
        signal_NCT=sides[0],
        target_NCT=sides[1] if len(sides) > 1 else None,
        start_N=all_beats.start_B[keep_N],
        valid_N=valid_N.astype(np.int32),
        label_N=all_beats.label_B[keep_N],
        features=all_beats.features(keep_N),
        dropped=dropped,
    )


def _periods(all_beats: Beats, window_B: Int64) -> Float64:
    period_B = np.full(len(window_B), np.median(all_beats.rr_B) if len(all_beats.rr_B) else np.nan)
    edge_W = np.flatnonzero(np.diff(window_B, prepend=-1, append=-2))
    for first, after in itertools.pairwise(edge_W):
        if after - first > 1:
            period_B[first:after] = np.median(all_beats.rr_B[first : after - 1])
    return period_B


def _window_scales(signal_CT: Float32, kind: str, size: int) -> tuple[Float32, Float32]:
    whole = signal_CT.shape[1] // size
    window_WCT = signal_CT[:, : whole * size].reshape(len(signal_CT), whole, size).swapaxes(0, 1)
    rest_1CT = signal_CT[None, :, whole * size :]
    if rest_1CT.shape[2] == 0:
        return window_scaling(window_WCT, kind, signal_CT)
    both = zip(
        window_scaling(window_WCT, kind, signal_CT),
        window_scaling(rest_1CT, kind, signal_CT),
        strict=True,
    )
    shift_WC, span_WC = (np.concatenate(pair) for pair in both)
    return shift_WC, span_WC


def _beats(
    signal_CT: Float32,
    start_N: Int64,
    valid_N: Int64,
    *,
    samples: int,
    shift: Float32,
    span: Float32,
) -> Float32:
    beat_NCT = scaled(gather(signal_CT, start_N, samples), shift, span)
    padding_NT = np.arange(samples) >= valid_N[:, None]
    beat_NCT[np.broadcast_to(padding_NT[:, None], beat_NCT.shape)] = 0
    return beat_NCT

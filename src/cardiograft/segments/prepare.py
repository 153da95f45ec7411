"""Prepare a recording: choose leads, bridge gaps, filter, resample, label.

Legend: C channels, T samples, A annotations.
"""

import math
from fractions import Fraction
from typing import Any

import numpy as np

from cardiograft import plugins
from cardiograft.records import Annotations, Float32, Float64, Int64, Record
from cardiograft.segments.cutting import Labels, Prepared
from cardiograft.signals import leads
from cardiograft.signals.filtering import Missing, bridge, butterworth, filtered
from cardiograft.signals.resampling import ratio, resampled, resampled_positions, thinned
from cardiograft.specs.segment import Channels, Segment


class UnusableError(Exception):
    """A recording has to be left out; the message is the reason that is counted."""


def check_edges(spec: Segment, dataset: str, accepted: list[dict[str, Any]]) -> None:
    """Design every filter for every rate before the first record is read.

    Raises
    ------
    ValueError
        An edge is not below half of a record's rate.
    """
    for rate, name in {r["rate_hz"]: r["name"] for r in reversed(accepted)}.items():
        for key, channels in _chains(spec):
            _design(channels, Fraction(rate), f"{dataset}/{name}: {key}.filter")


def _chains(spec: Segment) -> list[tuple[str, Channels]]:
    both = [("signal", spec.signal)]
    return both if spec.target is None else [*both, ("target", spec.target)]


def prepare(record: Record, spec: Segment) -> Prepared:
    """Filter and resample the leads that an entry names, and label the recording.

    Raises
    ------
    UnusableError
        The recording lacks a lead, is empty, or its label plug-in says so.
    ValueError
        An edge of a filter is not below half of its rate.
    """
    labels = _labels(record, spec)
    if not record.signal_CT.shape[1]:
        raise UnusableError("no samples")
    chains = _chains(spec)
    by = ratio(record.rate_hz, Fraction(spec.rate_hz))
    chosen = [_choose(record, channels.leads) for _, channels in chains]
    units = [_units(record, rows, c) for rows, (_, c) in zip(chosen, chains, strict=True)]
    sides = [
        _side(record, rows, channels, f"{record.dataset}/{record.id}: {key}.filter", by, spec)
        for rows, (key, channels) in zip(chosen, chains, strict=True)
    ]
    inside, sample_A, labels = _inside(record, by, labels, sides[0][0].shape[1])
    return Prepared(
        name=f"{record.dataset}/{record.id}",
        lead="+".join(record.leads[row] for row in chosen[0]),
        units=units[0],
        target_units=units[1] if spec.target else (),
        signal_CT=sides[0][0],
        target_CT=sides[1][0] if spec.target else None,
        scale=spec.signal.scale,
        target_scale=spec.target.scale if spec.target else "none",
        rate_hz=Fraction(spec.rate_hz),
        source_rate_hz=record.rate_hz,
        offset=record.offset,
        mains_hz=record.mains_hz,
        annotations=inside,
        sample_A=sample_A,
        labels=labels,
        missing_T=np.any([missing_T for _, _, missing_T in sides], axis=0),
        moved_CT=np.concatenate([moved_CT for _, moved_CT, _ in sides]),
    )


def _units(record: Record, rows: list[int], channels: Channels) -> tuple[str, ...]:
    return tuple(record.units[row] if channels.scale == "none" else "1" for row in rows)


def _labels(record: Record, spec: Segment) -> Labels | None:
    if spec.label is None:
        return None
    labels: Labels = plugins.load("labels", spec.label.name).label(record, **spec.label.options)
    if labels.unusable:
        raise UnusableError(labels.unusable)
    return labels


def _inside(
    record: Record, by: Fraction, labels: Labels | None, samples: int
) -> tuple[Annotations, Int64, Labels | None]:
    """Leave out marks that lie beyond the signal."""
    marks = record.annotations
    keep_A = (marks.sample_A >= 0) & (marks.sample_A < record.signal_CT.shape[1])
    sample_A = resampled_positions(marks.sample_A[keep_A], by).clip(max=samples - 1)
    if keep_A.all():
        return marks, sample_A, labels
    kept = Annotations(
        sample_A=marks.sample_A[keep_A],
        symbol_A=marks.symbol_A[keep_A],
        aux_A=marks.aux_A[keep_A],
    )
    if labels is not None and labels.mark_A is not None:
        labels = Labels(mark_A=labels.mark_A[keep_A], spans=labels.spans)
    return kept, sample_A, labels


def _choose(record: Record, wanted: tuple[str, ...]) -> list[int]:
    rows = []
    for text in wanted:
        row = leads.index(record.leads, text.split("|"))
        if row is None:
            raise UnusableError(f"no lead {text}")
        rows.append(row)
    return rows


def _side(
    record: Record, rows: list[int], channels: Channels, key: str, by: Fraction, spec: Segment
) -> tuple[Float32, Missing, Missing]:
    """Return signal_CT, moved_CT and missing_T at the rate of the shards, lead by lead."""
    sections_S6 = _design(channels, record.rate_hz, key)
    rate_hz, bridge_ms = record.rate_hz, spec.bridge_ms
    lanes = [_lane(record.signal_CT[row], rate_hz, sections_S6, by, bridge_ms) for row in rows]
    signal_CT, moved_CT, missing_CT = (np.stack(lane) for lane in zip(*lanes, strict=True))
    return signal_CT, moved_CT, np.any(missing_CT, axis=0)


def _lane(
    source_T: Float32,
    rate_hz: Fraction,
    sections_S6: Float64 | None,
    by: Fraction,
    bridge_ms: float,
) -> tuple[Float32, Missing, Missing]:
    # at the source rate a lead may take 60 MB: nothing of that length outlives its line
    whole_T = source_T
    source_T, hole_T = bridge(whole_T, rate_hz, bridge_ms)
    own = source_T is not whole_T
    length = math.ceil(len(source_T) * by)
    missing_T = thinned(hole_T, by, length)
    moved_T = thinned(np.append(False, source_T[1:] != source_T[:-1]), by, length)
    if sections_S6 is not None:
        source_T = filtered(source_T, sections_S6, overwrite=own)
    return resampled(source_T, by), moved_T, missing_T


def _design(channels: Channels, rate_hz: Fraction, key: str) -> Float64 | None:
    if channels.filter is None:
        return None
    return butterworth(
        low_hz=channels.filter.low_hz,
        high_hz=channels.filter.high_hz,
        order=channels.filter.order,
        rate_hz=rate_hz,
        key=key,
    )

"""Prepare a recording: choose leads, convert units, bridge gaps, filter, resample, label.

Legend: C channels, T samples, A annotations.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from cardiograft import plugins
from cardiograft.records import Annotations, Float32, Float64, Int64, Record
from cardiograft.segments.choice import Taken, UnusableError, choose
from cardiograft.segments.cutting import Labels, Prepared
from cardiograft.signals.filtering import Missing, bridge, butterworth, filtered
from cardiograft.signals.resampling import ratio, resampled, resampled_positions, thinned
from cardiograft.specs.segment import Channels, Segment


class _Lane(NamedTuple):
    """One lead at the rate of the shards, and as in `Prepared`, where it moved and is missing."""

    signal_T: Float32
    moved_T: Missing
    missing_T: Missing


class _Side(NamedTuple):
    """The leads of the signal, or of the target."""

    signal_CT: Float32
    moved_CT: Missing
    missing_T: Missing


def _chains(spec: Segment) -> list[tuple[str, Channels]]:
    both = [("signal", spec.signal)]
    return both if spec.target is None else [*both, ("target", spec.target)]


def prepare(
    record: Record,
    spec: Segment,
    most_missing: float = 1.0,
    units_by_lead: Mapping[str, str] | None = None,
) -> Prepared:
    """Convert, filter and resample the leads that an entry names, and label the recording.

    Parameters
    ----------
    most_missing : float
        The share of missing samples beyond which a lead can't be used.
    units_by_lead : mapping, optional
        The unit of a lead in shards, by a pattern of its name; the data set's own unless given.

    Raises
    ------
    UnusableError
        The recording lacks a lead, has none of that name that can be used, is empty, or its label
        plug-in says so.
    ValueError
        An edge of a filter is not below half of its rate, or its rate can't become the shards'.
    """
    of_leads = _of_leads(spec)
    labels = None if of_leads else _labels(record, spec)
    chains = _chains(spec)
    units = units_by_lead or plugins.constants("datasets", spec.dataset)["UNITS"]
    chosen = [choose(record, channels, units, most_missing) for _, channels in chains]
    first = chosen[0][0].source
    if of_leads:
        record, labels = first, _labels(_cut_leads(chosen[0]), spec)
    elif first is not record:  # time, and with it annotations, is counted at the first lead's rate
        record, labels = first, _labels(first, spec)
    sides = _together(
        _side(taken, channels, f"{key}.filter", spec)
        for taken, (key, channels) in zip(chosen, chains, strict=True)
    )
    by = _ratio(record, spec)
    inside, sample_A, labels = _inside(record, by, labels, sides[0].signal_CT.shape[1])
    return Prepared(
        name=f"{record.dataset}/{record.id}",
        lead="+".join(taken.source.leads[taken.row] for taken in chosen[0]),
        units=tuple(taken.unit for taken in chosen[0]),
        target_units=tuple(taken.unit for taken in chosen[1]) if spec.target else (),
        signal_CT=sides[0].signal_CT,
        target_CT=sides[1].signal_CT if spec.target else None,
        scale=spec.signal.scale,
        target_scale=spec.target.scale if spec.target else "none",
        rate_hz=Fraction(spec.rate_hz),
        source_rate_hz=record.rate_hz,
        offset=record.offset,
        mains_hz=record.mains_hz,
        annotations=inside,
        sample_A=sample_A,
        labels=labels,
        missing_T=np.any([side.missing_T for side in sides], axis=0),
        moved_CT=np.concatenate([side.moved_CT for side in sides]),
        notes=tuple(note for rows in chosen for taken in rows for note in taken.notes),
    )


def _labels(record: Record, spec: Segment) -> Labels | None:
    if spec.label is None:
        return None
    labels: Labels = plugins.load("labels", spec.label.name).label(record, **spec.label.options)
    if labels.unusable:
        raise UnusableError(labels.unusable)
    return labels


def _of_leads(spec: Segment) -> bool:
    constants = {} if spec.label is None else plugins.constants("labels", spec.label.name)
    return bool(constants.get("OF_LEADS"))


def _cut_leads(chosen: Sequence[Taken]) -> Record:
    """Return a recording with the leads that are chosen of it, at the first one's rate."""
    first = chosen[0].source
    rows = [taken.row for taken in chosen if taken.source is first]
    return dataclasses.replace(
        first,
        signal_CT=first.signal_CT[rows],
        leads=tuple(first.leads[row] for row in rows),
        units=tuple(first.units[row] for row in rows),
        beside=(),
    )


def _inside(
    record: Record, by: Fraction, labels: Labels | None, samples: int
) -> tuple[Annotations, Int64, Labels | None]:
    """Leave out marks that lie beyond the signal."""
    marks = record.annotations
    keep_A = (marks.sample_A >= 0) & (marks.sample_A < record.signal_CT.shape[1])
    sample_A = resampled_positions(marks.sample_A[keep_A], by).clip(max=samples - 1)
    if keep_A.all():
        return marks, sample_A, labels
    kept = marks.taken(keep_A)
    if labels is not None and labels.mark_A is not None and labels.at_A is None:
        labels = Labels(mark_A=labels.mark_A[keep_A], spans=labels.spans)
    return kept, sample_A, labels


def _ratio(record: Record, spec: Segment) -> Fraction:
    return ratio(record.rate_hz, Fraction(spec.rate_hz))


def _side(chosen: Sequence[Taken], channels: Channels, key: str, spec: Segment) -> list[_Lane]:
    """Return some leads at the rate of the shards, each from its own rate."""
    lanes = []
    for taken in chosen:
        record = taken.source
        sections_S6, by = _design(channels, record.rate_hz, key), _ratio(record, spec)
        lanes.append(_lane(taken, sections_S6, by, spec.bridge_ms))
    return lanes


def _together(sides: Iterable[list[_Lane]]) -> list[_Side]:
    """Return each side's leads as one array, all of the length of the shortest."""
    all_sides = list(sides)
    length = min(len(lane.signal_T) for lanes in all_sides for lane in lanes)
    return [
        _Side(
            np.stack([lane.signal_T[:length] for lane in lanes]),
            np.stack([lane.moved_T[:length] for lane in lanes]),
            np.any([lane.missing_T[:length] for lane in lanes], axis=0),
        )
        for lanes in all_sides
    ]


def _lane(taken: Taken, sections_S6: Float64 | None, by: Fraction, bridge_ms: float) -> _Lane:
    # at the source rate a lead may take 60 MB: nothing of that length outlives its line
    filed_T = taken.source.signal_CT[taken.row]
    source_T = filed_T if taken.factor == 1 else np.float32(taken.factor) * filed_T
    source_T, hole_T = bridge(source_T, taken.source.rate_hz, bridge_ms)
    own = source_T is not filed_T
    length = math.ceil(len(source_T) * by)
    missing_T = thinned(hole_T, by, length)
    moved_T = thinned(np.append(False, source_T[1:] != source_T[:-1]), by, length)
    if sections_S6 is not None:
        source_T = filtered(source_T, sections_S6, overwrite=own)
    return _Lane(resampled(source_T, by), moved_T, missing_T)


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

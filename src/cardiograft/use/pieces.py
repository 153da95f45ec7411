"""A long recording in pieces that overlap, each prepared and cut as a recording by itself.

What a piece keeps are the segments that begin in its own stretch; to either side of it lies a
margin, in which filters settle, beats have neighbours and rhythms a surrounding. Pieces begin on
the grid that windows stand on, so that they are the windows of the whole recording.

Legend: C channels, T samples.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from cardiograft.datasets._own import named
from cardiograft.datasets._stream import Group, Stream
from cardiograft.records import Annotations, Float32, Record
from cardiograft.signals import leads
from cardiograft.signals.resampling import ratio
from cardiograft.specs.own_folder import OwnFolder
from cardiograft.specs.segment import Segment

# ASSUME a minute to either side is enough surrounding for any filter and any beat.
MARGIN_S = 60
# The options of a cut whose segments stand on a grid: its step, or else its window.
GRID = ("step_s", "window_s")


class Piece(NamedTuple):
    """A stretch of a recording: frames that are read, and of them those whose segments count."""

    first: int
    stop: int
    keep_from: int
    keep_to: int


@dataclass(frozen=True)
class Named:
    """Whose recording it is, for the ids of its segments."""

    dataset: str
    record: str


def pieces(stream: Stream, spec: Segment, folder: OwnFolder, *, piece_s: float) -> list[Piece]:
    """Return the pieces of a recording, in the order of time; a short one is one piece."""
    quantum = _quantum(stream, spec, folder)
    longest = max(1, math.floor(Fraction(piece_s) * stream.frame_hz / quantum)) * quantum
    seconds = MARGIN_S + 2 * _longest_segment_s(spec)
    margin = math.ceil(Fraction(seconds) * stream.frame_hz / quantum) * quantum
    if stream.frames <= longest + margin:
        return [Piece(0, stream.frames, 0, stream.frames)]
    starts = list(range(0, stream.frames - margin, longest))
    stops = [*starts[1:], stream.frames]
    return [
        Piece(max(0, start - margin), min(stream.frames, stop + margin), start, stop)
        for start, stop in zip(starts, stops, strict=True)
    ]


def _longest_segment_s(spec: Segment) -> float:
    lengths = [v for k, v in spec.cut.options.items() if k.endswith("_s") and v is not None]
    return max(map(float, lengths), default=0.0)


def _quantum(stream: Stream, spec: Segment, folder: OwnFolder) -> int:
    """Return of how many frames a piece's start has to be a multiple.

    Then its samples after resampling are the whole recording's, and its windows too.
    """
    step_s = next((spec.cut.options[k] for k in GRID if spec.cut.options.get(k)), None)
    step = 1 if step_s is None else max(1, round(step_s * spec.rate_hz))
    quantum = 1
    for group in _used(stream, spec, folder):
        by = ratio(stream.rate_hz(group), Fraction(spec.rate_hz))
        samples = by.denominator * step // math.gcd(step, by.numerator)
        frames = samples // math.gcd(samples, group.per_frame)
        quantum = math.lcm(quantum, frames)
    # Of rates whose ratio is no small one, no start fits exactly: half a sample may be amiss.
    return quantum if quantum <= MARGIN_S * stream.frame_hz * 10 else 1


def _used(stream: Stream, spec: Segment, folder: OwnFolder) -> Iterator[Group]:
    wanted = [name for text in spec.signal.leads for name in text.split("|")]
    names = [*wanted, *(other for name in wanted for other in folder.leads.get(name, ()))]
    for group in stream.groups:
        if any(leads.places(group.leads, name) for name in names):
            yield group


def record_of(stream: Stream, piece: Piece, whose: Named, folder: OwnFolder) -> Record:
    """Read a piece as a recording of its own; positions in it count from the file's start."""
    signals = stream.read(piece.first, piece.stop - piece.first)
    marks = stream.marks or (None,) * len(stream.groups)
    parts = [
        _part(stream, piece, whose, group=g, signal_CT=s, marks=m, mains_hz=folder.mains_hz)
        for g, s, m in zip(stream.groups, signals, marks, strict=True)
    ]
    whole = Record(**{**vars(parts[0]), "beside": tuple(parts[1:])})
    return named(whole, folder)


def _part(
    stream: Stream,
    piece: Piece,
    whose: Named,
    *,
    group: Group,
    signal_CT: Float32,
    marks: Annotations | None,
    mains_hz: int,
) -> Record:
    offset = piece.first * group.per_frame
    return Record(
        dataset=whose.dataset,
        id=whose.record,
        subject=whose.record,
        signal_CT=signal_CT,
        rate_hz=stream.rate_hz(group),
        leads=group.leads,
        units=group.units,
        mains_hz=mains_hz,
        annotations=_within(marks, offset, signal_CT.shape[1]),
        offset=offset,
    )


def _within(marks: Annotations | None, offset: int, samples: int) -> Annotations:
    if marks is None:
        return Annotations.none()
    inside_A = (marks.sample_A >= offset) & (marks.sample_A < offset + samples)
    kept = marks.taken(inside_A)
    return Annotations(**{**vars(kept), "sample_A": kept.sample_A - offset})


def names(groups: Sequence[Group]) -> str:
    """Return the leads of a recording in words."""
    return ", ".join(name for group in groups for name in group.leads) or "none"

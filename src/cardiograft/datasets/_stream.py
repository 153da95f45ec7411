"""A recording that is read stretch by stretch, so that its length does not matter to memory.

Legend: C channels, T samples.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from cardiograft.records import Annotations, Float32


class Group(NamedTuple):
    """Leads of one rate: `per_frame` samples of each in a frame."""

    leads: tuple[str, ...]
    units: tuple[str, ...]
    per_frame: int


@dataclass(frozen=True, kw_only=True)
class Stream:
    """An open recording.

    Attributes
    ----------
    frame_hz
        Frames a second. A group of leads has ``frame_hz * per_frame`` samples a second.
    frames
        How many there are.
    groups
        Leads by their rate, the most numerous first.
    read
        The first frame and how many, to float32 of shape (C, T) for each group: what the files
        hold in their own units, NaN where a sample is missing.
    marks
        For each group the recording's annotations at its rate; none unless they were asked for.
    notes
        What was left out or decided on opening, one line each, that begins with its kind.
    """

    frame_hz: Fraction
    frames: int
    groups: tuple[Group, ...]
    read: Callable[[int, int], Sequence[Float32]]
    marks: tuple[Annotations, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def duration_s(self) -> float:
        """The recording's length in seconds."""
        return float(self.frames / self.frame_hz)

    def rate_hz(self, group: Group) -> Fraction:
        """Return the sampling rate of a group's leads."""
        return self.frame_hz * group.per_frame

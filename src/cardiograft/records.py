"""A recording, its annotations, the shape of a network's input and output, and array types.

Legend: C channels (leads), T samples, A annotations.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


class Shape(NamedTuple):
    """The shape of a network's input and output.

    ``channels`` x ``samples`` of signal and ``features`` scalars go in;
    ``outputs`` comes out: ``(classes,)`` or ``(channels, samples)``. A picture goes in where
    ``rows`` is not 0: ``channels`` x ``rows`` x ``samples``, its height and its width.
    """

    channels: int
    samples: int
    features: int
    outputs: tuple[int, ...]
    rows: int = 0

    @property
    def input(self) -> tuple[int, ...]:
        """The size of a segment as it goes in: of a signal, or of a picture."""
        return (self.channels, *((self.rows,) if self.rows else ()), self.samples)


# WFDB's beat codes (annot(5)): each stands at an R-peak.
BEATS = "NLRBAaJSVrFejnE/fQ?"
# No code of WFDB's: a label of one's own begins, which the note says, or ends, where it is empty.
LABEL = "label"
# Neither is this one: noise that was added begins, of the kind that the note names.
NOISE = "noise"


def _nothing() -> Int64:
    return np.array([], dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Annotations:
    """Marks on a recording: beats, rhythm changes, noise.

    Attributes
    ----------
    sample_A : int64, shape (A,)
        Position at the recording's own rate, ascending.
    symbol_A : str, shape (A,)
        The annotation code as WFDB prints it (``N``, ``V``, ``+`` ...).
    aux_A : str, shape (A,)
        The note that goes with it (``(AFIB`` with a rhythm change), or ``""``.
    subtype_A, channel_A, number_A : int64, shape (A,)
        The fields of these names in the file; 0 where it has none. A beat that is marked once a
        channel stands here once.
    """

    sample_A: Int64
    symbol_A: npt.NDArray[np.str_]
    aux_A: npt.NDArray[np.str_]
    subtype_A: Int64 = field(default_factory=_nothing)
    channel_A: Int64 = field(default_factory=_nothing)
    number_A: Int64 = field(default_factory=_nothing)

    def __post_init__(self) -> None:
        for name in ("subtype_A", "channel_A", "number_A"):
            if len(getattr(self, name)) != len(self.sample_A):
                object.__setattr__(self, name, np.zeros(len(self.sample_A), dtype=np.int64))

    def taken(self, rows: npt.NDArray[np.bool_] | Int64) -> "Annotations":
        """Return some of the marks: a mask, or their places."""
        return Annotations(**{name: column_A[rows] for name, column_A in vars(self).items()})

    @classmethod
    def none(cls) -> "Annotations":
        """Return the annotations of a recording that has none."""
        empty = np.array([], dtype="U1")
        return cls(sample_A=np.array([], dtype=np.int64), symbol_A=empty, aux_A=empty)


@dataclass(frozen=True, kw_only=True)
class Record:
    """One recording in physical units.

    Attributes
    ----------
    dataset, id, subject : str
        ``mitdb``, ``201``, ``201``: 201 and 202 are one person's and share a subject.
        `subject` is unique within the data set; the shard writes ``<dataset>/<subject>``.
    signal_CT : float32, shape (C, T)
        In `units`; missing samples are NaN.
    rate_hz : Fraction
        Exact sampling rate.
    leads, units : tuple of str, length C
    mains_hz : int
        50 or 60: a fact of where it was recorded.
    offset : int
        Samples cut away from the file's start (a constant run at its head); positions
        in `annotations` count from the first sample that is left.
    notes : tuple of str
        What was left out or decided on reading, one line each, beginning with a kind that can
        be counted (``marks beyond the end: 3 of 100.atr``).
    beside : tuple of Record
        The same recording's leads at other rates, a `Record` for each rate, with the same
        annotations at that rate.
    """

    dataset: str
    id: str
    subject: str
    signal_CT: Float32
    rate_hz: Fraction
    leads: tuple[str, ...]
    units: tuple[str, ...]
    mains_hz: int
    annotations: Annotations = field(default_factory=Annotations.none)
    comments: tuple[str, ...] = ()
    offset: int = 0
    notes: tuple[str, ...] = ()
    beside: tuple["Record", ...] = ()


# What predictions hold: probabilities of classes that exclude each other, of heads that do not,
# signals, or numbers that were measured.
Kind = Literal["classes", "heads", "signal", "values"]
UNKNOWN = -1  # code of a segment without a label: it can be predicted, not scored

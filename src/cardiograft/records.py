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
    ``outputs`` comes out: ``(classes,)`` or ``(channels, samples)``.
    """

    channels: int
    samples: int
    features: int
    outputs: tuple[int, ...]


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
    """

    sample_A: Int64
    symbol_A: npt.NDArray[np.str_]
    aux_A: npt.NDArray[np.str_]

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


# What predictions hold: probabilities of classes that exclude each other, of heads that do not,
# or signals.
Kind = Literal["classes", "heads", "signal"]
UNKNOWN = -1  # code of a segment without a label: it can be predicted, not scored

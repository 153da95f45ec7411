"""What a cut plug-in receives (a prepared recording) and returns (its segments).

Legend: N segments, C channels, T samples, A annotations.
"""

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from cardiograft.records import Annotations, Float32, Int64
from cardiograft.signals.resampling import ratio, resampled_positions

Names = npt.NDArray[np.object_]


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The classes that a label plug-in finds in a recording: of all of it, of beats, or of spans.

    Attributes
    ----------
    whole : str, optional
        The recording's class (kind ``record``).
    mark_A : object, shape (A,), optional
        For each annotation a class or None. Kind ``beat``: of that beat. Kind ``span``: from
        that mark to the next one that has a class; ``""`` ends one where none follows.
    spans : bool
        `mark_A` opens spans.
    at_A : int64, shape (A,), optional
        Where the classes of `mark_A` begin, in samples of the recording, ascending; where they are
        not the annotations' but the label plug-in's own.
    unusable : str, optional
        Why the recording has to be left out.
    """

    whole: str | None = None
    mark_A: Names | None = None
    spans: bool = False
    at_A: Int64 | None = None
    unusable: str | None = None


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A recording, filtered and at the rate of the shards, not yet scaled.

    Attributes
    ----------
    name : str
        ``<dataset>/<record>``.
    lead : str
        The signal's leads as the recording names them, joined by ``+``.
    units, target_units : tuple of str
        After scaling: ``1`` unless it is ``none``.
    signal_CT, target_CT : float32
        Finite throughout; where `missing_T` is true they are bridged.
    scale, target_scale : str
        A kind of scaling, as in `cardiograft.signals.scaling`.
    rate_hz, source_rate_hz : Fraction
    offset : int
        Samples between the start of the file and the start of the recording.
    mains_hz : int
    annotations : Annotations
        At the source rate.
    sample_A : int64, shape (A,)
        The same positions at the rate of the shards.
    labels : Labels, optional
    missing_T, moved_CT : bool
        Per sample: lies in a gap; the file's own samples change into or within it (a channel
        in which none does is flat, whatever ringing a filter left).
    notes : tuple of str
        What to say about the choice of leads.
    since : int
        Samples between the last gap (or the file's start) and this recording's start, where it is
        a piece of a longer one.
    """

    name: str
    lead: str
    units: tuple[str, ...]
    target_units: tuple[str, ...] = ()
    signal_CT: Float32
    target_CT: Float32 | None = None
    scale: str
    target_scale: str = "none"
    rate_hz: Fraction
    source_rate_hz: Fraction
    offset: int = 0
    mains_hz: int
    annotations: Annotations
    sample_A: Int64
    labels: Labels | None = None
    missing_T: npt.NDArray[np.bool_]
    moved_CT: npt.NDArray[np.bool_]
    notes: tuple[str, ...] = ()
    since: int = 0

    def sides(self) -> list[tuple[Float32, str]]:
        """Return the signal, then the target where there is one, each with its scaling."""
        both = [(self.signal_CT, self.scale)]
        return both if self.target_CT is None else [*both, (self.target_CT, self.target_scale)]

    def at_source(self, sample_N: Int64) -> Int64:
        """Return positions in the file for positions at the rate of the shards."""
        by = ratio(self.source_rate_hz, self.rate_hz)
        return resampled_positions(sample_N, 1 / by) + self.offset


@dataclass(frozen=True, kw_only=True)
class CutSegments:
    """Segments of one recording, as a cut returns them: columns of the shard, in order of time.

    Attributes
    ----------
    signal_NCT, target_NCT : float32
        Scaled, zero-padded.
    start_N : int64
        In the file, at the source rate.
    valid_N : int32
        Samples before padding.
    label_N : object
        Strings, or None throughout.
    features : dict of float32, shape (N,)
    added : tuple of str
        Names of channels that follow the recording's own.
    dropped : Counter
        How many segments are left out, by reason.
    """

    signal_NCT: Float32
    target_NCT: Float32 | None
    start_N: Int64
    valid_N: npt.NDArray[np.int32]
    label_N: Names
    features: dict[str, Float32] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    dropped: Counter[str] = field(default_factory=Counter)


def spans(prepared: Prepared, start_N: Int64, stop_N: Int64) -> Names:
    """Return the label in force over ``start_N ... stop_N - 1``, None where it changes.

    Positions are at the rate of the shards.
    """
    labels = prepared.labels or Labels()
    if labels.mark_A is None:
        return np.full(len(start_N), labels.whole, dtype=object)
    opens_A = np.array([mark is not None for mark in labels.mark_A], dtype=bool)
    name_A, place_A = labels.mark_A[opens_A], _places(prepared, labels)[opens_A]
    run_A = np.cumsum(np.append(False, name_A[1:] != name_A[:-1])[: len(name_A)])
    # before the first mark the index is -1, which finds what is appended here
    known_A = np.array([*name_A, None], dtype=object)
    run_A = np.append(run_A, -1)
    first_N = np.searchsorted(place_A, start_N, side="right") - 1
    last_N = np.searchsorted(place_A, stop_N - 1, side="right") - 1
    label_N = known_A[first_N]
    label_N[(run_A[first_N] != run_A[last_N]) | (label_N == "")] = None
    return label_N


def _places(prepared: Prepared, labels: Labels) -> Int64:
    """Return where the marks of labels are, at the rate of the shards."""
    if labels.at_A is None:
        return prepared.sample_A
    by = ratio(prepared.source_rate_hz, prepared.rate_hz)
    return resampled_positions(labels.at_A, by)

"""What a cut takes and gives: a recording made ready, its beats, its labels, its pieces.

Legend: N segments, C channels, T samples, A annotations, B beats.
"""

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from cardiograft import beat_rhythm, signals
from cardiograft.records import Annotations, Float32, Int64

Names = npt.NDArray[np.object_]

# WFDB's beat codes (annot(5)): each stands at an R-peak.
BEATS = "NLRBAaJSVrFejnE/fQ?"
# ASSUME a span under a millionth of the recording's largest value is rounding, not a signal.
FLAT = 1e-6


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What a label plug-in says of a recording: of all of it, of each beat, or of spans.

    Attributes
    ----------
    whole : str, optional
        The recording's class (kind ``record``).
    mark_A : object, shape (A,), optional
        For each annotation a class or None. Kind ``beat``: of that beat. Kind ``span``: from
        that mark to the next one that has a class.
    spans : bool
        `mark_A` opens spans.
    unusable : str, optional
        Why the recording has to be left out.
    """

    whole: str | None = None
    mark_A: Names | None = None
    spans: bool = False
    unusable: str | None = None


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A recording, filtered and at the rate of the shards, not yet scaled.

    Attributes
    ----------
    name : str
        ``<dataset>/<record>``.
    lead : str
        What the recording calls the signal's leads, joined by ``+``.
    units, target_units : tuple of str
        After scaling: ``1`` unless it is ``none``.
    signal_CT, target_CT : float32
        Finite throughout; where `missing_T` is true they are bridged.
    scale, target_scale : str
        A `signals.scaling`.
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

    def sides(self) -> list[tuple[Float32, str]]:
        """Return the signal, then the target where there is one, each with its scaling."""
        both = [(self.signal_CT, self.scale)]
        return both if self.target_CT is None else [*both, (self.target_CT, self.target_scale)]

    def at_source(self, sample_N: Int64) -> Int64:
        """Return positions in the file for positions at the rate of the shards."""
        by = signals.ratio(self.rate_hz, self.source_rate_hz)
        return signals.resampled_positions(sample_N, by) + self.offset


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """What a cut made of one recording: columns of the shard, in order of time.

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
        Pieces left out, by reason.
    """

    signal_NCT: Float32
    target_NCT: Float32 | None
    start_N: Int64
    valid_N: npt.NDArray[np.int32]
    label_N: Names
    features: dict[str, Float32] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    dropped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, kw_only=True)
class Beats:
    """R-peaks of one recording, each at a place of its own.

    Attributes
    ----------
    sample_B : int64
        At the rate of the shards.
    start_B : int64
        In the file, at the source rate.
    label_B : object
        Strings or None.
    rr_B : float64, shape (B - 1,)
        Seconds between neighbours, from the positions in the file.
    """

    sample_B: Int64
    start_B: Int64
    label_B: Names
    rr_B: npt.NDArray[np.float64]

    def features(self, keep_N: Int64) -> dict[str, Float32]:
        """Return `beat_rhythm.columns` of some beats."""
        found = beat_rhythm.columns(self.rr_B)
        return {name: column_B[keep_N].astype(np.float32) for name, column_B in found.items()}


def beats(prepared: Prepared, peaks: Literal["annotations", "detected"]) -> Beats:
    """Return a recording's R-peaks, by its annotations or as found in its first channel.

    Raises
    ------
    ValueError
        Labels of annotated beats are asked for beats that are detected.
    """
    if peaks == "detected":
        sample_B = signals.r_peaks(
            prepared.signal_CT[0], prepared.rate_hz, mains_hz=prepared.mains_hz
        )
        start_B, mark_B = prepared.at_source(sample_B), None
    else:
        mark_B = _beat_marks(prepared.annotations)
        sample_B = prepared.sample_A[mark_B]
        start_B = prepared.annotations.sample_A[mark_B] + prepared.offset
    return Beats(
        sample_B=sample_B,
        start_B=start_B,
        label_B=_beat_labels(prepared, sample_B, mark_B),
        rr_B=np.diff(start_B) / float(prepared.source_rate_hz),
    )


def _beat_marks(annotations: Annotations) -> Int64:
    mark_B = np.flatnonzero(np.isin(annotations.symbol_A, list(BEATS)))
    # two marks on one sample are one beat: the first counts
    return mark_B[np.unique(annotations.sample_A[mark_B], return_index=True)[1]]


def _beat_labels(prepared: Prepared, sample_B: Int64, mark_B: Int64 | None) -> Names:
    labels = prepared.labels or Labels()
    if labels.mark_A is None or labels.spans:
        return spans(prepared, sample_B, sample_B + 1)
    if mark_B is None:
        raise ValueError(f"{prepared.name}: labels of annotated beats need peaks 'annotations'")
    return np.asarray(labels.mark_A[mark_B], dtype=object)


def spans(prepared: Prepared, start_N: Int64, stop_N: Int64) -> Names:
    """Return the label in force over ``start_N ... stop_N - 1``, None where it changes.

    Positions are at the rate of the shards.
    """
    labels = prepared.labels or Labels()
    if labels.mark_A is None:
        return np.full(len(start_N), labels.whole, dtype=object)
    opens_A = np.array([mark is not None for mark in labels.mark_A], dtype=bool)
    name_A, place_A = labels.mark_A[opens_A], prepared.sample_A[opens_A]
    run_A = np.cumsum(np.append(False, name_A[1:] != name_A[:-1])[: len(name_A)])
    # before the first mark the index is -1, which finds what is appended here
    known_A = np.array([*name_A, None], dtype=object)
    run_A = np.append(run_A, -1)
    first_N = np.searchsorted(place_A, start_N, side="right") - 1
    last_N = np.searchsorted(place_A, stop_N - 1, side="right") - 1
    label_N = known_A[first_N]
    label_N[run_A[first_N] != run_A[last_N]] = None
    return label_N


def gather(signal_CT: Float32, start_N: Int64, samples: int) -> Float32:
    """Return windows, shape (N, C, samples), zeros beyond the recording's ends."""
    before = max(0, -int(start_N.min(initial=0)))
    beyond = max(0, int(start_N.max(initial=0)) + samples - signal_CT.shape[1])
    padded_CT = np.pad(signal_CT, ((0, 0), (before, beyond)))
    window_CNT = np.lib.stride_tricks.sliding_window_view(padded_CT, samples, axis=1)
    return np.ascontiguousarray(window_CNT[:, start_N + before].swapaxes(0, 1))


def problems(prepared: Prepared, start_N: Int64, stop_N: Int64) -> Names:
    """Return why each window can't be used: ``non-finite``, ``flat``, or None.

    A window is flat where one of its channels does not change in the file.
    """
    low_N = np.clip(start_N, 0, prepared.signal_CT.shape[1])
    high_N = np.clip(stop_N, 0, prepared.signal_CT.shape[1])
    reason_N = np.full(len(start_N), None, dtype=object)
    later_N = np.minimum(low_N + 1, high_N)  # a change into the first sample came from outside
    still_N = np.any([_count(m, later_N, high_N) == 0 for m in prepared.moved_CT], axis=0)
    reason_N[still_N] = "flat"
    reason_N[_count(prepared.missing_T, low_N, high_N) > 0] = "non-finite"
    return reason_N


def _count(mark_T: npt.NDArray[np.bool_], low_N: Int64, high_N: Int64) -> Int64:
    total = np.concatenate([[0], np.cumsum(mark_T, dtype=np.int64)])
    return np.asarray(total[high_N] - total[low_N])


def sort_out(prepared: Prepared, reason_N: Names, label_N: Names) -> tuple[Int64, Counter[str]]:
    """Return which pieces stay, and how many go for which reason.

    Where the recording has labels, a piece without one goes too.
    """
    if prepared.labels is not None:
        unlabelled_N = np.array([label is None for label in label_N], dtype=bool)
        reason_N[unlabelled_N & (reason_N == None)] = "no label"  # noqa: E711 (elementwise)
    stays_N = np.array([reason is None for reason in reason_N], dtype=bool)
    return np.flatnonzero(stays_N), Counter(reason_N[~stays_N].tolist())


def scaling(window_NCT: Float32, kind: str, signal_CT: Float32) -> tuple[Float32, Float32]:
    """Return `signals.scaling` of a recording's windows; rounding alone counts as flat."""
    largest_C = np.abs(signal_CT).max(axis=1, initial=0)
    return signals.scaling(window_NCT, kind, np.float32(FLAT) * largest_C)


def scaled(window_NCT: Float32, shift_NC: Float32, span_NC: Float32) -> Float32:
    """Return ``(window - shift) / span``; a window with span 0 comes out as zeros."""
    divisor_NC = np.where(span_NC > 0, span_NC, np.float32(np.inf)).astype(np.float32)
    return (window_NCT - shift_NC[:, :, None]) / divisor_NC[:, :, None]


class Window(NamedTuple):
    """Windows of the signal, or of the target, with the scale of each.

    ``signal_NCT``, float32, unscaled; ``shift_NC`` and ``span_NC`` from `scaling`.
    """

    signal_NCT: Float32
    shift_NC: Float32
    span_NC: Float32

    def scaled(self, keep_N: Int64, away: int = 0) -> Float32:
        """Return some windows, or those `away` from them, in the scale of the former."""
        return scaled(self.signal_NCT[keep_N + away], self.shift_NC[keep_N], self.span_NC[keep_N])


def windows(prepared: Prepared, start_N: Int64, samples: int) -> tuple[list[Window], Names]:
    """Return windows of one length, each in its own scale, and why which can't be used.

    Of the signal first, then of the target where there is one.
    """
    reason_N = problems(prepared, start_N, start_N + samples)
    sides = []
    for signal_CT, kind in prepared.sides():
        window_NCT = gather(signal_CT, start_N, samples)
        shift_NC, span_NC = scaling(window_NCT, kind, signal_CT)
        reason_N[(span_NC == 0).any(axis=1) & (reason_N != "non-finite")] = "flat"
        sides.append(Window(window_NCT, shift_NC, span_NC))
    return sides, reason_N

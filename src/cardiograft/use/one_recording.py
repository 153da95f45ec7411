"""Predict one recording, piece by piece: leads chosen, beats found, segments cut, network asked.

Legend: N segments, C channels, T samples, K outputs, B beats.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from cardiograft import plugins
from cardiograft.datasets._stream import Stream
from cardiograft.records import Annotations, Float32, Int64, Record
from cardiograft.segments.choice import UnusableError
from cardiograft.segments.cutting import CutSegments, Prepared
from cardiograft.segments.prepare import prepare
from cardiograft.signals.peaks import r_peaks
from cardiograft.specs.own_folder import OwnFolder
from cardiograft.use.pieces import Named, Piece, names, pieces, record_of
from cardiograft.use.predictor import Predictor, only

# ASSUME a recording with less than half of the network's rate lacks what it looks at.
LEAST_SHARE = 2
NO_LEAD = "no lead "  # how a recording that lacks one is refused
NO_UNIT = "unknown unit ''"  # and one whose file says none
# Two beats nearer than this, one at the end of a piece and one at the next one's begin, are one.
ONE_BEAT_S = 0.1


@dataclass
class Clock:
    """Seconds that each kind of work took."""

    spent_s: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, work: str) -> Iterator[None]:
        """Count what the block takes as `work`."""
        began = time.perf_counter()
        try:
            yield
        finally:
            took_s = time.perf_counter() - began
            self.spent_s[work] = self.spent_s.get(work, 0.0) + took_s

    def ranked(self) -> list[tuple[str, float]]:
        """Return the kinds of work with their seconds, the longest first."""
        return sorted(self.spent_s.items(), key=lambda pair: -pair[1])


@dataclass(frozen=True, kw_only=True)
class PredictedPiece:
    """What a network predicts of one piece of a recording.

    Attributes
    ----------
    record
        ``<dataset>/<record>``.
    lead
        The leads taken, as the recording names them, joined by ``+``.
    source_rate_hz
        Of the recording's lead.
    start_N : int64
        In the file, at the source rate: where each segment begins.
    beat_N : int64 or None
        The R-peak of each, where segments stand at beats.
    valid_N
        Samples before padding, at the network's rate.
    score_NK : float32
        As `cardiograft.evaluation.predictions` has them.
    dropped
        Segments without a prediction, by reason: of the piece with its margins.
    notes
        What was not as usual.
    stop_s
        Where the piece ends, in seconds from the recording's start.
    """

    record: str
    lead: str
    source_rate_hz: Fraction
    start_N: Int64
    beat_N: Int64 | None
    valid_N: Int64
    score_NK: Float32
    dropped: Counter[str]
    notes: tuple[str, ...]
    stop_s: float


def predicted(
    model: Predictor,
    stream: Stream,
    whose: Named,
    folder: OwnFolder,
    *,
    piece_s: float,
    clock: Clock,
) -> Iterator[PredictedPiece]:
    """Yield a recording's predictions, one piece after another, in bounded memory.

    Raises
    ------
    UnusableError, ValueError
        The network can't take the recording: no lead, another unit, too low a rate.
    """
    end = np.iinfo(np.int64).min  # of the segments that there are
    anew = 0  # where windows last began anew, of the whole recording at the network's rate
    all_pieces = pieces(stream, model.spec, folder, piece_s=piece_s)
    for piece, following in zip(all_pieces, [*all_pieces[1:], None], strict=True):
        with clock.of("reading"):
            record = record_of(stream, piece, whose, folder)
        with clock.of("preparing"):
            prepared = _prepared(model, stream, record)
            begin = _place(model, stream, piece.first)
            prepared = replace(prepared, since=begin - anew)
        if model.finds_beats and folder.annotator is None:
            with clock.of("R-peaks"):
                prepared = with_beats(prepared)
        with clock.of("cutting"):
            whole = model.taken(_cut(model, prepared))
            cut = _own(whole, _stretch(model, prepared, stream, piece, end))
        with clock.of("network"):
            score_NK = model.predict(cut)
        if following is not None:
            stretch_T = prepared.missing_T[: _place(model, stream, following.first) - begin]
            anew = begin + after_gap if (after_gap := _after_last_gap(stretch_T)) else anew
        if len(cut.start_N):
            end = int(cut.start_N[-1])
        yield PredictedPiece(
            record=prepared.name,
            lead=prepared.lead,
            source_rate_hz=prepared.source_rate_hz,
            start_N=cut.start_N,
            beat_N=_beats(model, prepared, cut),
            valid_N=cut.valid_N.astype(np.int64),
            score_NK=score_NK,
            dropped=whole.dropped,
            notes=(*record.notes, *prepared.notes),
            stop_s=float(piece.keep_to / stream.frame_hz),
        )


def _place(model: Predictor, stream: Stream, frame: int) -> int:
    return round(frame / stream.frame_hz * Fraction(model.spec.rate_hz))


def _after_last_gap(missing_T: npt.NDArray[np.bool_]) -> int:
    gap_A = np.flatnonzero(missing_T)
    return int(gap_A[-1]) + 1 if len(gap_A) else 0


def _prepared(model: Predictor, stream: Stream, record: Record) -> Prepared:
    try:
        prepared = prepare(record, model.spec, units_by_lead=model.units())
    except UnusableError as error:
        if NO_UNIT in str(error):
            raise UnusableError(f"{error}: say what values are in, as in --unit mV") from None
        lacking = str(error).removeprefix(NO_LEAD)
        if lacking == str(error):
            raise
        raise UnusableError(
            f"{error} (it has {names(stream.groups)}): say which stands for it, as in"
            f" --lead '{lacking.partition('|')[0]}=NAME'"
        ) from None
    if prepared.source_rate_hz * LEAST_SHARE < Fraction(model.spec.rate_hz):
        raise UnusableError(
            f"sampled at {float(prepared.source_rate_hz):g} Hz, less than half of the"
            f" {model.spec.rate_hz:g} Hz that the network was trained at"
        )
    return prepared


def with_beats(prepared: Prepared) -> Prepared:
    """Return a recording whose beats are marked where they are detected in its first channel."""
    sample_B = r_peaks(prepared.signal_CT[0], prepared.rate_hz, mains_hz=prepared.mains_hz)
    marks = Annotations(
        sample_A=prepared.at_source(sample_B) - prepared.offset,
        symbol_A=np.full(len(sample_B), "N"),
        aux_A=np.full(len(sample_B), ""),
    )
    return replace(prepared, annotations=marks, sample_A=sample_B)


def _cut(model: Predictor, prepared: Prepared) -> CutSegments:
    cut = model.spec.cut
    segments: CutSegments = plugins.load("cuts", cut.name).cut(prepared, **cut.options)
    if not np.isfinite(segments.signal_NCT).all():
        raise UnusableError("values too large to be cut")
    return segments


def _stretch(
    model: Predictor, prepared: Prepared, stream: Stream, piece: Piece, end: int
) -> tuple[int, int]:
    """Return between which samples of the file a piece's own segments begin."""
    per_frame = prepared.source_rate_hz / stream.frame_hz
    low, high = (round(at * per_frame) for at in (piece.keep_from, piece.keep_to))
    if model.finds_beats and piece.keep_from:
        low = max(low, end + round(ONE_BEAT_S * prepared.source_rate_hz))
    return low, high


def _own(cut: CutSegments, stretch: tuple[int, int]) -> CutSegments:
    return only(cut, (cut.start_N >= stretch[0]) & (cut.start_N < stretch[1]))


def _beats(model: Predictor, prepared: Prepared, cut: CutSegments) -> Int64 | None:
    """Return the R-peak in each segment, in the file, where segments stand at beats."""
    if not model.finds_beats:
        return None
    before = round(model.spec.cut.options.get("before_s", 0.0) * prepared.rate_hz)
    return np.asarray(cut.start_N + round(before / prepared.rate_hz * prepared.source_rate_hz))

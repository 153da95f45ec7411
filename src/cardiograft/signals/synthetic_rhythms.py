"""Synthetic beat sequences for rhythms that are rare in training: fibrillation, runs.

`fibrillation` teaches that irregular intervals without P waves are no supraventricular ectopy.
`ectopy` teaches what S beats look like where most beats are S. Both re-time beats that were
recorded; the classes are those the beats had. Nothing of the kind is done to a recording that
is tested.

Legend: B beats, T samples, M samples of a whole stretch.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from cardiograft.records import Float64, Int64
from cardiograft.signals.beats import Sequence, sequence

# ASSUME a P wave and all before it lie within 0.3 s, or 42 % of the interval
LEAD_IN_S, LEAD_IN_SHARE = 0.3, 0.42
BEFORE_QRS_S, AFTER_QRS_S = 0.075, 0.1
SHORTEST_PIECE_S = 0.16
OFFSET_FADES_S = 0.2
ENOUGH_S, ENOUGH_N, LONGEST_RUN = 10, 50, 40
# ASSUME fibrillation: interval log-normal about a mean that drifts, with these bounds
MEAN_RR_S, SPREAD_RR, FLOOR_RR_S, CEILING_RR_S = (0.48, 1.0), (0.15, 0.28), 0.3, 2.2
# ASSUME f waves of 4.5 to 8 Hz, of these heights in units of the usual QRS complex
F_WAVE_HZ, F_WAVE_HEIGHT, NOISE = (4.5, 8.0), (0.006, 0.055), 0.004


@dataclass
class _Tape:
    """Pieces put end to end, each with the place of its R-peak."""

    pieces: list[Float64] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    length: int = 0

    def put(self, piece: Float64, *, peak: int, row: int) -> None:
        self.pieces.append(piece)
        self.peaks.append(self.length + peak)
        self.rows.append(row)
        self.length += len(piece)

    def last(self) -> float:
        return float(self.pieces[-1][-1]) if self.pieces else 0.0

    def cut(self, beats: Sequence, signal_M: Float64) -> Sequence:
        """Return the stretch as windows like those it was made from."""
        geometry, peak_B = beats.geometry, np.array(self.peaks)
        index_BT = peak_B[:, None] + np.arange(geometry.samples) - geometry.peak
        rr_B = np.diff(peak_B) / geometry.rate_hz
        return sequence(
            signal_M[np.clip(index_BT, 0, len(signal_M) - 1)],
            before_B=np.append(np.nan, rr_B),
            after_B=np.append(rr_B, np.nan),
            target_B=beats.target_B[self.rows],
            geometry=geometry,
        )


def fibrillation(
    beats: Sequence, generator: Generator, *, kept: tuple[int, ...], usual: int, length: int = 600
) -> Sequence | None:
    """Return a recording re-timed to atrial fibrillation, f waves in place of P waves.

    Parameters
    ----------
    kept
        Classes that stay (N and V: in fibrillation there is no other ectopy to speak of).
    usual
        The class whose QT follows the square root of the interval.
    length
        Beats at most.

    Returns
    -------
    Sequence or None
        None where the recording has too few beats.
    """
    row_B = np.flatnonzero(np.isin(beats.target_B, kept))
    first = generator.integers(0, max(1, len(row_B) - length))
    row_B = row_B[first : first + length]
    if len(row_B) < ENOUGH_N:
        return None
    geometry = beats.geometry
    size_B = np.round(_fibrillating(len(row_B), generator) * geometry.rate_hz).astype(int)
    start = geometry.span(-BEFORE_QRS_S, AFTER_QRS_S).start
    tape = _Tape()
    for row, size, after in zip(row_B, size_B, np.append(row_B[1:], row_B[0]), strict=True):
        piece = _without_p(beats, int(row), int(size), stretches=beats.target_B[row] == usual)
        onward = np.linspace(piece[-1], beats.signal_BT[after, start], size - len(piece) + 1)[1:]
        tape.put(np.append(piece, onward), peak=geometry.peak - start, row=int(row))
    signal_M = np.concatenate(tape.pieces)
    return tape.cut(beats, signal_M + _f_waves(len(signal_M), geometry.rate_hz, generator))


def _fibrillating(count: int, generator: Generator) -> Float64:
    mean = generator.uniform(*np.log(MEAN_RR_S))
    drift_B = np.cumsum(generator.normal(0, 0.01, count))
    spread_B = generator.normal(0, generator.uniform(*SPREAD_RR), count)
    interval_B = np.exp(mean + drift_B - drift_B.mean() + spread_B)
    return np.asarray(np.clip(interval_B, FLOOR_RR_S, CEILING_RR_S))


def _without_p(beats: Sequence, row: int, size: int, *, stretches: bool) -> Float64:
    """Return QRS complex and T wave of a beat, at most `size` samples."""
    geometry, rate_hz = beats.geometry, beats.geometry.rate_hz
    old_s = float(np.clip(beats.after_B[row], FLOOR_RR_S, 2.0))
    stretch = float(np.sqrt(size / rate_hz / old_s)) if stretches else 1.0
    end_s = min(0.47 * np.sqrt(old_s), old_s - 0.22, size / rate_hz / max(stretch, 0.3) - 0.1)
    qrs = geometry.span(-BEFORE_QRS_S, AFTER_QRS_S)
    end = min(geometry.peak + max(end_s, 0.12) * rate_hz, geometry.samples - 1)
    at = np.append(np.arange(qrs.start, qrs.stop), np.arange(qrs.stop, end, 1 / stretch))
    piece = np.interp(at[:size], np.arange(geometry.samples), beats.signal_BT[row])
    return np.asarray(piece)


def _f_waves(count: int, rate_hz: float, generator: Generator) -> Float64:
    time_M = np.arange(count) / rate_hz
    height = np.exp(generator.uniform(*np.log(F_WAVE_HEIGHT)))
    wander_M = 1.2 * np.sin(2 * np.pi * generator.uniform(0.1, 0.4) * time_M)
    # a random walk of phase, the same at any rate
    walk_M = np.cumsum(generator.normal(0, 0.12 * np.sqrt(120 / rate_hz), count))
    phase_M = 2 * np.pi * generator.uniform(*F_WAVE_HZ) * time_M + wander_M + walk_M
    swell_M = 1 + 0.5 * np.sin(2 * np.pi * generator.uniform(0.05, 0.3) * time_M)
    wave_M = swell_M * (np.sin(phase_M) + 0.4 * np.sin(2 * phase_M + 1))
    return np.asarray(height * wave_M + generator.normal(0, NOISE, count))


def ectopy(
    beats: Sequence, generator: Generator, *, early: int, usual: int, length: int = 400
) -> Sequence | None:
    """Return a recording's own beats re-ordered so that about 30 to 80 % are `early` (S).

    Runs of them, and singles, between a few `usual` beats (N). A piece reaches from before a
    beat's P wave to before the next one's; inside a run only the diastole is shortened.

    Returns
    -------
    Sequence or None
        None where the recording has too few of either class.
    """
    early_B, usual_B = _candidates(beats.target_B, early=early, usual=usual)
    if len(early_B) < ENOUGH_S or len(usual_B) < ENOUGH_N:
        return None
    run, gap = generator.uniform(1, 6), generator.uniform(0, 2.5)
    tape = _Tape()
    for _ in range(length):  # rounds; the length is reached long before
        if len(tape.rows) >= length:
            break
        _run(tape, beats, early_B, generator, run=run)
        for row in generator.choice(usual_B, generator.poisson(gap)):
            _splice(tape, beats, row)
    return None if len(tape.rows) < ENOUGH_N else tape.cut(beats, np.concatenate(tape.pieces))


def _candidates(target_B: Int64, *, early: int, usual: int) -> tuple[Int64, Int64]:
    """Return early beats that follow a usual one, and usual ones that precede one.

    The recording's first and last two have no interval on one side, or a neighbour without.
    """
    row_B, before_B, after_B = np.arange(len(target_B)), target_B[1:-3], target_B[3:-1]
    here_B, row_B = target_B[2:-2], row_B[2:-2]
    early_B = row_B[(here_B == early) & (before_B == usual)]
    return early_B, row_B[(here_B == usual) & (after_B == usual)]


def _run(tape: _Tape, beats: Sequence, early_B: Int64, generator: Generator, *, run: float) -> None:
    row = generator.choice(early_B)
    _splice(tape, beats, row - 1)
    count = min(1 + generator.poisson(run - 1), LONGEST_RUN)
    for left in reversed(range(count)):
        interval_s = beats.before_B[row] * np.exp(generator.normal(0.03, 0.05))
        _splice(tape, beats, row, longest_s=interval_s if left else None)
        if generator.random() < 0.5:
            row = generator.choice(early_B)


def _splice(tape: _Tape, beats: Sequence, row: int, *, longest_s: float | None = None) -> None:
    rate_hz, peak = beats.geometry.rate_hz, beats.geometry.peak
    before = min(round(_lead_in(beats.before_B[row]) * rate_hz), peak)
    after_s = beats.after_B[row]
    size = before + round((after_s - _lead_in(after_s)) * rate_hz)
    size = size if longest_s is None else min(size, round(longest_s * rate_hz))
    if size < SHORTEST_PIECE_S * rate_hz or size <= before:
        return
    # beyond the window the diastole goes on level
    index = np.minimum(peak - before + np.arange(size), beats.geometry.samples - 1)
    piece = beats.signal_BT[row, index]
    fade = np.exp(-np.arange(size) / (OFFSET_FADES_S * rate_hz))
    tape.put(piece - (piece[0] - tape.last()) * fade, peak=before, row=int(row))


def _lead_in(interval_s: float) -> float:
    return min(LEAD_IN_S, LEAD_IN_SHARE * float(interval_s))

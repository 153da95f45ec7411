"""Search recordings that are one, whatever they are called, by the rhythm of their beats.

Runs of R-R intervals are looked up in a k-d tree of the other side's, its nearest neighbours vote
for pairs of recordings and an offset (as landmarks do: Wang, ISMIR 2003), and the pairs with most
votes are aligned beat by beat. What two recordings have in common is counted in bits:

- of an interval, how much more likely it is as a copy of the other's (`JITTER_S`) than as the
  next one of the recording's own rhythm (of either, whichever foretells it better): so a paced or
  regular rhythm counts little;
- of the beats' shapes, how unlikely it is that each differs from its recording's usual beat in
  the same way, beyond what beats of one kind have in common: two people's do so by chance,
  whatever their usual beats.

A likelihood ratio exceeds 2^b by chance at most once in 2^b trials (Ville 1939). A search tries as
many alignments as it has pairs of beats, and asks for `MARGIN_BITS` more.

A copy may hold one lead of a recording, another than the one that is used here. Two leads of one
heart beat at the same times and look different: at 10 s that is mostly too little. So a side holds
every lead, and each recording's first is compared with all of the others'.

Cost: n log n in the number of beats, a bounded number of alignments a lead, of the first side or of
that which has fewer.

Legend: R recordings, B beats, I intervals, N runs, K intervals of a run, V votes, S samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree
from scipy.stats import norm

from cardiograft.records import Float64, Int64
from cardiograft.signals.rhythm import Rhythm

Mask = npt.NDArray[np.bool_]
RUN = 4  # intervals
LONGEST_S = 3.0  # interval of a run: beyond lies a pause of the recording, not of the heart
NEAR_S = 0.03  # Euclidean distance of runs
NEIGHBOURS = 32
VOTE_S = 0.012  # a vote's weight falls off with the distance like a normal density of this width
OFFSET_S = 0.1  # bin of offsets
LARGEST = int(np.iinfo(np.int64).max)
ALIGNED = 16  # alignments tried for each recording
# ASSUME of one interval in two copies: most differ by a millisecond or two, some (beats of an
# unusual shape, under another filter or noise) by several; one in twenty has lost or gained a beat.
JITTER_S, EXACT = (0.0015, 0.007), 0.6
BEAT_S = 0.05
LOST = 0.05
# Smoothed no more than a copy's intervals differ: a steady rhythm foretells itself as well.
BIN_S, SMOOTH_S = 0.0005, (0.001, 0.006)
STEADY_S, WIDE_S = 0.002, 0.05  # no rhythm is taken for steadier; none for wholly so
FLAT = 0.1  # share of intervals of which a recording's own rhythm says nothing
# Over 11,000 alignments of 137 people's recordings (mitdb, ecgiddb) Fisher's z of the correlation
# of deviations, before what beats of one kind have in common is taken from it, is spread like this:
# the largest is 4 times as much.
CHANCE_Z = 0.2
# Bits of a beat's shape, at most, and of those beats alone whose own deviations correlate by more
# than this: one or two beats that are far from usual do not decide.
SHAPE_BITS, SHAPE_ALIKE = 4.0, 0.4
NEIGHBOURHOOD = 10  # beats before and after it among which a beat's like is looked for
CHANCE_Z_OF_KIND = 2 * CHANCE_Z  # of what a beat and its like have in common by chance
# A search errs by chance at most once in 256. It is more than real recordings ask for: with 4, two
# simulated ones had passed for one.
MARGIN_BITS = 8.0


@dataclass(frozen=True)
class Match:
    """Two recordings, by their places in each side, that are one.

    `offset_s` is the time in the first that the second begins at, `beats` how many agree, and
    `bits` how surprising it is, of `needed_bits`.
    """

    one: int
    other: int
    offset_s: float
    beats: int
    bits: float
    needed_bits: float

    def measured(self) -> dict[str, float]:
        """Return what an audit says of it, rounded."""
        return {
            "offset_s": round(self.offset_s, 3),
            "beats": self.beats,
            "bits": round(self.bits, 1),
            "needed_bits": round(self.needed_bits, 1),
        }


class Side:
    """Some recordings to compare with others.

    Parameters
    ----------
    rhythms : sequence of Rhythm, length R
        Of one lead each.
    person_R : str
        Whose they are.
    name_R : str, optional
        Of the recording that each is a lead of; without names each is a recording by itself. The
        first of a name is its first lead.
    """

    def __init__(
        self,
        rhythms: Sequence[Rhythm],
        person_R: Sequence[str],
        name_R: Sequence[str] | None = None,
    ) -> None:
        self.rhythms, self.person_R = rhythms, person_R
        self.name_R = list(map(str, range(len(rhythms)))) if name_R is None else name_R
        place_by_name = {name: place for place, name in reversed(list(enumerate(self.name_R)))}
        self.first_R = np.isin(np.arange(len(rhythms)), list(place_by_name.values()))
        self._expected: dict[int, Float64] = {}

    def beats(self, *, first: bool | None = None) -> int:
        """Return how many beats all have, or the recordings' first leads, or their others."""
        return sum(
            len(one.beat_B)
            for one, is_first in zip(self.rhythms, self.first_R.tolist(), strict=True)
            if first in (None, is_first)
        )

    def expected(self, place: int) -> Float64:
        """Return the log density of each of a recording's intervals by its own rhythm."""
        if place not in self._expected:
            self._expected[place] = _log_density(np.diff(self.rhythms[place].beat_B))
        return self._expected[place]

    @cached_property
    def runs(self) -> tuple[Int64, Float64, Float64]:
        """Each run's recording, its first beat's time, its intervals (N, K)."""
        recording_N, at_N, run_NK = [], [], [np.empty((0, RUN))]
        for place, one in enumerate(self.rhythms):
            if len(one.beat_B) <= RUN:
                continue
            run_IK = np.lib.stride_tricks.sliding_window_view(np.diff(one.beat_B), RUN)
            whole_I = (run_IK < LONGEST_S).all(axis=1)
            run_NK.append(run_IK[whole_I])
            at_N.append(one.beat_B[:-RUN][whole_I])
            recording_N.append(np.full(whole_I.sum(), place))
        return (
            np.concatenate([np.empty(0, np.int64), *recording_N]),
            np.concatenate([np.empty(0), *at_N]),
            np.concatenate(run_NK),
        )


def matches(one: Side, other: Side, *, margin_bits: float = MARGIN_BITS) -> list[Match]:
    """Return the pairs of recordings of different people that are one, most alike first.

    One match at most for each recording of the first side: of the leads that are most alike.

    Parameters
    ----------
    margin_bits
        What is asked beyond the logarithm of the pairs of beats that are compared.
    """
    trials = pairs_of_beats(one, other)
    if not trials:
        return []
    needed = float(np.log2(trials)) + margin_bits
    best: dict[str, Match] = {}
    for place, place_other, offset_s in _candidates(one, other):
        beats, bits = _in_common(one, other, (place, place_other), offset_s)
        match, name = Match(place, place_other, offset_s, beats, bits, needed), one.name_R[place]
        if bits >= needed and (name not in best or bits > best[name].bits):
            best[name] = match
    return sorted(best.values(), key=lambda match: (-match.bits, match.one))


def pairs_of_beats(one: Side, other: Side) -> int:
    """Return how many pairs of beats a search compares: one of each is of a first lead."""
    return one.beats(first=True) * other.beats() + one.beats(first=False) * other.beats(first=True)


def _candidates(one: Side, other: Side) -> list[tuple[int, int, float]]:
    """Return the pairs of leads, one of them a recording's first, and offsets, with most votes."""
    first_R, beside_R = one.first_R, ~one.first_R
    pairs = _voted(one, other, first_R, np.ones(len(other.first_R), bool))
    if not beside_R.any():
        return pairs
    # of the side that has fewer, or a small study would be aligned with all that it starts from
    fewer = int(beside_R.sum()) < int(other.first_R.sum())
    turned = _voted(other, one, other.first_R, beside_R, by_other=fewer)
    return pairs + [(place, other_place, -offset_s) for other_place, place, offset_s in turned]


def _voted(
    one: Side, other: Side, row_R: Mask, row_other_R: Mask, *, by_other: bool = False
) -> list[tuple[int, int, float]]:
    """Return the pairs of some leads, and offsets, with most votes of each lead of the first.

    Or, with `by_other`, of each of the second.
    """
    (recording_N, at_N, run_NK), (other_N, at_other_N, run_other_NK) = (
        tuple(of_N[rows_R[side.runs[0]]] for of_N in side.runs)
        for side, rows_R in ((one, row_R), (other, row_other_R))
    )
    if not len(run_NK) or not len(run_other_NK):
        return []
    distance_NV, near_NV = cKDTree(run_other_NK).query(
        run_NK, k=NEIGHBOURS, distance_upper_bound=NEAR_S
    )
    row_V, _ = np.nonzero(np.isfinite(distance_NV))
    near_V, distance_V = (a_NV[np.isfinite(distance_NV)] for a_NV in (near_NV, distance_NV))
    person_R, person_other_R = (_coded(side.person_R, one, other) for side in (one, other))
    strange_V = person_R[recording_N[row_V]] != person_other_R[other_N[near_V]]
    row_V, near_V, distance_V = row_V[strange_V], near_V[strange_V], distance_V[strange_V]
    offset_V = at_N[row_V] - at_other_N[near_V]
    bin_V = np.rint(offset_V / OFFSET_S).astype(np.int64)
    recording_V, other_V = recording_N[row_V], other_N[near_V]
    _, first_U, of_V = np.unique(
        _numbered(recording_V, other_V, bin_V), return_index=True, return_inverse=True
    )
    weight_V = np.exp(-((distance_V / VOTE_S) ** 2) / 2) + 1e-9
    vote_U = np.bincount(of_V.ravel(), weight_V, minlength=len(first_U))
    offset_U = np.bincount(of_V.ravel(), weight_V * offset_V, minlength=len(vote_U)) / vote_U
    recording_U, other_U = recording_V[first_U], other_V[first_U]
    asking_U = other_U if by_other else recording_U
    order_U = np.lexsort((-vote_U, asking_U))
    asking_U = asking_U[order_U]
    rank_U = np.arange(len(order_U)) - np.searchsorted(asking_U, asking_U)
    return [
        (int(recording_U[u]), int(other_U[u]), float(offset_U[u]))
        for u in order_U[rank_U < ALIGNED]
    ]


def _numbered(recording_V: Int64, other_V: Int64, bin_V: Int64) -> Int64:
    """Return one number for three, in the order of the first, then the second, then the third.

    Millions of votes are sorted by it, many times as fast as by three.
    """
    if not len(bin_V):
        return bin_V
    pair_V = recording_V * (int(other_V.max()) + 1) + other_V
    first, last = int(bin_V.min()), int(bin_V.max())
    if int(pair_V.max()) + 1 > LARGEST // (last - first + 1):  # of millions of recordings
        pair_V = np.unique(pair_V, return_inverse=True)[1].ravel()
    return pair_V * (last - first + 1) + bin_V - first


def _coded(person_R: Sequence[str], one: Side, other: Side) -> Int64:
    codes = {name: n for n, name in enumerate({*one.person_R, *other.person_R})}
    return np.array([codes[name] for name in person_R], dtype=np.int64)


def _in_common(
    one: Side, other: Side, places: tuple[int, int], offset_s: float
) -> tuple[int, float]:
    """Return how many beats agree in the stretch that is most alike, and how many bits that is."""
    rhythm, rhythm_other = one.rhythms[places[0]], other.rhythms[places[1]]
    beat_B, beat_other_B = rhythm.beat_B, rhythm_other.beat_B + offset_s
    low = max(beat_B[0], beat_other_B[0]) - BEAT_S
    high = min(beat_B[-1], beat_other_B[-1]) + BEAT_S
    row_B = np.flatnonzero((beat_B >= low) & (beat_B <= high))
    if len(row_B) < RUN or len(beat_other_B) < RUN:
        return 0, 0.0
    near_B = _nearest(beat_B[row_B], beat_other_B)
    agrees_B = np.abs(beat_other_B[near_B] - beat_B[row_B]) < BEAT_S
    whole_I = agrees_B[1:] & agrees_B[:-1] & (np.diff(near_B) == 1)
    interval_I = np.diff(beat_B[row_B])
    apart_I = interval_I - np.where(whole_I, np.diff(beat_other_B[near_B]), 0)
    foretold_I = np.maximum(
        one.expected(places[0])[row_B[:-1]],
        other.expected(places[1])[np.minimum(near_B[:-1], len(beat_other_B) - 2)],
    )
    copied_I = _log_jitter(apart_I) - foretold_I
    gain_I = np.where(whole_I, np.logaddexp(np.log1p(-LOST) + copied_I, np.log(LOST)), np.log(LOST))
    # the stretch with the largest sum
    sum_B = np.append(0, np.cumsum(gain_I))
    stop = int(np.argmax(sum_B - np.minimum.accumulate(sum_B)))
    start = int(np.argmin(sum_B[: stop + 1]))
    inside = np.flatnonzero(agrees_B[start : stop + 1]) + start
    shapes = rhythm.shape_BS[row_B[inside]], rhythm_other.shape_BS[near_B[inside]]
    return len(inside), float((sum_B[stop] - sum_B[start]) / np.log(2)) + _shape_bits(*shapes)


def _nearest(beat_B: Float64, among_B: Float64) -> Int64:
    after_B = np.clip(np.searchsorted(among_B, beat_B), 1, len(among_B) - 1)
    earlier_B = beat_B - among_B[after_B - 1] < among_B[after_B] - beat_B
    return np.asarray(after_B - earlier_B, dtype=np.int64)


def _log_jitter(apart_I: Float64) -> Float64:
    near_I, far_I = (np.exp(-0.5 * (apart_I / s) ** 2) / s for s in JITTER_S)
    return np.asarray(np.log((EXACT * near_I + (1 - EXACT) * far_I) / np.sqrt(2 * np.pi) + 1e-99))


def _log_density(interval_I: Float64) -> Float64:
    """Return each interval's log density: by how often, after one and after two like it.

    The mean of densities of the recording's own other intervals, of their changes, and of their
    changes over two (of bigeminy), smoothed little and more, of two normal ones, of intervals
    and of changes, and a flat one.
    """
    change_I, second_I = interval_I[1:] - interval_I[:-1], interval_I[2:] - interval_I[:-2]
    own_I = _smoothed(interval_I)
    next_I = np.append(own_I[:1], _smoothed(change_I))
    after_next_I = np.append(next_I[:2], _smoothed(second_I))
    usual_I = _normal(interval_I)
    usual_next_I = np.append(usual_I[:1], _normal(change_I))
    known_I = 0.2 * (own_I + next_I + after_next_I + usual_I + usual_next_I)
    return np.asarray(np.log((1 - FLAT) * known_I + FLAT / LONGEST_S))


def _normal(value_I: Float64) -> Float64:
    """Return the larger of two normal densities: of the middle half, and of all values."""
    if not len(value_I):
        return np.empty(0)
    middle, spread = np.median(value_I), max(WIDE_S, float(np.std(value_I)))
    quarter = float(np.subtract(*np.quantile(value_I, [0.75, 0.25]))) / 1.349
    narrow_I = norm.pdf(value_I, middle, max(STEADY_S, quarter))
    return np.asarray(np.maximum(narrow_I, norm.pdf(value_I, middle, spread)))


def _smoothed(value_I: Float64) -> Float64:
    """Return the density of each value among the others, smoothed little or more: the larger."""
    if len(value_I) < 2:
        return np.zeros(len(value_I))
    edges = np.arange(-LONGEST_S, LONGEST_S + 2 * BIN_S, BIN_S)
    at_I = np.clip(((value_I + LONGEST_S) / BIN_S).astype(np.int64), 0, len(edges) - 2)
    count = np.bincount(at_I, minlength=len(edges) - 1).astype(np.float64)
    density_I = np.zeros(len(value_I))
    for width_s in SMOOTH_S:
        smooth = gaussian_filter1d(count, width_s / BIN_S, mode="constant")
        itself = BIN_S / (width_s * np.sqrt(2 * np.pi))
        other_I = np.maximum(smooth[at_I] - itself, 0) / (len(value_I) - 1) / BIN_S
        density_I = np.maximum(density_I, other_I)
    return density_I


def _shape_bits(shape_BS: npt.NDArray[np.int8], other_BS: npt.NDArray[np.int8]) -> float:
    """Return how surprising it is, in bits, that two recordings' beats deviate alike.

    Parameters
    ----------
    shape_BS, other_BS : int8, shape (B, S)
        Beats that meet, in their order; zeros where a recording's end cuts one off.
    """
    seen_B = shape_BS.any(axis=1) & other_BS.any(axis=1)
    if seen_B.sum() < RUN - 1:
        return 0.0
    one_BS, two_BS = (s[seen_B].astype(np.float64) for s in (shape_BS, other_BS))
    sign = np.sign(np.sum(one_BS * two_BS))
    one_BS, two_BS = _deviations(one_BS), sign * _deviations(two_BS)
    kind_z = max(_fisher(one_BS, _others(two_BS)), _fisher(_others(one_BS), two_BS))
    z = (_fisher(one_BS, two_BS) - max(0.0, kind_z - CHANCE_Z_OF_KIND)) / CHANCE_Z
    size_B = np.linalg.norm(one_BS, axis=1) * np.linalg.norm(two_BS, axis=1)
    agree = int((np.sum(one_BS * two_BS, axis=1) > SHAPE_ALIKE * size_B).sum())
    return float(min(-norm.logsf(z) / np.log(2), SHAPE_BITS * agree))


def _fisher(one_BS: Float64, two_BS: Float64) -> float:
    """Return Fisher's z of the correlation, about zero, of all values of two arrays (B, S)."""
    size = float(np.linalg.norm(one_BS) * np.linalg.norm(two_BS))
    alike = float(np.sum(one_BS * two_BS)) / size if size else 0.0
    return float(np.arctanh(np.clip(alike, -0.99, 0.99)))


def _others(beat_BS: Float64) -> Float64:
    """Return, in place of each beat, that one of its neighbours that is most like it.

    Extra beats, and T waves taken for beats, differ from the usual beat in one way, which two
    people may have in common. What a beat of the one has in common with a neighbour of the other's,
    of the same kind, is no sign of a copy.
    """
    size_B1 = np.linalg.norm(beat_BS, axis=1, keepdims=True)
    unit_BS = beat_BS / np.maximum(size_B1, 1e-9)
    row_B = np.arange(len(beat_BS))
    best_B, other_B = np.full(len(beat_BS), -np.inf), row_B.copy()
    for apart in range(1, min(NEIGHBOURHOOD, len(beat_BS) - 1) + 1):
        alike_P = np.sum(unit_BS[apart:] * unit_BS[:-apart], axis=1)
        for here_P, there_P in ((row_B[apart:], row_B[:-apart]), (row_B[:-apart], row_B[apart:])):
            better_P = alike_P > best_B[here_P]
            best_B[here_P[better_P]] = alike_P[better_P]
            other_B[here_P[better_P]] = there_P[better_P]
    return beat_BS[other_B]


def _deviations(shape_BS: Float64) -> Float64:
    """Return what each beat has beside the usual one, and beside its slope (a shift in time)."""
    usual_S = np.median(shape_BS, axis=0)
    basis_S2, _ = np.linalg.qr(np.stack([usual_S, np.gradient(usual_S)], axis=1))
    rest_BS = shape_BS - usual_S
    rest_BS = rest_BS - (rest_BS @ basis_S2) @ basis_S2.T
    size_B1 = np.linalg.norm(rest_BS, axis=1, keepdims=True)
    # no beat, such as a single ectopic one, decides alone
    most = 2 * np.median(size_B1)
    return np.asarray(rest_BS * np.minimum(1, most / np.maximum(size_B1, 1e-9)))

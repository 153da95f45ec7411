"""Search near-duplicate segments across the parts of a split.

Two segments are one when their normalised correlation, at some lag within 10 ms, is above a
threshold: the size of Pearson's coefficient (an inverted copy is a copy) over the samples that both
have before their padding, averaged over channels. Two flat
channels agree (1), a flat and a live one do not (0).

`sketches` says which segments can be alike enough; those are compared exactly. Where it says that
of a crowd, its nearest are compared, and if none of them is a duplicate, those whose
`cardiograft.signals.shape_hash` lies within `RADIUS`. Byte-identical segments, such as constants,
are compared once.

Cost: n log n in the number of segments, and the pairs that are alike. Memory: 128 bytes of sketch
for each segment looked up, beside the signals, which lie in a scratch file where they are many.

Legend: N segments, C channels, T samples, Q segments queried, U others, P pairs.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from cardiograft.records import Float32, Float64, Int64
from cardiograft.scratch import scratch_folder
from cardiograft.segments import shards
from cardiograft.signals.shape_hash import UInt64
from cardiograft.splits.sketches import Sketches, groups
from cardiograft.splits.table import PartColumn

LAG_S = 0.010
# Euclidean distance of bytes: of beats shifted by 8 ms, with noise to a correlation of 0.9991,
# 99.6 % keep within it (benchmarks/duplicates.py).
RADIUS = 18.0
# ASSUME two segments whose lengths before padding differ by more are not the same one.
COMMON = 0.95
FLAT_POWER = 1e-6  # of a channel's own sum of squares: float32 leaves less
BATCH = 1024  # segments read at a time
QUERIES = 2048  # segments looked up at a time
CROWD = 256  # candidates beyond which a segment's nearest are compared first
NEAREST = 32
CODED = 256  # segments whose hashes are nearest, compared where none of the nearest is a duplicate
VALUES = 1 << 21  # samples of pairs compared at a time


@dataclass(frozen=True)
class Keys:
    """What the search knows of each segment before it reads a signal.

    Attributes
    ----------
    id_N : str
    part_N : str
        ``train``, ``validation``, ``test`` or ``out``.
    valid_N : int64
        Samples before padding.
    shape_hash_N : uint64
    """

    id_N: Sequence[str]
    part_N: PartColumn
    valid_N: Int64
    shape_hash_N: UInt64


@dataclass(frozen=True)
class NearDuplicate:
    """A segment and one that is nearly the same, in another part."""

    row: int
    other: int
    correlation: float


@dataclass(frozen=True)
class _Segments:
    """Signals to be compared, each channel centred and of unit norm, and their codes."""

    signal_NCT: Float32
    valid_N: Int64
    code_N8: Float32
    lags: int
    above: float


class _Codes:
    """Hashes of the segments that others are looked up among."""

    def __init__(self, code_U8: Float32) -> None:
        self._code_U8 = code_U8

    @cached_property
    def _tree(self) -> cKDTree:  # few searches have a crowd
        return cKDTree(self._code_U8, balanced_tree=False)

    def near(self, code_Q8: Float32) -> tuple[Int64, Int64]:
        """Return the pairs of each queried with its nearest within `RADIUS`, as places, (P,)."""
        number = min(CODED, len(self._code_U8))
        distance_QX, other_QX = self._tree.query(
            code_Q8, k=np.arange(1, number + 1), distance_upper_bound=RADIUS * (1 + 1e-9)
        )
        query_P, near_P = np.nonzero(np.isfinite(distance_QX))
        return query_P, np.asarray(other_QX[query_P, near_P], dtype=np.int64)


def search(
    directories: Sequence[Path], keys: Keys, *, query: str, pool: Sequence[str], above: float
) -> list[NearDuplicate]:
    """Return every segment of a part that has a near-duplicate in other parts.

    Parameters
    ----------
    directories
        Folders of shards.
    query, pool
        A part, and the parts to look in.
    above
        Correlation above which two segments are one.

    Returns
    -------
    list of NearDuplicate
        At most one for each segment of `query`, in order of rows: the most alike; of a crowd, one
        of the most alike.
    """
    queried_N = keys.part_N == query
    row_N = np.flatnonzero(queried_N | np.isin(keys.part_N, pool))
    queried_N = queried_N[row_N]
    if queried_N.all() or not queried_N.any():
        return []
    valid_N = keys.valid_N[row_N]
    with scratch_folder() as scratch:
        signal_NCT = _signals(
            directories, [keys.id_N[row] for row in row_N.tolist()], valid_N, scratch
        )
        lags = int(LAG_S * shards.meta(directories[0]).rate_hz + 1e-9)
        code_N8 = _bytes(keys.shape_hash_N[row_N])
        segments = _Segments(signal_NCT, valid_N, code_N8, lags, above)
        first_N = _first_alike(segments, keys.shape_hash_N[row_N], queried_N)
        alone_N = first_N == np.arange(len(first_N))
        best = _best(segments, np.flatnonzero(queried_N & alone_N), ~queried_N & alone_N)
    return [
        NearDuplicate(int(row_N[at]), int(row_N[best[first][0]]), best[first][1])
        for at, first in enumerate(first_N.tolist())
        if first in best
    ]


def _bytes(hash_N: UInt64) -> Float32:
    code_N8 = np.ascontiguousarray(hash_N, dtype="<u8").view(np.uint8).reshape(-1, 8)
    return code_N8.astype(np.float32)


def _first_alike(segments: _Segments, hash_N: UInt64, queried_N: npt.NDArray[np.bool_]) -> Int64:
    """Return for each segment the first of its side that is equal to the byte, shape (N,)."""
    first_N = np.arange(len(hash_N))
    _, kind_N, count_K = np.unique(hash_N, return_inverse=True, return_counts=True)
    known: dict[bytes, int] = {}
    for at in np.flatnonzero(count_K[kind_N] > 1).tolist():
        digest = hashlib.blake2b(segments.signal_NCT[at].tobytes(), digest_size=16)
        digest.update(b"%d %d" % (segments.valid_N[at], queried_N[at]))
        first_N[at] = known.setdefault(digest.digest(), at)
    return first_N


def _best(
    segments: _Segments, query_Q: Int64, other_N: npt.NDArray[np.bool_]
) -> dict[int, tuple[int, float]]:
    """Return the most alike other of each segment queried that has a near-duplicate."""
    best: dict[int, tuple[int, float]] = {}
    pool_U, valid_N = np.flatnonzero(other_N), segments.valid_N
    for at_Q, at_U, stop in groups(
        valid_N[query_Q], valid_N[pool_U], common=COMMON, lags=segments.lags
    ):
        among_U = pool_U[at_U]
        sketches = Sketches(
            segments.signal_NCT, among_U, lags=segments.lags, stop=stop, correlation=segments.above
        )
        codes = _Codes(segments.code_N8[among_U])
        for first in range(0, len(at_Q), QUERIES):
            some_Q = query_Q[at_Q[first : first + QUERIES]]
            for query_P, other_P, score_P in _alike_pairs(
                segments, sketches, codes, some_Q, among_U
            ):
                for query, other, score in zip(
                    query_P.tolist(), other_P.tolist(), score_P.tolist(), strict=True
                ):
                    if query not in best or (-score, other) < (-best[query][1], best[query][0]):
                        best[query] = other, score
    return best


Pairs = tuple[Int64, Int64, Float64]


def _alike_pairs(
    segments: _Segments, sketches: Sketches, codes: _Codes, query_Q: Int64, among_U: Int64
) -> Iterator[Pairs]:
    """Yield pairs of rows that are alike enough, and how much."""
    point_QSK, radius_QS = sketches.look_up(query_Q)
    wide_Q = np.isinf(radius_QS).any(axis=1)
    count_Q = np.full(len(query_Q), CROWD + 1)
    count_Q[~wide_Q] = sketches.count(point_QSK[~wide_Q], radius_QS[~wide_Q])
    few_Q = count_Q <= CROWD
    at_P, other_P = sketches.within(point_QSK[few_Q], radius_QS[few_Q])
    yield _alike(segments, query_Q[few_Q][at_P], among_U[other_P])
    if few_Q.all():
        return
    crowd_Q = query_Q[~few_Q]
    at_P, other_P = sketches.nearest(point_QSK[~few_Q], radius_QS[~few_Q], NEAREST)
    near = _alike(segments, crowd_Q[at_P], among_U[other_P])
    yield near
    left_Q = np.setdiff1d(crowd_Q, near[0])
    at_P, other_P = codes.near(segments.code_N8[left_Q])
    yield _alike(segments, left_Q[at_P], among_U[other_P])


def _alike(segments: _Segments, at_P: Int64, other_P: Int64) -> Pairs:
    """Return those of some pairs that are alike enough at some lag, and how much."""
    channels, samples = segments.signal_NCT.shape[1:]
    size = max(1, VALUES // (channels * samples))
    score_P = np.zeros(len(at_P))
    for first in range(0, len(at_P), size):
        some = slice(first, first + size)
        for lag in range(-segments.lags, segments.lags + 1):
            score_P[some] = np.maximum(
                score_P[some], _correlation(segments, at_P[some], other_P[some], lag)
            )
    hit_P = score_P > segments.above
    return at_P[hit_P], other_P[hit_P], score_P[hit_P]


def _correlation(segments: _Segments, at_P: Int64, other_P: Int64, lag: int) -> Float64:
    """Return the correlation of ``this[t + lag]`` with ``other[t]`` over what both have.

    Where that is too little, 0.
    """
    first, first_other = max(lag, 0), max(-lag, 0)
    length = segments.signal_NCT.shape[2] - abs(lag)
    valid_P, valid_other_P = segments.valid_N[at_P], segments.valid_N[other_P]
    count_P = np.minimum(valid_P - lag, valid_other_P) - first_other
    enough_P = count_P >= np.maximum(COMMON * np.maximum(valid_P, valid_other_P), 1)
    count_P1 = np.maximum(count_P, 1)[:, None]
    inside_P1T = (np.arange(length) < count_P1)[:, None]
    this_PCT, other_PCT = (
        np.where(inside_P1T, segments.signal_NCT[row_P, :, start : start + length], np.float64(0))
        for row_P, start in ((at_P, first), (other_P, first_other))
    )
    sum_PC, sum_other_PC = this_PCT.sum(axis=2), other_PCT.sum(axis=2)
    product_PC, spread_PC, spread_other_PC = (
        np.einsum("pct,pct->pc", one_PCT, two_PCT) - a_PC * b_PC / count_P1
        for one_PCT, two_PCT, a_PC, b_PC in (
            (this_PCT, other_PCT, sum_PC, sum_other_PC),
            (this_PCT, this_PCT, sum_PC, sum_PC),
            (other_PCT, other_PCT, sum_other_PC, sum_other_PC),
        )
    )
    flat_PC, flat_other_PC = spread_PC <= FLAT_POWER, spread_other_PC <= FLAT_POWER
    live_PC = ~flat_PC & ~flat_other_PC
    scale_PC = np.sqrt(np.where(live_PC, spread_PC * spread_other_PC, 1))
    score_PC = np.where(live_PC, np.abs(product_PC) / scale_PC, flat_PC & flat_other_PC)
    return np.where(enough_P, score_PC.mean(axis=1), 0.0)


def _signals(
    directories: Sequence[Path], ids: Sequence[str], valid_N: Int64, scratch: Path
) -> Float32:
    """Return the signals of some segments, each channel centred and of unit norm."""
    room_NCT, at = np.empty((0, 0, 0), np.float32), 0
    for batch in shards.stream(directories, ids, ["signal"], BATCH):
        signal_NCT = batch["signal"]
        if not at:
            shape = (len(ids), *signal_NCT.shape[1:])
            room_NCT = shards.scratch_array(shape, np.float32, scratch / "signals")
        after = at + len(signal_NCT)
        room_NCT[at:after] = _unit(signal_NCT, valid_N[at:after])
        at = after
    return room_NCT


def _unit(signal_NCT: Float32, valid_N: Int64) -> Float32:
    inside_N1T = (np.arange(signal_NCT.shape[2]) < valid_N[:, None])[:, None]
    count_N11 = np.maximum(valid_N, 1)[:, None, None]
    mean_NC1 = np.sum(signal_NCT, axis=2, keepdims=True, where=inside_N1T) / count_N11
    centred_NCT = np.where(inside_N1T, signal_NCT - mean_NC1, 0)
    norm_NC1 = np.linalg.norm(centred_NCT, axis=2, keepdims=True)
    # a constant leaves rounding behind, of the order of its own size
    size_NC1 = np.abs(signal_NCT).max(axis=2, keepdims=True) * np.sqrt(count_N11)
    live_NC1 = norm_NC1 > 1e-6 * size_NC1
    return np.where(live_NC1, centred_NCT / np.where(live_NC1, norm_NC1, 1), 0).astype(np.float32)

"""Search near-duplicate segments across the parts of a split: by hash first, then exactly.

Two segments are one when their normalised correlation, at some lag within 10 ms, is above a
threshold: the size of Pearson's coefficient (an inverted copy is a copy) over the samples that both
have before their padding, averaged over channels. Two flat
channels agree (1), a flat and a live one do not (0).

`cardiograft.signals.shape_hash` gives every segment eight bytes, and near-duplicates lie within
`RADIUS` of each other in them: signals are read for those candidates alone. In blocks of
neighbours, one matrix product a lag says which pairs can be alike enough at best; only those are
compared exactly.

Legend: N segments, C channels, T samples, Q segments queried, U candidates of any of them,
P pairs, O offsets.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from cardiograft.records import Float32, Float64, Int64
from cardiograft.segments import shards
from cardiograft.signals.shape_hash import UInt64
from cardiograft.splits.table import PartColumn

LAG_S = 0.010
# Euclidean distance of bytes: of beats shifted by 8 ms, with noise to a correlation of 0.9991,
# 99.6 % keep within it (benchmarks/duplicates.py).
RADIUS = 18.0
# ASSUME two segments whose lengths before padding differ by more are not the same one.
COMMON = 0.95
FLAT_POWER = 1e-6  # of a channel's own sum of squares: float32 leaves less
SLACK = 1e-5  # what float32 may take from a covariance of two channels of unit norm
BATCH = 1024  # segments read, or pairs compared, at a time
QUERIES = 128  # segments compared at a time, at most
OTHERS = 24576  # ... with so many, over all lags
PAIRS = 1 << 23  # pairs of codes listed at a time
HELD = 1 << 24  # candidates remembered before their signals are read


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
class _Block:
    """Rows of neighbouring segments, and of every candidate of one of them."""

    row_Q: Int64
    other_U: Int64


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
        At most one for each segment of `query`, in order of rows: the most alike.
    """
    query_N = np.flatnonzero(keys.part_N == query)
    pool_N = np.flatnonzero(np.isin(keys.part_N, pool))
    if not len(query_N) or not len(pool_N):
        return []
    lags = int(LAG_S * shards.meta(directories[0]).rate_hz + 1e-9)
    duplicates = [
        duplicate
        for blocks in _held(_blocks(keys.shape_hash_N, query_N, pool_N))
        for duplicate in _compared(directories, keys, blocks, lags=lags, above=above)
    ]
    return sorted(duplicates, key=lambda duplicate: duplicate.row)


def _blocks(hash_N: UInt64, query_N: Int64, pool_N: Int64) -> Iterator[_Block]:
    """Yield candidates, block by block of segments that lie together in the space of codes."""
    code_N8, pool_N8 = _bytes(hash_N[query_N]), _bytes(hash_N[pool_N])
    order_N = cKDTree(code_N8).indices
    # |a - b|² as one product of a with b: whole numbers below 2²⁴, exact in float32
    square_N, pool_square_N = ((c_N8**2).sum(axis=1) for c_N8 in (code_N8, pool_N8))
    left_N10 = np.column_stack([code_N8, square_N, np.ones_like(square_N)])
    right_N10 = np.column_stack([-2 * pool_N8, np.ones_like(pool_square_N), pool_square_N])
    size = int(np.clip(PAIRS // len(pool_N), 1, QUERIES))
    for first in range(0, len(order_N), size):
        some_Q = order_N[first : first + size]
        near_QU = left_N10[some_Q] @ right_N10.T <= RADIUS**2
        row_Q = query_N[some_Q[near_QU.any(axis=1)]]
        if len(row_Q):
            yield _Block(row_Q, pool_N[near_QU.any(axis=0)])


def _bytes(hash_N: UInt64) -> Float32:
    code_N8 = np.ascontiguousarray(hash_N, dtype="<u8").view(np.uint8).reshape(-1, 8)
    return code_N8.astype(np.float32)


def _held(blocks: Iterator[_Block]) -> Iterator[list[_Block]]:
    held: list[_Block] = []
    for block in blocks:
        held.append(block)
        if sum(len(b.other_U) for b in held) > HELD:
            yield held
            held = []
    if held:
        yield held


def _compared(
    directories: Sequence[Path], keys: Keys, blocks: list[_Block], *, lags: int, above: float
) -> Iterator[NearDuplicate]:
    row_N = np.unique(np.concatenate([r for b in blocks for r in (b.row_Q, b.other_U)]))
    valid_N = keys.valid_N[row_N]
    with tempfile.TemporaryDirectory(prefix="cardiograft-") as scratch:
        signal_NCT = _signals(directories, [keys.id_N[row] for row in row_N], valid_N, scratch)
        segments = _Segments(signal_NCT, valid_N, *_bounds(signal_NCT, valid_N, lags))
        fitting = (shards.IN_MEMORY_BYTES >> 2) // signal_NCT[0].nbytes
        size = max(1, min(OTHERS // (2 * lags + 1), fitting))
        for block in blocks:
            at_Q, at_U = np.searchsorted(row_N, block.row_Q), np.searchsorted(row_N, block.other_U)
            cuts = [at_U[first : first + size] for first in range(0, len(at_U), size)]
            hits = [_alike(segments, at_Q, some_U, above=above) for some_U in cuts]
            query_P, other_P, score_P = (np.concatenate(part) for part in zip(*hits, strict=True))
            order_P = np.lexsort((other_P, -score_P, query_P))
            _, best = np.unique(query_P[order_P], return_index=True)
            for hit in order_P[best]:
                query, other = int(row_N[query_P[hit]]), int(row_N[other_P[hit]])
                yield NearDuplicate(query, other, float(score_P[hit]))


@dataclass(frozen=True)
class _Segments:
    """Signals, each channel centred and of unit norm, and what bounds their correlations.

    Attributes
    ----------
    sum_OCN : float32
        From an offset on, over any number of samples that is enough: the largest size of a
        sum, divided by the square root of the smallest number.
    norm_OCN : float32
        Likewise, the smallest norm about the mean.
    """

    signal_NCT: Float32
    valid_N: Int64
    sum_OCN: Float32
    norm_OCN: Float32


def _bounds(signal_NCT: Float32, valid_N: Int64, lags: int) -> tuple[Float32, Float32]:
    segments, channels, samples = signal_NCT.shape
    sum_OCN = np.zeros((lags + 1, channels, segments), dtype=np.float32)
    norm_OCN = np.zeros_like(sum_OCN)
    for first in range(0, segments, BATCH):
        some = slice(first, first + BATCH)
        sum_NCT, square_NCT = (_running(signal_NCT[some] ** power) for power in (1, 2))
        least_N = np.maximum(np.floor(COMMON * valid_N[some]).astype(np.int64), 1)
        for offset in range(lags + 1):
            end_N = np.minimum(offset + least_N, samples)
            end_N11 = end_N[:, None, None]
            from_NCT = sum_NCT - sum_NCT[:, :, offset, None]
            allowed_N1T = np.arange(samples + 1) >= end_N11
            largest_NC = np.abs(from_NCT).max(axis=2, initial=0, where=allowed_N1T)
            sum_OCN[offset, :, some] = (largest_NC / np.sqrt(least_N)[:, None]).T
            # a sum of squares about the mean only grows with every sample
            part_NC = np.take_along_axis(from_NCT, end_N11, axis=2)[:, :, 0]
            square_NC = np.take_along_axis(square_NCT, end_N11, axis=2)[:, :, 0]
            square_NC = square_NC - square_NCT[:, :, offset]
            count_N1 = np.maximum(end_N - offset, 1)[:, None]
            spread_NC = np.maximum(square_NC - part_NC**2 / count_N1, 0)
            norm_OCN[offset, :, some] = np.sqrt(spread_NC).T
    return sum_OCN, norm_OCN


def _running(value_NCT: Float32) -> Float64:
    sum_NCT = np.cumsum(value_NCT, axis=2, dtype=np.float64)
    return np.pad(sum_NCT, ((0, 0), (0, 0), (1, 0)))


def _alike(
    segments: _Segments, at_Q: Int64, at_U: Int64, *, above: float
) -> tuple[Int64, Int64, Float64]:
    """Return the pairs that are alike enough at some lag, and how much, each of shape (P,)."""
    pairs = [*_possible(segments, at_Q, at_U, above=above)]
    query_P, other_P, lag_P, dot_PC = (np.concatenate(part) for part in zip(*pairs, strict=True))
    score_P = _correlation(segments, query_P, other_P, lag_P=lag_P, dot_PC=dot_PC)
    hit_P = score_P > above
    return query_P[hit_P], other_P[hit_P], score_P[hit_P]


def _possible(
    segments: _Segments, at_Q: Int64, at_U: Int64, *, above: float
) -> Iterator[tuple[Int64, Int64, Int64, Float32]]:
    """Yield, lag by lag, pairs whose covariance can be large enough, and their products.

    The covariance is their product less the two sums' over the number of samples, and must
    exceed the threshold times both norms, with either sign. Bounds of sums and norms need
    one segment each. A mean over C channels above a threshold leaves each of them above
    ``1 - C (1 - above)``; where that is negative, the largest norm, 1, is the one that bounds.
    """
    lags, channels = len(segments.sum_OCN) - 1, segments.signal_NCT.shape[1]
    needed = 1 - channels * (1 - above)
    norm_OCN = segments.norm_OCN if needed > 0 else np.ones_like(segments.norm_OCN)
    this_QCT, other_UCT = segments.signal_NCT[at_Q], segments.signal_NCT[at_U]
    valid_Q, valid_U = segments.valid_N[at_Q], segments.valid_N[at_U]
    for lag in range(-lags, lags + 1):
        first, first_other = max(lag, 0), max(-lag, 0)
        length = this_QCT.shape[2] - abs(lag)
        possible_QU, dots = np.True_, []
        for c in range(channels):
            this_QT = this_QCT[:, c, first : first + length]
            dots.append(this_QT @ other_UCT[:, c, first_other : first_other + length].T)
            left = needed * norm_OCN[first, c, at_Q], -segments.sum_OCN[first, c, at_Q]
            right = norm_OCN[first_other, c, at_U], segments.sum_OCN[first_other, c, at_U]
            least_QU = np.stack(left, axis=1) @ np.stack(right)
            least_QU -= SLACK
            possible_QU = possible_QU & (np.abs(dots[-1]) > least_QU)
        query_P, other_P = np.nonzero(possible_QU)
        common_P = np.minimum(valid_Q[query_P] - lag, valid_U[other_P]) - first_other
        longest_P = np.maximum(valid_Q[query_P], valid_U[other_P])
        enough_P = common_P >= np.maximum(COMMON * longest_P, 1)
        query_P, other_P = query_P[enough_P], other_P[enough_P]
        dot_PC = np.stack([dot_QU[query_P, other_P] for dot_QU in dots], axis=1)
        yield at_Q[query_P], at_U[other_P], np.full(len(query_P), lag), dot_PC


def _correlation(
    segments: _Segments, at_P: Int64, other_P: Int64, *, lag_P: Int64, dot_PC: Float32
) -> Float64:
    """Return the correlation of ``this[t + lag]`` with ``other[t]`` over what both have."""
    first_P, first_other_P = np.maximum(lag_P, 0), np.maximum(-lag_P, 0)
    valid_P, valid_other_P = segments.valid_N[at_P], segments.valid_N[other_P]
    count_P = np.minimum(valid_P - lag_P, valid_other_P) - first_other_P
    count_P1 = count_P[:, None]
    sum_PC, spread_PC = _moments(segments.signal_NCT, at_P, first_P, count_P)
    sum_other_PC, spread_other_PC = _moments(segments.signal_NCT, other_P, first_other_P, count_P)
    flat_PC, flat_other_PC = spread_PC <= FLAT_POWER, spread_other_PC <= FLAT_POWER
    live_PC = ~flat_PC & ~flat_other_PC
    scale_PC = np.sqrt(np.where(live_PC, spread_PC * spread_other_PC, 1))
    covariance_PC = dot_PC - sum_PC * sum_other_PC / count_P1
    score_PC = np.where(live_PC, np.abs(covariance_PC) / scale_PC, flat_PC & flat_other_PC)
    mean_P: Float64 = score_PC.mean(axis=1)
    return mean_P


def _moments(
    signal_NCT: Float32, at_P: Int64, first_P: Int64, count_P: Int64
) -> tuple[Float64, Float64]:
    """Return the sum, and that of squares about the mean, of stretches of segments, (P, C)."""
    at_N, row_P = np.unique(at_P, return_inverse=True)
    value_NCT = signal_NCT[at_N]
    sum_PC, square_PC = (
        running_NCT[row_P, :, first_P + count_P] - running_NCT[row_P, :, first_P]
        for running_NCT in (_running(value_NCT), _running(value_NCT**2))
    )
    return sum_PC, square_PC - sum_PC**2 / count_P[:, None]


def _signals(
    directories: Sequence[Path], ids: Sequence[str], valid_N: Int64, scratch: str
) -> Float32:
    """Return the signals of some segments, each channel centred and of unit norm."""
    room_NCT, at = np.empty((0, 0, 0), np.float32), 0
    for batch in shards.stream(directories, ids, ["signal"], BATCH):
        signal_NCT = batch["signal"]
        if not at:
            shape = (len(ids), *signal_NCT.shape[1:])
            room_NCT = shards.scratch_array(shape, np.float32, Path(scratch) / "signals")
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

"""Search near-duplicate segments across the parts of a split: by hash first, then exactly.

Two segments are one when their normalised correlation, at some lag within 10 ms, is above a
threshold: Pearson's coefficient over the samples that both have before their padding, averaged
over channels. Two flat channels agree (1), a flat and a live one do not (0).

`cardiograft.duplicates` gives every segment eight bytes, and near-duplicates lie within `RADIUS`
of each other in them. A k-d tree finds those candidates among a fraction of all pairs; signals
are read for them alone, and compared in blocks of neighbours.

Legend: N segments, C channels, T samples, Q segments asked about, U candidates of any of them.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from cardiograft import shards
from cardiograft.duplicates import UInt64
from cardiograft.records import Float32, Float64, Int64

Part = npt.NDArray[np.object_]

LAG_S = 0.010
# Euclidean distance of bytes: of beats shifted by 8 ms, with noise to a correlation of 0.9991,
# 99.6 % keep within it (benchmarks/duplicates.py).
RADIUS = 18.0
# ASSUME two segments whose lengths before padding differ by more are not the same one.
COMMON = 0.95
FLAT = 1e-6  # of a channel's own sum of squares: float32 leaves less
IN_MEMORY_BYTES = 256 << 20  # signals above it lie in a scratch file
BATCH = 1024  # segments read at a time
QUERIES = 128  # segments compared at a time, at most
OTHERS = 8192  # ... with so many
PAIRS = 1 << 23  # pairs of codes listed at a time
HELD = 1 << 24  # candidates remembered before their signals are read


@dataclass(frozen=True)
class Keys:
    """What the search needs to know of each segment before it reads a signal.

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
    part_N: Part
    valid_N: Int64
    shape_hash_N: UInt64


@dataclass(frozen=True)
class Twin:
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
) -> list[Twin]:
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
    list of Twin
        At most one for each segment of `query`, in order of rows: the most alike.
    """
    query_N = np.flatnonzero(keys.part_N == query)
    pool_N = np.flatnonzero(np.isin(keys.part_N, pool))
    if not len(query_N) or not len(pool_N):
        return []
    lags = int(LAG_S * shards.meta(directories[0]).rate_hz + 1e-9)
    twins = [
        twin
        for blocks in _held(_blocks(keys.shape_hash_N, query_N, pool_N))
        for twin in _compared(directories, keys, blocks, lags=lags, above=above)
    ]
    return sorted(twins, key=lambda twin: twin.row)


def _blocks(hash_N: UInt64, query_N: Int64, pool_N: Int64) -> Iterator[_Block]:
    """Yield candidates, block by block of segments that lie together in the space of codes."""
    tree = cKDTree(_bytes(hash_N[pool_N]), leafsize=32)
    code_N8 = _bytes(hash_N[query_N])
    order_N = cKDTree(code_N8).indices
    size = int(np.clip(PAIRS // len(pool_N), 1, QUERIES))
    for first in range(0, len(order_N), size):
        some_Q = order_N[first : first + size]
        near = cKDTree(code_N8[some_Q]).sparse_distance_matrix(tree, RADIUS, output_type="ndarray")
        if len(near):
            yield _Block(query_N[some_Q[np.unique(near["i"])]], pool_N[np.unique(near["j"])])


def _bytes(hash_N: UInt64) -> Float64:
    return np.ascontiguousarray(hash_N, dtype="<u8").view(np.uint8).reshape(-1, 8).astype(float)


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
) -> Iterator[Twin]:
    row_N = np.unique(np.concatenate([r for b in blocks for r in (b.row_Q, b.other_U)]))
    valid_N = keys.valid_N[row_N]
    with tempfile.TemporaryDirectory(prefix="cardiograft-") as scratch:
        signal_NCT = _signals(directories, [keys.id_N[row] for row in row_N], valid_N, scratch)
        for block in blocks:
            at_Q, at_U = np.searchsorted(row_N, block.row_Q), np.searchsorted(row_N, block.other_U)
            queries = _Side(signal_NCT[at_Q], valid_N[at_Q])
            best_Q, score_Q = np.zeros(len(at_Q), np.int64), np.full(len(at_Q), -1.0)
            for first in range(0, len(at_U), OTHERS):
                some_U = at_U[first : first + OTHERS]
                score_QU = _correlation(queries, _Side(signal_NCT[some_U], valid_N[some_U]), lags)
                top_Q = score_QU.argmax(axis=1)
                top_score_Q = np.take_along_axis(score_QU, top_Q[:, None], axis=1)[:, 0]
                best_Q = np.where(top_score_Q > score_Q, some_U[top_Q], best_Q)
                score_Q = np.maximum(top_score_Q, score_Q)
            for hit in np.flatnonzero(score_Q > above):
                other = int(row_N[best_Q[hit]])
                yield Twin(int(block.row_Q[hit]), other, float(score_Q[hit]))


def _signals(
    directories: Sequence[Path], ids: Sequence[str], valid_N: Int64, scratch: str
) -> Float32:
    """Return the signals of some segments, each channel centred and of unit norm."""
    room_NCT, at = np.empty((0, 0, 0), np.float32), 0
    for batch in shards.stream(directories, ids, ["signal"], BATCH):
        signal_NCT = batch["signal"]
        if not at:
            room_NCT = _room((len(ids), *signal_NCT.shape[1:]), Path(scratch) / "signals")
        after = at + len(signal_NCT)
        room_NCT[at:after] = _unit(signal_NCT, valid_N[at:after])
        at = after
    return room_NCT


def _room(shape: tuple[int, ...], place: Path) -> Float32:
    if int(np.prod(shape)) * 4 <= IN_MEMORY_BYTES:
        return np.empty(shape, dtype=np.float32)
    return np.memmap(place, np.float32, "w+", shape=shape)


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


class _Side:
    """Segments with what their correlation at any lag needs, computed once."""

    def __init__(self, signal_NCT: Float32, valid_N: Int64) -> None:
        self.signal_CNT = np.ascontiguousarray(signal_NCT.swapaxes(0, 1))
        self.valid_N = valid_N
        self.sum_CNT = _running(self.signal_CNT)
        self.square_CNT = _running(self.signal_CNT**2)


def _running(value_CNT: Float32) -> Float32:
    sum_CNT = np.cumsum(value_CNT, axis=2, dtype=np.float64).astype(np.float32)
    return np.pad(sum_CNT, ((0, 0), (0, 0), (1, 0)))


def _correlation(this: _Side, other: _Side, lags: int) -> Float32:
    """Return the largest correlation over lags, shape (Q, U)."""
    channels = len(this.signal_CNT)
    longest_QU = np.maximum(this.valid_N[:, None], other.valid_N)
    best_QU = np.full(longest_QU.shape, -1, dtype=np.float32)
    for lag in range(-lags, lags + 1):
        stop_QU = np.minimum(this.valid_N[:, None] - lag, other.valid_N)
        count_QU = (stop_QU - max(-lag, 0)).astype(np.float32)
        score_QU = sum(
            _at_lag(this, other, lag, channel=channel, count_QU=np.maximum(count_QU, 1))
            for channel in range(channels)
        )
        enough_QU = count_QU >= COMMON * longest_QU
        np.maximum(best_QU, score_QU / channels, where=enough_QU, out=best_QU)
    return best_QU


def _at_lag(this: _Side, other: _Side, lag: int, *, channel: int, count_QU: Float32) -> Float32:
    """Return the correlation of ``this[t + lag]`` with ``other[t]`` over what both have.

    Zeros follow each segment, so that a running sum taken beyond its end is its whole sum.
    """
    samples = this.signal_CNT.shape[2]
    first, first_other = max(lag, 0), max(-lag, 0)
    stop_U = np.clip(other.valid_N + lag, first, samples)
    stop_Q = np.clip(this.valid_N - lag, first_other, samples)

    def over_both(this_NT: Float32, other_NT: Float32) -> tuple[Float32, Float32]:
        this_QU = this_NT[:, stop_U] - this_NT[:, first, None]
        other_UQ = other_NT[:, stop_Q] - other_NT[:, first_other, None]
        return this_QU, other_UQ.T

    sum_QU, sum_other_QU = over_both(this.sum_CNT[channel], other.sum_CNT[channel])
    spread_QU, spread_other_QU = over_both(this.square_CNT[channel], other.square_CNT[channel])
    spread_QU -= sum_QU**2 / count_QU
    spread_other_QU = spread_other_QU - sum_other_QU**2 / count_QU
    this_QT = this.signal_CNT[channel][:, first : samples - first_other]
    other_UT = other.signal_CNT[channel][:, first_other : samples - first]
    covariance_QU = this_QT @ other_UT.T - sum_QU * sum_other_QU / count_QU
    flat_QU, flat_other_QU = spread_QU <= FLAT, spread_other_QU <= FLAT
    product_QU = np.where(flat_QU | flat_other_QU, 1, spread_QU * spread_other_QU)
    score_QU: Float32 = np.where(
        flat_QU | flat_other_QU, flat_QU & flat_other_QU, covariance_QU / np.sqrt(product_QU)
    )
    return score_QU.astype(np.float32, copy=False)

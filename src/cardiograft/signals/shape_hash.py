"""A 64-bit code of a segment's shape: near-duplicates have similar codes.

Eight bytes, each a quantised projection of a descriptor that scale, offset and a shift of a few
milliseconds leave almost as it was: near-duplicates get codes whose bytes lie close together,
identical segments get identical codes. `cardiograft.splits.leakage` searches them.

The descriptor is the product of each spectral line with its neighbour's conjugate, of the
tapered signal: delaying the signal turns every product by the same small angle, while the phases
between lines, which hold the shape, stay. A projection on random directions keeps distances
(Johnson & Lindenstrauss 1984); quantised projections as a hash: Datar et al. 2004,
doi:10.1145/997817.997857.

Legend: N segments, C channels, T samples, V samples before the zeros that pad a segment,
K spectral lines, D = 2 C (K - 1) descriptor values.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.fft import next_fast_len

from cardiograft.records import Float32, Int64
from cardiograft.signals.scaling import FLAT

UInt64 = npt.NDArray[np.uint64]
TOP_HZ = 15.0  # above it lies more noise than shape
LEAST_S = 2.5  # shorter segments are padded: lines closer together turn less under a shift
POWER = 0.75  # between 0.5 (all lines alike, noisy) and 1 (a few lines decide)
STEP = 1 / 32  # a projection has unit variance over random directions: +-4 fill a byte
EXACT = 1 << 14  # the descriptor in integers: float32 then sums exactly, in any order
BLOCK = 1 << 20  # samples worked on at a time


def shape_hash(signal_NCT: Float32, rate_hz: float) -> UInt64:
    """Return the shape code of each segment.

    Parameters
    ----------
    signal_NCT : float32, shape (N, C, T)
        Finite. Zeros at the end of all channels count as padding.
    rate_hz
        Sampling rate.

    Returns
    -------
    uint64, shape (N,)
        Eight bytes of 128 + projection / `STEP`. Scale, offset and sign of a channel do not
        count; flat channels add nothing.
    """
    count, channels, samples = signal_NCT.shape
    rows = max(1, BLOCK // (channels * samples))
    hash_N = np.empty(count, dtype=np.uint64)
    for at in range(0, count, rows):
        block_NCT = np.asarray(signal_NCT[at : at + rows], dtype=np.float32)
        hash_N[at : at + rows] = _code(_descriptor(block_NCT, rate_hz))
    return hash_N


def samples_before_padding(signal_NCT: Float32) -> Int64:
    """Return how many samples of each segment precede the zeros at its end, shape (N,)."""
    alive_NT = (signal_NCT != 0).any(axis=1)
    last_N = alive_NT.shape[1] - alive_NT[:, ::-1].argmax(axis=1)
    return np.where(alive_NT.any(axis=1), last_N, 0).astype(np.int64)


def _descriptor(signal_NCT: Float32, rate_hz: float) -> Float32:
    taper_NT = _taper(samples_before_padding(signal_NCT), signal_NCT.shape[2])
    weight_N1 = np.maximum(taper_NT.sum(axis=1, keepdims=True), FLAT)
    channels = []
    for signal_NT in np.moveaxis(signal_NCT, 1, 0):
        mean_N1 = np.einsum("nt,nt->n", signal_NT, taper_NT)[:, None] / weight_N1
        centred_NT = (signal_NT - mean_N1) * taper_NT
        peak_N = np.abs(centred_NT).max(axis=1)
        flat_N = peak_N <= FLAT * np.abs(signal_NT).max(axis=1)
        channels.append(np.where(flat_N[:, None], 0, _products(centred_NT, rate_hz)))
    descriptor_ND: Float32 = np.concatenate(channels, axis=1) / len(channels) ** 0.5
    return descriptor_ND


def _taper(valid_N: Int64, samples: int) -> Float32:
    position_T = np.arange(1, samples + 1, dtype=np.float32)
    turn_N1 = (2 * np.pi / (valid_N + 1)).astype(np.float32)[:, None]
    hann_NT = 0.5 - 0.5 * np.cos(turn_N1 * position_T)
    return np.where(position_T <= valid_N[:, None], hann_NT, 0).astype(np.float32)


def _products(tapered_NT: Float32, rate_hz: float) -> Float32:
    length = next_fast_len(max(tapered_NT.shape[1], int(LEAST_S * rate_hz)), real=True)
    lines = min(length // 2 + 1, int(np.ceil(TOP_HZ * length / rate_hz)) + 1)
    line_NK: npt.NDArray[Any] = np.fft.rfft(tapered_NT, length, axis=1)[:, :lines]
    product_NK = line_NK[:, :-1] * line_NK[:, 1:].conj()
    size_NK = np.abs(product_NK)
    product_NK *= np.where(size_NK > 0, size_NK, 1) ** np.float32(POWER - 1)
    product_ND = np.concatenate([product_NK.real, product_NK.imag], axis=1)
    norm_N1 = np.linalg.norm(product_ND, axis=1, keepdims=True)
    unit_ND = product_ND / np.where(norm_N1 > 0, norm_N1, 1)
    return unit_ND.astype(np.float32, copy=False)


def _code(unit_ND: Float32) -> UInt64:
    directions = np.random.default_rng(0).choice([-1, 1], size=(unit_ND.shape[1], 8))
    sum_N8 = np.rint(unit_ND * EXACT) @ directions.astype(np.float32)
    step_N8 = np.clip(np.rint(sum_N8 / (EXACT * STEP)) + 128, 0, 255)
    hash_N1: UInt64 = step_N8.astype(np.uint8).view("<u8").astype(np.uint64)
    return hash_N1[:, 0]

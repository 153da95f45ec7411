"""Seven transformations of a beat, for a pretext task that recognises them, batch by batch.

Each works on the unpadded beat; the result is cut at the segment's length or padded with
zeros again. Nothing is scaled afterwards.

Legend: B batch, C channels, T samples, P pieces, K filter taps.
Source: study `transform_recognition`, pretext; after doi:10.1109/TAFFC.2020.3014842.
"""

from functools import cache

import numpy as np
import torch
from torch import Generator, Tensor

NAMES = (
    "identity",
    "negation",
    "inversion",
    "noise",
    "permutation",
    "stretch",
    "squeeze",
    "amplitude",
)
HALF = 20  # taps on each side of the middle: what scipy.signal.resample_poly takes for 1:2
AMPLITUDE = 0.1


@cache
def _half_band() -> Tensor:
    """Return the anti-alias filter of `scipy.signal.resample_poly` for 1:2 and 2:1."""
    time_K = np.arange(-HALF, HALF + 1)
    taps_K = np.sinc(time_K / 2) * np.kaiser(len(time_K), 5.0)
    return torch.from_numpy((taps_K / taps_K.sum()).astype(np.float32))


def transform(
    signal_BCT: Tensor,
    valid_B: Tensor,
    version_B: Tensor,
    generator: Generator,
    *,
    noise: float,
    pieces: int,
) -> tuple[Tensor, Tensor]:
    """Put each beat through the transformation that its version names.

    Parameters
    ----------
    signal_BCT : float32, shape (B, C, T)
        Beats, padded with zeros from ``valid_B`` on.
    valid_B : int64, shape (B,)
        Samples of each beat, 1 to T.
    version_B : int64, shape (B,)
        Index into `NAMES`.
    noise
        SD of the noise, as a share of the beat's own range.
    pieces
        How many pieces a permutation cuts the beat into.

    Returns
    -------
    Tensor, Tensor
        Transformed beats, float32 (B, C, T), and their lengths before padding, int64 (B,).
    """
    out_BCT, length_B = signal_BCT.clone(), valid_B.clone()
    for version, name in enumerate(NAMES[1:], start=1):
        rows = torch.nonzero(version_B == version).flatten()
        if not len(rows):
            continue
        beat_BCT, valid = signal_BCT[rows], valid_B[rows]
        if name == "negation":
            new = -beat_BCT
        elif name == "inversion":
            new = _inverted(beat_BCT, valid)
        elif name == "noise":
            new = _noisy(beat_BCT, valid, generator, noise)
        elif name == "permutation":
            new = _permuted(beat_BCT, valid, generator, pieces)
        elif name == "stretch":
            new, length_B[rows] = _stretched(beat_BCT, valid)
        elif name == "squeeze":
            new, length_B[rows] = _squeezed(beat_BCT, valid)
        else:
            new = AMPLITUDE * beat_BCT
        out_BCT[rows] = new
    return out_BCT, length_B


def tiled(signal_BCT: Tensor, valid_B: Tensor) -> Tensor:
    """Return beats whose padding is hidden: forward, backward, forward ... to the end."""
    # ASSUME mirrored copies: a held last value would be a flat tail, and could be counted
    # as well as zeros can.
    time_T = torch.arange(signal_BCT.shape[-1], device=signal_BCT.device)
    return _at(signal_BCT, _reflected(time_T, valid_B))


def _at(signal_BCT: Tensor, index_BT: Tensor) -> Tensor:
    index_BCT = index_BT[:, None, :].expand(-1, signal_BCT.shape[1], -1)
    return torch.gather(signal_BCT, 2, index_BCT)


def _inside(samples: int, length_B: Tensor) -> Tensor:
    time_T = torch.arange(samples, device=length_B.device)
    return time_T < length_B[:, None]


def _reflected(time: Tensor, valid_B: Tensor) -> Tensor:
    """Fold times of any sign into 0 ... valid - 1, without repeating the ends."""
    last = (valid_B - 1).view(-1, *[1] * time.ndim)
    period = (2 * last).clamp(min=1)
    folded = torch.remainder(time, period)
    return torch.minimum(torch.minimum(folded, period - folded), last)


def _inverted(beat_BCT: Tensor, valid_B: Tensor) -> Tensor:
    time_T = torch.arange(beat_BCT.shape[-1], device=beat_BCT.device)
    index_BT = valid_B[:, None] - 1 - time_T
    inside_BT = index_BT >= 0
    return _at(beat_BCT, index_BT.clamp(min=0)) * inside_BT[:, None]


def _noisy(beat_BCT: Tensor, valid_B: Tensor, generator: Generator, share: float) -> Tensor:
    inside_B1T = _inside(beat_BCT.shape[-1], valid_B)[:, None]
    infinite = torch.inf
    high = beat_BCT.masked_fill(~inside_B1T, -infinite).amax(-1, keepdim=True)
    low = beat_BCT.masked_fill(~inside_B1T, infinite).amin(-1, keepdim=True)
    drawn = torch.randn(beat_BCT.shape, generator=generator, device=beat_BCT.device)
    return beat_BCT + inside_B1T * share * (high - low) * drawn


def _permuted(beat_BCT: Tensor, valid_B: Tensor, generator: Generator, pieces: int) -> Tensor:
    rows, samples = len(beat_BCT), beat_BCT.shape[-1]
    device = beat_BCT.device
    order_BP = torch.rand((rows, pieces), generator=generator, device=device).argsort(1)
    # ASSUME the order as it was does not count as a permutation: it would be mislabelled.
    same_B1 = (order_BP == torch.arange(pieces, device=device)).all(1, keepdim=True)
    order_BP = torch.where(same_B1, order_BP.roll(1, 1), order_BP)
    edge_BP = valid_B[:, None] * torch.arange(pieces + 1, device=device) // pieces
    end_BP = torch.diff(edge_BP).gather(1, order_BP).cumsum(1)
    shift_BP = edge_BP.gather(1, order_BP) - torch.nn.functional.pad(end_BP, (1, 0))[:, :-1]
    time_BT = torch.arange(samples, device=device).expand(rows, -1).contiguous()
    slot_BT = torch.searchsorted(end_BP, time_BT, right=True)
    inside_BT = slot_BT < pieces
    index_BT = time_BT + shift_BP.gather(1, slot_BT.clamp(max=pieces - 1))
    return _at(beat_BCT, torch.where(inside_BT, index_BT, time_BT))


def _stretched(beat_BCT: Tensor, valid_B: Tensor) -> tuple[Tensor, Tensor]:
    """Twice as long: y[n] = sum over k of 2 h[k] x[(n + HALF - k) / 2], whole indices only."""
    samples = beat_BCT.shape[-1]
    length_B = (2 * valid_B).clamp(max=samples)
    taps_K = 2 * _half_band().to(beat_BCT.device)
    pairs = (samples + 1) // 2
    # HALF is even, so an even sample is weighed by the even taps and an odd one the odd taps.
    out = beat_BCT.new_empty(*beat_BCT.shape[:2], pairs, 2)
    centre_T = torch.arange(pairs, device=beat_BCT.device)
    for odd in (0, 1):
        taps = taps_K[odd::2]
        offset_K = (odd + HALF - torch.arange(odd, 2 * HALF + 1, 2)) // 2
        out[..., odd] = _filtered(beat_BCT, valid_B, centre_T, offset_K, taps)
    new_BCT = out.flatten(2)[..., :samples]
    return new_BCT * _inside(samples, length_B)[:, None], length_B


def _squeezed(beat_BCT: Tensor, valid_B: Tensor) -> tuple[Tensor, Tensor]:
    """Half as long: y[n] = sum over k of h[k] x[2 n + HALF - k]."""
    samples = beat_BCT.shape[-1]
    length_B = (valid_B + 1) // 2
    centre_T = 2 * torch.arange((samples + 1) // 2, device=beat_BCT.device)
    offset_K = HALF - torch.arange(2 * HALF + 1)
    half = _filtered(beat_BCT, valid_B, centre_T, offset_K, _half_band())
    new_BCT = torch.nn.functional.pad(half, (0, samples - half.shape[-1]))
    return new_BCT * _inside(samples, length_B)[:, None], length_B


def _filtered(
    beat_BCT: Tensor, valid_B: Tensor, centre_T: Tensor, offset_K: Tensor, taps_K: Tensor
) -> Tensor:
    """Return the weighted sums of x[centre + offset], x reflected at both ends."""
    device = beat_BCT.device
    time_TK = centre_T[:, None] + offset_K.to(device)
    index_BTK = _reflected(time_TK, valid_B)
    index_BCN = index_BTK.flatten(1)[:, None].expand(-1, beat_BCT.shape[1], -1)
    near_BCN = torch.gather(beat_BCT, 2, index_BCN)
    near_BCTK = near_BCN.view(*beat_BCT.shape[:2], *time_TK.shape)
    return torch.matmul(near_BCTK, taps_K.to(device))

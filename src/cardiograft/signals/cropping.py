"""Crops of segments, and their scale: as many samples of each, at a random place or in the middle.

Legend: B batch, C channels, T samples of a segment, S samples of a crop.
"""

import torch
from torch import Generator, Tensor

# ASSUME a crop whose deviation is under a millionth of its largest value is flat.
FLAT = 1e-6


def cropped(
    signal_BCT: Tensor, valid_B: Tensor, samples: int, generator: Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Cut as many samples out of each segment; the channels of one are cut alike.

    Parameters
    ----------
    signal_BCT : float32, shape (B, C, T)
        Segments, padded from ``valid_B`` on.
    valid_B : int64, shape (B,)
        Samples of each segment, 1 to T. No crop begins or ends outside of them, unless there are
        fewer than `samples`: such a segment is taken from its first sample on, with padding.
    samples
        S, at most T.
    generator
        What the places are drawn from, all equally likely; without one, the middle.

    Returns
    -------
    crop_BCS : float32, shape (B, C, S)
    valid_B : int64, shape (B,)
        Samples of each crop that are no padding.
    """
    spare_B = (valid_B - samples).clamp(min=0)
    if generator is None:
        start_B = spare_B // 2
    else:
        share_B = torch.rand(
            len(valid_B), generator=generator, device=generator.device, dtype=torch.float64
        )
        start_B = (share_B.to(spare_B.device) * (spare_B + 1)).long()
    index_BS = start_B[:, None] + torch.arange(samples, device=signal_BCT.device)
    index_BCS = index_BS[:, None].expand(-1, signal_BCT.shape[1], -1)
    return signal_BCT.gather(2, index_BCS), (valid_B - start_B).clamp(max=samples)


def standardised(signal_BCT: Tensor, valid_B: Tensor) -> Tensor:
    """Return each channel with mean 0 and deviation 1 over its valid samples, and zeros after.

    A flat channel comes out as zeros.
    """
    there_B1T = (
        torch.arange(signal_BCT.shape[-1], device=signal_BCT.device) < valid_B[:, None, None]
    )
    count_B11 = valid_B[:, None, None]
    mean_BC1 = (signal_BCT * there_B1T).sum(-1, keepdim=True) / count_B11
    centred_BCT = (signal_BCT - mean_BC1) * there_B1T
    deviation_BC1 = (centred_BCT.square().sum(-1, keepdim=True) / count_B11).sqrt()
    flat_BC1 = deviation_BC1 <= FLAT * signal_BCT.abs().amax(-1, keepdim=True)
    return torch.where(flat_BC1, 0.0, centred_BCT / torch.where(flat_BC1, 1.0, deviation_BC1))

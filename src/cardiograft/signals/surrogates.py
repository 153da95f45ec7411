"""Beats that keep their power spectrum and lose their shape: a control for what a task teaches.

Legend: B batch, C channels, T samples, K frequencies.
Source: doi:10.1016/0167-2789(92)90102-S (phase-randomised surrogates), with one phase a
frequency for all channels: doi:10.1103/PhysRevLett.73.951.
"""

import math

import torch
from torch import Generator, Tensor


def phase_shuffled(signal_BCT: Tensor, valid_B: Tensor, generator: Generator) -> Tensor:
    """Return beats with random Fourier phases.

    Parameters
    ----------
    signal_BCT : float32, shape (B, C, T)
        Beats, padded with zeros from ``valid_B`` on.
    valid_B : int64, shape (B,)
        Samples of each beat, 1 to T; only these are shuffled.
    generator
        What the phases are drawn from.

    Returns
    -------
    Tensor
        float32, shape (B, C, T): mean and power spectrum of each beat are as they were, and so
        is the padding.
    """
    rows, _, samples = signal_BCT.shape
    frequencies = samples // 2 + 1
    turn_BK = torch.rand((rows, frequencies), generator=generator, device=signal_BCT.device)
    factor_BK = torch.polar(torch.ones_like(turn_BK), 2 * math.pi * turn_BK)
    factor_BK[:, 0] = 1  # the mean
    out_BCT = signal_BCT.clone()
    for length in sorted(set(valid_B.tolist())):
        here = torch.nonzero(valid_B == length).flatten()
        factor = factor_BK[here, None, : length // 2 + 1]
        if length % 2 == 0:
            # A real signal has a real coefficient at half the rate.
            factor[..., -1] = 1
        spectrum = torch.fft.rfft(signal_BCT[here, :, :length]) * factor
        out_BCT[here, :, :length] = torch.fft.irfft(spectrum, n=length)
    return out_BCT

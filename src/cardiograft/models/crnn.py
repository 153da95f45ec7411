"""Residual convolutions, then a recurrent layer over their steps: the rhythm of a whole recording.

A stem and blocks that normalise and activate before they convolve, beside a shortcut; a block that
is wider than the one before it halves the steps. At 125 Hz a step after the last block is 128 ms:
short enough to tell one R-R interval from the next, which the recurrent layer, read in both
directions, compares over the whole recording. Its mean and its maximum over the steps are the code.
With a stem that passes over four samples at a time (``stride: 4, stem: 31, widths: [24, 24, 48, 64,
64]``) a step after the last block is as long, for about half of the time.

Legend: B batch, C channels, T samples, F scalar features (none), S steps, W width of the last
block.
Source: blocks that activate first, arXiv:1603.05027; convolutions before a recurrence over ECGs,
Zihlmann, Perekrestenko & Tschannen, Comput Cardiol 2017;44, doi:10.22489/CinC.2017.070-060. Widths
are our own.
"""

from itertools import pairwise
from typing import Annotated

import torch
from annotated_types import Ge, Lt
from torch import Tensor, nn
from torch.nn import functional

from cardiograft.models.layers.convolution import SLOPE, convolution, flatwise
from cardiograft.models.layers.dense import headed
from cardiograft.plugins import Eights, Odd
from cardiograft.records import Shape


class Block(nn.Module):
    """Normalise, activate, convolve, twice, beside a shortcut: S steps, or half as many."""

    def __init__(self, channels: int, width: int, *, kernel: int, dropout: float) -> None:
        super().__init__()
        self.halves = width > channels
        self.norm = nn.BatchNorm2d(channels)
        stride = 2 if self.halves else 1
        self.first = convolution(channels, width, kernel=kernel, stride=stride, bias=False)
        self.second_norm = nn.BatchNorm2d(width)
        self.dropout = nn.Dropout(dropout)
        self.second = convolution(width, width, kernel=kernel)
        self.shortcut = convolution(channels, width, kernel=1) if width != channels else None

    def forward(self, code_BC1S: Tensor) -> Tensor:
        """Return (B, width, 1, S), or S / 2 rounded up."""
        inner = self.first(functional.leaky_relu(self.norm(code_BC1S), SLOPE))
        inner = self.second(self.dropout(functional.leaky_relu(self.second_norm(inner), SLOPE)))
        past = code_BC1S
        if self.halves:
            past = functional.max_pool2d(past, (1, 2), ceil_mode=True)
        if self.shortcut is not None:
            past = self.shortcut(past)
        added: Tensor = past + inner
        return added


class Encoder(nn.Module):
    """Signal to a code: (B, C, T) to (B, 2 W)."""

    def __init__(
        self,
        channels: int,
        *,
        widths: tuple[int, ...],
        kernel: int,
        stem: int,
        stride: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.stem = convolution(channels, widths[0], kernel=stem, stride=stride, bias=False)
        self.blocks = nn.Sequential(
            *(Block(a, b, kernel=kernel, dropout=dropout) for a, b in pairwise(widths))
        )
        self.last_norm = nn.BatchNorm2d(widths[-1])
        self.recurrence = nn.GRU(widths[-1], widths[-1] // 2, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        """Return means, then maxima, over the steps; features are not used."""
        code_BC1S = self.blocks(self.stem(flatwise(signal_BCT)))
        code_BC1S = functional.leaky_relu(self.last_norm(code_BC1S), SLOPE)
        code_BSC, _ = self.recurrence(code_BC1S[:, :, 0].transpose(1, 2).contiguous())
        dropped: Tensor = self.dropout(torch.cat([code_BSC.mean(1), code_BSC.amax(1)], dim=1))
        return dropped


def build(
    shape: Shape,
    *,
    widths: Eights = (16, 16, 32, 32, 48, 64, 64),
    kernel: Odd = 7,
    stem: Odd = 15,
    stride: Annotated[int, Ge(1)] = 2,
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.2,
) -> nn.Module:
    """Return the network with random weights.

    Parameters
    ----------
    shape
        ``outputs`` are ``(classes,)``; ``features`` 0. Signals of any length fit the same weights.
    widths
        Channels of the stem, then of each block, which halves the steps where it is wider than
        what comes before; the last one is even.
    kernel, stem
        Samples of the blocks' and the stem's kernels, odd.
    stride
        Samples from one step of the stem to the next.
    dropout
        Share of the numbers that are zeroed while training, in the blocks and of the code.

    Raises
    ------
    ValueError
        The outputs are a signal, or features are requested.
    """
    if shape.features:
        raise ValueError(f"signals alone are taken, not {shape.features} features beside them")
    encoder = Encoder(
        shape.channels, widths=widths, kernel=kernel, stem=stem, stride=stride, dropout=dropout
    )
    return headed(encoder, 2 * widths[-1], shape)

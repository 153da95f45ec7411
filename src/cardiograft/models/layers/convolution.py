"""Layers that the models share, in the layout that is fastest on one CPU thread.

A 1-D convolution runs as a 1 x k one in two dimensions, channels last. The sizes of its
kernel are therefore (out, in, 1, k).

Legend: B batch, C channels, T samples.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.01  # of a LeakyReLU, below zero


def flatwise(signal_BCT: Tensor) -> Tensor:
    """Return a signal as an image one pixel high: shape (B, C, 1, T), channels last."""
    return signal_BCT.unsqueeze(2).contiguous(memory_format=torch.channels_last)


def convolution(
    channels: int,
    width: int,
    *,
    kernel: int,
    stride: int = 1,
    dilation: int = 1,
    bias: bool = True,
) -> nn.Conv2d:
    """Return a 1-D convolution for what `flatwise` gives; T becomes T / stride, rounded up.

    Raises
    ------
    ValueError
        The kernel is even: there would be no sample in its middle.
    """
    if kernel % 2 == 0:
        raise ValueError(f"kernel {kernel} is even: the output would not keep its length")
    layer = nn.Conv2d(
        channels,
        width,
        (1, kernel),
        stride=(1, stride),
        dilation=(1, dilation),
        padding=(0, dilation * (kernel // 2)),
        bias=bias,
    )
    layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)
    return layer


class PooledConvolution(nn.Module):
    """Convolution, LeakyReLU, max-pool by 2: (B, C, 1, T) to (B, width, 1, T // 2).

    The activation comes last because it never falls: max-pooling before or after it gives
    the same numbers, and before it there is half as much to activate.
    """

    def __init__(self, channels: int, width: int, *, kernel: int) -> None:
        super().__init__()
        self.convolution = convolution(channels, width, kernel=kernel)

    def forward(self, signal_BC1T: Tensor) -> Tensor:
        """Convolve, pool, activate."""
        pooled = functional.max_pool2d(self.convolution(signal_BC1T), (1, 2))
        return functional.leaky_relu(pooled, SLOPE)


def pooled_stack(channels: int, widths: tuple[int, ...], *, kernel: int) -> nn.Sequential:
    """Return one `PooledConvolution` a width."""
    steps = pairwise((channels, *widths))
    return nn.Sequential(*(PooledConvolution(a, b, kernel=kernel) for a, b in steps))

"""What networks of pictures share: their layout, the check of their shape, a code with features.

Pictures and kernels lie channels last, which a processor convolves in less time: a network as a
whole takes a third to six sevenths of it, the least in bfloat16 (benchmarks/layout.py). The numbers
are the same to rounding.

Legend: B batch, K channels of a picture, H height, W width, F scalar features, N numbers of a code.
"""

from typing import Any

import torch
from torch import Tensor, nn

from cardiograft.records import Shape


def pictured(shape: Shape, least: int) -> Shape:
    """Return the shape of a network that takes pictures of at least so many rows and columns.

    Raises
    ------
    ValueError
        It is of a signal, or its pictures are smaller.
    """
    if not shape.rows:
        raise ValueError("pictures are taken, not signals: name a view")
    if min(shape.rows, shape.samples) < least:
        raise ValueError(
            f"pictures of {shape.rows} x {shape.samples} are too small: at least {least} x {least}"
        )
    return shape


def centred(picture_BKHW: Tensor) -> Tensor:
    """Return values within -1 to 1 of values within 0 to 1, channels last."""
    return (2 * picture_BKHW - 1).contiguous(memory_format=torch.channels_last)


def convolution(channels: int, width: int, kernel: int, **options: Any) -> nn.Conv2d:
    """Return ``nn.Conv2d``, whose kernels lie channels last as `centred` pictures do."""
    layer = nn.Conv2d(channels, width, kernel, **options)
    layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)
    return layer


class Scalars(nn.Module):
    """Adds what the scalar features say to a code; without features it holds nothing."""

    def __init__(self, features: int, numbers: int) -> None:
        super().__init__()
        self.features = nn.Linear(features, numbers, bias=False) if features else None

    def forward(self, code_BN: Tensor, feature_BF: Tensor) -> Tensor:
        """Return the code, (B, N)."""
        return code_BN if self.features is None else code_BN + self.features(feature_BF)

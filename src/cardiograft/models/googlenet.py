"""GoogLeNet: nine modules, each of four ways side by side, then the mean of every channel.

6,624,904 parameters with 1,000 classes, 5,601,954 with two; without the two auxiliary heads,
with batch normalisation behind every convolution, and with kernels of 3 where the paper has
5: as torchvision has it, whose layers' names these are, so that weights learned on ImageNet fit
(reader ``torchvision_googlenet`` of a source). Those take values centred on 0.

Legend: B batch, K channels of a picture, H height, W width, F scalar features, N numbers of a code.
Source: Szegedy et al., arXiv:1409.4842; batch normalisation, arXiv:1502.03167.
"""

from typing import Annotated

import torch
from annotated_types import Ge, Lt
from torch import Tensor, nn
from torch.nn import functional

from cardiograft.models.layers.dense import headed
from cardiograft.models.layers.pictures import Scalars, centred, convolution, pictured
from cardiograft.records import Shape

TAKES = "pictures"
LEAST = 32  # rows and columns of a picture
CODE = 1024
# Channels in; of the way with a kernel of 1; before and of the two ways with kernels of 3; of the
# way behind a max-pool.
INCEPTION = {
    "inception3a": (192, 64, 96, 128, 16, 32, 32),
    "inception3b": (256, 128, 128, 192, 32, 96, 64),
    "inception4a": (480, 192, 96, 208, 16, 48, 64),
    "inception4b": (512, 160, 112, 224, 24, 64, 64),
    "inception4c": (512, 128, 128, 256, 24, 64, 64),
    "inception4d": (512, 112, 144, 288, 32, 64, 64),
    "inception4e": (528, 256, 160, 320, 32, 128, 128),
    "inception5a": (832, 256, 160, 320, 32, 128, 128),
    "inception5b": (832, 384, 192, 384, 48, 128, 128),
}
# The modules behind which rows and columns are halved, and the max-pool's kernel.
POOLED = {"inception3b": 3, "inception4e": 2}


class Convolution(nn.Module):
    """Convolution, batch normalisation and ReLU."""

    def __init__(self, channels: int, width: int, *, kernel: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.conv = convolution(
            channels, width, kernel, stride=stride, padding=kernel // 2, bias=False
        )
        self.bn = nn.BatchNorm2d(width, eps=0.001)

    def forward(self, code_BKHW: Tensor) -> Tensor:
        """Return (B, width, H / stride, W / stride)."""
        return functional.relu(self.bn(self.conv(code_BKHW)))


class Inception(nn.Module):
    """Four ways side by side, their channels one after the other."""

    def __init__(
        self, channels: int, one: int, before: int, three: int, less: int, five: int, pooled: int
    ) -> None:
        super().__init__()
        self.branch1 = Convolution(channels, one)
        self.branch2 = nn.Sequential(
            Convolution(channels, before), Convolution(before, three, kernel=3)
        )
        self.branch3 = nn.Sequential(Convolution(channels, less), Convolution(less, five, kernel=3))
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1, ceil_mode=True), Convolution(channels, pooled)
        )

    def forward(self, code_BKHW: Tensor) -> Tensor:
        """Return (B, the ways' channels, H, W)."""
        ways = (self.branch1, self.branch2, self.branch3, self.branch4)
        return torch.cat([way(code_BKHW) for way in ways], 1)


class Encoder(nn.Module):
    """Picture and features to a code: (B, K, H, W) and (B, F) to (B, 1024)."""

    def __init__(self, shape: Shape, *, dropout: float) -> None:
        super().__init__()
        self.conv1 = Convolution(shape.channels, 64, kernel=7, stride=2)
        self.conv2 = Convolution(64, 64)
        self.conv3 = Convolution(64, 192, kernel=3)
        for name, widths in INCEPTION.items():
            self.add_module(name, Inception(*widths))
        self.scalars = Scalars(shape.features, CODE)
        self.dropout = nn.Dropout(dropout)

    def forward(self, picture_BKHW: Tensor, feature_BF: Tensor) -> Tensor:
        """Return the code."""
        code_BKHW = _halved(self.conv1(centred(picture_BKHW)), 3)
        code_BKHW = _halved(self.conv3(self.conv2(code_BKHW)), 3)
        for name in INCEPTION:
            code_BKHW = self.get_submodule(name)(code_BKHW)
            if name in POOLED:
                code_BKHW = _halved(code_BKHW, POOLED[name])
        code_BN: Tensor = self.dropout(self.scalars(code_BKHW.mean((2, 3)), feature_BF))
        return code_BN


def build(shape: Shape, *, dropout: Annotated[float, Ge(0), Lt(1)] = 0.2) -> nn.Module:
    """Return the network with random weights.

    Parameters
    ----------
    shape
        Of pictures of 32 x 32 or more; ``outputs`` must be ``(K,)``.
    dropout
        Before the last layer.

    Raises
    ------
    ValueError
        The outputs are a signal, or the input is no picture or too small.
    """
    network = headed(Encoder(pictured(shape, LEAST), dropout=dropout), CODE, shape)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.trunc_normal_(layer.weight, std=0.01, a=-0.02, b=0.02)
    return network


def _halved(code_BKHW: Tensor, kernel: int) -> Tensor:
    return functional.max_pool2d(code_BKHW, kernel, stride=2, ceil_mode=True)

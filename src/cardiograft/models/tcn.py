"""A temporal convolutional network: residual blocks whose dilation doubles from one to the next.

As Bai, Kolter & Koltun have it (their figure 1), with two differences. The task is offline, so
that a block sees both sides of a sample unless it is `causal`. And there is no weight
normalisation: it changes how a kernel is trained and not what it can compute, and what is
pruned by magnitude and transferred would be its factors, not the kernel. At equal widths and
kernel ``encoder.blocks.0.first`` fits ``encoder.stem.convolution`` of `cae` and `ecgnet`, and
``encoder.blocks.<i + 1>.first`` fits ``encoder.stages.<i>.convolution`` of `cae` and
``encoder.stages.<i>.first.convolution`` of `ecgnet`.

Legend: B batch, C channels, T samples, F scalar features (none).
Source: arXiv:1803.01271; study `scg_to_ecg`, which gives a count of parameters alone.
"""

from itertools import pairwise
from typing import Annotated

from annotated_types import Ge, Lt
from torch import Tensor, nn
from torch.nn import functional

from cardiograft.models.layers.convolution import convolution, flatwise
from cardiograft.models.layers.decoder import (
    Projection,
    checked,
    given_channels,
    rectified,
)
from cardiograft.models.layers.network import Network
from cardiograft.plugins import Odd, Widths
from cardiograft.records import Shape

# Options that are numbers of channels, pruned to multiples of so many: of 8 though none is
# needed here, so that what is left still fits `cae`.
WIDTHS = {"widths": 8}
APART = ("widths",)  # between equal ones a block has no shortcut to prune


class Block(nn.Module):
    """Two dilated convolutions beside a shortcut: (B, C, 1, T) to (B, width, 1, T)."""

    def __init__(
        self,
        channels: int,
        width: int,
        *,
        kernel: int,
        dilation: int,
        causal: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        self.first = rectified(convolution(channels, width, kernel=kernel, dilation=dilation))
        self.second = rectified(convolution(width, width, kernel=kernel, dilation=dilation))
        self.shortcut = None if channels == width else convolution(channels, width, kernel=1)
        self.dropout = nn.Dropout2d(dropout)
        if causal:
            for layer in (self.first, self.second):
                layer.padding = (0, dilation * (kernel - 1))

    def forward(self, code_BC1T: Tensor) -> Tensor:
        """Add the convolutions' output to the shortcut."""
        learnt_BC1T = code_BC1T
        for layer in (self.first, self.second):
            # Causal layers are padded by all of their reach on both sides; what comes after
            # the signal's end would have seen past each sample.
            reached_BC1T = layer(learnt_BC1T)[..., : code_BC1T.shape[-1]]
            learnt_BC1T = self.dropout(functional.relu(reached_BC1T))
        kept_BC1T = code_BC1T if self.shortcut is None else self.shortcut(code_BC1T)
        return functional.relu(learnt_BC1T + kept_BC1T)


class Encoder(nn.Module):
    """Signal to a code of the same length: (B, C, T) to (B, widths[-1], 1, T)."""

    def __init__(
        self,
        channels: int,
        *,
        widths: tuple[int, ...],
        kernel: int,
        causal: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            *(
                Block(a, b, kernel=kernel, dilation=2**place, causal=causal, dropout=dropout)
                for place, (a, b) in enumerate(pairwise((channels, *widths)))
            )
        )

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        """Return the code; features are not used."""
        code_BC1T: Tensor = self.blocks(flatwise(signal_BCT))
        return code_BC1T


def build(
    shape: Shape,
    *,
    widths: Widths = (16, 32, 48, 64),
    kernel: Odd = 15,
    causal: bool = False,
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.1,
) -> nn.Module:
    """Return the network with random weights.

    Parameters
    ----------
    shape
        ``outputs`` must be ``(channels, samples)``, ``features`` 0.
    widths
        Channels after each block. An output sees
        ``(kernel - 1) (2 ** len(widths) - 1)`` samples to each side.
    kernel
        Samples; odd.
    causal
        See twice as many samples before, and none after.
    dropout
        Of whole channels, after each convolution of a block.

    Raises
    ------
    ValueError
        The outputs are no signal of the input's length, features are requested, the kernel is
        even, or there are no widths.
    """
    # ASSUME four blocks with kernels of 15 samples (1.7 s to each side at 125 Hz) and the
    # dropout: the paper gives none of them.
    given_channels(shape)
    widths = checked(widths)
    encoder = Encoder(shape.channels, widths=widths, kernel=kernel, causal=causal, dropout=dropout)
    return Network(encoder, Projection(widths[-1], shape.outputs, kernel=1))

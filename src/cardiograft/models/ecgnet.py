"""A residual network of strided stages, and a decoder that doubles back to the signal's rate.

A reconstruction: the paper names ECGNet and gives a count of parameters and no layers. Each
stage halves the rate: two convolutions, normalised, beside a shortcut of one sample's width.
At equal widths and kernel ``encoder.stem`` and ``head`` fit ``encoder.stem`` and
``head.decoder`` of `cae`, and ``encoder.stages.<i>.first`` its ``encoder.stages.<i>``; of
`unet` with a patch of 1, ``encoder.stem`` and ``encoder.stages.<i>`` fit, but the shortcut.

Legend: B batch, C channels, T samples, S steps of a code, F scalar features (none).
Source: study `scg_to_ecg`; residual blocks, arXiv:1512.03385; a residual network of 1-D
convolutions on the ECG, doi:10.1038/s41591-018-0268-3.
"""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from cardiograft.models.layers.convolution import convolution, flatwise
from cardiograft.models.layers.decoder import (
    GROUPS,
    Decoder,
    Step,
    checked,
    given_channels,
    padded,
)
from cardiograft.models.layers.network import Network
from cardiograft.plugins import Eights, Odd
from cardiograft.records import Shape

# Options that are numbers of channels, pruned to multiples of so many.
WIDTHS = {"widths": 8}


class Stage(nn.Module):
    """A residual block that halves the rate: (B, C, 1, S) to (B, width, 1, S / 2)."""

    def __init__(self, channels: int, width: int, *, kernel: int) -> None:
        super().__init__()
        self.first = Step(channels, width, kernel=kernel, stride=2)
        self.second = Step(width, width, kernel=kernel, activation=nn.Identity())
        self.shortcut = convolution(channels, width, kernel=1, stride=2)

    def forward(self, code_BC1S: Tensor) -> Tensor:
        """Add the convolutions' output to the shortcut."""
        return functional.relu(self.second(self.first(code_BC1S)) + self.shortcut(code_BC1S))


class Encoder(nn.Module):
    """Signal to a code: (B, C, T) to (B, widths[-1], 1, S), T padded to whole steps."""

    def __init__(self, channels: int, *, widths: tuple[int, ...], kernel: int) -> None:
        super().__init__()
        self.stem = Step(channels, widths[0], kernel=kernel)
        self.stages = nn.Sequential(*(Stage(a, b, kernel=kernel) for a, b in pairwise(widths)))

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        """Return the code; features are not used."""
        whole_BCT = padded(signal_BCT, 2 ** len(self.stages))
        code_BC1S: Tensor = self.stages(self.stem(flatwise(whole_BCT)))
        return code_BC1S


def build(
    shape: Shape,
    *,
    widths: Eights = (
        16,
        32,
        48,
        64,
    ),
    kernel: Odd = 15,
) -> nn.Module:
    """Return the network with random weights.

    Parameters
    ----------
    shape
        ``outputs`` must be ``(channels, samples)``, ``features`` 0.
    widths
        Channels at the signal's rate, then after each stage; multiples of 8.
    kernel
        Samples; odd.

    Raises
    ------
    ValueError
        The outputs are no signal of the input's length, features are requested, the kernel is
        even, or the widths are none or no multiples of 8.
    """
    # ASSUME one residual block a stage, three stages, kernels of 15 samples: the paper gives
    # none of them.
    given_channels(shape)
    widths = checked(widths, multiple=GROUPS)
    encoder = Encoder(shape.channels, widths=widths, kernel=kernel)
    return Network(encoder, Decoder(widths, shape.outputs, kernel=kernel))

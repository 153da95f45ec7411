"""A plain stack of convolutions that keep the signal's length, with ReLU, and one to the signal.

A reconstruction: the paper gives a count of parameters and no layers. Nothing is strided,
normalised or skipped. The widths rise and fall so that the stack fits `cae` layer by layer at
equal widths and kernel: ``encoder.layers.0`` fits ``encoder.stem.convolution`` there and the
layers up to the widest ``encoder.stages.<i>.convolution``; those on the way down fit
``head.decoder.stages.<i>.convolution``, the lowest number last, and ``head``
``head.decoder.last``. The same layers fit `ecgnet` at ``encoder.stages.<i>.first.convolution``
and ``head.stages.<i>.convolution``.

Legend: B batch, C channels, T samples, F scalar features (none), K channels given.
Source: study `scg_to_ecg`.
"""

from itertools import pairwise

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


class Encoder(nn.Module):
    """Signal to a code of the same length: (B, C, T) to (B, widths[-1], 1, T)."""

    def __init__(self, channels: int, *, widths: tuple[int, ...], kernel: int) -> None:
        super().__init__()
        steps = pairwise((channels, *widths))
        self.layers = nn.ModuleList(rectified(convolution(a, b, kernel=kernel)) for a, b in steps)

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        """Return the code; features are not used."""
        code_BC1T = flatwise(signal_BCT)
        for layer in self.layers:
            code_BC1T = functional.relu(layer(code_BC1T))
        return code_BC1T


def build(
    shape: Shape,
    *,
    widths: Widths = (
        16,
        32,
        48,
        64,
        64,
        48,
        32,
        16,
    ),
    kernel: Odd = 15,
) -> nn.Module:
    """Return the network with random weights.

    Parameters
    ----------
    shape
        ``outputs`` must be ``(channels, samples)``, ``features`` 0.
    widths
        Channels after each convolution.
    kernel
        Samples; odd.

    Raises
    ------
    ValueError
        The outputs are no signal of the input's length, features are requested, the kernel is
        even, or there are no widths.
    """
    # ASSUME eight layers and kernels of 15 samples: an output sees 0.5 s to each side at
    # 125 Hz, a beat's electromechanical delay and ejection; the paper gives neither.
    given_channels(shape)
    widths = checked(widths)
    encoder = Encoder(shape.channels, widths=widths, kernel=kernel)
    return Network(encoder, Projection(widths[-1], shape.outputs, kernel=kernel))

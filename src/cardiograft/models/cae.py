"""A convolutional autoencoder: strided stages to a narrow code, and doubling stages back.

A reconstruction of the pipeline that turns a seismocardiogram into an ECG, and the target of
the transfers into it: the paper gives a count of parameters and no layers. `cnn1d`, `ecgnet`
and `tcn` say which of their tensors fit here at equal widths and kernel; ``encoder.narrow``
and ``head.widen``, to the code and from it, fit no other network.

Legend: B batch, C channels, T samples, S steps of a code, F scalar features (none).
Source: study `scg_to_ecg`; Haescher et al. 2020, doi:10.1109/ICASSP40776.2020.9053130.
"""

from collections import OrderedDict
from itertools import pairwise
from typing import Annotated

from annotated_types import Ge
from torch import Tensor, nn

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


class Encoder(nn.Module):
    """Signal to a code: (B, C, T) to (B, code, 1, S), T padded to whole steps."""

    def __init__(self, channels: int, *, widths: tuple[int, ...], kernel: int, code: int) -> None:
        super().__init__()
        self.stem = Step(channels, widths[0], kernel=kernel)
        self.stages = nn.Sequential(
            *(Step(a, b, kernel=kernel, stride=2) for a, b in pairwise(widths))
        )
        self.narrow = convolution(widths[-1], code, kernel=1)

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        """Return the code; features are not used."""
        whole_BCT = padded(signal_BCT, 2 ** len(self.stages))
        code_BC1S: Tensor = self.narrow(self.stages(self.stem(flatwise(whole_BCT))))
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
    code: Annotated[int, Ge(1)] = 8,
) -> nn.Module:
    """Return the network with random weights.

    Parameters
    ----------
    shape
        ``outputs`` must be ``(channels, samples)``, ``features`` 0.
    widths
        Channels at the signal's rate, then after each stage, which halves it; multiples of 8.
    kernel
        Samples; odd.
    code
        Channels of the code.

    Raises
    ------
    ValueError
        The outputs are no signal of the input's length, features are requested, the kernel is
        even, or the widths are none or no multiples of 8.
    """
    # ASSUME three stages, kernels of 15 samples, and a code of as many numbers as one channel
    # has samples (8 channels at an eighth of the rate): the paper gives none of them.
    given_channels(shape)
    widths = checked(widths, multiple=GROUPS)
    widen = convolution(code, widths[-1], kernel=1)
    decoder = Decoder(widths, shape.outputs, kernel=kernel)
    head = nn.Sequential(OrderedDict(widen=widen, decoder=decoder))
    encoder = Encoder(shape.channels, widths=widths, kernel=kernel, code=code)
    return Network(encoder, head)

"""Three pairs of convolution and max-pool, then three fully connected layers.

The encoder is everything but the last fully connected layer, so that what a transfer
carries over ends in a code of `hidden[-1]` numbers, whatever is read from it.

Legend: B batch, C channels, T samples, F scalar features, H width of a dense layer.
Source: study `transform_recognition`; widths are not given there.
"""

from functools import partial
from typing import Annotated

from annotated_types import Ge, Lt
from torch import Tensor, nn
from torch.nn import functional

from cardiograft.models.layers.convolution import SLOPE, flatwise, pooled_stack
from cardiograft.models.layers.dense import Dense, headed
from cardiograft.plugins import Odd, Widths
from cardiograft.records import Shape

# Options that are numbers of channels, pruned to multiples of so many.
WIDTHS = {"widths": 1, "hidden": 1}


class Encoder(Dense):
    """Signal and features to a code: (B, C, T) and (B, F) to (B, hidden[-1]).

    As the layers stand in it by its own names, not below ``dense``, the names of its tensors
    are those of `Dense`, and ``stack``.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        widths: tuple[int, ...],
        kernel: int,
        hidden: tuple[int, ...],
        dropout: float,
    ) -> None:
        stack = pooled_stack(shape.channels, widths, kernel=kernel)
        left = shape.samples >> len(widths)
        if left == 0:
            raise ValueError(f"{shape.samples} samples are too few for {len(widths)} max-pools")
        super().__init__(
            widths[-1] * left,
            shape.features,
            widths=hidden,
            dropout=dropout,
            stack=stack,
            layer=nn.Linear,
            activation=partial(functional.leaky_relu, negative_slope=SLOPE),
        )

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        """Return the code."""
        return super().forward(self.stack(flatwise(signal_BCT)).flatten(1), feature_BF)


def build(
    shape: Shape,
    *,
    widths: Widths = (16, 32, 64),
    kernel: Odd = 7,
    hidden: Widths = (128, 64),
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.0,
) -> nn.Module:
    """Return the network with random weights.

    Parameters
    ----------
    shape
        ``outputs`` must be ``(K,)``.
    widths
        Channels after each convolution.
    kernel
        Samples; odd.
    hidden
        Widths of the dense layers before the last.
    dropout
        After each of them.

    Raises
    ------
    ValueError
        The outputs are a signal, the kernel is even, a width is missing, or the signal is
        too short for so many max-pools.
    """
    if not widths or not hidden:
        raise ValueError("cnn needs at least one of widths and one of hidden")
    encoder = Encoder(
        shape, widths=tuple(widths), kernel=kernel, hidden=tuple(hidden), dropout=dropout
    )
    return headed(encoder, hidden[-1], shape, layer=nn.Linear)

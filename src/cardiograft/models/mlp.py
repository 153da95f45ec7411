"""Fully connected layers on the samples as they are: six with ReLU and dropout, then the last.

The encoder is everything but the last layer.

Legend: B batch, C channels, T samples, F scalar features, H width of a layer.
Source: study `transform_recognition`, which says seven layers, ReLU and dropout.
"""

from typing import Annotated

from annotated_types import Ge, Lt
from torch import Tensor, nn

from cardiograft.models.layers.dense import Dense, headed
from cardiograft.plugins import Widths
from cardiograft.records import Shape

# Options that are numbers of channels, pruned to multiples of so many.
WIDTHS = {"widths": 1}


class Encoder(nn.Module):
    """Signal and features to a code: (B, C, T) and (B, F) to (B, widths[-1])."""

    def __init__(self, shape: Shape, *, widths: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        inputs = shape.channels * shape.samples
        self.dense = Dense(inputs, shape.features, widths=widths, dropout=dropout)

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        """Return the code."""
        code_BH: Tensor = self.dense(signal_BCT.flatten(1), feature_BF)
        return code_BH


def build(
    shape: Shape,
    *,
    widths: Widths = (256, 256, 128, 128, 64, 64),
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.2,
) -> nn.Module:
    """Return the network with random weights.

    Parameters
    ----------
    shape
        ``outputs`` must be ``(K,)``.
    widths
        Of the layers before the last.
    dropout
        After each of them.

    Raises
    ------
    ValueError
        The outputs are a signal, or there are no widths.
    """
    # ASSUME widths and dropout: the paper gives neither.
    if not widths:
        raise ValueError("mlp needs at least one of widths")
    return headed(Encoder(shape, widths=tuple(widths), dropout=dropout), widths[-1], shape)

"""Three pairs of convolution and max-pool, then three fully connected layers.

The encoder is everything but the last fully connected layer, so that what a transfer
carries over ends in a code of `hidden[-1]` numbers, whatever is read from it.

Legend: B batch, C channels, T samples, F scalar features, H width of a dense layer.
Source: STUDIES `transform_recognition`; widths are not given there.
"""

from itertools import pairwise
from typing import Annotated

from annotated_types import Ge, Lt
from torch import Tensor, nn
from torch.nn import functional

from cardiograft.models.layers.convolution import SLOPE, flatwise, pooled_stack
from cardiograft.records import Shape

# Options that are numbers of channels, pruned to multiples of so many.
WIDTHS = {"widths": 1, "hidden": 1}


class Encoder(nn.Module):
    """Signal and features to a code: (B, C, T) and (B, F) to (B, hidden[-1])."""

    def __init__(
        self,
        shape: Shape,
        *,
        widths: tuple[int, ...],
        kernel: int,
        hidden: tuple[int, ...],
        dropout: float,
    ) -> None:
        super().__init__()
        self.stack = pooled_stack(shape.channels, widths, kernel=kernel)
        left = shape.samples >> len(widths)
        if left == 0:
            raise ValueError(f"{shape.samples} samples are too few for {len(widths)} max-pools")
        self.first = nn.Linear(widths[-1] * left, hidden[0])
        # W [signal; feature] = W1 signal + W2 feature: kept apart, the large W1 fits a
        # network without features, and can be transferred.
        self.features = nn.Linear(shape.features, hidden[0], bias=False) if shape.features else None
        self.rest = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(hidden))
        self.dropout = nn.Dropout(dropout)

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        """Return the code."""
        code_BH: Tensor = self.first(self.stack(flatwise(signal_BCT)).flatten(1))
        if self.features is not None:
            code_BH = code_BH + self.features(feature_BF)
        code_BH = self.dropout(functional.leaky_relu(code_BH, SLOPE))
        for layer in self.rest:
            code_BH = self.dropout(functional.leaky_relu(layer(code_BH), SLOPE))
        return code_BH


class Network(nn.Module):
    """Encoder and a linear head."""

    def __init__(self, encoder: Encoder, head: nn.Linear) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        """Return one number per output, shape (B, K)."""
        output: Tensor = self.head(self.encoder(signal_BCT, feature_BF))
        return output


def build(
    shape: Shape,
    *,
    widths: tuple[int, ...] = (16, 32, 64),
    kernel: Annotated[int, Ge(1)] = 7,
    hidden: tuple[int, ...] = (128, 64),
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
    if len(shape.outputs) != 1:
        raise ValueError(f"cnn gives one number per output, not a signal of {shape.outputs}")
    if not widths or not hidden:
        raise ValueError("cnn needs at least one of widths and one of hidden")
    encoder = Encoder(
        shape, widths=tuple(widths), kernel=kernel, hidden=tuple(hidden), dropout=dropout
    )
    return Network(encoder, nn.Linear(hidden[-1], shape.outputs[0]))

"""Fully connected layers with ReLU, and a network that is an encoder and a linear head.

Legend: B batch, N numbers from the signal, F scalar features, H width of a layer, K outputs.
"""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from cardiograft.records import Shape


def linear(inputs: int, outputs: int, *, bias: bool = True) -> nn.Linear:
    """Return a fully connected layer that starts as Keras starts it.

    Glorot-uniform weights, zero bias. PyTorch's own start loses five sixths of the variance
    at each ReLU, so that seven layers say nothing of their input.
    """
    layer = nn.Linear(inputs, outputs, bias=bias)
    nn.init.xavier_uniform_(layer.weight)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


class Dense(nn.Module):
    """Layers of some widths, each with ReLU and dropout: (B, N) and (B, F) to (B, widths[-1])."""

    def __init__(self, inputs: int, features: int, *, widths: tuple[int, ...], dropout: float):
        super().__init__()
        self.first = linear(inputs, widths[0])
        # One layer on [numbers; features], in two parts: the part without features fits a
        # network that has none, and can be transferred.
        self.features = linear(features, widths[0], bias=False) if features else None
        self.rest = nn.ModuleList(linear(a, b) for a, b in pairwise(widths))
        self.dropout = nn.Dropout(dropout)

    def forward(self, number_BN: Tensor, feature_BF: Tensor) -> Tensor:
        """Return the last layer's activations."""
        code_BH: Tensor = self.first(number_BN)
        if self.features is not None:
            code_BH = code_BH + self.features(feature_BF)
        code_BH = self.dropout(functional.relu(code_BH))
        for layer in self.rest:
            code_BH = self.dropout(functional.relu(layer(code_BH)))
        return code_BH


class Network(nn.Module):
    """An encoder of signal and features, and a head on its code."""

    def __init__(self, encoder: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        """Return one number per output, shape (B, K)."""
        output: Tensor = self.head(self.encoder(signal_BCT, feature_BF))
        return output


def headed(encoder: nn.Module, width: int, shape: Shape) -> Network:
    """Return the network with one linear layer as its head.

    Raises
    ------
    ValueError
        The outputs are a signal.
    """
    if len(shape.outputs) != 1:
        raise ValueError(f"one number per output is given, not a signal of {shape.outputs}")
    return Network(encoder, linear(width, shape.outputs[0]))

"""Fully connected layers on the numbers of a signal, and a network with a linear head.

Legend: B batch, N numbers from the signal, F scalar features, H width of a layer, K outputs.
"""

from collections.abc import Callable
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from cardiograft.models.layers.network import Network
from cardiograft.records import Shape


def linear(inputs: int, outputs: int, *, bias: bool = True) -> nn.Linear:
    """Return a fully connected layer that starts as Keras starts it.

    Glorot-uniform weights, zero bias. PyTorch's own start loses five sixths of the variance
    at each ReLU, so that the output of seven layers hardly depends on their input.
    """
    layer = nn.Linear(inputs, outputs, bias=bias)
    nn.init.xavier_uniform_(layer.weight)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


class Dense(nn.Module):
    """Layers of some widths, each with activation and dropout: (B, N), (B, F) to (B, widths[-1]).

    Parameters
    ----------
    stack : nn.Module, optional
        What a subclass puts before the layers: it makes the numbers of a signal.
    layer, activation
        How a layer starts, and what follows it.
    """

    def __init__(
        self,
        inputs: int,
        features: int,
        *,
        widths: tuple[int, ...],
        dropout: float,
        stack: nn.Module | None = None,
        layer: Callable[..., nn.Linear] = linear,
        activation: Callable[[Tensor], Tensor] = functional.relu,
    ) -> None:
        super().__init__()
        if stack is not None:
            self.stack = stack
        self.first = layer(inputs, widths[0])
        # One layer on [numbers; features], in two parts: the part without features fits a
        # network that has none, and can be transferred.
        self.features = layer(features, widths[0], bias=False) if features else None
        self.rest = nn.ModuleList(layer(a, b) for a, b in pairwise(widths))
        self.dropout = nn.Dropout(dropout)
        self._activation = activation

    def forward(self, number_BN: Tensor, feature_BF: Tensor) -> Tensor:
        """Return the last layer's activations."""
        code_BH: Tensor = self.first(number_BN)
        if self.features is not None:
            code_BH = code_BH + self.features(feature_BF)
        code_BH = self.dropout(self._activation(code_BH))
        for layer in self.rest:
            code_BH = self.dropout(self._activation(layer(code_BH)))
        return code_BH


def headed(
    encoder: nn.Module,
    width: int,
    shape: Shape,
    *,
    layer: Callable[..., nn.Linear] = linear,
) -> Network:
    """Return the network with one linear layer as its head.

    Raises
    ------
    ValueError
        The outputs are a signal.
    """
    if len(shape.outputs) != 1:
        raise ValueError(f"one number per output is given, not a signal of {shape.outputs}")
    return Network(encoder, layer(width, shape.outputs[0]))

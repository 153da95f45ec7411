"""One recurrent layer of 64 units read at its last time step, then two fully connected layers.

As Keras has it: one bias vector, 1 for the forget gate and 0 elsewhere; Glorot-uniform weights
on the input, orthogonal ones from step to step. A beat goes in with its padding, so the last
step comes after a stretch of zeros that the cell has to remember the beat across: that is what
the paper does. The encoder is everything but the last layer.

Legend: B batch, C channels, T samples, F scalar features, H units, G = 4 H, the gates in the
order input, forget, cell, output (both PyTorch's and Keras').
Source: STUDIES `transform_recognition`; doi:10.1162/neco.1997.9.8.1735.
"""

from typing import Annotated

import torch
from annotated_types import Ge, Lt
from torch import Tensor, nn

from cardiograft.dense import Dense, headed
from cardiograft.records import Shape


class Recurrent(nn.Module):
    """The layer's last output: (B, C, T) to (B, H)."""

    def __init__(self, channels: int, units: int) -> None:
        super().__init__()
        self.input_GC = nn.Parameter(nn.init.xavier_uniform_(torch.empty(4 * units, channels)))
        self.recurrent_GH = nn.Parameter(nn.init.orthogonal_(torch.empty(4 * units, units)))
        bias_G = torch.zeros(4 * units)
        bias_G[units : 2 * units] = 1
        self.bias_G = nn.Parameter(bias_G)

    def forward(self, signal_BCT: Tensor) -> Tensor:
        """Run over time and return the state at its end."""
        signal_TBC = signal_BCT.permute(2, 0, 1).contiguous()
        zero_1BH = signal_BCT.new_zeros(1, len(signal_BCT), self.recurrent_GH.shape[1])
        # `nn.LSTM` would add and train a second bias; to the function it can be zero.
        weights = (self.input_GC, self.recurrent_GH, self.bias_G, torch.zeros_like(self.bias_G))
        _, last_1BH, _ = torch.lstm(
            signal_TBC,
            (zero_1BH, zero_1BH),
            weights,
            has_biases=True,
            num_layers=1,
            dropout=0.0,
            train=self.training,
            bidirectional=False,
            batch_first=False,
        )
        last_BH: Tensor = last_1BH[0]
        return last_BH


class Encoder(nn.Module):
    """Signal and features to a code: (B, C, T) and (B, F) to (B, hidden[-1])."""

    def __init__(
        self, shape: Shape, *, units: int, hidden: tuple[int, ...], dropout: float
    ) -> None:
        super().__init__()
        self.recurrent = Recurrent(shape.channels, units)
        self.dense = Dense(units, shape.features, widths=hidden, dropout=dropout)

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        """Return the code."""
        code_BH: Tensor = self.dense(self.recurrent(signal_BCT), feature_BF)
        return code_BH


def build(
    shape: Shape,
    *,
    units: Annotated[int, Ge(1)] = 64,
    hidden: tuple[int, ...] = (64,),
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.0,
) -> nn.Module:
    """Return the network with random weights.

    Parameters
    ----------
    shape
        ``outputs`` must be ``(K,)``.
    units
        Of the recurrent layer.
    hidden
        Widths of the fully connected layers before the last.
    dropout
        After each of them.

    Raises
    ------
    ValueError
        The outputs are a signal, or there are no hidden widths.
    """
    # ASSUME the width of the hidden layer: the paper does not give it.
    if not hidden:
        raise ValueError("lstm needs at least one of hidden")
    encoder = Encoder(shape, units=units, hidden=tuple(hidden), dropout=dropout)
    return headed(encoder, hidden[-1], shape)

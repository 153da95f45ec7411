"""One recurrent layer of 64 units read at one time step, then two fully connected layers.

As Keras has it: one bias vector, 1 for the forget gate and 0 elsewhere; Glorot-uniform weights
on the input, orthogonal ones from step to step. A beat goes in with its padding, so the last
step comes after a stretch of zeros that the cell has to remember the beat across: that is what
the paper does. Read at the beat's own last sample, there is nothing to remember across. The
encoder is everything but the last layer.

Legend: B batch, C channels, T samples, F scalar features, H units, G = 4 H, the gates in the
order input, forget, cell, output (both PyTorch's and Keras').
Source: STUDIES `transform_recognition`; doi:10.1162/neco.1997.9.8.1735.
"""

from typing import Annotated, Literal

import torch
from annotated_types import Ge, Lt
from torch import Tensor, nn

from cardiograft.models.layers.dense import Dense, headed
from cardiograft.records import Shape


class Recurrent(nn.Module):
    """The layer's output at one step, the last or the last valid one: (B, C, T) to (B, H)."""

    def __init__(self, channels: int, units: int, *, read: str = "last") -> None:
        super().__init__()
        self._read = read
        self.input_GC = nn.Parameter(nn.init.xavier_uniform_(torch.empty(4 * units, channels)))
        self.recurrent_GH = nn.Parameter(nn.init.orthogonal_(torch.empty(4 * units, units)))
        bias_G = torch.zeros(4 * units)
        bias_G[units : 2 * units] = 1
        self.bias_G = nn.Parameter(bias_G)

    def forward(self, signal_BCT: Tensor) -> Tensor:
        """Run over time and return the state at the step that is read."""
        signal_TBC = signal_BCT.permute(2, 0, 1).contiguous()
        zero_1BH = signal_BCT.new_zeros(1, len(signal_BCT), self.recurrent_GH.shape[1])
        # `nn.LSTM` would add and train a second bias; to the function it can be zero.
        weights = (self.input_GC, self.recurrent_GH, self.bias_G, torch.zeros_like(self.bias_G))
        state_TBH, last_1BH, _ = torch.lstm(
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
        if self._read == "last":
            last_BH: Tensor = last_1BH[0]
            return last_BH
        valid_BH: Tensor = state_TBH[last_valid(signal_BCT), torch.arange(len(signal_BCT))]
        return valid_BH


def last_valid(signal_BCT: Tensor) -> Tensor:
    """Return the index of each signal's last sample that is not zero in all channels, (B,).

    Padding is exact zeros, so what follows that sample is padding; a beat that itself ends in
    zeros is read that much earlier. Of a signal that is all zeros it is the last index.
    """
    heard_BT = (signal_BCT != 0).any(1)
    # of equal values argmax gives the first: here the last sample, seen from the end
    return signal_BCT.shape[2] - 1 - heard_BT.flip(1).int().argmax(1)


class Encoder(nn.Module):
    """Signal and features to a code: (B, C, T) and (B, F) to (B, hidden[-1])."""

    def __init__(
        self, shape: Shape, *, units: int, hidden: tuple[int, ...], dropout: float, read: str
    ) -> None:
        super().__init__()
        self.recurrent = Recurrent(shape.channels, units, read=read)
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
    read: Literal["last", "valid"] = "last",
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
    read
        The recurrent layer at the last step, padding included, as the paper does; or at the
        last valid sample, the last one that is not zero in all channels. Weights are the same.

    Raises
    ------
    ValueError
        The outputs are a signal, or there are no hidden widths.
    """
    # ASSUME the width of the hidden layer: the paper does not give it.
    if not hidden:
        raise ValueError("lstm needs at least one of hidden")
    encoder = Encoder(shape, units=units, hidden=tuple(hidden), dropout=dropout, read=read)
    return headed(encoder, hidden[-1], shape)

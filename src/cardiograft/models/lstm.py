"""One recurrent layer of 64 units read at one time step, then two fully connected layers.

As Keras has it: one bias vector, 1 for the forget gate and 0 elsewhere; Glorot-uniform weights
on the input, orthogonal ones from step to step. A beat goes in with its padding, so the last
step comes after a stretch of zeros that the cell has to remember the beat across: that is what
the paper does. Read at the beat's own last sample, there is nothing to remember across. The
encoder is everything but the last layer.

Not every processor can run an LSTM in half precision (oneDNN needs AVX-512 for bfloat16): where
it can't, mixed precision leaves this one layer in float32. A GPU always can.

Legend: B batch, C channels, T samples, F scalar features, H units, G = 4 H, the gates in the
order input, forget, cell, output (both PyTorch's and Keras').
Source: study `transform_recognition`; doi:10.1162/neco.1997.9.8.1735.
"""

from functools import cache
from typing import Annotated, Literal

import torch
from annotated_types import Ge, Lt
from torch import Tensor, nn

from cardiograft.models.layers.dense import Dense, headed
from cardiograft.plugins import Widths
from cardiograft.records import Shape

HALF_PRECISION = (torch.bfloat16, torch.float16)


class Recurrent(nn.Module):
    """The layer's output at one step, the last or the last valid one: (B, C, T) to (B, H).

    Attributes
    ----------
    cpu_dtypes
        Half-precision types that this processor can train the layer in. Under autocast to
        another, on the CPU, the layer alone runs in float32.
    """

    def __init__(self, channels: int, units: int, *, read: str = "last") -> None:
        super().__init__()
        self._read = read
        self.cpu_dtypes = frozenset(d for d in HALF_PRECISION if _cpu_trains_lstm_in(d))
        self.input_GC = nn.Parameter(nn.init.xavier_uniform_(torch.empty(4 * units, channels)))
        self.recurrent_GH = nn.Parameter(nn.init.orthogonal_(torch.empty(4 * units, units)))
        bias_G = torch.zeros(4 * units)
        bias_G[units : 2 * units] = 1
        self.bias_G = nn.Parameter(bias_G)

    def forward(self, signal_BCT: Tensor) -> Tensor:
        """Run over time and return the state at the step that is read."""
        if self._autocast_is_possible(signal_BCT):
            return self._read_state(signal_BCT)
        with torch.autocast("cpu", enabled=False):
            return self._read_state(signal_BCT.to(self.input_GC.dtype))

    def _autocast_is_possible(self, signal_BCT: Tensor) -> bool:
        if signal_BCT.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
            return True
        return torch.get_autocast_dtype("cpu") in self.cpu_dtypes

    def _read_state(self, signal_BCT: Tensor) -> Tensor:
        signal_TBC = signal_BCT.permute(2, 0, 1).contiguous()
        zero_1BH = signal_BCT.new_zeros(1, len(signal_BCT), self.recurrent_GH.shape[1])
        # `nn.LSTM` would add and train a second bias; to the function it can be zero.
        weights = (self.input_GC, self.recurrent_GH, self.bias_G, torch.zeros_like(self.bias_G))
        state_TBH, last_1BH = _run(signal_TBC, zero_1BH, weights, train=self.training)
        if self._read == "last":
            last_BH: Tensor = last_1BH[0]
            return last_BH
        valid_BH: Tensor = state_TBH[last_valid(signal_BCT), torch.arange(len(signal_BCT))]
        return valid_BH


def _run(
    signal_TBC: Tensor, zero_1BH: Tensor, weights: tuple[Tensor, ...], *, train: bool
) -> tuple[Tensor, Tensor]:
    """Return the layer's output at every step, and at the last."""
    state_TBH, last_1BH, _ = torch.lstm(
        signal_TBC,
        (zero_1BH, zero_1BH),
        weights,
        has_biases=True,
        num_layers=1,
        dropout=0.0,
        train=train,
        bidirectional=False,
        batch_first=False,
    )
    return state_TBH, last_1BH


@cache
def _cpu_trains_lstm_in(dtype: torch.dtype) -> bool:
    """Whether the processor can run an LSTM forward and backward under autocast: by trying to.

    What torch tells of a processor is about convolutions and matrix products.
    """
    zero_111 = torch.zeros(1, 1, 1, device="cpu")
    sizes = ((4, 1), (4, 1), 4, 4)
    weights = tuple(torch.zeros(size, device="cpu", requires_grad=True) for size in sizes)
    try:
        with torch.enable_grad(), torch.autocast("cpu", dtype=dtype):
            state_111, _ = _run(zero_111, zero_111, weights, train=True)
            torch.autograd.backward(state_111.sum())
    except RuntimeError:  # oneDNN: could not create a primitive descriptor
        return False
    return True


def last_valid(signal_BCT: Tensor) -> Tensor:
    """Return the index of each signal's last sample that is not zero in all channels, (B,).

    Padding is exact zeros, so what follows that sample is padding; a beat that itself ends in
    zeros is read that much earlier. Of a signal that is all zeros it is the last index.
    """
    present_BT = (signal_BCT != 0).any(1)
    # of equal values argmax gives the first: here the last sample, seen from the end
    return signal_BCT.shape[2] - 1 - present_BT.flip(1).int().argmax(1)


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
    hidden: Widths = (64,),
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

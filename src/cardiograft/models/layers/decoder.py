"""Parts of the networks that give a signal for a signal of the same length.

As in `convolution`, a signal is an image one pixel high, channels last. Normalisation is over
groups of channels of one segment, never over a batch: what a segment gives does not depend
on its neighbours, in training either. No operation's gradient is summed in an order that
differs from run to run, on a GPU either (that of `interpolate` is).

Legend: B batch, C channels, T samples, S steps of a code, K channels of the signal given.
Source: group normalisation, arXiv:1803.08494; start of a convolution before a ReLU,
arXiv:1502.01852, equation 10; doubling and convolution rather than a transposed
convolution, which leaves a checkerboard, doi:10.23915/distill.00003.
"""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from cardiograft.models.layers.convolution import convolution
from cardiograft.records import Shape

GROUPS = 8


def given_channels(shape: Shape) -> int:
    """Return how many channels the requested signal has.

    Raises
    ------
    ValueError
        The outputs are no signal, its length differs from the input's, or there are scalar
        features, which these networks do not use.
    """
    if len(shape.outputs) != 2:
        raise ValueError(f"a signal (channels, samples) is given, not outputs of {shape.outputs}")
    if shape.outputs[1] != shape.samples:
        raise ValueError(
            f"outputs of {shape.outputs[1]} samples are requested of inputs of {shape.samples}:"
            " the signal given is as long as the signal taken"
        )
    if shape.features:
        raise ValueError(f"signals alone are taken, not {shape.features} features beside them")
    return shape.outputs[0]


def checked(widths: tuple[int, ...], *, multiple: int = 1) -> tuple[int, ...]:
    """Return the widths.

    Raises
    ------
    ValueError
        There are none, or one is no positive multiple.
    """
    if not widths:
        raise ValueError("widths: at least one is needed")
    for width in widths:
        if width < 1 or width % multiple:
            raise ValueError(f"widths: {width} is no positive multiple of {multiple}")
    return tuple(widths)


def padded(signal_BCT: Tensor, unit: int) -> Tensor:
    """Return the signal between zeros, as few as make its length a multiple of `unit`."""
    lack = -signal_BCT.shape[-1] % unit
    return functional.pad(signal_BCT, (lack // 2, lack - lack // 2))


def cropped(signal_BKT: Tensor, samples: int) -> Tensor:
    """Return the middle of a signal: what `padded` put zeros around."""
    start = (signal_BKT.shape[-1] - samples) // 2
    return signal_BKT[..., start : start + samples]


def rectified(layer: nn.Conv2d) -> nn.Conv2d:
    """Start a convolution so that a ReLU after it keeps the variance, with zero bias.

    PyTorch's own start loses five sixths of it, layer by layer, where nothing normalises.
    """
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class Step(nn.Module):
    """Convolution, group normalisation, activation, dropout of whole channels."""

    def __init__(
        self,
        channels: int,
        width: int,
        *,
        kernel: int,
        stride: int = 1,
        activation: Callable[[Tensor], Tensor] = functional.relu,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.convolution = convolution(channels, width, kernel=kernel, stride=stride)
        self.norm = nn.GroupNorm(GROUPS, width)
        self.activation = activation
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, code_BC1S: Tensor) -> Tensor:
        """Return (B, width, 1, S / stride)."""
        stepped: Tensor = self.dropout(self.activation(self.norm(self.convolution(code_BC1S))))
        return stepped


def doubled(code_BC1S: Tensor) -> Tensor:
    """Return twice as many steps, linear between the middles of those that there are."""
    code_BSC = code_BC1S.squeeze(2).transpose(1, 2)
    before_BSC = torch.cat([code_BSC[:, :1], code_BSC[:, :-1]], 1)
    after_BSC = torch.cat([code_BSC[:, 1:], code_BSC[:, -1:]], 1)
    near_BSC = 0.75 * code_BSC
    pairs = torch.stack([near_BSC + 0.25 * before_BSC, near_BSC + 0.25 * after_BSC], 2)
    return pairs.flatten(1, 2).transpose(1, 2).unsqueeze(2)


class Projection(nn.Module):
    """A convolution to the signal's channels, and the signal's own length cut out of it."""

    def __init__(self, width: int, outputs: tuple[int, ...], *, kernel: int) -> None:
        super().__init__()
        channels, self.samples = outputs
        self.convolution = convolution(width, channels, kernel=kernel)

    def forward(self, code_BC1T: Tensor) -> Tensor:
        """Return the signal, shape (B, K, T)."""
        return cropped(self.convolution(code_BC1T).squeeze(2), self.samples)


class Decoder(nn.Module):
    """Doubling and a step for each strided stage of an encoder, then the signal.

    A stage has the number of the encoder's stage that it undoes: the last is the first to run.
    """

    def __init__(self, widths: tuple[int, ...], outputs: tuple[int, ...], *, kernel: int) -> None:
        super().__init__()
        self.stages = nn.ModuleList(Step(b, a, kernel=kernel) for a, b in pairwise(widths))
        self.last = Projection(widths[0], outputs, kernel=kernel)

    def forward(self, code_BC1S: Tensor) -> Tensor:
        """Return the signal, shape (B, K, T)."""
        for stage in reversed(self.stages):
            code_BC1S = stage(doubled(code_BC1S))
        signal_BKT: Tensor = self.last(code_BC1S)
        return signal_BKT

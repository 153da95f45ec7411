"""A U-Net on samples folded into channels, with a recurrent bottleneck: SCG to ECG on a laptop.

Folding `patch` samples into channels gives every layer as many fewer steps to compute. The
bidirectional recurrence carries the rhythm across the window; what it gives is scaled and
shifted by statistics of the whole window, which no convolution sees. The encoder gives the
code and what skips past it, the head decodes both.

With a patch of 1 and equal widths and kernel, ``encoder.stem``, ``encoder.stages.<i>.first``
and ``encoder.stages.<i>.second`` fit those of `ecgnet`; the stem and
``encoder.stages.<i>.first`` fit ``encoder.stem`` and ``encoder.stages.<i>`` of `cae`.

Legend: B batch, C channels, T samples, P patch, S steps of a code, F scalar features (none),
W width of the code, K channels given.
Source: U-Net, arXiv:1505.04597; scaling and shifting a code (FiLM), arXiv:1709.07871.
"""

from itertools import pairwise
from typing import Annotated

import torch
from annotated_types import Ge, Lt
from torch import Tensor, nn
from torch.nn import functional

from cardiograft.models.layers.convolution import convolution, flatwise
from cardiograft.models.layers.decoder import (
    GROUPS,
    Step,
    checked,
    cropped,
    doubled,
    given_channels,
    padded,
)
from cardiograft.models.layers.network import Network
from cardiograft.plugins import Eights, Odd
from cardiograft.records import Shape

# Options that are numbers of channels, pruned to multiples of so many.
WIDTHS = {"widths": 8}


def folded(signal_BCT: Tensor, patch: int) -> Tensor:
    """Return `patch` samples as channels: (B, C, T) to (B, C * patch, T / patch)."""
    batch, channels, samples = signal_BCT.shape
    step_BCSP = signal_BCT.reshape(batch, channels, samples // patch, patch)
    return step_BCSP.transpose(2, 3).flatten(1, 2)


def unfolded(code_BCS: Tensor, patch: int) -> Tensor:
    """Return channels as samples: what `folded` was given."""
    batch, channels, steps = code_BCS.shape
    return code_BCS.reshape(batch, channels // patch, patch, steps).transpose(2, 3).flatten(2)


class Stage(nn.Module):
    """Max-pool by 2 and two steps, the second beside a shortcut: (B, C, 1, S) to S / 2."""

    def __init__(self, channels: int, width: int, *, kernel: int, dropout: float) -> None:
        super().__init__()
        self.first = _step(channels, width, kernel=kernel, dropout=dropout)
        self.second = _step(width, width, kernel=kernel, dropout=dropout)

    def forward(self, code_BC1S: Tensor) -> Tensor:
        """Pool, and add the second step's output to the first's."""
        first_BC1S: Tensor = self.first(functional.max_pool2d(code_BC1S, (1, 2)))
        second_BC1S: Tensor = self.second(first_BC1S)
        return first_BC1S + second_BC1S


class Bottleneck(nn.Module):
    """A recurrence over steps beside a shortcut, then scaled and shifted by its statistics."""

    def __init__(self, width: int, *, units: int, dropout: float) -> None:
        super().__init__()
        self.recurrence = nn.GRU(width, units, bidirectional=True, batch_first=True)
        self.mix = nn.Linear(2 * units, width)
        self.film = nn.Sequential(
            nn.Linear(2 * width, width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(width, 2 * width),
        )

    def forward(self, code_BW1S: Tensor) -> Tensor:
        """Return (B, W, 1, S)."""
        code_BSW = code_BW1S.squeeze(2).transpose(1, 2)
        mixed_BSW: Tensor = self.mix(self.recurrence(code_BSW)[0])
        code_BSW = code_BSW + mixed_BSW
        spread_BW = code_BSW.std(1, correction=0)  # a lone step has no other
        film_B1W: Tensor = self.film(torch.cat([code_BSW.mean(1), spread_BW], 1)).unsqueeze(1)
        scale_B1W, shift_B1W = film_B1W.chunk(2, 2)
        code_BSW = code_BSW * (1 + scale_B1W) + shift_B1W
        return code_BSW.transpose(1, 2).unsqueeze(2)


class Encoder(nn.Module):
    """Signal to a code (B, W, 1, S), and what each stage was given, from the signal's end."""

    def __init__(
        self,
        channels: int,
        *,
        widths: tuple[int, ...],
        kernel: int,
        patch: int,
        units: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.patch = patch
        self.stem = _step(channels * patch, widths[0], kernel=kernel)
        self.stages = nn.ModuleList(
            Stage(a, b, kernel=kernel, dropout=dropout) for a, b in pairwise(widths)
        )
        self.bottleneck = Bottleneck(widths[-1], units=units, dropout=dropout)

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return code and skips; features are not used."""
        whole_BCT = padded(signal_BCT, self.patch * 2 ** len(self.stages))
        code_BC1S: Tensor = self.stem(flatwise(folded(whole_BCT, self.patch)))
        skips = []
        for stage in self.stages:
            skips.append(code_BC1S)
            code_BC1S = stage(code_BC1S)
        return self.bottleneck(code_BC1S), skips


class Head(nn.Module):
    """Code and skips to the signal; a stage has the number of the encoder's that it undoes."""

    def __init__(
        self,
        outputs: tuple[int, ...],
        *,
        widths: tuple[int, ...],
        kernel: int,
        patch: int,
        dropout: float,
    ) -> None:
        super().__init__()
        channels, self.samples = outputs
        self.patch = patch
        self.stages = nn.ModuleList(
            _step(b + a, a, kernel=kernel, dropout=dropout) for a, b in pairwise(widths)
        )
        self.last = convolution(widths[0], channels * patch, kernel=kernel)

    def forward(self, code: tuple[Tensor, list[Tensor]]) -> Tensor:
        """Return the signal, shape (B, K, T)."""
        code_BC1S, skips = code
        for stage, skip_BC1S in zip(reversed(self.stages), reversed(skips), strict=True):
            code_BC1S = stage(torch.cat([doubled(code_BC1S), skip_BC1S], 1))
        signal_BKT = unfolded(self.last(code_BC1S).squeeze(2), self.patch)
        return cropped(signal_BKT, self.samples)


def build(
    shape: Shape,
    *,
    widths: Eights = (32, 48, 64),
    kernel: Odd = 7,
    patch: Annotated[int, Ge(1)] = 5,
    units: Annotated[int, Ge(1)] = 48,
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.1,
) -> nn.Module:
    """Return the network with random weights.

    Parameters
    ----------
    shape
        ``outputs`` must be ``(channels, samples)``, ``features`` 0.
    widths
        Channels at the folded rate, then after each stage, which halves it; multiples of 8.
    kernel
        Steps; odd.
    patch
        Samples folded into one step.
    units
        Of the recurrence, in each direction.
    dropout
        Of whole channels after each step but the stem, and of the statistics' hidden layer.

    Raises
    ------
    ValueError
        The outputs are no signal of the input's length, features are requested, the kernel is
        even, or the widths are none or no multiples of 8.
    """
    given_channels(shape)
    widths = checked(widths, multiple=GROUPS)
    encoder = Encoder(
        shape.channels, widths=widths, kernel=kernel, patch=patch, units=units, dropout=dropout
    )
    head = Head(shape.outputs, widths=widths, kernel=kernel, patch=patch, dropout=dropout)
    return Network(encoder, head)


def _step(channels: int, width: int, *, kernel: int, dropout: float = 0.0) -> Step:
    return Step(channels, width, kernel=kernel, activation=functional.gelu, dropout=dropout)

"""An autoencoder of eight seconds of ECG with a code of 60 numbers, and a classifier on the code.

A stem, nine residual blocks that normalise and activate before they convolve, seven of them
max-pooled, and two fully connected layers make the code. The head that gives a signal is the same
backwards, with linear upsampling in place of pooling; the head that gives classes is one linear
layer. The encoder is the same for both, so that ``encoder: encoder`` moves all of it. `cae` is
another network, of another study.

The code knows where in the eight seconds a thing is; which rhythm it is does not depend on that. A
classifier may therefore read the last block's steps themselves, their mean and their maximum
(`readout` ``pooled``); the stem and the blocks of an autoencoder fit it, its two layers of the code
are left over.

The paper says ReLU and transposed layers; the structure that its authors made public has LeakyReLU,
and linear upsampling before convolutions, as here.

Batch normalisation keeps running means: a frozen encoder is normalised by those it came with. With
random weights come none, mean 0 and variance 1: where such are frozen, the training part gives them
(`cardiograft.training.settling`).

Legend: B batch, C channels, T samples, F scalar features (none), S steps of a code, W numbers of a
code, K channels given.
Source: study `rhythm_cae`; Healthc Inform Res 2021;27(1):19-28; blocks that activate first,
arXiv:1603.05027.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Annotated, Literal, NamedTuple

import torch
from annotated_types import Ge, Lt
from torch import Tensor, nn
from torch.nn import functional

from cardiograft.models.layers.convolution import SLOPE, convolution, flatwise
from cardiograft.models.layers.decoder import Projection, doubled, given_channels, padded
from cardiograft.models.layers.dense import headed
from cardiograft.models.layers.network import Network
from cardiograft.records import Shape


class Plan(NamedTuple):
    """A block of the encoder: its widths in units of `width`, whether it pools, its kernel."""

    before: int
    after: int
    pooled: bool
    kernel: int


BLOCKS = (
    Plan(1, 1, False, 19),
    Plan(1, 1, True, 19),
    Plan(1, 2, True, 19),
    Plan(2, 3, True, 19),
    Plan(3, 4, True, 19),
    Plan(4, 4, True, 19),
    Plan(4, 5, True, 9),
    Plan(5, 5, True, 9),
    Plan(5, 5, False, 9),
)
STEM = 19  # samples of the first kernel
UNIT: int = 2 ** sum(plan.pooled for plan in BLOCKS)  # samples that become one step


def halved(code_BC1S: Tensor) -> Tensor:
    """Return the larger one of each pair of steps."""
    return functional.max_pool2d(code_BC1S, (1, 2))


class Block(nn.Module):
    """Normalise, activate, convolve, twice, beside a shortcut; then dropout of single numbers.

    What pools does so after the second convolution, what doubles does so before the first.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        *,
        kernel: int,
        dropout: float,
        pools: bool = False,
        doubles: bool = False,
    ) -> None:
        super().__init__()
        self.pools, self.doubles = pools, doubles
        self.norm = nn.BatchNorm2d(channels)
        # The second normalisation would take a bias out again; its gradient is rounding alone.
        self.first = convolution(channels, width, kernel=kernel, bias=False)
        self.second_norm = nn.BatchNorm2d(width)
        self.second = convolution(width, width, kernel=kernel)
        self.shortcut = convolution(channels, width, kernel=1) if width != channels else None
        self.dropout = nn.Dropout(dropout)

    def forward(self, code_BC1S: Tensor) -> Tensor:
        """Return (B, width, 1, S), half or twice as many steps where it pools or doubles."""
        inner = functional.leaky_relu(self.norm(code_BC1S), SLOPE)
        inner = self.first(doubled(inner) if self.doubles else inner)
        inner = self.second(functional.leaky_relu(self.second_norm(inner), SLOPE))
        past = code_BC1S
        if self.pools:
            inner, past = halved(inner), halved(past)
        if self.shortcut is not None:
            past = self.shortcut(past)
        if self.doubles:
            past = doubled(past)
        added: Tensor = self.dropout(past + inner)
        return added


class Trunk(nn.Module):
    """The stem and the blocks: (B, C, T) to (B, 5 F, 1, S), T between zeros to whole steps."""

    def __init__(self, channels: int, *, width: int, dropout: float) -> None:
        super().__init__()
        self.stem = convolution(channels, width, kernel=STEM, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.blocks = nn.Sequential(
            *(
                Block(
                    plan.before * width,
                    plan.after * width,
                    kernel=plan.kernel,
                    dropout=dropout,
                    pools=plan.pooled,
                )
                for plan in BLOCKS
            )
        )

    def given(self, signal_BCT: Tensor) -> Tensor:
        """Return the last block's steps."""
        signal_BC1T = flatwise(padded(signal_BCT, UNIT))
        code_BC1S: Tensor = self.blocks(self.norm(self.stem(signal_BC1T)))
        return code_BC1S


class Encoder(Trunk):
    """Signal to a code: (B, C, T) to (B, W)."""

    def __init__(
        self, channels: int, samples: int, *, width: int, latent: int, dropout: float
    ) -> None:
        super().__init__(channels, width=width, dropout=dropout)
        numbers = BLOCKS[-1].after * width * steps(samples)
        self.wide = nn.Linear(numbers, numbers // 2)
        self.narrow = nn.Linear(numbers // 2, latent)

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        """Return the code; features are not used."""
        code_BC1S = self.given(signal_BCT)
        code_BW: Tensor = self.narrow(functional.leaky_relu(self.wide(code_BC1S.flatten(1)), SLOPE))
        return code_BW


class PooledEncoder(Trunk):
    """Signal to what its steps are on average and at most: (B, C, T) to (B, 10 F)."""

    def __init__(self, channels: int, *, width: int, dropout: float) -> None:
        super().__init__(channels, width=width, dropout=dropout)
        # blocks that activate first leave the last sum as it is, of any size
        self.last_norm = nn.BatchNorm2d(BLOCKS[-1].after * width)

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        """Return means, then maxima, over the steps; features are not used."""
        code_BC1S = functional.leaky_relu(self.last_norm(self.given(signal_BCT)), SLOPE)
        return torch.cat([code_BC1S.mean((2, 3)), code_BC1S.amax((2, 3))], dim=1)


class Unflatten(nn.Module):
    """A code to steps of channels: (B, W) to (B, C, 1, S), channels last."""

    def __init__(self, latent: int, channels: int, count: int) -> None:
        super().__init__()
        self.channels = channels
        self.wide = nn.Linear(latent, channels * count)

    def forward(self, code_BW: Tensor) -> Tensor:
        """Return the steps."""
        flat_BN: Tensor = self.wide(code_BW)
        return flatwise(flat_BN.view(len(flat_BN), self.channels, -1))


def steps(samples: int) -> int:
    """Return how many steps are left of so many samples, the last one begun."""
    return -(-samples // UNIT)


def decoder(outputs: tuple[int, ...], *, width: int, latent: int, dropout: float) -> nn.Sequential:
    """Return what makes a signal of a code: (B, W) to (B, K, T)."""
    backwards: Iterable[Plan] = reversed(BLOCKS)
    blocks = nn.Sequential(
        *(
            Block(
                plan.after * width,
                plan.before * width,
                kernel=plan.kernel,
                dropout=dropout,
                doubles=plan.pooled,
            )
            for plan in backwards
        )
    )
    channels = BLOCKS[-1].after * width
    return nn.Sequential(
        OrderedDict(
            widen=Unflatten(latent, channels, steps(outputs[1])),
            blocks=blocks,
            last=Projection(width, outputs, kernel=1),
        )
    )


def build(
    shape: Shape,
    *,
    width: Annotated[int, Ge(1)] = 16,
    latent: Annotated[int, Ge(1)] = 60,
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.3,
    readout: Literal["code", "pooled"] = "code",
) -> nn.Module:
    """Return the network with random weights.

    Parameters
    ----------
    shape
        ``outputs`` are ``(channels, samples)``, as many samples as go in, or ``(classes,)``;
        ``features`` 0. The paper's 2,048 samples become 16 steps. Any number is taken: one that
        is no multiple of 128 stands between zeros, as few as make it one. Between lengths
        of other numbers of steps all weights fit but those between the last steps and the code.
    width
        Channels of the first block, F; the last one has five times as many.
    latent
        Numbers of the code.
    dropout
        Share of a block's numbers that are zeroed while training.
    readout
        What a classifier reads: the ``code``, as in the paper, or the last block's steps,
        ``pooled`` to their means and maxima, with no code and no `latent`.

    Raises
    ------
    ValueError
        The outputs are a signal of another length than the input's, or are read off pooled steps;
        or features are requested.
    """
    # ASSUME F = 16 at the paper's scale, and dropout in the decoder as in the encoder.
    if shape.features:
        raise ValueError(f"signals alone are taken, not {shape.features} features beside them")
    if readout == "pooled":
        pooled = PooledEncoder(shape.channels, width=width, dropout=dropout)
        return headed(pooled, 2 * BLOCKS[-1].after * width, shape)
    encoder = Encoder(shape.channels, shape.samples, width=width, latent=latent, dropout=dropout)
    if len(shape.outputs) == 1:
        return headed(encoder, latent, shape)
    given_channels(shape)
    return Network(encoder, decoder(shape.outputs, width=width, latent=latent, dropout=dropout))

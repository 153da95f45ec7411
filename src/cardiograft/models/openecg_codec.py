"""A small transformer on stretches of a signal: the encoder of the package openecg's codecs.

A strided convolution makes steps of 10 samples, four convolutions beside shortcuts and four
transformer layers follow; a linear layer on the mean over steps is the head, which is ours (the
package names each sample). Its layers' names are the package's, so that its weights fit (reader
``openecg`` of a source); they were learned at 500 Hz on leads of 10 s, a rank in place of each
sample's value, which `rank` does here.

Legend: B batch, C channels, T samples, F scalar features, W width of the code, S steps.
Source: openecg 0.11, Apache-2.0, its model card of codec v6; pre-normalised transformer layers,
arXiv:2002.04745.
"""

import math
from typing import Annotated

import torch
from annotated_types import Ge, Lt
from torch import Tensor, nn
from torch.nn import functional

from cardiograft.models.layers.dense import headed
from cardiograft.models.layers.pictures import Scalars
from cardiograft.records import Shape

HEADS = 4  # of each transformer layer's attention


class Encoder(nn.Module):
    """Signal and features to a code: (B, C, T) and (B, F) to (B, W)."""

    def __init__(
        self,
        shape: Shape,
        *,
        width: int,
        patch: int,
        convolutions: int,
        transformers: int,
        kernel: int,
        rank: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        self.rank = rank
        self.conv_tok = nn.Conv1d(
            shape.channels, width, 2 * patch, stride=patch, padding=patch // 2
        )
        self.lower_convs = nn.ModuleList(
            nn.Conv1d(width, width, kernel, padding=kernel // 2) for _ in range(convolutions)
        )
        self.lower_norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(convolutions))
        layer = nn.TransformerEncoderLayer(
            width, HEADS, 2 * width, dropout, "gelu", batch_first=True, norm_first=True
        )
        self.upper_transformer = nn.TransformerEncoder(
            layer, transformers, enable_nested_tensor=False
        )
        for one in self.upper_transformer.layers:  # which begin as copies of one
            for weight in one.parameters():
                if weight.dim() > 1:
                    nn.init.xavier_uniform_(weight)
        self.scalars = Scalars(shape.features, width)
        steps = (shape.samples + 2 * (patch // 2) - 2 * patch) // patch + 1
        self.register_buffer("place", _places(steps, width), persistent=False)

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        """Return the code: the mean over steps."""
        given_BCT = ranked(signal_BCT) if self.rank else signal_BCT
        step_BSW = self.conv_tok(given_BCT).transpose(1, 2) + self.get_buffer("place")
        for convolution, norm in zip(self.lower_convs, self.lower_norms, strict=True):
            new_BSW = functional.gelu(convolution(step_BSW.transpose(1, 2)).transpose(1, 2))
            step_BSW = norm(new_BSW + step_BSW)
        code_BW: Tensor = self.upper_transformer(step_BSW).mean(1)
        whole_BW: Tensor = self.scalars(code_BW, feature_BF)
        return whole_BW


def ranked(signal_BCT: Tensor) -> Tensor:
    """Return each sample's rank in its lead of its segment, from -1 to 1; alike ones share one."""
    signal_BCT = signal_BCT.contiguous()
    sorted_BCT = signal_BCT.sort(2).values
    below, upto = (torch.searchsorted(sorted_BCT, signal_BCT, side=s) for s in ("left", "right"))
    most = max(1, signal_BCT.shape[2] - 1)
    return ((below + upto - 1).to(signal_BCT.dtype) / most) - 1


def _places(steps: int, width: int) -> Tensor:
    """Return the place of each step in sines and cosines, shape (steps, width)."""
    step_S1 = torch.arange(steps, dtype=torch.float32, device="cpu")[:, None]
    even = torch.arange(0, width, 2, dtype=torch.float32, device="cpu")
    angle = step_S1 * torch.exp(even * (-math.log(10000.0) / width))
    return torch.stack([angle.sin(), angle.cos()], 2).flatten(1)


def build(
    shape: Shape,
    *,
    width: Annotated[int, Ge(4)] = 128,
    patch: Annotated[int, Ge(2)] = 10,
    convolutions: Annotated[int, Ge(1)] = 4,
    transformers: Annotated[int, Ge(1)] = 4,
    kernel: Annotated[int, Ge(1)] = 7,
    rank: bool = True,
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.1,
) -> nn.Module:
    """Return the network with random weights.

    Parameters
    ----------
    shape
        ``outputs`` must be ``(K,)``.
    width
        Of the code; a multiple of 4.
    patch
        Samples from one step to the next.
    convolutions, transformers
        How many layers of each.
    kernel
        Of the convolutions, in steps; odd.
    rank
        Whether ranks go in, or the signal as it is.
    dropout
        In the transformer layers.

    Raises
    ------
    ValueError
        The outputs are a signal, the width is no multiple of 4, the kernel or the patch is of
        the wrong parity, or the signal is shorter than one step.
    """
    if width % HEADS or kernel % 2 == 0 or patch % 2:
        raise ValueError(
            f"openecg_codec: width {width} must be a multiple of {HEADS}, kernel {kernel} odd and"
            f" patch {patch} even"
        )
    if shape.samples < patch:
        raise ValueError(f"openecg_codec: {shape.samples} samples are less than a step of {patch}")
    if shape.rows:
        raise ValueError("openecg_codec takes signals, not pictures")
    encoder = Encoder(
        shape,
        width=width,
        patch=patch,
        convolutions=convolutions,
        transformers=transformers,
        kernel=kernel,
        rank=rank,
        dropout=dropout,
    )
    return headed(encoder, width, shape, layer=nn.Linear)

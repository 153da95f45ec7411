"""The mean of several networks' outputs, trained on as one network.

Classes are averaged as probabilities; what comes out is the logarithm of the mean, so that a
softmax gives the mean and a cross-entropy is its negative log likelihood. The encoder holds the
members' encoders and the head their heads, by number: `encoder: encoder.0, head: head.0` is
the map that puts a trained network in the first place.

Legend: M members, B batch, C channels, T samples, F scalar features, K outputs.
Source: study `transform_recognition`, ensemble.
"""

import math
from typing import Annotated, Any, Literal

import torch
from annotated_types import MinLen
from torch import Tensor, nn

from cardiograft import plugins
from cardiograft.models.layers.network import Network
from cardiograft.records import Shape
from cardiograft.specs.members import members as resolved


class Encoders(nn.ModuleList):
    """Each member's code of the same signal and features."""

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> list[Any]:
        """Return the codes, whatever a member's head takes."""
        return [encoder(signal_BCT, feature_BF) for encoder in self]


class Heads(nn.ModuleList):
    """Each member's head on its own code, and the mean of their outputs."""

    def __init__(self, heads: list[nn.Module], *, probabilities: bool) -> None:
        super().__init__(heads)
        self._probabilities = probabilities

    def forward(self, codes: list[Any]) -> Tensor:
        """Return the mean, or the logarithm of the mean probabilities."""
        outputs = [head(code) for head, code in zip(self, codes, strict=True)]
        output_MBK = torch.stack([output.float() for output in outputs])
        if not self._probabilities:
            return output_MBK.mean(0)
        return output_MBK.log_softmax(2).logsumexp(0) - math.log(len(self))


def build(
    shape: Shape,
    *,
    members: Annotated[tuple[str | dict[str, object], ...], MinLen(2)] = ("mlp", "cnn", "lstm"),
    mean_of: Literal["probabilities", "outputs"] = "probabilities",
) -> nn.Module:
    """Return the network with random weights.

    Parameters
    ----------
    shape
        Every member's.
    members
        Names of models, or mappings with ``name`` and options; each must be its head on what
        its encoder gives.
    mean_of
        ``probabilities`` for a task of classes that exclude each other; ``outputs``, the plain
        mean, for yes-or-no heads and for signals.

    Raises
    ------
    ValueError
        There are fewer than two members, one can't give the outputs, or the mean of a signal's
        probabilities is requested.
    """
    if len(members) < 2:
        raise ValueError(f"mean_ensemble needs two members or more, not {len(members)}")
    if mean_of == "probabilities" and len(shape.outputs) != 1:
        raise ValueError(f"a signal of {shape.outputs} has no probabilities: mean_of 'outputs'")
    networks = [
        plugins.load("models", one.name).build(shape, **one.options) for one in resolved(members)
    ]
    heads = Heads([n.head for n in networks], probabilities=mean_of == "probabilities")
    return Network(Encoders(n.encoder for n in networks), heads)

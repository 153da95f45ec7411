"""An encoder's output as one vector a segment, which domain adaptation compares.

Legend: B batch, C channels, T samples, F scalars beside the signal, W numbers of a code, S steps
of a code.
"""

from typing import Any

import torch
from torch import Tensor, nn

from cardiograft.checkpoints.network import shown
from cardiograft.records import Shape


def code_of(encoded: Any) -> Tensor:
    """Return what an encoder gives as one vector a segment, shape (B, W).

    Parameters
    ----------
    encoded
        (B, W) as it is. Of (B, W, S) or (B, W, 1, S) the mean over its steps. Of a tuple, the
        code and what skips past it, the code. Of a list, the codes of an ensemble's members,
        one after the other.
    """
    # ASSUME the skips are left alone: the losses' sources compare the deepest layers.
    if isinstance(encoded, tuple):
        return code_of(encoded[0])
    if isinstance(encoded, list):
        return torch.cat([code_of(one) for one in encoded], 1)
    code: Tensor = encoded
    return code.flatten(2).mean(2) if code.ndim > 2 else code


class Coded(nn.Module):
    """A network that gives its code beside its output; it holds no tensors of its own."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> tuple[Tensor, Tensor]:
        """Return the network's output, and the code of it, shape (B, W)."""
        seen = shown(self.network, signal_BCT)
        encoded = self.network.get_submodule("encoder")(seen, feature_BF)
        output: Tensor = self.network.get_submodule("head")(encoded)
        return output, code_of(encoded)


@torch.no_grad()
def code_width(network: nn.Module, shape: Shape) -> int:
    """Return how many numbers a code has; the network is as before."""
    parameter = next(network.parameters())
    signal, feature = (
        torch.zeros(size, device=parameter.device)
        for size in ((1, *shape.input), (1, shape.features))
    )
    trained = network.training
    _, code_1W = Coded(network).eval()(signal, feature)
    network.train(trained)
    return int(code_1W.shape[1])

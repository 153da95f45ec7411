"""Magnitude pruning: the smallest weights of each kernel are set to zero and stay zero.

Source: Zhu & Gupta 2017, arXiv:1710.01878.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cardiograft.checkpoints.masks import hide, kernels
from cardiograft.specs.prune import Sparsity
from cardiograft.training.pruning.schedule import due, sparsity_at
from cardiograft.training.pruning.structured import Tensors


def magnitude_mask(kernel: Tensor, sparsity: float, old: Tensor | None = None) -> Tensor:
    """Return False for the smallest weights: ``size - round(size (1 - sparsity))`` of them.

    What the `old` mask hides ranks last and stays hidden, even where that is more.
    """
    size = kernel.numel()
    alive = round(size * (1 - sparsity))
    rank = kernel.detach().abs().flatten()
    if old is not None:
        rank = rank.masked_fill(~old.flatten(), -1.0)
    mask = torch.zeros(size, dtype=torch.bool, device=kernel.device)
    mask[rank.argsort(descending=True, stable=True)[:alive]] = True
    mask &= rank >= 0
    return mask.view(kernel.shape)


@dataclass(frozen=True)
class Magnitude:
    """Zero each kernel's smallest weights, more of them from step to step."""

    spec: Sparsity

    @property
    def end(self) -> int:
        """The step after which masks stand."""
        return self.spec.end

    def attach(self, network: nn.Module, masks: Tensors) -> None:
        """Leave the network as it is: a zero weight needs nothing else of it."""

    def renew(self, network: nn.Module, masks: dict[str, Tensor], *, step: int) -> None:
        """Rank each kernel's weights anew where the step asks for it, and zero the smallest."""
        if not due(step, self.spec):
            return
        wanted = sparsity_at(step, self.spec)
        for name, kernel in kernels(network).items():
            masks[name] = magnitude_mask(kernel, wanted, masks.get(name))
        hide(network, masks)

    def finished(
        self, tensors: Tensors, masks: Tensors
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return what is published: all tensors, and their masks."""
        return dict(tensors), dict(masks)

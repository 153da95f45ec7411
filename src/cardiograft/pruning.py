"""Magnitude pruning with polynomial decay: kernels grow sparse while they train on.

Source: Zhu & Gupta 2017, arXiv:1710.01878, equation 1.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cardiograft.checkpoints import hide, kernels
from cardiograft.specs.prune import Sparsity


def sparsity_at(step: int, spec: Sparsity) -> float:
    """Return the share of zeros after `step` training steps, as if renewed at every step."""
    through = min(max((step - spec.begin) / (spec.end - spec.begin), 0.0), 1.0)
    return spec.final + (spec.initial - spec.final) * (1 - through) ** 3


def due(step: int, spec: Sparsity) -> bool:
    """Whether masks are renewed after `step` steps: every `every` of them, and at the end."""
    if not spec.begin <= step <= spec.end:
        return False
    return (step - spec.begin) % spec.every == 0 or step == spec.end


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

    def renew(self, network: nn.Module, masks: dict[str, Tensor], *, step: int) -> None:
        """Rank each kernel's weights anew where the step asks for it, and zero the smallest."""
        if not due(step, self.spec):
            return
        wanted = sparsity_at(step, self.spec)
        for name, kernel in kernels(network).items():
            masks[name] = magnitude_mask(kernel, wanted, masks.get(name))
        hide(network, masks)

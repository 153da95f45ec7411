"""Which weights of a checkpoint are pruned, and how sparse that leaves it."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from cardiograft.checkpoints.file import Checkpoint


def kernels(model: nn.Module) -> dict[str, nn.Parameter]:
    """Return the weights that multiply inputs; biases and normalisations have one axis."""
    return {name: p for name, p in model.named_parameters() if p.ndim >= 2}


@torch.no_grad()
def hide(model: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Zero what the masks hide."""
    if masks:
        parameters = dict(model.named_parameters())
        for name, mask in masks.items():
            parameters[name].mul_(mask)


def sparsity_summary(checkpoint: Checkpoint) -> dict[str, Any]:
    """Count zeros: in the kernels, in all parameters, and per kernel.

    Returns
    -------
    dict
        ``kernels`` and ``total`` (shares); ``kernel_zeros`` of ``kernel_parameters``, ``zeros``
        of ``parameters``; and ``tensors``: share by name.
    """
    buffers = set(checkpoint.about.get("buffers", ()))
    weights = {k: t for k, t in checkpoint.tensors.items() if k not in buffers}
    zeros = {k: int((t == 0).sum()) for k, t in weights.items()}
    cores = [k for k, t in weights.items() if t.ndim >= 2]
    inside = sum(weights[k].numel() for k in cores)
    hollow = sum(zeros[k] for k in cores)
    size = sum(t.numel() for t in weights.values())
    return {
        "kernels": hollow / max(inside, 1),
        "total": sum(zeros.values()) / max(size, 1),
        "kernel_parameters": inside,
        "kernel_zeros": hollow,
        "zeros": sum(zeros.values()),
        "parameters": size,
        "tensors": {k: zeros[k] / weights[k].numel() for k in sorted(cores)},
    }

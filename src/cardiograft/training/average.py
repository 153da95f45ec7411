"""The exponential moving average of a network's weights (EMA), kept beside a training."""

import contextlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from cardiograft.specs.training import Training


def initial_average(network: nn.Module, training: Training) -> dict[str, Tensor]:
    """Return the average before the first step, the weights themselves; none without EMA."""
    if training.ema is None:
        return {}
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


@torch.no_grad()
def update_average(
    average: Mapping[str, Tensor],
    network: nn.Module,
    masks: Mapping[str, Tensor],
    *,
    decay: float,
    step: int,
) -> None:
    """Move an average towards the network as it is after step `step`, counted from 0."""
    keep = min(decay, (1 + step) / (10 + step))
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point():
            # A sum of two products would move even a frozen tensor, by its rounding.
            average[name].lerp_(tensor, 1 - keep)
        else:
            average[name].copy_(tensor)
        if name in masks:
            average[name].mul_(masks[name])


@contextlib.contextmanager
def averaged_weights(average: Mapping[str, Tensor], network: nn.Module) -> Iterator[None]:
    """Inside this context the network holds its averaged weights, where an average is kept."""
    if not average:
        yield
        return
    own = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.load_state_dict(average)
    try:
        yield
    finally:
        network.load_state_dict(own)

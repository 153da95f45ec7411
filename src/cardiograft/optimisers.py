"""Which parameters are trained, how, at what rate, and the average that is kept of them."""

import contextlib
import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from cardiograft.learning import Start
from cardiograft.prefixes import below, longest
from cardiograft.specs.training import Training

# Of one_cycle, as in torch's OneCycleLR but for the share that rises: from 1/25 of the rate to
# all of it, and down to 1/10000 of where it began.
RISING, FIRST, LAST = 0.15, 1 / 25, 1 / 25e4


def optimiser(
    network: nn.Module, training: Training, start: Start, beside: nn.Module | None = None
) -> torch.optim.Optimizer:
    """Return the optimiser: a group of parameters for each factor on the learning rate.

    What is trained `beside` the network is a group of its own, the last.
    """
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        frozen = any(below(name, prefix) for prefix in start.frozen)
        parameter.requires_grad_(not frozen)
        prefix = longest(name, start.rate_factors)
        factor = 1.0 if prefix is None else start.rate_factors[prefix]
        if not frozen:
            groups.setdefault(factor, []).append(parameter)
    rated = [{"params": ps, "factor": f} for f, ps in sorted(groups.items())] or [{"params": []}]
    if beside is not None and any(True for _ in beside.parameters()):
        rated.append({"params": list(beside.parameters()), "factor": 1.0})
    rate, decay = training.learning_rate, training.weight_decay
    if training.optimiser == "sgd":
        return torch.optim.SGD(rated, rate, training.momentum, weight_decay=decay)
    kind = torch.optim.Adam if training.optimiser == "adam" else torch.optim.AdamW
    return kind(rated, rate, weight_decay=decay, fused=True)


def rate_at(step: int, total: int, training: Training) -> float:
    """Return the learning rate of a step (of all epochs), before any factor."""
    if training.schedule == "constant":
        return training.learning_rate
    if training.schedule == "one_cycle":
        return training.learning_rate * _one_cycle(step, total)
    return training.learning_rate * 0.5 * (1 + math.cos(math.pi * step / total))


def _one_cycle(step: int, total: int) -> float:
    peak, end = RISING * total - 1, total - 1
    if step <= peak:
        return _eased(FIRST, 1.0, step / peak)
    return _eased(1.0, LAST, (step - peak) / (end - peak))


def _eased(first: float, last: float, through: float) -> float:
    return first + (last - first) * (1 - math.cos(math.pi * through)) / 2


def averaged(network: nn.Module, training: Training) -> dict[str, Tensor]:
    """Return what the average of a network starts from; nothing where none is kept."""
    if training.ema is None:
        return {}
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


@torch.no_grad()
def follow(
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
def shown(average: Mapping[str, Tensor], network: nn.Module) -> Iterator[None]:
    """Have the network hold its average, where there is one, and then its own tensors again."""
    if not average:
        yield
        return
    own = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.load_state_dict(average)
    yield
    network.load_state_dict(own)

"""Which parameters are trained, how, and at what rate."""

import math

import torch
from torch import nn

from cardiograft.learning import Start
from cardiograft.prefixes import below, longest
from cardiograft.specs.training import Training


def optimiser(network: nn.Module, training: Training, start: Start) -> torch.optim.Optimizer:
    """Return the optimiser: a group of parameters for each factor on the learning rate."""
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        frozen = any(below(name, prefix) for prefix in start.frozen)
        parameter.requires_grad_(not frozen)
        prefix = longest(name, start.rate_factors)
        factor = 1.0 if prefix is None else start.rate_factors[prefix]
        if not frozen:
            groups.setdefault(factor, []).append(parameter)
    rated = [{"params": ps, "factor": f} for f, ps in sorted(groups.items())] or [{"params": []}]
    rate, decay = training.learning_rate, training.weight_decay
    if training.optimiser == "sgd":
        return torch.optim.SGD(rated, rate, training.momentum, weight_decay=decay)
    kind = torch.optim.Adam if training.optimiser == "adam" else torch.optim.AdamW
    return kind(rated, rate, weight_decay=decay, fused=True)


def rate_at(step: int, total: int, training: Training) -> float:
    """Return the learning rate of a step (of all epochs), before any factor."""
    if training.schedule == "constant":
        return training.learning_rate
    return training.learning_rate * 0.5 * (1 + math.cos(math.pi * step / total))

"""The optimiser, its groups of parameters, and the learning rate of every step."""

import math
from typing import Any

import torch
from torch import nn

from cardiograft.checkpoints.names import below, longest
from cardiograft.specs.training import Training
from cardiograft.training.task import Start

# Of one_cycle, as in torch's OneCycleLR but for the share that rises: from 1/25 of the rate to
# all of it, and down to 1/10000 of where it began.
RISING, FIRST, LAST = 0.15, 1 / 25, 1 / 25e4


def make_optimiser(
    network: nn.Module, training: Training, start: Start, extra: nn.Module | None = None
) -> torch.optim.Optimizer:
    """Return the optimiser: a group of parameters for each factor on the learning rate.

    The parameters of `extra`, further trained modules (a domain classifier), form the last
    group.
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
    if extra is not None and any(True for _ in extra.parameters()):
        rated.append({"params": list(extra.parameters()), "factor": 1.0})
    rate, decay = training.learning_rate, training.weight_decay
    if training.optimiser == "sgd":
        return _SGD(rated, rate, training.momentum, weight_decay=decay)
    kind = _Adam if training.optimiser == "adam" else _AdamW
    return kind(rated, rate, weight_decay=decay, fused=True)


def _plain(method: Any) -> Any:
    """Return a method of torch's optimisers without what loads torch's compiler.

    Torch wraps these methods so that a compiled program steps over them. The first call imports
    the compiler, which takes longer than all else that a short training needs to start. Where a
    later torch does not wrap them, the method is returned as it is.
    """
    return getattr(method, "__wrapped__", method)


class _Eager(torch.optim.Optimizer):
    add_param_group = _plain(torch.optim.Optimizer.add_param_group)
    zero_grad = _plain(torch.optim.Optimizer.zero_grad)
    state_dict = _plain(torch.optim.Optimizer.state_dict)
    load_state_dict = _plain(torch.optim.Optimizer.load_state_dict)


class _SGD(_Eager, torch.optim.SGD):
    step = torch.no_grad()(_plain(torch.optim.SGD.step))


class _Adam(_Eager, torch.optim.Adam):
    step = torch.no_grad()(_plain(torch.optim.Adam.step))


class _AdamW(_Eager, torch.optim.AdamW):
    step = torch.no_grad()(_plain(torch.optim.AdamW.step))


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

"""Running means and variances of layers that are frozen with random weights.

Batch normalisation in a frozen part uses the statistics that it came with. Of random weights these
are mean 0 and variance 1, which say nothing of the signals: layer by layer what passes gets smaller
or larger, and a head on top has nothing that it can learn from. That a learned encoder is better
than such a one would be no finding. So the training part is passed through once before training,
and the statistics are those of its batches; the weights stay as they were drawn.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from cardiograft.checkpoints.names import below
from cardiograft.training.determinism import SETTLING, seeded
from cardiograft.training.feed import Feed, draw
from cardiograft.training.order import batches, epoch_order
from cardiograft.training.task import Task

# ASSUME so many batches, drawn from the whole part, know its means and variances well enough.
MOST_BATCHES = 256
SETTLED = "frozen layers with random weights are normalised by the training part"


def unsettled(
    network: nn.Module, frozen: Sequence[str], loaded: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """Return the frozen layers whose running statistics came from no checkpoint, by name.

    Parameters
    ----------
    frozen
        Name prefixes that are not trained.
    loaded
        Tensors of the network that a checkpoint gave.
    """
    return tuple(
        name
        for name, layer in network.named_modules()
        if isinstance(layer, _BatchNorm)
        and layer.track_running_stats
        and any(below(name, prefix) for prefix in frozen)
        and f"{name}.running_mean" not in loaded
    )


@torch.no_grad()
def settle(
    network: nn.Module, task: Task, train: Feed, *, layers: Sequence[str], size: int, seed: int
) -> None:
    """Give layers the running statistics of the training part; without any, change nothing.

    The mean over at most `MOST_BATCHES` batches of `size` items, neither augmented nor with
    dropout; which they are, `seed` decides alone. Training draws the same after it as without.

    Parameters
    ----------
    network
        Changed in place: the layers' running mean and variance.
    layers
        Names of layers that normalise batches.
    """
    if not layers:
        return
    norms = [network.get_submodule(name) for name in layers]
    momenta = [norm.momentum for norm in norms]
    network.eval()
    for norm in norms:
        assert isinstance(norm, _BatchNorm)
        norm.reset_running_stats()
        norm.momentum = None  # torch's sign for the mean over all batches
        norm.train()
    order_I = epoch_order(len(train) * task.versions, seed=seed, epoch=SETTLING)
    for step, item_B in enumerate(batches(order_I, size)[:MOST_BATCHES]):
        generator = seeded(seed, SETTLING, step, train.device)
        batch = draw(task, train, item_B, generator)
        network(batch.signal_BCT, batch.feature_BF)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.train()

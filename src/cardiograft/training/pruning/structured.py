"""Pruning with polynomial decay: networks grow sparse, or narrow, while they train on.

Of each kernel the smallest weights are zeroed (`Magnitude`), or of each layer whole channels
(`Structured`), which are cut out in the end.

Legend: K couplings (channels that go together count once), C channels, A those of them that
are alive, B batch, S steps.
Source: Zhu & Gupta 2017, arXiv:1710.01878, equation 1; whole channels by the norm of their
weights, Li et al. 2017, arXiv:1608.08710.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from cardiograft import plugins
from cardiograft.checkpoints.masks import hide
from cardiograft.records import Shape
from cardiograft.specs.entry import Plugin
from cardiograft.specs.prune import Sparsity, kept_channels
from cardiograft.training.pruning.coupling import Coupling, coupled
from cardiograft.training.pruning.schedule import due, sparsity_at
from cardiograft.training.pruning.tracing import STAYS

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class Structured:
    """Take each layer's weakest channels away, more of them from step to step.

    A channel's strength is the norm of all weights that are its own: the rows that make it,
    of every layer that adds to it, what normalises it, and the columns that receive it. While
    the network trains, a channel that has gone is zero wherever it is made, and its columns
    are zero wherever it is received, so that it reaches nothing; and normalisations leave it out
    of their means and variances. So the network computes what the smaller one will that is
    cut out of it in the end.
    """

    spec: Sparsity
    coupling: Coupling

    @property
    def end(self) -> int:
        """The step after which masks stand."""
        return self.spec.end

    def attach(self, network: nn.Module, masks: Tensors) -> None:
        """Have group normalisations look at `masks`, as they change, for what is alive."""
        for name, norm in list(network.named_modules()):
            if isinstance(norm, nn.GroupNorm) and f"{name}.weight" in self.coupling.owners:
                parent = network.get_submodule(name.rpartition(".")[0])
                setattr(parent, name.rpartition(".")[2], _LivingNorm(norm, name, masks))

    def renew(self, network: nn.Module, masks: dict[str, Tensor], *, step: int) -> None:
        """Rank channels anew where the step asks for it, and zero the weakest."""
        if not due(step, self.spec):
            return
        parameters = dict(network.named_parameters())
        strength_K = _strength(self.coupling, parameters)
        alive_K = self._chosen(strength_K, _alive(self.coupling, masks), step=step)
        for name in self.coupling.owners:
            if name in parameters:
                shown = torch.ones(parameters[name].shape, dtype=torch.bool)
                for axis, owner in self.coupling.owners[name].items():
                    stays = _here(owner, alive_K)
                    shown &= stays.view([-1 if a == axis else 1 for a in range(shown.ndim)])
                own = shown.to(parameters[name].device)
                masks[name] = own & masks[name] if name in masks else own
        hide(network, masks)

    def finished(
        self, tensors: Tensors, masks: Tensors
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return what is published: the tensors of the narrower network.

        Masks come with it of weights that were pruned one by one before.
        """
        alive_K = _alive(self.coupling, masks)

        def cut(whole: Tensors) -> dict[str, Tensor]:
            return {
                name: _cut(tensor, self.coupling.owners.get(name, {}), alive_K)
                for name, tensor in whole.items()
            }

        return cut(tensors), {name: mask for name, mask in cut(masks).items() if not mask.all()}

    def _chosen(self, strength_K: Tensor, alive_K: Tensor, *, step: int) -> Tensor:
        """Return which couplings stay: of each block the strongest."""
        share = sparsity_at(step, self.spec)
        rank_K = strength_K.masked_fill(~alive_K, -1.0)
        chosen_K = torch.zeros(self.coupling.size, dtype=torch.bool)
        for block, kept in zip(self.coupling.blocks, self.coupling.kept, strict=True):
            many = kept if step == self.end else max(kept, kept_channels(len(block), share))
            best = rank_K[block].argsort(descending=True, stable=True)[:many]
            chosen_K[block[best]] = True
        return chosen_K & alive_K


def structured(spec: Sparsity, network: nn.Module, result: Plugin, shape: Shape) -> Structured:
    """Return the pruning that makes another model of a network: the same, but narrower.

    Parameters
    ----------
    network
        The wide one.
    result
        The model that is to come out.
    shape
        What both take and give.

    Raises
    ------
    ValueError
        It can't be had by taking channels away.
    """
    with torch.random.fork_rng(devices=[]):
        narrow = plugins.load("models", result.name).build(shape, **result.options)
    shapes = {name: tensor.shape for name, tensor in narrow.state_dict().items()}
    way = Structured(spec, coupled(network, shapes, shape))
    _try(way, network, narrow, shape)
    return way


@torch.no_grad()
def _try(way: Structured, network: nn.Module, narrow: nn.Module, shape: Shape) -> None:
    """Prune a copy at once, and refuse where the narrower network gives anything else."""
    wide, masks = copy.deepcopy(network).eval(), dict[str, Tensor]()
    way.attach(wide, masks)
    way.renew(wide, masks, step=way.end)
    narrow.eval().load_state_dict(way.finished(wide.state_dict(), masks)[0])
    generator = torch.Generator().manual_seed(0)
    signal_BCT = torch.randn((1, shape.channels, shape.samples), generator=generator)
    feature_BF = torch.randn((1, shape.features), generator=generator)
    large, small = (one(signal_BCT, feature_BF) for one in (wide, narrow))
    if not torch.allclose(large, small, rtol=0, atol=1e-3 * max(1e-6, float(large.abs().max()))):
        raise ValueError(
            "structured pruning: without some of its channels the network does not give what it"
            " gives while they are zero; something in it couples channels unseen"
        )


class _LivingNorm(nn.GroupNorm):
    """A group normalisation of the channels that are alive; the others are zero."""

    def __init__(self, norm: nn.GroupNorm, name: str, masks: Tensors) -> None:
        super().__init__(norm.num_groups, norm.num_channels, norm.eps)
        self.weight, self.bias = norm.weight, norm.bias
        self._masks, self._name = masks, f"{name}.weight"

    def forward(self, code_BCxS: Tensor) -> Tensor:
        """Return what the narrower network would give, and zeros between."""
        if self._name not in self._masks:
            return super().forward(code_BCxS)
        index_A = self._masks[self._name].nonzero().flatten()
        weight_A, bias_A = self.weight[index_A], self.bias[index_A]
        living = code_BCxS.index_select(1, index_A)
        normal = functional.group_norm(living, self.num_groups, weight_A, bias_A, self.eps)
        # Mixed precision normalises in float32.
        return torch.zeros_like(code_BCxS, dtype=normal.dtype).index_copy(1, index_A, normal)


@torch.no_grad()
def _strength(coupling: Coupling, parameters: Mapping[str, nn.Parameter]) -> Tensor:
    """Return the norm of all weights of each coupling, float64, shape (K,)."""
    square_K = torch.zeros(coupling.size, dtype=torch.float64)
    for name, axes in coupling.owners.items():
        if name in parameters:
            for axis, owner in axes.items():
                square = parameters[name].detach().cpu().double().square()
                sum_C = square.movedim(axis, 0).flatten(1).sum(1) if square.ndim > 1 else square
                square_K.index_add_(0, owner[owner != STAYS], sum_C[owner != STAYS])
    return square_K.sqrt()


def _alive(coupling: Coupling, masks: Tensors) -> Tensor:
    """Return which couplings are seen somewhere, bool, shape (K,)."""
    seen_K = torch.zeros(coupling.size)
    for name in coupling.owners.keys() - coupling.buffers:
        for axis, owner in coupling.owners[name].items():
            any_C = torch.ones(len(owner))
            if name in masks:
                mask = masks[name].cpu().movedim(axis, 0)
                any_C = mask.reshape(len(owner), -1).any(1).float()
            seen_K.index_add_(0, owner[owner != STAYS], any_C[owner != STAYS])
    return seen_K > 0


def _here(owner_C: Tensor, alive_K: Tensor) -> Tensor:
    """Return which indices along an axis are left, bool, shape (C,)."""
    return torch.where(owner_C == STAYS, True, alive_K[owner_C.clamp(min=0)])


def _cut(tensor: Tensor, axes: Mapping[int, Tensor], alive_K: Tensor) -> Tensor:
    for axis, owner in axes.items():
        tensor = tensor.index_select(axis, _here(owner, alive_K).nonzero().flatten())
    return tensor

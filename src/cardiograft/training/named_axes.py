"""Which axes of a network's tensors belong to its outputs, its leads and its features.

A network that is built for one output more has one row more wherever a row is an output's. So
the axes are found for any model, without a word in its file. That a place on such an axis is the
place of a name is tried, not assumed: names exchanged in the weights must give the outputs
exchanged.

Legend: B batch, C channels, T samples, F scalar features, K outputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from cardiograft.checkpoints.meaning import ENDS, End
from cardiograft.checkpoints.network import View, build
from cardiograft.records import Shape

MORE = (1, 2)  # with one lead more a layer may happen to come or go; with two another may


@dataclass(frozen=True)
class Axis:
    """An axis of a tensor on which each name has `block` places in a row.

    Attributes
    ----------
    sure
        Whether the places were found to be those of the names, in order.
    """

    axis: int
    block: int
    sure: bool = True

    def places(self, names: Tensor) -> Tensor:
        """Return the places of names, shape (names * block,)."""
        return (names[:, None] * self.block + torch.arange(self.block)).flatten()


Axes = Mapping[End, Mapping[str, Axis]]


@dataclass(frozen=True)
class Ends:
    """The ends of a network that a model builds for a shape: its outputs, leads and features."""

    model: str
    options: Mapping[str, Any]
    shape: Shape
    view: View | None = None

    @cached_property
    def axes(self) -> Axes:
        """For each end, the tensors that have an axis of its names."""
        return named_axes(self.model, self.options, self.shape, self.view)


def named_axes(
    model: str, options: Mapping[str, Any], shape: Shape, view: View | None = None
) -> Axes:
    """Return, for each end of a network, the tensors that have an axis of its names."""
    builder, axes_by_end = _Builder(model, options, view), dict[End, Mapping[str, Axis]]()
    for end in ENDS:
        axes = _grown(builder, shape, end)
        sure = not axes or _holds(builder, shape, end, axes)
        axes_by_end[end] = {name: replace(axis, sure=sure) for name, axis in axes.items()}
    return axes_by_end


@dataclass(frozen=True)
class _Builder:
    model: str
    options: Mapping[str, Any]
    view: View | None

    def network(self, shape: Shape, device: str = "cpu") -> nn.Module:
        with torch.random.fork_rng(devices=[]), torch.device(device):
            torch.manual_seed(0)
            network = build(self.model, self.options, shape, self.view)
        return network.eval()

    def sizes(self, shape: Shape) -> dict[str, tuple[int, ...]]:
        tensors = self.network(shape, "meta").state_dict()
        return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def _grown(builder: _Builder, shape: Shape, end: End) -> dict[str, Axis]:
    """Return the axes that grow with the names of one end."""
    axis_by_name: dict[str, Axis] = {}
    if end == "features" and not shape.features:
        return axis_by_name
    own = builder.sizes(shape)
    for more in MORE:
        try:
            larger = builder.sizes(_larger(shape, end, more))
        except ValueError:  # the model takes no other number
            continue
        for name, sizes in own.items():
            there = larger.get(name, ())
            if len(there) != len(sizes) or name in axis_by_name:
                continue
            grown = [axis for axis, size in enumerate(sizes) if there[axis] != size]
            count = _count(shape, end)
            if len(grown) == 1 and sizes[grown[0]] % count == 0:
                axis_by_name[name] = Axis(grown[0], sizes[grown[0]] // count)
    return axis_by_name


def _count(shape: Shape, end: End) -> int:
    return {"outputs": shape.outputs[0], "leads": shape.channels, "features": shape.features}[end]


def _larger(shape: Shape, end: End, more: int) -> Shape:
    if end == "outputs":
        return shape._replace(outputs=(shape.outputs[0] + more, *shape.outputs[1:]))
    if end == "leads":
        return shape._replace(channels=shape.channels + more)
    return shape._replace(features=shape.features + more)


def _holds(builder: _Builder, shape: Shape, end: End, axes: Mapping[str, Axis]) -> bool:
    """Whether a turn of the names in the weights is the same turn of what they stand for."""
    count = _count(shape, end)
    if count == 1:
        return True
    turned = torch.arange(count).roll(1)
    network = builder.network(shape)
    draw = torch.Generator().manual_seed(0)
    signal_BCT = torch.randn(2, *shape.input, generator=draw)
    feature_BF = torch.randn(2, shape.features, generator=draw)
    state = network.state_dict()
    with torch.no_grad():
        for tensor in state.values():  # a bias that starts at zero would hide its places
            if tensor.is_floating_point():
                tensor += 0.01 * torch.randn(tensor.shape, generator=draw)
        before: Tensor = network(signal_BCT, feature_BF)
        for name, axis in axes.items():
            state[name].copy_(state[name].index_select(axis.axis, axis.places(turned)))
        if end == "leads":
            signal_BCT = signal_BCT[:, turned]
        if end == "features":
            feature_BF = feature_BF[:, turned]
        after: Tensor = network(signal_BCT, feature_BF)
    wanted = before[:, turned] if end == "outputs" else before
    return torch.allclose(after, wanted, rtol=1e-3, atol=1e-4)

"""Find which channels of a network are coupled, by tracing NaN through a copy of it.

Each layer in turn puts out NaN in some of its channels, and all that is between layers
(activations, sums, pooling, reshaping) carries it to the layers that receive it. The layers
themselves are not computed. A channel is known by its number in binary digits, one segment of a
batch for each digit and one for its complement, so that a single pass tells all channels of a
layer apart, unless several reach one place.

Legend: R rows of a probe (segments of its batch), C channels, D binary digits, N nodes (rows and
columns of all layers), E pairs of nodes.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from cardiograft.records import Shape

Numbers = npt.NDArray[Any]
STAYS = -1
ROWS = 64  # traced at a time, where each needs one to itself
LAYERS = (nn.Conv1d, nn.Conv2d, nn.Linear)
RECURRENT = (nn.GRU, nn.LSTM, nn.RNN)
NORMS = (nn.GroupNorm, nn.BatchNorm1d, nn.BatchNorm2d)


class Nodes:
    """A number for each output row and input column of the modules that hold parameters."""

    def __init__(self, network: nn.Module) -> None:
        self.modules = {
            name: module
            for name, module in network.named_modules()
            if name and next(module.parameters(recurse=False), None) is not None
        }
        for name, module in self.modules.items():
            if getattr(module, "groups", 1) != 1:
                raise ValueError(f"structured pruning: {name} convolves its channels apart")
        sizes = {
            **{("row", name): len(m.weight) for name, m in self.of(LAYERS)},
            **{("column", name): _input_channels(m) for name, m in self.modules.items()},
        }
        ends = np.cumsum([1, *sizes.values()])  # node 0: what must stay
        self.count = int(ends[-1])
        self.at = {
            key: np.arange(start, end)
            for key, start, end in zip(sizes, ends[:-1], ends[1:], strict=True)
        }

    def of(self, kinds: tuple[type[Any], ...]) -> Iterator[tuple[str, Any]]:
        """Yield name and module of some kinds."""
        yield from ((n, m) for n, m in self.modules.items() if isinstance(m, kinds))

    def owners(self, coupling_N: Numbers) -> dict[str, dict[int, Tensor]]:
        """Return, by tensor and axis, the coupling of each index."""
        owners: dict[str, dict[int, Tensor]] = {}
        for (end, name), node_C in self.at.items():
            owner_C = torch.from_numpy(coupling_N[node_C])
            if (owner_C != STAYS).any():
                for tensor, axis in _places(self.modules[name], end):
                    owners.setdefault(f"{name}.{tensor}", {})[axis] = owner_C
        return owners


def _input_channels(module: nn.Module) -> int:
    """Return how many input channels a module has; 0 of a kind that is not known."""
    names = ("in_channels", "in_features", "num_channels", "num_features", "input_size")
    known = isinstance(module, (*LAYERS, *NORMS, *RECURRENT))
    return next((int(getattr(module, n)) for n in names if known and hasattr(module, n)), 0)


def _places(module: nn.Module, end: str) -> list[tuple[str, int]]:
    """Return the tensors, and their axes, that have a module's rows, or its columns."""
    own = [name for name, tensor in module.state_dict().items() if tensor.ndim]
    if isinstance(module, RECURRENT):
        return [(name, 1) for name in own if name.startswith("weight_ih_l0")]
    if isinstance(module, NORMS) or end == "row":
        return [(name, 0) for name in own]
    return [("weight", 1)]


@dataclass
class Probe:
    """Which module puts out NaN (none: the input), in which channels, and who received it.

    Attributes
    ----------
    mark_RC
        bool: the channels of the source that are NaN; none: all of them.
    received
        Name, and bool, shape (R, C): the channels that came in as NaN.
    """

    source: str = ""
    mark_RC: Tensor | None = None
    received: list[tuple[str, Tensor]] = field(default_factory=list)


class _Tracer(nn.Module):
    """Replaces a layer: records which input channels are NaN.

    It puts out zeros, or NaN in the traced channels.
    """

    def __init__(self, name: str, module: nn.Module, probe: Probe) -> None:
        super().__init__()
        self.name, self.probe = name, probe
        self.axis = -1 if isinstance(module, (nn.Linear, *RECURRENT)) else 1
        self.module = module.to("meta") if isinstance(module, LAYERS) else module

    def forward(self, given: Tensor, *more: Any) -> Any:
        """Return an output of the layer's shape."""
        self.probe.received.append((self.name, _is_nan(given.movedim(self.axis, 1))))
        if isinstance(self.module, NORMS):
            return given
        mark_RC = None
        if self.name == self.probe.source:
            mark_RC = self.probe.mark_RC
            mark_RC = torch.tensor([[True]]) if mark_RC is None else mark_RC
        if isinstance(self.module, LAYERS):  # on no device: its shape alone is computed
            return _marked(self.module(given.to("meta")), mark_RC, self.axis)
        return _marked(self.module(given.nan_to_num(), *more), mark_RC, -1)


def _is_nan(given: Tensor) -> Tensor:
    """Return which channels hold NaN, bool, shape (R, C)."""
    return given.isnan().reshape(*given.shape[:2], -1).any(2)


def _marked(output: Any, mark_RC: Tensor | None, axis: int) -> Any:
    """Return zeros of the same shapes, and NaN in the marked channels."""
    if isinstance(output, tuple):
        return tuple(_marked(one, mark_RC, axis) for one in output)
    result = torch.zeros(output.shape)
    if mark_RC is not None:
        over = mark_RC.view(*mark_RC.shape, *[1] * (output.ndim - 2))
        result.movedim(axis, 1).masked_fill_(over, torch.nan)
    return result


def traced(network: nn.Module, nodes: Nodes, probe: Probe) -> nn.Module:
    """Return a copy of a network whose layers are replaced by tracers."""
    network = copy.deepcopy(network).cpu().eval()
    own = [(name, network.get_submodule(name)) for name in nodes.modules]
    parents = [network.get_submodule(name.rpartition(".")[0]) for name in nodes.modules]
    for (name, module), parent in zip(own, parents, strict=True):
        setattr(parent, name.rpartition(".")[2], _Tracer(name, module, probe))
    return network


def coupled_by(
    traced_network: nn.Module, nodes: Nodes, probe: Probe, shape: Shape, source: str
) -> list[Numbers]:
    """Return pairs of nodes, each of shape (2, E), that a module's output couples."""
    row_C = nodes.at.get(("row", source))
    probe.source = source
    if row_C is None:
        received = _receivers(traced_network, nodes, probe, shape, None)
        return [_fixed(nan_RC, node_C) for nan_RC, node_C in received]
    digits = max(1, (len(row_C) - 1).bit_length())
    one_DC = (np.arange(len(row_C)) >> np.arange(digits)[:, None]) & 1 == 1
    received = _receivers(traced_network, nodes, probe, shape, np.concatenate([one_DC, ~one_DC]))
    pairs = [_by_digits(nan_RC, node_C, row_C) for nan_RC, node_C in received]
    if all(pair is not None for pair in pairs):
        return [pair for pair in pairs if pair is not None]
    # Several rows reach one column: each of them is traced alone.
    some, one_CC = [], np.eye(len(row_C), dtype=bool)
    for first in range(0, len(row_C), ROWS):
        part_R = row_C[first : first + ROWS]
        mark_RC = one_CC[first : first + ROWS]
        for nan_RC, node_C in _receivers(traced_network, nodes, probe, shape, mark_RC):
            row_E, column_E = nan_RC.nonzero()
            some.append(np.stack([node_C[column_E], part_R[row_E]]))
    return some


@torch.no_grad()
def _receivers(
    traced_network: nn.Module, nodes: Nodes, probe: Probe, shape: Shape, mark_RC: Numbers | None
) -> list[tuple[Numbers, Numbers]]:
    """Return which channels came in as NaN, bool, shape (R, C), and their nodes.

    What reaches the output, or a module of an unknown kind, must stay: node 0.
    """
    probe.mark_RC = None if mark_RC is None else torch.from_numpy(mark_RC)
    rows = 1 if mark_RC is None else len(mark_RC)
    start = 0.0 if probe.source else torch.nan
    signal_RCT = torch.full((rows, shape.channels, shape.samples), start)
    output = traced_network(signal_RCT, torch.full((rows, shape.features), start))
    received, probe.received = probe.received, []
    received.append(("", _is_nan(output.flatten(1))))
    reached = []
    for name, nan_RC in received:
        node_C = nodes.at.get(("column", name), np.empty(0, np.int64))
        if len(node_C) != nan_RC.shape[1]:
            node_C = np.zeros(nan_RC.shape[1], np.int64)
        reached.append((nan_RC.numpy(), node_C))
    return reached


def _fixed(nan_RC: Numbers, node_C: Numbers) -> Numbers:
    """Return pairs of what must stay, and what receives it."""
    hit_E = node_C[nan_RC.any(0)]
    return np.stack([np.zeros_like(hit_E), hit_E])


def _by_digits(nan_RC: Numbers, node_C: Numbers, row_C: Numbers) -> Numbers | None:
    """Return pairs of columns and the one row that each receives; none where one has several."""
    one_DC, other_DC = np.split(nan_RC, 2)
    single_C: Numbers = (one_DC != other_DC).all(0)
    if (nan_RC.any(0) & ~single_C).any():
        return None
    number_E = (one_DC << np.arange(len(one_DC))[:, None]).sum(0)[single_C]
    return np.stack([node_C[single_C], row_C[number_E]])

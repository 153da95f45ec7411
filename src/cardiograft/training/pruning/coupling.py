"""Which channels of a network stand or fall together, found by asking the network.

A channel begins as a row of a convolution's or a linear layer's weights, and ends as a column
of each layer that hears it. Channels that are added, scaled by one another, or heard as one
are coupled: they go together or not at all. To find them, each layer in turn says "not a
number" in some of its channels, and all that is between layers (activations, sums, pooling,
reshaping) carries that to where it is heard. The layers themselves are not computed. A number
is known by its binary digits, one segment of a batch for each digit and one for its
complement, so that a single pass tells all channels of a layer apart, unless several are
heard in one place.

Group normalisation must keep its groups: of each group the same number of channels stays, and
what is left of a group is what the narrower network normalises together.

Legend: R rows of a probe (segments of its batch), C channels, K couplings (channels that go
together count once), N nodes (rows and columns of all layers).
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor, nn

from cardiograft.records import Shape

Numbers = npt.NDArray[Any]
STAYS = -1
ROWS = 64  # probed at a time, where each needs one to itself
LAYERS = (nn.Conv1d, nn.Conv2d, nn.Linear)
RECURRENT = (nn.GRU, nn.LSTM, nn.RNN)
NORMS = (nn.GroupNorm, nn.BatchNorm1d, nn.BatchNorm2d)


@dataclass(frozen=True)
class Coupling:
    """Where each coupling of channels is found, and how many of them are to stay.

    Attributes
    ----------
    owners
        By tensor and axis, int64: the coupling that each index belongs to, or `STAYS`.
    blocks
        The couplings, int64, from which a number is chosen: a layer's channels, or those of
        one group of a normalisation.
    kept
        How many of each block stay in the narrower network.
    buffers
        The tensors of `owners` that are not trained, and so are not masked.
    """

    owners: dict[str, dict[int, Tensor]]
    blocks: tuple[Tensor, ...]
    kept: tuple[int, ...]
    buffers: frozenset[str] = frozenset()

    @property
    def size(self) -> int:
        """How many couplings there are."""
        return 1 + max((int(block.max()) for block in self.blocks), default=STAYS)


def coupled(network: nn.Module, narrow: Mapping[str, torch.Size], shape: Shape) -> Coupling:
    """Find the channels of a network that go together.

    Parameters
    ----------
    network
        Of convolutions, linear layers, and normalisations. What a recurrent layer hears may
        be narrowed, not what it says; modules of other kinds with parameters stay whole.
    narrow
        Shapes that its tensors are to have, by name.
    shape
        What it takes and gives.

    Raises
    ------
    ValueError
        Leaving out channels can't make these shapes of it.
    """
    if lacking := sorted(network.state_dict().keys() ^ narrow.keys()):
        raise ValueError(
            f"structured pruning: only one of the network and the narrower one has {lacking[0]};"
            " a width may have become equal to another, or to the input's"
        )
    nodes = _Nodes(network)
    coupling_N = _couplings(network, nodes, shape)
    spaces = _spaces(nodes, coupling_N)
    blocks: list[Tensor] = []
    kept: list[int] = []
    for member_K in spaces:
        stay = _staying(nodes, coupling_N, member_K, narrow)
        parts = _parts(nodes, coupling_N, member_K)
        if stay % len(parts) or len({len(part) for part in parts}) > 1:
            raise ValueError(
                f"structured pruning: {stay} of {len(member_K)} channels can't stay evenly in"
                f" {len(parts)} groups of a normalisation"
            )
        blocks += parts
        kept += [stay // len(parts)] * len(parts)
    buffers = frozenset(name for name, _ in network.named_buffers())
    found = Coupling(nodes.owners(coupling_N), tuple(blocks), tuple(kept), buffers)
    _check(network, narrow, found)
    return found


class _Nodes:
    """A number for each row and each column of the modules that hold parameters themselves."""

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
            **{("column", name): _heard(m) for name, m in self.modules.items()},
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
        found: dict[str, dict[int, Tensor]] = {}
        for (end, name), node_C in self.at.items():
            owner_C = torch.from_numpy(coupling_N[node_C])
            if (owner_C != STAYS).any():
                for tensor, axis in _places(self.modules[name], end):
                    found.setdefault(f"{name}.{tensor}", {})[axis] = owner_C
        return found


def _heard(module: nn.Module) -> int:
    """Return how many channels a module hears; 0 of a kind that is not known."""
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


def _couplings(network: nn.Module, nodes: _Nodes, shape: Shape) -> Numbers:
    """Return the coupling of each node, or `STAYS`."""
    probe = _Probe()
    wired = _wired(network, nodes, probe)
    sources = ["", *(name for name, m in nodes.modules.items() if not isinstance(m, NORMS))]
    pairs = [pair for source in sources for pair in _coupled_by(wired, nodes, probe, shape, source)]
    one_E, other_E = np.concatenate([np.empty((2, 0), np.int64), *pairs], axis=1)
    edges = coo_array((np.ones(len(one_E)), (one_E, other_E)), shape=(nodes.count, nodes.count))
    label_N = connected_components(edges, directed=False)[1]
    rows = [nodes.at["row", name] for name, _ in nodes.of(LAYERS)]
    labels = np.setdiff1d(label_N[np.concatenate([*rows, [0]])], label_N[0])
    coupling_of = {label: k for k, label in enumerate(labels.tolist())}
    return np.array([coupling_of.get(label, STAYS) for label in label_N.tolist()])


@dataclass
class _Probe:
    """Which module says "not a number" (none: the input), where, and who heard it.

    Attributes
    ----------
    mark_RC
        bool: the channels of the source that are no numbers; none: all of them.
    heard
        Name, and bool, shape (R, C): the channels that were no numbers.
    """

    source: str = ""
    mark_RC: Tensor | None = None
    heard: list[tuple[str, Tensor]] = field(default_factory=list)


class _Ear(nn.Module):
    """Stands in a module's place: tells what it hears, and says zeros, or no numbers."""

    def __init__(self, name: str, module: nn.Module, probe: _Probe) -> None:
        super().__init__()
        self.name, self.probe = name, probe
        self.axis = -1 if isinstance(module, (nn.Linear, *RECURRENT)) else 1
        self.module = module.to("meta") if isinstance(module, LAYERS) else module

    def forward(self, given: Tensor, *more: Any) -> Any:
        """Return what has the shape of what the module says."""
        self.probe.heard.append((self.name, _unknown(given.movedim(self.axis, 1))))
        if isinstance(self.module, NORMS):
            return given
        mark_RC = None
        if self.name == self.probe.source:
            mark_RC = self.probe.mark_RC
            mark_RC = torch.tensor([[True]]) if mark_RC is None else mark_RC
        if isinstance(self.module, LAYERS):  # on no device: its shape alone is computed
            return _marked(self.module(given.to("meta")), mark_RC, self.axis)
        return _marked(self.module(given.nan_to_num(), *more), mark_RC, -1)


def _unknown(given: Tensor) -> Tensor:
    """Return which channels are no numbers, bool, shape (R, C)."""
    return given.isnan().reshape(*given.shape[:2], -1).any(2)


def _marked(said: Any, mark_RC: Tensor | None, axis: int) -> Any:
    """Return zeros of the same shapes, and no numbers in the marked channels."""
    if isinstance(said, tuple):
        return tuple(_marked(one, mark_RC, axis) for one in said)
    result = torch.zeros(said.shape)
    if mark_RC is not None:
        over = mark_RC.view(*mark_RC.shape, *[1] * (said.ndim - 2))
        result.movedim(axis, 1).masked_fill_(over, torch.nan)
    return result


def _wired(network: nn.Module, nodes: _Nodes, probe: _Probe) -> nn.Module:
    """Return a copy of a network with ears in the place of its modules."""
    wired = copy.deepcopy(network).cpu().eval()
    own = [(name, wired.get_submodule(name)) for name in nodes.modules]
    parents = [wired.get_submodule(name.rpartition(".")[0]) for name in nodes.modules]
    for (name, module), parent in zip(own, parents, strict=True):
        setattr(parent, name.rpartition(".")[2], _Ear(name, module, probe))
    return wired


def _coupled_by(
    wired: nn.Module, nodes: _Nodes, probe: _Probe, shape: Shape, source: str
) -> list[Numbers]:
    """Return pairs of nodes, each of shape (2, E), that what a module says couples."""
    row_C = nodes.at.get(("row", source))
    probe.source = source
    if row_C is None:
        heard = _asked(wired, nodes, probe, shape, None)
        return [_held(heard_RC, node_C) for heard_RC, node_C in heard]
    digits = max(1, (len(row_C) - 1).bit_length())
    one_DC = (np.arange(len(row_C)) >> np.arange(digits)[:, None]) & 1 == 1
    heard = _asked(wired, nodes, probe, shape, np.concatenate([one_DC, ~one_DC]))
    pairs = [_told(heard_RC, node_C, row_C) for heard_RC, node_C in heard]
    if all(pair is not None for pair in pairs):
        return [pair for pair in pairs if pair is not None]
    # Several rows are heard in one column: each of them is asked alone.
    some, one_CC = [], np.eye(len(row_C), dtype=bool)
    for first in range(0, len(row_C), ROWS):
        part_R = row_C[first : first + ROWS]
        for heard_RC, node_C in _asked(wired, nodes, probe, shape, one_CC[first : first + ROWS]):
            row_E, column_E = heard_RC.nonzero()
            some.append(np.stack([node_C[column_E], part_R[row_E]]))
    return some


@torch.no_grad()
def _asked(
    wired: nn.Module, nodes: _Nodes, probe: _Probe, shape: Shape, mark_RC: Numbers | None
) -> list[tuple[Numbers, Numbers]]:
    """Return which channels were no numbers, bool, shape (R, C), and their nodes.

    What reaches the output, or a module of an unknown kind, must stay: node 0.
    """
    probe.mark_RC = None if mark_RC is None else torch.from_numpy(mark_RC)
    rows = 1 if mark_RC is None else len(mark_RC)
    start = 0.0 if probe.source else torch.nan
    signal_RCT = torch.full((rows, shape.channels, shape.samples), start)
    output = wired(signal_RCT, torch.full((rows, shape.features), start))
    heard, probe.heard = probe.heard, []
    heard.append(("", _unknown(output.flatten(1))))
    told = []
    for name, heard_RC in heard:
        node_C = nodes.at.get(("column", name), np.empty(0, np.int64))
        if len(node_C) != heard_RC.shape[1]:
            node_C = np.zeros(heard_RC.shape[1], np.int64)
        told.append((heard_RC.numpy(), node_C))
    return told


def _held(heard_RC: Numbers, node_C: Numbers) -> Numbers:
    """Return pairs of what must stay, and what hears it."""
    hit_E = node_C[heard_RC.any(0)]
    return np.stack([np.zeros_like(hit_E), hit_E])


def _told(heard_RC: Numbers, node_C: Numbers, row_C: Numbers) -> Numbers | None:
    """Return pairs of columns and the one row that each hears; none where one hears several."""
    one_DC, other_DC = np.split(heard_RC, 2)
    single_C: Numbers = (one_DC != other_DC).all(0)
    if (heard_RC.any(0) & ~single_C).any():
        return None
    number_E = (one_DC << np.arange(len(one_DC))[:, None]).sum(0)[single_C]
    return np.stack([node_C[single_C], row_C[number_E]])


def _spaces(nodes: _Nodes, coupling_N: Numbers) -> list[Numbers]:
    """Return the couplings of each space: those of the layers that share some."""
    size = int(coupling_N.max(initial=STAYS)) + 1
    if size == 0:
        return []
    pairs = [np.empty((2, 0), np.int64)]
    for name, _ in nodes.of(LAYERS):
        own_C = coupling_N[nodes.at["row", name]]
        own_C = own_C[own_C != STAYS]
        pairs.append(np.stack([own_C[:-1], own_C[1:]]))
    one_E, other_E = np.concatenate(pairs, axis=1)
    edges = coo_array((np.ones(len(one_E)), (one_E, other_E)), shape=(size, size))
    count, label_K = connected_components(edges, directed=False)
    return [np.flatnonzero(label_K == space) for space in range(count)]


def _staying(
    nodes: _Nodes, coupling_N: Numbers, member_K: Numbers, narrow: Mapping[str, torch.Size]
) -> int:
    """Return how many couplings of a space stay, as all of its layers must agree."""
    asked = {}
    for name, _ in nodes.of(LAYERS):
        own_C = coupling_N[nodes.at["row", name]]
        if not np.isin(own_C, member_K).any():
            continue
        wide, left = len(own_C), narrow[f"{name}.weight"][0]
        # Some layers say several rows for one channel (a scale and a shift of it).
        each, rest = divmod(wide, len(member_K))
        if left == wide:
            asked[name] = len(member_K)
        elif rest or left % each or (own_C == STAYS).any():
            raise ValueError(
                f"structured pruning: {name} has {wide} channels, not all of which can go alone:"
                f" {left} of them can't be left"
            )
        else:
            asked[name] = left // each
    if len(set(asked.values())) > 1:
        said = ", ".join(f"{n} of {name}" for name, n in asked.items())
        raise ValueError(f"structured pruning: channels that go together are to stay as {said}")
    return next(iter(asked.values()))


def _parts(nodes: _Nodes, coupling_N: Numbers, member_K: Numbers) -> list[Tensor]:
    """Return the couplings of a space by the groups of the normalisations that they are in."""
    groups: dict[int, set[tuple[str, int]]] = {k: set() for k in member_K.tolist()}
    for name, norm in nodes.of((nn.GroupNorm,)):
        own_C = coupling_N[nodes.at["column", name]]
        if not np.isin(own_C, member_K).any():
            continue
        if not np.isin(own_C, member_K).all():
            raise ValueError(
                f"structured pruning: {name} normalises channels that do not go together"
            )
        for place, k in enumerate(own_C.tolist()):
            groups[k].add((name, place * norm.num_groups // len(own_C)))
    parts: dict[tuple[tuple[str, int], ...], list[int]] = {}
    for k, where in groups.items():
        parts.setdefault(tuple(sorted(where)), []).append(k)
    return [torch.tensor(part) for part in parts.values()]


def _check(network: nn.Module, narrow: Mapping[str, torch.Size], found: Coupling) -> None:
    left_K = torch.zeros(found.size)
    for block, kept in zip(found.blocks, found.kept, strict=True):
        left_K[block] = kept / len(block)
    for name, tensor in network.state_dict().items():
        made = list(tensor.shape)
        for axis, owner in found.owners.get(name, {}).items():
            gone = 1 - left_K[owner[owner != STAYS]]
            made[axis] -= round(float(gone.sum()))
        if made != list(narrow[name]):
            raise ValueError(
                f"structured pruning: {name} would have shape {made}, in the narrower network"
                f" it has {list(narrow[name])}"
            )

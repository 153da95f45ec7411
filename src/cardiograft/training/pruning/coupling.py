"""Which channels of a network must be pruned together.

A channel begins as a row of a convolution's or a linear layer's weights, and ends as a column
of each layer that receives it. Channels that are added, scaled by one another, or received as one
are coupled: they go together or not at all. `cardiograft.training.pruning.tracing` finds them.

Group normalisation must keep its groups: of each group the same number of channels stays, and
what is left of a group is what the narrower network normalises together.

Legend: C channels, K couplings (channels that go together count once), N nodes (rows and columns
of all layers).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor, nn

from cardiograft.records import Shape
from cardiograft.training.pruning.tracing import (
    LAYERS,
    NORMS,
    STAYS,
    Nodes,
    Numbers,
    Probe,
    coupled_by,
    traced,
)


@dataclass(frozen=True)
class Coupling:
    """Where each coupling of channels lies, and how many of them are to stay.

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
        Of convolutions, linear layers, and normalisations. A recurrent layer's input may be
        narrowed, not its output; modules of other kinds with parameters stay whole.
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
    nodes = Nodes(network)
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
    coupling = Coupling(nodes.owners(coupling_N), tuple(blocks), tuple(kept), buffers)
    _check(network, narrow, coupling)
    return coupling


def _couplings(network: nn.Module, nodes: Nodes, shape: Shape) -> Numbers:
    """Return the coupling of each node, or `STAYS`."""
    probe = Probe()
    copy = traced(network, nodes, probe)
    sources = ["", *(name for name, m in nodes.modules.items() if not isinstance(m, NORMS))]
    pairs = [pair for source in sources for pair in coupled_by(copy, nodes, probe, shape, source)]
    one_E, other_E = np.concatenate([np.empty((2, 0), np.int64), *pairs], axis=1)
    edges = coo_array((np.ones(len(one_E)), (one_E, other_E)), shape=(nodes.count, nodes.count))
    label_N = connected_components(edges, directed=False)[1]
    rows = [nodes.at["row", name] for name, _ in nodes.of(LAYERS)]
    labels = np.setdiff1d(label_N[np.concatenate([*rows, [0]])], label_N[0])
    coupling_of = {label: k for k, label in enumerate(labels.tolist())}
    return np.array([coupling_of.get(label, STAYS) for label in label_N.tolist()])


def _spaces(nodes: Nodes, coupling_N: Numbers) -> list[Numbers]:
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
    nodes: Nodes, coupling_N: Numbers, member_K: Numbers, narrow: Mapping[str, torch.Size]
) -> int:
    """Return how many couplings of a space stay, as all of its layers must agree."""
    stay = {}
    for name, _ in nodes.of(LAYERS):
        own_C = coupling_N[nodes.at["row", name]]
        if not np.isin(own_C, member_K).any():
            continue
        wide, left = len(own_C), narrow[f"{name}.weight"][0]
        # Some layers have several rows for one channel (a scale and a shift of it).
        each, rest = divmod(wide, len(member_K))
        if left == wide:
            stay[name] = len(member_K)
        elif rest or left % each or (own_C == STAYS).any():
            raise ValueError(
                f"structured pruning: {name} has {wide} channels, not all of which can go alone:"
                f" {left} of them can't be left"
            )
        else:
            stay[name] = left // each
    if len(set(stay.values())) > 1:
        counts = ", ".join(f"{n} of {name}" for name, n in stay.items())
        raise ValueError(f"structured pruning: channels that go together are to stay as {counts}")
    return next(iter(stay.values()))


def _parts(nodes: Nodes, coupling_N: Numbers, member_K: Numbers) -> list[Tensor]:
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


def _check(network: nn.Module, narrow: Mapping[str, torch.Size], coupling: Coupling) -> None:
    left_K = torch.zeros(coupling.size)
    for block, kept in zip(coupling.blocks, coupling.kept, strict=True):
        left_K[block] = kept / len(block)
    for name, tensor in network.state_dict().items():
        made = list(tensor.shape)
        for axis, owner in coupling.owners.get(name, {}).items():
            gone = 1 - left_K[owner[owner != STAYS]]
            made[axis] -= round(float(gone.sum()))
        if made != list(narrow[name]):
            raise ValueError(
                f"structured pruning: {name} would have shape {made}, in the narrower network"
                f" it has {list(narrow[name])}"
            )

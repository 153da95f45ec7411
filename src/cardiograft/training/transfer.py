"""Transfer: load tensors of source checkpoints into a network, and keep a ledger of each.

A map takes name prefixes of the source to name prefixes of the target; the longest source
prefix that fits wins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from cardiograft import plugins
from cardiograft.checkpoints.file import Checkpoint
from cardiograft.checkpoints.names import below, longest


@dataclass(frozen=True, kw_only=True)
class Line:
    """What became of one tensor of the target.

    Attributes
    ----------
    tensor
        Its name.
    shape
        Its shape.
    parameters
        How many trained numbers it holds; 0 for a buffer.
    state
        ``loaded``, ``masked`` (loaded, and pruned: its mask came along), or ``skipped``.
    why
        Of what was skipped.
    entry, source
        The source's entry and its tensor, where there is one.
    """

    tensor: str
    shape: tuple[int, ...]
    parameters: int
    state: Literal["loaded", "masked", "skipped"]
    why: str = ""
    entry: str = ""
    source: str = ""


@dataclass(frozen=True)
class Ledger:
    """A transfer, tensor by tensor, and the masks that came with it."""

    lines: tuple[Line, ...]
    masks: dict[str, Tensor]
    mapped: int
    loaded: int

    @property
    def share(self) -> float:
        """Loaded parameters over those that the maps reach; 0 where they reach none."""
        return self.loaded / self.mapped if self.mapped else 0.0

    def content(self) -> dict[str, Any]:
        """Return what ``ledger.json`` holds."""
        total = sum(line.parameters for line in self.lines)
        return {
            "parameters": total,
            "mapped": self.mapped,
            "loaded": self.loaded,
            "share_of_mapped": self.share,
            "share_of_all": self.loaded / total if total else 0.0,
            "tensors": [asdict(line) for line in self.lines],
        }


@dataclass(frozen=True)
class Graft:
    """A source checkpoint: its entry's name, its tensors, and where they go."""

    entry: str
    checkpoint: Checkpoint
    map: Mapping[str, str]


def graft(model: nn.Module, sources: Sequence[Graft], *, least: float) -> Ledger:
    """Load the sources into the network.

    Parameters
    ----------
    model
        Changed in place.
    sources
        In order; two may not reach one tensor.
    least
        Share of the mapped parameters that must be loaded.

    Raises
    ------
    ValueError
        A map names no tensor of its source, two sources reach one tensor, or less than
        `least` could be loaded.
    """
    offers: dict[str, tuple[Graft, str]] = {}
    for source in sources:
        _offer(source, offers)
    state = model.state_dict()
    trained = {name for name, _ in model.named_parameters()}
    reached = {prefix for source in sources for prefix in source.map.values()}
    lines, masks, mapped = [], {}, 0
    for name, tensor in state.items():
        size = tensor.numel() if name in trained else 0
        mapped += size if longest(name, reached) is not None else 0
        line = _line(name, tensor, size, offers.get(name), reached)
        if line.state != "skipped":
            origin, theirs = offers[name]
            with torch.no_grad():
                tensor.copy_(origin.checkpoint.tensors[theirs])
            if line.state == "masked":
                masks[name] = origin.checkpoint.masks[theirs].clone()
        lines.append(line)
    loaded = sum(line.parameters for line in lines if line.state != "skipped")
    ledger = Ledger(tuple(lines), masks, mapped, loaded)
    if sources and ledger.share < least:
        raise ValueError(_too_little(ledger, least))
    return ledger


def _offer(source: Graft, offers: dict[str, tuple[Graft, str]]) -> None:
    names = source.checkpoint.tensors
    for prefix in source.map:
        if not any(below(name, prefix) for name in names):
            known = {name.split(".")[0] for name in names}
            raise ValueError(
                f"source {source.entry!r}: no tensor below {prefix!r}.{plugins.hint(prefix, known)}"
            )
    for name in names:
        fits = longest(name, source.map)
        if fits is None:
            continue
        rest = name[len(fits) :].lstrip(".")
        target = ".".join(part for part in (source.map[fits], rest) if part)
        if target in offers:
            first = offers[target][0].entry
            raise ValueError(f"{target} is reached by {first!r} and by {source.entry!r}")
        offers[target] = (source, name)


def _line(
    name: str,
    tensor: Tensor,
    size: int,
    offer: tuple[Graft, str] | None,
    reached: set[str],
) -> Line:
    shape = tuple(tensor.shape)
    if offer is None:
        mapped = longest(name, reached) is not None
        why = "no source has it" if mapped else "no map reaches it"
        return Line(tensor=name, shape=shape, parameters=size, state="skipped", why=why)
    source, theirs = offer
    given = tuple(source.checkpoint.tensors[theirs].shape)
    same = given == shape
    masked = theirs in source.checkpoint.masks
    return Line(
        tensor=name,
        shape=shape,
        parameters=size,
        state="skipped" if not same else "masked" if masked else "loaded",
        why="" if same else f"shape {given} in the source",
        entry=source.entry,
        source=theirs,
    )


def _too_little(ledger: Ledger, least: float) -> str:
    skipped = [
        f"{line.tensor} ({line.why})"
        for line in ledger.lines
        if line.state == "skipped" and line.parameters and line.why != "no map reaches it"
    ]
    return (
        f"transfer loaded {ledger.loaded} of {ledger.mapped} mapped parameters"
        f" ({ledger.share:.0%}), least is {least:.0%};"
        f" skipped: {', '.join(skipped[:4]) or 'none'}"
        f"{f' and {len(skipped) - 4} more' if len(skipped) > 4 else ''}"
    )

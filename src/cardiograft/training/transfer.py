"""Transfer: load tensors of source checkpoints into a network, and keep a ledger of each.

A map takes name prefixes of the source to name prefixes of the target; the longest source
prefix that fits wins. Where the source's outputs, leads or features are others than the
target's, or in another order, what stands for one of them goes by its name
(`cardiograft.checkpoints.meaning`), and the rest is left as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from cardiograft import plugins
from cardiograft.checkpoints.file import Checkpoint, require_one
from cardiograft.checkpoints.meaning import UNKNOWN, Difference, Meaning, differences, meaning_of
from cardiograft.checkpoints.names import below, longest
from cardiograft.checkpoints.network import shape_of, view_of
from cardiograft.training.matching import Match, Matcher
from cardiograft.training.named_axes import Ends
from cardiograft.training.settling import SETTLED, unsettled

NO_MAP = "no map reaches it"


@dataclass(frozen=True, kw_only=True)
class Line:
    """What became of one tensor of the target, or of a part of it.

    Attributes
    ----------
    tensor
        Its name.
    shape
        Its shape.
    parameters
        How many trained numbers it, or its part, holds; 0 for a buffer.
    state
        ``loaded``, ``masked`` (loaded, and pruned: its mask came along), or ``skipped``.
    why
        Of what was skipped; or what is not known of what was loaded.
    entry, source
        The source's entry and its tensor, where there is one.
    part
        Of a tensor that is loaded in part: the outputs, leads or features that the line is of.
    """

    tensor: str
    shape: tuple[int, ...]
    parameters: int
    state: Literal["loaded", "masked", "skipped"]
    why: str = ""
    entry: str = ""
    source: str = ""
    part: str = ""


@dataclass(frozen=True, kw_only=True)
class Unused:
    """What a source has and the target does not take: a tensor, or the part of one."""

    entry: str
    source: str
    part: str = ""
    why: str


@dataclass(frozen=True)
class Ledger:
    """A transfer, tensor by tensor, and the masks that came with it.

    Attributes
    ----------
    lines
        Of the target's tensors.
    mapped, loaded
        Parameters that the maps reach, and those of them that were loaded.
    differences
        By the source's entry: in what it differs from the network here.
    unused
        Of the sources' tensors that a map names.
    unsettled
        Frozen layers whose running statistics no source gave: the training part does.
    """

    lines: tuple[Line, ...]
    masks: dict[str, Tensor]
    mapped: int
    loaded: int
    differences: dict[str, list[Difference]] = field(default_factory=dict)
    unused: tuple[Unused, ...] = ()
    unsettled: tuple[str, ...] = ()

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
            "unused": [asdict(line) for line in self.unused],
            "settled": list(self.unsettled),
            "sources": [
                {"entry": entry, "differences": [asdict(d) for d in entries]}
                for entry, entries in self.differences.items()
            ],
        }

    def remarks(self) -> Iterator[str]:
        """Yield a line for everything in which a source differs, and for what none gave."""
        if self.unsettled:
            yield f"{len(self.unsettled)} {SETTLED}: {', '.join(self.unsettled)}"
        for entry, entries in self.differences.items():
            yield from (f"source {entry!r}: {one.line()}" for one in entries)


@dataclass(frozen=True)
class Graft:
    """A source checkpoint: its entry's name, its tensors, and where they go."""

    entry: str
    checkpoint: Checkpoint
    map: Mapping[str, str]

    def matcher(self, meaning: Meaning, here: Ends | None) -> Matcher:
        """Return what tells which places of this source's tensors go where."""
        own = meaning_of(self.checkpoint)
        return Matcher(source=own, here=meaning, ends=(ends_of(self.checkpoint), here))


Offers = dict[str, tuple[Graft, str]]


def ends_of(checkpoint: Checkpoint) -> Ends | None:
    """Return the ends of a checkpoint's network; None where it does not name its model."""
    about = checkpoint.about
    if "shape" not in about or not ("model" in about or "spec" in about):
        return None
    model, shape, view = checkpoint.model, shape_of(checkpoint), view_of(checkpoint)
    return Ends(model["name"], model["options"], shape, view)


def graft(
    model: nn.Module,
    sources: Sequence[Graft],
    *,
    least: float,
    frozen: Sequence[str] = (),
    meaning: Meaning = UNKNOWN,
    ends: Ends | None = None,
) -> Ledger:
    """Load the sources into the network.

    Parameters
    ----------
    model
        Changed in place.
    sources
        In order; two may not reach one tensor.
    least
        Share of the mapped parameters that must be loaded.
    frozen
        Name prefixes that will not be trained.
    meaning, ends
        What the network's outputs and inputs are, and where its tensors have them. Without
        them, tensors are loaded where shapes agree.

    Raises
    ------
    ValueError
        A map names no tensor of its source, two sources reach one tensor, less than `least`
        could be loaded, or a source holds a network for each of several subjects.
    """
    offers: Offers = {}
    for source in sources:
        require_one(source.checkpoint, where=f"source {source.entry!r}")
        _offer(source, offers)
    state = model.state_dict()
    matchers = {id(source): source.matcher(meaning, ends) for source in sources}
    matches = {
        name: matchers[id(source)].match(theirs, source.checkpoint.tensors[theirs], name, state)
        for name, (source, theirs) in offers.items()
        if name in state
    }
    trained = {name for name, _ in model.named_parameters()}
    reached = {prefix for source in sources for prefix in source.map.values()}
    lines, masks = list[Line](), dict[str, Tensor]()
    for name, tensor in state.items():
        lines += _lines(name, tensor, name in trained, offers.get(name), matches.get(name), reached)
        if (match := matches.get(name)) and match.any:
            _put(name, tensor, offers[name], match, masks)
    mapped = sum(x.parameters for x in lines if longest(x.tensor, reached) is not None)
    loaded = sum(x.parameters for x in lines if x.state != "skipped")
    source_diffs = {s.entry: differences(meaning_of(s.checkpoint), meaning) for s in sources}
    given = frozenset(line.tensor for line in lines if line.state != "skipped")
    unused, unknown = tuple(_unused(offers, matches)), unsettled(model, frozen, given)
    ledger = Ledger(tuple(lines), masks, mapped, loaded, source_diffs, unused, unknown)
    if sources and ledger.share < least:
        raise ValueError(_too_little(ledger, least))
    return ledger


@torch.no_grad()
def _put(
    name: str,
    tensor: Tensor,
    offer: tuple[Graft, str],
    match: Match,
    masks: dict[str, Tensor],
) -> None:
    """Load what matches into a tensor, and its mask with it: what is left anew is not pruned."""
    source, theirs = offer
    match.copy(source.checkpoint.tensors[theirs], tensor)
    if theirs in source.checkpoint.masks:
        masks[name] = torch.ones(tensor.shape, dtype=torch.bool)
        match.copy(source.checkpoint.masks[theirs], masks[name])


def _offer(source: Graft, offers: Offers) -> None:
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


def _lines(
    name: str,
    tensor: Tensor,
    trained: bool,
    offer: tuple[Graft, str] | None,
    match: Match | None,
    reached: set[str],
) -> Iterator[Line]:
    """Yield the line of a tensor, or one of what was loaded of it and one of what was not."""
    size, shape = tensor.numel(), tuple(tensor.shape)

    def parameters(count: int) -> int:
        return count if trained else 0

    line = Line(tensor=name, shape=shape, parameters=parameters(size), state="skipped")
    if offer is None or match is None:
        why = NO_MAP if longest(name, reached) is None else "no source has it"
        yield replace(line, why=why)
        return
    source, theirs = offer
    line = replace(line, entry=source.entry, source=theirs)
    if match.any:
        yield replace(
            line,
            parameters=parameters(match.numbers),
            state="masked" if theirs in source.checkpoint.masks else "loaded",
            why=match.unknown,
            part=match.part,
        )
    if match.numbers < size or not match.any:
        yield replace(
            line,
            parameters=parameters(size - match.numbers),
            why=match.why,
            part=match.left if match.any else "",
        )


def _unused(offers: Offers, matches: Mapping[str, Match]) -> Iterator[Unused]:
    for name, (source, theirs) in offers.items():
        one = {"entry": source.entry, "source": theirs}
        if name not in matches:
            yield Unused(**one, why=f"the network has no tensor {name}")
        elif not matches[name].any:
            yield Unused(**one, why=f"{name} does not take it: {matches[name].why}")
        elif matches[name].over:
            yield Unused(**one, part=matches[name].over, why="no such name here")


def _too_little(ledger: Ledger, least: float) -> str:
    skipped = [
        f"{line.tensor}{f' [{line.part}]' if line.part else ''} ({line.why})"
        for line in ledger.lines
        if line.state == "skipped" and line.parameters and line.why != NO_MAP
    ]
    return (
        f"transfer loaded {ledger.loaded} of {ledger.mapped} mapped parameters"
        f" ({ledger.share:.0%}), least is {least:.0%};"
        f" skipped: {', '.join(skipped[:4]) or 'none'}"
        f"{f' and {len(skipped) - 4} more' if len(skipped) > 4 else ''}"
    )

"""Which places of a source's tensor go to which places of the target's, by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from cardiograft.checkpoints.meaning import ENDS, End, Meaning, Pairs, partners
from cardiograft.training.named_axes import Axis, Ends

Sizes = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Match:
    """What of a source's tensor goes into one of the target's.

    Attributes
    ----------
    numbers
        How many numbers of the target it fills.
    places
        By axis, places in the source and here; an axis that is not in it goes as a whole.
    part, left, over
        Names that are filled; names here, and of the source, that have no partner.
    why
        Why the rest, or all of it, is not filled.
    unknown
        What the source does not say, of a tensor that is loaded all the same.
    """

    numbers: int = 0
    places: Mapping[int, tuple[Tensor, Tensor]] = field(default_factory=dict)
    part: str = ""
    left: str = ""
    over: str = ""
    why: str = ""
    unknown: str = ""

    @property
    def any(self) -> bool:
        """Whether anything goes over; a buffer's single number counts too."""
        return self.numbers > 0

    def copy(self, source: Tensor, target: Tensor) -> None:
        """Copy what matches into the target, in place."""
        if not self.places:
            target.copy_(source)
            return
        taken, put = (
            torch.meshgrid(
                *(
                    self.places[axis][side] if axis in self.places else torch.arange(size)
                    for axis, size in enumerate(tensor.shape)
                ),
                indexing="ij",
            )
            for side, tensor in enumerate((source, target))
        )
        target[put] = source[taken].to(target.dtype)


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """Tells, of each tensor, what goes by name between one source and the target.

    Attributes
    ----------
    source, here
        What the two networks' inputs and outputs mean.
    ends
        Where the tensors of the source, and those here, have their names; None where that is
        not known.
    """

    source: Meaning
    here: Meaning
    ends: tuple[Ends | None, Ends | None]

    @cached_property
    def named(self) -> dict[End, Pairs | None]:
        """The ends whose names differ, or are not known of the source, and their partners."""
        pairs_by_end = {}
        for end in ENDS:
            pairs, ours = partners(self.source, self.here, end), self.here.names(end)
            theirs = self.source.names(end)
            if not ours:
                continue
            whole = [(place, place) for place in range(len(ours))]
            if pairs != whole or len(theirs or ()) != len(ours):
                pairs_by_end[end] = pairs
        return pairs_by_end

    def match(self, theirs: str, source: Tensor, ours: str, state: Mapping[str, Tensor]) -> Match:
        """Return what of a source's tensor goes into the target's tensor of a name."""
        given, wanted = tuple(source.shape), tuple(state[ours].shape)
        axes = dict(self._axes(theirs, ours))
        known = {end: pair for end, pair in axes.items() if self.named[end] is not None}
        unknown = " and ".join(
            f"{'labels' if end == 'outputs' else end} of the source unknown"
            for end in axes
            if end not in known
        )
        for end, (their_axis, our_axis) in known.items():
            if their_axis is None or not (their_axis.sure and our_axis.sure):
                return Match(why=f"its {end} can't be told apart by name in the source")
            if (their_axis.axis, their_axis.block) != (our_axis.axis, our_axis.block):
                return Match(why=f"shape {given} in the source")
        open_axes = {our_axis.axis for _, our_axis in known.values()}
        if len(given) != len(wanted) or any(
            a != b
            for axis, (a, b) in enumerate(zip(given, wanted, strict=True))
            if axis not in open_axes
        ):
            return Match(why=f"shape {given} in the source")
        return self._by_name(known, wanted, unknown)

    def _axes(self, theirs: str, ours: str) -> Iterator[tuple[End, tuple[Axis | None, Axis]]]:
        """Yield the ends that a tensor here has an axis of, and the axis in either tensor."""
        source, here = self.ends
        for end in self.named:
            our_axis = None if here is None else here.axes[end].get(ours)
            if our_axis is not None:
                yield end, (None if source is None else source.axes[end].get(theirs), our_axis)

    def _by_name(
        self, known: Mapping[End, tuple[Axis | None, Axis]], wanted: Sizes, unknown: str
    ) -> Match:
        places, filled, left, over = {}, [], [], []
        sizes = list(wanted)
        for end, (_, axis) in known.items():
            pairs = self.named[end] or []
            theirs, ours = self.source.names(end) or (), self.here.names(end) or ()
            without = [n for k, n in enumerate(ours) if k not in {b for _, b in pairs}]
            if not pairs:
                reason = f"none of its {end} ({', '.join(ours)}) is one of the source's"
                return Match(why=f"{reason} ({', '.join(theirs)})")
            sides = (torch.tensor(side) for side in zip(*pairs, strict=True))
            from_, to = (axis.places(side) for side in sides)
            places[axis.axis] = (from_, to)
            sizes[axis.axis] = len(to)
            if without:
                filled.append(f"{end} {', '.join(ours[b] for _, b in pairs)}")
                left.append(f"{end} {', '.join(without)}")
            others = [n for k, n in enumerate(theirs) if k not in {a for a, _ in pairs}]
            over += [f"{end} {', '.join(others)}"] if others else []
        return Match(
            numbers=int(torch.tensor(sizes).prod()) if sizes else 1,
            places=places,
            part="; ".join(filled),
            left="; ".join(left),
            over="; ".join(over),
            why="the source has no such name",
            unknown=unknown,
        )

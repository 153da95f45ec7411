"""What a network's inputs and outputs mean, by name, and in what two networks differ.

A tensor's shape says how many outputs there are, not which is which: weights that fit by shape
alone may answer another question.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from cardiograft.checkpoints.file import Checkpoint
from cardiograft.records import Kind

End = Literal["outputs", "leads", "features"]
ENDS: tuple[End, ...] = ("outputs", "leads", "features")
Names = tuple[str, ...] | None  # None: not known
Pairs = list[tuple[int, int]]  # a place in the source, and the place here that it goes to

NAMED = 8  # outputs whose names stand in a line; a network may have hundreds


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What goes into a network and what comes out; None is what is not known.

    Attributes
    ----------
    kind
        As in `cardiograft.evaluation.predictions`.
    outputs
        Labels of classes or heads, leads of a signal, or names of measurements, in order.
    leads
        Channels of the input, in order.
    features
        Scalars beside them, in order.
    units
        Of the input's recorded leads, after scaling; ``1`` where it has none.
    scale
        How the shards were scaled, as in the entry of `segments`.
    rate_hz, samples
        Sampling rate, and length of the window in samples.
    """

    kind: Kind | None = None
    outputs: Names = None
    leads: Names = None
    features: Names = None
    units: Names = None
    scale: str | None = None
    rate_hz: float | None = None
    samples: int | None = None

    def names(self, end: End) -> Names:
        """Return the names of the outputs, the leads or the features."""
        end_names: Names = getattr(self, end)
        return end_names

    def content(self) -> dict[str, Any]:
        """Return it as JSON, for a card."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


UNKNOWN = Meaning()


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that is not alike in the source and here, and what was done.

    Attributes
    ----------
    what
        ``outputs``, ``leads``, ``features``, ``units``, ``scale``, ``rate_hz``, ``samples``; of
        `form_differences` also ``filter`` and ``cut``.
    source, here
        The two values as text; ``unknown`` where a checkpoint does not say.
    done
        What followed for the weights.
    """

    what: str
    source: str
    here: str
    done: str

    def line(self) -> str:
        """Return it as one line to read."""
        return f"{self.what}: {self.source} in the source, {self.here} here; {self.done}"


def meaning_of(checkpoint: Checkpoint) -> Meaning:
    """Return what a checkpoint says of its network; older ones say less."""
    about = checkpoint.about
    if "meaning" in about:
        given = about["meaning"].items()
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in given}
        return Meaning(**values)
    memory: Mapping[str, Any] = about.get("memory") or {}
    signal = len(about.get("shape", {}).get("outputs", ())) == 2
    return Meaning(
        kind="signal" if signal else None,
        outputs=_names(memory.get("labels")),
        features=_names(memory.get("features")),
    )


def _names(given: Any) -> Names:
    return None if given is None else tuple(map(str, given))


def by_name(source: Sequence[str], here: Sequence[str]) -> Pairs:
    """Return which place of the source has the name of each place here, where one has.

    Of a name that stands several times the first goes to the first, the second to the second.
    """
    at = {key: place for place, key in enumerate(_counted(source))}
    return [(at[key], place) for place, key in enumerate(_counted(here)) if key in at]


def _counted(names: Sequence[str]) -> Iterator[tuple[str, int]]:
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, -1) + 1
        yield name, seen[name]


def partners(source: Meaning, here: Meaning, end: End) -> Pairs | None:
    """Return which place of the source goes to which place here; None where names are not known.

    Classes, heads and features go by name alone. Channels of a signal go by name where the two
    have a name in common. Where they have none, and as many channels, they go in order: that is
    how weights of one kind of recording are put to use on another.
    """
    theirs, ours = source.names(end), here.names(end)
    if theirs is None or ours is None:
        return None
    channels = end == "leads" or (end == "outputs" and source.kind == here.kind == "signal")
    kinds = {source.kind, here.kind}
    if end == "outputs" and len(kinds) > 1 and not kinds <= {"classes", "heads", None}:
        return []  # the name of a lead, or of a measurement, is no label of a class
    pairs = by_name(theirs, ours)
    if channels and not pairs and len(theirs) == len(ours):
        return [(place, place) for place in range(len(ours))]
    return pairs


def differences(source: Meaning, here: Meaning) -> list[Difference]:
    """Return in what a source differs from the network here, one entry each."""
    entries = [d for end in ENDS if (d := _of_names(source, here, end))]
    for what in ("units", "scale", "rate_hz", "samples"):
        theirs, ours = getattr(source, what), getattr(here, what)
        if theirs != ours and ours is not None:
            done = "not compared" if theirs is None else "weights are loaded as they are"
            entries.append(Difference(what=what, source=_text(theirs), here=_text(ours), done=done))
    return entries


def form_differences(checkpoint: Checkpoint, spec: Mapping[str, Any]) -> list[Difference]:
    """Return in what segments differ, by filter and cut, from all that a checkpoint was trained on.

    Parameters
    ----------
    spec
        The entry of `segments` that is to be shown to the network, as its shards have it.
    """
    trained = [one["spec"] for one in (checkpoint.about.get("segments") or {}).values()]
    specs = [one for one in trained if {"signal", "cut"} <= one.keys()]
    if not {"signal", "cut"} <= spec.keys():  # shards that no entry cut
        return []
    entries = []
    for what, form in (("filter", _filter), ("cut", _cut)):
        theirs, here = sorted({form(one) for one in specs}), form(spec)
        if theirs and here not in theirs:
            source, done = " or ".join(theirs), "weights are loaded as they are"
            entries.append(Difference(what=what, source=source, here=here, done=done))
    return entries


def _filter(spec: Mapping[str, Any]) -> str:
    """Return an entry's filter of the signal as text."""
    filter_spec = spec["signal"].get("filter")
    if filter_spec is None:
        return "none"
    ends = ((filter_spec.get("low_hz"), "from"), (filter_spec.get("high_hz"), "to"))
    band = " ".join(f"{word} {hz:g} Hz" for hz, word in ends if hz is not None)
    return f"{band}, order {filter_spec['order']}"


def _cut(spec: Mapping[str, Any]) -> str:
    """Return an entry's cut as text, with what says how long segments are and where they lie.

    Not by how much they overlap: that is no matter of a single segment.
    """
    cut = spec["cut"]
    lengths = {k: v for k, v in cut["options"].items() if k.endswith("_s") and k != "step_s"}
    given = [f"{k} {v:g}" for k, v in sorted(lengths.items()) if isinstance(v, int | float)]
    return f"{cut['name']} ({', '.join(given)})" if given else str(cut["name"])


def require_alike(checkpoint: Checkpoint, here: Meaning, *, where: str) -> None:
    """Refuse to take a checkpoint as it is where its outputs or inputs are others than here.

    Channels of a signal may have other names, where none of them is one of here: a network is put
    to use on another kind of recording. What a checkpoint does not say is not compared.

    Raises
    ------
    ValueError
        One line: what differs.
    """
    source = meaning_of(checkpoint)
    for end in ENDS:
        pairs, theirs, ours = partners(source, here, end), source.names(end), here.names(end)
        if pairs is None or theirs is None or ours is None:
            continue
        if theirs != ours and pairs != [(place, place) for place in range(len(ours))]:
            raise ValueError(
                f"{where}: its {end} are {_text(theirs)}, here they are {_text(ours)}: give both"
                " the same, in the same order"
            )


def _of_names(source: Meaning, here: Meaning, end: End) -> Difference | None:
    theirs, ours = source.names(end), here.names(end)
    if theirs == ours or ours is None or (theirs is None and not ours):
        return None
    pairs = partners(source, here, end)
    if pairs is None:
        done = "loaded where shapes agree"
    elif pairs == by_name(theirs or (), ours):
        done = f"{len(pairs)} of {len(ours)} go by name"
    else:
        done = "taken in order"
    return Difference(what=end, source=_text(theirs), here=_text(ours), done=done)


def _text(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, tuple):
        more = f", and {len(value) - NAMED} more" if len(value) > NAMED + 1 else ""
        return ", ".join(value[:NAMED] if more else value) + more or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)

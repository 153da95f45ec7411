"""A network as the bytes of an ONNX file: two graphs, quantised where that is asked for, joined."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from cardiograft.export.graphs import Graph, Scored, Shown, described, float32, joined
from cardiograft.export.network import Exported, Part, batches
from cardiograft.export.packing import packed
from cardiograft.export.quantising import int8
from cardiograft.records import Float32
from cardiograft.training.task import Batch

SHOWN, STANDARD = "shown", "standardised"  # names between the two graphs


@dataclass(frozen=True, kw_only=True)
class Written:
    """A file's graph, and the part of it behind the view.

    Attributes
    ----------
    whole, network
        ``onnx.ModelProto``; the same where there is no view in the file.
    taken, shown
        An example of what each of them takes, by name.
    """

    whole: Any
    network: Any
    taken: Mapping[str, Float32]
    shown: Mapping[str, Float32]

    def content(self, facts: Mapping[str, Any]) -> bytes:
        """Return the file's bytes, what it is in its metadata."""
        content: bytes = described(self.whole, facts).SerializeToString()
        return content


class _Front(nn.Module):
    """`Shown` for what a file takes: without features where there are none."""

    def __init__(self, shown: Shown, *, standardises: bool) -> None:
        super().__init__()
        self.shown, self.standardises = shown, standardises

    def forward(self, signal: Tensor, feature: Tensor | None = None) -> Any:
        """Return the picture or signal, and features where they are standardised here."""
        if feature is None:
            feature = signal.new_zeros(signal.shape[0], 0)
        shown, standard = self.shown(signal, feature)
        return (shown, standard) if self.standardises else shown


class _Back(nn.Module):
    """`Scored` for what a file takes."""

    def __init__(self, scored: Scored) -> None:
        super().__init__()
        self.scored = scored

    def forward(self, shown: Tensor, feature: Tensor | None = None) -> Tensor:
        """Return the scores."""
        if feature is None:
            feature = shown.new_zeros(shown.shape[0], 0)
        scores: Tensor = self.scored(shown, feature)
        return scores


def write(exported: Exported, calibration: Part) -> Written:
    """Write a network as a graph.

    Parameters
    ----------
    calibration
        Segments of the training part: the first are what the graph is drawn with, and all of them
        fix the scales of ``int8``.
    """
    spec = exported.spec
    rows, batch = next(batches(exported, calibration))
    front, taken, between = _front(exported, rows, batch)
    scored = _Back(Scored(exported.network, exported.task))
    network = Graph(module=scored, inputs=between, outputs=["score"]).model()
    if spec.precision == "int8":
        seen = _calibrating(exported, calibration, list(between))
        network = int8(network, seen, ranges=spec.ranges)
    whole = network
    if front is not None:
        links = [name for name in between if name in (SHOWN, STANDARD)]
        drawn = Graph(module=front, inputs=_of_front(front, taken), outputs=links).model()
        whole = joined(drawn, network, [(name, name) for name in links])
    return Written(
        whole=packed(whole),
        network=network,
        taken={name: float32(one) for name, one in taken.items()},
        shown={name: float32(one) for name, one in between.items()},
    )


def _front(
    exported: Exported, rows: Mapping[str, Tensor], batch: Batch
) -> tuple[_Front | None, dict[str, Tensor], dict[str, Tensor]]:
    """Return what comes before the network, what the file takes, and what goes in between."""
    size, takes = exported.spec.batch, exported.takes
    signal = _rows(rows["signal"] if takes == "segment" else batch.signal_BCT, size)
    features = {"feature": _rows(batch.feature_BF, size)} if batch.feature_BF.shape[1] else {}
    shown = Shown(
        task=exported.task,
        view=exported.view,
        takes=takes,
        example=_example(rows, exported.meta.samples),
        scale=exported.scale,
        memory=exported.memory,
    )
    front = _Front(shown, standardises=bool(features) and takes == "segment")
    with torch.no_grad():
        network_input, _ = shown(signal, features.get("feature", signal.new_zeros(size, 0)))
    if takes == "picture":
        given = {"picture": network_input, **features}
        return None, given, given
    given = {"signal": signal, **features}
    if takes == "signal" and exported.view is None:
        return None, given, given
    standard = {STANDARD if front.standardises else name: one for name, one in features.items()}
    return front, given, {SHOWN: network_input, **standard}


def _of_front(front: _Front, taken: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what of a file's inputs goes into its first graph."""
    return {k: one for k, one in taken.items() if k == "signal" or front.standardises}


def _rows(values: Tensor, count: int) -> Tensor:
    """Return the first rows, over and over where there are fewer."""
    return values[torch.arange(count) % len(values)]


def _example(rows: Mapping[str, Tensor], samples: int) -> dict[str, Tensor]:
    """Return the columns beside a segment's signal, of a segment that is not padded."""
    beside = {name: one[:1] for name, one in rows.items() if name not in ("signal", "feature")}
    if "valid" in beside:
        beside["valid"] = torch.full_like(beside["valid"], samples)
    return beside


def _calibrating(exported: Exported, part: Part, names: list[str]) -> Iterator[dict[str, Float32]]:
    """Yield what the second graph takes of a part's items, as many at once as the file.

    All of them: what is left for the last time is filled up with its own rows, over again.
    """
    size = exported.spec.batch
    left: list[Tensor] = []  # items that do not fill a batch of the file yet
    for _, batch in batches(exported, part):
        shown = batch.signal_BCT
        if exported.view is not None:
            with torch.no_grad():
                shown = exported.view(shown)
        both = [shown, batch.feature_BF]
        left = [torch.cat(one) for one in zip(left, both, strict=True)] if left else both
        while len(left[0]) >= size:
            yield _named(names, [one[:size] for one in left])
            left = [one[size:] for one in left]
    if len(left[0]):
        yield _named(names, [_rows(one, size) for one in left])


def _named(names: list[str], values: list[Tensor]) -> dict[str, Float32]:
    return {name: float32(one) for name, one in zip(names, values, strict=False)}

"""What a trained network is to whoever applies it, whatever runs it: what goes in, what comes out.

Nothing here needs torch.

Legend: N segments, K outputs.
"""

import abc
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from cardiograft import plugins
from cardiograft.records import Float32, Kind
from cardiograft.segments import shards
from cardiograft.segments.cutting import CutSegments
from cardiograft.signals.leads import canonical
from cardiograft.specs.segment import Segment

# How predictions stand in an annotation file: at each beat, or where the class changes.
Marking = Literal["beat", "quality", "rhythm", "note"]
QUALITY = ("butqdb_quality", "challenge_2011")
RHYTHM = ("rhythm", "snomed_rhythm", "challenge_2017")
# Limits of the cut `windows` that are measured on a target, which nobody has recorded here.
OF_THE_TARGET = ("most_range", "least_beats", "most_beats")


class Threshold(NamedTuple):
    """The probability of a class from which on a segment is of it."""

    label: str
    at: float

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> "Threshold | None":
        """Return what a card says of a threshold."""
        known = card.get("threshold")
        return cls(str(known["label"]), float(known["at"])) if known else None


@dataclass(frozen=True, kw_only=True)
class Predictor(abc.ABC):
    """A trained network, ready.

    Attributes
    ----------
    where
        Its folder or file, as it was named.
    segments
        Metadata of the segments that it was trained on: the lead, filter, rate, scale and cut.
    spec
        How a new recording is cut: as those, without labels and without a target.
    kind, labels, outputs
        Of what it gives: ``classes``, ``heads`` or ``signal``; their names; the shape of one.
    simulated
        Whether it was trained on simulated recordings.
    scaled
        Whether a signal that it gives was scaled in training, so that it has no unit.
    digest
        SHA-256 of the weights.
    own_threshold
        What its card says of one: the best on its validation part.
    threshold
        The one that is used; without it a segment is of the most probable class.
    """

    where: str
    segments: shards.Meta
    spec: Segment
    kind: str
    labels: tuple[str, ...]
    outputs: tuple[int, ...]
    simulated: bool
    scaled: bool
    digest: str
    own_threshold: Threshold | None = None
    threshold: Threshold | None = None

    @abc.abstractmethod
    def predict(self, cut: CutSegments) -> Float32:
        """Return what the network predicts of some segments, shape (N, K)."""

    def taken(self, cut: CutSegments) -> CutSegments:
        """Return the segments that it can take; the others are counted as dropped."""
        return cut

    @property
    def finds_beats(self) -> bool:
        """Whether its segments stand at heart beats, which have to be known or detected."""
        return "peaks" in self.spec.cut.options

    @property
    def marking(self) -> Marking:
        """How its classes stand in an annotation file, by the label that it learned."""
        label = self.segments.spec.get("label") or {"name": "", "options": {}}
        if label["name"] and plugins.constants("labels", label["name"])["KIND"] == "beat":
            return "beat"
        if label["name"] in QUALITY or label["options"].get("classes") == "quality":
            return "quality"
        return "rhythm" if label["name"] in RHYTHM else "note"

    def units(self) -> dict[str, str]:
        """Return the unit of each lead as the network expects it, by a pattern of its name."""
        stated: dict[str, str] = plugins.constants("datasets", self.spec.dataset)["UNITS"]
        own = zip(self.spec.signal.leads, self.segments.units, strict=False)
        given = {canonical(text.partition("|")[0]): unit for text, unit in own if unit != "1"}
        return {**given, **stated}


def only(cut: CutSegments, keep_N: npt.NDArray[np.bool_]) -> CutSegments:
    """Return some of a recording's segments."""
    return replace(
        cut,
        signal_NCT=cut.signal_NCT[keep_N],
        start_N=cut.start_N[keep_N],
        valid_N=cut.valid_N[keep_N],
        label_N=cut.label_N[keep_N],
        features={name: column_N[keep_N] for name, column_N in cut.features.items()},
    )


def require_readable(kind: Kind, where: Path) -> None:
    """Refuse a network whose outputs are no statement about a recording.

    Raises
    ------
    ValueError
        It gives measurements, of which there is a program that measures them.
    """
    if kind == "values":
        raise ValueError(
            f"{where}: it predicts measurements that can be taken of a signal itself: apply a model"
            " that was transferred from it"
        )


def spec_of(meta: shards.Meta) -> Segment:
    """Return how a new recording is cut for a model of such segments."""
    spec = Segment.model_validate(meta.spec)
    options = dict(spec.cut.options)
    if spec.target is not None:
        options.update({key: None for key in OF_THE_TARGET if key in options})
    if "peaks" in options:
        options["peaks"] = "annotations"  # which `beats` fills with what it detects
    cut = spec.cut.model_copy(update={"options": options})
    return spec.model_copy(update={"label": None, "target": None, "cut": cut})

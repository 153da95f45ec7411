"""What config may set for the stages `predict` and `baseline`: saved predictions."""

from collections.abc import Sequence
from typing import Literal, get_args

from cardiograft.plugins import Duration
from cardiograft.specs.entry import (
    Baseline,
    Count,
    Entry,
    Model,
    Seed,
    Several,
    Some,
    Task,
    View,
)

Part = Literal["train", "validation", "test"]
Control = Literal["shuffled", "other", "phase"]
PARTS: tuple[Part, ...] = ("test", "validation", "train")


def corrupted_part(part: Part, control: Control) -> str:
    """Return the name, in predictions, of a part whose input was corrupted."""
    return f"{part}, {control}"


def control_part(parts: Sequence[Part]) -> Part:
    """Return the part that controls are run on: test, else validation, else train."""
    return next(part for part in PARTS if part in parts)


def parts_of_predictions() -> tuple[str, ...]:
    """Return every name that a part may have in predictions, in order."""
    corrupted = (corrupted_part(p, c) for p in PARTS for c in get_args(Control))
    return (*PARTS, *corrupted)


class Predict(Entry):
    """A trained network on some parts of a split.

    Attributes
    ----------
    controls
        The part that `control_part` names is predicted once more with its input corrupted, as in
        `cardiograft.evaluation.controls`; the target stays. Such predictions are of a part of
        their own, as `corrupted_part` names it.
    precision
        Of the network's layers, whatever it was trained in: ``no`` is float32. The scores of their
        outputs are float32 in each.
    """

    split: str
    model: Model
    view: View = None
    task: Task
    parts: Some[Part] = ("test",)
    controls: Several[Control] = ()
    batch_size: Count = 256
    precision: Literal["no", "tf32", "bf16"] = "no"


class BaselinePredict(Entry):
    """A baseline, fitted on the training part, on some parts of a split.

    Attributes
    ----------
    crop_s
        Where signals are predicted: the middle seconds of each segment are all that is read of it,
        as a network that crops is given them when it predicts; all of it if null.
    scaling
        Of what is left of a segment.
    """

    split: str
    baseline: Baseline
    parts: Some[Part] = ("test",)
    crop_s: Duration | None = None
    scaling: Literal["none", "zscore"] = "none"
    seed: Seed = 0

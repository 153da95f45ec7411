"""What config may ask of the stages `predict` and `baseline`: saved predictions."""

from collections.abc import Sequence
from typing import Literal, get_args

from pydantic import PositiveInt

from cardiograft.specs.entry import Baseline, Entry, Model, Task

Part = Literal["train", "validation", "test"]
Control = Literal["shuffled", "other", "phase"]
PARTS: tuple[Part, ...] = ("test", "validation", "train")


def spoilt_part(part: Part, control: Control) -> str:
    """Return what predictions on a part call it where its input was spoilt."""
    return f"{part}, {control}"


def controlled(parts: Sequence[Part]) -> Part:
    """Return the part whose input is spoilt: the one furthest from training."""
    return next(part for part in PARTS if part in parts)


def parts_of_predictions() -> tuple[str, ...]:
    """Return every name that a part may have in predictions, in order."""
    spoilt = (spoilt_part(p, c) for p in PARTS for c in get_args(Control))
    return (*PARTS, *spoilt)


class Predict(Entry):
    """A trained network on some parts of a split.

    Attributes
    ----------
    controls
        The part that `controlled` names is asked about once more with its input spoilt so, as
        in `cardiograft.evaluation.controls`; the target stays. Such predictions are of a part of
        their own, as `spoilt_part` names it.
    """

    split: str
    model: Model
    task: Task
    parts: tuple[Part, ...] = ("test",)
    controls: tuple[Control, ...] = ()
    batch_size: PositiveInt = 256


class BaselinePredict(Entry):
    """A baseline, fitted on the training part, on some parts of a split."""

    split: str
    baseline: Baseline
    parts: tuple[Part, ...] = ("test",)
    seed: int = 0

"""What config may ask of the stages `predict` and `baseline`: saved predictions."""

from typing import Literal

from pydantic import PositiveInt

from cardiograft.specs.entry import Baseline, Entry, Model, Task

Part = Literal["train", "validation", "test"]


class Predict(Entry):
    """A trained network on some parts of a split."""

    split: str
    model: Model
    task: Task
    parts: tuple[Part, ...] = ("test",)
    batch_size: PositiveInt = 256


class BaselinePredict(Entry):
    """A baseline, fitted on the training part, on some parts of a split."""

    split: str
    baseline: Baseline
    parts: tuple[Part, ...] = ("test",)
    seed: int = 0

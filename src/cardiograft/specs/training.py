"""How a network is trained: the part that pretrain, prune and transfer share."""

from typing import Annotated, Literal, Self

from annotated_types import Ge, Lt
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from cardiograft.specs.entry import Entry, Model, Task


class Training(Entry):
    """One call of ``fit()``.

    Attributes
    ----------
    momentum
        Of ``sgd``.
    schedule
        ``cosine`` falls to 0 over all epochs.
    clip_norm
        Upper bound on the norm of the gradient.
    class_weights
        ``balanced`` weighs each class by the inverse of its share in the training part.
    per_class
        Resample each class to this many training segments an epoch, with replacement where
        there are fewer.
    keep
        Which epoch's weights are published: ``last``, ``best_validation``, or ``best_test``
        (what some papers do; an honest split refuses it).
    monitor
        The figure of the task that `keep` and `patience` go by (``loss``, ``accuracy``,
        ``macro_f1`` ...).
    patience
        Stop after so many epochs without a better `monitor`.
    precision
        ``bf16`` or ``fp16``: mixed, weights stay in float32.
    compile
        Through ``torch.compile``.
    seed
        The repeat's number is added to it.
    """

    epochs: PositiveInt
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 1e-3
    optimiser: Literal["adam", "adamw", "sgd"] = "adam"
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.9
    weight_decay: NonNegativeFloat = 0.0
    schedule: Literal["constant", "cosine"] = "constant"
    clip_norm: PositiveFloat | None = None
    class_weights: Literal["none", "balanced"] = "none"
    per_class: PositiveInt | None = None
    keep: Literal["last", "best_validation", "best_test"] = "last"
    monitor: str = "loss"
    patience: PositiveInt | None = None
    precision: Literal["no", "bf16", "fp16"] = "no"
    compile: bool = False
    seed: Annotated[int, Ge(0)] = 0

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.patience is not None and self.keep == "last":
            raise ValueError("patience needs keep 'best_validation' or 'best_test', not 'last'")
        if self.per_class is not None and self.class_weights == "balanced":
            raise ValueError("per_class and class_weights 'balanced' both even out the classes")
        return self


class Trained(Entry):
    """What every stage that trains asks: a model, a task, and the split whose part it sees."""

    split: str
    model: Model
    task: Task
    training: Training

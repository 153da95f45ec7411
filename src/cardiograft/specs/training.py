"""How a network is trained: the part that pretrain, prune and transfer share."""

from typing import Annotated, Literal, Self

from annotated_types import Ge, Gt, Le, Lt
from pydantic import NonNegativeFloat, PositiveFloat, model_validator

from cardiograft.specs.entry import Count, Entry, Model, Plugin, Seed, Several, Task, View

Ranks = Annotated[int, Ge(1), Le(4096)]


class Training(Entry):
    """One call of ``fit()``.

    Attributes
    ----------
    learning_rates
        Train with each of these in turn, in place of `learning_rate`, from the same first weights
        and random numbers, and publish the one whose best epoch is best on the validation part.
        Its history is published; the card says what the others came to. Needs `keep`
        ``best_validation``.
    momentum
        Of ``sgd``.
    schedule
        ``cosine`` falls to 0 over all epochs. ``one_cycle`` rises along half a cosine from 1/25
        of `learning_rate` to all of it, at step p = 0.15 n - 1 of n (counted from 0), and falls
        along half a cosine to 1/250000 of it at step n - 1 (Smith & Topin 2017,
        arXiv:1708.07120, in the two phases of torch's ``OneCycleLR``): at step s <= p,
        1/25 + (1 - 1/25) (1 - cos(pi s / p)) / 2.
    clip_norm
        Upper bound on the norm of the gradient.
    ema
        Decay, a step, of an exponential moving average of the weights, and of running means,
        that is measured and published in their place; min(`ema`, (1 + s) / (10 + s)) at step
        s, so that the random start is soon forgotten. A pruned weight is zero in it too.
    class_weights
        ``balanced`` weighs each class by the inverse of its share in the training part.
    per_class
        Resample each class to this many training segments an epoch, with replacement where
        there are fewer.
    bootstrap
        Draw this share of as many subjects as the training part has from it, with replacement,
        each with all its segments: once a repeat, by its seed. 1 draws as many as there are.
    keep
        Which epoch's weights are published: ``last``, ``best_validation``, or ``best_test``
        (what some papers do; other protocols refuse it).
    monitor
        The metric of the task that `keep` and `patience` go by (``loss``, ``accuracy``,
        ``macro_f1`` ...).
    patience
        Stop after so many epochs without a better `monitor`; with `keep` ``last``, without a
        mean loss of the training part's batches that is lower than any before.
    precision
        ``bf16`` or ``fp16``: mixed, weights stay in float32. ``tf32``: on a GPU of NVIDIA's,
        products and convolutions round their factors to ten bits; elsewhere as ``no``, and the
        card's ``float32_layers`` say so. It makes predictions no coarser: they are of float32.
    compile
        Through ``torch.compile``.
    seed
        The repeat's number is added to it.
    """

    epochs: Count
    batch_size: Count = 64
    learning_rate: PositiveFloat = 1e-3
    learning_rates: Several[PositiveFloat] = ()
    optimiser: Literal["adam", "adamw", "sgd"] = "adam"
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.9
    weight_decay: NonNegativeFloat = 0.0
    schedule: Literal["constant", "cosine", "one_cycle"] = "constant"
    clip_norm: PositiveFloat | None = None
    ema: Annotated[float, Gt(0), Lt(1)] | None = None
    class_weights: Literal["none", "balanced"] = "none"
    per_class: Count | None = None
    bootstrap: Annotated[float, Gt(0), Le(1)] | None = None
    keep: Literal["last", "best_validation", "best_test"] = "last"
    monitor: str = "loss"
    patience: Count | None = None
    precision: Literal["no", "tf32", "bf16", "fp16"] = "no"
    compile: bool = False
    seed: Seed = 0

    @property
    def mixed_precision(self) -> str:
        """What tensors are cast to: ``no``, ``bf16`` or ``fp16``."""
        return "no" if self.precision == "tf32" else self.precision

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.patience is not None and self.keep == "last" and self.monitor != "loss":
            raise ValueError(
                f"patience with keep 'last' goes by the training part's loss: monitor 'loss', not"
                f" {self.monitor!r}"
            )
        if self.learning_rates and self.keep != "best_validation":
            raise ValueError(
                f"learning_rates are chosen on the validation part: keep 'best_validation', not"
                f" {self.keep!r}"
            )
        if self.per_class is not None and self.class_weights == "balanced":
            raise ValueError("per_class and class_weights 'balanced' both even out the classes")
        return self


class Trained(Entry):
    """What every stage that trains needs: a model, a task, and the split whose part it sees.

    Attributes
    ----------
    view
        What makes pictures of the signals, for a model that takes pictures.
    """

    split: str
    model: Model
    view: View = None
    task: Task
    training: Training

    @property
    def result(self) -> Plugin:
        """The model that comes out of it, with all its options."""
        return self.model

    @property
    def processes(self) -> int:
        """How many processes train it together."""
        return 1

    @property
    def one_for_each(self) -> bool:
        """Whether each subject has a network of its own."""
        return False


class Spread(Trained):
    """A training that may be spread over several devices.

    Attributes
    ----------
    devices
        How many processes of a node train it together, each on a GPU of its own (or a core) and
        each on its share of every batch: `batch_size` is what they share, so that the result is
        that of one, to rounding. Batch normalisation sees all of a batch on GPUs, and a process's
        share of it on processors.
    num_nodes
        Over how many nodes, with so many devices each.
    """

    devices: Ranks = 1
    num_nodes: Ranks = 1

    @property
    def processes(self) -> int:
        """How many processes train it together."""
        return self.devices * self.num_nodes

    @model_validator(mode="after")
    def _worth_it(self) -> Self:
        least = 2 * self.processes
        if self.processes > 1 and self.training.batch_size < least:
            raise ValueError(
                f"devices times num_nodes is {self.processes}, so that batch_size"
                f" {self.training.batch_size} is too small to share: {least} or more"
            )
        if self.num_nodes > 1 and self.devices == 1:
            raise ValueError("num_nodes needs devices of 2 or more: take those of one node first")
        return self

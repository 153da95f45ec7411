"""What config may ask of the stage `prune`: a checkpoint made sparse while it trains on."""

from typing import Annotated, Literal, Self

from annotated_types import Ge, Lt
from pydantic import NonNegativeInt, PositiveInt, model_validator

from cardiograft.specs.entry import Entry
from cardiograft.specs.training import Trained

Share = Annotated[float, Ge(0), Lt(1)]


class Sparsity(Entry):
    """Polynomial decay of kernel magnitudes (Zhu & Gupta 2017, arXiv:1710.01878).

    ``initial + (final - initial)(...)`` from step `begin` to step `end`, the mask renewed
    every `every` steps and kept after `end`.
    """

    method: Literal["magnitude"] = "magnitude"
    initial: Share = 0.10
    final: Share = 0.25
    begin: NonNegativeInt = 0
    end: PositiveInt = 1000
    every: PositiveInt = 100

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.begin >= self.end:
            raise ValueError(f"begin {self.begin} is not below end {self.end}")
        if self.initial > self.final:
            raise ValueError(f"initial {self.initial} is above final {self.final}")
        return self


class Prune(Trained):
    """A source checkpoint, its sparsity, and the training that goes with it.

    `split`, `model` and `task` are the source's own unless given.
    """

    source: str
    sparsity: Sparsity = Sparsity()

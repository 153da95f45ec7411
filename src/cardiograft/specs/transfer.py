"""What config may set for the stage `transfer`: learned weights grafted, then trained on."""

from typing import Annotated, Self

from annotated_types import Ge, Le, MinLen
from pydantic import NonNegativeFloat, model_validator

from cardiograft.specs.entry import Adaptation, Entry, Several
from cardiograft.specs.training import Trained


class Source(Entry):
    """A checkpoint and where its tensors go.

    ``map`` takes name prefixes of the source to name prefixes of the target; the longest
    that fits wins. ``encoder: encoder`` loads the encoder and leaves the head as it is.
    """

    entry: str
    map: Annotated[dict[str, str], MinLen(1)] = {"encoder": "encoder"}


class Transfer(Trained):
    """A target network, what is loaded into it, and how it is trained on.

    Attributes
    ----------
    sources
        None: from scratch.
    least
        Share of the target's mapped parameters that must be loaded, or the job fails.
    frozen
        Name prefixes that are not trained.
    rate_factors
        Name prefix to factor on the learning rate: discriminative rates.
    adaptation
        The loss that makes the encoder's codes alike in another domain, with its options and
        `domain` beside its name; ``none`` without ``supervised`` is the same as null.
    """

    sources: Several[Source] = ()
    least: Annotated[float, Ge(0), Le(1)] = 0.5
    frozen: Several[str] = ()
    rate_factors: dict[str, NonNegativeFloat] = {}
    adaptation: Adaptation = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        both = sorted(set(self.frozen) & set(self.rate_factors))
        if both:
            raise ValueError(f"{both[0]!r} is both frozen and given a rate factor")
        if self.adaptation is not None and self.training.learning_rates:
            raise ValueError("learning_rates: an adaptation is trained with one learning_rate")
        return self

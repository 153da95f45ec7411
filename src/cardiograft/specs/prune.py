"""What config may set for the stage `prune`: a checkpoint made sparse while it trains on."""

import math
from typing import Annotated, Any, Literal, Self

from annotated_types import Ge, Lt
from pydantic import NonNegativeInt, model_validator

from cardiograft import plugins
from cardiograft.specs.entry import Count, Entry, Plugin
from cardiograft.specs.training import Trained

Share = Annotated[float, Ge(0), Lt(1)]
FIRST = 0.10  # where a schedule begins that does not say (study `scg_to_ecg`)


class Sparsity(Entry):
    """Polynomial decay of kernel magnitudes (Zhu & Gupta 2017, arXiv:1710.01878).

    ``initial + (final - initial)(...)`` from step `begin` to step `end`, the mask renewed
    every `every` steps and kept after `end`.

    Attributes
    ----------
    method
        ``magnitude`` zeroes single weights of each kernel, and leaves shapes as they are.
        ``structured`` takes whole channels away, and leaves a smaller network without zeros.
    initial, final
        Shares of each kernel, or of each layer's channels; 0.10, or `final` where that is
        less, and 0.25 unless given.
    """

    method: Literal["magnitude", "structured"] = "magnitude"
    initial: Share = FIRST
    final: Share = 0.25
    begin: NonNegativeInt = 0
    end: Count = 1000
    every: Count = 100

    @model_validator(mode="before")
    @classmethod
    def _begun(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("initial") is None:
            final = given.get("final", FIRST)
            # or `final` itself is refused
            number = isinstance(final, int | float) and not isinstance(final, bool)
            known = number and 0 <= final < 1
            return {**given, "initial": min(FIRST, final) if known else FIRST}
        return given

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

    @property
    def result(self) -> Plugin:
        """The model that comes out: of structured pruning, a narrower one."""
        return narrowed(self.model, self.sparsity)

    @model_validator(mode="after")
    def _can_be_narrowed(self) -> Self:
        narrowed(self.model, self.sparsity)
        if self.training.learning_rates:
            raise ValueError("learning_rates: a pruning is trained with one learning_rate")
        return self


def kept_channels(width: int, sparsity: float, *, multiple: int = 1) -> int:
    """Return how many of a layer's channels are left: a multiple, the nearest, never none.

    Of two multiples as near the larger.
    """
    wanted = round(width * (1 - sparsity) / multiple, 9)  # 0.1 x 5 is a half, and a bit
    return max(multiple, multiple * math.floor(wanted + 0.5))


def narrowed(model: Plugin, sparsity: Sparsity) -> Plugin:
    """Return the model that is left of another: narrower where channels are taken away.

    A model's constant ``WIDTHS`` names the options that are numbers of channels, and the
    number that each is pruned to a multiple of; ``APART``, where it has one, those of them of
    which neighbours that differ must go on to differ.

    Raises
    ------
    ValueError
        The model does not say which of its options are numbers of channels.
    """
    if sparsity.method != "structured":
        return model
    constants = plugins.constants("models", model.name)
    multiples = constants.get("WIDTHS")
    if not multiples:
        able = [n for n in plugins.names("models") if plugins.constants("models", n).get("WIDTHS")]
        raise ValueError(
            f"method 'structured' takes channels away, but {model.name} does not say which of its"
            f" options are numbers of channels (models that do: {', '.join(able)})"
        )
    options = dict(model.options)
    for name, multiple in multiples.items():
        wide = options[name]
        kept = [kept_channels(width, sparsity.final, multiple=multiple) for width in wide]
        for place in range(1, len(kept) if name in constants.get("APART", ()) else 0):
            collide = kept[place] == kept[place - 1] and wide[place] != wide[place - 1]
            if collide and kept[place] < wide[place]:
                kept[place] += multiple
        options[name] = kept
    return Plugin(kind=model.kind, name=model.name, options=options)

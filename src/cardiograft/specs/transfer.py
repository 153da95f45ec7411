"""What config may set for the stage `transfer`: learned weights grafted, then trained on."""

from pathlib import Path
from typing import Annotated, Self

from annotated_types import Ge, Le, MinLen
from pydantic import NonNegativeFloat, model_validator

from cardiograft import plugins
from cardiograft.specs.entry import Adaptation, Entry, MaybeReader, Several, Word
from cardiograft.specs.outside import Outside, Sha256
from cardiograft.specs.training import Spread


class Source(Entry):
    """A checkpoint and where its tensors go: of an entry, or a file that others have published.

    ``map`` takes name prefixes of the source to name prefixes of the target; the longest
    that fits wins. ``encoder: encoder`` loads the encoder and leaves the head as it is.

    Attributes
    ----------
    entry
        A training here.
    file, package, sha256, reader
        Of a file from outside, in place of an entry: see `cardiograft.specs.outside.Outside`.
    """

    entry: str | None = None
    file: Word | None = None
    package: Word | None = None
    sha256: Sha256 | None = None
    reader: MaybeReader = None
    map: Annotated[dict[str, str], MinLen(1)] = {"encoder": "encoder"}

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.entry is None) == (self.file is None):
            raise ValueError("a source is an 'entry', or a 'file' with its 'sha256' and 'reader'")
        if self.file is not None and (self.sha256 is None or self.reader is None):
            raise ValueError(
                f"the file {self.file!r} needs its 'sha256' and a 'reader', one of"
                f" {', '.join(plugins.names('readers'))}"
            )
        if self.entry is not None and (self.package or self.sha256 or self.reader):
            raise ValueError("'package', 'sha256' and 'reader' are of a 'file', not of an 'entry'")
        return self

    @property
    def outside(self) -> Outside | None:
        """The file from outside that it is, if it is one."""
        if self.file is None or self.sha256 is None or self.reader is None:
            return None
        return Outside(file=self.file, package=self.package, sha256=self.sha256, reader=self.reader)

    @property
    def name(self) -> str:
        """What ledgers and cards call it."""
        return self.entry or Path(self.file or "").name


class Transfer(Spread):
    """A target network, what is loaded into it, and how it is trained on.

    Attributes
    ----------
    sources
        None: from scratch.
    least
        Share of the target's mapped parameters that must be loaded, or the job fails.
    frozen
        Name prefixes that are not trained. Layers of theirs that normalise batches, and came from
        no source, take means and variances from the training part before training.
    rate_factors
        Name prefix to factor on the learning rate: discriminative rates.
    adaptation
        The loss that makes the encoder's codes alike in another domain, with its options and
        `domain` beside its name; ``none`` without ``supervised`` is the same as null.
    per_subject
        A network of its own for each subject who is in the training part and in a part that is
        predicted: all begin with the same weights, and each trains on its subject's segments
        alone. Anybody else's are predicted with those first weights. For a calibration, which
        would otherwise make one network learn by heart whose segment is whose.
    """

    sources: Several[Source] = ()
    least: Annotated[float, Ge(0), Le(1)] = 0.5
    frozen: Several[str] = ()
    rate_factors: dict[str, NonNegativeFloat] = {}
    adaptation: Adaptation = None
    per_subject: bool = False

    @property
    def one_for_each(self) -> bool:
        """Whether each subject has a network of its own."""
        return self.per_subject

    @model_validator(mode="after")
    def _agree(self) -> Self:
        both = sorted(set(self.frozen) & set(self.rate_factors))
        if both:
            raise ValueError(f"{both[0]!r} is both frozen and given a rate factor")
        if self.adaptation is not None and self.training.learning_rates:
            raise ValueError("learning_rates: an adaptation is trained with one learning_rate")
        if self.adaptation is not None and self.processes > 1:
            raise ValueError(
                "devices: an adaptation compares codes of whole batches, on one device"
            )
        return self

    @model_validator(mode="after")
    def _per_subject(self) -> Self:
        if not self.per_subject:
            return self
        if self.training.keep != "last":
            raise ValueError("per_subject: a subject has no validation part: keep 'last'")
        if self.training.patience is not None:
            raise ValueError("per_subject: all subjects train as long: no patience")
        if self.training.precision == "fp16":
            raise ValueError("per_subject: fp16 would hand its scale on to the next subject: bf16")
        if self.training.bootstrap is not None:
            raise ValueError("per_subject: a bootstrap draws subjects, and would leave some out")
        if self.adaptation is not None:
            raise ValueError("per_subject: an adaptation compares groups of subjects")
        if self.processes > 1:
            raise ValueError("devices: per_subject trains many small networks, on one device")
        return self

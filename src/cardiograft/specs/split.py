"""What config may ask of the stage `split`: who is trained on, who is tested on."""

from typing import Annotated, Literal, Self

from annotated_types import Ge, Gt, Le, Lt
from pydantic import model_validator

from cardiograft.specs.entry import Entry

FOLDED = ("subject", "dechazal", "dechazal_strict")
Share = Annotated[float, Ge(0), Lt(1)]


class Split(Entry):
    """Parts ``train``, ``validation``, ``test`` and ``out`` of some segments.

    Attributes
    ----------
    segments
        Entries of `segments`, pooled.
    scheme
        ``segment`` (each segment by its own hash), ``subject``, ``dechazal`` (DS1 / DS2 of
        mitdb), ``dechazal_strict`` (without 201, who is also 202), ``fixed`` (the data
        set's own parts).
    protocol
        ``honest``: leakage stops the run. ``paper``: leakage is counted.
    test, validation
        Shares of segments or of subjects; `validation` is taken out of what is not test.
    folds, fold
        Test on fold `fold` of `folds`: of all subjects (``subject``), in place of `test`; of
        DS1 (``dechazal``, ``dechazal_strict``), in place of DS2, which is out.
    drop_labels
        Segments with these labels go to ``out``.
    fraction
        Share of the training subjects (training segments, with ``segment``) that is kept;
        the rest goes to ``out``. Smaller fractions are subsets of larger ones.
    duplicate_correlation
        Normalised correlation, at any lag within 10 ms, above which two segments count as
        one.
    """

    segments: tuple[str, ...]
    scheme: Literal["segment", "subject", "dechazal", "dechazal_strict", "fixed"]
    protocol: Literal["paper", "honest"]
    test: Share = 0.1
    validation: Share = 0.0
    folds: Annotated[int, Ge(2)] | None = None
    fold: Annotated[int, Ge(0)] | None = None
    drop_labels: tuple[str, ...] = ()
    fraction: Annotated[float, Gt(0), Le(1)] = 1.0
    duplicate_correlation: Annotated[float, Gt(0), Lt(1)] = 0.999
    seed: int = 0

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.folds is None) != (self.fold is None):
            raise ValueError("folds and fold go together")
        if self.folds is not None and self.fold is not None and self.fold >= self.folds:
            raise ValueError(f"fold {self.fold} is not below folds {self.folds}")
        if self.folds is not None and self.scheme not in FOLDED:
            raise ValueError(f"folds need scheme {' or '.join(FOLDED)}, not {self.scheme!r}")
        if self.protocol == "honest" and self.scheme == "segment":
            raise ValueError("scheme 'segment' puts subjects on both sides: protocol 'paper'")
        return self

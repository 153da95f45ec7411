"""What config may set for the stage `split`: who is trained on, who is tested on."""

from typing import Annotated, Literal, Self

from annotated_types import Ge, Gt, Le, Lt
from pydantic import model_validator

from cardiograft.specs.entry import Count, Entry, Protocol, Seed, Several, Some, Word

FOLDED = ("subject", "dechazal", "dechazal_strict")
LEAST_NESTED = 3
DAY = 86_400  # seconds
CALIBRATED = ("subject", "named")
DOSED = ("subject", "named", "dechazal", "dechazal_strict", "fixed")
Share = Annotated[float, Ge(0), Lt(1)]
Seconds = Annotated[float, Ge(0), Le(DAY)]


class Calibration(Entry):
    """What a model may learn of each test subject: the beginning of the first recording.

    Time counts from the start of that recording's first segment.

    Attributes
    ----------
    seconds
        Segments that lie wholly within so many are trained on.
    reserve
        Segments that start within so many, and are not trained on, are out; `seconds` where
        null. Splits that differ in `seconds` alone test the same segments.
    alone
        Nothing else is trained on: for tuning a model that has seen the others.
    """

    seconds: Seconds
    reserve: Seconds | None = None
    alone: bool = False

    @property
    def reserved(self) -> float:
        """The seconds that no test segment starts in."""
        return self.seconds if self.reserve is None else self.reserve

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.reserved < self.seconds:
            raise ValueError(f"reserve {self.reserved:g} is below seconds {self.seconds:g}")
        if self.alone and not self.seconds:
            raise ValueError("alone with 0 seconds leaves nothing to train on")
        return self


class Dose(Entry):
    """A training part that holds so many of the tested people's own segments, on purpose.

    A part of each tested person's recordings is tested on, the same at every dose; what is left
    of them may be trained on. The training part is `base` segments of people who are not
    tested, the same at every dose, and `slots` more: the first of them, `share` of all, hold the
    tested people's own segments, the others those of people who are in neither group. Which
    slot asks for which label is the same at every dose. So splits that differ in `share` alone
    have one test part, training parts of one size and one mix of classes, and differ only in
    whose segments fill the slots.

    Attributes
    ----------
    share
        Of the slots, those that hold the tested people's own segments: the dose, 0 to 1.
    base, slots
        Segments of the training part.
    empty
        The slots stay empty (`share` 0): beside dose 0, what as many more segments of other
        people are worth.
    others
        Share of the training subjects who fill slots, and are not in the base.
    how
        ``apart``: of each recording the end is tested on, its beginning may be trained on.
        ``random``: each segment by its own hash, as where segments are split at random; those
        that share a sample with a test segment are out.
    reserved
        Share of each recording's time (of the segments, with ``random``) that is tested on.
    gap_s
        Seconds before the tested time that nothing is trained on (``apart``).
    """

    share: Annotated[float, Ge(0), Le(1)]
    base: Count
    slots: Count
    empty: bool = False
    others: Annotated[float, Gt(0), Lt(1)] = 0.5
    how: Literal["apart", "random"] = "apart"
    reserved: Annotated[float, Gt(0), Lt(1)] = 0.5
    gap_s: Seconds = 10.0

    @property
    def own(self) -> int:
        """How many of the tested people's own segments the training part holds."""
        return int(self.share * self.slots + 0.5)

    @property
    def size(self) -> int:
        """How many segments the training part holds."""
        return self.base + (0 if self.empty else self.slots)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.empty and self.share:
            raise ValueError(f"empty slots hold nobody's segments: share 0, not {self.share:g}")
        return self


class Split(Entry):
    """Parts ``train``, ``validation``, ``test`` and ``out`` of some segments.

    Attributes
    ----------
    segments
        Entries of `segments`, pooled.
    scheme
        ``segment`` (each segment by its own hash), ``subject``, ``time`` (the end of each
        recording is test), ``named`` (`test_subjects`), ``dechazal`` (DS1 / DS2 of mitdb),
        ``dechazal_strict`` (without 201, who is also 202), ``fixed`` (the data set's own
        parts).
    protocol
        ``honest``: leakage stops the run. ``paper``: leakage is counted. ``personal``: test
        subjects are in training on purpose, their test segments are not: known people, new
        minutes (``time``, or a calibration). ``dose``: as many segments of test subjects are in
        training as `dose` asks for; any other leak stops the run.
    test, validation
        Shares of segments, of subjects or of each recording's time; `validation` is taken
        out of what is not test.
    folds, fold
        Test on fold `fold` of `folds`: of all subjects (``subject``), in place of `test`; of
        DS1 (``dechazal``, ``dechazal_strict``), in place of DS2, which is out.
    validate_next_fold
        The people of the fold after the tested one validate, in place of a share (``subject``, with
        `folds`): others in each fold, everybody once, nobody where tested. A share takes the same
        people in every fold.
    test_subjects, train_subjects
        Patterns of ``<dataset>/<subject>`` for ``named``, such as ``scg_vhd/UP-*``. Without
        `train_subjects` all who are not tested are trained on; with it the others are out.
    calibration
        Which part of the test subjects' recordings is trained on (``subject``, ``named``).
    dose
        How much of the test subjects' recordings is trained on, all else being equal.
    drop_labels
        Segments with these labels go to ``out``.
    fraction
        Share of the training subjects (training segments, with ``segment``; each recording's
        training time, with ``time``) that is kept; the rest goes to ``out``. Smaller
        fractions are subsets of larger ones.
    duplicate_correlation
        Normalised correlation, at any lag within 10 ms, above which two segments count as
        one.
    people
        Names of one person, a group each, such as ``[mitdb/118, mine/p07]``, beside those that
        are known of PhysioNet's data sets (`cardiograft.splits.people`). A ``*`` stands for the
        same text in a whole group: ``[mine/p*, again/patient*]``.
    """

    segments: Some[str]
    scheme: Literal["segment", "subject", "time", "named", "dechazal", "dechazal_strict", "fixed"]
    protocol: Protocol
    test: Share = 0.1
    validation: Share = 0.0
    folds: Annotated[int, Ge(2)] | None = None
    fold: Annotated[int, Ge(0)] | None = None
    validate_next_fold: bool = False
    test_subjects: Several[Word] = ()
    train_subjects: Several[Word] = ()
    calibration: Calibration | None = None
    dose: Dose | None = None
    drop_labels: Several[str] = ()
    fraction: Annotated[float, Gt(0), Le(1)] = 1.0
    duplicate_correlation: Annotated[float, Gt(0), Lt(1)] = 0.999
    people: Several[Some[Word]] = ()
    seed: Seed = 0

    @model_validator(mode="after")
    def _folds_agree(self) -> Self:
        if (self.folds is None) != (self.fold is None):
            raise ValueError("folds and fold go together")
        if self.folds is not None and self.fold is not None and self.fold >= self.folds:
            raise ValueError(f"fold {self.fold} is not below folds {self.folds}")
        if self.folds is not None and self.scheme not in FOLDED:
            raise ValueError(f"folds need scheme {' or '.join(FOLDED)}, not {self.scheme!r}")
        return self

    @property
    def validates(self) -> bool:
        """Whether a validation part is asked for."""
        return self.validation > 0 or self.validate_next_fold

    @model_validator(mode="after")
    def _next_fold_agrees(self) -> Self:
        if not self.validate_next_fold:
            return self
        if self.scheme != "subject" or self.folds is None or self.folds < LEAST_NESTED:
            raise ValueError(
                f"validate_next_fold needs scheme 'subject' and {LEAST_NESTED} folds or more: one"
                " is tested, one validates"
            )
        if self.validation:
            raise ValueError("validate_next_fold and a validation share: give one")
        return self

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        if self.scheme == "named" and not self.test_subjects:
            raise ValueError("scheme 'named' needs test_subjects, such as 'scg_vhd/UP-*'")
        if self.scheme != "named" and (self.test_subjects or self.train_subjects):
            raise ValueError(
                f"test_subjects and train_subjects need scheme 'named', not {self.scheme!r}"
            )
        return self

    @model_validator(mode="after")
    def _protocol_agrees(self) -> Self:
        if self.calibration is not None and self.scheme not in CALIBRATED:
            raise ValueError(
                f"calibration needs scheme {' or '.join(CALIBRATED)}, not {self.scheme!r}"
            )
        calibrated = self.calibration is not None and self.calibration.seconds > 0
        if self.protocol == "honest":
            if self.scheme == "segment":
                raise ValueError("scheme 'segment' puts subjects on both sides: protocol 'paper'")
            if self.scheme == "time" or calibrated:
                what = "scheme 'time'" if self.scheme == "time" else "a calibration"
                raise ValueError(
                    f"{what} puts subjects on both sides: protocol 'personal' or 'paper'"
                )
        # a calibration of 0 seconds is the first point of a curve, whose others are personal
        if self.protocol == "personal" and self.scheme != "time" and self.calibration is None:
            raise ValueError(
                "protocol 'personal' is for subjects who are trained on as well: it needs scheme"
                f" 'time' or a calibration, not scheme {self.scheme!r} alone"
            )
        return self

    @model_validator(mode="after")
    def _dose_agrees(self) -> Self:
        if (self.dose is None) != (self.protocol != "dose"):
            given = f"protocol {self.protocol!r}" if self.dose else "no dose"
            raise ValueError(f"dose and protocol 'dose' go together: given {given}")
        if self.dose is not None and self.scheme not in DOSED:
            raise ValueError(
                f"a dose needs a scheme that parts subjects ({', '.join(DOSED)}),"
                f" not {self.scheme!r}"
            )
        if self.dose is not None and self.calibration is not None:
            raise ValueError("a dose and a calibration each decide what is tested: give one")
        return self

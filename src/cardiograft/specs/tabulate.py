"""What config may ask of the stage `tabulate`: the tables of one study."""

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Lt

from cardiograft.specs.audit import ChosenOn
from cardiograft.specs.entry import (
    Count,
    Entry,
    Metric,
    Protocol,
    Seed,
    Several,
    Some,
    StudyName,
    Word,
)
from cardiograft.specs.score import Per
from cardiograft.specs.split import Dose

MeanCounts = Literal["repeats", "runs"]


class LookedBefore(Entry):
    """Looks at a test part that no ledger holds: of before it was kept, or on another machine.

    Attributes
    ----------
    times
        How many variants were scored there; null where nobody counted.
    why
        What was looked at, in words.
    """

    times: Count | None = None
    why: Word


class StudyRun(Entry):
    """One evaluated run of a study: where it stands in the tables.

    `members` are its evaluations: itself alone, or the folds that are pooled. Of each member,
    `averaged` are the evaluations whose predictions, all repeats of them, make up one by their
    mean; with none, each repeat counts by itself. `aligned` says that signals of all but the first
    of them are moved first, a subject's by one delay; `counts`, what has one weight in the mean:
    each repeat, or each evaluation.
    `dose` is that of its split, where it has one.
    `per` says whether segments or recordings are counted.
    `tags` (model, init, data ...) name the run; `protocol` and `split` stand apart, because
    the inflation gap is taken across them. `chosen_on`, `chosen_in` and `looked_before` say how the
    run came to be the one that is shown. `differs` has, by kind (``recipe``, ``data``, ``size``),
    what it and the trainings behind it do otherwise than the paper, a line each.
    """

    members: Some[str]
    averaged: Several[Several[str]] = ()
    aligned: bool = False
    counts: MeanCounts = "repeats"
    protocol: Protocol
    split: str
    simulated: bool
    dose: Dose | None = None
    repeats: Count
    tags: dict[str, str]
    metrics: Some[Metric]
    per: Per = "segment"
    chosen_on: ChosenOn | None = None
    chosen_in: str | None = None
    looked_before: LookedBefore | None = None
    differs: dict[str, Several[str]] = {}


class Question(Entry):
    """What some comparisons ask together: they are one family to Holm's correction.

    Attributes
    ----------
    asks
        The question in words.
    margin
        A difference in the primary metric, on its own scale, that would not matter: two runs
        whose difference is shown to be smaller are equivalent. Null: the study's.
    """

    asks: Word
    margin: Annotated[float, Gt(0)] | None = None


class Comparison(Entry):
    """Runs that differ in one tag, compared pair by pair: ``of`` against ``to``.

    Any other tag is the same for both, but for those in `besides`: a network's initialisation,
    which a baseline has none of. `question` is one of the study's; comparisons that name none are
    one family.
    """

    tag: str
    of: str
    to: str
    besides: Several[str] = ()
    question: str | None = None


class Curve(Entry):
    """The primary figure over a tag that starts with a number: ``30 s``, ``50 %``."""

    tag: str


class Tabulate(Entry):
    """A study's rows, and what is compared among them.

    Attributes
    ----------
    predicted_as
        Of evaluations that have the predictions of another, which asks the very same: its name.
    primary
        The metric that is compared: ``macro_f1``, or one class's, ``sensitivity:S``.
    questions
        By name: the comparisons of each are one Holm family.
    margin
        Of questions that name none; without it there is no verdict on equivalence.
    least_subjects
        A figure that fewer subjects carry gets no interval and no p.
    shown
        Runs whose signals are drawn, and the entries of `segments` that hold their input.
    curves
        What is drawn over a number.
    level
        Of the intervals.
    draws, seed
        How often subjects are drawn for them and for the tests, and from which random numbers.
    """

    study: StudyName
    rows: dict[str, StudyRun]
    predicted_as: dict[str, str] = {}
    primary: str
    comparisons: Several[Comparison] = ()
    questions: dict[str, Question] = {}
    margin: Annotated[float, Gt(0)] | None = None
    shown: dict[str, Several[str]] = {}
    curves: Several[Curve] = ()
    level: Annotated[float, Gt(0), Lt(1)] = 0.95
    draws: Count = 2000
    least_subjects: Annotated[int, Ge(2)] = 3
    seed: Seed = 0

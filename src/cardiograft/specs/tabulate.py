"""What config may ask of the stage `tabulate`: the tables of one study."""

from typing import Annotated

from annotated_types import Ge, Gt, Lt

from cardiograft.specs.entry import Count, Entry, Metric, Protocol, Seed, Several, Some, StudyName
from cardiograft.specs.split import Dose


class StudyRun(Entry):
    """One evaluated run of a study: where it stands in the tables.

    `members` are its evaluations: itself alone, or the folds that are pooled. Of each member,
    `averaged` are the evaluations whose predictions, all repeats of them, make up one by their
    mean; with none, each repeat counts by itself.
    `dose` is that of its split, where it has one.
    `tags` (model, init, data ...) name the run; `protocol` and `split` stand apart, because
    the inflation gap is taken across them.
    """

    members: Some[str]
    averaged: Several[Several[str]] = ()
    protocol: Protocol
    split: str
    simulated: bool
    dose: Dose | None = None
    repeats: Count
    tags: dict[str, str]
    metrics: Some[Metric]


class Comparison(Entry):
    """Runs that differ in one tag alone, compared pair by pair: ``of`` against ``to``."""

    tag: str
    of: str
    to: str


class Curve(Entry):
    """The primary figure over a tag that starts with a number: ``30 s``, ``50 %``."""

    tag: str


class Tabulate(Entry):
    """A study's rows, and the comparisons that make one Holm family.

    Attributes
    ----------
    primary
        The metric that is compared: ``macro_f1``, or one class's, ``sensitivity:S``.
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
    primary: str
    comparisons: Several[Comparison] = ()
    shown: dict[str, Several[str]] = {}
    curves: Several[Curve] = ()
    level: Annotated[float, Gt(0), Lt(1)] = 0.95
    draws: Count = 2000
    least_subjects: Annotated[int, Ge(2)] = 3
    seed: Seed = 0

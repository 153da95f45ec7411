"""The headline of a study: which of its runs stand for it where one row must do.

A study plug-in sets ``FIRST_SCREEN`` to a `Headline`. The values come from the study's tables;
here stand only names, and the paper's value.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What a headline run has to beat on unseen subjects: a run, and what it does in words."""

    name: str
    run: str


@dataclass(frozen=True, kw_only=True)
class HeadlineRun:
    """One recipe under two protocols.

    Attributes
    ----------
    name
        As a reader says it: ``CNN, from scratch``.
    paper, honest
        The runs: under the paper's protocol, and on unseen subjects; one run where the paper
        tests on other databases than it trains on.
    published_of
        Whose value the paper gives, where it is not this network's.
    baseline
        What it has to beat, where that is not the study's: the same, of its own segments.
    """

    name: str
    paper: str
    honest: str
    published_of: str = ""
    baseline: Baseline | None = None


@dataclass(frozen=True, kw_only=True)
class Further:
    """A run that does not stand beside the paper's, because the paper has none like it."""

    name: str
    run: str


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Two runs on unseen subjects that differ in the paper's idea alone.

    Attributes
    ----------
    idea
        What the first has and the second has not: ``pretext weights``.
    metric
        What they are compared by.
    run, without
        The two runs.
    network
        What both are, where that is not the headline's network: ``the paper’s classifier``.
    of
        What both were trained on, where that is not all of it: ``a quarter of the recordings``.
    """

    idea: str
    metric: str
    run: str
    without: str
    network: str = ""
    of: str = ""


@dataclass(frozen=True, kw_only=True)
class GainsAgainst:
    """The gains on unseen subjects that the paper gives too, over the first base that was run.

    Attributes
    ----------
    idea
        What is gained by: ``pretraining and pruning``.
    metric
        Whose gain it is.
    bases
        The study's names of its bases (``equal steps``), the fairest first, each with what it
        is in words.
    """

    idea: str
    metric: str
    bases: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class OfAClass:
    """A class that a value over all classes hides: what a run does with it.

    Attributes
    ----------
    name
        Of the class in tables, ``S``.
    of
        Whose segments they are, in words: ``DS2’s S beats``.
    run, words
        The run, and what it is in words.
    metric
        The value over all classes that stands before it.
    metrics
        Of the class, in order, each with its name in words.
    """

    name: str
    of: str
    run: str
    words: str
    metric: str
    metrics: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Headline:
    """What a study shows in one row, and in a few sentences.

    Attributes
    ----------
    metric
        A metric over all classes.
    published, source
        The paper's value, a share where the metric is one, and where the paper gives it.
    runs
        In order of preference: the first of which the results hold a run is shown.
    baseline
        What it has to beat.
    effect
        What the paper's own idea brings, if the study asks: of contrasts, in order of preference,
        the first whose two runs the results hold.
    further
        Runs of ours on unseen subjects, named beside the baseline; those that were run are.
    hidden
        The class that leads the sentences, because a mean over classes hides it.
    """

    metric: str
    published: float
    source: str
    runs: tuple[HeadlineRun, ...]
    baseline: Baseline
    effect: tuple[Contrast, ...] | GainsAgainst | None = None
    further: tuple[Further, ...] = ()
    hidden: OfAClass | None = None

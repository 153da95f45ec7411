"""The entries of a config: a stage's spec, and what concerns the plan alone.

`repeats` and `tags` reach no job.
"""

from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BeforeValidator

from cardiograft.specs.audit import ChosenOn, Missing
from cardiograft.specs.download import Lost
from cardiograft.specs.entry import Count, Entry, Metric, Seed, Several, Some, Word
from cardiograft.specs.own_folder import OwnFolder
from cardiograft.specs.predict import BaselinePredict, Control, Part
from cardiograft.specs.pretrain import Pretrain
from cardiograft.specs.prune import Prune
from cardiograft.specs.score import Per
from cardiograft.specs.tabulate import Comparison, Curve, LookedBefore, MeanCounts, Question
from cardiograft.specs.transfer import Transfer

Tags = dict[str, str]
Section = Literal["pretrain", "prune", "transfer", "baselines"]


def _records(given: Any) -> Any:
    """Refuse what could be taken for a number of records where a name is meant."""
    names = given if isinstance(given, list | tuple) else []
    wrong = isinstance(given, str | bool | float | dict)
    if wrong or given == [] or not all(name and isinstance(name, str) for name in names):
        raise ValueError("expected how many records, or a list of names in quotes: ['100', '101']")
    return given


def _without_nulls(given: Any) -> Any:
    """Leave out what a file on top removes by null, one or all, as entries of config are."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        return given
    return {name: one for name, one in given.items() if one is not None}


class Database(Entry):
    """One database of a mirror, or folder of one's own: which reader, and which records.

    Attributes
    ----------
    records
        Names, or how many from the top of RECORDS; all if null.
    max_nonfinite
        Share of missing samples above which a lead can't be used: a record is quarantined where no
        lead can, and left out of an entry of `segments` where none that is asked for can.
    lost
        ``allowed`` goes on without records that are missing or quarantined, ``refused`` stops;
        null stops where ``records`` names them.
    simulate
        Options of the data set's simulation.
    folder
        Of data sets of one's own (``wfdb_folder``): where it lies, and what is known of it.
    stands_in_for
        Recordings of a paper that nobody else can get, which these take the place of; the report
        says so. No job but the report reads it.
    """

    dataset: str
    records: Annotated[Count | Some[Word] | None, BeforeValidator(_records)] = None
    max_nonfinite: Annotated[float, Ge(0), Le(1)] = 0.1
    lost: Lost | None = None
    simulate: dict[str, Any] = {}
    folder: OwnFolder | None = None
    stands_in_for: Word | None = None


class PretrainRun(Pretrain):
    """A pretraining, its number of repeats and its tags."""

    repeats: Count = 1
    tags: Tags = {}


class PruneRun(Prune):
    """A pruning, its number of repeats and its tags."""

    repeats: Count = 1
    tags: Tags = {}


class TransferRun(Transfer):
    """A transfer, its number of repeats and its tags."""

    repeats: Count = 1
    tags: Tags = {}


class BaselineRun(BaselinePredict):
    """A baseline, its number of repeats and its tags."""

    repeats: Count = 1
    tags: Tags = {}


class Evaluation(Entry):
    """A model on some parts of a split (its own unless given), and the metrics of that.

    Attributes
    ----------
    controls
        Corruptions of the input that a network is evaluated on as well: ``shuffled`` in time, an
        ``other`` subject's, or of random ``phase``. What it predicts then, it has not read from
        the signal. Of several parts the one furthest from training is used: test, else validation.
    per
        What its metrics count: each ``segment``, or each ``record``, to which the mean of its
        segments' probabilities is given.
    pool
        Evaluations of one pool, the folds of a cross-validation, are one run of this name in
        the tables.
    tags
        Beside the model's own; null drops one of those.
    batch_size
        How many segments a network is given at once: of memory and speed, not of what it predicts.
    precision
        Of a network's layers when it predicts: ``no`` is float32, whatever it was trained in.
    missing
        Whether a part that is evaluated may have no segment of a class: ``refused``, before
        anything is trained, or ``allowed``. Folds that are pooled may.
    chosen_on
        How the model's options and its epoch were chosen: on a ``validation`` part; by
        ``cross-validation`` within the training part; on the ``test`` part or on people who are
        tested; as ``published``; ``elsewhere``, on people who are not tested; or ``untuned``, with
        nothing compared. Null: not said, and the report says so.
    chosen_in
        Config file of the run in which they were chosen, relative to the repository.
    looked_before
        Looks at the test part that the ledger of looks does not hold.
    """

    model: str
    split: str
    parts: Some[Part] = ("test",)
    metrics: Some[Metric]
    controls: Several[Control] = ()
    per: Per = "segment"
    pool: str | None = None
    tags: dict[str, str | None] = {}
    batch_size: Count = 256
    precision: Literal["no", "tf32", "bf16"] = "no"
    missing: Missing = "refused"
    chosen_on: ChosenOn | None = None
    chosen_in: Word | None = None
    looked_before: LookedBefore | None = None


class Mean(Entry):
    """Models that predict together: the mean over them and their repeats.

    Attributes
    ----------
    of
        Runs of the study, tested on the same segments.
    tags
        Beside those of the first run.
    aligned
        Of signals: whatever the other runs' models predict of a subject is first moved by one
        delay, the same for all its windows, to where it is most like the mean of the first run's
        models. For runs that learn shapes and not when they come (``translate`` with
        ``any_delay``). It takes the subject's windows together, and no target of theirs.
    counts
        What counts alike in the mean: all ``repeats``, so that a run of three has thrice the weight
        of a run of one; or ``runs``, each of them once, whatever its repeats.
    chosen_on
        How its runs and weights were chosen, where that flatters more than how each run was:
        ``test`` of weights that were set after means had been tested.
    """

    of: Some[str]
    tags: dict[str, str] = {}
    aligned: bool = False
    counts: MeanCounts = "repeats"
    chosen_on: ChosenOn | None = None


class Study(Entry):
    """Evaluations that make one study's tables.

    Attributes
    ----------
    questions
        What is asked by the comparisons that name it: one family of tests each.
    margin
        The difference in the primary metric that would not matter, unless a question names its own.
    means
        Runs that are the mean of others.
    shown
        Runs (evaluations, or pools of them) whose signals are drawn.
    curves
        Tags over whose numbers the primary figure is drawn.
    draws
        How often subjects are drawn for the intervals and tests.
    level
        Of the intervals.
    least_subjects
        A value that fewer subjects carry gets no interval and no p.
    seed
        Of the draws.
    """

    evaluations: Some[str]
    primary: str = "macro_f1"
    comparisons: Several[Comparison] = ()
    questions: dict[str, Question | None] = {}
    margin: Annotated[float, Gt(0)] | None = None
    means: Annotated[dict[str, Mean], BeforeValidator(_without_nulls)] = {}
    shown: Several[str] = ()
    curves: Several[Curve] = ()
    draws: Count = 2000
    level: Annotated[float, Gt(0), Lt(1)] = 0.95
    least_subjects: Annotated[int, Ge(2)] = 3
    seed: Seed = 0


Model = PretrainRun | PruneRun | TransferRun | BaselineRun


def sources(run: Model) -> tuple[str, ...]:
    """Return the entries that a run loads weights from."""
    if isinstance(run, PruneRun):
        return (run.source,)
    if not isinstance(run, TransferRun):
        return ()
    return tuple(source.entry for source in run.sources if source.entry is not None)


def splits_of(run: Model) -> tuple[str, ...]:
    """Return the splits whose segments a run reads: its own, and its adaptation's domain."""
    adaptation = run.adaptation if isinstance(run, TransferRun) else None
    return (run.split,) if adaptation is None else (run.split, adaptation.domain)

"""All of config.yaml, and each job's own slice of it.

Only the Snakefile reads this. An entry of config is a stage's spec plus what concerns the
plan alone: `repeats` and `tags`, which reach no job.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import BeforeValidator, Field, PositiveInt

from cardiograft import plugins
from cardiograft.config import pools
from cardiograft.specs.audit import Ancestor, Audit, Missing
from cardiograft.specs.download import Download
from cardiograft.specs.entry import Entry, Metric, Plugin
from cardiograft.specs.predict import BaselinePredict, Control, Part, Predict
from cardiograft.specs.pretrain import Pretrain
from cardiograft.specs.prune import Prune
from cardiograft.specs.report import Report
from cardiograft.specs.score import Score
from cardiograft.specs.segment import Segment
from cardiograft.specs.split import Split
from cardiograft.specs.tabulate import Comparison, Curve, StudyRun, Tabulate
from cardiograft.specs.transfer import Transfer

Tags = dict[str, str]
Section = Literal["pretrain", "prune", "transfer", "baselines"]


def _records(given: Any) -> Any:
    """Refuse what could be taken for a number of records where a name is meant."""
    names = given if isinstance(given, list | tuple) else []
    if isinstance(given, str | bool | float) or not all(isinstance(n, str) for n in names):
        raise ValueError("expected how many records, or a list of names in quotes: ['100', '101']")
    return given


class Database(Entry):
    """One PhysioNet database: which reader, which records, and how they are simulated.

    Attributes
    ----------
    records
        Names, or how many from the top of RECORDS; all if null.
    max_nonfinite
        Share of missing samples in the wanted lead above which a record is quarantined.
    simulate
        Options of the data set's simulation.
    """

    dataset: str
    records: Annotated[PositiveInt | tuple[str, ...] | None, BeforeValidator(_records)] = None
    max_nonfinite: Annotated[float, Ge(0), Le(1)] = 0.1
    simulate: dict[str, Any] = {}


class PretrainRun(Pretrain):
    """A pretraining, its number of repeats and its tags."""

    repeats: PositiveInt = 1
    tags: Tags = {}


class PruneRun(Prune):
    """A pruning, its number of repeats and its tags."""

    repeats: PositiveInt = 1
    tags: Tags = {}


class TransferRun(Transfer):
    """A transfer, its number of repeats and its tags."""

    repeats: PositiveInt = 1
    tags: Tags = {}


class BaselineRun(BaselinePredict):
    """A baseline, its number of repeats and its tags."""

    repeats: PositiveInt = 1
    tags: Tags = {}


class Evaluation(Entry):
    """A model on some parts of a split (its own unless given), and the metrics of that.

    Attributes
    ----------
    controls
        Corruptions of the input that a network is evaluated on as well: ``shuffled`` in time, an
        ``other`` subject's, or of random ``phase``. What it predicts then, it has not read from
        the signal. Of several parts the one furthest from training is used: test, else validation.
    pool
        Evaluations of one pool, the folds of a cross-validation, are one run of this name in
        the tables.
    tags
        Beside the model's own; null drops one of those.
    batch_size
        How many segments a network is given at once: of memory and speed, not of what it predicts.
    missing
        Whether a part that is evaluated may have no segment of a class: ``refused``, before
        anything is trained, or ``allowed``. Folds that are pooled may.
    """

    model: str
    split: str
    parts: tuple[Part, ...] = ("test",)
    metrics: tuple[Metric, ...]
    controls: tuple[Control, ...] = ()
    pool: str | None = None
    tags: dict[str, str | None] = {}
    batch_size: PositiveInt = 256
    missing: Missing = "refused"


class Mean(Entry):
    """Models that predict together: the mean over them and all their repeats.

    Attributes
    ----------
    of
        Runs of the study, tested on the same segments.
    tags
        Beside those of the first run.
    """

    of: Annotated[tuple[str, ...], MinLen(1)]
    tags: dict[str, str] = {}


class Study(Entry):
    """Evaluations that make one study's tables.

    Attributes
    ----------
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

    evaluations: tuple[str, ...]
    primary: str = "macro_f1"
    comparisons: tuple[Comparison, ...] = ()
    means: dict[str, Mean] = {}
    shown: tuple[str, ...] = ()
    curves: tuple[Curve, ...] = ()
    draws: PositiveInt = 2000
    level: Annotated[float, Gt(0), Lt(1)] = 0.95
    least_subjects: Annotated[int, Ge(2)] = 3
    seed: Annotated[int, Ge(0)] = 0


Model = PretrainRun | PruneRun | TransferRun | BaselineRun


class Config(Entry):
    """All that config says, sweeps and variants expanded."""

    mirror: str = "simulated"
    data: str = "data"
    results: str = "results"
    seed: int = 0
    title: str = "cardiograft"
    databases: dict[str, Database] = {}
    segments: dict[str, Segment] = {}
    splits: dict[str, Split] = {}
    pretrain: dict[str, PretrainRun] = {}
    prune: dict[str, PruneRun] = {}
    transfer: dict[str, TransferRun] = {}
    baselines: dict[str, BaselineRun] = {}
    evaluations: dict[str, Evaluation] = {}
    studies: dict[str, Study] = Field(default={})
    exports: tuple[str, ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether recordings are simulated, not measured."""
        return self.mirror == "simulated"

    def stage_of(self, entry: str) -> Section:
        """Return the section that an entry with a model stands in."""
        for stage in get_args(Section):
            if entry in getattr(self, stage):
                return stage  # type: ignore[no-any-return]
        raise KeyError(entry)

    def trained(self, entry: str) -> Model:
        """Return an entry of `pretrain`, `prune`, `transfer` or `baselines`."""
        found: Model = getattr(self, self.stage_of(entry))[entry]
        return found

    def spec(self, stage: str, entry: str, *, content: str = "published") -> Entry:
        """Return what one job of a stage is asked for, and nothing else of config.

        Parameters
        ----------
        stage
            Name of the stage's script.
        entry
            Name of the entry it works on; for `report` the only study that it tells of, if any.
        content
            For `download`: what tells the mirror's bytes from others.
        """
        if stage == "download":
            return self._download(entry, content)
        if stage == "segment":
            return self.segments[entry]
        if stage == "split":
            return self.splits[entry]
        if stage == "predict":
            return self._predict(entry)
        if stage == "baseline":
            return self._baseline(entry)
        if stage == "audit":
            return self._audit(entry)
        if stage == "score":
            return Score(metrics=self.evaluations[entry].metrics)
        if stage == "tabulate":
            return self._tabulate(entry)
        if stage == "report":
            return Report(title=self.title, studies=(entry,) if entry else tuple(self.studies))
        kinds: dict[str, type[Entry]] = {
            "pretrain": Pretrain,
            "prune": Prune,
            "transfer": Transfer,
        }
        run = getattr(self, stage)[entry]
        fields = {name: getattr(run, name) for name in kinds[stage].model_fields}
        return kinds[stage].model_construct(**fields)

    def runs(self, study: str) -> dict[str, tuple[str, ...]]:
        """Return the runs of a study's tables, and the evaluations that each is made of."""
        return pools.runs({e: self.evaluations[e].pool for e in self.studies[study].evaluations})

    def inputs(self, study: str, run: str) -> tuple[str, ...]:
        """Return the entries of `segments` that a run of a study's tables was tested on."""
        splits = (self.evaluations[member].split for member in self.runs(study)[run])
        return tuple(dict.fromkeys(s for split in splits for s in self.splits[split].segments))

    def tags(self, evaluation: str) -> Tags:
        """Return the tags of an evaluation and of its model."""
        asked = self.evaluations[evaluation]
        both = {**self.trained(asked.model).tags, **asked.tags}
        return {tag: value for tag, value in both.items() if value is not None}

    def lineage(self, entry: str) -> Iterator[tuple[str, Model]]:
        """Yield an entry and every training that led to it, nearest first."""
        run = self.trained(entry)
        yield entry, run
        for source in sources(run):
            yield from self.lineage(source)

    def _download(self, entry: str, content: str) -> Download:
        database = self.databases[entry]
        options = None
        if self.simulated:
            asked = plugins.options("datasets", database.dataset)
            options = asked.model_validate(database.simulate).model_dump(mode="json")
        return Download(
            dataset=database.dataset,
            records=database.records,
            max_nonfinite=database.max_nonfinite,
            simulate=options,
            seed=self.seed if self.simulated else None,
            content=content,
        )

    def _predict(self, entry: str) -> Predict:
        evaluation = self.evaluations[entry]
        run = self.trained(evaluation.model)
        if isinstance(run, BaselineRun):
            raise TypeError(f"{entry} evaluates a baseline")
        return Predict(
            split=evaluation.split,
            model=run.result,
            task=run.task,
            parts=evaluation.parts,
            controls=evaluation.controls,
            batch_size=evaluation.batch_size,
        )

    def _baseline(self, entry: str) -> BaselinePredict:
        evaluation = self.evaluations[entry]
        run = self.trained(evaluation.model)
        if not isinstance(run, BaselineRun):
            raise TypeError(f"{entry} evaluates a network")
        return BaselinePredict(
            split=evaluation.split, baseline=run.baseline, parts=evaluation.parts, seed=run.seed
        )

    def _audit(self, entry: str) -> Audit:
        evaluation = self.evaluations[entry]
        ancestors = []
        for name, run in self.lineage(evaluation.model):
            stage = self.stage_of(name)
            uses: tuple[Part, ...] = ("train",)
            if not isinstance(run, BaselineRun):
                uses = ("train", "validation")
                if run.training.keep == "best_test":
                    uses = (*uses, "test")
            ancestors.append(
                Ancestor(
                    stage="baseline" if stage == "baselines" else stage,
                    entry=name,
                    split=run.split,
                    uses=uses,
                )
            )
            ancestors += _domain_ancestor(name, run)
        protocol = self.splits[evaluation.split].protocol
        return Audit(
            protocol=protocol,
            split=evaluation.split,
            parts=evaluation.parts,
            lineage=tuple(ancestors),
            labels=_labels(self.trained(evaluation.model)),
            missing="allowed" if evaluation.pool else evaluation.missing,
        )

    def _tabulate(self, name: str) -> Tabulate:
        study = self.studies[name]
        usual = plugins.constants("studies", name)["USUAL"]
        rows = {}
        for run, members in self.runs(name).items():
            evaluation = self.evaluations[members[0]]
            rows[run] = StudyRun(
                members=members,
                protocol=self.splits[evaluation.split].protocol,
                split=pools.split([self.evaluations[member].split for member in members]),
                simulated=self.simulated,
                repeats=self.trained(evaluation.model).repeats,
                tags={**usual, **self.tags(members[0])},
                metrics=evaluation.metrics,
            )
        runs = self.runs(name)
        for run, asked in study.means.items():
            first = rows[asked.of[0]]
            groups = zip(*(runs[one] for one in asked.of), strict=True)
            tags = {**first.tags, **asked.tags}
            changes = {"averaged": tuple(groups), "repeats": 1, "tags": tags}
            rows[run] = first.model_copy(update=changes)
        return Tabulate(
            study=Plugin(kind="studies", name=name, options=_no_options("studies", name)),
            rows=rows,
            primary=study.primary,
            comparisons=study.comparisons,
            shown={run: self.inputs(name, run) for run in study.shown},
            curves=study.curves,
            draws=study.draws,
            level=study.level,
            least_subjects=study.least_subjects,
            seed=study.seed,
        )


def sources(run: Model) -> tuple[str, ...]:
    """Return the entries that a run loads weights from."""
    if isinstance(run, PruneRun):
        return (run.source,)
    return tuple(s.entry for s in run.sources) if isinstance(run, TransferRun) else ()


def splits_of(run: Model) -> tuple[str, ...]:
    """Return the splits whose segments a run reads: its own, and its adaptation's domain."""
    adaptation = run.adaptation if isinstance(run, TransferRun) else None
    return (run.split,) if adaptation is None else (run.split, adaptation.domain)


def _domain_ancestor(name: str, run: Model) -> list[Ancestor]:
    """Return the use of an adaptation's domain: it counts as seen, with its targets or without."""
    if not isinstance(run, TransferRun) or run.adaptation is None:
        return []
    asked = run.adaptation
    return [Ancestor(stage="transfer", entry=name, split=asked.domain, uses=(asked.part,))]


def _labels(run: Model) -> tuple[str, ...] | None:
    """Return the classes that a model is to tell apart; null where it gives no classes."""
    if isinstance(run, BaselineRun):
        kind = plugins.constants("baselines", run.baseline.name).get("KIND", "classes")
        return () if kind == "classes" else None
    labels = run.task.options.get("labels")
    return None if labels is None else tuple(labels)


def _no_options(kind: str, name: str) -> dict[str, Any]:
    return plugins.options(kind, name)().model_dump(mode="json")

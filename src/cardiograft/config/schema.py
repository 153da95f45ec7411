"""All of config.yaml, and each job's own slice of it.

Only the Snakefile reads this. An entry of config is a stage's spec plus what concerns the
plan alone: `repeats` and `tags`, which reach no job.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import get_args

from pydantic import Field, PositiveFloat

from cardiograft import plugins
from cardiograft.config import ancestry, pools, sharing, tabulation
from cardiograft.config.entries import (
    BaselineRun,
    Database,
    Evaluation,
    Model,
    PretrainRun,
    PruneRun,
    Section,
    Study,
    Tags,
    TransferRun,
    sources,
)
from cardiograft.specs.apply import Applying
from cardiograft.specs.audit import Ancestor, Audit
from cardiograft.specs.download import Download
from cardiograft.specs.entry import Count, Entry, MetricSpec, Seed, Several, Some, Word
from cardiograft.specs.export import Export, Exporting
from cardiograft.specs.outside import Outside
from cardiograft.specs.predict import BaselinePredict, Predict
from cardiograft.specs.pretrain import Pretrain
from cardiograft.specs.prune import Prune
from cardiograft.specs.quality_gate import Gating, QualityGate
from cardiograft.specs.report import Report
from cardiograft.specs.score import Score
from cardiograft.specs.segment import Segment
from cardiograft.specs.split import Split
from cardiograft.specs.transfer import Transfer


class Config(Entry):
    """All that config says, sweeps and variants expanded."""

    mirror: Word = "simulated"
    slowest: Count = 1 << 15  # bytes a minute below which a transfer is broken off
    data: Word = "data"
    results: Word = "results"
    save_every_s: PositiveFloat = 300.0  # of training, between two saved states
    seed: Seed = 0
    title: str = "cardiograft"
    people: Several[Some[Word]] = ()  # names of one person, a group each: of every split
    databases: dict[str, Database] = {}
    segments: dict[str, Segment] = {}
    quality_gates: dict[str, QualityGate] = {}
    splits: dict[str, Split] = {}
    pretrain: dict[str, PretrainRun] = {}
    prune: dict[str, PruneRun] = {}
    transfer: dict[str, TransferRun] = {}
    baselines: dict[str, BaselineRun] = {}
    evaluations: dict[str, Evaluation] = {}
    studies: dict[str, Study] = Field(default={})
    export: dict[str, Exporting] = {}
    exports: Several[str] = ()
    apply: dict[str, Applying] = {}

    @property
    def simulated(self) -> bool:
        """Whether recordings are simulated, not measured."""
        return self.mirror == "simulated"

    @property
    def outside(self) -> dict[str, Outside]:
        """The files from outside that transfers start from, by what they are called here."""
        sources = (source.outside for run in self.transfer.values() for source in run.sources)
        return {one.key: one for one in sources if one is not None}

    def stage_of(self, entry: str) -> Section:
        """Return the section that an entry with a model stands in."""
        for stage in get_args(Section):
            if entry in getattr(self, stage):
                return stage  # type: ignore[no-any-return]
        raise KeyError(entry)

    def trained(self, entry: str) -> Model:
        """Return an entry of `pretrain`, `prune`, `transfer` or `baselines`."""
        run: Model = getattr(self, self.stage_of(entry))[entry]
        return run

    def spec(self, stage: str, entry: str, *, content: str = "published") -> Entry:
        """Return the spec of one job of a stage, and nothing else of config.

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
        if stage == "quality_gate":
            return self._gating(entry)
        if stage == "split":
            split = self.splits[entry]
            return split.model_copy(update={"people": (*split.people, *self.people)})
        if stage == "predict":
            return self._predict(entry)
        if stage == "baseline":
            return self._baseline(entry)
        if stage == "audit":
            return self._audit(entry)
        if stage == "score":
            return Score(metrics=self.evaluations[entry].metrics, per=self.evaluations[entry].per)
        if stage == "outside":
            return self.outside[entry]
        if stage == "tabulate":
            return tabulation.tabulate(self, entry)
        if stage == "report":
            return self._report(entry)
        if stage == "export":
            return self._export(entry)
        if stage == "apply":
            return self.apply[entry]
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

    @cached_property
    def predicted_as(self) -> dict[str, str]:
        """By evaluation: the one whose audit and predictions it has, as `sharing` says it."""
        return sharing.predicted_as(self)

    def tags(self, evaluation: str) -> Tags:
        """Return the tags of an evaluation and of its model."""
        spec = self.evaluations[evaluation]
        both = {**self.trained(spec.model).tags, **spec.tags}
        if spec.per != "segment":
            both["per"] = spec.per  # so that tables and names say it
        return {tag: value for tag, value in both.items() if value is not None}

    def cut_by(self, name: str) -> Segment:
        """Return the entry of `segments` that a split's segments were cut by, gated or not."""
        gate = self.quality_gates.get(name)
        return self.segments[name if gate is None else gate.segments]

    def lineage(self, entry: str) -> Iterator[tuple[str, Model]]:
        """Yield an entry and every training that led to it, nearest first."""
        run = self.trained(entry)
        yield entry, run
        for source in sources(run):
            yield from self.lineage(source)

    def _report(self, entry: str) -> Report:
        stands_in = {
            name: database.stands_in_for
            for name, database in self.databases.items()
            if database.stands_in_for is not None
        }
        studies = (entry,) if entry else tuple(self.studies)
        return Report(title=self.title, studies=studies, stands_in=stands_in)

    def _download(self, entry: str, content: str) -> Download:
        database = self.databases[entry]
        options = None
        facts = plugins.constants("datasets", database.dataset)
        made = self.simulated or bool(facts.get("GENERATED"))  # the latter whatever the mirror
        if made:
            options_model = plugins.options("datasets", database.dataset)
            options = options_model.model_validate(database.simulate).model_dump(mode="json")
        return Download(
            dataset=database.dataset,
            records=database.records,
            max_nonfinite=database.max_nonfinite,
            lost=database.lost,
            simulate=options,
            seed=self.seed if made else None,
            folder=database.folder,
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
            view=run.view,
            task=run.task,
            parts=evaluation.parts,
            controls=evaluation.controls,
            batch_size=evaluation.batch_size,
            precision=evaluation.precision,
        )

    def _baseline(self, entry: str) -> BaselinePredict:
        evaluation = self.evaluations[entry]
        run = self.trained(evaluation.model)
        if not isinstance(run, BaselineRun):
            raise TypeError(f"{entry} evaluates a network")
        return BaselinePredict(
            split=evaluation.split,
            baseline=run.baseline,
            parts=evaluation.parts,
            crop_s=run.crop_s,
            scaling=run.scaling,
            seed=run.seed,
        )

    def _export(self, entry: str) -> Export:
        spec = self.export[entry]
        run = self.trained(spec.source)
        if isinstance(run, BaselineRun):
            raise TypeError(f"{entry} exports a baseline")
        network = Predict(
            split=run.split,
            model=run.result,
            view=run.view,
            task=run.task,
            parts=("train", "validation"),
        )
        given = {name: getattr(spec, name) for name in Exporting.model_fields}
        metrics = spec.metrics or self._metrics(spec.source)
        return Export(**{**given, "metrics": metrics, "network": network})

    def _metrics(self, training: str) -> tuple[MetricSpec, ...]:
        """Return the metrics of a training's evaluations that leave out nobody, each once."""
        metrics = [m for e in self.evaluations.values() if e.model == training for m in e.metrics]
        return tuple({m.canonical(): m for m in metrics if not m.without}.values())

    def ancestors(self, training: str, split: str = "") -> tuple[Ancestor, ...]:
        """Return every training that led to a model: `cardiograft.config.ancestry`."""
        return ancestry.ancestors(self, training, split)

    def _audit(self, entry: str) -> Audit:
        evaluation = self.evaluations[entry]
        return Audit(
            protocol=self.splits[evaluation.split].protocol,
            split=evaluation.split,
            parts=evaluation.parts,
            lineage=self.ancestors(evaluation.model, evaluation.split),
            labels=_labels(self.trained(evaluation.model)),
            missing="allowed" if evaluation.pool else evaluation.missing,
            chosen_on=evaluation.chosen_on,
            chosen_in=evaluation.chosen_in,
        )

    def _gating(self, name: str) -> Gating:
        gate = self.quality_gates[name]
        run = None if gate.model is None else self.trained(gate.model)
        if run is None:
            return Gating(gate=gate)
        if isinstance(run, BaselineRun):
            raise TypeError(f"{name} is gated by a baseline")
        network = Predict(split=run.split, model=run.result, view=run.view, task=run.task)
        return Gating(gate=gate, network=network)


def _labels(run: Model) -> tuple[str, ...] | None:
    """Return the classes that a model is to tell apart; null where it gives no classes."""
    if isinstance(run, BaselineRun):
        kind = plugins.constants("baselines", run.baseline.name).get("KIND", "classes")
        return () if kind == "classes" else None
    labels = run.task.options.get("labels")
    return None if labels is None else tuple(labels)

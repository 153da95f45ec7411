"""A study's slice of config: its runs, means of runs, and what is asked of them."""

from collections.abc import Mapping
from typing import Any, Protocol

from cardiograft import plugins
from cardiograft.config import differences, pools
from cardiograft.config.entries import Model, Study, Tags
from cardiograft.specs.entry import Plugin
from cardiograft.specs.tabulate import StudyRun, Tabulate


class Sections(differences.Sections, Protocol):
    """What of a config is read here."""

    @property
    def simulated(self) -> bool:
        """Whether recordings are simulated, not measured."""

    @property
    def studies(self) -> Mapping[str, Study]:
        """The section of that name."""

    def runs(self, study: str) -> dict[str, tuple[str, ...]]:
        """Return the runs of a study's tables, and the evaluations that each is made of."""

    def inputs(self, study: str, run: str) -> tuple[str, ...]:
        """Return the entries of `segments` that a run was tested on."""

    def tags(self, evaluation: str) -> Tags:
        """Return the tags of an evaluation and of its model."""

    def trained(self, entry: str) -> Model:
        """Return an entry that trains, or a baseline."""


def tabulate(config: Sections, name: str) -> Tabulate:
    """Return what the job is asked for that makes a study's tables."""
    study = config.studies[name]
    rows = {run: _run(config, name, members) for run, members in config.runs(name).items()}
    return Tabulate(
        study=Plugin(kind="studies", name=name, options=_no_options(name)),
        rows={**rows, **_means(study, rows, config.runs(name))},
        primary=study.primary,
        comparisons=study.comparisons,
        questions={key: one for key, one in study.questions.items() if one is not None},
        margin=study.margin,
        shown={run: config.inputs(name, run) for run in study.shown},
        curves=study.curves,
        draws=study.draws,
        level=study.level,
        least_subjects=study.least_subjects,
        seed=study.seed,
    )


def _run(config: Sections, name: str, members: tuple[str, ...]) -> StudyRun:
    evaluation = config.evaluations[members[0]]
    usual = plugins.constants("studies", name)["USUAL"]
    return StudyRun(
        members=members,
        protocol=config.splits[evaluation.split].protocol,
        split=pools.split([config.evaluations[member].split for member in members]),
        simulated=config.simulated,
        dose=config.splits[evaluation.split].dose,
        repeats=config.trained(evaluation.model).repeats,
        tags={**usual, **config.tags(members[0])},
        metrics=evaluation.metrics,
        per=evaluation.per,
        chosen_on=evaluation.chosen_on,
        chosen_in=evaluation.chosen_in,
        looked_before=evaluation.looked_before,
        differs=differences.differences(config, name, members[0]),
    )


def _means(
    study: Study, rows: dict[str, StudyRun], runs: dict[str, tuple[str, ...]]
) -> dict[str, StudyRun]:
    means = {}
    for run, asked in study.means.items():
        first = rows[asked.of[0]]
        groups = tuple(zip(*(runs[one] for one in asked.of), strict=True))
        tags = {**first.tags, **asked.tags}
        how = {"aligned": asked.aligned, "counts": asked.counts}
        changes = {"averaged": groups, "repeats": 1, "tags": tags, **how}
        means[run] = first.model_copy(update=changes)
    return means


def _no_options(study: str) -> dict[str, Any]:
    return plugins.options("studies", study)().model_dump(mode="json")

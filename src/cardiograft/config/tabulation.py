"""A study's slice of config: its runs, means of runs, and its questions."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from cardiograft import plugins
from cardiograft.config import differences, pools
from cardiograft.config.entries import Model, Study, Tags
from cardiograft.specs.audit import ChosenOn
from cardiograft.specs.entry import Plugin
from cardiograft.specs.tabulate import LookedBefore, StudyRun, Tabulate


class Sections(differences.Sections, Protocol):
    """What of a config is read here."""

    @property
    def simulated(self) -> bool:
        """Whether recordings are simulated, not measured."""

    @property
    def studies(self) -> Mapping[str, Study]:
        """The section of that name."""

    @property
    def predicted_as(self) -> dict[str, str]:
        """By evaluation: the one whose predictions it has."""

    def runs(self, study: str) -> dict[str, tuple[str, ...]]:
        """Return the runs of a study's tables, and the evaluations that each is made of."""

    def inputs(self, study: str, run: str) -> tuple[str, ...]:
        """Return the entries of `segments` that a run was tested on."""

    def tags(self, evaluation: str) -> Tags:
        """Return the tags of an evaluation and of its model."""

    def trained(self, entry: str) -> Model:
        """Return an entry that trains, or a baseline."""


def tabulate(config: Sections, name: str) -> Tabulate:
    """Return the spec of the job that makes a study's tables."""
    study = config.studies[name]
    rows = {run: _run(config, name, members) for run, members in config.runs(name).items()}
    whose = {one: config.predicted_as[one] for one in study.evaluations}
    return Tabulate(
        study=Plugin(kind="studies", name=name, options=_no_options(name)),
        rows={**rows, **_means(study, rows, config.runs(name))},
        predicted_as={one: other for one, other in whose.items() if one != other},
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
    for run, mean in study.means.items():
        first = rows[mean.of[0]]
        groups = tuple(zip(*(runs[one] for one in mean.of), strict=True))
        tags = {**first.tags, **mean.tags}
        how = {"aligned": mean.aligned, "counts": mean.counts}
        changes = {"averaged": groups, "repeats": 1, "tags": tags, **how}
        members = [rows[one] for one in mean.of]
        means[run] = first.model_copy(update={**changes, **_chosen(members, mean.chosen_on)})
    return means


# Of runs that were chosen in several ways, the way that flatters most comes first.
FLATTERING: tuple[ChosenOn, ...] = (
    *("test", "cross-validation", "validation", "elsewhere", "published", "untuned"),
)


def _chosen(members: Sequence[StudyRun], own: ChosenOn | None) -> dict[str, Any]:
    """Return how a mean was chosen, and what differs from the paper: as any of its runs.

    What it says of itself counts as one of them.
    """
    ways = {one.chosen_on for one in members} | ({own} if own else set())
    way = None if None in ways else next(way for way in FLATTERING if way in ways)
    looks = [one.looked_before for one in members if one.looked_before is not None]
    differing = [one.differs for one in members]
    kinds = dict.fromkeys(kind for own in differing for kind in own)
    return {
        "chosen_on": way,
        "chosen_in": next((one.chosen_in for one in members if one.chosen_on == way), None),
        "looked_before": _most(looks),
        "differs": {
            kind: tuple(dict.fromkeys(line for own in differing for line in own.get(kind, ())))
            for kind in kinds
        },
    }


def _most(looks: Sequence[LookedBefore]) -> LookedBefore | None:
    """Return the looks of the run that was looked at most; an uncounted number is most."""
    return max(looks, key=lambda one: math.inf if one.times is None else one.times, default=None)


def _no_options(study: str) -> dict[str, Any]:
    return plugins.options("studies", study)().model_dump(mode="json")

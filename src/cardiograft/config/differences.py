"""What a run does otherwise than the paper: its options, beside those that the study says are its.

A study's ``PAPER`` has, by kind, the options that the paper tells. They are compared with those of
the run and of every training that led to it, so that no list of differences is written by hand.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from cardiograft import plugins
from cardiograft.config import in_force
from cardiograft.config.entries import (
    BaselineRun,
    Database,
    Evaluation,
    Model,
    PruneRun,
    TransferRun,
)
from cardiograft.specs.members import members
from cardiograft.specs.segment import Segment
from cardiograft.specs.split import Split

# What a training that led to a run is called; the run's own goes without.
BEFORE = {"pretrain": "pretraining", "prune": "pruning", "transfer": "before"}

FEW = 4  # names that are written out


class Sections(Protocol):
    """What of a config is read here."""

    @property
    def databases(self) -> Mapping[str, Database]:
        """The section of that name."""

    @property
    def splits(self) -> Mapping[str, Split]:
        """The section of that name."""

    @property
    def evaluations(self) -> Mapping[str, Evaluation]:
        """The section of that name."""

    def cut_by(self, name: str) -> Segment:
        """Return the entry of `segments` that a split's segments were cut by, gated or not."""

    def stage_of(self, entry: str) -> Any:
        """Return the section that an entry stands in."""

    def lineage(self, entry: str) -> Iterator[tuple[str, Model]]:
        """Yield an entry and every training that led to it."""


def differences(config: Sections, study: str, evaluation: str) -> dict[str, tuple[str, ...]]:
    """Return, by kind, a line for each option in which a run differs from the paper.

    Nothing where the study does not say what its paper has, and nothing of a baseline.
    """
    paper: Mapping[str, Any] = plugins.constants("studies", study).get("PAPER", {})
    model = config.evaluations[evaluation].model
    lines_by_kind: dict[str, dict[str, None]] = {}
    for name, run in config.lineage(model) if paper else ():
        stage = config.stage_of(name)
        where = "" if name == model else f"{BEFORE.get(stage, stage)}: "
        own = dict(facts(config, run))
        for kind, stated in paper.items():
            for line in _lines(own, stage, stated):
                lines_by_kind.setdefault(kind, {})[where + line] = None
    return {kind: tuple(lines) for kind, lines in lines_by_kind.items()}


def facts(config: Sections, run: Model) -> Iterator[tuple[str, Any]]:
    """Yield the options of a training and of what it reads, by dotted names, at every depth.

    ``training.schedule``, ``model.cnn.dropout`` (of an ensemble, each member's too), ``frozen``,
    ``sparsity.end``,
    ``task.labels``, ``split.scheme``, ``segments.cut.name``, ``database.records``; and of all that
    it reads, ``databases``, the data sets' names. Of an option that another one overrides, what is
    in force in its place (`cardiograft.config.in_force`).
    """
    if isinstance(run, BaselineRun):
        return
    for part in (run.model, *members(run.model.options.get("members", ()))):
        yield from _flat(f"model.{part.name}", part.options)
    training = run.training.model_dump(mode="json") | in_force.of_training(run.training)
    yield from _flat("training", training)
    yield from _flat("task", {"name": run.task.name, **run.task.options})
    if isinstance(run, TransferRun):
        yield from _flat("frozen", list(run.frozen))
        yield from _flat("rate_factors", run.rate_factors)
    if isinstance(run, PruneRun):
        yield from _flat("sparsity", run.sparsity.model_dump(mode="json"))
    split = config.splits[run.split]
    yield from _flat("split", split.model_dump(mode="json") | in_force.of_split(split))
    read = [config.databases[config.cut_by(name).database].dataset for name in split.segments]
    yield "databases", sorted(set(read))
    for name in split.segments:
        segments = config.cut_by(name)
        yield from _flat("segments", segments.model_dump(mode="json"))
        yield from _flat("database", config.databases[segments.database].model_dump(mode="json"))


def _flat(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    yield key, value
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _flat(f"{key}.{name}", one)


def _lines(own: Mapping[str, Any], stage: str, stated: Mapping[str, Any]) -> Iterator[str]:
    for key, (words, theirs, *accepted) in stated.items():
        first, _, rest = key.partition(".")
        known = rest if first == stage else key
        if known in own and own[known] not in [_plain(one) for one in accepted]:
            yield f"{words} {_text(own[known])} (paper: {theirs})"


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: lists for tuples."""
    return [*value] if isinstance(value, tuple) else value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | dict):
        return f"{len(value)} of them" if len(value) > FEW else ", ".join(map(str, value)) or "none"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)

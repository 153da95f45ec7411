"""A config read whole, or refused in one line: what single entries can't know of each other."""

import json
from typing import Any

from pydantic import ValidationError

from cardiograft import plugins
from cardiograft.config import Config, sources
from cardiograft.members import members
from cardiograft.specs.entry import Plugin
from cardiograft.sweeps import completed, expanded


def load(given: dict[str, Any]) -> Config:
    """Check a config and fill it in.

    Raises
    ------
    ValueError
        One line: the key, its value, and what is accepted.
    """
    raw = completed(expanded(json.loads(json.dumps(given))))
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        raise ValueError(_one_line(error)) from None
    _check_references(config)
    _check_agreement(config)
    return config


def _one_line(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(p) for p in first["loc"] if not str(p).startswith("function-"))
    message = first["msg"].removeprefix("Value error, ")
    value = "" if isinstance(first["input"], dict) else f" {first['input']!r}:"
    return f"{place}:{value} {message}".removeprefix(": ")


def _check_references(config: Config) -> None:
    trainings = [*config.pretrain, *config.prune, *config.transfer, *config.baselines]
    for name in set(trainings):
        if trainings.count(name) > 1:
            raise ValueError(f"{name!r} names two entries: names are shared by all trainings")
    networks = trainings[: len(trainings) - len(config.baselines)]
    for name, piece in config.segments.items():
        _known(f"segments.{name}.database", piece.database, config.databases)
    for name, split in config.splits.items():
        for segments in split.segments:
            _known(f"splits.{name}.segments", segments, config.segments)
    for name in trainings:
        stage, run = config.stage_of(name), config.trained(name)
        _known(f"{stage}.{name}.split", run.split, config.splits)
        for source in sources(run):
            _known(f"{stage}.{name}.source", source, networks)
    for name, evaluation in config.evaluations.items():
        _known(f"evaluations.{name}.model", evaluation.model, trainings)
        _known(f"evaluations.{name}.split", evaluation.split, config.splits)
    for name, study in config.studies.items():
        plugins.path("studies", name)
        for entry in study.evaluations:
            _known(f"studies.{name}.evaluations", entry, config.evaluations)


def _known(place: str, name: str, known: Any) -> None:
    if name not in known:
        raise ValueError(f"{place}: no entry named {name!r}.{plugins.hint(name, known)}")


def _check_agreement(config: Config) -> None:
    for stage in ("pretrain", "prune", "transfer"):
        for name, run in getattr(config, stage).items():
            for source in sources(run):
                if config.trained(source).repeats < run.repeats:
                    raise ValueError(
                        f"{stage}.{name}.repeats: {run.repeats} is more than the"
                        f" {config.trained(source).repeats} of its source {source!r}"
                    )
            _check_keep(config, f"{stage}.{name}", run)
            _check_members(f"{stage}.{name}.model", run.model)
    for name, study in config.studies.items():
        metrics = {m.name for e in study.evaluations for m in config.evaluations[e].metrics}
        if study.primary not in metrics:
            known = plugins.hint(study.primary, metrics)
            raise ValueError(
                f"studies.{name}.primary: {study.primary!r} is no metric of its evaluations.{known}"
            )


def _check_members(place: str, model: Plugin) -> None:
    try:
        members(model.options.get("members", ()))
    except ValidationError as error:
        raise ValueError(f"{place}.members: {_one_line(error)}") from None


def _check_keep(config: Config, place: str, run: Any) -> None:
    split, keep = config.splits[run.split], run.training.keep
    if keep == "best_test" and split.protocol == "honest":
        raise ValueError(
            f"{place}.training.keep: 'best_test' chooses on the test part of the honest split"
            f" {run.split!r}: accepted are 'last' and 'best_validation'"
        )
    if keep == "best_validation" and not split.validation and split.scheme != "fixed":
        raise ValueError(
            f"{place}.training.keep: 'best_validation' needs a validation part, but the split"
            f" {run.split!r} has validation 0"
        )

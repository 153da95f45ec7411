"""A config read whole, or refused in one line: what the types of its entries can't say."""

import difflib
import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from cardiograft import plugins
from cardiograft.config.schema import BaselineRun, Config, Model, TransferRun, sources, splits_of
from cardiograft.config.sweeps import completed, expanded
from cardiograft.specs.entry import Plugin
from cardiograft.specs.members import members
from cardiograft.specs.score import named

# Keys that make rows out of an entry: no field of a spec, but a misspelt one is most like it.
WORDS = ("sweep", "variants", "splits", "evaluate", "preset")
UNKNOWN = re.compile(r"unknown key '(\w+)'\.(?! Did you mean)")


def load_config(given: dict[str, Any]) -> Config:
    """Check a config and fill it in.

    Raises
    ------
    ValueError
        One line: the key, its value, and what is accepted.
    """
    raw = completed(expanded(json.loads(json.dumps(given))))
    raw["studies"] = raw.pop("tables")
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        raise ValueError(_one_line(error)) from None
    _check_simulations(config)
    _check_controls(config)
    _check_references(config)
    _check_agreement(config)
    return config


def _one_line(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(p) for p in first["loc"] if not str(p).startswith("function-"))
    place = re.sub(r"^studies\b", "tables", place)  # as config calls them
    message = first["msg"].removeprefix("Value error, ")
    if (key := UNKNOWN.match(message)) and (word := difflib.get_close_matches(key[1], WORDS, n=1)):
        message = f"unknown key {key[1]!r}. Did you mean {word[0]!r}?"
    value = "" if isinstance(first["input"], dict) else f" {first['input']!r}:"
    return f"{place}:{value} {message}".removeprefix(": ")


def _check_simulations(config: Config) -> None:
    for name, database in config.databases.items():
        place = f"databases.{name}"
        try:
            allowed = plugins.options("datasets", database.dataset).model_fields
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
        for key in database.simulate:
            if key not in allowed:
                known = plugins.hint(key, allowed)
                raise ValueError(
                    f"{place}: simulate: {database.dataset} has no option {key!r}.{known}"
                )


def _check_controls(config: Config) -> None:
    asked = {name: e for name, e in config.evaluations.items() if e.controls}
    for name, evaluation in asked.items():
        for metric in evaluation.metrics:
            kinds = plugins.constants("metrics", metric.name)["KINDS"]
            if "signal" not in kinds:
                raise ValueError(
                    f"evaluations.{name}: controls {list(evaluation.controls)} are for models that"
                    f" give signals, the metric {metric.name!r} is of {' or '.join(kinds)}"
                )
    for name, evaluation in asked.items():
        if evaluation.model in config.baselines:
            raise ValueError(
                f"evaluations.{name}.controls: {list(evaluation.controls)} are for networks,"
                f" but {evaluation.model!r} is a baseline"
            )


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
        for domain in splits_of(run)[1:]:
            _known(f"{stage}.{name}.adaptation.domain", domain, config.splits)
        for source in sources(run):
            _known(f"{stage}.{name}.source", source, networks)
    for name, evaluation in config.evaluations.items():
        _known(f"evaluations.{name}.model", evaluation.model, trainings)
        _known(f"evaluations.{name}.split", evaluation.split, config.splits)
    for name, study in config.studies.items():
        plugins.path("studies", name)
        for entry in study.evaluations:
            _known(f"tables.{name}.evaluations", entry, config.evaluations)


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
            _check_domain(config, f"{stage}.{name}", run)
            _check_members(f"{stage}.{name}.model", run.model)
    for name, study in config.studies.items():
        # As tables name them, with their options.
        metrics = {named(m) for e in study.evaluations for m in config.evaluations[e].metrics}
        primary = study.primary.partition(":")[0]  # what follows it is one class
        if primary not in metrics:
            known = plugins.hint(primary, metrics)
            raise ValueError(
                f"tables.{name}.primary: {primary!r} is no metric of its evaluations.{known}"
            )
        for run, evaluations in config.runs(name).items():
            if any(config.evaluations[e].pool for e in evaluations):
                _check_pool(config, name, run, evaluations)
        _check_shown(config, name)
        _check_means(config, name)
        _check_tags(config, name)


def _check_means(config: Config, name: str) -> None:
    study, runs = config.studies[name], config.runs(name)
    for run, mean in study.means.items():
        place = f"tables.{name}.means.{run}"
        if run in runs:
            raise ValueError(f"{place}: a run of the study has that name")
        for one in mean.of:
            if one not in runs:
                hint = plugins.hint(one, runs)
                raise ValueError(f"{place}.of: no run of the study is named {one!r}.{hint}")
            splits, first = (
                [config.evaluations[e].split for e in runs[r]] for r in (one, mean.of[0])
            )
            if splits != first:
                raise ValueError(
                    f"{place}.of: {one!r} is tested on {', '.join(splits)}, {mean.of[0]!r} on"
                    f" {', '.join(first)}: no mean of the two"
                )
        repeats = sum(config.trained(config.evaluations[runs[r][0]].model).repeats for r in mean.of)
        if repeats < 2:
            raise ValueError(f"{place}.of: {mean.of[0]!r} has one repeat: a mean needs two")
        own = config.tags(runs[mean.of[0]][0])
        if {**own, **mean.tags} == own:
            raise ValueError(
                f"{place}.tags: nothing tells it from {mean.of[0]!r}: give a tag another value"
            )


def _check_shown(config: Config, name: str) -> None:
    study, runs = config.studies[name], config.runs(name)
    for run in study.shown:
        if run not in runs:
            known = plugins.hint(run, runs)
            raise ValueError(f"tables.{name}.shown: no run of the study is named {run!r}.{known}")
        for segments in config.inputs(name, run):
            if config.segments[segments].target is None:
                raise ValueError(
                    f"tables.{name}.shown: {run!r} says no signals that could be drawn: its"
                    f" segments {segments!r} have no target"
                )


def _check_tags(config: Config, name: str) -> None:
    # Values are not asked for: an overlay may leave out the runs of a comparison or a curve.
    study = config.studies[name]
    tags = {tag for evaluation in study.evaluations for tag in config.tags(evaluation)}
    for key, asked in (("comparisons", study.comparisons), ("curves", study.curves)):
        for one in asked:
            if one.tag not in tags:
                known = plugins.hint(one.tag, tags)
                raise ValueError(f"tables.{name}.{key}: no run has the tag {one.tag!r}.{known}")


def _check_pool(config: Config, study: str, pool: str, evaluations: tuple[str, ...]) -> None:
    if pool in config.studies[study].evaluations:
        raise ValueError(
            f"evaluations.{evaluations[0]}.pool: {pool!r} is an evaluation of the study {study!r}:"
            " give the pool another name, or take that evaluation out"
        )
    first = _recipe(config, evaluations[0])
    for evaluation in evaluations:
        place, recipe = f"evaluations.{evaluation}.pool", _recipe(config, evaluation)
        for what in {**first, **recipe}:
            if recipe.get(what) != first.get(what):
                raise ValueError(
                    f"{place}: {pool!r} pools {evaluations[0]!r} too, whose {what} is"
                    f" {first.get(what)!r}, not {recipe.get(what)!r}"
                )
    _check_folds(config, pool, evaluations)


def _check_folds(config: Config, pool: str, evaluations: tuple[str, ...]) -> None:
    met: dict[str, str] = {}
    for name in evaluations:
        place, evaluation = f"evaluations.{name}", config.evaluations[name]
        if (other := met.setdefault(evaluation.split, name)) != name:
            raise ValueError(
                f"{place}.pool: {pool!r} pools {other!r} too, which has the same test subjects:"
                f" both are of split {evaluation.split!r}"
            )
        for metric in evaluation.metrics:
            if metric.without and len(evaluations) > 1:
                raise ValueError(
                    f"{place}.metrics: {metric.name!r} leaves out {', '.join(metric.without)},"
                    f" not to be found in every fold of the pool {pool!r}"
                )


def _recipe(config: Config, name: str) -> dict[str, Any]:
    """Return what evaluations must have in common to be pooled."""
    evaluation = config.evaluations[name]
    run, stage = config.trained(evaluation.model), config.stage_of(evaluation.model)
    made_by = run.baseline if isinstance(run, BaselineRun) else run.model
    return {
        "model": f"{made_by.name} ({stage})",
        "protocol": config.splits[evaluation.split].protocol,
        "parts": evaluation.parts,
        "controls": evaluation.controls,
        "repeats": run.repeats,
        "metrics": [named(m) for m in evaluation.metrics],
        **{f"tag {tag!r}": value for tag, value in config.tags(name).items()},
        **dict(_training(config, run)),
    }


def _training(config: Config, run: Model, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what a run asks for but its split and repeats; its sources not by name, but alike."""
    plan = {"repeats", "tags", "split", "source", "sources"}
    yield from _flat(place, run.model_dump(mode="json", exclude=plan))
    maps = [source.map for source in run.sources] if isinstance(run, TransferRun) else []
    for number, name in enumerate(sources(run)):
        source = f"{place}sources.{number}."
        yield f"{source}stage", config.stage_of(name)
        yield f"{source}map", maps[number] if maps else None
        yield from _training(config, config.trained(name), source)


def _flat(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield place.removesuffix("."), value
        return
    for key, one in value.items():
        if key not in ("kind", "domain"):  # the domain of an adaptation is a split as well
            yield from _flat(f"{place}{key}.", one)


def _check_members(place: str, model: Plugin) -> None:
    try:
        members(model.options.get("members", ()))
    except ValidationError as error:
        raise ValueError(f"{place}.members: {_one_line(error)}") from None


def _check_domain(config: Config, place: str, run: Any) -> None:
    if not isinstance(run, TransferRun) or run.adaptation is None:
        return
    asked, protocol = run.adaptation, config.splits[run.adaptation.domain].protocol
    if asked.part == "test" and protocol != "paper":
        raise ValueError(
            f"{place}.adaptation.part: 'test' adapts to the test part of the {protocol} split"
            f" {asked.domain!r}: accepted is 'train'"
        )


def _check_keep(config: Config, place: str, run: Any) -> None:
    split, keep = config.splits[run.split], run.training.keep
    if keep == "best_test" and split.protocol != "paper":
        raise ValueError(
            f"{place}.training.keep: 'best_test' chooses on the test part of the"
            f" {split.protocol} split {run.split!r}: accepted are 'last' and 'best_validation'"
        )
    if keep == "best_validation" and not split.validation and split.scheme != "fixed":
        raise ValueError(
            f"{place}.training.keep: 'best_validation' needs a validation part, but the split"
            f" {run.split!r} has validation 0"
        )

"""Check that evaluations which are tabulated as one run are alike in all but their subjects."""

from collections.abc import Iterator
from typing import Any

from cardiograft.config.entries import BaselineRun, Model, TransferRun, sources
from cardiograft.config.schema import Config
from cardiograft.specs.score import named


def check_pool(config: Config, study: str, pool: str, evaluations: tuple[str, ...]) -> None:
    """Check one run of a study's tables.

    Raises
    ------
    ValueError
        One line: two of its evaluations, and in what they differ.
    """
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
    seen: dict[str, str] = {}
    for name in evaluations:
        place, evaluation = f"evaluations.{name}", config.evaluations[name]
        if (other := seen.setdefault(evaluation.split, name)) != name:
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
        "chosen_on": evaluation.chosen_on,
        **{f"tag {tag!r}": value for tag, value in config.tags(name).items()},
        **dict(_training(config, run)),
    }


def _training(config: Config, run: Model, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what a run asks for but its split and repeats; its sources not by name, but alike."""
    plan = {"repeats", "tags", "split", "source", "sources"}
    yield from _flat(place, run.model_dump(mode="json", exclude=plan))
    maps = []
    for one in run.sources if isinstance(run, TransferRun) else ():
        if one.entry is not None:
            maps.append(one.map)
        else:
            yield f"{place}source {one.name}", one.canonical()
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

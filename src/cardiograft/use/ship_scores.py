"""The scores of one trained network, with the intervals that the tables would give it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cardiograft.config.plan import Plan
from cardiograft.config.schema import Config
from cardiograft.evaluation import predictions
from cardiograft.evaluation import threshold as thresholds
from cardiograft.specs.score import named
from cardiograft.specs.tabulate import StudyRun, Tabulate
from cardiograft.tables.runs import read_run
from cardiograft.tables.scores import drawn, interval


def scores(config: Config, plan: Plan, entry: str, repeat: int) -> list[dict[str, Any]]:
    """Return every value of a network's evaluations, and of the baselines on the same split.

    Of this repeat alone: it is the one that is shipped. Evaluations of which no study tells are
    left out: they need not have been run.

    Raises
    ------
    FileNotFoundError
        An evaluation has not been run.
    ValueError
        Nothing evaluates the network, or no study has tables of its evaluations.
    """
    evaluations = [name for name, one in config.evaluations.items() if one.model == entry]
    if not evaluations:
        raise ValueError(f"{entry} has no evaluation: a network comes along with its scores")
    published = {name for study in config.studies.values() for name in study.evaluations}
    if not published.intersection(evaluations):
        raise ValueError(f"no study has a table of the evaluation {evaluations[0]!r}")
    rows: list[dict[str, Any]] = []
    for evaluation in filter(published.__contains__, evaluations):
        rows += _values(config, plan, evaluation, repeat)
        split = config.evaluations[evaluation].split
        for name, one in config.evaluations.items():
            file = Path(plan.predictions(name, 0))
            beside = one.model in config.baselines and one.split == split and name in published
            if beside and file.is_file():
                rows += _values(config, plan, name, 0)
    return list({_key(row): row for row in rows}.values())


def threshold(config: Config, plan: Plan, entry: str, repeat: int) -> dict[str, Any] | None:
    """Return the threshold of highest balanced accuracy on a network's own validation part.

    By its predictions of the split that it was trained on; None where it has not two classes, or
    was not evaluated there.
    """
    split = config.trained(entry).split
    for name, one in config.evaluations.items():
        file = Path(plan.predictions(name, repeat))
        if one.model != entry or one.split != split or not file.is_file():
            continue
        saved = predictions.read(file)
        at = thresholds.chosen(saved)
        if at is not None:
            chosen = "on the validation part, by balanced accuracy"
            return {"label": saved.labels[1], "at": round(at, 6), "chosen": chosen}
    return None


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("evaluation", "part", "metric", "class"))


def _values(config: Config, plan: Plan, evaluation: str, repeat: int) -> Iterator[dict[str, Any]]:
    spec, row = _row(config, evaluation)
    file = Path(plan.predictions(evaluation, repeat))
    if not file.is_file():
        raise FileNotFoundError(f"{file}: predict it first: snakemake -- {file}")
    alone = row.model_copy(update={"members": (evaluation,), "averaged": (), "repeats": 1})
    run = read_run(evaluation, alone, {evaluation: [file]})
    model = config.evaluations[evaluation].model
    for part in run.subjects:
        for name in map(named, row.metrics):
            own = drawn(spec, run, name, run.sums[part, name])
            for which, value in own.points.items():
                low, high = interval(spec, own.draws[which], own.subjects[which])
                yield {
                    "evaluation": evaluation,
                    "model": model,
                    "baseline": model in config.baselines,
                    "protocol": row.protocol,
                    "split": config.evaluations[evaluation].split,
                    "per": row.per,
                    "chosen_on": row.chosen_on,
                    "part": part,
                    "metric": name,
                    "class": which,
                    "value": _number(value),
                    "low": _number(low),
                    "high": _number(high),
                    "level": spec.level,
                    "people": own.subjects[which],
                    "segments": run.segments[part],
                }


def _number(value: float) -> float | None:
    """Return a number as JSON can hold it: none where it is undefined."""
    return None if value != value else round(float(value), 6)


def _row(config: Config, evaluation: str) -> tuple[Tabulate, StudyRun]:
    """Return the tables that an evaluation stands in, and its row there."""
    for study in config.studies:
        if evaluation in config.studies[study].evaluations:
            spec = config.spec("tabulate", study)
            assert isinstance(spec, Tabulate)
            rows = (row for row in spec.rows.values() if not row.averaged)
            return spec, next(row for row in rows if evaluation in row.members)
    raise KeyError(evaluation)

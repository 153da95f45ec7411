"""What a run consists of, for a picture of it: each stage's jobs, and which stage reads which."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from cardiograft.config.entries import BaselineRun, TransferRun
from cardiograft.config.plan import Plan
from cardiograft.config.study_plan import StudyPlan

MODELS = ("pretrain", "prune", "transfer")
Edge = tuple[str, str]


def stages(plan: Plan, study: str = "") -> str:
    """Return the stages behind the report, or behind one study's, as JSON with sorted keys.

    ``jobs``: stage to the number of its jobs, those whose results lie there already included;
    ``edges``: pairs of stages, some job of the second of which reads what one of the first wrote;
    ``evaluations``: pairs of an evaluation and the one whose audit and predictions it has, in the
    order of the studies; ``members``: study to run to the evaluations that it is made of.
    """
    named = [study] if study else list(plan.config.studies)
    files = StudyPlan(plan).reported(study)
    evaluations = StudyPlan(plan).evaluations(named)
    audited = [Path(audit).stem for audit in files["audits"]]
    gates = [f for f in files["segments"] if Path(f).parent.name == "quality_gates"]
    jobs = {
        "download": len(files["manifests"]),
        "segment": len(files["segments"]) - len(gates),
        "quality_gate": len(gates),
        "split": len(files["splits"]),
        **{stage: sum(_stage(card) == stage for card in files["cards"]) for stage in MODELS},
        "outside": len(set(_outside(plan, files["cards"]))),
        "audit": len(audited),
        "predict": 0,
        "baseline": 0,
        "score": sum(_repeats(plan, evaluation) for evaluation in evaluations),
        "cost": len(named),
        "export": len(files["exports"]),
        "tabulate": len(named),
        "report": 1,
    }
    for evaluation in audited:
        jobs[_predicting(plan, evaluation)] += _repeats(plan, evaluation)
    edges = _edges(plan, files["cards"], audited)
    kept = sorted({(a, b) for a, b in edges if jobs[a] and jobs[b]})
    members = {one: _members(plan, one) for one in named}
    summary = {
        "jobs": {k: n for k, n in jobs.items() if n},
        "edges": kept,
        "evaluations": [(one, plan.config.predicted_as[one]) for one in evaluations],
        "members": members,
    }
    return json.dumps(summary, sort_keys=True)


def _predicting(plan: Plan, evaluation: str) -> str:
    """Return the stage that predicts with an evaluation's model."""
    model = plan.config.evaluations[evaluation].model
    return "baseline" if isinstance(plan.config.trained(model), BaselineRun) else "predict"


def _repeats(plan: Plan, evaluation: str) -> int:
    return plan.config.trained(plan.config.evaluations[evaluation].model).repeats


def _members(plan: Plan, study: str) -> dict[str, list[str]]:
    rows: dict[str, dict[str, list[str]]] = json.loads(plan.spec("tabulate", study))["rows"]
    return {run: row["members"] for run, row in rows.items()}


def _stage(file: str) -> str:
    """Return the stage that wrote a file of a model: ``<stage>/<entry>/<repeat>/card.json``."""
    return Path(file).parts[-4]


def _outside(plan: Plan, cards: Iterable[str]) -> Iterator[str]:
    """Yield the weights of others that trainings begin from."""
    for entry in {Path(card).parts[-3] for card in cards}:
        run = plan.config.trained(entry)
        if isinstance(run, TransferRun):
            yield from (s.outside.key for s in run.sources if s.outside is not None)


def _edges(plan: Plan, cards: Iterable[str], evaluations: Iterable[str]) -> Iterator[Edge]:
    yield from [("download", "segment"), ("segment", "split"), ("split", "audit")]
    yield from [("segment", "quality_gate"), ("quality_gate", "split")]
    for card in cards:
        *_, stage, entry, repeat, _ = Path(card).parts
        yield from [("segment", stage), ("split", stage), (stage, "cost"), (stage, "export")]
        for source in plan.sources(entry, repeat):
            outside = Path(source).parent.name == "outside"
            yield ("outside" if outside else _stage(source)), stage
    for evaluation in evaluations:
        stage = _predicting(plan, evaluation)
        if stage == "predict":
            yield plan.config.stage_of(plan.config.evaluations[evaluation].model), stage
        yield from [("audit", stage), (stage, "score"), ("split", stage)]
    yield from [("score", "tabulate"), ("cost", "tabulate"), ("tabulate", "report")]
    yield "export", "report"

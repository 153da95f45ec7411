"""The stages of the run that the page tells of: a picture, and what each took."""

from collections.abc import Iterator
from typing import Any

from cardiograft.report import wording
from cardiograft.report.cells import Line, Table
from cardiograft.report.charts import stages
from cardiograft.report.inputs import ReportInputs

TITLE = "Stages of this run"
BEFORE_SCORES = ("audit", "predict", "baseline")  # that evaluations may share
OF_STUDIES = ("cost", "tabulate")
DOES = {
    "download": "fetches recordings, or makes them, and verifies them",
    "segment": "cuts them into beats or windows",
    "quality_gate": "drops segments that a network finds of low quality",
    "split": "deals people into parts, and audits the parts",
    "pretrain": "trains a network from random weights",
    "outside": "reads weights that others published",
    "prune": "makes a network sparse while it trains on",
    "transfer": "grafts weights into a network and trains it",
    "audit": "looks for test people in everything behind a model",
    "predict": "predicts every segment with a network",
    "baseline": "fits what a network must beat, and predicts with it",
    "cost": "measures what a segment costs a network",
    "score": "computes metrics from predictions",
    "tabulate": "makes a study’s tables, with intervals",
    "export": "writes a network for a device",
    "report": "makes this page",
}
UNMEASURED = "not measured"


def section(inputs: ReportInputs) -> dict[str, Any] | None:
    """Return picture and table, or nothing where the page was made without a plan."""
    jobs: dict[str, int] = inputs.plan.get("jobs", {})
    if not jobs:
        return None
    took = {stage: list(_seconds(stage, inputs)) for stage in jobs}
    boxes = {
        stage: [wording.plural(jobs[stage], "job"), *_total(took[stage], jobs[stage])]
        for stage in stages.PLACES
        if stage in jobs
    }
    edges = [(str(a), str(b)) for a, b in inputs.plan["edges"]]
    return {
        "title": TITLE,
        "figure": stages.chart(boxes, edges, title=TITLE),
        "table": _table(jobs, took, inputs),
    }


def _total(seconds: list[float], jobs: int) -> list[str]:
    """Return the time of a stage of which every job was timed."""
    return [wording.seconds(sum(seconds))] if len(seconds) >= jobs else []


def _seconds(stage: str, inputs: ReportInputs) -> Iterator[float]:
    """Yield what each job of a stage took: of those behind the page alone."""
    audited_as = dict(inputs.plan.get("evaluations", ()))
    entries = {
        "download": inputs.manifests,
        "segment": inputs.segments,
        "quality_gate": inputs.segments,
        "split": inputs.splits,
        "export": inputs.exports,
        **dict.fromkeys(BEFORE_SCORES, tuple(audited_as.values())),
        "score": tuple(audited_as),
        **dict.fromkeys(OF_STUDIES, tuple(s.name for s in inputs.studies)),
    }
    for (of, entry, repeat), card in inputs.cards.items():
        timed = inputs.times.get((stage, entry), {})
        seconds = timed.get(repeat, card.get("wall_s"))
        if of == stage and seconds is not None:
            yield float(seconds)
    for (of, entry), jobs in inputs.times.items():
        if of == stage and (stage == "outside" or entry in entries.get(stage, ())):
            yield from jobs.values()


def _table(jobs: dict[str, int], took: dict[str, list[float]], inputs: ReportInputs) -> Table:
    rows: list[Line] = []
    for stage in (s for s in stages.PLACES if s in jobs):
        seconds = took[stage]
        memory = [
            float(card["peak_memory_MB"])
            for (of, *_), card in inputs.cards.items()
            if of == stage and card.get("peak_memory_MB") is not None
        ]
        rows.append(
            [
                stage,
                DOES[stage],
                wording.count(jobs[stage]),
                wording.count(len(seconds)),
                wording.seconds(sum(seconds)) if seconds else UNMEASURED,
                wording.seconds(max(seconds)) if seconds else UNMEASURED,
                f"{wording.count(max(memory))} MB" if memory else UNMEASURED,
            ]
        )
    return Table(
        caption="What each stage does, and what it took",
        head=(
            "Stage",
            "What it does",
            "Jobs",
            "Timed",
            "Time in all",
            "Longest job",
            "Peak memory",
        ),
        rows=rows,
        words=frozenset({1}),
        note=(
            "Times are of each job’s last attempt, from its start to its end on one machine; jobs"
            " run side by side, so that a run takes less than their sum. Of a training"
            " whose job was not timed its own clock counts. Memory is measured of trainings."
        ),
    )

"""Rows of a measured table on single runs: their segments, scores, controls and recipes."""

from collections.abc import Mapping
from typing import Any

from cardiograft.report.inputs import ReportRow, Study
from cardiograft.report.measured_names import (
    DIFFERS,
    TRAIN,
    MeasuredRow,
    corrupted,
    data_of,
    short,
    shown,
)


def rows(study: Study, summaries: Mapping[str, Mapping[str, Any]]) -> list[MeasuredRow]:
    """Return how many segments entries have, what each run scores, and what it does otherwise."""
    return [
        *_counts(summaries),
        *_scores(study),
        *_differences(study),
        *_controls(study),
        *_trained_on(study),
    ]


def _counts(summaries: Mapping[str, Mapping[str, Any]]) -> list[MeasuredRow]:
    rows = []
    for name, summary in summaries.items():
        counts = {"": summary["segments"], **summary["labels"]}
        rows += [
            {"run": name, "metric": "segments", "class": label, "value": n}
            for label, n in counts.items()
        ]
    return rows


def _scores(study: Study) -> list[MeasuredRow]:
    paper = {
        (row["run"], row["metric"], row["class"]): row["published"]
        for row in study.rows("published")
        if row["run"]
    }
    chosen = {row["run"]: row["chosen_on"] for row in study.rows("looks")}
    return [
        {
            **_score(row),
            "paper": paper.get((row["run"], row["metric"], row["class"]), ""),
            "chosen_on": chosen.get(row["run"], ""),
        }
        for row in study.rows("scores")
        if row["part"] == "test"
    ]


def _score(row: ReportRow) -> MeasuredRow:
    return {
        **{key: row[key] for key in ("run", "protocol", "metric", "class", "repeats")},
        **{key: short(row[key]) for key in ("value", "low", "high")},
        "data": data_of(row),
    }


def _differences(study: Study) -> list[MeasuredRow]:
    kinds: dict[tuple[str, str, str], list[str]] = {}
    for row in study.rows("differences"):
        kinds.setdefault((row["run"], row["protocol"], row["kind"]), []).append(row["line"])
    place = ("run", "protocol", "class")
    return [
        {**dict(zip(place, key, strict=True)), "metric": DIFFERS, "value": "; ".join(lines)}
        for key, lines in kinds.items()
    ]


def _controls(study: Study) -> list[MeasuredRow]:
    """Return the values of each run on corrupted inputs, of the metrics that docs show."""
    rows = []
    for row in study.rows("scores"):
        part, _, control = row["part"].partition(", ")
        if part == "test" and control and not row["class"] and shown(row["metric"]):
            rows.append({**_score(row), "metric": corrupted(row["metric"], control)})
    return rows


def _trained_on(study: Study) -> list[MeasuredRow]:
    """Return every value over all classes of each run on its training part."""
    return [
        {**_score(row), "metric": f"{row['metric']}, {TRAIN}"}
        for row in study.rows("scores")
        if row["part"] == TRAIN and not row["class"]
    ]

"""Dose and response: what a run's values gain as it learns more of the tested people's own."""

from collections.abc import Sequence
from typing import Any

from cardiograft.report import sentences, wording
from cardiograft.report.cells import (
    Cell,
    Line,
    Table,
    any_bold,
    difference_cell,
    headline,
    once,
    overall,
    score_cell,
)
from cardiograft.report.inputs import ReportRow, Study
from cardiograft.report.run_names import RunNames
from cardiograft.report.sections.signals import curve

TITLE = "Leakage by dose"
ENDS = ("difference_low", "difference_high")
EMPTY = "empty"


def section(study: Study, names: RunNames) -> dict[str, Any] | None:
    """Return charts, sentences and tables, or nothing where the study has no dose curve."""
    rows = study.rows("doses")
    if not rows:
        return None
    metrics = headline(overall(rows, study.about), study.about)
    classes = [(r["metric"], r["class"]) for r in rows if r["class"]]
    return {
        "title": TITLE,
        "text": wording.DOSES.format(**_sizes(rows)),
        "sentences": key_sentences(study, names),
        "figures": [chart(study, names, metric) for metric in metrics],
        "effects": effect_table(study, names, [(m, "") for m in metrics]),
        "table": point_table(study, names, [(m, "") for m in metrics]),
        "rest": [
            table(study, names, list(dict.fromkeys(classes)))
            for table in (effect_table, point_table)
            if classes
        ],
    }


def _sizes(rows: Sequence[ReportRow]) -> dict[str, str]:
    filled = [r for r in rows if r["dose"] != ""]
    return {
        "sizes": wording.listed([wording.count(n) for n in once(r["size"] for r in filled)]),
        "most": wording.listed(
            [wording.count(n) for n in once(r["own"] for r in filled if float(r["dose"]) == 1)]
        )
        or "some",
    }


def key_sentences(study: Study, names: RunNames) -> list[str]:
    """Return a sentence a curve on the primary metric: its slope, and the amount's effect."""
    metric, _, which = study.about["primary"].partition(":")
    own = [(k, rows) for k, rows in _effects(study).items() if k[1:] == (metric, which)]
    return [
        sentences.dose(effects, study.about["metrics"][metric], _name(effects, names))
        for _, effects in own
    ]


def _effects(study: Study) -> dict[tuple[str, str, str], dict[str, ReportRow]]:
    """Return, of each curve, metric and class, the rows of its effects by name."""
    effects_by_curve: dict[tuple[str, str, str], dict[str, ReportRow]] = {}
    for row in study.rows("dose_effects"):
        key = row["runs"], row["metric"], row["class"]
        effects_by_curve.setdefault(key, {})[row["effect"]] = row
    return effects_by_curve


def _name(effects: dict[str, ReportRow], names: RunNames) -> str:
    return names.of({**effects["slope"], "tag_dose": ""})


def chart(study: Study, names: RunNames, metric: str) -> dict[str, Any]:
    """Return a metric over the dose in per cent, a line each curve."""
    about = study.about["metrics"][metric]
    percent = bool(about["percent"])
    scale = 100 if percent else 1
    lines = []
    for runs, name, which in _effects(study):
        if (name, which) == (metric, ""):
            own = _points(study, runs, metric, "")
            filled = [r for r in own if r["dose"] != "" and not wording.absent(r["value"])]
            if len(filled) < 2:
                continue
            lines.append(
                {
                    "label": names.of({**filled[0], "tag_dose": "", "run": ""}),
                    "protocol": "dose",
                    "x": [100 * float(r["dose"]) for r in filled],
                    **{
                        key: [scale * float(r[key] or "nan") for r in filled]
                        for key in ("value", "low", "high")
                    },
                }
            )
    title = f"{about['title']}{' in %' if percent else ''} over the dose"
    return {"title": title, "figure": curve(lines, "Dose in %", title) if lines else None}


def _points(study: Study, runs: str, metric: str, which: str) -> list[ReportRow]:
    known = runs.split(", ")
    rows = [r for r in study.rows("doses") if (r["metric"], r["class"]) == (metric, which)]
    return [r for r in rows if r["run"] in known]


def effect_table(study: Study, names: RunNames, metrics: Sequence[tuple[str, str]]) -> Table:
    """Return each curve's slope, and what as many more segments of other people change."""
    lines: list[Line] = []
    for (runs, metric, which), effects in _effects(study).items():
        if (metric, which) in metrics:
            about = study.about["metrics"][metric]
            percent = bool(about["percent"])
            amount = effects.get("amount")
            lines.append(
                [
                    Cell(_name(effects, names), small=runs),
                    wording.name(about, effects["slope"]),
                    difference_cell(effects["slope"], "value", percent),
                    difference_cell(amount, "value", percent) if amount else wording.DASH,
                    effects["slope"]["subjects"],
                ]
            )
    bold = "An effect whose interval excludes zero is set in bold." if any_bold(lines) else ""
    return Table(
        caption="What leaks, and what more data give",
        head=("Run", "Metric", "Slope: no slot to all", "As many of other people", "Subjects"),
        rows=lines,
        words=frozenset({1}),
        note=bold,
    )


def point_table(study: Study, names: RunNames, metrics: Sequence[tuple[str, str]]) -> Table:
    """Return every point of every curve, beside its difference from the lowest dose."""
    lines: list[Line] = []
    for runs, metric, which in _effects(study):
        if (metric, which) in metrics:
            about = study.about["metrics"][metric]
            percent = bool(about["percent"])
            lines += [
                [
                    names.cell(row, small=row["split"]),
                    wording.name(about, row),
                    EMPTY if row["dose"] == "" else wording.number(row["dose"], percent=True),
                    f"{wording.count(row['own'])} of {wording.count(row['size'])}",
                    score_cell(row, percent),
                    difference_cell(row, "difference", percent, ENDS),
                ]
                for row in _points(study, runs, metric, which)
            ]
    return Table(
        caption="Every dose, and its difference from the lowest",
        head=("Run", "Metric", "Dose", "Their own segments", "Value", "Difference"),
        rows=lines,
        words=frozenset({1}),
    )

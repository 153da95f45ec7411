"""Runs two by two: one recipe under both protocols, with the gap, and paired comparisons."""

from collections.abc import Mapping, Sequence
from typing import Any

from cardiograft.report import sentences, wording
from cardiograft.report.cells import (
    Cell,
    Line,
    Table,
    any_bold,
    difference_cell,
    headline,
    lookup,
    mark,
    of_classes,
    overall,
    score_cell,
)
from cardiograft.report.charts import dumbbells
from cardiograft.report.inputs import ReportRow, Study
from cardiograft.report.run_names import RunNames

CAPTION = "The same recipe under both protocols, and the inflation gap"
OTHER = ": other metrics"
RAREST = ", of the rarest class where a metric is a composite of classes"


def comparisons(study: Study, names: RunNames) -> list[tuple[str, ReportRow]]:
    """Return each comparison's sentence and its row."""
    metrics, level = study.about["metrics"], study.about["level"]
    made = []
    for row in study.rows("comparisons"):
        metric, label, sides = metrics[row["metric"]], names.of(row), _sides(row, names)
        made.append(
            (sentences.comparison(row, metric, label, sides=sides, level=level), row),
        )
    return made


def _sides(row: ReportRow, names: RunNames) -> tuple[str, str]:
    """Return what the two values of the tag in which a pair differs are called."""
    return names.value(row["tag"], row["of"]), names.value(row["tag"], row["to"])


def gap_charts(study: Study, names: RunNames) -> list[dict[str, Any]]:
    """Return a chart a metric: each run's scores under both protocols."""
    scores, rows = lookup(study), study.rows("gaps")
    charts = []
    for metric in headline(overall(rows, study.about), study.about):
        about = study.about["metrics"][metric]
        own = [row for row in rows if _is(row, metric)]
        labels = _chart_labels(own, names)
        points = [_point(row, scores, label) for row, label in zip(own, labels, strict=True)]
        drawn = dumbbells.gaps(
            points, title=f"{about['title']} under both protocols", percent=about["percent"]
        )
        if drawn:
            charts.append({"title": about["title"], "figure": drawn})
    return charts


def _is(row: ReportRow, metric: str) -> bool:
    return bool(row["metric"] == metric and not row["class"])


def _point(
    row: ReportRow, scores: dict[tuple[str, str, str], ReportRow], label: str
) -> dict[str, Any]:
    point: dict[str, Any] = {"label": label}
    for protocol in ("paper", "honest"):
        own = scores[row[f"{protocol}_run"], row["metric"], row["class"]]
        point[protocol] = row[protocol]
        point |= {f"{protocol}_{end}": own[end] for end in ("low", "high")}
    return point


def _chart_labels(rows: Sequence[ReportRow], names: RunNames) -> list[str]:
    """Return the runs' names, with their splits where two have one name, and what is missing."""
    titles = [names.of(row) for row in rows]
    labels = []
    for row, title in zip(rows, titles, strict=True):
        splits = f" ({row['paper_split']} / {row['honest_split']})"
        warning = wording.lacking(row)
        alone = titles.count(title) == 1
        labels.append(f"{title}{'' if alone else splits}{f': {warning}' if warning else ''}")
    return labels


def gap_table(study: Study, names: RunNames, *, rest: bool = False) -> Table | None:
    """Return both protocols side by side, and the gap, the largest of a metric first.

    Where a study names the metrics that stand first, in the primary one, or in the rest.
    """
    scores = lookup(study)
    every = study.rows("gaps")
    metrics = overall(every, study.about)
    first = 1 if study.about["headline"] else len(metrics)
    lines: list[Line] = []
    for metric in metrics[first:] if rest else metrics[:first]:
        about = study.about["metrics"][metric]
        for row in ordered([r for r in every if _is(r, metric)]):
            cells = [
                score_cell(scores[row[f"{p}_run"], metric, ""], about["percent"])
                for p in ("paper", "honest")
            ]
            gap = difference_cell(row, "gap", bool(about["percent"]))
            head = _runs_cell(row, names)
            lines.append([head, about["title"], *cells, gap, row["subjects"]])
    if not lines:
        return None
    bold = "A gap whose interval excludes zero is set in bold. " if any_bold(lines) else ""
    rarest = RAREST if of_classes(study) else ""
    return Table(
        caption=CAPTION + OTHER if rest else CAPTION,
        head=("Run", "Metric", "Paper’s protocol", "Honest protocol", "Gap", "Subjects"),
        rows=lines,
        words=frozenset({1}),
        note=f"{bold}Subjects: the fewer of both test sets{rarest}.",
        kind="central",
    )


def ordered(gaps: Sequence[ReportRow]) -> list[ReportRow]:
    """Return gaps with an interval before those that claim nothing, the largest of each first."""
    return sorted(gaps, key=lambda row: (not row["low"], -abs(float(row["gap"] or 0))))


def _runs_cell(row: ReportRow, names: RunNames) -> Cell:
    entries = f"{row['paper_run']} / {row['honest_run']}"
    splits = f"{row['paper_split']} / {row['honest_split']}"
    return Cell(names.of(row), small=f"{entries} · {splits}", mark=mark(row))


def comparison_table(study: Study, names: RunNames) -> Table | None:
    """Return the paired comparisons, the smallest corrected p first, the paper's protocol last."""
    lines = [
        _comparison_line(row, study.about["metrics"][row["metric"]], names)
        for row in sorted(study.rows("comparisons"), key=_strength)
    ]
    if not lines:
        return None
    return Table(
        caption="Paired comparisons on shared test segments",
        head=(
            *("Pair", "Metric", "First", "Second", "Difference", "p", "p, Holm"),
            *("Smallest detectable difference (80 % power)", "Subjects"),
        ),
        rows=lines,
        words=frozenset({1}),
    )


def questions(study: Study) -> list[str]:
    """Return the questions that comparisons are asked for, each with how many are its family."""
    question_text: Mapping[str, str] = study.about.get("questions", {})
    families = {r["question"]: r for r in study.rows("comparisons") if r.get("question")}
    return [
        f"{question_text[name]} ({wording.plural(row['family'], 'comparison')})"
        for name, row in families.items()
        if name in question_text and _counted(row)
    ]


def _strength(row: ReportRow) -> tuple[bool, float]:
    p = 2.0 if wording.absent(row["p_holm"]) else float(row["p_holm"])
    return row["protocol"] == "paper", p


def _comparison_line(row: ReportRow, metric: ReportRow, names: RunNames) -> Line:
    percent = bool(metric["percent"])
    where = ", ".join([*names.parts(row), row["split"]])
    entries = f"{row['of_run']} / {row['to_run']}"
    pair = " against ".join(_sides(row, names))
    return [
        Cell(pair[:1].upper() + pair[1:], small=f"{where} · {entries}", mark=mark(row)),
        wording.name(metric, row),
        *(
            Cell(wording.number(row[key], percent=percent), warning=wording.lacking(row))
            for key in ("of_value", "to_value")
        ),
        difference_cell(row, "difference", percent),
        wording.p_value(row["p"]),
        Cell(wording.p_value(row["p_holm"]), small=_family(row)),
        Cell(sentences.detectable(row, metric), small=_equivalence(row, percent)),
        row["subjects"],
    ]


def _family(row: ReportRow) -> str:
    """Return how many comparisons the correction is for."""
    return f"of {wording.count(row['family'])}" if _counted(row) else ""


def _counted(row: ReportRow) -> bool:
    """Whether a comparison has a p that is corrected: of too few subjects there is none."""
    family = row.get("family", "")
    return not wording.absent(family) and float(family) > 0


def _equivalence(row: ReportRow, percent: bool) -> str:
    """Return the verdict on equivalence; nothing where no margin was named."""
    if not row.get("equivalent"):
        return ""
    margin = wording.number(row["margin"], percent=percent).removesuffix(" %")
    equal = "equivalent" if row["equivalent"] == "yes" else "not shown equivalent"
    return f"{equal} within ±{margin}{' points' if percent else ''}"

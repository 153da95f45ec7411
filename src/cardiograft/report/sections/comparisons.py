"""Runs two by two: one recipe under both protocols, with the gap, and paired comparisons."""

from typing import Any

from cardiograft.report import wording
from cardiograft.report.cells import (
    Cell,
    Labels,
    Row,
    Table,
    difference_cell,
    headline,
    lookup,
    mark,
    of_classes,
    overall,
    records,
    score_cell,
    tags_of,
)
from cardiograft.report.charts import dumbbells
from cardiograft.report.inputs import Study

CAPTION = "The same recipe under both protocols, and the inflation gap"
OTHER = ": other figures"
RAREST = ", of the rarest class where a figure is a composite of classes"


def comparisons(study: Study, named: Labels) -> list[tuple[str, Row]]:
    """Return each comparison's sentence and its row."""
    metrics, level = study.about["metrics"], study.about["level"]
    return [
        (wording.comparison(row, metrics[row["metric"]], named.of(row), level=level), row)
        for row in records(study.frame("comparisons"))
    ]


def gap_figures(study: Study, named: Labels) -> list[dict[str, Any]]:
    """Return a figure a metric: each run's scores under both protocols."""
    scores, rows = lookup(study), records(study.frame("gaps"))
    found = []
    for metric in headline(overall(rows, study.about), study.about):
        about = study.about["metrics"][metric]
        points = [_point(row, scores, named) for row in rows if _is(row, metric)]
        drawn = dumbbells.gaps(
            points, title=f"{about['title']} under both protocols", percent=about["percent"]
        )
        if drawn:
            found.append({"title": about["title"], "figure": drawn})
    return found


def _is(row: Row, metric: str) -> bool:
    return bool(row["metric"] == metric and not row["class"])


def _point(row: Row, scores: dict[tuple[str, str, str], Row], named: Labels) -> dict[str, Any]:
    point: dict[str, Any] = {
        "label": f"{named.of(row)} ({row['paper_split']} / {row['honest_split']})"
    }
    for protocol in ("paper", "honest"):
        own = scores[row[f"{protocol}_run"], row["metric"], row["class"]]
        point[protocol] = row[protocol]
        point |= {f"{protocol}_{end}": own[end] for end in ("low", "high")}
    return point


def gap_table(study: Study, named: Labels, *, rest: bool = False) -> Table | None:
    """Return both protocols side by side, and the gap.

    Where a study names the figures that stand first, in the primary one, or in the rest.
    """
    scores, found = lookup(study), []
    every = records(study.frame("gaps"))
    metrics = overall(every, study.about)
    first = 1 if study.about["headline"] else len(metrics)
    for metric in metrics[first:] if rest else metrics[:first]:
        about = study.about["metrics"][metric]
        for row in (r for r in every if _is(r, metric)):
            cells = [
                score_cell(scores[row[f"{p}_run"], metric, ""], about["percent"])
                for p in ("paper", "honest")
            ]
            found.append(
                [
                    Cell(
                        named.of(row),
                        small=f"{row['paper_split']} / {row['honest_split']}",
                        mark=mark(row),
                    ),
                    about["title"],
                    *cells,
                    difference_cell(row, "gap", bool(about["percent"])),
                    row["subjects"],
                ]
            )
    if not found:
        return None
    return Table(
        caption=CAPTION + OTHER if rest else CAPTION,
        head=("Run", "Figure", "Paper’s protocol", "Honest protocol", "Gap", "Subjects"),
        rows=found,
        words=frozenset({1}),
        note="A gap whose interval excludes zero is set in bold. Subjects: the fewer of both"
        f" test sets{RAREST if of_classes(study) else ''}.",
        kind="central",
    )


def comparison_table(study: Study, named: Labels) -> Table | None:
    """Return the paired comparisons."""
    found: list[list[str | Cell]] = []
    for row in records(study.frame("comparisons")):
        about = study.about["metrics"][row["metric"]]
        percent = about["percent"]
        ends = wording.interval(row["low"], row["high"], percent=percent, signed=True)
        where = _where(row, study.about["usual"], named)
        found.append(
            [
                Cell(f"{row['of']} against {row['to']}", small=where, mark=mark(row)),
                wording.name(about, row),
                wording.number(row["of_value"], percent=percent),
                wording.number(row["to_value"], percent=percent),
                Cell(wording.number(row["difference"], percent=percent, signed=True), small=ends),
                wording.p_value(row["p"]),
                wording.p_value(row["p_holm"]),
                row["subjects"],
            ]
        )
    if not found:
        return None
    return Table(
        caption="Paired comparisons on shared test segments",
        head=("Pair", "Figure", "First", "Second", "Difference", "p", "p, Holm", "Subjects"),
        rows=found,
        words=frozenset({1}),
    )


def _where(row: Row, usual: Row, named: Labels) -> str:
    told = {tag: v for tag, v in tags_of(row).items() if v != usual.get(tag)}
    return ", ".join([*named.said(told), row["split"]])

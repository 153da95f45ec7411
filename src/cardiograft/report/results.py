"""A study's results as the page shows them: gaps, comparisons, published figures, runs."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from cardiograft.report import details, figures, wording
from cardiograft.report.read import Study
from cardiograft.report.views import (
    Cell,
    Labels,
    Row,
    Table,
    labels,
    mark,
    once,
    records,
    score_cell,
)

KEY = 6  # sentences of one kind among the key points


def section(study: Study) -> dict[str, Any]:
    """Return all that the template needs of one study."""
    named = labels(study)
    about = study.about
    intervals = wording.INTERVALS.format(
        level=f"{100 * about['level']:g} %", draws=about["draws"], least=about["least_subjects"]
    )
    return {
        "name": study.name,
        "about": about,
        "simulated": about["simulated"],
        "key": key_sentences(study, named),
        "gap_figures": gap_figures(study, named),
        "gap_table": gap_table(study, named),
        "intervals": intervals,
        "compared": [s for s, _ in comparisons(study, named)],
        "comparison_table": comparison_table(study),
        "published": published_table(study, named),
        "own": own_tables(study),
        "overall": overall_tables(study, named),
        "classes": details.class_tables(study, named),
        "confusions": details.confusions(study, named),
        "singled_out": details.singled_out(study, named),
        "records": details.record_tables(study, named),
    }


def overall(rows: Sequence[Row], about: Any) -> list[str]:
    """Return the metrics with a figure over all classes, the primary one first."""
    found = once(r["metric"] for r in rows if not r["class"])
    primary = about["primary"].partition(":")[0]
    return sorted(found, key=lambda m: m != primary)


def lookup(study: Study) -> dict[tuple[str, str, str], Row]:
    """Return the test scores by run, metric and class."""
    rows = records(study.frame("scores"))
    return {(r["run"], r["metric"], r["class"]): r for r in rows if r["part"] == "test"}


def key_sentences(study: Study, named: Labels) -> list[str]:
    """Return what the study found, in the sentences that its numbers decide."""
    metrics, primary = study.about["metrics"], study.about["primary"].partition(":")[0]
    said = []
    for row in records(study.frame("gaps")):
        if not row["class"] and row["metric"] == primary:
            said.append(wording.gap(row, metrics[row["metric"]], named.of(row)))
    compared = [s for s, row in comparisons(study, named) if row["protocol"] == "honest"]
    return [*_first(said), *_first(compared), *_first(published_sentences(study))]


def _first(said: list[str]) -> list[str]:
    left = len(said) - KEY
    return said if left <= 1 else [*said[:KEY], f"{wording.count(left)} more of these below."]


def published_sentences(study: Study) -> list[str]:
    """Return a sentence for each published figure that a run stands beside."""
    rows: dict[tuple[str, ...], list[Row]] = {}
    for row in records(study.frame("published")):
        if row["run"]:
            key = *_tags(row), row["metric"], row["class"], row["source"]
            rows.setdefault(key, []).append(row)
    return [
        wording.published(
            sorted(own, key=lambda r: r["protocol"] != "paper"),
            " · ".join(_tags(own[0])),
            study.about["metrics"][own[0]["metric"]],
        )
        for own in rows.values()
    ]


def _tags(row: Row) -> tuple[str, ...]:
    return tuple(str(v) for k, v in row.items() if k.startswith("tag_") and v)


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
    for metric in overall(rows, study.about):
        about = study.about["metrics"][metric]
        points = [_point(row, scores, named) for row in rows if _is(row, metric)]
        drawn = figures.gaps(
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


def gap_table(study: Study, named: Labels) -> Table | None:
    """Return both protocols side by side, and the gap."""
    scores, found = lookup(study), []
    every = records(study.frame("gaps"))
    for metric in overall(every, study.about):
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
                    _gap_cell(row, about),
                    row["subjects"],
                ]
            )
    if not found:
        return None
    return Table(
        caption="The same recipe under both protocols, and the inflation gap",
        head=("Run", "Figure", "Paper’s protocol", "Honest protocol", "Gap", "Subjects"),
        rows=found,
        words=frozenset({1}),
        note="A gap whose interval excludes zero is set in bold. Subjects: the fewer of both"
        " test sets, of the rarest class where a figure is a composite of classes.",
        kind="central",
    )


def _gap_cell(row: Row, about: Row) -> Cell:
    percent = bool(about["percent"])
    ends = wording.interval(row["low"], row["high"], percent=percent, signed=True)
    text = wording.number(row["gap"], percent=percent, signed=True)
    strong = wording.verdict(row["low"], row["high"]) in (1, -1)
    return Cell(text, small=ends, mark="strong" if strong else "")


def comparison_table(study: Study) -> Table | None:
    """Return the paired comparisons."""
    found: list[list[str | Cell]] = []
    for row in records(study.frame("comparisons")):
        about = study.about["metrics"][row["metric"]]
        percent = about["percent"]
        ends = wording.interval(row["low"], row["high"], percent=percent, signed=True)
        where = _where(row, study.about["usual"])
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


def _where(row: Row, usual: Row) -> str:
    known = {k.removeprefix("tag_"): str(v) for k, v in row.items() if k.startswith("tag_") and v}
    tags = [v for tag, v in known.items() if v != usual.get(tag)]
    return ", ".join([*tags, row["split"]])


def published_table(study: Study, named: Labels) -> Table | None:
    """Return the paper's figures with ours beside them."""
    found: list[list[str | Cell]] = []
    for row in records(study.frame("published")):
        about = study.about["metrics"].get(row["metric"], {"title": row["metric"], "percent": 0})
        percent = bool(about["percent"])
        ours = Cell("not run here", mark="faint")
        if row["run"]:
            ends = wording.interval(row["low"], row["high"], percent=percent)
            ours = Cell(wording.number(row["ours"], percent=percent), small=ends)
        found.append(
            [
                Cell(" · ".join(_tags(row)), mark=mark(row)),
                f"{wording.name(about, row)}, {row['source']}",
                wording.number(row["published"], percent=percent),
                ours,
                f"{row['protocol']} ({wording.place(row)})" if row["run"] else wording.DASH,
            ]
        )
    if not found:
        return None
    return Table(
        caption="Published figures, and ours",
        head=("Run", "Figure", "Published", "Ours", "Protocol"),
        rows=found,
        words=frozenset({1, 4}),
    )


def own_tables(study: Study) -> list[Table]:
    """Return the study's own tables, as they are."""
    found = []
    for name, caption in study.about["captions"].items():
        frame = study.frame(name)
        rows = [[str(v) for v in row.values()] for row in records(frame)]
        found.append(Table(caption=caption, head=list(frame.columns), rows=rows))
    return found


def overall_tables(study: Study, named: Labels) -> list[Table]:
    """Return every run with its figures over all classes, a table for each set of figures."""
    rows = [r for r in records(study.frame("scores")) if r["part"] == "test" and not r["class"]]
    runs: dict[tuple[str, ...], list[str]] = {}
    for run in once(r["run"] for r in rows):
        metrics = overall([r for r in rows if r["run"] == run], study.about)
        runs.setdefault(tuple(metrics), []).append(run)
    return [_overall_table(study, named, metrics, of) for metrics, of in runs.items()]


def _overall_table(
    study: Study, named: Labels, metrics: Sequence[str], runs: Sequence[str]
) -> Table:
    scores, about = lookup(study), study.about["metrics"]
    found: list[list[str | Cell]] = []
    for run in runs:
        own = [scores[run, metric, ""] for metric in metrics]
        most = max(int(r["segments"]) for r in own)
        found.append(
            [
                Cell(named.by_run[run], small=run, mark=mark(own[0])),
                Cell(own[0]["protocol"], small=own[0]["split"]),
                own[0]["repeats"],
                wording.count(most),
                *(score_cell(r, about[r["metric"]]["percent"]) for r in own),
            ]
        )
    return Table(
        caption="Test part: mean over repeats, interval over subjects",
        head=("Run", "Protocol", "Repeats", "Segments", *(about[m]["title"] for m in metrics)),
        rows=found,
        words=frozenset({1}),
    )


def legend() -> Markup:
    """Return the key of the gap figures."""
    return Markup(
        '<p class="legend"><span class="key paper"></span> paper’s protocol'
        ' <span class="key honest"></span> honest protocol</p>'
    )

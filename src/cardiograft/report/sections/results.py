"""A study's results as the page shows them: key points, published values, runs."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from cardiograft.report import sentences, wording
from cardiograft.report.cells import (
    Cell,
    Line,
    Table,
    headline,
    lookup,
    mark,
    of_classes,
    overall,
    per_record,
    score_cell,
    tags_of,
)
from cardiograft.report.inputs import ReportInputs, ReportRow, Study
from cardiograft.report.run_names import RunNames, run_names
from cardiograft.report.sections import (
    classes,
    comparisons,
    differences,
    doses,
    gains,
    learning,
    looks,
    own_tables,
    protocols,
    reliability,
    run_cards,
    signals,
)

KEY = 6  # sentences of one kind among the key points


def section(study: Study, inputs: ReportInputs) -> dict[str, Any]:
    """Return all that the template needs of one study."""
    names = run_names(study)
    about = study.about
    intervals = wording.INTERVALS.format(
        level=f"{100 * about['level']:g} %", draws=about["draws"], least=about["least_subjects"]
    )
    intervals += wording.COMPOSITES if of_classes(study) else ""
    intervals += wording.PER_RECORD if any(map(per_record, study.rows("scores"))) else ""
    return {
        "name": study.name,
        "about": about,
        "simulated": about["simulated"],
        "heading": protocols.heading(study),
        "gap": wording.GAP if study.rows("gaps") else "",
        "protocols": protocols.protocols(study, inputs),
        "looks": looks.section(study, inputs, names),
        "key": key_sentences(study, names),
        "gap_figures": comparisons.gap_charts(study, names),
        "gap_table": comparisons.gap_table(study, names),
        "gap_rest": comparisons.gap_table(study, names, rest=True),
        "intervals": intervals,
        "doses": doses.section(study, names),
        "compared": [s for s, _ in comparisons.comparisons(study, names)],
        "questions": comparisons.questions(study),
        "comparison_table": comparisons.comparison_table(study, names),
        "published": published_table(study, names),
        "differences": differences.table(study, names),
        "own": own_tables.beside_published(study, names),
        "sections": own_tables.sections(study, names),
        "gains": gains.section(study, names),
        "overlays": signals.overlays(study, names),
        "agreement": signals.agreement(study, names),
        "curves": signals.curves(study, names),
        "learning": learning.section(study, names),
        "reliability": reliability.section(study, names),
        "overall": overall_tables(study, names),
        "overall_rest": overall_tables(study, names, rest=True),
        "classes": classes.class_tables(study, names),
        "confusions": classes.confusions(study, names),
        "singled_out": classes.singled_out(study, names),
        "records": classes.record_tables(study, names),
        "cards": run_cards.section(study, inputs, names),
    }


def key_sentences(study: Study, names: RunNames) -> list[str]:
    """Return the study's main results, in sentences that its numbers decide."""
    metrics, primary = study.about["metrics"], study.about["primary"].partition(":")[0]
    rows = study.rows("gaps")
    gaps = comparisons.ordered([r for r in rows if not r["class"] and r["metric"] == primary])
    inflation = [sentences.gap(row, metrics[row["metric"]], names.of(row)) for row in gaps]
    compared = [s for s, row in comparisons.comparisons(study, names) if row["protocol"] != "paper"]
    kinds = [
        doses.key_sentences(study, names),
        inflation,
        control_sentences(study, names),
        gains.key_sentences(study, names),
        compared,
        published_sentences(study, names),
    ]
    return [sentence for some in kinds for sentence in _first(some)]


def _first(points: list[str]) -> list[str]:
    left = len(points) - KEY
    return points if left <= 1 else [*points[:KEY], f"{wording.count(left)} more of these below."]


def control_sentences(study: Study, names: RunNames) -> list[str]:
    """Return, of each run that was also evaluated on controls, what they score beside it."""
    metric, _, which = study.about["primary"].partition(":")
    runs: dict[str, dict[str, ReportRow]] = {}
    for row in study.rows("scores"):
        part, _, control = row["part"].partition(", ")
        if part == "test" and (row["metric"], row["class"]) == (metric, which):
            runs.setdefault(row["run"], {})[control] = row
    return [
        sentences.controls(own, study.about["metrics"][metric], names.of(own[""]))
        for own in runs.values()
        if len(own) > 1
    ]


def published_sentences(study: Study, names: RunNames) -> list[str]:
    """Return a sentence for each published value that a run stands beside.

    Of the primary metric alone, where the paper has it.
    """
    every = study.rows("published")
    primary = study.about["primary"].partition(":")[0]
    chosen = [row for row in every if row["metric"] == primary] or every
    rows: dict[tuple[str, ...], list[ReportRow]] = {}
    for row in chosen:
        if row["run"]:
            key = *tags_of(row).values(), row["metric"], row["class"], row["source"]
            rows.setdefault(key, []).append(row)
    return [
        sentences.published(
            sorted(own, key=lambda r: r["protocol"] != "paper"),
            names.of_tags(tags_of(own[0])),
            study.about["metrics"][own[0]["metric"]],
        )
        for own in rows.values()
    ]


def published_table(study: Study, names: RunNames) -> Table | None:
    """Return the paper's values with ours beside them, those that were run here first."""
    lines: list[Line] = []
    apart = differences.by_run(study.rows("differences"))
    for row in sorted(study.rows("published"), key=lambda r: not r["run"]):
        about = study.about["metrics"].get(row["metric"], {"title": row["metric"], "percent": 0})
        percent = bool(about["percent"])
        below = " · ".join(part for part in (row["run"], _began(study, row["run"])) if part)
        ours = Cell("not run here", mark="faint")
        if row["run"]:
            ours = score_cell(row, percent, "ours")
        lines.append(
            [
                Cell(names.of_tags(tags_of(row)), small=below, mark=mark(row)),
                f"{wording.name(about, row)}, {row['source']}",
                wording.number(row["published"], percent=percent),
                ours,
                _place(row, differences.summary(apart.get(row["run"], {})) if apart else ""),
            ]
        )
    if not lines:
        return None
    return Table(
        caption="Published values, and ours",
        head=("Run", "Metric", "Published", "Ours", "Protocol"),
        rows=lines,
        words=frozenset({1, 4}),
    )


def _place(row: ReportRow, differing: str) -> Cell:
    """Return where a run was tested, and below it what it does otherwise than the paper."""
    if not row["run"]:
        return Cell(wording.DASH)
    small = f"otherwise than the paper: {differing}" if differing else ""
    return Cell(f"{row['protocol']} ({wording.place(row)})", small=small)


def _began(study: Study, run: str) -> str:
    """Return what a run's network began from, as its card says; nothing of a baseline."""
    began = study.about.get("began", {}).get(run)
    return f"from {began}" if began else ""


def overall_tables(study: Study, names: RunNames, *, rest: bool = False) -> list[Table]:
    """Return every run with its values over all classes, a table for each set of metrics.

    Those of the headline, or the rest. Runs that stand beside a published value come first,
    then all by name, so that both protocols' runs of one recipe are neighbours.
    """
    rows = [r for r in study.rows("scores") if r["part"] == "test" and not r["class"]]
    beside = {r["run"] for r in study.rows("published")}
    order = list(wording.PROTOCOLS)
    place = {
        r["run"]: (r["run"] not in beside, names.by_run[r["run"]], order.index(r["protocol"]))
        for r in rows
    }
    runs: dict[tuple[str, ...], list[str]] = {}
    for run in sorted(place, key=lambda run: (*place[run], run)):
        metrics = overall([r for r in rows if r["run"] == run], study.about)
        runs.setdefault(tuple(headline(metrics, study.about, rest=rest)), []).append(run)
    return [_overall_table(study, names, metrics, of) for metrics, of in runs.items() if metrics]


def _overall_table(
    study: Study, names: RunNames, metrics: Sequence[str], runs: Sequence[str]
) -> Table:
    scores, about = lookup(study), study.about["metrics"]
    lines: list[Line] = []
    for run in runs:
        own = [scores[run, metric, ""] for metric in metrics]
        most = max(int(r["segments"]) for r in own)
        lines.append(
            [
                names.cell(own[0], small=_began(study, run)),
                Cell(own[0]["protocol"], small=own[0]["split"]),
                own[0]["repeats"],
                wording.count(most) + (" records" if per_record(own[0]) else ""),
                *(score_cell(r, about[r["metric"]]["percent"]) for r in own),
            ]
        )
    return Table(
        caption="Test part: mean over repeats, interval over subjects",
        head=("Run", "Protocol", "Repeats", "Segments", *(about[m]["title"] for m in metrics)),
        rows=lines,
        words=frozenset({1}),
    )


def legend(*, published: bool = False) -> Markup:
    """Return the key of the gap charts, and of those on which published values are marked."""
    tick = Markup(' <span class="bar"></span> published') if published else Markup()
    return Markup(
        '<p class="legend"><span class="key paper"></span> paper’s protocol'
        ' <span class="key honest"></span> honest protocol{}</p>'
    ).format(tick)

"""A study's results as the page shows them: what was found, published figures, runs."""

import re
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from cardiograft.report import wording
from cardiograft.report.cells import (
    Cell,
    Labels,
    Row,
    Table,
    headline,
    labels,
    lookup,
    mark,
    of_classes,
    once,
    overall,
    records,
    score_cell,
    tags_of,
)
from cardiograft.report.inputs import Content, Study
from cardiograft.report.sections import classes, comparisons, gains, signals

KEY = 6  # sentences of one kind among the key points
INTERVAL = re.compile(r"(.+) (\[.+\])")
IN_BRACKETS = re.compile(r"([^(]+) \((.+)\)")


def section(study: Study) -> dict[str, Any]:
    """Return all that the template needs of one study."""
    named = labels(study)
    about = study.about
    intervals = wording.INTERVALS.format(
        level=f"{100 * about['level']:g} %", draws=about["draws"], least=about["least_subjects"]
    )
    intervals += wording.COMPOSITES if of_classes(study) else ""
    return {
        "name": study.name,
        "about": about,
        "simulated": about["simulated"],
        "personal": any(r["protocol"] == "personal" for r in records(study.frame("scores"))),
        "key": key_sentences(study, named),
        "gap_figures": comparisons.gap_figures(study, named),
        "gap_table": comparisons.gap_table(study, named),
        "gap_rest": comparisons.gap_table(study, named, rest=True),
        "intervals": intervals,
        "compared": [s for s, _ in comparisons.comparisons(study, named)],
        "comparison_table": comparisons.comparison_table(study, named),
        "published": published_table(study, named),
        "own": own_tables(study),
        "sections": own_sections(study),
        "gains": gains.section(study, named),
        "overlays": signals.overlays(study, named),
        "agreement": signals.agreement(study, named),
        "curves": signals.curves(study, named),
        "overall": overall_tables(study, named),
        "overall_rest": overall_tables(study, named, rest=True),
        "classes": classes.class_tables(study, named),
        "confusions": classes.confusions(study, named),
        "singled_out": classes.singled_out(study, named),
        "records": classes.record_tables(study, named),
    }


def key_sentences(study: Study, named: Labels) -> list[str]:
    """Return what the study found, in the sentences that its numbers decide."""
    metrics, primary = study.about["metrics"], study.about["primary"].partition(":")[0]
    rows = records(study.frame("gaps"))
    gaps = ordered([r for r in rows if not r["class"] and r["metric"] == primary])
    said = [wording.gap(row, metrics[row["metric"]], named.of(row)) for row in gaps]
    compared = [s for s, row in comparisons.comparisons(study, named) if row["protocol"] != "paper"]
    told = [
        said,
        control_sentences(study, named),
        gains.key_sentences(study, named),
        compared,
        published_sentences(study, named),
    ]
    return [sentence for some in told for sentence in _first(some)]


def ordered(gaps: list[Content]) -> list[Content]:
    """Return gaps with an interval before those that claim nothing, the largest of each first."""
    return sorted(gaps, key=lambda row: (not row["low"], -abs(float(row["gap"] or 0))))


def _first(said: list[str]) -> list[str]:
    left = len(said) - KEY
    return said if left <= 1 else [*said[:KEY], f"{wording.count(left)} more of these below."]


def control_sentences(study: Study, named: Labels) -> list[str]:
    """Return, of each run that was also asked about controls, what they score beside it."""
    metric, _, which = study.about["primary"].partition(":")
    runs: dict[str, dict[str, Row]] = {}
    for row in records(study.frame("scores")):
        part, _, control = row["part"].partition(", ")
        if part == "test" and (row["metric"], row["class"]) == (metric, which):
            runs.setdefault(row["run"], {})[control] = row
    return [
        wording.controls(own, study.about["metrics"][metric], named.of(own[""]))
        for own in runs.values()
        if len(own) > 1
    ]


def published_sentences(study: Study, named: Labels) -> list[str]:
    """Return a sentence for each published figure that a run stands beside.

    Of the primary figure alone, where the paper has it.
    """
    every = records(study.frame("published"))
    primary = study.about["primary"].partition(":")[0]
    chosen = [row for row in every if row["metric"] == primary] or every
    rows: dict[tuple[str, ...], list[Row]] = {}
    for row in chosen:
        if row["run"]:
            key = *tags_of(row).values(), row["metric"], row["class"], row["source"]
            rows.setdefault(key, []).append(row)
    return [
        wording.published(
            sorted(own, key=lambda r: r["protocol"] != "paper"),
            " · ".join(named.said(tags_of(own[0]))),
            study.about["metrics"][own[0]["metric"]],
        )
        for own in rows.values()
    ]


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
                Cell(" · ".join(named.said(tags_of(row))), mark=mark(row)),
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
    """Return the study's own tables that stand beside the published figures, as they are."""
    elsewhere = {name for names in study.about["sections"].values() for name in names}
    return [_own(study, name) for name in study.about["captions"] if name not in elsewhere]


def own_sections(study: Study) -> list[dict[str, Any]]:
    """Return headings, and the study's own tables below each."""
    found = []
    for k, (title, names) in enumerate(study.about["sections"].items()):
        tables = [_own(study, name) for name in names if name in study.about["captions"]]
        if tables:
            found.append({"id": f"{study.name}-own-{k}", "title": title, "tables": tables})
    return found


def _own(study: Study, name: str) -> Table:
    frame = study.frame(name)
    words = frozenset(
        k for k, column in enumerate(frame.columns) if any(v[:1].isalpha() for v in frame[column])
    )
    rows = [
        [_own_cell(str(v), k in words) for k, v in enumerate(row.values())]
        for row in records(frame)
    ]
    head = list(frame.columns)
    return Table(caption=study.about["captions"][name], head=head, rows=rows, words=words)


def _own_cell(text: str, words: bool) -> Cell:
    """Return a cell whose interval, or what stands in brackets behind words, is a second line."""
    hit = (IN_BRACKETS if words else INTERVAL).fullmatch(text)
    return Cell(hit[1], small=hit[2]) if hit else Cell(text)


def overall_tables(study: Study, named: Labels, *, rest: bool = False) -> list[Table]:
    """Return every run with its figures over all classes, a table for each set of figures.

    Those of the headline, or the rest.
    """
    rows = [r for r in records(study.frame("scores")) if r["part"] == "test" and not r["class"]]
    runs: dict[tuple[str, ...], list[str]] = {}
    for run in once(r["run"] for r in rows):
        metrics = overall([r for r in rows if r["run"] == run], study.about)
        runs.setdefault(tuple(headline(metrics, study.about, rest=rest)), []).append(run)
    return [_overall_table(study, named, metrics, of) for metrics, of in runs.items() if metrics]


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


def legend(*, published: bool = False) -> Markup:
    """Return the key of the gap figures, and of those on which published ones are marked."""
    tick = Markup(' <span class="bar"></span> published') if published else Markup()
    return Markup(
        '<p class="legend"><span class="key paper"></span> paper’s protocol'
        ' <span class="key honest"></span> honest protocol{}</p>'
    ).format(tick)

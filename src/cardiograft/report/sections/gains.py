"""What transfers gain, beside the gains that the paper reports."""

from collections.abc import Iterable, Sequence
from typing import Any

from cardiograft.report import sentences, wording
from cardiograft.report.cells import Cell, Line, Table, any_bold, difference_cell, once
from cardiograft.report.charts import dumbbells
from cardiograft.report.inputs import ReportRow, Study
from cardiograft.report.run_names import RunNames

SHARE = "Gains over the same network from scratch, in per cent of its value"
DIFFERENCES = "Gains over the same network from scratch"
DIFFERENCE_ENDS = ("difference_low", "difference_high")


def section(study: Study, names: RunNames) -> dict[str, Any] | None:
    """Return chart, table and sentences, or nothing where the study has no gains."""
    rows = study.rows("gains")
    if not rows:
        return None
    reported = _reported(rows) or rows
    metric = reported[0]["metric"]
    charted = [r for r in rows if r["against"] == reported[0]["against"] and r["metric"] == metric]
    about = study.about["metrics"][metric]
    every = once(r["metric"] for r in rows)
    first = [m for m in every if m in study.about["headline"]] or every
    rest = [m for m in every if m not in first]
    return {
        "title": f"Gain in {about['title']} over the same network from scratch",
        "figure": chart(charted, names, about["title"]),
        "orders": [*orders(study, rows, names), *others(study, rows, names)],
        "table": table(study, names, rows, first),
        "rest": table(study, names, rows, rest) if rest else None,
    }


def key_sentences(study: Study, names: RunNames) -> list[str]:
    """Return a sentence for each run that stands beside a gain of the paper.

    Of those on unseen subjects, where there are any; with one on each other base.
    """
    rows = study.rows("gains")
    reported = _reported(rows)
    reported = [r for r in reported if r["protocol"] == "honest"] or reported
    metrics, protocols = study.about["metrics"], {r["protocol"] for r in reported}
    of_paper = [sentences.gain(r, metrics[r["metric"]], names.of(r)) for r in reported]
    here = [r for r in rows if r["protocol"] in protocols]
    return [*of_paper, *orders(study, reported, names), *others(study, here, names)]


def orders(study: Study, rows: Sequence[ReportRow], names: RunNames) -> list[str]:
    """Return, a protocol and kind of run each, the order of the gains beside the paper's."""
    tag = study.about["gains"]
    return [
        sentences.order(group, _sources(group, tag, names))
        for group in _groups(_reported(rows), tag)
        if len(group) > 1
    ]


def others(study: Study, rows: Sequence[ReportRow], names: RunNames) -> list[str]:
    """Return what the paper's transfers gain over any base that is not the paper's own."""
    tag, metrics = study.about["gains"], study.about["metrics"]
    reported = _reported(rows)
    own, known = {r["against"] for r in reported}, {(r["run"], r["metric"]) for r in reported}
    on_other_bases = [
        r for r in rows if r["against"] not in own and (r["run"], r["metric"]) in known
    ]
    return [
        sentences.gains_against(
            group,
            metrics[group[0]["metric"]],
            _sources(group, tag, names),
            _base(group[0], names),
        )
        for group in _groups(on_other_bases, tag)
    ]


def _reported(rows: Iterable[ReportRow]) -> list[ReportRow]:
    """Return the rows beside which the paper reports a gain."""
    return [r for r in rows if not wording.absent(r["paper"])]


def _sources(rows: Sequence[ReportRow], tag: str, names: RunNames) -> list[str]:
    return [names.value(tag, row[f"tag_{tag}"]) for row in rows]


def _base(row: ReportRow, names: RunNames) -> str:
    """Return the base's name, as a reader says it and as config has it."""
    title = names.by_run.get(row["base_run"])
    return f"{title}: {row['base_run']}" if title else str(row["base_run"])


def _groups(rows: Sequence[ReportRow], tag: str) -> list[list[ReportRow]]:
    """Return rows that differ in a tag alone, together."""
    groups: dict[tuple[Any, ...], list[ReportRow]] = {}
    for row in rows:
        tags = [v for k, v in row.items() if k.startswith("tag_") and k != f"tag_{tag}"]
        place = (row["against"], row["base_run"], row["protocol"], row["split"], row["metric"])
        groups.setdefault((*place, *tags), []).append(row)
    return list(groups.values())


def chart(rows: Sequence[ReportRow], names: RunNames, title: str) -> Any:
    """Return gains under both protocols, the paper's marked; those that are no share left out."""
    points: dict[str, dict[str, Any]] = {}
    for row in (r for r in rows if r["protocol"] in dumbbells.PROTOCOLS):
        if wording.absent(row["gain"]):
            continue
        label = names.of(row)
        empty = {f"{p}{end}": "" for p in dumbbells.PROTOCOLS for end in ("", "_low", "_high")}
        point = points.setdefault(label, {"label": label, **empty, "published": ""})
        ours = {"": row["gain"], "_low": row["low"], "_high": row["high"]}
        point |= {f"{row['protocol']}{end}": value for end, value in ours.items()}
        point["published"] = row["paper"]
        points[label] = point
    ordered = sorted(points.values(), key=_strongest)
    return dumbbells.gaps(ordered, title=f"Gain in {title}", percent=True, zero=True)


def _strongest(point: ReportRow) -> tuple[bool, float]:
    absent = wording.absent(point["published"])
    return absent, 0.0 if absent else -float(point["published"])


def table(
    study: Study, names: RunNames, rows: Sequence[ReportRow], metrics: Sequence[str]
) -> Table:
    """Return every run's gain in some metrics, those beside a gain of the paper first.

    A gain over a base that is not clearly above zero stands as a difference: a share of next
    to nothing is large whatever was gained.
    """
    rows = [r for r in rows if r["metric"] in metrics]
    pairs: dict[tuple[str, str], dict[str, ReportRow]] = {}
    for row in rows:
        pairs.setdefault((row["run"], row["base_run"]), {})[row["metric"]] = row
    ordered = sorted(pairs.values(), key=lambda own: not _reported(own.values()))
    lines = [_line(own, metrics, study, names) for own in ordered]
    differ = any(row["not_relative"] for row in rows)
    bold = " A gain whose interval excludes zero is set in bold." if any_bold(lines) else ""
    return Table(
        caption=f"{DIFFERENCES}: {_caption(rows)}" if differ else SHARE,
        head=("Run", "Protocol", "Paper", *(study.about["metrics"][m]["title"] for m in metrics)),
        rows=lines,
        words=frozenset({1}),
        note=f"A smaller error is a gain.{bold}",
    )


REASONS = {
    "near zero": "its interval reaches zero",
    "few subjects": "too few subjects for an interval",
    "no zero": "a metric whose zero is no lower end",
}


def _caption(rows: Sequence[ReportRow]) -> str:
    """Return how gains are given, and why some are differences."""
    why = [REASONS[reason] for reason in once(r["not_relative"] for r in rows) if reason]
    some = any(not r["not_relative"] for r in rows)
    share = "in per cent of its value, or as a difference (Δ)" if some else "as differences (Δ)"
    return f"{share} where that is not clearly above zero ({' or '.join(why)})"


def _line(own: dict[str, ReportRow], metrics: Sequence[str], study: Study, names: RunNames) -> Line:
    first = next(iter(own.values()))
    paper = _reported(own.values())
    theirs = wording.number(paper[0]["paper"], percent=True, signed=True) if paper else ""
    against = f"against {_base(first, names)}, at {first['against']}"
    return [
        names.cell(first, small=against),
        Cell(first["protocol"], small=first["split"]),
        f"{theirs} %" if theirs else wording.DASH,
        *(_cell(own.get(m), study.about["metrics"][m]) for m in metrics),
    ]


def _cell(row: ReportRow | None, metric: ReportRow) -> Cell:
    if row is None:
        return Cell(wording.DASH)
    if not row["not_relative"]:
        cell = difference_cell(row, "gain", percent=True)
        text = wording.Printed(f"{cell.text} %", row["gain"])
        return Cell(text, cell.small, cell.mark, warning=cell.warning)
    cell = difference_cell(row, "difference", bool(metric["percent"]), DIFFERENCE_ENDS)
    text = wording.Printed(f"Δ {cell.text}", row["difference"])
    return Cell(text, cell.small, cell.mark, warning=cell.warning)

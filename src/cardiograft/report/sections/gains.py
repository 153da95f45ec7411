"""What transfers gain, beside what the paper says they gain."""

from collections.abc import Sequence
from typing import Any

from cardiograft.report import wording
from cardiograft.report.cells import Cell, Labels, Row, Table, difference_cell, mark, once, records
from cardiograft.report.charts import dumbbells
from cardiograft.report.inputs import Study


def section(study: Study, named: Labels) -> dict[str, Any] | None:
    """Return chart, table and sentences, or nothing where the study has no gains."""
    rows = records(study.frame("gains"))
    if not rows:
        return None
    told = [r for r in rows if not wording.absent(r["paper"])] or rows
    metric = told[0]["metric"]
    charted = [r for r in rows if r["against"] == told[0]["against"] and r["metric"] == metric]
    about = study.about["metrics"][metric]
    every = once(r["metric"] for r in rows)
    first = [m for m in every if m in study.about["headline"]] or every
    rest = [m for m in every if m not in first]
    return {
        "title": f"Gain in {about['title']} over the same network from scratch",
        "figure": chart(charted, named, about["title"]),
        "orders": [*orders(study, rows), *others(study, rows)],
        "table": table(study, named, rows, first),
        "rest": table(study, named, rows, rest) if rest else None,
    }


def key_sentences(study: Study, named: Labels) -> list[str]:
    """Return a sentence for each run that stands beside a gain of the paper.

    Of those on people never met, where there are any; with one on each other base.
    """
    rows = records(study.frame("gains"))
    told = [r for r in rows if not wording.absent(r["paper"])]
    told = [r for r in told if r["protocol"] == "honest"] or told
    metrics, places = study.about["metrics"], {r["protocol"] for r in told}
    said = [wording.gain(r, metrics[r["metric"]], named.of(r)) for r in told]
    here = [r for r in rows if r["protocol"] in places]
    return [*said, *orders(study, told), *others(study, here)]


def orders(study: Study, rows: Sequence[Row]) -> list[str]:
    """Return, a protocol and kind of run each, the order of the gains beside the paper's."""
    tag = study.about["gains"]
    told = [r for r in rows if not wording.absent(r["paper"])]
    return [wording.order(group, tag) for group in _groups(told, tag) if len(group) > 1]


def others(study: Study, rows: Sequence[Row]) -> list[str]:
    """Return what the transfers that the paper tells of gain over any other base than its own."""
    tag, metrics = study.about["gains"], study.about["metrics"]
    told = [r for r in rows if not wording.absent(r["paper"])]
    own, known = {r["against"] for r in told}, {(r["run"], r["metric"]) for r in told}
    found = [r for r in rows if r["against"] not in own and (r["run"], r["metric"]) in known]
    return [
        wording.gains_against(group, metrics[group[0]["metric"]], tag)
        for group in _groups(found, tag)
    ]


def _groups(rows: Sequence[Row], tag: str) -> list[list[Row]]:
    """Return rows that differ in a tag alone, together."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        tags = [v for k, v in row.items() if k.startswith("tag_") and k != f"tag_{tag}"]
        place = (row["against"], row["protocol"], row["split"], row["metric"])
        groups.setdefault((*place, *tags), []).append(row)
    return list(groups.values())


def chart(rows: Sequence[Row], named: Labels, title: str) -> Any:
    """Return gains under both protocols, the paper's marked."""
    points: dict[str, dict[str, Any]] = {}
    for row in (r for r in rows if r["protocol"] in dumbbells.PROTOCOLS):
        label = named.of(row)
        empty = {f"{p}{end}": "" for p in dumbbells.PROTOCOLS for end in ("", "_low", "_high")}
        point = points.setdefault(label, {"label": label, **empty, "published": ""})
        ours = {"": row["gain"], "_low": row["low"], "_high": row["high"]}
        point |= {f"{row['protocol']}{end}": value for end, value in ours.items()}
        point["published"] = row["paper"]
        points[label] = point
    ordered = sorted(points.values(), key=_strongest)
    return dumbbells.gaps(ordered, title=f"Gain in {title}", percent=True, zero=True)


def _strongest(point: Row) -> tuple[bool, float]:
    absent = wording.absent(point["published"])
    return absent, 0.0 if absent else -float(point["published"])


def table(study: Study, named: Labels, rows: Sequence[Row], metrics: Sequence[str]) -> Table:
    """Return every run's gain in some figures."""
    found: list[list[str | Cell]] = []
    for run, base in dict.fromkeys((r["run"], r["base_run"]) for r in rows):
        own = {r["metric"]: r for r in rows if (r["run"], r["base_run"]) == (run, base)}
        first = next(iter(own.values()))
        against = f"against {base}, at {first['against']}"
        paper = [r["paper"] for r in own.values() if not wording.absent(r["paper"])]
        theirs = f"{wording.number(paper[0], percent=True, signed=True)} %" if paper else ""
        found.append(
            [
                Cell(named.of(first), small=against, mark=mark(first)),
                Cell(first["protocol"], small=first["split"]),
                theirs or wording.DASH,
                *(_cell(own.get(m)) for m in metrics),
            ]
        )
    titles = [study.about["metrics"][m]["title"] for m in metrics]
    return Table(
        caption="Gains over the same network from scratch, in per cent of its figure",
        head=("Run", "Protocol", "Paper", *titles),
        rows=found,
        words=frozenset({1}),
        note="A smaller error is a gain. A gain whose interval excludes zero is set in bold.",
    )


def _cell(row: Row | None) -> Cell:
    return Cell(wording.DASH) if row is None else difference_cell(row, "gain", percent=True)

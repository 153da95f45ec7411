"""What transfers gain, beside what the paper says they gain."""

from collections.abc import Sequence
from typing import Any

from cardiograft.report import figures, wording
from cardiograft.report.read import Study
from cardiograft.report.views import Cell, Labels, Row, Table, mark, once, records


def section(study: Study, named: Labels) -> dict[str, Any] | None:
    """Return chart, table and sentences, or nothing where the study has no gains."""
    rows = records(study.frame("gains"))
    if not rows:
        return None
    told = [r for r in rows if not wording.absent(r["paper"])] or rows
    metric = told[0]["metric"]
    about = study.about["metrics"][metric]
    every = once(r["metric"] for r in rows)
    first = [m for m in every if m in study.about["headline"]] or every
    rest = [m for m in every if m not in first]
    return {
        "title": f"Gain in {about['title']} over the same network from scratch",
        "figure": chart([r for r in rows if r["metric"] == metric], named, about["title"]),
        "orders": orders(study, rows),
        "table": table(study, named, rows, first),
        "rest": table(study, named, rows, rest) if rest else None,
    }


def key_sentences(study: Study, named: Labels) -> list[str]:
    """Return a sentence for each run that stands beside a gain of the paper.

    Of those on people never met, where there are any.
    """
    rows = [r for r in records(study.frame("gains")) if not wording.absent(r["paper"])]
    rows = [r for r in rows if r["protocol"] != "paper"] or rows
    metrics = study.about["metrics"]
    said = [wording.gain(r, metrics[r["metric"]], named.of(r)) for r in rows]
    return [*said, *orders(study, rows)]


def orders(study: Study, rows: Sequence[Row]) -> list[str]:
    """Return, a protocol and kind of run each, the order of the gains beside the paper's."""
    tag = study.about["gains"]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in (r for r in rows if not wording.absent(r["paper"])):
        others = [v for k, v in row.items() if k.startswith("tag_") and k != f"tag_{tag}"]
        groups.setdefault((row["protocol"], row["split"], row["metric"], *others), []).append(row)
    return [wording.order(group, tag) for group in groups.values() if len(group) > 1]


def chart(rows: Sequence[Row], named: Labels, title: str) -> Any:
    """Return gains under both protocols, the paper's marked."""
    points: dict[str, dict[str, Any]] = {}
    for row in (r for r in rows if r["protocol"] in figures.PROTOCOLS):
        label = named.of(row)
        empty = {f"{p}{end}": "" for p in figures.PROTOCOLS for end in ("", "_low", "_high")}
        point = points.setdefault(label, {"label": label, **empty, "published": ""})
        ours = {"": row["gain"], "_low": row["low"], "_high": row["high"]}
        point |= {f"{row['protocol']}{end}": value for end, value in ours.items()}
        point["published"] = row["paper"]
        points[label] = point
    ordered = sorted(points.values(), key=_strongest)
    return figures.gaps(ordered, title=f"Gain in {title}", percent=True, zero=True)


def _strongest(point: Row) -> tuple[bool, float]:
    absent = wording.absent(point["published"])
    return absent, 0.0 if absent else -float(point["published"])


def table(study: Study, named: Labels, rows: Sequence[Row], metrics: Sequence[str]) -> Table:
    """Return every run's gain in some figures."""
    found: list[list[str | Cell]] = []
    for run, base in dict.fromkeys((r["run"], r["base_run"]) for r in rows):
        own = {r["metric"]: r for r in rows if (r["run"], r["base_run"]) == (run, base)}
        first = next(iter(own.values()))
        paper = [r["paper"] for r in own.values() if not wording.absent(r["paper"])]
        found.append(
            [
                Cell(named.of(first), small=f"against {base}", mark=mark(first)),
                Cell(first["protocol"], small=first["split"]),
                f"{wording.number(paper[0], percent=True, signed=True)} %" if paper else "–",
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
    if row is None:
        return Cell(wording.DASH)
    strong = wording.verdict(row["low"], row["high"]) in (1, -1)
    ends = wording.interval(row["low"], row["high"], percent=True, signed=True)
    text = wording.number(row["gain"], percent=True, signed=True)
    return Cell(text, small=ends, mark="strong" if strong else "")

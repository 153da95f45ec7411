"""Learning curves by initialisation with their spread, and the learning curve index."""

import math
import statistics
from collections.abc import Sequence
from typing import Any

from cardiograft.report import wording
from cardiograft.report.cells import Cell, Line, Table
from cardiograft.report.inputs import ReportRow, Study
from cardiograft.report.run_names import RunNames
from cardiograft.report.sections.signals import curve, labelled

TITLE = "Learning curves and their index"
TAG = "tag_init"  # what the lines of one figure differ in
HEAD = ("Run", "Protocol", "Part", "Trainings", "Index", "Best value", "Its epoch")


def section(study: Study, names: RunNames) -> dict[str, Any] | None:
    """Return charts and a table, or nothing where the study keeps no curves."""
    rows = study.rows("learning_curves")
    if not rows:
        return None
    return {
        "title": TITLE,
        "text": wording.LEARNING,
        "figures": [_panel(own, study, names) for own in _groups(rows)],
        "table": _table(study, names),
    }


def _groups(rows: Sequence[ReportRow]) -> list[dict[str, list[ReportRow]]]:
    """Return, a chart each, the points of its runs: those that differ in their start alone."""
    groups: dict[tuple[str, ...], dict[str, list[ReportRow]]] = {}
    for row in rows:
        tags = [v for k, v in row.items() if k.startswith("tag_") and k != TAG]
        key = (row["protocol"], row["split"], row["part"], *tags)
        groups.setdefault(key, {}).setdefault(row["run"], []).append(row)
    return list(groups.values())


def _panel(runs: dict[str, list[ReportRow]], study: Study, names: RunNames) -> dict[str, Any]:
    first = next(iter(runs.values()))[0]
    about = study.about["metrics"].get(first["metric"], {"title": first["metric"], "percent": 0})
    scale = 100 if about["percent"] else 1
    lines = [
        {
            "parts": names.parts(points[0]),
            "protocol": points[0]["protocol"],
            "x": [float(p["epoch"]) for p in points],
            **{
                key: [scale * float(p[key] or "nan") for p in points]
                for key in ("value", "low", "high")
            },
        }
        for points in runs.values()
    ]
    alike, shown = labelled(lines)
    title = f"{about['title']}{' in %' if scale > 1 else ''} on the {first['part']} part"
    title = ", ".join([title, *alike, f"{wording.PROTOCOLS[first['protocol']].lower()}"])
    return {"title": title, "figure": curve(shown, "Epoch", title)}


def _table(study: Study, names: RunNames) -> Table:
    runs: dict[tuple[str, str], list[ReportRow]] = {}
    for row in study.rows("learning_indices"):
        runs.setdefault((row["run"], row["part"]), []).append(row)
    printed = any(not wording.absent(r.get("published")) for r in study.rows("learning_indices"))
    lines: list[Line] = [
        [
            names.cell(own[0]),
            own[0]["protocol"],
            part,
            str(len(own)),
            _spread([float(r["index"] or "nan") for r in own]),
            _spread([float(r["best"]) for r in own]),
            _spread([float(r["best_epoch"]) for r in own], digits=0),
            *([_printed(own[0])] if printed else []),
        ]
        for (_, part), own in runs.items()
    ]
    return Table(
        caption="The learning curve index: mean and standard deviation over trainings",
        head=(*HEAD, "Index in the paper") if printed else HEAD,
        rows=lines,
        words=frozenset({1, 2}),
    )


def _printed(row: ReportRow) -> str | Cell:
    """Return the paper's index, and where it stands; a dash where the run stands beside none."""
    if wording.absent(row.get("published")):
        return wording.DASH
    return Cell(wording.number(row["published"]), small=str(row["source"]))


def _spread(values: Sequence[float], *, digits: int | None = None) -> str | Cell:
    """Return mean and SD of what is finite, and how many are infinite or undefined."""
    finite = [v for v in values if math.isfinite(v)]
    endless, unknown = sum(map(math.isinf, values)), sum(map(math.isnan, values))
    counts = {wording.INFINITE: endless, "undefined": unknown}
    note = ", ".join(f"{what} in {n} of {len(values)}" for what, n in counts.items() if n)
    if not finite:
        return Cell(wording.INFINITE if endless else wording.DASH, small=note)
    text = wording.number(statistics.fmean(finite), digits=digits)
    if len(finite) > 1:
        text += f" ± {wording.number(statistics.stdev(finite), digits=digits)}"
    return Cell(text, small=note)

"""Charts of signal studies: example windows, heart rates, curves over a number."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from markupsafe import Markup

from cardiograft.report import sentences, wording
from cardiograft.report.cells import once
from cardiograft.report.charts.dumbbells import ticks
from cardiograft.report.charts.plane import Plane
from cardiograft.report.inputs import ReportRow, Study
from cardiograft.report.run_names import RunNames

RANKS = {"best": "Best subject", "median": "Median subject", "worst": "Worst subject"}
MARGIN = 0.06  # of a range, kept free above and below what is drawn
LINE = 15  # px that a label needs
CROWD, MANY = 300, 8  # dots that are a crowd, and layers that they are drawn in
NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)\s*(.*)")


def overlays(study: Study, names: RunNames) -> list[dict[str, Any]]:
    """Return, a run each, its example windows: input above, true and predicted below."""
    rows = study.rows("overlays")
    metric = study.about["metrics"][study.about["primary"].partition(":")[0]]
    shown = []
    for run in once(r["run"] for r in rows):
        own = [r for r in rows if r["run"] == run]
        panels = [
            _panel([r for r in own if r["rank"] == rank], metric, label=names.by_run[run])
            for rank in once(r["rank"] for r in own)
        ]
        shown.append({"run": names.by_run[run], "name": run, "panels": panels})
    return shown


def _panel(rows: Sequence[ReportRow], metric: ReportRow, *, label: str) -> dict[str, Any]:
    first = rows[0]
    of_subject, of_window = (
        wording.number(first[key], percent=bool(metric["percent"]))
        for key in ("of_subject", "of_window")
    )
    who = f"{RANKS[first['rank']]}, {first['subject']}"
    values = f"{metric['title']} {of_subject}, of this window {of_window}"
    title = f"{label}: {who}: input, true and predicted signal"
    figure = trace(rows, title, measured=values)
    return {"who": who, "caption": values, "segment": first["segment"], "figure": figure}


def trace(rows: Sequence[ReportRow], title: str, *, measured: str = "") -> Markup:
    """Return one window: a pane each input, and each true signal with the predicted one.

    Parameters
    ----------
    rows
        kind (``input``, ``true``, ``predicted``), channel, t_s, value; a sample each.
    measured
        What was measured of it, in words.
    """
    lines: dict[tuple[str, str], list[ReportRow]] = {}
    for row in rows:
        lines.setdefault((row["kind"], row["channel"]), []).append(row)
    panes = [
        *((channel, ("input",), 58) for kind, channel in lines if kind == "input"),
        *((channel, ("true", "predicted"), 104) for kind, channel in lines if kind == "true"),
    ]
    time_s = sorted({float(r["t_s"]) for r in rows})
    end = time_s[-1] + (time_s[1] - time_s[0])  # of the last sample
    marks = [m for m in ticks(0, end, most=11) if m <= end * 1.001]
    parts, top = [], 0
    for channel, kinds, height in panes:
        own = {kind: _columns(lines[kind, channel]) for kind in kinds}
        values = [y for _, ys in own.values() for y in ys]
        plane = Plane(x=(0, end), y=_roomy(values), height=height, top=top + LINE)
        parts += [
            plane.uprights(marks),
            plane.drawn([plane.line(*own[kind], f"trace {kind}") for kind in kinds]),
            plane.text("0", -3, channel, kind="tick"),
            plane.text("100%", -3, _legend(kinds[1:] and kinds), anchor="end"),
        ]
        top = plane.top + plane.height
    spans = (f"{kind} {channel} {_span(own)}" for (kind, channel), own in lines.items())
    described = "; ".join(filter(None, [measured, f"{end:.0f} s", *spans]))
    parts.append(plane.foot(marks, "Time in s"))
    return plane.chart(parts, title=title, described=described, kind="flush")


def _legend(kinds: Sequence[str]) -> Markup:
    """Return names of lines in their colours."""
    name = Markup('<tspan class="{}">{}</tspan>')
    return Markup("\u2003").join(name.format(kind, kind) for kind in kinds)


def _span(rows: Sequence[ReportRow]) -> str:
    """Return in words between which values a signal lies, and when it is highest."""
    time_s, values = _columns(rows)
    low, high = min(values), max(values)
    top = time_s[values.index(high)]
    ends = (wording.number(v) for v in (low, high))
    return f"from {' to '.join(ends)}, highest at {top:.1f} s"


def _columns(rows: Sequence[ReportRow]) -> tuple[list[float], list[float]]:
    return [float(r["t_s"]) for r in rows], [float(r["value"]) for r in rows]


def _roomy(values: Sequence[float]) -> tuple[float, float]:
    room = MARGIN * ((max(values) - min(values)) or 1)
    return min(values) - room, max(values) + room


def agreement(study: Study, names: RunNames) -> list[dict[str, Any]]:
    """Return, a run and channel each, Bland and Altman's plot of its heart rates."""
    rates = study.rows("heart_rates")
    shown = []
    for row in study.rows("agreement"):
        key = (row["run"], row["channel"])
        own = [r for r in rates if (r["run"], r["channel"]) == key and r["difference"] != ""]
        if own:
            label = names.by_run[row["run"]]
            note = sentences.agreement(row)
            shown.append({"run": label, "note": note, "figure": bland_altman(own, row, label)})
    return shown


def bland_altman(rows: Sequence[ReportRow], row: ReportRow, label: str) -> Markup:
    """Return differences over means, with bias and limits of agreement.

    Parameters
    ----------
    rows
        mean and difference, a window each.
    row
        bias and limits, ``""`` where too few subjects have any.
    """
    x, y = ([float(r[key]) for r in rows] for key in ("mean", "difference"))
    bias = float(row["bias"])
    half = [] if wording.absent(row["limits"]) else [float(row["limits"])]
    ends = [bias + sign * width for width in half for sign in (1, -1)]
    most = max(map(abs, [*y, *ends, 1.0])) * (1 + MARGIN)
    across = ticks(min(x), max(x), most=8)
    up = [m for m in ticks(-most, most, most=7) if abs(m) <= most]
    plane = Plane(x=(across[0], across[-1]), y=(-most, most), height=230, right=78)
    # Several faint layers: where dots lie upon each other, they darken.
    layers = MANY if len(x) > CROWD else 1
    kind = "dots many" if layers > 1 else "dots"
    parts = [
        plane.side(up),
        plane.foot(across, "Mean of true and predicted heart rate, per minute"),
        plane.drawn(
            [
                plane.level(0, "zero"),
                *(plane.dots(x[k::layers], y[k::layers], kind) for k in range(layers)),
                plane.level(bias, "bias"),
                *(plane.level(end, "limit") for end in ends),
            ]
        ),
    ]
    named = [("bias", bias), *zip(("limit", "limit"), ends, strict=False)]
    lows = _apart([plane.down(value) + 4 for _, value in named], within=plane.height)
    for (what, value), down in zip(named, lows, strict=True):
        label_of = f"{what} {wording.number(value, signed=True, digits=1)}"
        parts.append(plane.text(f"{plane.right + 1:g}%", down, label_of))
    title = f"{label}: difference of predicted and true heart rate over their mean"
    return plane.chart(parts, title=title, described=sentences.agreement(row))


def _apart(downs: Sequence[float], *, within: int) -> list[float]:
    """Return heights of labels, moved down where two would overlap."""
    order = np.argsort(downs, kind="stable")
    placed, last = [0.0] * len(downs), -np.inf
    for k in order:
        last = placed[k] = max(float(downs[k]), last + LINE)
    over = max(0.0, last - within)  # moved up together where the lowest would leave the plane
    return [down - over for down in placed]


def curves(study: Study, names: RunNames) -> list[dict[str, Any]]:
    """Return, a tag each, the primary metric over the tag's number."""
    metric, _, which = study.about["primary"].partition(":")
    rows = [
        r
        for r in study.rows("scores")
        if (r["part"], r["metric"], r["class"]) == ("test", metric, which)
    ]
    about = study.about["metrics"][metric]
    shown: list[dict[str, Any]] = []
    for tag in study.about.get("curves", []):
        lines, unit = _lines(rows, tag, names, scale=100 if about["percent"] else 1)
        title = f"{wording.name(about, {'class': which})}{' in %' if about['percent'] else ''}"
        title += f" over {tag}"
        if lines:
            name = f"{tag.capitalize()}{f' in {unit}' if unit else ''}"
            alike, lines = labelled(lines)
            title = ", ".join([title, *alike])
            shown.append({"title": title, "figure": curve(lines, name, title)})
        else:
            note = wording.NO_CURVE.format(tag=tag)
            shown.append({"title": title, "figure": None, "note": note})
    return shown


def _lines(
    rows: Sequence[ReportRow], tag: str, names: RunNames, *, scale: float
) -> tuple[list[dict[str, Any]], str]:
    """Return the lines over a tag, and its unit.

    The runs of a line differ in this tag alone, and were tested on as many windows: else it
    would show two things at once. All protocols but the paper's are one here: a line begins
    with unseen subjects (no calibration) and goes on with calibrated ones.
    """
    groups: dict[tuple[Any, ...], dict[float, ReportRow]] = {}
    unit = ""
    for row in rows:
        hit = NUMBER.fullmatch(str(row.get(f"tag_{tag}", "")))
        if hit and not wording.absent(row["value"]):
            others = [v for k, v in row.items() if k.startswith("tag_") and k != f"tag_{tag}"]
            key = (row["protocol"] == "paper", row["segments"], row["simulated"], *others)
            groups.setdefault(key, {}).setdefault(float(hit[1]), row)
            unit = unit or hit[2]
    lines = []
    for points in (dict(sorted(g.items())) for g in groups.values() if len(g) > 1):
        last = list(points.values())[-1]
        parts = names.parts({k: v for k, v in last.items() if k != f"tag_{tag}"})
        lines.append(
            {
                "parts": parts,
                "protocol": last["protocol"],
                "x": list(points),
                **{
                    key: [scale * float(r[key] or "nan") for r in points.values()]
                    for key in ("value", "low", "high")
                },
            }
        )
    return lines, unit


def labelled(lines: Sequence[ReportRow]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return what all lines have in common, and the lines labelled by the rest."""
    parts = [line["parts"] for line in lines]
    alike = [part for part in parts[0] if all(part in other for other in parts)]
    labels = [", ".join(p for p in own if p not in alike) for own in parts]
    return alike, [{**line, "label": label} for line, label in zip(lines, labels, strict=True)]


def _in_words(line: ReportRow) -> str:
    """Return a line's points in words, each with its interval."""
    keys = ("x", "value", "low", "high")
    points = (
        f"{wording.number(v)} {wording.interval(low, high)}".strip() + f" at {x:g}"
        for x, v, low, high in zip(*(line[key] for key in keys), strict=True)
    )
    name = ", ".join(filter(None, [line["label"], line["protocol"]]))
    return f"{name}: {', '.join(points)}"


def curve(lines: Sequence[ReportRow], name: str, title: str) -> Markup:
    """Return lines with the bands of their intervals, labelled at their right ends.

    Parameters
    ----------
    lines
        label, protocol, x, value, low, high.
    """
    every = [v for line in lines for key in ("value", "low", "high") for v in line[key]]
    up = ticks(float(np.nanmin(every)), float(np.nanmax(every)))
    places = [x for line in lines for x in line["x"]]
    across = ticks(min(places), max(places))
    plane = Plane(x=(across[0], across[-1]), y=(up[0], up[-1]), height=230)
    if any(line["label"] for line in lines):
        plane = replace(plane, right=72)
    drawn, dots = [], []
    for k, line in enumerate(lines):
        kind = f"{line['protocol']} dash-{k % 3}"
        known = [i for i, low in enumerate(line["low"]) if np.isfinite(low)]
        if len(known) > 1:
            x, low, high = ([line[key][i] for i in known] for key in ("x", "low", "high"))
            drawn.append(plane.band(x, low, high, f"band {kind}"))
        dots.append(plane.line(line["x"], line["value"], f"curve {kind}"))
        dots.append(plane.dots(line["x"], line["value"], f"dots {line['protocol']}"))
    ends = _apart([plane.down(line["value"][-1]) + 4 for line in lines], within=plane.height)
    labels = [
        plane.text(f"{plane.right + 1:g}%", down, line["label"], kind=f"row {line['protocol']}")
        for line, down in zip(lines, ends, strict=True)
    ]
    described = "; ".join(map(_in_words, lines))
    parts = [plane.side(up), plane.foot(across, name), plane.drawn([*drawn, *dots]), *labels]
    return plane.chart(parts, title=title, described=described)

"""Charts as inline SVG: positions in per cent, so that text keeps its size on any screen.

Colours come from the page's style by class name, so a chart follows light and dark.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from cardiograft.report import wording

ROW = 46  # px a row of the gap chart
LINE = 15  # px that a further line of a name needs
LETTERS = 46  # of a line: as many as a phone's width holds
LEFT, RIGHT = 2.0, 98.0  # per cent of the width that the axis spans
PROTOCOLS = ("paper", "honest")  # between which there is a gap


def ticks(low: float, high: float, *, most: int = 6) -> list[float]:
    """Return round numbers that span [low, high], at most so many."""
    span = max(high - low, 1e-9)
    for step in (s * 10.0**e for e in range(-4, 7) for s in (1, 2, 5)):
        first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
        if last - first < most and span / step <= most:
            return [float(round(k * step, 10)) for k in np.arange(first, last + 1)]
    return [low, high]


def gaps(
    rows: Sequence[Mapping[str, Any]], *, title: str, percent: bool, zero: bool = False
) -> Markup:
    """Return paper and honest scores of each run on one axis, joined by their gap.

    Parameters
    ----------
    rows
        label, paper, paper_low, paper_high, honest, honest_low, honest_high; NaN or ``""``
        where there is no interval. ``published``, where the paper prints a value, is marked.
    title
        What is on the axis, for those who can't see it too.
    zero
        Whether zero, nothing gained, is on the axis and drawn.
    """
    known = [float(v) for r in rows for k, v in r.items() if k != "label" and not wording.absent(v)]
    if not known:
        return Markup()
    known += [0.0] if zero else []
    marks = ticks(min(known), max(known))
    if len(marks) == 1:  # all values are alike, and an axis has two ends
        marks = ticks(marks[0], marks[0] + (abs(marks[0]) or 1) / 2)
    labels = [textwrap.wrap(str(row["label"]), LETTERS) or [""] for row in rows]
    tops = np.cumsum([0, *(ROW + LINE * (len(label) - 1) for label in labels)]).tolist()
    height = tops[-1] + 30
    parts = [_axis(marks, height, percent)]
    if zero:
        parts.append(
            Markup('<line class="zero" x1="{x}" x2="{x}" y1="4" y2="{y}"/>').format(
                x=_x(0, marks), y=height - 20
            )
        )
    for row, label, top in zip(rows, labels, tops, strict=False):
        parts += [
            Markup('<text class="row" x="{}%" y="{}">{}</text>').format(LEFT, top + 17 + down, text)
            for down, text in zip(range(0, LINE * len(label), LINE), label, strict=True)
        ]
        y = top + 30 + LINE * (len(label) - 1)
        parts.append(_dumbbell(row, marks, y=y, percent=percent))
    described = "; ".join(f"{r['label']}: {', '.join(_in_words(r, percent))}" for r in rows)
    return _svg(parts, height=height, title=title, described=described, name="gaps")


def _in_words(row: Mapping[str, Any], percent: bool) -> Iterator[str]:
    """Yield what is drawn of a row, in words: for those who can't see it."""
    for kind in (*PROTOCOLS, "published"):
        if not wording.absent(row.get(kind)):
            ends = row.get(f"{kind}_low", ""), row.get(f"{kind}_high", "")
            interval = wording.interval(*ends, percent=percent)
            yield " ".join(
                filter(None, [kind, wording.number(row[kind], percent=percent), interval])
            )


def _svg(parts: Sequence[Markup], *, height: int, title: str, described: str, name: str) -> Markup:
    head = Markup(
        '<svg class="{}" role="img" width="100%" height="{}" aria-label="{}">'
        "<title>{}</title><desc>{}</desc>"
    ).format(name, height, title, title, described)
    return head + Markup("").join(parts) + Markup("</svg>")


def _x(value: Any, marks: Sequence[float]) -> str:
    share = (float(value) - marks[0]) / ((marks[-1] - marks[0]) or 1)
    return f"{LEFT + share * (RIGHT - LEFT):.2f}%"


def _axis(marks: Sequence[float], height: int, percent: bool) -> Markup:
    step = (marks[1] - marks[0]) * (100 if percent else 1)
    digits = max(0 if percent else 1, len(f"{step:g}".partition(".")[2]))
    lines = []
    for k, mark in enumerate(marks):
        text = f"{100 * mark:.{digits}f}" if percent else f"{mark:.{digits}f}"
        anchor = {0: "start", len(marks) - 1: "end"}.get(k, "middle")
        lines.append(
            Markup(
                '<line class="grid" x1="{x}" x2="{x}" y1="4" y2="{bottom}"/>'
                '<text class="tick" x="{x}" y="{low}" text-anchor="{anchor}">{text}</text>'
            ).format(
                x=_x(mark, marks),
                bottom=height - 20,
                low=height - 5,
                anchor=anchor,
                text=text.replace("-", wording.MINUS) + (" %" if percent else ""),
            )
        )
    return Markup("").join(lines)


def _dumbbell(row: Mapping[str, Any], marks: Sequence[float], *, y: int, percent: bool) -> Markup:
    parts = []
    if not wording.absent(row["paper"]) and not wording.absent(row["honest"]):
        parts.append(
            Markup('<line class="gap" x1="{}" x2="{}" y1="{y}" y2="{y}"/>').format(
                _x(row["honest"], marks), _x(row["paper"], marks), y=y
            )
        )
    for protocol, shift in (("honest", 5), ("paper", -5)):
        low, high = row[f"{protocol}_low"], row[f"{protocol}_high"]
        if not wording.absent(low):
            parts.append(
                Markup('<line class="whisker {}" x1="{}" x2="{}" y1="{y}" y2="{y}"/>').format(
                    protocol, _x(low, marks), _x(high, marks), y=y + shift
                )
            )
        if not wording.absent(row[protocol]):
            value = wording.number(row[protocol], percent=percent)
            parts.append(
                Markup(
                    '<circle class="{}" cx="{}" cy="{}" r="5"><title>{}: {}</title></circle>'
                ).format(protocol, _x(row[protocol], marks), y + shift, protocol, value)
            )
    if not wording.absent(row.get("published")):
        value = wording.number(row["published"], percent=percent)
        parts.append(
            Markup(
                '<line class="published" x1="{x}" x2="{x}" y1="{}" y2="{}">'
                "<title>published: {}</title></line>"
            ).format(y - 10, y + 10, value, x=_x(row["published"], marks))
        )
    return Markup("").join(parts)


def curve(lines: Sequence[Mapping[str, Any]], *, title: str) -> Markup:
    """Return small curves over epochs; dots, where there was one.

    Parameters
    ----------
    lines
        part (``train``, ``validation``, ``test``), x and y, a line each.
    """
    x = np.concatenate([np.asarray(line["x"], float) for line in lines])
    y = np.concatenate([np.asarray(line["y"], float) for line in lines])
    y = y[np.isfinite(y)]
    if not len(y):
        return Markup()
    low, high = min(0.0, float(y.min())), float(y.max()) or 1.0
    left, right = float(x.min()), float(x.max())
    kind = "curve one " if left == right else "curve "
    drawn = [
        Markup('<polyline class="{}" points="{}"/>').format(
            kind + line["part"], _points(line, (left, right), (low, high))
        )
        for line in lines
    ]
    described = "; ".join(f"{line['part']} {_course(line)}" for line in lines)
    head = Markup(
        '<svg class="curves" role="img" viewBox="0 0 100 60" preserveAspectRatio="none"'
        ' aria-label="{}"><title>{}</title><desc>{}</desc>'
        '<line class="floor" x1="0" x2="100" y1="59.5" y2="59.5"/>'
    ).format(title, title, described)
    return head + Markup("").join(drawn) + Markup("</svg>")


def _course(line: Mapping[str, Any]) -> str:
    """Return in words how a curve goes: where it begins, is lowest, and ends."""
    known = [(x, y) for x, y in zip(line["x"], line["y"], strict=True) if np.isfinite(y)]
    if not known:
        return "has no value"
    lowest = min(known, key=lambda point: point[1])
    return (
        f"from {known[0][1]:.3f} to {known[-1][1]:.3f}, lowest {lowest[1]:.3f} at {lowest[0]:g}"
        f" of {known[-1][0]:g}"
    )


def _points(
    line: Mapping[str, Any], across: tuple[float, float], up: tuple[float, float]
) -> Markup:
    pairs = []
    for x, y in zip(line["x"], line["y"], strict=True):
        if np.isfinite(y):
            right = 100 * (float(x) - across[0]) / ((across[1] - across[0]) or 1)
            right = 50.0 if across[0] == across[1] else right
            down = 58 - 56 * (float(y) - up[0]) / ((up[1] - up[0]) or 1)
            pairs.append(f"{right:.1f},{down:.1f}")
    return escape(" ".join(pairs * 2 if len(pairs) == 1 else pairs))  # a line of one point is none

"""Reliability: how often what a run predicts is right, by the probability that it gives it."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from cardiograft.report import wording
from cardiograft.report.charts.plane import Plane
from cardiograft.report.inputs import ReportRow, Study
from cardiograft.report.run_names import RunNames

TITLE = "Reliability"
TEXT = (
    "The share of predictions that are right over the probability that the model gives the"
    " predicted class, in bins of a fifteenth: on the dashed diagonal a probability holds as often"
    " as it says, below it the model is too sure. Bars, of which the highest is a quarter of the"
    " figure, are how many predictions a bin holds. No threshold is in it. The calibration error"
    " (ECE) is the mean distance of the points from the diagonal, weighed by these numbers; it and"
    " the Brier score are means over repeats, points are of all repeats together."
)
BARS = 0.25  # of the height, for the bin with most predictions
MARKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def section(study: Study, names: RunNames) -> dict[str, Any] | None:
    """Return small charts, one a run; nothing where none has the calibration error."""
    runs: dict[str, dict[str, list[ReportRow]]] = {}
    for row in study.rows("reliability"):
        runs.setdefault(row["run"], {}).setdefault(row["part"], []).append(row)
    if not runs:
        return None
    panels = [_panel(_shown(parts), names) for parts in runs.values()]
    return {"title": TITLE, "text": TEXT, "figures": panels}


def _shown(parts: dict[str, list[ReportRow]]) -> list[ReportRow]:
    """Return the bins of the test part; of another, where it is not evaluated."""
    return parts.get("test") or next(iter(parts.values()))


def _panel(bins: Sequence[ReportRow], names: RunNames) -> dict[str, Any]:
    first = bins[0]
    what = "recording" if first.get("tag_per") == "record" else "segment"
    total = sum(float(one["count"]) for one in bins)
    words = [
        f"ECE {wording.number(first['calibration_error'])}",
        *([] if wording.absent(first["brier"]) else [f"Brier {wording.number(first['brier'])}"]),
        f"{wording.plural(round(total), what)} of the {first['part']} part",
    ]
    most = max(float(one["count"]) for one in bins)
    words.append(f"{wording.count(most)} of them in the fullest bin")
    name = names.of(first)
    return {
        "run": name,
        "figure": _chart(bins, title=f"Reliability of {name}", kind=str(first["protocol"])),
        "caption": ", ".join(words),
        "small": f"{first['run']}, {wording.PROTOCOLS[first['protocol']].lower()}",
    }


def _chart(bins: Sequence[ReportRow], *, title: str, kind: str) -> Markup:
    low = 0.5 if min(float(one["low"]) for one in bins) > 0.45 else 0.0  # two classes: from a half
    plane = Plane(x=(low, 1.0), y=(0.0, 1.0), height=150)
    most = max(float(one["count"]) for one in bins)
    bars = [
        plane.band(
            [max(low, float(one["low"])), float(one["high"])],
            [0.0, 0.0],
            [BARS * float(one["count"]) / most] * 2,
            f"band {kind}",
        )
        for one in bins
    ]
    xs, ys = ([float(one[key]) for one in bins] for key in ("probability", "right"))
    drawn = [
        *bars,
        plane.line((low, 1.0), (low, 1.0), "limit"),
        plane.line(xs, ys, f"curve {kind}"),
        plane.dots(xs, ys, f"dots {kind}"),
    ]
    described = "; ".join(
        f"at a probability of {wording.number(x)} {wording.number(y)} are right, of"
        f" {wording.count(one['count'])}"
        for x, y, one in zip(xs, ys, bins, strict=True)
    )
    marks = [mark for mark in MARKS if mark >= low]
    parts = [plane.side(MARKS), plane.foot(marks, "Probability"), plane.drawn(drawn)]
    return plane.chart(parts, title=title, described=described)

"""The README's tables, made of measured ones: what runs score, gaps, spoilt inputs, gains."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from cardiograft import plugins
from cardiograft.report import wording
from cardiograft.report.cells import once, records
from cardiograft.report.measured import GAIN, GAP, SHOWN, Row, shown, spoilt

CONTROLS = {
    "shuffled": "in pieces, shuffled",
    "other": "another person’s",
    "phase": "noise of its spectrum",
}


def readme_table(path: Path) -> str:
    """Return the Markdown of a measured table: every run and its cost folded, the rest in sight.

    That is gaps, the range of what runs score of spoilt inputs, and gains that the paper tells of.

    Only figures over all classes are shown: those of `SHOWN`, whoever they leave out.
    """
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = [r for r in records(frame) if r["protocol"] in wording.PROTOCOLS and not r["class"]]
    metrics = [m for m in once(r["metric"] for r in rows) if shown(m)]
    rows = [r for r in rows if r["metric"] in metrics]
    walls = {r["run"]: r["value"] for r in records(frame) if r["metric"] == "wall_s"}
    printed = [name for name in SHOWN if any(r["paper"] for r in rows if r["metric"] == name)]
    theirs = printed[:1]
    titles = [*map(_title, metrics), *(f"Paper’s {_within(_title(m))}" for m in theirs)]
    head = ["Run", "Protocol", "Repeats", *titles, "Wall time a repeat"]
    lines = [head, ["---", "---", *["--:"] * (len(head) - 2)]]
    for run in once(r["run"] for r in rows):
        own = {r["metric"]: r for r in rows if r["run"] == run}
        lines.append(_line(run, own, metrics, theirs, walls.get(run, "")))
    runs = f"<details><summary>Every run</summary>\n\n{_markdown(lines)}\n\n</details>"
    tables = _gap_table(frame, metrics), _control_table(frame, metrics), _gain_table(frame)
    parts = _sentence(frame), *tables, runs
    return "\n\n".join(part for part in parts if part) + "\n"


def _title(metric: str) -> str:
    name, _, rest = metric.partition("(")
    unit = ", %" if _percent(metric) else ""
    title: str = plugins.constants("metrics", name)["TITLE"]
    return f"{title}{unit} {rest.removesuffix(')')}".strip()


def _percent(metric: str) -> bool:
    return bool(plugins.constants("metrics", metric.partition("(")[0])["PERCENT"])


def _within(title: str) -> str:
    """Return a title as it is written within a sentence: names keep their capital."""
    word = title.partition(",")[0]
    return title[0].lower() + title[1:] if word.isalpha() and word.istitle() else title


def _line(
    run: str, own: Mapping[str, Row], metrics: Sequence[str], theirs: Sequence[str], wall: str
) -> list[str]:
    first = next(iter(own.values()))
    cells = [_figure(own[m]) if m in own else "" for m in metrics]
    paper = [_number(m, own[m]["paper"]) if m in own and own[m]["paper"] else "" for m in theirs]
    remark = first["data"].partition(", ")[2]
    named = f"{run} ({remark})" if remark else run
    return [named, first["protocol"], first["repeats"], *cells, *paper, wording.seconds(wall)]


def _number(metric: str, value: str, *, signed: bool = False) -> str:
    return wording.number(value, percent=_percent(metric), signed=signed).removesuffix(" %")


def _figure(row: Row, *, signed: bool = False) -> str:
    percent = _percent(row["metric"])
    ends = wording.interval(row["low"], row["high"], percent=percent, signed=signed)
    return f"{_number(row['metric'], row['value'], signed=signed)} {ends}".strip()


def _gap_table(frame: pd.DataFrame, metrics: Sequence[str]) -> str:
    # What has a remark, such as a smoke run, is folded away with the runs.
    rows = [
        r
        for r in records(frame)
        if r["protocol"] == GAP and r["metric"] in metrics and ", " not in r["data"]
    ]
    if not rows:
        return ""
    head = ["Inflation gap (paper − honest)", *(_title(m) for m in metrics)]
    lines = [head, ["---", *["--:"] * len(metrics)]]
    for run in once(r["run"] for r in rows):
        own = {r["metric"]: r for r in rows if r["run"] == run}
        cells = [_figure(own[m], signed=True) if m in own else "" for m in metrics]
        lines.append([run.replace(" - ", " − "), *cells])
    return _markdown(lines)


def _control_table(frame: pd.DataFrame, metrics: Sequence[str]) -> str:
    """Return, a control each, the lowest and the highest figure of any run."""
    rows = [r for r in records(frame) if ", " not in r["data"]]  # as for gaps
    lines = []
    for control, title in CONTROLS.items():
        own = {m: [r for r in rows if r["metric"] == spoilt(m, control)] for m in metrics}
        runs = {r["run"] for some in own.values() for r in some}
        if runs:
            cells = [_range(m, [r["value"] for r in own[m] if r["value"]]) for m in metrics]
            lines.append([title, str(len(runs)), *cells])
    if not lines:
        return ""
    head = ["Spoilt input: lowest to highest figure", "Runs", *map(_title, metrics)]
    return _markdown([head, ["---", *["--:"] * (len(head) - 1)], *lines])


def _range(metric: str, values: Sequence[str]) -> str:
    ends = [_number(metric, v) for v in sorted(values, key=float)]
    return f"{ends[0]} to {ends[-1]}" if ends else ""


def _gain_table(frame: pd.DataFrame) -> str:
    """Return the gains that the paper tells of, over each base."""
    rows: dict[tuple[str, str], dict[str, Row]] = {}
    for row in records(frame):
        if row["metric"].startswith(GAIN) and ", " not in row["data"]:  # as for gaps
            figure, _, base = row["metric"].removeprefix(GAIN).partition(" at ")
            rows.setdefault((row["run"].partition(" - ")[0], figure), {})[base] = row
    told = {key: own for key, own in rows.items() if any(r["paper"] for r in own.values())}
    if not told:
        return ""
    bases = once(base for own in told.values() for base in own)
    head = ["Gain, %", "Figure", "Protocol", "Paper’s", *(f"At {base}" for base in bases)]
    lines = [head, ["---", "---", "---", *["--:"] * (1 + len(bases))]]
    for (run, figure), own in told.items():
        paper = next(r["paper"] for r in own.values() if r["paper"])
        theirs = wording.number(paper, percent=True, signed=True)
        cells = [_gain(own[base]) if base in own else "" for base in bases]
        protocol = next(iter(own.values()))["protocol"]
        lines.append([run, _title(figure).partition(",")[0], protocol, theirs, *cells])
    return _markdown(lines)


def _gain(row: Row) -> str:
    ends = wording.interval(row["low"], row["high"], percent=True, signed=True)
    return f"{wording.number(row['value'], percent=True, signed=True)} {ends}".strip()


def _sentence(frame: pd.DataFrame) -> str:
    rows = [r for r in records(frame) if r["metric"] == "segments"]
    said = []
    for run in once(r["run"] for r in rows):
        own = {r["class"]: wording.count(r["value"]) for r in rows if r["run"] == run}
        parts = " · ".join(f"{name} {n}" for name, n in own.items() if name)
        said.append(f"`{run}`: {own['']} segments" + (f" ({parts})." if parts else "."))
    return "\n".join(said)


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(c.replace('|', '∣') for c in line)} |" for line in lines)


def replaced(text: str, name: str, table_: str) -> str:
    """Return a document with what stands between a table's markers renewed.

    The markers are ``<!-- table:NAME -->`` and ``<!-- /table:NAME -->``.

    Raises
    ------
    ValueError
        They are not there, once each and in order.
    """
    start, end = f"<!-- table:{name} -->", f"<!-- /table:{name} -->"
    if text.count(start) != 1 or text.count(end) != 1 or text.index(start) > text.index(end):
        raise ValueError(f"expected {start} and {end} once each, in this order")
    before, after = text.partition(start)[0], text.partition(end)[2]
    return f"{before}{start}\n{table_}{end}{after}"

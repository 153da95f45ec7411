"""Measured tables: the figures that README and docs quote, tidy, with where they come from.

A row is a figure of a run on its test part, but for

``metric`` of ``segments`` or ``wall_s``
    How many segments an entry has (by class), and what a repeat of a run takes.
``protocol`` of ``gap``
    Of a run by the paper's protocol less the honest one: ``paper run - honest run``.
``metric`` of ``pearson, shuffled``
    Of the same run, its input spoilt by that control.
``metric`` of ``gain of pearson at matched compute``
    Of a run over the base of that name, ``run - base run``, a share; ``paper`` is the paper's.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cardiograft import plugins
from cardiograft.report import wording
from cardiograft.report.read import Study
from cardiograft.report.views import once, records

COLUMNS = (
    "study",
    "run",
    "protocol",
    "data",
    "metric",
    "class",
    "repeats",
    "value",
    "low",
    "high",
    "paper",
    "command",
    "commit",
)
GAP = "gap"
GAIN = "gain of "
CONTROLS = {
    "shuffled": "in pieces, shuffled",
    "other": "another person’s",
    "phase": "noise of its spectrum",
}
# Metrics of the README's tables; what the paper says of the first that it gives has a column.
SHOWN = (
    "accuracy",
    "macro_f1",
    "jkappa",
    "pearson",
    "prd",
    "r2",
    "peak_sensitivity",
    "peak_positive_predictivity",
)
Row = dict[str, Any]


def table(
    study: Study,
    summaries: Mapping[str, Mapping[str, Any]],
    *,
    command: str,
    commit: str,
    simulated: bool = False,
) -> pd.DataFrame:
    """Return a study's measured table.

    Parameters
    ----------
    study
        Its tables.
    summaries
        Name of an entry of segments to its ``summary.json``.
    command, commit
        What made the figures.
    simulated
        Whether simulated data may be in it.

    Raises
    ------
    ValueError
        Something in it is simulated, and that was not asked for.
    """
    made_up = study.about["simulated"] or any(s["simulated"] for s in summaries.values())
    if made_up and not simulated:
        raise ValueError(f"{study.name}: the tables hold simulated data: not a measurement")
    rows = [
        *_counts(summaries),
        *_scores(study),
        *_controls(study),
        *_gaps(study),
        *_gains(study),
        *_costs(study),
    ]
    about = {"study": study.name, "command": command, "commit": commit}
    return pd.DataFrame([{**about, **row} for row in rows]).reindex(columns=list(COLUMNS))


def _counts(summaries: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    rows = []
    for name, summary in summaries.items():
        counts = {"": summary["segments"], **summary["labels"]}
        rows += [
            {"run": name, "metric": "segments", "class": label, "value": n}
            for label, n in counts.items()
        ]
    return rows


def _scores(study: Study) -> list[Row]:
    paper = {
        (row["run"], row["metric"], row["class"]): row["published"]
        for row in records(study.frame("published"))
        if row["run"]
    }
    return [
        {**_score(row), "paper": paper.get((row["run"], row["metric"], row["class"]), "")}
        for row in records(study.frame("scores"))
        if row["part"] == "test"
    ]


def _score(row: Row) -> Row:
    return {
        **{key: row[key] for key in ("run", "protocol", "metric", "class", "repeats")},
        **{key: _short(row[key]) for key in ("value", "low", "high")},
        "data": _data(row),
    }


def _controls(study: Study) -> list[Row]:
    """Return the README's figures of each run on spoilt inputs."""
    found = []
    for row in records(study.frame("scores")):
        part, _, control = row["part"].partition(", ")
        if part == "test" and control and not row["class"] and _shown(row["metric"]):
            found.append({**_score(row), "metric": _spoilt(row["metric"], control)})
    return found


def _spoilt(metric: str, control: str) -> str:
    return f"{metric}, {control}"


def _gains(study: Study) -> list[Row]:
    return [
        {
            "run": f"{row['run']} - {row['base_run']}",
            "protocol": row["protocol"],
            "data": _data(row),
            "metric": f"{GAIN}{row['metric']} at {row['against']}",
            "class": row["class"],
            "value": _short(row["gain"]),
            **{key: _short(row[key]) for key in ("low", "high", "paper")},
        }
        for row in records(study.frame("gains"))
    ]


def _gaps(study: Study) -> list[Row]:
    return [
        {
            "run": f"{row['paper_run']} - {row['honest_run']}",
            "protocol": GAP,
            "data": _data(row),
            "metric": row["metric"],
            "class": row["class"],
            "value": _short(row["gap"]),
            "low": _short(row["low"]),
            "high": _short(row["high"]),
        }
        for row in records(study.frame("gaps"))
        if not row["class"]
    ]


def _costs(study: Study) -> list[Row]:
    costs = records(study.frame("costs"))
    rows = []
    for stage, entry in dict.fromkeys((c["stage"], c["entry"]) for c in costs):
        walls = [float(c["wall_s"]) for c in costs if (c["stage"], c["entry"]) == (stage, entry)]
        mean = f"{sum(walls) / len(walls):.1f}"
        row = {"run": entry, "metric": "wall_s", "class": stage, "repeats": len(walls)}
        rows.append({**row, "value": mean})
    return [*rows, *_of_pools(study, rows)]


def _of_pools(study: Study, rows: Sequence[Row]) -> list[Row]:
    """Return what a repeat of all folds of a pooled run takes."""
    found = []
    for run, members in study.about.get("pools", {}).items():
        own = [r for r in rows if r["run"] in members]
        if len(own) == len(members):
            whole = f"{sum(float(r['value']) for r in own):.1f}"
            found.append({**own[0], "run": run, "value": whole})
    return found


def _data(row: Row) -> str:
    """Return the tags that say what was measured on: ``ptbdb, smoke run: 6 people``."""
    return ", ".join(str(row[tag]) for tag in ("tag_data", "tag_scale") if row.get(tag))


def _short(value: str) -> str:
    return value if value == "" else f"{float(value):.6g}"


def readme_table(path: Path) -> str:
    """Return the Markdown of a measured table: every run and its cost folded, the rest in sight.

    That is gaps, the range of what runs score of spoilt inputs, and gains that the paper tells of.

    Only figures over all classes are shown: those of `SHOWN`, whoever they leave out.
    """
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = [r for r in records(frame) if r["protocol"] in wording.PROTOCOLS and not r["class"]]
    metrics = [m for m in once(r["metric"] for r in rows) if _shown(m)]
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


def _shown(metric: str) -> bool:
    name, _, options = metric.partition("(")
    left_out = options.startswith("without ") and options.endswith(")")
    return name in SHOWN and (left_out or not options)


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
        own = {m: [r for r in rows if r["metric"] == _spoilt(m, control)] for m in metrics}
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

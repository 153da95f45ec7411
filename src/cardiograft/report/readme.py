"""Markdown made of measured tables: the README's row a study, and a study's own tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from cardiograft import plugins
from cardiograft.report import wording
from cardiograft.report.cells import Cell, once, records
from cardiograft.report.headline import HEAD, headline_row
from cardiograft.report.headline_values import within
from cardiograft.report.measured import read
from cardiograft.report.measured_names import (
    DIFFERS,
    DOSE,
    GAIN,
    GAP,
    SHOWN,
    MeasuredRow,
    corrupted,
    shown,
)
from cardiograft.report.prose_values import renewed_values

HEADLINES = "headlines"  # the README's table
HEADS = "head_balanced_accuracy"
CONTROLS = {
    "shuffled": "in pieces, shuffled",
    "other": "another person’s",
    "phase": "noise of its spectrum",
}
PAGE = """# {title}

<!-- table:{study} -->
<!-- /table:{study} -->
"""


def headline_table(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the README's table: a row a study, and sentences below it.

    Parameters
    ----------
    tables
        Name of a study to its measured table.
    """
    rows = [headline_row(study, table) for study, table in tables.items()]
    lines = [list(HEAD), ["---", "---", *["--:"] * (len(HEAD) - 3), "---"]]
    claims = []
    for row in rows:
        first, *cells = row.cells
        link = Cell(f"[{first.text}](docs/studies/{row.study}.md)", small=first.small)
        lines.append([_cell(cell) for cell in (link, *cells)])
        if row.sentences:
            claims.append(f"- **{first.text}.** {' '.join(row.sentences)}")
    return "\n\n".join(part for part in (_markdown(lines), "\n".join(claims)) if part) + "\n"


def _cell(cell: Cell) -> str:
    return f"{cell.text}<br><sub>{cell.small}</sub>" if cell.small else cell.text


def study_tables(frame: pd.DataFrame) -> str:
    """Return the tables of a study's own page: every run and its cost folded, the rest in sight.

    That is gaps, the range of what runs score on corrupted inputs, and gains that the paper gives
    too. Only values over all classes are shown: those of `SHOWN`, whoever they leave out.

    Parameters
    ----------
    frame
        A measured table, every cell text.
    """
    rows = [r for r in records(frame) if r["protocol"] in wording.PROTOCOLS and not r["class"]]
    metrics = [m for m in once(r["metric"] for r in rows) if shown(m)]
    rows = [r for r in rows if r["metric"] in metrics]
    walls = {r["run"]: r["value"] for r in records(frame) if r["metric"] == "wall_s"}
    printed = [name for name in SHOWN if any(r["paper"] for r in rows if r["metric"] == name)]
    theirs = printed[:1]
    titles = [*map(_title, metrics), *(f"Paper’s {within(_title(m))}" for m in theirs)]
    head = ["Run", "Protocol", "Repeats", *titles, "Wall time a repeat"]
    lines = [head, ["---", "---", *["--:"] * (len(head) - 2)]]
    for run in once(r["run"] for r in rows):
        own = {r["metric"]: r for r in rows if r["run"] == run}
        lines.append(_line(run, own, metrics, theirs, walls.get(run, "")))
    runs = f"<details><summary>Every run</summary>\n\n{_markdown(lines)}\n\n</details>"
    tables = (
        _gap_table(frame, metrics),
        _dose_table(frame, metrics),
        _control_table(frame, metrics),
        _gain_table(frame),
        _beside_table(frame, theirs),
        _head_table(frame),
    )
    parts = _counts(frame), *tables, runs
    return "\n\n".join(part for part in parts if part) + "\n"


def _title(metric: str) -> str:
    name, _, rest = metric.partition("(")
    unit = ", %" if _percent(metric) else ""
    title: str = plugins.constants("metrics", name)["TITLE"]
    return f"{title}{unit} {rest.removesuffix(')')}".strip()


def _percent(metric: str) -> bool:
    return bool(plugins.constants("metrics", metric.partition("(")[0])["PERCENT"])


def _line(
    run: str,
    own: Mapping[str, MeasuredRow],
    metrics: Sequence[str],
    theirs: Sequence[str],
    wall: str,
) -> list[str]:
    first = next(iter(own.values()))
    cells = [_estimate(own[m]) if m in own else "" for m in metrics]
    paper = [_number(m, own[m]["paper"]) if m in own and own[m]["paper"] else "" for m in theirs]
    remark = first["data"].partition(", ")[2]
    named = f"{run} ({remark})" if remark else run
    return [named, first["protocol"], first["repeats"], *cells, *paper, wording.seconds(wall)]


def _number(metric: str, value: str, *, signed: bool = False) -> str:
    return wording.number(value, percent=_percent(metric), signed=signed).removesuffix(" %")


def _estimate(row: MeasuredRow, *, signed: bool = False) -> str:
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
        cells = [_estimate(own[m], signed=True) if m in own else "" for m in metrics]
        lines.append([run.replace(" - ", " − "), *cells])
    return _markdown(lines)


def _dose_table(frame: pd.DataFrame, metrics: Sequence[str]) -> str:
    """Return what more of the tested people's own segments in training change, a row each."""
    words = {f"{DOSE}slope": "slope", f"{DOSE}amount": "as many of other people"}
    known = (f"{DOSE}difference", *words)
    rows = [r for r in records(frame) if r["protocol"] in known and r["metric"] in metrics]
    rows = [r for r in rows if not r["class"]]
    if not rows:
        return ""
    lines = [["Leakage by dose", *(_title(m) for m in metrics)]]
    lines.append(["---", *["--:"] * len(metrics)])
    for run, kind in dict.fromkeys((r["run"], r["protocol"]) for r in rows):
        own = {r["metric"]: r for r in rows if (r["run"], r["protocol"]) == (run, kind)}
        cells = [_estimate(own[m], signed=True) if m in own else "" for m in metrics]
        ends = str(run).split(", ")
        curve = f"{ends[0]} … {ends[-1]}, {words.get(kind)}"
        named = curve if kind in words else str(run).replace(" - ", " − ")
        lines.append([named, *cells])
    return _markdown(lines)


def _control_table(frame: pd.DataFrame, metrics: Sequence[str]) -> str:
    """Return, a control each, the lowest and the highest value of any run."""
    rows = [r for r in records(frame) if ", " not in r["data"]]  # as for gaps
    lines = []
    for control, title in CONTROLS.items():
        own = {m: [r for r in rows if r["metric"] == corrupted(m, control)] for m in metrics}
        runs = {r["run"] for some in own.values() for r in some}
        if runs:
            cells = [_range(m, [r["value"] for r in own[m] if r["value"]]) for m in metrics]
            lines.append([title, str(len(runs)), *cells])
    if not lines:
        return ""
    head = ["Corrupted input: lowest to highest value", "Runs", *map(_title, metrics)]
    return _markdown([head, ["---", *["--:"] * (len(head) - 1)], *lines])


def _range(metric: str, values: Sequence[str]) -> str:
    ends = [_number(metric, v) for v in sorted(values, key=float)]
    return f"{ends[0]} to {ends[-1]}" if ends else ""


def _gain_table(frame: pd.DataFrame) -> str:
    """Return the gains that the paper gives too, over each base."""
    rows: dict[tuple[str, str], dict[str, MeasuredRow]] = {}
    for row in records(frame):
        if row["metric"].startswith(GAIN) and ", " not in row["data"]:  # as for gaps
            metric, _, base = row["metric"].removeprefix(GAIN).partition(" at ")
            rows.setdefault((row["run"].partition(" - ")[0], metric), {})[base] = row
    given = {key: own for key, own in rows.items() if any(r["paper"] for r in own.values())}
    if not given:
        return ""
    bases = once(base for own in given.values() for base in own)
    head = ["Gain, %", "Metric", "Protocol", "Paper’s", *(f"At {base}" for base in bases)]
    lines = [head, ["---", "---", "---", *["--:"] * (1 + len(bases))]]
    for (run, metric), own in given.items():
        paper = next(r["paper"] for r in own.values() if r["paper"])
        theirs = wording.number(paper, percent=True, signed=True)
        cells = [_gain(own[base]) if base in own else "" for base in bases]
        protocol = next(iter(own.values()))["protocol"]
        lines.append([run, _title(metric).partition(",")[0], protocol, theirs, *cells])
    return _markdown(lines)


def _head_table(frame: pd.DataFrame) -> str:
    """Return how well each binary head of a pretext task tells its two answers apart, a row a run.

    By balanced accuracy alone: a head of eight that always says no is right seven times in eight.
    """
    rows = [
        r for r in records(frame) if r["metric"] == HEADS and r["protocol"] in wording.PROTOCOLS
    ]
    if not rows:
        return ""
    heads = once(r["class"] for r in rows if r["class"])
    lines = [[f"{_title(HEADS)}, of each head", "Protocol", "Repeats", "Mean", *heads]]
    lines.append(["---", "---", *["--:"] * (2 + len(heads))])
    for run in once(r["run"] for r in rows):
        own = {r["class"]: r for r in rows if r["run"] == run}
        first = next(iter(own.values()))
        cells = [_estimate(own[head]) if head in own else "" for head in ("", *heads)]
        lines.append([run, first["protocol"], first["repeats"], *cells])
    return _markdown(lines)


def _beside_table(frame: pd.DataFrame, theirs: Sequence[str]) -> str:
    """Return the runs beside the paper's values, and what each does otherwise, if it is known."""
    every = [r for r in records(frame) if r["metric"] == DIFFERS]
    kinds = once(r["class"] for r in every)
    rows = [r for r in records(frame) if r["paper"] and r["metric"] in theirs and not r["class"]]
    if not kinds or not rows:  # no run is near enough to the paper's to stand beside it
        return ""
    metric = theirs[0]
    head = ["Beside the paper’s value", "Protocol", f"Paper’s {within(_title(metric))}", "Here"]
    lines = [[*head, *(f"Other {kind}" for kind in kinds)]]
    lines.append(["---", "---", "--:", "--:", *["---"] * len(kinds)])
    for row in rows:
        own = {r["class"]: r["value"] for r in every if r["run"] == row["run"]}
        remark = row["data"].partition(", ")[2]
        named = f"{row['run']} ({remark})" if remark else row["run"]
        values = [_number(metric, row["paper"]), _estimate(row)]
        by_kind = [own.get(kind, "") for kind in kinds]
        lines.append([named, row["protocol"], *values, *by_kind])
    return _markdown(lines)


def _gain(row: MeasuredRow) -> str:
    ends = wording.interval(row["low"], row["high"], percent=True, signed=True)
    return f"{wording.number(row['value'], percent=True, signed=True)} {ends}".strip()


def _counts(frame: pd.DataFrame) -> str:
    """Return how many segments each entry has, by class."""
    rows = [r for r in records(frame) if r["metric"] == "segments"]
    lines = []
    for entry in once(r["run"] for r in rows):
        own = {r["class"]: wording.count(r["value"]) for r in rows if r["run"] == entry}
        parts = " · ".join(f"{name} {n}" for name, n in own.items() if name)
        lines.append(f"- `{entry}`: {own['']} segments" + (f" ({parts})" if parts else ""))
    return "\n".join(lines)


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


def renewed(results: Path, *, pages: Path, readme: Path) -> dict[Path, str]:
    """Return every document that quotes published tables, with its tables renewed.

    Parameters
    ----------
    results
        Folder of published tables, ``<study>.csv``.
    pages
        Folder of the studies' pages, ``<study>.md``; a new study gets a page that is its table.
    readme
        Document with a row a study.

    Returns
    -------
    dict
        File to its text.

    Raises
    ------
    ValueError
        A page has no markers, or a figure in its prose is not published.
    """
    tables = {file.stem: read(file) for file in sorted(results.glob("*.csv"))}
    texts = {}
    for study, table in tables.items():
        page = pages / f"{study}.md"
        text = PAGE.format(title=plugins.load("studies", study).TITLE, study=study)
        text = page.read_text("utf-8") if page.is_file() else text
        texts[page] = renewed_values(replaced(text, study, study_tables(table)), table)
    texts[readme] = replaced(readme.read_text("utf-8"), HEADLINES, headline_table(tables))
    return texts

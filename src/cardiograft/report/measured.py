"""Measured tables: the values that README and docs quote, tidy, with where they come from.

A row is a value of a run on its test part, but for

``metric`` of ``segments``, ``wall_s``, ``parameters``, ``macs``, ``file_bytes``, or a time of one
segment (``latency_ms``, ``segment_ms``, ``network_ms``)
    How many segments an entry has (by class); what a repeat of a training takes and leaves.
``metric`` of ``differs``
    What a run does otherwise than the paper: of the kind ``class``, in words.
``protocol`` of ``gap``
    Of a run by the paper's protocol less the honest one: ``paper run - honest run``.
``chosen_on``
    How a run was chosen, as its evaluation says; empty where it does not.
``metric`` of ``pearson, shuffled``
    Of the same run, its input corrupted by that control.
``metric`` of ``pearson, train``
    Of the same run on its training part, where that was evaluated too.
``protocol`` of ``dose difference``, ``dose slope``, ``dose amount``
    What more of the tested people's own segments in training change: at one dose less the lowest
    (``run - run``); by least squares from no slot to all, of the runs that are listed; and what
    as many segments of other people change.
``protocol`` of ``comparison``
    Of two runs that differ in one tag, ``run - run``, subject by subject: the difference in the
    metric; its ``p``, not corrected; ``p_holm``, corrected for all comparisons of its `question`,
    of which there are ``family``; the smallest difference that could have been shown with that
    family (``accuracy, detectable``); and, where a ``margin`` was named, ``equivalent`` in words
    with the interval that says so.
``question``
    Of a comparison: what it answers.
``metric`` of ``gain of pearson at matched compute``
    Of a run over the base of that name, ``run - base run``, a share; ``paper`` is the paper's.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cardiograft.report import measured_costs
from cardiograft.report.inputs import ReportRow, Study
from cardiograft.tables.statistics import holm

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
    "chosen_on",
    "command",
    "commit",
    "question",  # last: tables that were published before have it not
)
DIFFERS = "differs"
COMPARISON = "comparison"
P, P_HOLM, FAMILY, DETECTABLE = "p", "p_holm", "family", "detectable"
EQUIVALENT, MARGIN = "equivalent", "margin"
GAP = "gap"
DOSE = "dose "  # before: difference, slope, amount
GAIN = "gain of "
TRAIN = "train"
# Metrics of the tables in docs; the first that the paper gives has a column of its values.
SHOWN = (
    "accuracy",
    "balanced_accuracy",
    "weighted_f1",
    "macro_f1",
    "jkappa",
    "pearson",
    "prd",
    "r2",
    "value_r2",
    "peak_sensitivity",
    "peak_positive_predictivity",
)
KEY = ("run", "protocol", "metric", "class")  # of one value
PAIR = ("question", "run", "class")  # of one comparison
BETWEEN = r" - |, "  # the runs that a gap, a gain, a comparison or a dose is between
MeasuredRow = dict[str, Any]


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
        What made the values.
    simulated
        Whether simulated data may be in it.

    Raises
    ------
    ValueError
        Something in it is simulated, and that was not requested.
    """
    anything = study.about["simulated"] or any(s["simulated"] for s in summaries.values())
    if anything and not simulated:
        raise ValueError(f"{study.name}: the tables hold simulated data: not a measurement")
    rows = [
        *_counts(summaries),
        *_scores(study),
        *_differences(study),
        *_controls(study),
        *_trained_on(study),
        *_gaps(study),
        *_doses(study),
        *_gains(study),
        *_comparisons(study),
        *measured_costs.rows(study),
    ]
    about = {"study": study.name, "command": command, "commit": commit}
    return pd.DataFrame([{**about, **row} for row in rows]).reindex(columns=list(COLUMNS))


def read(path: Path) -> pd.DataFrame:
    """Read a published table; every cell is text, ``""`` where empty.

    A table that was published before a column was there has nothing in it.
    """
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return table.reindex(columns=list(COLUMNS), fill_value="")


def beside(table: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Return a study's table with what is published of other runs, each with its own commit.

    So that some runs can be trained and published, and the others need not be trained again. All
    that stood of a run goes where one of its values is another now, and so does what stands between
    it and a second run (a gap, a comparison). Of others single rows are renewed: what a training
    cost that led to a run, or values that are what they were.

    Comparisons of one question are one family, whenever they were published: see `_corrected`.
    """
    new, old = _values(table), _values(published)
    scored = {run for run, protocol, *_ in new if protocol}
    renewed = {key[0] for key in {*new, *old} if key[1] and new.get(key) != old.get(key)} & scored
    named = published["run"].str.split(BETWEEN, regex=True)
    stays = [
        key not in new and renewed.isdisjoint(runs) for key, runs in zip(old, named, strict=True)
    ]
    return _corrected(pd.concat([published[stays], table.astype(object)], ignore_index=True))


def _corrected(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose corrected p are those of the families that stand in it.

    Comparisons that were published before their p was are of no family. What could have been shown
    is blank where the family is larger or smaller now: it hangs on its size.
    """
    table = table.fillna({"question": "", "value": ""})
    own = table["protocol"] == COMPARISON
    ps = table[own & (table["metric"] == P) & (table["value"] != "")]
    holm_by_pair: dict[tuple[str, ...], tuple[str, str]] = {}
    for _, family in ps.groupby("question", sort=False):
        adjusted = holm(family["value"].astype(float).tolist())
        keys = family[[*PAIR]].astype(str).itertuples(index=False, name=None)
        size = str(len(family))
        holm_by_pair |= {key: (_short(str(p)), size) for key, p in zip(keys, adjusted, strict=True)}
    sizes = {
        tuple(str(row[key]) for key in PAIR): str(row["value"])
        for row in table[own & (table["metric"] == FAMILY)].to_dict("records")
    }
    for place in table.index[own]:
        key = tuple(str(table.loc[place, name]) for name in PAIR)
        metric = str(table.loc[place, "metric"])
        p_holm, size = holm_by_pair.get(key, ("", ""))
        if metric in (P_HOLM, FAMILY):
            table.loc[place, "value"] = p_holm if metric == P_HOLM else size
        elif metric.endswith(f", {DETECTABLE}") and size != sizes.get(key):
            table.loc[place, "value"] = ""
    return table


def _values(table: pd.DataFrame) -> dict[tuple[str, ...], str]:
    """Return each value by its run, protocol, metric and class, in the order of rows."""
    rows = table[[*KEY, "value"]].fillna("").astype(str).to_numpy().tolist()
    return {tuple(key): value for *key, value in rows}


def _counts(summaries: Mapping[str, Mapping[str, Any]]) -> list[MeasuredRow]:
    rows = []
    for name, summary in summaries.items():
        counts = {"": summary["segments"], **summary["labels"]}
        rows += [
            {"run": name, "metric": "segments", "class": label, "value": n}
            for label, n in counts.items()
        ]
    return rows


def _scores(study: Study) -> list[MeasuredRow]:
    paper = {
        (row["run"], row["metric"], row["class"]): row["published"]
        for row in study.rows("published")
        if row["run"]
    }
    chosen = {row["run"]: row["chosen_on"] for row in study.rows("looks")}
    return [
        {
            **_score(row),
            "paper": paper.get((row["run"], row["metric"], row["class"]), ""),
            "chosen_on": chosen.get(row["run"], ""),
        }
        for row in study.rows("scores")
        if row["part"] == "test"
    ]


def _score(row: ReportRow) -> MeasuredRow:
    return {
        **{key: row[key] for key in ("run", "protocol", "metric", "class", "repeats")},
        **{key: _short(row[key]) for key in ("value", "low", "high")},
        "data": _data(row),
    }


def _differences(study: Study) -> list[MeasuredRow]:
    kinds: dict[tuple[str, str, str], list[str]] = {}
    for row in study.rows("differences"):
        kinds.setdefault((row["run"], row["protocol"], row["kind"]), []).append(row["line"])
    place = ("run", "protocol", "class")
    return [
        {**dict(zip(place, key, strict=True)), "metric": DIFFERS, "value": "; ".join(lines)}
        for key, lines in kinds.items()
    ]


def _controls(study: Study) -> list[MeasuredRow]:
    """Return the values of each run on corrupted inputs, of the metrics that docs show."""
    rows = []
    for row in study.rows("scores"):
        part, _, control = row["part"].partition(", ")
        if part == "test" and control and not row["class"] and shown(row["metric"]):
            rows.append({**_score(row), "metric": corrupted(row["metric"], control)})
    return rows


def _trained_on(study: Study) -> list[MeasuredRow]:
    """Return every value over all classes of each run on its training part."""
    return [
        {**_score(row), "metric": f"{row['metric']}, {TRAIN}"}
        for row in study.rows("scores")
        if row["part"] == TRAIN and not row["class"]
    ]


def corrupted(metric: str, control: str) -> str:
    """Return what a metric of corrupted inputs is called: ``pearson, shuffled``."""
    return f"{metric}, {control}"


def shown(metric: str) -> bool:
    """Whether docs show a metric: one of `SHOWN`, whoever it leaves out."""
    name, _, options = metric.partition("(")
    left_out = options.startswith("without ") and options.endswith(")")
    return name in SHOWN and (left_out or not options)


def _gains(study: Study) -> list[MeasuredRow]:
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
        for row in study.rows("gains")
    ]


def _gaps(study: Study) -> list[MeasuredRow]:
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
        for row in study.rows("gaps")
        if not row["class"]
    ]


def _doses(study: Study) -> list[MeasuredRow]:
    points = study.rows("doses")
    ends = ("difference_low", "difference_high")
    base = {(r["metric"], r["class"], _tags(r)): r["run"] for r in reversed(points)}
    rows = [
        {
            "run": f"{row['run']} - {base[row['metric'], row['class'], _tags(row)]}",
            "protocol": f"{DOSE}difference",
            **_difference(row, "difference", *ends),
        }
        for row in points
        if row["dose"] and row["run"] != base[row["metric"], row["class"], _tags(row)]
    ]
    effects = [
        {
            "run": row["runs"],
            "protocol": f"{DOSE}{row['effect']}",
            **_difference(row, "value", "low", "high"),
        }
        for row in study.rows("dose_effects")
    ]
    return [*rows, *effects]


def _tags(row: ReportRow) -> tuple[str, ...]:
    return tuple(str(v) for k, v in row.items() if k.startswith("tag_") and k != "tag_dose")


def _difference(row: ReportRow, value: str, low: str, high: str) -> MeasuredRow:
    return {
        "data": _data(row),
        **{key: row[key] for key in ("metric", "class")},
        **{"value": _short(row[value]), "low": _short(row[low]), "high": _short(row[high])},
    }


def _comparisons(study: Study) -> list[MeasuredRow]:
    """Return each difference, and below it the values of its test."""
    rows = []
    for row in study.rows("comparisons"):
        about = {
            "run": f"{row['of_run']} - {row['to_run']}",
            "protocol": COMPARISON,
            "question": row["question"],
        }
        difference = _difference(row, "difference", "low", "high")
        test_values = {
            P: row["p"],
            P_HOLM: row["p_holm"],
            FAMILY: row["family"] if row["p"] else "",
        }
        cells = {name: _short(value) for name, value in test_values.items()}
        cells[f"{row['metric']}, {DETECTABLE}"] = _short(row["detectable"])
        if row["equivalent"]:
            cells |= {MARGIN: _short(row["margin"]), EQUIVALENT: row["equivalent"]}
        within = {"low": _short(row["within_low"]), "high": _short(row["within_high"])}
        about |= {"data": difference["data"], "class": row["class"]}
        rows.append({**about, **difference})
        rows += [
            {**about, "metric": m, "value": v, **(within if m == EQUIVALENT else {})}
            for m, v in cells.items()
            if v
        ]
    return rows


def _data(row: ReportRow) -> str:
    """Return the tags that say what was measured on: ``ptbdb, smoke run: 6 people``."""
    return ", ".join(str(row[tag]) for tag in ("tag_data", "tag_scale") if row.get(tag))


def _short(value: str) -> str:
    return value if value == "" else f"{float(value):.6g}"

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
``metric`` of ``learning index of weighted_f1, validation``
    The learning curve index of that metric on that part, the mean over ``repeats`` trainings,
    beside the paper's; ``learning index of weighted_f1, validation, sd`` is their sample standard
    deviation. ``inf`` where that of a training is infinite (its curve never fell), ``undefined``
    where that of one is.
``protocol`` of ``welch``
    Of two runs, ``run - run``: ``welch_t of weighted_f1``, Welch's t over the repeats of each
    (``repeats`` of both), and its p, ``welch_p of weighted_f1``, which say nothing of other people;
    ``undefined`` where a run has one repeat, or neither varies.

A figure that was not computed has no row, or an empty cell.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cardiograft.report import (
    measured_costs,
    measured_pairs,
    measured_runs,
    measured_trainings,
)
from cardiograft.report.inputs import Study
from cardiograft.report.measured_names import (
    BETWEEN,
    COLUMNS,
    COMPARISON,
    DETECTABLE,
    FAMILY,
    KEY,
    P_HOLM,
    PAIR,
    P,
    short,
)
from cardiograft.tables.statistics import holm


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
        *measured_runs.rows(study, summaries),
        *measured_pairs.rows(study),
        *measured_trainings.rows(study),
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
    that stood of a run goes where one of its values is another now, or is gone, and so does what
    stands between it and a second run (a gap, a comparison). Of others single rows are renewed or
    added: what a training cost that led to a run, values that are what they were, or a metric that
    was not published before.

    Comparisons of one question are one family, whenever they were published: see `_corrected`.
    """
    new, old = _values(table), _values(published)
    scored = {run for run, protocol, *_ in new if protocol}
    renewed = {key[0] for key in old if key[1] and new.get(key) != old[key]} & scored
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
        holm_by_pair |= {key: (short(str(p)), size) for key, p in zip(keys, adjusted, strict=True)}
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

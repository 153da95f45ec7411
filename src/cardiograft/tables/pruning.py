"""Costs of pruned models beside those they were pruned from: parameters, zeros, bytes, time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from cardiograft.tables.costs import LATENCY
from cardiograft.tables.own_table import OwnTable, with_interval

Costs = Mapping[str, Any]
KINDS = {"": "before", "magnitude": "weights", "structured": "channels"}
FORMATS = {
    "Model": "text",
    "Entry": "text",
    "Pruned": "text",
    "Paper": "count",
    "Parameters": "count",
    "Not zero": "count",
    "In kernels": "count",
    "Zeros in kernels": "count",
    "Sparsity of kernels": "percent",
    "Sparsity of all": "percent",
    "Bytes": "count",
    "Compressed": "count",
    "ms a window": "number:2",
    "ms before": "number:2",
}
NEEDED = {"stage", "entry", "pruning", "sources", "zeros", "file_bytes", "source_latency_ms"}


def parameter_table(costs: pd.DataFrame, paper: Mapping[str, tuple[int, int]]) -> OwnTable:
    """Return a paper's parameters, before and after pruning, beside ours.

    Parameters
    ----------
    costs
        As ``costs.table`` makes it, of a study.
    paper
        Model to the parameters that the paper gives, before and after.

    Returns
    -------
    OwnTable
        A row for each pruned entry, after one for each that it was pruned from, the paper's
        models in its order. Of several repeats means.
    """
    pruned = costs[costs["stage"] == "prune"]
    sources = set(pruned["sources"])
    mine = costs["model"].isin(list(paper)) & (costs["stage"] == "pretrain")
    chosen = costs[(costs["stage"] == "prune") | mine | costs["entry"].isin(sources)]
    entries = [mean_costs(rows) for _, rows in chosen.groupby(["stage", "entry"], sort=False)]
    models = [*paper, *dict.fromkeys(entry["model"] for entry in entries)]
    entries.sort(key=lambda e: (models.index(e["model"]), e["pruning"] != "", e["pruning"]))
    return OwnTable(pd.DataFrame([_line(entry, paper) for entry in entries]), FORMATS)


def mean_costs(rows: pd.DataFrame) -> dict[str, Any]:
    """Return an entry's first row with the means of its numbers; what is missing stays so."""
    first = rows.iloc[0].to_dict()
    means = rows.select_dtypes("number").mean().to_dict()
    return {**first, **{key: means[key] for key in means if key not in ("repeat", "simulated")}}


def _line(entry: Costs, paper: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    before, after = paper.get(entry["model"], (None, None))
    return {
        "Model": entry["model"],
        "Entry": entry["entry"],
        "Pruned": KINDS[entry["pruning"]],
        "Paper": after if entry["pruning"] else before,
        "Parameters": entry["parameters"],
        "Not zero": not_zero(entry),
        "In kernels": entry["kernel_parameters"],
        "Zeros in kernels": entry["kernel_zeros"],
        "Sparsity of kernels": entry["kernel_sparsity"],
        "Sparsity of all": entry["total_sparsity"],
        "Bytes": entry["file_bytes"],
        "Compressed": entry["file_zstd_bytes"],
        **with_interval("ms a window", *(entry[key] for key in LATENCY)),
        **with_interval("ms before", *(entry[f"source_{key}"] for key in LATENCY)),
    }


def not_zero(entry: Costs) -> float:
    """Return how many of an entry's parameters are not zero."""
    zeros = entry["zeros"]
    return float(entry["parameters"]) - (0.0 if pd.isna(zeros) else float(zeros))


def pruned_pairs(costs: Iterable[Costs], kind: str) -> list[tuple[Costs, Costs]]:
    """Return each entry pruned in a way and the one that it was pruned from, means over repeats.

    Those whose times were not taken in turn with what they were pruned from are left out.

    Parameters
    ----------
    costs
        Rows of ``costs.table``, or cards as `cardiograft.tables.costs.read` gives them.
    kind
        ``magnitude`` or ``structured``.
    """
    frame = pd.DataFrame(costs)
    if not set(frame.columns) >= NEEDED:
        return []
    means = {
        entry: mean_costs(rows)
        for (_, entry), rows in frame.groupby(["stage", "entry"], sort=False)
    }
    return [
        (entry, means[entry["sources"]])
        for entry in means.values()
        if entry["pruning"] == kind
        and entry["sources"] in means
        and not pd.isna(entry["source_latency_ms"])
    ]


def smaller(entry: Costs, source: Costs) -> bool:
    """Whether a pruned entry's file is smaller than what it was pruned from."""
    return bool(entry["file_bytes"] < source["file_bytes"])


def faster(entry: Costs) -> bool:
    """Whether it is faster: the times lie apart, for half of the passes lie between quartiles."""
    return bool(entry["latency_high_ms"] < entry["source_latency_low_ms"])


def slower(entry: Costs) -> bool:
    """Whether it is slower, in the same sense."""
    return bool(entry["latency_low_ms"] > entry["source_latency_high_ms"])


def sparsest(pairs: Sequence[tuple[Costs, Costs]]) -> tuple[Costs, Costs]:
    """Return the pair whose pruned entry has the fewest parameters that are not zero."""
    return min(pairs, key=lambda pair: not_zero(pair[0]))

"""What pruning does, in tables: parameters, zeros, bytes and time, before and after.

Source: STUDIES `scg_to_ecg`, the paper's table of parameters.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cardiograft.tables.costs import LATENCY

Row = Mapping[str, Any]
NOTHING = "–"
# Before, and after "pruning" by a quarter: the second is floor(0.75 x the first), biases and
# normalisations included, as computed from the plan.
PAPER = {
    "cnn1d": (13_927_041, 10_445_280),
    "ecgnet": (16_805_761, 12_604_320),
    "tcn": (16_002_049, 12_001_536),
    "cae": (19_403_520, 14_552_640),
}
MANY = 2
WHAT = {"magnitude": "zeros among the weights", "structured": "channels taken out"}
KINDS = {"": "before", "magnitude": "weights", "structured": "channels"}


def parameter_table(costs: pd.DataFrame) -> pd.DataFrame:
    """Return the paper's parameters beside ours, as text.

    Parameters
    ----------
    costs
        As ``costs.table`` makes it, of a study.

    Returns
    -------
    DataFrame
        A row for each pruned entry, after one for each that it was pruned from, the paper's
        models in its order. Of several repeats means.
    """
    pruned = costs[costs["stage"] == "prune"]
    sources = set(pruned["sources"])
    mine = costs["model"].isin(list(PAPER)) & (costs["stage"] == "pretrain")
    chosen = costs[(costs["stage"] == "prune") | mine | costs["entry"].isin(sources)]
    entries = [_mean(rows) for _, rows in chosen.groupby(["stage", "entry"], sort=False)]
    models = [*PAPER, *dict.fromkeys(entry["model"] for entry in entries)]
    entries.sort(key=lambda e: (models.index(e["model"]), e["pruning"] != "", e["pruning"]))
    return pd.DataFrame([_line(entry) for entry in entries])


def _mean(rows: pd.DataFrame) -> dict[str, Any]:
    """Return the first row with the means of its numbers; what is missing stays so."""
    first = rows.iloc[0].to_dict()
    means = rows.select_dtypes("number").mean().to_dict()
    return {**first, **{key: means[key] for key in means if key not in ("repeat", "simulated")}}


def _line(entry: Row) -> dict[str, str]:
    before, after = PAPER.get(entry["model"], (None, None))
    return {
        "Model": entry["model"],
        "Entry": entry["entry"],
        "Pruned": KINDS[entry["pruning"]],
        "Paper": _count(after if entry["pruning"] else before),
        "Parameters": _count(entry["parameters"]),
        "Not zero": _count(entry["parameters"] - _number(entry["zeros"])),
        "In kernels": _count(entry["kernel_parameters"]),
        "Zeros in kernels": _count(entry["kernel_zeros"]),
        "Sparsity of kernels": _share(entry["kernel_sparsity"]),
        "Sparsity of all": _share(entry["total_sparsity"]),
        "Bytes": _count(entry["file_bytes"]),
        "Compressed": _count(entry["file_zstd_bytes"]),
        "ms a window": _time(entry),
        "ms before": _time(entry, "source_"),
    }


def paid(costs: Sequence[Row]) -> list[str]:
    """Return sentences on whether pruned entries became smaller, and faster.

    One for each; of many of a kind how many did, and one for the smallest or sparsest.

    Parameters
    ----------
    costs
        Rows of ``costs.table``, or cards as `cardiograft.tables.costs.read` gives them.
    """
    frame = pd.DataFrame(costs)
    needed = {"stage", "entry", "pruning", "sources", "zeros", "file_bytes", "source_latency_ms"}
    if not needed <= set(frame.columns):
        return []
    means = {
        entry: _mean(rows) for (_, entry), rows in frame.groupby(["stage", "entry"], sort=False)
    }
    said = []
    for kind, what in WHAT.items():
        pairs = [
            (entry, means[entry["sources"]])
            for entry in means.values()
            if entry["pruning"] == kind
            and entry["sources"] in means
            and not pd.isna(entry["source_latency_ms"])
        ]
        if len(pairs) > MANY:
            small = sum(_smaller(entry, source) for entry, source in pairs)
            fast = sum(_faster(entry) for entry, _ in pairs)
            said.append(
                f"Of {len(pairs)} entries with {what}, {small} have a smaller file than what they"
                f" were pruned from, and {fast} are faster."
            )
            pairs = [min(pairs, key=lambda p: p[0]["parameters"] - _number(p[0]["zeros"]))]
        said += [_sentence(entry, source) for entry, source in pairs]
    return said


def _smaller(entry: Row, source: Row) -> bool:
    return bool(entry["file_bytes"] < source["file_bytes"])


def _faster(entry: Row) -> bool:
    """Whether the times lie apart: half of the passes lie between the quartiles."""
    return bool(entry["latency_high_ms"] < entry["source_latency_low_ms"])


def _slower(entry: Row) -> bool:
    return bool(entry["latency_low_ms"] > entry["source_latency_high_ms"])


def _sentence(entry: Row, source: Row) -> str:
    smaller, faster = _smaller(entry, source), _faster(entry)
    size = "smaller" if smaller else "no smaller"
    speed = "faster" if faster else "slower" if _slower(entry) else "no faster and no slower"
    gain = {
        (True, True): "so it pays in bytes and in time",
        (True, False): "so it pays in bytes and not in time",
        (False, True): "so it pays in time and not in bytes",
        (False, False): "so it pays in neither",
    }[smaller, faster]
    zeros, own, before = (
        _share(entry["kernel_sparsity"]),
        _count(entry["file_bytes"]),
        _count(source["file_bytes"]),
    )
    return (
        f"{entry['entry']}, with {WHAT[entry['pruning']]} ({zeros} of its kernels are zeros):"
        f" {own} bytes where {source['entry']} has {before}, {size}; {_time(entry)} ms a window"
        f" where that takes {_time(entry, 'source_')} in turn with it, {speed}: {gain}."
    )


def _number(value: Any) -> float:
    return 0.0 if pd.isna(value) else float(value)


def _count(value: Any) -> str:
    return NOTHING if pd.isna(value) else f"{round(value):,}".replace(",", "\u202f")


def _share(value: Any) -> str:
    return NOTHING if pd.isna(value) else f"{100 * value:.1f} %"


def _time(entry: Row, whose: str = "") -> str:
    """Return a median and its quartiles."""
    middle, low, high = (entry[whose + key] for key in LATENCY)
    return NOTHING if pd.isna(middle) else f"{middle:.2f} [{low:.2f}, {high:.2f}]"

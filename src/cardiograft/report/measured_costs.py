"""Rows of a measured table on what trainings cost: time, parameters, bytes, a window's latency.

Means over repeats; of a pooled run the time is that of all its folds.
"""

from collections.abc import Sequence
from typing import Any

from cardiograft.report import wording
from cardiograft.report.inputs import ReportRow, Study

WALL = "wall_s"
# Of the file and of the network: what does not hang on the machine, then what does.
SIZES = ("parameters", "macs", "file_bytes", "latency_ms", "segment_ms", "network_ms")
CostRow = dict[str, Any]


def rows(study: Study) -> list[CostRow]:
    """Return what a repeat of each training takes, and how large what it leaves is."""
    costs = study.rows("costs")
    walls, sizes = [], []
    for stage, entry in dict.fromkeys((c["stage"], c["entry"]) for c in costs):
        own = [c for c in costs if (c["stage"], c["entry"]) == (stage, entry)]
        row = {"run": entry, "class": stage, "repeats": len(own)}
        walls.append({**row, "metric": WALL, "value": f"{_mean(own, WALL):.1f}"})
        for metric in SIZES:
            if not any(wording.absent(c.get(metric)) for c in own):
                sizes.append({**row, "metric": metric, "value": f"{_mean(own, metric):.6g}"})
    return [*walls, *_of_pools(study, walls), *sizes]


def _mean(costs: Sequence[ReportRow], column: str) -> float:
    values = [float(cost[column]) for cost in costs]
    return sum(values) / len(values)


def _of_pools(study: Study, walls: Sequence[CostRow]) -> list[CostRow]:
    """Return what a repeat of all folds of a pooled run takes."""
    pooled = []
    for run, members in study.about.get("pools", {}).items():
        own = [r for r in walls if r["run"] in members]
        if len(own) == len(members):
            whole = f"{sum(float(r['value']) for r in own):.1f}"
            pooled.append({**own[0], "run": run, "value": whole})
    return pooled

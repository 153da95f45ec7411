"""Tables of the study `scg_to_ecg`: controls, baselines, both parts of the split, parameters."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cardiograft.tables.own_table import OwnTable, with_interval

# The autoencoder without transfer, Table 1: on the training part, and on the test part.
PRINTED = {
    "train": {
        "pearson": 0.8290,
        "prd": 58.5011,
        "mae": 0.0454,
        "r2": 0.682,
        "mse": 0.0083,
        "xcor(centred=False)": 0.985,
    },
    "test": {
        "pearson": 0.6942,
        "prd": 87.3965,
        "mae": 0.0730,
        "r2": 0.682,
        "mse": 0.014,
        "xcor(centred=False)": 0.972,
    },
}
# Parameters before, and after "pruning" by a quarter: the second is floor(0.75 x the first),
# biases and normalisations included, as computed from the plan.
PRINTED_PARAMETERS = {
    "cnn1d": (13_927_041, 10_445_280),
    "ecgnet": (16_805_761, 12_604_320),
    "tcn": (16_002_049, 12_001_536),
    "cae": (19_403_520, 14_552_640),
}
INPUTS = {
    "test": "As recorded",
    "test, shuffled": "Shuffled",
    "test, other": "Another’s",
    "test, phase": "Phase noise",
}
CONTROLLED = {"pearson": "Pearson r", "peak_sensitivity": "R-peak Se"}
PARTS = {"train": "training", "test": "test"}
# What is shown of both parts: a title, and a format.
EVERY = {
    "pearson": ("Pearson r", "number:3"),
    "prd": ("PRD", "number:1"),
    "mae": ("MAE", "number:4"),
    "r2": ("R²", "number:3"),
    "mse": ("MSE", "number:4"),
    "xcor(centred=False)": ("Xcor", "number:3"),
    "nmse": ("NMSE", "number:3"),
    "rmse": ("RMSE", "number:4"),
    "peak_sensitivity": ("R-peak Se", "percent"),
    "peak_positive_predictivity": ("R-peak +P", "percent"),
    "peak_timing": ("Timing, ms", "number:1"),
}
BESIDE = ("pearson", "prd", "r2", "peak_sensitivity", "peak_positive_predictivity")
FIRST = {"Run": "run", "Protocol": "text"}
ScoreRow = Mapping[str, Any]
NO_CALIBRATION = "0 s"


def hallucination(rows: Sequence[ScoreRow]) -> OwnTable:
    """Return each run beside itself on every corrupted input, one row a metric."""
    by_part: dict[tuple[str, str], dict[str, ScoreRow]] = {}
    for row in (r for r in rows if r["metric"] in CONTROLLED):
        by_part.setdefault((row["run"], row["metric"]), {})[row["part"]] = row
    lines = []
    for (_, metric), own in by_part.items():
        if len(own) > 1:
            cells: dict[str, float] = {}
            for part, title in INPUTS.items():
                cells |= _cells(title, own.get(part))
            named = {"Metric": CONTROLLED[metric], "metric": metric}
            lines.append({**_place(own["test"]), **named, **cells})
    formats = {**FIRST, "Metric": "text", **dict.fromkeys(INPUTS.values(), "metric")}
    return OwnTable(pd.DataFrame(lines), formats)


def baselines(rows: Sequence[ScoreRow]) -> OwnTable:
    """Return, a protocol and split each, every baseline and the network with the highest r."""
    runs: dict[str, dict[str, ScoreRow]] = {}
    for row in rows:
        # A network that saw nothing of the people it is tested on.
        if row.get("tag_calibration") in (None, NO_CALIBRATION):
            runs.setdefault(row["run"], {})[row["metric"]] = row
    places: dict[tuple[str, str], list[dict[str, ScoreRow]]] = {}
    for own in runs.values():
        if "pearson" in own:
            first = own["pearson"]
            places.setdefault((first["protocol"], first["split"]), []).append(own)
    lines = []
    for here in places.values():
        plain = [own for own in here if _is_baseline(own)]
        trained = [own for own in here if not _is_baseline(own)]
        if plain and trained:
            best = max(trained, key=lambda own: float(own["pearson"]["value"]))
            lines += [_line(own) for own in (*plain, best)]
    return OwnTable(pd.DataFrame(lines), {**FIRST, **dict(EVERY[metric] for metric in BESIDE)})


def parts(rows: Sequence[ScoreRow]) -> OwnTable:
    """Return each run that was also evaluated on its training part, a row a part."""
    by_run: dict[str, dict[str, dict[str, ScoreRow]]] = {}
    for row in rows:
        by_run.setdefault(row["run"], {}).setdefault(row["part"], {})[row["metric"]] = row
    lines = []
    for own in by_run.values():
        if len(own) == len(PARTS):
            place = _place(next(iter(own["test"].values())))
            for part, title in PARTS.items():
                values = {metric: row["value"] for metric, row in own[part].items()}
                lines.append({**place, "Part": title, **_values(values)})
    paper = {"Run": "the paper’s autoencoder", "Protocol": "paper"}
    printed = [{**paper, "Part": PARTS[p], **_values(PRINTED[p])} for p in PARTS]
    formats = {**FIRST, "Part": "text", **dict(EVERY.values())}
    return OwnTable(pd.DataFrame([*printed, *lines] if lines else []), formats)


def _values(values: Mapping[str, float]) -> dict[str, float]:
    return {title: values.get(metric, float("nan")) for metric, (title, _) in EVERY.items()}


def _is_baseline(own: Mapping[str, ScoreRow]) -> bool:
    return bool(own["pearson"].get("tag_init") == "none")


def _line(own: Mapping[str, ScoreRow]) -> dict[str, Any]:
    cells: dict[str, float] = {}
    for metric in BESIDE:
        cells |= _cells(EVERY[metric][0], own.get(metric))
    return {**_place(own["pearson"]), **cells}


def _place(row: ScoreRow) -> dict[str, str]:
    remarks = [row["split"], "simulated" if row["simulated"] else ""]
    remark = ", ".join(r for r in remarks if r)
    return {"Run": row["run"], "Protocol": row["protocol"], "Protocol remark": remark}


def _cells(title: str, row: ScoreRow | None) -> dict[str, float]:
    """Return a value with its interval, which shares of R-peaks go without."""
    if row is None:
        return with_interval(title, float("nan"))
    ends = () if row["metric"].startswith("peak_") else (row["low"], row["high"])
    return with_interval(title, row["value"], *ends)

"""Rows of a measured table on what lies between runs: gaps, doses, gains, comparisons."""

from cardiograft.report.inputs import ReportRow, Study
from cardiograft.report.measured_names import (
    COMPARISON,
    DETECTABLE,
    DOSE,
    EQUIVALENT,
    FAMILY,
    GAIN,
    GAP,
    MARGIN,
    P_HOLM,
    MeasuredRow,
    P,
    data_of,
    short,
)


def rows(study: Study) -> list[MeasuredRow]:
    """Return every gap, dose, gain and comparison of a study's runs."""
    return [*_gaps(study), *_doses(study), *_gains(study), *_comparisons(study)]


def _gaps(study: Study) -> list[MeasuredRow]:
    return [
        {
            "run": f"{row['paper_run']} - {row['honest_run']}",
            "protocol": GAP,
            "data": data_of(row),
            "metric": row["metric"],
            "class": row["class"],
            "value": short(row["gap"]),
            "low": short(row["low"]),
            "high": short(row["high"]),
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


def _gains(study: Study) -> list[MeasuredRow]:
    return [
        {
            "run": f"{row['run']} - {row['base_run']}",
            "protocol": row["protocol"],
            "data": data_of(row),
            "metric": f"{GAIN}{row['metric']} at {row['against']}",
            "class": row["class"],
            "value": short(row["gain"]),
            **{key: short(row[key]) for key in ("low", "high", "paper")},
        }
        for row in study.rows("gains")
    ]


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
        cells = {name: short(value) for name, value in test_values.items()}
        cells[f"{row['metric']}, {DETECTABLE}"] = short(row["detectable"])
        if row["equivalent"]:
            cells |= {MARGIN: short(row["margin"]), EQUIVALENT: row["equivalent"]}
        within = {"low": short(row["within_low"]), "high": short(row["within_high"])}
        about |= {"data": difference["data"], "class": row["class"]}
        rows.append({**about, **difference})
        rows += [
            {**about, "metric": m, "value": v, **(within if m == EQUIVALENT else {})}
            for m, v in cells.items()
            if v
        ]
    return rows


def _difference(row: ReportRow, value: str, low: str, high: str) -> MeasuredRow:
    return {
        "data": data_of(row),
        **{key: row[key] for key in ("metric", "class")},
        **{"value": short(row[value]), "low": short(row[low]), "high": short(row[high])},
    }

"""What a network costs stands in each row of its repeats, empty where it was not measured."""

from pathlib import Path
from typing import Any

import pandas as pd

from cardiograft.files import write_json
from cardiograft.report import measured_costs
from cardiograft.report.inputs import ReportInputs, Study
from cardiograft.report.sections.costs import cost_table
from cardiograft.tables import costs

MEASURED = {"macs": 80_123_456, "segment_ms": 9.5, "network_ms": 6.25}
QUARTILES = {f"{name}_{end}_ms": 5.0 for name in ("segment", "network") for end in ("low", "high")}


def cards() -> list[dict[str, Any]]:
    keys = [("transfer", "light", str(repeat)) for repeat in range(2)] + [("prune", "old", "0")]
    return [
        {"stage": s, "entry": e, "repeat": r, "parameters": 594_818, "wall_s": 2.0}
        for s, e, r in keys
    ]


def measured(folder: Path) -> costs.Measured:
    content = {"stage": "transfer", "entry": "light", "repeat": "0", **MEASURED, **QUARTILES}
    write_json(folder / "light.json", {"networks": [content]})
    return costs.read_measured(folder / "light.json")


def test_repeats_share_what_was_measured_of_the_first(tmp_path: Path) -> None:
    frame = costs.table(cards(), measured(tmp_path))
    light = frame[frame["entry"] == "light"]
    assert light["repeat"].tolist() == ["0", "1"]
    for column, value in {**MEASURED, **QUARTILES}.items():
        assert light[column].tolist() == [value, value]
    assert frame[frame["entry"] == "old"]["macs"].isna().all()
    assert list(frame.columns) == [*costs.KEYS, *costs.COLUMNS, "versions"]


def read(folder: Path) -> Study:
    """Return a study as it is read from what `tabulate` writes."""
    costs.table(cards(), measured(folder)).to_csv(folder / "costs.csv", index=False)
    frame = pd.read_csv(folder / "costs.csv", dtype=str, keep_default_na=False)
    return Study("ecg_quality", {}, {"costs": frame})


def test_published_tables_have_it_where_it_was_measured(tmp_path: Path) -> None:
    rows = measured_costs.rows(read(tmp_path))
    values = {row["metric"]: row["value"] for row in rows if row["run"] == "light"}
    assert (values["segment_ms"], values["network_ms"], values["macs"]) == (
        "9.5",
        "6.25",
        "8.01235e+07",
    )
    assert {row["metric"] for row in rows if row["run"] == "old"} == {"wall_s", "parameters"}


def test_the_report_shows_it_beside_the_training(tmp_path: Path) -> None:
    study = read(tmp_path)
    inputs = {(c["stage"], c["entry"], c["repeat"]): c for c in cards()}
    table = cost_table(ReportInputs(studies=[study], cards=inputs))
    assert table is not None
    places = [table.head.index(name) for name in ("MACs", "ms, one thread", "ms without view")]
    by_entry = {row[0].text: row for row in table.rows}  # type: ignore[union-attr]
    assert all(len(row) == len(table.head) for row in table.rows)
    shown = [
        getattr(by_entry["light"][place], "text", by_entry["light"][place]) for place in places
    ]
    assert shown == ["80\u202f123\u202f456", "9.5", "6.25"]
    missing = [getattr(by_entry["old"][place], "text", by_entry["old"][place]) for place in places]
    assert set(missing) == {"–"}

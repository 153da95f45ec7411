"""Files for devices in the report: what each is, what it loses, how long a call takes."""

import copy
from typing import Any

from cardiograft.report.inputs import ReportInputs
from cardiograft.report.sections.exported import export_table

CARD: dict[str, Any] = {
    "spec": {"source": "light", "precision": "int8"},
    "input": {"takes": "segment", "shape": [1, 1, 1500]},
    "file_bytes": 893518,
    "parameters": 594818,
    "compared": {
        "train": {"largest_difference": 0.0021},
        "validation": {"largest_difference": 0.0172},
    },
    "metrics": {"accuracy": {"network": 0.91, "file": 0.9075, "loss": 0.0025}},
    "latency": {"ms": 4.9828, "low_ms": 4.912, "high_ms": 5.1038},
    "network_latency": {"ms": 1.9713, "low_ms": 1.8033, "high_ms": 2.2974},
}


def cells(card: dict[str, Any]) -> list[str]:
    table = export_table(ReportInputs(studies=[], exports={"light-int8": card}))
    assert table is not None
    (row,) = table.rows
    assert len(row) == len(table.head)
    return [str(one if isinstance(one, str) else f"{one.text} ({one.small})") for one in row]


def test_a_row_a_file() -> None:
    assert cells(CARD) == [
        "light-int8 (light, int8)",
        "segment (1 × 1 × 1500)",
        "893.5 kB (594\u202f818 parameters)",
        "0.017",
        "0.0025 of accuracy (0.9100 to 0.9075)",
        "4.98 (4.91 to 5.1)",
        "1.97 (1.8 to 2.3)",
    ]


def test_a_small_difference_is_not_called_nothing() -> None:
    card = copy.deepcopy(CARD)
    card["compared"] = {"train": {"largest_difference": 3.6e-7}}
    card["metrics"] = {}
    row = cells(card)
    assert row[3] == "4e-07"
    assert row[4].startswith("–")


def test_no_files_no_table() -> None:
    assert export_table(ReportInputs(studies=[])) is None

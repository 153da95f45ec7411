"""The report says which files no hash vouches for."""

from typing import Any

import pytest

from cardiograft.config.schema import Config
from cardiograft.report.cells import Cell
from cardiograft.report.inputs import ReportInputs
from cardiograft.report.sections.provenance import (
    database_table,
    left_out_table,
    noted_table,
)
from cardiograft.specs.report import Report


def _manifest(verified: int, hashes: dict[str, Any], many: int = 5) -> dict[str, Any]:
    files = [{"path": f"{n}.dat", "bytes": 10, "verified": n < verified} for n in range(many)]
    sums = [{"path": "SHA256SUMS.txt", "bytes": 10, "verified": False}] if hashes["listed"] else []
    return {
        "slug": "tiny",
        "version": "1.0.0",
        "simulated": False,
        "digest": "0" * 64,
        "files": files + sums,
        "refused": [],
        "hashes": hashes,
        "records": [],
    }


@pytest.mark.parametrize(
    ("verified", "listed", "malformed", "text", "warning"),
    [
        (5, True, 0, "5 of 5", ""),
        (3, True, 0, "3 of 5", ""),
        (3, True, 2, "3 of 5", "2 lines of SHA256SUMS.txt are no hash and name"),
        (0, False, 0, "0 of 5", "the mirror has no SHA256SUMS.txt"),
    ],
)
def test_files_without_a_hash_are_counted(
    verified: int, listed: bool, malformed: int, text: str, warning: str
) -> None:
    hashes = {"listed": listed, "malformed": malformed, "unverified": 5 - verified}
    inputs = ReportInputs(studies=[], manifests={"tiny": _manifest(verified, hashes)})
    table = database_table(inputs)
    cell = table.rows[0][table.head.index("Files verified")]
    assert isinstance(cell, Cell)
    assert (cell.text, cell.warning) == (text, warning)


def test_thousands_of_files_are_printed_as_other_numbers_are() -> None:
    hashes = {"listed": True, "malformed": 0}
    manifest = _manifest(1200, hashes, many=2000) | {"refused": [{}] * 1300}
    table = database_table(ReportInputs(studies=[], manifests={"tiny": manifest}))
    cell = table.rows[0][table.head.index("Files verified")]
    assert isinstance(cell, Cell)
    assert cell.text == "1\u202f200 of 2\u202f000, 1\u202f300 refused"


def test_what_stands_in_for_recordings_that_nobody_can_get_says_so() -> None:
    manifest = _manifest(5, {"listed": True, "malformed": 0, "unverified": 0})
    inputs = ReportInputs(studies=[], manifests={"tiny": manifest, "other": manifest})
    config = Config.model_validate(
        {"databases": {"tiny": {"dataset": "mitdb", "stands_in_for": "aumc"}}}
    )
    spec = config.spec("report", "")
    assert isinstance(spec, Report)
    cells = [row[0] for row in database_table(inputs, spec.stands_in).rows]
    assert all(isinstance(cell, Cell) for cell in cells)
    assert [cell.small for cell in cells if isinstance(cell, Cell)] == [
        "tiny 1.0.0; stands in for aumc",
        "tiny 1.0.0",
    ]
    assert "aumc" not in config.spec("download", "tiny").canonical()


def test_recordings_left_out_of_segments_stand_there_by_name_with_the_reason() -> None:
    summary = {"records_left_out": {"<b>100": "no lead II"}, "notes": {"kind": ["101: detail: x"]}}
    manifest = _manifest(0, {"listed": False, "malformed": 0, "unverified": 5})
    record = {"name": "102", "status": "accepted", "notes": ["null signal: V1 has no samples"]}
    manifest |= {"records": [record], "folder": {"name": "tiny"}, "remarks": ["labels.csv: one"]}
    inputs = ReportInputs(studies=[], manifests={"tiny": manifest}, segments={"beats": summary})
    left, noted = left_out_table(inputs), noted_table(inputs)
    assert left is not None
    assert [list(row) for row in left.rows] == [["<b>100", "beats", "no lead II"]]
    assert noted is not None
    assert [list(row)[1:] for row in noted.rows] == [
        ["tiny", "labels.csv: one"],
        ["tiny", "null signal: V1 has no samples"],
        ["beats", "kind: detail: x"],
    ]
    table = database_table(inputs)
    cell = table.rows[0][table.head.index("Files verified")]
    assert isinstance(cell, Cell)
    assert not cell.warning


def test_without_any_there_is_no_table() -> None:
    assert left_out_table(ReportInputs(studies=[])) is None
    assert noted_table(ReportInputs(studies=[])) is None

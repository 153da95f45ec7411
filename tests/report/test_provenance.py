"""The report says which files no hash vouches for."""

from typing import Any

import pytest

from cardiograft.report.cells import Cell
from cardiograft.report.inputs import ReportInputs
from cardiograft.report.sections.provenance import database_table


def _manifest(verified: int, hashes: dict[str, Any]) -> dict[str, Any]:
    files = [{"path": f"{n}.dat", "bytes": 10, "verified": n < verified} for n in range(5)]
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

"""The files of the Chapman-Shaoxing ECGs as first published: CSV files and a spreadsheet.

Legend: C channels, T samples.

Source: https://doi.org/10.6084/m9.figshare.c.4560497; Zheng et al., Sci Data 2020;7:48,
doi:10.1038/s41597-020-0386-x.
"""

import csv
import datetime
import io
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cardiograft.datasets._shaoxing import LEADS
from cardiograft.datasets._simulated import write_bytes
from cardiograft.physionet.headers import UnfitError
from cardiograft.records import Float32, Float64
from cardiograft.signals.leads import canonical
from cardiograft.signals.rhythm_codes import RHYTHMS

RECORDS = 10_646
STEP_UV = 4.88  # of the recorder's converter
USED = ("FileName", "Rhythm", "Beat", "PatientAge", "Gender")
FIRST_DAY = datetime.datetime(2018, 1, 11, 15, 51, 15, tzinfo=datetime.UTC)
# Of a simulated file's clock, so that equal content is equal bytes.
STILL = (1980, 1, 1, 0, 0, 0)


def _name(number: int) -> str:
    """Return a name of the form that the recorder gave: date, time, thousandths of a second."""
    at = FIRST_DAY + datetime.timedelta(seconds=37 * number)
    return f"MUSE_{at:%Y%m%d_%H%M%S}_{(number * 61) % 100:02d}000"


NAMES = tuple(_name(number) for number in range(RECORDS))


def diagnostics(path: Path) -> Mapping[str, Sequence[Mapping[str, str]]]:
    """Return the spreadsheet's rows by their record, of equal ones one: mostly one a record.

    Raises
    ------
    FileNotFoundError
        It is not there.
    ValueError
        It can't be read, lacks a column or has it twice, or openpyxl is not installed.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no spreadsheet {path}")
    facts = path.stat()
    return _rows(path, facts.st_mtime_ns, facts.st_size)


@cache
def _rows(path: Path, *edition: int) -> Mapping[str, Sequence[Mapping[str, str]]]:
    library = _library()
    try:
        book = library.load_workbook(path, read_only=True, data_only=True)
        lines = [
            ["" if cell is None else str(cell).strip() for cell in row]
            for row in book.active.iter_rows(values_only=True)
        ]
        book.close()
    except Exception as error:  # openpyxl lets through whatever its parser trips over
        message = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"unreadable {path.name}: {message}") from error
    head = lines[0] if lines else []
    lacking = [column for column in USED if column not in head]
    if lacking:
        raise ValueError(f"{path.name} has no column {', '.join(lacking)}")
    twice = [column for column in USED if head.count(column) > 1]
    if twice:
        raise ValueError(f"{path.name} has several columns {twice[0]}")
    rows_by_record: dict[str, list[dict[str, str]]] = {}
    for line in lines[1:]:
        row = {column: line[head.index(column)] for column in USED}
        rows = rows_by_record.setdefault(row["FileName"], []) if row["FileName"] else []
        if row not in rows:
            rows.append(row)
    return rows_by_record


def _library() -> Any:
    try:
        import openpyxl
    except ImportError as error:
        raise ValueError(
            "chapman_ecg reads its spreadsheet with openpyxl, which is not installed:"
            " pip install 'cardiograft[xlsx]'"
        ) from error
    return openpyxl


def comments(path: Path, record: str) -> tuple[str, ...]:
    """Return what the spreadsheet says of a record, line by line.

    Raises
    ------
    FileNotFoundError, ValueError
        As `diagnostics`; or it has no row of the record, or several that contradict one another.
    """
    row, *others = diagnostics(path).get(record) or ({},)
    if not row:
        raise UnfitError(f"no row in {path.name}")
    for other in others:
        what = next(column for column in USED if other[column] != row[column])
        raise UnfitError(
            f"rows contradict in {path.name}: {what} {row[what]!r} and {other[what]!r}"
        )
    rhythm = RHYTHMS.get(row["Rhythm"])
    return (
        f"Age: {row['PatientAge']}",
        f"Sex: {row['Gender'].capitalize()}",
        f"Rhythm: {row['Rhythm']}",
        f"Beat: {row['Beat']}",
        *([] if rhythm is None else [f"Dx: {rhythm.code}"]),
    )


def columns(path: Path) -> tuple[tuple[str, ...], Float32]:
    """Return a CSV file's leads, and its samples as filed, shape (C, T); empty cells are NaN.

    Raises
    ------
    FileNotFoundError
        It is not there.
    ValueError
        It is not twelve columns of numbers.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    first = next(csv.reader([text.partition("\n")[0]]), [])
    named = any(canonical(cell) in LEADS for cell in first)
    names = tuple(canonical(cell) for cell in first) if named else LEADS
    if sorted(names) != sorted(LEADS):
        raise UnfitError(f"{path.name} has leads {', '.join(names)}, not the twelve")
    try:
        value_TC = pd.read_csv(
            io.StringIO(text), header=None, skiprows=int(named), dtype=np.float32
        ).to_numpy()
    except ValueError as error:
        message = " ".join(str(error).split())
        raise UnfitError(f"unreadable {path.name}: {message}") from error
    if value_TC.shape[1] != len(LEADS):
        raise UnfitError(f"{path.name} has {value_TC.shape[1]} columns, not {len(LEADS)}")
    return names, np.ascontiguousarray(value_TC.T)


def write_columns(path: Path, signal_CT: Float64) -> None:
    """Write a CSV file with a row of the leads' names, microvolts to a hundredth."""
    rows = [",".join(LEADS), *(",".join(f"{value:.2f}" for value in row) for row in signal_CT.T)]
    write_bytes(path, "".join(f"{row}\n" for row in rows).encode())


def write_diagnostics(path: Path, rows: Sequence[tuple[object, ...]]) -> None:
    """Write the spreadsheet; equal rows give equal bytes.

    Raises
    ------
    ValueError
        openpyxl is not installed.
    """
    book = _library().Workbook()
    book.properties.created = book.properties.modified = FIRST_DAY.replace(tzinfo=None)
    for row in (USED, *rows):
        book.active.append(list(row))
    whole = io.BytesIO()
    book.save(whole)
    # openpyxl writes the time of day into the file and into the archive's list.
    written = io.BytesIO()
    with zipfile.ZipFile(whole) as made, zipfile.ZipFile(written, "w") as still:
        for name in sorted(made.namelist()):
            content = made.read(name)
            if name == "docProps/core.xml":
                content = _still(content)
            still.writestr(zipfile.ZipInfo(name, STILL), content, zipfile.ZIP_DEFLATED)
    write_bytes(path, written.getvalue())


def _still(core: bytes) -> bytes:
    """Return a spreadsheet's facts with the time of its last change taken back to the first."""
    begin, end = core.find(b"<dcterms:modified"), core.find(b"</dcterms:modified>")
    if begin < 0:
        return core
    return core[:begin] + core[end + len(b"</dcterms:modified>") :]

"""What a CSV file of a recording's samples says in its first row, and how its rows are read."""

import contextlib
import csv
import itertools
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cardiograft.datasets import _csv_units, _own, _tables
from cardiograft.physionet.headers import UnfitError
from cardiograft.signals.leads import canonical

# Excel's line that says what stands between cells, above the first row.
SEPARATOR = re.compile(r"\s*sep=(.)\s*", re.IGNORECASE)
FORMS = [re.compile(rf"\s*[+-]?\d*{mark}\d+(?:[eE][+-]?\d+)?\s*") for mark in (",", "[.]")]
# Beside an empty cell, ``NaN``, ``NA``, ``null`` and whatever else pandas takes for missing.
MISSING = ["-", "--", "---", "?", "*", "missing", "Missing", "MISSING"]
SAMPLE = 1 << 16  # bytes by which a file's encoding is told
AHEAD = 64  # rows by which a row of units is told from one of samples


@dataclass(frozen=True)
class Head:
    """A file's first row, and how pandas reads the rows after it.

    Attributes
    ----------
    columns
        As they are written, each with the unit that a row below states: two may have one name, and
        the last none.
    options
        Of `pandas.read_csv`, by which columns are numbered.
    """

    columns: tuple[str, ...]
    options: dict[str, Any]

    def rows(self, frame: pd.DataFrame, name: str) -> pd.DataFrame:
        """Return rows without the column that a mark at their end would make.

        Raises
        ------
        UnfitError
            They hold more than the first row names.
        """
        if frame[len(self.columns)].notna().any():
            raise UnfitError(f"{name}: a row has more cells than the first row names")
        return frame.drop(columns=len(self.columns))


@contextlib.contextmanager
def reading(name: str) -> Iterator[None]:
    """Say in one line what pandas trips over, also where it would drop cells with a warning.

    Raises
    ------
    UnfitError
        See above.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            yield
    except pd.errors.ParserWarning as error:
        raise UnfitError(f"{name}: a row has more cells than the first row names") from error
    except (ValueError, pd.errors.EmptyDataError) as error:
        if isinstance(error, UnfitError):
            raise
        raise UnfitError(f"unreadable {name}: {' '.join(str(error).split())}") from error


def head(path: Path) -> Head:
    """Return a file's first row that is neither blank nor a remark, and units that a row below has.

    Raises
    ------
    UnfitError
        There is none, it is no text or holds numbers, or a column has two units.
    """
    with path.open("rb") as raw:
        encoding = _tables.encoding(raw.read(SAMPLE))
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        blank, top = _top(file)
        before, mark = _first(top, path.name)
        first, ahead = top[before].strip(), top[before + 1 :]
        if mark is None:
            mark = _mark(first, ahead)
        try:
            columns = next(csv.reader([first], delimiter=mark, skipinitialspace=True))
        except csv.Error as error:
            raise UnfitError(f"unreadable {path.name}: {_tables.fault(error)}") from error
        columns = _csv_units.unquoted(columns)
        _check_names(columns, path.name)
        units, taken = _csv_units.below(path.name, columns, ahead, mark, missing=MISSING)
        columns = _csv_units.joined(path.name, columns, units)
        decimal = "." if mark == "," else _decimal(itertools.chain(ahead[taken:], file), mark)
    options = {
        "sep": mark,
        "decimal": decimal,
        "encoding": encoding,
        "encoding_errors": "replace",  # of remarks: in a number it is no number
        "skipinitialspace": True,
        "na_values": MISSING,
        "header": None,
        "skiprows": blank + before + 1 + taken,
        "names": range(len(columns) + 1),  # one more: rows may end with a mark
        "index_col": False,
    }
    return Head(tuple(columns), options)


def _top(file: Iterator[str]) -> tuple[int, list[str]]:
    """Return how many lines at the head are blank, and the next ones."""
    blank = 0
    for line in file:
        if line.strip():
            return blank, [line, *itertools.islice(file, AHEAD)]
        blank += 1
    return blank, []


def _first(lines: Sequence[str], name: str) -> tuple[int, str | None]:
    """Return which line is the first row, and the mark that Excel's line above it states.

    Lines that begin with ``#`` are remarks where a row of names follows them; where numbers do, the
    last one is the row of names.

    Raises
    ------
    UnfitError
        There is no row, or it is no text.
    """
    mark: str | None = None
    rows: list[int] = []
    for i, line in enumerate(lines):
        if stated := SEPARATOR.fullmatch(line):
            mark = stated[1]
        elif line.strip():
            rows.append(i)
            if not line.lstrip().startswith("#"):
                break
    if not rows:
        raise UnfitError(f"{name} has no row of numbers")
    if any("\0" in lines[i] for i in rows):
        raise UnfitError(f"unreadable {name}: it is not text, a zero byte in its first row")
    numbers = _csv_units.is_number(re.split(f"[{_tables.MARKS}]", lines[rows[-1]])[0])
    return rows[-2 if numbers and len(rows) > 1 else -1], mark


def _mark(first: str, rows: Sequence[str]) -> str:
    """Return what stands between cells: what makes as many of the rows as of the first one.

    A name may hold another mark, ``II, left``, and so may a number.
    """

    def fits(mark: str) -> tuple[int, int]:
        count = first.count(mark)
        same = sum(row.rstrip("\r\n").count(mark) - count in (0, 1) for row in rows if row.strip())
        return (same if count else 0, count)

    return max(_tables.MARKS, key=fits)


def _check_names(columns: Sequence[str], name: str) -> None:
    """Refuse a first row of samples, which would be taken for names of leads.

    Raises
    ------
    UnfitError
        It holds numbers alone, and they don't count columns.
    """
    cells = [cell.strip() for cell in columns if cell.strip()]
    counted = [[str(i + first) for i in range(len(cells))] for first in (0, 1)]
    if cells and all(map(_csv_units.is_number, cells)) and cells not in counted:
        raise UnfitError(f"{name} has no row of names: its first row holds numbers, {cells[0]!r}")


def _decimal(rows: Iterable[str], mark: str) -> str:
    """Return what stands before decimals, by the first row that has some."""
    for row in rows:
        cells = row.split(mark)
        commas, points = (sum(bool(form.fullmatch(cell)) for cell in cells) for form in FORMS)
        if commas != points:
            return "," if commas > points else "."
    return "," if mark == ";" else "."


def leads(titles: Sequence[str], kept: Iterable[int]) -> tuple[tuple[str, ...], list[str]]:
    """Return the leads that some columns hold, each once, and a note on each second one."""
    names: list[str] = []
    notes = []
    for i in kept:
        name = canonical(titles[i]) or f"column {i}"
        names.append(_own.unique(name, names))
        if names[-1] != name:
            notes.append(f"two leads of one name: {name} is a column before, {i} is {names[-1]!r}")
    return tuple(names), notes

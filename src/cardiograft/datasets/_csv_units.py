"""Units of a CSV file's columns: in the first row, or in a row of their own below it.

Programs that write the latter (``rdsamp -c -v``, LabChart, spreadsheets) have ``'Elapsed
time','MLII'`` above ``'seconds','mV'``.
"""

import csv
import re
from collections.abc import Collection, Iterable, Sequence

from cardiograft.datasets import _csv_time
from cardiograft.physionet.headers import NUMBER, UnfitError
from cardiograft.signals import units

HEAD = re.compile(r"(.*?)\s*(?:\[([^\[\]]*)\])?\s*")
ENDING = re.compile(r".*\w[\s_/.{]+([A-Za-z\u03bc\u00b5]+)\}?\s*")
BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")  # around a whole cell
UNKNOWN = ("nan", "na", "n/a", "null", "none")
QUOTED = re.compile(r"'([^']*)'")


def heads(columns: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return each column's name, and its unit or nothing: ``II [mV]``, or ``II (mV)``.

    What stands in round brackets is a unit where it is known as one.
    """
    titles, stated = [], []
    for column in columns:
        matches = HEAD.fullmatch(column)
        title, unit = (matches[1], (matches[2] or "").strip()) if matches else (column, "")
        rounded = _csv_time.ROUND.fullmatch(title)
        if not unit and rounded and _is_unit(rounded[2]):
            title, unit = rounded[1], rounded[2].strip()
        titles.append(title)
        stated.append(unit or _ending(title))
    return titles, stated


def _ending(title: str) -> str:
    """Return the unit that ends a name without brackets, ``V5_uV`` or ``II/mV``, or nothing.

    Written as units are: ``V5_MV`` and a letter alone may be anything, and a time's is its own.
    """
    last = ENDING.fullmatch(title)
    text = last[1].replace("\u03bc", "u").replace("\u00b5", "u") if last else ""
    return text if any(text == unit.name for unit in units.UNITS) and len(text) > 1 else ""


def unquoted(cells: Sequence[str]) -> list[str]:
    """Return a row's cells without single quotes, if all that hold something have them."""
    stripped = [cell.strip() for cell in cells]
    matches = [QUOTED.fullmatch(cell) for cell in stripped if cell]
    if not matches or not all(matches):
        return list(cells)
    return [cell[1:-1] for cell in stripped]


def below(
    name: str, columns: Sequence[str], lines: Sequence[str], mark: str, *, missing: Collection[str]
) -> tuple[list[str], int]:
    """Return the units that the row below the first one states, and how many lines it takes.

    It is one of units where a cell of it is a known unit above numbers. Where there is none, there
    are no units, and no line is taken.

    Parameters
    ----------
    name
        The file's, for messages.
    lines
        Those below the first row.
    missing
        Cells that say nothing.

    Raises
    ------
    UnfitError
        Beside a unit there are numbers in it, so that it may be one of samples.
    """
    nothing = [""] * len(columns)
    rows = [(i + 1, _cells(line, mark)) for i, line in enumerate(lines) if line.strip()]
    if not rows:
        return nothing, 0
    (taken, first), further = rows[0], [row for _, row in rows[1:]]
    cells = ([_bare(cell, missing) for cell in unquoted(first)] + nothing)[: len(columns)]
    known = [
        cell
        for i, cell in enumerate(cells)
        if cell and _is_unit(cell) and any(i < len(row) and is_number(row[i]) for row in further)
    ]
    if not known:
        return nothing, 0
    numbers = [cell for cell in first if is_number(cell)]
    if numbers:
        raise UnfitError(
            f"{name}: the row below the first has a unit, {known[0]!r}, and a number, {numbers[0]}"
        )
    return cells, taken


def joined(name: str, columns: Sequence[str], stated: Sequence[str]) -> list[str]:
    """Return columns as if each unit stood in the first row.

    Raises
    ------
    UnfitError
        Another one stands there.
    """
    titles, own = heads(columns)
    whole = []
    for column, title, first, unit in zip(columns, titles, own, stated, strict=True):
        last = _csv_time.LAST.fullmatch(title)
        if unit and not first and last and _csv_time.seconds(unit) and _csv_time.seconds(last[1]):
            first = last[1]  # ``time_ms``
        if unit and first and not _same(first, unit):
            raise UnfitError(
                f"two units of {title} in {name}: {first!r} in the first row, {unit!r} below it"
            )
        whole.append(f"{title} [{unit}]" if unit and not heads([column])[1][0] else column)
    return whole


def is_number(cell: str) -> bool:
    """Return whether a cell holds a number, with a point or a comma before its decimals."""
    return re.fullmatch(NUMBER, cell.strip().replace(",", ".")) is not None


def _cells(line: str, mark: str) -> list[str]:
    try:
        return next(csv.reader([line.strip("\r\n")], delimiter=mark, skipinitialspace=True), [])
    except csv.Error:
        return []  # whoever reads the rows says what is wrong with this one


def _bare(cell: str, missing: Collection[str]) -> str:
    """Return a cell's unit without brackets around it, nothing where the cell says nothing."""
    text = cell.strip()
    if match := BRACKETS.fullmatch(text):
        text = (match[1] or match[2] or "").strip()
    return (
        ""
        if text in missing or text.casefold() in UNKNOWN
        else re.sub(r"[\[\]]", " ", text).strip()
    )


def _same(one: str, other: str) -> bool:
    if (size := _csv_time.seconds(one)) is not None:
        return size == _csv_time.seconds(other)
    try:
        return units.find(one) == units.find(other)
    except ValueError:
        return one == other


def _is_unit(text: str) -> bool:
    try:
        units.find(text)
    except ValueError:
        return _csv_time.seconds(text) is not None
    return True

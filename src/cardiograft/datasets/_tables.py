"""Tables of labels and subjects: text in any of the usual encodings, to rows of cells.

A table is refused as a whole where its rows can't be told apart: a quote that is never closed
would make one row of many, and take their labels with it.
"""

import codecs
import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cardiograft.physionet import listings

MARKS = ",;\t"
SHOWN = 80  # letters of a line in a message


class Table(NamedTuple):
    """A table's columns, its rows below them, and the mark between two cells."""

    columns: tuple[str, ...]
    rows: list[list[str]]
    mark: str


def encoding(head: bytes) -> str:
    """Return how a text is written that begins with some lines.

    By its mark of byte order; without one it is UTF-8, or else of Windows in western Europe
    (a Latin-1 with more letters), in which µ and ° stand where they do in Latin-1.
    """
    if (marked := listings.encoding(head)) is not None:
        return marked
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last letter may be cut
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def read(path: Path, columns: Sequence[str] = ()) -> Table:
    """Read a table; its first row that is not blank names the columns.

    Parameters
    ----------
    columns
        Those that it must have.

    Raises
    ------
    ValueError
        It is no text, its rows can't be told apart, or a column is not there or there twice.
    """
    lines = _lines(path)
    head = lines[0] if lines else ""
    for mark in sorted(MARKS, key=lambda mark: -head.count(mark)):
        named = [name.strip() for name in _cells(path, head, mark, strict=False)]
        if set(columns) <= set(named):
            break
    else:
        missing = dict.fromkeys([one for one in columns if one not in head] or columns)
        shown = repr(head[:SHOWN])
        raise ValueError(f"{path.name} has no column {', '.join(missing)}: it begins {shown}")
    twice = [column for column in columns if named.count(column) > 1]
    if twice:
        raise ValueError(f"{path.name} has several columns {twice[0]}")
    for line in lines[:1]:
        _cells(path, line, mark)
    return Table(tuple(named), [_cells(path, line, mark) for line in lines[1:]], mark)


def _lines(path: Path) -> list[str]:
    """Return the lines, without blank ones at the head and Excel's ``sep=;``."""
    content = path.read_bytes()
    try:
        text = content.decode(encoding(content))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is not text: {error.reason} at {error.start}") from error
    if "\0" in text:
        raise ValueError(f"{path.name} is not text: a zero byte at {text.index(chr(0))}")
    lines = list(io.StringIO(text, newline=None))  # \r alone ends a line too
    while lines and (not lines[0].strip() or lines[0].lower().startswith("sep=")):
        del lines[0]
    return [line.rstrip("\n") for line in lines]


def _cells(path: Path, line: str, mark: str, *, strict: bool = True) -> list[str]:
    """Return the cells of one line, which none of them may go beyond."""
    try:
        return next(csv.reader([line], delimiter=mark, strict=strict), [])
    except csv.Error as error:
        raise ValueError(f"{path.name}: {fault(error)} in {line[:SHOWN]!r}") from error


def fault(error: csv.Error) -> str:
    """Return what is wrong with a row, in words of the row and not of its reader."""
    text = str(error)
    if "unexpected end" in text:
        return "a quote is not closed"
    if "expected after" in text:
        return "a quote ends before its cell does"
    return "a cell is too long" if "field limit" in text else text

"""What a CSV file of a recording's samples says in its first row and in its column of the time.

Legend: R rows.
"""

import contextlib
import csv
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cardiograft.datasets import _own
from cardiograft.physionet.headers import HIGHEST_HZ, LOWEST_HZ, UnfitError
from cardiograft.records import Float64, Int64
from cardiograft.signals.leads import canonical

HEAD = re.compile(r"(.*?)\s*(?:\[([^\[\]]*)\])?\s*")
TIMES = {"": 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
# ASSUME a row that is off its place by less than a quarter of a sample was rounded on writing; a
# gap is filled with at most 20 missing samples for one that is there.
ROUNDED, MOST_MISSING = 0.25, 20
TIME_NAMES = ("time", "t", "seconds", "timestamp", "elapsed time", "elapsed")
NO_TIME = "no rate: the time is missing somewhere, or does not go on"


@dataclass(frozen=True)
class Head:
    """A file's first row, and how pandas reads the rows after it.

    Attributes
    ----------
    columns
        As they are written: two may have one name, and the last none.
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
    """Return a file's first row that is not blank.

    Raises
    ------
    UnfitError
        There is none.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        before, first = 0, ""
        for line in file:
            if first := line.strip():
                break
            before += 1
    if not first:
        raise UnfitError(f"{path.name} has no row of numbers")
    mark = max(",;\t", key=first.count)
    columns = next(csv.reader([first], delimiter=mark, skipinitialspace=True))
    options = {
        "sep": mark,
        "decimal": "," if mark == ";" else ".",
        "encoding": "utf-8-sig",
        "skipinitialspace": True,
        "header": None,
        "skiprows": before + 1,
        "names": range(len(columns) + 1),  # one more: rows may end with a mark
        "index_col": False,
    }
    return Head(tuple(columns), options)


def heads(columns: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return each column's name, and its unit or nothing: ``II [mV]``."""
    found = [(column, HEAD.fullmatch(column)) for column in columns]
    titles = [head[1] if head else column for column, head in found]
    return titles, [((head and head[2]) or "").strip() for _, head in found]


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


def as_leads(titles: Sequence[str], time: str | None) -> list[str]:
    """Return a note on each column of the time, by its name, that is read as a lead.

    Rows that are left out in such a file are no gaps then.
    """
    if time is not None:
        return []
    return [
        f"{title!r} is read as a lead: `time` (--time) would make it the time, and show gaps"
        for title in titles
        if title.casefold() in TIME_NAMES
    ]


def second(unit: str) -> float:
    """Return what one of a column's units of time is in seconds.

    Raises
    ------
    UnfitError
        It is no unit of time.
    """
    if unit not in TIMES:
        raise UnfitError(f"no rate: the time is in {unit!r}, not {', '.join(TIMES)}")
    return TIMES[unit]


def places(time_R: Float64, start_s: float, rate_hz: Fraction) -> Int64:
    """Return each row's sample, counted from `start_s`.

    Raises
    ------
    UnfitError
        A time is missing or does not go on, or rows do not stand at the rate.
    """
    if not np.isfinite(time_R).all() or (np.diff(time_R) <= 0).any():
        raise UnfitError(NO_TIME)
    at_R = (time_R - start_s) * float(rate_hz)
    place_R = np.rint(at_R).astype(np.int64)
    if np.abs(at_R - place_R).max() > ROUNDED or (np.diff(place_R) < 1).any():
        raise UnfitError(f"no constant rate: rows do not stand at {float(rate_hz):g} Hz")
    return np.asarray(place_R)


def rate(time_R: Float64) -> Fraction:
    """Return the roundest rate at which every row stands in its place.

    Raises
    ------
    UnfitError
        There is none, or it is absurd.
    """
    if not np.isfinite(time_R).all() or (np.diff(time_R) <= 0).any():
        raise UnfitError(NO_TIME)
    step_R = np.diff(time_R)
    whole_R = step_R < 1.5 * np.median(step_R)  # beyond are gaps
    mean_hz = whole_R.sum() / step_R[whole_R].sum()
    if not LOWEST_HZ <= mean_hz <= HIGHEST_HZ:
        raise UnfitError(f"absurd sampling rate: {mean_hz:g} Hz")
    for digits in range(4):
        rate_hz = Fraction(str(round(mean_hz, digits)))
        at_R = (time_R - time_R[0]) * float(rate_hz)
        if rate_hz > 0 and np.abs(at_R - np.rint(at_R)).max() <= ROUNDED:
            return rate_hz
    return Fraction(mean_hz).limit_denominator(10**6)

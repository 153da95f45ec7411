"""What a CSV file of a recording's samples says in its first row and in its column of the time.

Legend: R rows.
"""

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from cardiograft.datasets import _own
from cardiograft.physionet.headers import HIGHEST_HZ, LOWEST_HZ, UnfitError
from cardiograft.records import Float64, Int64
from cardiograft.signals.leads import canonical

HEAD = re.compile(r"(.*?)\s*(?:\[([^\[\]]*)\])?\s*")
TIMES = {"": 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
# ASSUME a row that is off its place by less than a quarter of a sample was rounded on writing; a
# gap is filled with at most 20 missing samples for one that is there.
ROUNDED, MOST_MISSING = 0.25, 20
NO_TIME = "no rate: the time is missing somewhere, or does not go on"


def dialect(head: str) -> dict[str, Any]:
    """Return how pandas reads a file with this first line."""
    mark = max(",;\t", key=head.count)
    return {
        "sep": mark,
        "decimal": "," if mark == ";" else ".",
        "encoding": "utf-8-sig",
        "skipinitialspace": True,
    }


def heads(columns: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return each column's name, and its unit or nothing: ``II [mV]``."""
    found = [(column, HEAD.fullmatch(column)) for column in columns]
    titles = [head[1] if head else column for column, head in found]
    return titles, [((head and head[2]) or "").strip() for _, head in found]


def leads(titles: Sequence[str], kept: Iterable[int]) -> tuple[str, ...]:
    """Return the leads that some columns hold, each once."""
    names: list[str] = []
    for i in kept:
        names.append(_own.unique(canonical(titles[i]) or f"column {i}", names))
    return tuple(names)


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

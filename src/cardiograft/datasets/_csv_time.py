"""The column of the time of a CSV file: its unit, the rate that it shows, and where rows stand.

Legend: R rows.
"""

import re
import unicodedata
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from cardiograft.physionet.headers import HIGHEST_HZ, LOWEST_HZ, UnfitError
from cardiograft.records import Float64, Int64

ROUND = re.compile(r"(.*\S)\s*\(([^()]*)\)\s*")  # ``II (mV)``
# What ends a time's name may be its unit: ``time_ms``, ``t/s``, ``Elapsed ms``, ``seconds``.
LAST = re.compile(r"(?:.*[\W_])?([^\W\d_]+)\s*")
SECONDS = {
    1.0: ("", "s", "sec", "secs", "second", "seconds"),
    1e-3: ("ms", "msec", "msecs", "millisecond", "milliseconds"),
    1e-6: ("us", "usec", "usecs", "microsecond", "microseconds"),
    1e-9: ("ns", "nsec", "nanosecond", "nanoseconds"),
    60.0: ("min", "mins", "minute", "minutes"),
    3600.0: ("h", "hr", "hrs", "hour", "hours"),
}
TIMES = {name: size for size, names in SECONDS.items() for name in names}
# ASSUME a row that is off its place by less than a quarter of a sample was rounded on writing; a
# gap is filled with at most 20 missing samples for one that is there.
ROUNDED, MOST_MISSING = 0.25, 20
TIME_NAMES = ("time", "t", "seconds", "timestamp", "elapsed time", "elapsed")
NO_NUMBERS = "no rate: the column of the time holds what is no number"
NO_TIME = "no rate: the time is missing somewhere, or does not go on"


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


def seconds(unit: str) -> float | None:
    """Return what a unit of time is in seconds, in any case; none where it is no such unit.

    Examples
    --------
    >>> seconds("MS"), seconds("μs"), seconds("sec"), seconds("mV")
    (0.001, 1e-06, 1.0, None)
    """
    text = unicodedata.normalize("NFKC", unit.strip()).replace("\u03bc", "u")
    return TIMES.get(text.casefold().rstrip("."))


def column(columns: Sequence[str], titles: Sequence[str], name: str) -> int:
    """Return which column is called so, with its unit or without.

    Raises
    ------
    UnfitError
        None is, or several are.
    """
    pairs = enumerate(zip(columns, titles, strict=True))
    # in single quotes as some programs write a name, or as it is read
    name = name[1:-1] if re.fullmatch(r"'[^']*'", name) else name
    matches = [i for i, (written, title) in pairs if name in (written.strip(), title)]
    if len(matches) != 1:
        raise UnfitError(f"no rate: {len(matches)} columns are called {name!r}")
    return matches[0]


def second(title: str, unit: str) -> float:
    """Return what one of a column's units of time is in seconds, by its unit or else its name.

    A name without a unit is in seconds; ``time (ms)``, ``time_ms`` and ``t/ms`` have one.

    Raises
    ------
    UnfitError
        It is no unit of time.
    """
    last, rounded = LAST.fullmatch(title), ROUND.fullmatch(title)
    if not unit and rounded:
        unit = rounded[2]
    if not unit and last and seconds(last[1]) is not None:
        unit = last[1]
    size = seconds(unit)
    if size is None:
        known = ", ".join(names[1] if size == 1 else names[0] for size, names in SECONDS.items())
        raise UnfitError(f"no rate: the time is in {unit!r}, not {known}")
    return size


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
    step_R = np.diff(place_R)
    if np.abs(at_R - place_R).max() > ROUNDED or (step_R < 1).any():
        raise UnfitError(f"no constant rate: rows do not stand at {float(rate_hz):g} Hz")
    if len(step_R) and step_R.min() > 1:  # no two rows are neighbours
        shown_hz = float(rate_hz) / float(np.median(step_R))
        raise UnfitError(
            f"two rates: {float(rate_hz):.12g} Hz is stated, by the time it is {shown_hz:.12g} Hz"
        )
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

"""Recordings of one's own as CSV files, one a recording, in a folder that config names.

The first row names the leads, each with its unit if it likes (``II [mV]``); a cell without a number
is a missing sample. The rate is config's ``rate_hz``, or follows from the column of the time that
config names (``time [ms]``; seconds where no unit stands): rows that are left out there are gaps.

Legend: C channels, T samples, R rows.
"""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd

from cardiograft.datasets import _own
from cardiograft.physionet import listings
from cardiograft.physionet.headers import HIGHEST_HZ, LOWEST_HZ, UnfitError
from cardiograft.records import Float64, Int64, Record
from cardiograft.signals.leads import canonical
from cardiograft.specs.own_folder import OwnFolder

SLUG, VERSION = "csv_folder", "own"
MAINS_HZ = 50  # config says it of each folder
WANTED = ()
UNITS = {"*": "mV"}
ANNOTATORS = ()
EXTRAS = ()
OWN = True
GAPS = True

HEAD = re.compile(r"(.*?)\s*(?:\[([^\[\]]*)\])?\s*")
TIMES = {"": 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
# ASSUME a row that is off its place by less than a quarter of a sample was rounded on writing; a
# gap is filled with at most 20 missing samples for one that is there.
ROUNDED, MOST_MISSING = 0.25, 20


def found(root: Path, *, folder: OwnFolder) -> tuple[str, ...]:
    """Return the names of the recordings, without extension, in order: tables are none."""
    return tuple(dict.fromkeys(_own.names(root, ".csv", without=folder.tables)))


def files(root: Path, record: str) -> tuple[str, ...]:
    """Return the file below `root` that a record needs.

    Raises
    ------
    FileNotFoundError, UnfitError
        There is none, or there are several.
    """
    return (_own.file(root, record, ".csv"),)


def mentioned(root: Path, *, folder: OwnFolder) -> dict[str, tuple[str, ...]]:
    """Return the recordings that each table of the folder names."""
    return _own.mentioned(root, folder)


def subject(root: Path, record: str, *, folder: OwnFolder) -> str:
    """Return whose recording it is, as config says.

    Raises
    ------
    UnfitError
        That can't be told.
    """
    return _own.subject(root, record, folder)


def read(root: Path, record: str, *, folder: OwnFolder) -> Record:
    """Read one recording: float32, shape (C, T), in the units that its first row states.

    Raises
    ------
    FileNotFoundError
        The file is not there.
    UnfitError
        It can't be read, its rate is not known or not constant, or its labels contradict one
        another.
    """
    spans = _own.labels(root, record, folder)
    whose = _own.subject(root, record, folder)
    name = files(root, record)[0]
    frame, notes = _numbers(root / name)
    heads = [HEAD.fullmatch(column) for column in frame.columns]
    titles = [head[1] if head else str(column) for head, column in zip(heads, frame, strict=True)]
    value_CR = frame.to_numpy(dtype=np.float64).T
    rate_hz, at_R, times = _clock(titles, [(h and h[2]) or "" for h in heads], value_CR, folder)
    kept = [i for i in range(len(titles)) if i not in times]
    if not kept:
        raise UnfitError(f"{name} holds no signal")
    signal_CT = np.full((len(kept), int(at_R[-1]) + 1), np.nan, dtype=np.float32)
    signal_CT[:, at_R] = value_CR[kept]
    leads: list[str] = []
    for i in kept:
        leads.append(_own.unique(canonical(titles[i]) or f"column {i}", leads))
    whole = Record(
        dataset=folder.name,
        id=record,
        subject=whose,
        signal_CT=signal_CT,
        rate_hz=rate_hz,
        leads=tuple(leads),
        units=tuple((head[2] or "").strip() if (head := heads[i]) else "" for i in kept),
        mains_hz=folder.mains_hz,
        notes=tuple(notes),
    )
    return _own.labelled(_own.named(whole, folder), spans)


def _numbers(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return the columns that hold numbers, and a note on each that does not."""
    head = listings.text(path).partition("\n")[0]
    mark = max(",;\t", key=head.count)
    try:
        frame = pd.read_csv(
            path,
            sep=mark,
            decimal="," if mark == ";" else ".",
            encoding="utf-8-sig",
            skipinitialspace=True,
            low_memory=False,
        )
    except (ValueError, pd.errors.EmptyDataError) as error:
        raise UnfitError(f"unreadable {path.name}: {' '.join(str(error).split())}") from error
    if frame.empty:
        raise UnfitError(f"{path.name} has no row of numbers")
    frame.columns = frame.columns.map(str)
    text = [c for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c])]
    notes = [f"lead left out: {column} holds what is no number" for column in text]
    return frame.drop(columns=text), notes


def _clock(
    titles: list[str], units: list[str], value_CR: Float64, folder: OwnFolder
) -> tuple[Fraction, Int64, list[int]]:
    """Return the rate, each row's place in the signal, and which columns are of the time."""
    stated = None if folder.rate_hz is None else Fraction(str(folder.rate_hz))
    if folder.time is None:
        if stated is None:
            raise UnfitError("no rate: config names neither rate_hz nor the column of the time")
        return stated, np.arange(value_CR.shape[1]), []
    if titles.count(folder.time) != 1:
        raise UnfitError(f"no rate: {titles.count(folder.time)} columns are called {folder.time!r}")
    column = titles.index(folder.time)
    if units[column] not in TIMES:
        raise UnfitError(f"no rate: the time is in {units[column]!r}, not {', '.join(TIMES)}")
    time_R = value_CR[column] * TIMES[units[column]]
    if len(time_R) < 2 or not np.isfinite(time_R).all() or (np.diff(time_R) <= 0).any():
        raise UnfitError("no rate: the time is missing somewhere, or does not go on")
    rate_hz = _rate(time_R) if stated is None else stated
    at_R = (time_R - time_R[0]) * float(rate_hz)
    place_R = np.rint(at_R).astype(np.int64)
    if np.abs(at_R - place_R).max() > ROUNDED or (np.diff(place_R) < 1).any():
        raise UnfitError(f"no constant rate: rows do not stand at {float(rate_hz):g} Hz")
    if place_R[-1] > MOST_MISSING * len(time_R):
        raise UnfitError(f"absurd length: {len(time_R)} rows in {place_R[-1]} samples")
    return rate_hz, place_R, [column]


def _rate(time_R: Float64) -> Fraction:
    """Return the roundest rate at which every row stands in its place."""
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

"""Recordings of one's own as CSV files, one a recording, in a folder that config names.

The first row names the leads, each with its unit if it likes (``II [mV]``), or a row of units
stands below it; a cell without a number is a missing sample. The rate is config's ``rate_hz``, or
follows from the column of the time that config names (``time [ms]``; seconds where no unit stands):
rows that are left out there are gaps.

Legend: C channels, T samples, R rows.
"""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd

from cardiograft.datasets import _csv, _csv_time, _csv_units, _own
from cardiograft.physionet.headers import UnfitError
from cardiograft.records import Float64, Int64, Record
from cardiograft.specs.own_folder import OwnFolder

SLUG, VERSION = "csv_folder", "own"
MAINS_HZ = 50  # config says it of each folder
WANTED = ()
UNITS = {"*": "mV"}
ANNOTATORS = ()
EXTRAS = ()
OWN = True
GAPS = True


def record_names(root: Path, *, folder: OwnFolder) -> tuple[str, ...]:
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
        Its subject is not known.
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
    columns, value_CR, notes = _numbers(root / name, folder.time)
    titles, stated = _csv_units.heads(columns)
    rate_hz, at_R, times = _clock(columns, value_CR, folder)
    kept = [i for i in range(len(titles)) if i not in times]
    if not kept:
        raise UnfitError(f"{name} holds no signal")
    signal_CT = np.full((len(kept), int(at_R[-1]) + 1), np.nan, dtype=np.float32)
    signal_CT[:, at_R] = value_CR[kept]
    leads, doubles = _csv.leads(titles, kept)
    whole = Record(
        dataset=folder.name,
        id=record,
        subject=whose,
        signal_CT=signal_CT,
        rate_hz=rate_hz,
        leads=leads,
        units=tuple(stated[i] for i in kept),
        mains_hz=folder.mains_hz,
        notes=(*notes, *doubles, *_csv_time.as_leads(titles, folder.time)),
    )
    return _own.labelled(_own.named(whole, folder), spans)


def _numbers(path: Path, time: str | None) -> tuple[list[str], Float64, list[str]]:
    """Return the columns that hold numbers, these as (C, R), and a note on each other column.

    Raises
    ------
    UnfitError
        There are none, or the column of the time holds anything else.
    """
    head = _csv.head(path)
    with _csv.reading(path.name):
        frame = head.rows(pd.read_csv(path, low_memory=False, **head.options), path.name)
    if frame.empty:
        raise UnfitError(f"{path.name} has no row of numbers")
    text = [i for i in frame.columns if not pd.api.types.is_numeric_dtype(frame[i])]
    if time is not None:
        titles, _ = _csv_units.heads(head.columns)
        if _csv_time.column(head.columns, titles, time) in text:
            raise UnfitError(f"{_csv_time.NO_NUMBERS}: {time!r} of {path.name}")
    notes = [f"lead left out: {head.columns[i]} holds what is no number" for i in text]
    nothing = [i for i in frame.columns if not head.columns[i] and frame[i].isna().all()]
    kept = frame.drop(columns=[*text, *nothing])
    return [head.columns[i] for i in kept.columns], kept.to_numpy(dtype=np.float64).T, notes


def _clock(
    columns: list[str], value_CR: Float64, folder: OwnFolder
) -> tuple[Fraction, Int64, list[int]]:
    """Return the rate, each row's place in the signal, and which columns are of the time."""
    stated = None if folder.rate_hz is None else Fraction(str(folder.rate_hz))
    if folder.time is None:
        if stated is None:
            raise UnfitError(
                "no rate: neither `rate_hz` (--rate-hz) nor a column of the time (`time`, --time)"
                " is named"
            )
        return stated, np.arange(value_CR.shape[1]), []
    titles, units = _csv_units.heads(columns)
    column = _csv_time.column(columns, titles, folder.time)
    time_R = value_CR[column] * _csv_time.second(titles[column], units[column])
    if len(time_R) < 2:
        raise UnfitError(_csv_time.NO_TIME)
    rate_hz = _csv_time.rate(time_R) if stated is None else stated
    place_R = _csv_time.places(time_R, time_R[0], rate_hz)
    if place_R[-1] > _csv_time.MOST_MISSING * len(time_R):
        raise UnfitError(f"absurd length: {len(time_R)} rows in {place_R[-1]} samples")
    return rate_hz, place_R, [column]

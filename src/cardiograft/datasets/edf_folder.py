"""EDF, EDF+ and BDF recordings of one's own, in a folder that config names, through pyedflib.

Every ``.edf`` and ``.bdf`` below it is one recording, at whatever rates its signals have. A signal
called ``ECG II``, as EDF+ has it, is lead II. A recording with interruptions (EDF+D) is refused, as
pyedflib does; a file shorter than its header states is, too.

Legend: C channels, T samples.

Source: Kemp & Olivan, Clin Neurophysiol 2003;114:1755-1761, doi:10.1016/S1388-2457(03)00123-8;
https://www.edfplus.info/specs/edftexts.html (names of signals).
"""

import dataclasses
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from cardiograft.datasets import _own
from cardiograft.datasets._stream_edf import lead, library, unreadable
from cardiograft.physionet.headers import UnfitError
from cardiograft.records import Record
from cardiograft.specs.own_folder import OwnFolder

SLUG, VERSION = "edf_folder", "own"
MAINS_HZ = 50  # config says it of each folder
WANTED = ()
UNITS = {"*": "mV"}
ANNOTATORS = ()
EXTRAS = ()
OWN = True

SUFFIXES = (".edf", ".bdf")


def found(root: Path, *, folder: OwnFolder) -> tuple[str, ...]:
    """Return the names of the recordings, without extension, in order.

    Raises
    ------
    ValueError
        pyedflib is not installed.
    """
    library()
    return tuple(dict.fromkeys(_own.names(root, *SUFFIXES)))


def files(root: Path, record: str) -> tuple[str, ...]:
    """Return the file below `root` that a record needs.

    Raises
    ------
    FileNotFoundError, UnfitError
        There is none, or there are several.
    """
    return (_own.file(root, record, *SUFFIXES),)


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
    """Read one recording: float32, shape (C, T), in the units that the file states.

    Raises
    ------
    FileNotFoundError
        The file is not there.
    UnfitError
        It can't be read, or its labels contradict one another.
    """
    spans = _own.labels(root, record, folder)
    whose = _own.subject(root, record, folder)
    path = root / files(root, record)[0]
    try:
        with library().EdfReader(str(path)) as reader:
            by_rate = _signals(reader)
    except (OSError, ValueError, MemoryError) as error:
        raise unreadable(error, path) from error
    if not by_rate:
        raise UnfitError(f"{path.name} holds no signal")
    parts = [
        Record(
            dataset=folder.name,
            id=record,
            subject=whose,
            signal_CT=np.stack([signal_T for _, _, signal_T in its]),
            rate_hz=rate_hz,
            leads=tuple(name for name, _, _ in its),
            units=tuple(unit for _, unit, _ in its),
            mains_hz=folder.mains_hz,
        )
        for rate_hz, its in sorted(by_rate.items(), key=lambda pair: -len(pair[1]))
    ]
    whole = dataclasses.replace(parts[0], beside=tuple(parts[1:]))
    return _own.labelled(_own.named(whole, folder), spans)


def _signals(reader: Any) -> dict[Fraction, list[tuple[str, str, Any]]]:
    """Return name, unit and samples of each signal, by their rate."""
    by_rate: dict[Fraction, list[tuple[str, str, Any]]] = {}
    taken: list[str] = []
    duration = Fraction(str(reader.datarecord_duration))
    for number in range(reader.signals_in_file):
        name = _own.unique(lead(reader.getLabel(number)) or f"signal {number}", taken)
        taken.append(name)
        signal_T = reader.readSignal(number).astype(np.float32)
        rate_hz = Fraction(int(reader.samples_in_datarecord(number))) / duration
        unit = reader.getPhysicalDimension(number).strip()
        by_rate.setdefault(rate_hz, []).append((name, unit, signal_T))
    return by_rate

"""EDF, EDF+ and BDF recordings of one's own, in a folder that config names, through pyedflib.

Every ``.edf`` and ``.bdf`` below it is one recording, at whatever rates its signals have. A signal
called ``ECG II``, as EDF+ has it, is lead II. Fields that nobody uses may hold anything; a signal
whose lowest value is its highest costs itself alone. A recording with interruptions (EDF+D) is
refused, and so is a file shorter than its header states.

Legend: C channels, T samples.

Source: Kemp & Olivan, Clin Neurophysiol 2003;114:1755-1761, doi:10.1016/S1388-2457(03)00123-8;
https://www.edfplus.info/specs/edftexts.html (names of signals).
"""

import dataclasses
from pathlib import Path

from cardiograft.datasets import _own
from cardiograft.datasets._stream_edf import library, open_edf
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


def record_names(root: Path, *, folder: OwnFolder) -> tuple[str, ...]:
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
        Its subject is not known.
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
    stream = open_edf(root / files(root, record)[0])
    parts = [
        Record(
            dataset=folder.name,
            id=record,
            subject=whose,
            signal_CT=signal_CT,
            rate_hz=stream.rate_hz(group),
            leads=group.leads,
            units=group.units,
            mains_hz=folder.mains_hz,
            notes=stream.notes,
        )
        for group, signal_CT in zip(stream.groups, stream.read(0, stream.frames), strict=True)
    ]
    whole = dataclasses.replace(parts[0], beside=tuple(parts[1:]))
    return _own.labelled(_own.named(whole, folder), spans)

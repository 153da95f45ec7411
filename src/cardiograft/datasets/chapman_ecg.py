"""Chapman-Shaoxing ECGs as first published: ten seconds of twelve leads of 10,646 people.

500 Hz, 5,000 rows, one CSV file a record (``ECGData/MUSE_20180111_155115_19000.csv``) with a
column a lead, in microvolts, below a row of their names; ``ECGDataDenoised/``, which has no such
row, holds the same filtered and isn't read. ``Diagnostics.xlsx`` names each record's rhythm, one
of eleven, and needs openpyxl. Most of these people are also in ecg-arrhythmia, under other names
and in another order: no list says who is who, the recordings' rhythms do (docs/audit.md).

As figshare has no RECORDS, the spreadsheet stands for it: unpack the files into
``chapman-ecg/4560497/`` of a directory mirror.

Legend: C channels, T samples.

Source: https://doi.org/10.6084/m9.figshare.c.4560497 (CC BY 4.0); Zheng et al., Sci Data 2020;7:48,
doi:10.1038/s41597-020-0386-x.
"""

from fractions import Fraction
from pathlib import Path

import numpy as np

from cardiograft.datasets import _chapman_ecg, _shaoxing, _simulated, _twelve
from cardiograft.datasets.simulation import rhythms
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.plugins import Duration
from cardiograft.records import Record

SLUG, VERSION = "chapman-ecg", "4560497"
MAINS_HZ = 50
WANTED = ()
UNITS = {"*": "mV"}
ANNOTATORS = ()
EXTRAS = ("Diagnostics.xlsx",)


def names() -> tuple[str, ...]:
    """Return 10,646 names of the database's form; the real ones stand in its spreadsheet."""
    return _chapman_ecg.NAMES


def listed(root: Path) -> tuple[str, ...]:
    """Return the names that the database's spreadsheet lists, in its order.

    Raises
    ------
    ValueError
        It can't be read, or openpyxl is not installed.
    """
    return tuple(_chapman_ecg.diagnostics(root / EXTRAS[0]))


def files(root: Path, record: str) -> tuple[str, ...]:
    """Return the file below `root` that a record needs."""
    return (f"ECGData/{record}.csv",)


def subject(root: Path, record: str) -> str:
    """Return whose recording it is: each person has one."""
    return record


def read(root: Path, record: str) -> Record:
    """Read one recording.

    Returns
    -------
    Record
        ``signal_CT``: float32, shape (12, 5000), microvolts, 500 Hz; ``comments`` are the columns
        of the spreadsheet that it uses, the rhythm also as a code of SNOMED CT (``Dx: 426177001``).

    Raises
    ------
    FileNotFoundError
        Its file, or the spreadsheet, is not below `root`.
    ValueError
        One of them can't be read, or samples are missing.
    """
    names_C, signal_CT = _chapman_ecg.columns(root / files(root, record)[0])
    recording = Record(
        dataset="chapman_ecg",
        id=record,
        subject=subject(root, record),
        signal_CT=signal_CT,
        rate_hz=Fraction(_shaoxing.RATE_HZ),
        leads=names_C,
        units=("uV",) * len(names_C),
        mains_hz=MAINS_HZ,
        comments=_chapman_ecg.comments(root / EXTRAS[0], record),
    )
    _twelve.check_whole(recording)
    return recording


def simulate(
    root: Path,
    records: tuple[str, ...],
    seed: int,
    *,
    duration_s: Duration = 10.0,
    even: bool = False,
) -> None:
    """Write simulated recordings as CSV files, and their spreadsheet.

    Parameters
    ----------
    root : Path
        The folder that will hold RECORDS.
    records : tuple of str
        Of `names`.
    seed : int
        With a record's name, it alone decides on the record's bytes.
    duration_s : float
        Seconds a record.
    even : bool
        Each rhythm as often as the others, not as often as in the database.

    Raises
    ------
    ValueError
        The database has no such record, or openpyxl is not installed.
    """
    rows = []
    for record in _simulated.check_names(SLUG, records, names()):
        heart, age, sex = _shaoxing.person(seed, record)
        rng = generator(seed, "chapman_ecg", "record", record)
        number = _chapman_ecg.NAMES.index(record)
        rhythm = rhythms.assigned(number, _shaoxing.COUNTS, even=even)
        signal_CT = 1000 * _shaoxing.twelve_leads(heart, rhythm, duration_s, rng)
        stored_CT = _chapman_ecg.STEP_UV * np.rint(signal_CT / _chapman_ecg.STEP_UV)
        _chapman_ecg.write_columns(root / files(root, record)[0], stored_CT)
        rows.append((record, rhythm, "NONE", age, sex.upper()))
    _chapman_ecg.write_diagnostics(root / EXTRAS[0], rows)
    _simulated.write_listing(root, records, [])

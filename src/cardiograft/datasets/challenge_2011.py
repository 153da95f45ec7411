"""Challenge 2011 1.0.0, set-a: 1,000 recordings of twelve leads, 10 s, usable or not.

500 Hz, 5,000 samples, 5 microvolts a unit; leads I, II, III, aVR, aVL, aVF and V1 to V6. A record
is a text file (``1006637.txt``: a row a sample, its number and the twelve leads, parted by commas)
or a header and a ``.dat`` of format 16; either form is read, and a mirror may hold either.
``RECORDS-acceptable`` and ``RECORDS-unacceptable`` say which are fit for interpretation by the
grades of several people; 1054357 and 1262439 are in neither. 62 recordings hold no signal (no lead
ever changes): three contents, each under many names. They are quarantined, so that no copy of one
is trained on and another tested.

Source: https://physionet.org/content/challenge-2011/1.0.0/ (ODC-By 1.0); Silva, Moody & Celi,
Comput Cardiol 2011;38:273-276.
"""

import dataclasses
from pathlib import Path
from typing import Literal

from cardiograft.datasets import _challenge_2011, _simulated, _wfdb
from cardiograft.plugins import Duration
from cardiograft.records import Record

SLUG, VERSION = "challenge-2011", "1.0.0"
MAINS_HZ = 60
WANTED = ()
UNITS = {"*": "mV"}
ANNOTATORS = ()
EXTRAS = ("set-a/RECORDS", "set-a/RECORDS-acceptable", "set-a/RECORDS-unacceptable")


def names() -> tuple[str, ...]:
    """Return 1,000 names of the database's form; the real ones stand in ``set-a/RECORDS``."""
    return _challenge_2011.NAMES


def listed(root: Path) -> tuple[str, ...]:
    """Return the names that ``set-a/RECORDS`` lists, in its order."""
    return tuple(f"set-a/{name}" for name in _challenge_2011.lines(root / EXTRAS[0]))


def forms(record: str) -> tuple[tuple[str, ...], ...]:
    """Return the files that a record may consist of: header and signal, or text."""
    return ((f"{record}.hea", f"{record}.dat"), (f"{record}.txt",))


def files(root: Path, record: str) -> tuple[str, ...]:
    """Return the files below `root` that a record needs: of its form that is there, or text."""
    whole, text = forms(record)
    return whole if (root / whole[0]).is_file() else text


def subject(root: Path, record: str) -> str:
    """Return whose recording it is: its name, as nothing tells who has several."""
    return record.rpartition("/")[2]


def read(root: Path, record: str) -> Record:
    """Read one recording.

    Returns
    -------
    Record
        ``signal_CT``: float32, shape (12, 5000), millivolts, 500 Hz; ``comments`` end with its
        grade where it has one (``quality: acceptable``).

    Raises
    ------
    FileNotFoundError
        Its text, or its header and signal, are not below `root`.
    ValueError
        A file can't be read, no lead ever changes, or both lists of grades name it.
    """
    form = files(root, record)
    if form[0].endswith(".hea"):
        recording = _wfdb.read_record(
            "challenge_2011", root, record, subject=subject(root, record), mains_hz=MAINS_HZ
        )
    else:
        recording = Record(
            dataset="challenge_2011",
            id=record,
            subject=subject(root, record),
            signal_CT=_challenge_2011.text(root / form[0]),
            rate_hz=_challenge_2011.RATE_HZ,
            leads=_challenge_2011.LEADS,
            units=("mV",) * len(_challenge_2011.LEADS),
            mains_hz=MAINS_HZ,
        )
    _challenge_2011.check_alive(recording.signal_CT)
    grade = _challenge_2011.grade(root, subject(root, record))
    remarks = () if grade is None else (f"quality: {grade}",)
    return dataclasses.replace(recording, comments=(*recording.comments, *remarks))


def simulate(
    root: Path,
    records: tuple[str, ...],
    seed: int,
    *,
    duration_s: Duration = 10.0,
    even: bool = False,
    form: Literal["text", "wfdb"] = "text",
) -> None:
    """Write simulated recordings, and the lists of those that are acceptable or not.

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
        As many acceptable recordings as unacceptable ones, not as many as in the database.
    form : str
        Of the files: ``text``, or ``wfdb`` for headers and signals.

    Raises
    ------
    ValueError
        The database has no such record.
    """
    for record in _simulated.check_names(SLUG, records, names()):
        stored_CT = _challenge_2011.simulated(record, seed, duration_s, even=even)
        if form == "text":
            _challenge_2011.write_text(root / f"{record}.txt", stored_CT)
        else:
            _challenge_2011.write_wfdb(root / record, stored_CT, seed)
    listing = [record.rpartition("/")[2] for record in records]
    _simulated.write_text(root / EXTRAS[0], listing)
    for grade in _challenge_2011.GRADES:
        graded = [r for r in names() if _challenge_2011.simulated_grade(r, even=even) == grade]
        _simulated.write_text(
            root / f"set-a/RECORDS-{grade}", [r.rpartition("/")[2] for r in graded]
        )
    _simulated.write_listing(root, records, [])

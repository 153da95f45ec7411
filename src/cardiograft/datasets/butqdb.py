"""Brno ECG Quality Database 1.0.0: a day or more of 15 people, with experts' grades of quality.

18 recordings (``100001/100001_ECG``) of 24 to 39 hours, worn in everyday life: one lead ``ECG`` at
1000 Hz, format 16, in microvolts; beside it ``100001/100001_ACC`` has three axes of acceleration at
100 Hz in mg. ``100001_ANN.csv`` grades stretches of it, 20 minutes or so of most recordings and all
of three: a row has first sample, last sample (counted from 1) and class, four times, of three
experts and of their consensus; columns of those with fewer stretches end earlier. Class 1 is an ECG
whose waves can all be told, 2 one whose QRS complexes can, 3 one whose QRS complexes can't. RECORDS
lists the accelerations too: as records of their own they are quarantined.

No recording was at hand: names, signals and units are those that others' readers of it state.

Source: https://physionet.org/content/butqdb/1.0.0/ (CC BY 4.0); doi:10.13026/kah4-0w24; the classes
are Smital et al.'s, IEEE TBME 2020;67:2721-2734, doi:10.1109/TBME.2020.2969719.
"""

import dataclasses
from pathlib import Path

from cardiograft.datasets import _butqdb, _simulated, _wfdb
from cardiograft.plugins import Duration
from cardiograft.records import Record

SLUG, VERSION = "butqdb", "1.0.0"
MAINS_HZ = 50
WANTED = ("ECG",)
UNITS = {"ACC*": "mg", "*": "mV"}
ANNOTATORS = ()
EXTRAS = ()


def names() -> tuple[str, ...]:
    """Return the 18 ECGs' names (``100001/100001_ECG``)."""
    return tuple(f"{number}/{number}_ECG" for number in _butqdb.NUMBERS)


def files(root: Path, record: str) -> tuple[str, ...]:
    """Return the files below `root` that a record needs: of an ECG its acceleration's too."""
    own = (f"{record}.hea", f"{record}.dat")
    if not record.endswith("_ECG"):
        return own
    whole = record.removesuffix("_ECG")
    return (*own, f"{whole}_ACC.hea", f"{whole}_ACC.dat", f"{whole}_ANN.csv")


def subject(root: Path, record: str) -> str:
    """Return whose recording it is: the first three digits (``100`` of 100001 and 100002)."""
    return record.rpartition("/")[2][:3]


def read(root: Path, record: str) -> Record:
    """Read one recording.

    Returns
    -------
    Record
        ``signal_CT``: float32, shape (1, T), microvolts, 1000 Hz; acceleration is in ``beside``.
        Annotations of code ``"`` open stretches: their note is the class (empty where none is
        given), their number the expert's, 1 to 3, or 4 for the consensus.

    Raises
    ------
    FileNotFoundError
        A header, or a file that it names, or the grades are not below `root`.
    ValueError
        A file can't be read.
    """
    ecg = _whole(root, record)
    if not record.endswith("_ECG"):
        return ecg
    whole = record.removesuffix("_ECG")
    marks = _butqdb.grades(root / f"{whole}_ANN.csv", ecg.signal_CT.shape[1])
    moved = _whole(root, f"{whole}_ACC")
    at_ACC = _butqdb.at_rate(marks, float(moved.rate_hz / ecg.rate_hz))
    moved = dataclasses.replace(moved, id=record, annotations=at_ACC)
    return dataclasses.replace(ecg, annotations=marks, beside=(moved,))


def _whole(root: Path, record: str) -> Record:
    return _wfdb.read_record(
        "butqdb", root, record, subject=subject(root, record), mains_hz=MAINS_HZ
    )


def simulate(
    root: Path, records: tuple[str, ...], seed: int, *, duration_s: Duration = 600.0
) -> None:
    """Write simulated recordings with grades throughout, far shorter than the real ones.

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

    Raises
    ------
    ValueError
        The database has no such record.
    """
    for record in _simulated.check_names(SLUG, records, names()):
        _butqdb.write(root, record, subject(root, record), seed, duration_s)
    _simulated.write_listing(root, records, [])

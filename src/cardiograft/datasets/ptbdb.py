"""PTB Diagnostic ECG Database 1.0.0: 549 fifteen-lead recordings of 290 people at rest.

1000 Hz, about two minutes (38,400 or 115,200 samples), format 16, gain 2000 a millivolt: twelve
leads in ``.dat``, Frank's vx, vy, vz in ``.xyz``. The folder is the patient. Why a patient was
admitted is free text in the header's comments (``Reason for admission: Myocardial infarction``).

Source: https://physionet.org/content/ptbdb/1.0.0/ (ODC-By 1.0); doi:10.13026/C28C71; Bousseljot,
Kreiseler & Schnabel, Biomed Tech 1995;40(s1):317-318.
"""

from pathlib import Path

from cardiograft.datasets import _ptbdb, _simulated, _wfdb
from cardiograft.plugins import Duration
from cardiograft.records import Record

SLUG, VERSION = "ptbdb", "1.0.0"
MAINS_HZ = 50
WANTED = ()
UNITS = {"*": "mV"}
ANNOTATORS = ()
EXTRAS = ()


def names() -> tuple[str, ...]:
    """Return the 549 records' names (``patient001/s0010_re``)."""
    return _ptbdb.NAMES


def subject(root: Path, record: str) -> str:
    """Return whose recording it is: the patient's folder."""
    return record.split("/")[0]


def read(root: Path, record: str) -> Record:
    """Read one recording.

    Returns
    -------
    Record
        ``signal_CT``: float32, shape (15, T), millivolts, 1000 Hz.

    Raises
    ------
    FileNotFoundError
        The header, or a file that it names, is not below `root`.
    ValueError
        A file can't be read.
    """
    return _wfdb.read_record(
        SLUG, root, record, subject=subject(root, record), mains_hz=MAINS_HZ, wanted=WANTED
    )


def simulate(
    root: Path, records: tuple[str, ...], seed: int, *, duration_s: Duration = 115.2
) -> None:
    """Write simulated recordings, as PhysioNet lays it out.

    Parameters
    ----------
    root : Path
        The folder that will hold RECORDS.
    records : tuple of str
        Of `names`.
    seed : int
        With a record's name, it alone decides on the record's bytes; recordings of one patient
        share a heart.
    duration_s : float
        Seconds a record.

    Raises
    ------
    ValueError
        The database has no such record.
    """
    for record in _simulated.check_names(SLUG, records, names()):
        _write(root, record, seed, duration_s)
    _simulated.write_listing(root, records, [])


def _write(root: Path, record: str, seed: int, duration_s: float) -> None:
    signal_CT, who = _ptbdb.recording(record, seed, duration_s)
    stored_CT = _simulated.digital(signal_CT, gain=2000, zero=0, bits=16)
    folder, name = (root / record).parent, (root / record).name
    _simulated.write_bytes(folder / f"{name}.dat", _simulated.packed(stored_CT[:12], "16"))
    _simulated.write_bytes(folder / f"{name}.xyz", _simulated.packed(stored_CT[12:], "16"))
    files = 12 * [f"{name}.dat"] + 3 * [f"{name}.xyz"]
    lines = [
        _simulated.signal_line(file, one_T, form="16", scale="2000 16 0", name=lead.lower())
        for file, one_T, lead in zip(files, stored_CT, _ptbdb.LEADS, strict=True)
    ]
    first = f"{name} 15 1000 {stored_CT.shape[1]}"
    _simulated.write_header(folder / f"{name}.hea", first, lines, _comments(who, seed))


def _comments(who: _ptbdb.Patient, seed: int) -> list[str]:
    acute = who.territory if who.acute else "no"
    return [
        "",
        f"age: {who.age}",
        f"sex: {who.sex}",
        "ECG date: n/a",
        "",
        "Diagnose:",
        f"Reason for admission: {who.reason}",
        f"Acute infarction (localization): {acute}",
        f"Former infarction (localization): {'no' if who.acute else who.territory}",
        f"Additional diagnoses: simulated with seed {seed}, no person's recording",
    ]

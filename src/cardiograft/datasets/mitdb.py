"""MIT-BIH Arrhythmia Database 1.0.0: 48 half-hour two-lead recordings of 47 people.

360 Hz, 650,000 samples, format 212 (11 bits, gain 200 a millivolt, zero 1024), one ``.dat``
and one ``.atr`` (beats and rhythms) a record; headers end their lines in CR LF.

Source: https://physionet.org/content/mitdb/1.0.0/ (ODC-By 1.0); doi:10.13026/C2F305;
Moody & Mark, IEEE Eng Med Biol 2001;20(3):45-50, doi:10.1109/51.932724.
"""

from pathlib import Path

from cardiograft.datasets import _mitdb, _simulated, _wfdb
from cardiograft.plugins import Duration
from cardiograft.records import Record

SLUG, VERSION = "mitdb", "1.0.0"
MAINS_HZ = 60
WANTED = ()
UNITS = {"*": "mV"}
ANNOTATORS = ("atr",)
EXTRAS = ()


def names() -> tuple[str, ...]:
    """Return the 48 records' names."""
    return tuple(_mitdb.CASES)


def subject(root: Path, record: str) -> str:
    """Return whose recording it is: 201 and 202 are one person's."""
    return _mitdb.SAME_PERSON.get(record, record)


def read(root: Path, record: str) -> Record:
    """Read one recording.

    Returns
    -------
    Record
        ``signal_CT``: float32, shape (2, 650000), millivolts, 360 Hz.

    Raises
    ------
    FileNotFoundError
        The header, or a file that it names, is not below `root`.
    ValueError
        A file can't be read.
    """
    return _wfdb.read_record(
        SLUG,
        root,
        record,
        subject=subject(root, record),
        mains_hz=MAINS_HZ,
        wanted=WANTED,
        annotator="atr",
    )


def simulate(
    root: Path, records: tuple[str, ...], seed: int, *, duration_s: Duration = 1805.5555555555557
) -> None:
    """Write simulated recordings, recording by recording, as PhysioNet lays it out.

    Parameters
    ----------
    root : Path
        The folder that will hold RECORDS.
    records : tuple of str
        Of `names`.
    seed : int
        With a record's name, it alone decides on the record's bytes.
    duration_s : float
        Seconds a record; the counts of beats are scaled to it.

    Raises
    ------
    ValueError
        The database has no such record.
    """
    root.mkdir(parents=True, exist_ok=True)
    for record in records:
        made = _mitdb.recording(record, seed, duration_s)
        _write(root, record, made, seed)
    _simulated.write_listing(root, records, ["atr\treference beat and rhythm annotations"])


def _write(root: Path, record: str, made: _mitdb.Recording, seed: int) -> None:
    stored_CT = _simulated.digital(made.signal_CT, gain=200, zero=1024, bits=11)
    _simulated.write_bytes(root / f"{record}.dat", _simulated.packed(stored_CT, "212"))
    _simulated.write_header(
        root / f"{record}.hea",
        f"{record} 2 360 {stored_CT.shape[1]}",
        [
            _simulated.signal_line(
                f"{record}.dat", one_T, form="212", scale="200 11 1024", name=lead
            )
            for one_T, lead in zip(stored_CT, made.leads, strict=True)
        ],
        _mitdb.comments(record, seed),
        end="\r\n",
    )
    _simulated.write_marks(root, record, made.marks)

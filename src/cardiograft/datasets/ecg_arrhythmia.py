"""A 12-lead ECG database for arrhythmia study 1.0.0: ten seconds each of 45,152 people.

500 Hz, 5,000 samples, twelve leads, ``.mat`` of format 16+24, gain 1000 a millivolt. RECORDS lists
452 folders (``WFDBRecords/01/010/``) of a hundred records, each with its own RECORDS. A header's
``Dx:`` has SNOMED CT codes, of the rhythm and of other findings. Records JS00001 to JS10646 are of
one hospital, Chapman-Shaoxing, the others of another, Ningbo: a subject's name begins with its
hospital's. Some recordings lack samples: these are quarantined.

Source: https://physionet.org/content/ecg-arrhythmia/1.0.0/ (CC BY 4.0); doi:10.13026/wgex-er52;
Zheng et al., Sci Rep 2020;10:2898, doi:10.1038/s41598-020-59821-7.
"""

from pathlib import Path

from cardiograft.datasets import _shaoxing, _simulated, _twelve
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.plugins import Duration
from cardiograft.records import Record

SLUG, VERSION = "ecg-arrhythmia", "1.0.0"
MAINS_HZ = 50
WANTED = ()
UNITS = {"*": "mV"}
ANNOTATORS = ()
EXTRAS = ()

IN_A_FOLDER = 100


def names() -> tuple[str, ...]:
    """Return the 45,152 records' names (``WFDBRecords/01/010/JS00001``).

    Which folder a record of the first hospital is in is known but for a few at its edges.
    """
    every = (*_shaoxing.numbers("chapman_shaoxing"), *_shaoxing.numbers("ningbo"))
    return tuple(
        f"WFDBRecords/{folder // 10:02d}/{folder:03d}/JS{number:05d}"
        for place, number in enumerate(every)
        for folder in (10 + place // IN_A_FOLDER,)
    )


def subject(root: Path, record: str) -> str:
    """Return whose recording it is, by hospital: ``ningbo/JS20000``.

    Raises
    ------
    ValueError
        The record is not named as the database's are.
    """
    return f"{_shaoxing.hospital(record)}/{record.rpartition('/')[2]}"


def read(root: Path, record: str) -> Record:
    """Read one recording.

    Returns
    -------
    Record
        ``signal_CT``: float32, shape (12, 5000), millivolts, 500 Hz.

    Raises
    ------
    FileNotFoundError
        The header, or a file that it names, is not below `root`.
    ValueError
        A file can't be read, or samples are missing.
    """
    whose = subject(root, record)
    return _twelve.whole("ecg_arrhythmia", root, record, subject=whose, mains_hz=MAINS_HZ)


def simulate(
    root: Path,
    records: tuple[str, ...],
    seed: int,
    *,
    duration_s: Duration = 10.0,
    even: bool = False,
) -> None:
    """Write simulated recordings, folder by folder as PhysioNet lays it out.

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
        The database has no such record.
    """
    for record in _simulated.check_names(SLUG, records, names()):
        name = record.rpartition("/")[2]
        heart, age, sex = _shaoxing.person(seed, name)
        rng = generator(seed, "ecg_arrhythmia", "record", record)
        rhythm = _shaoxing.rhythm_of(record, even=even)
        signal_CT = _shaoxing.twelve_leads(heart, rhythm, duration_s, rng)
        about = {"Age": str(age), "Sex": sex, "Dx": _shaoxing.findings(rhythm, rng)}
        _twelve.write(root, record, signal_CT, about, seed=seed, form="16+24", scale="1000/mV")
    _simulated.write_listing(root, records, [], nested=True)

"""PhysioNet/Computing in Cardiology Challenge 2021 1.0.3: 88,253 twelve-lead ECGs of seven sources.

Most are ten seconds at 500 Hz; St Petersburg's are half an hour at 257 Hz, PTB's two minutes at
1000 Hz. Twelve leads, ``.mat`` of format 16x1+24, gain 1000 a millivolt. RECORDS lists folders
(``training/georgia/g8/``) of a thousand records, each with its own RECORDS. A header's ``Dx:`` has
SNOMED CT codes. Other databases hold the same people: chapman_shaoxing and ningbo are
ecg-arrhythmia, record by record and name by name. A subject's name begins with its folder's.

Source: https://physionet.org/content/challenge-2021/1.0.3/ (CC BY 4.0); doi:10.13026/34va-7q14;
Reyna et al., Comput Cardiol 2021, doi:10.23919/CinC53138.2021.9662687.
"""

from pathlib import Path

from cardiograft.datasets import _challenge_2021, _shaoxing, _simulated, _twelve
from cardiograft.datasets.simulation import rhythms
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.plugins import Duration
from cardiograft.records import Record

SLUG, VERSION = "challenge-2021", "1.0.3"
MAINS_HZ = 50
WANTED = ()
UNITS = {"*": "mV"}
ANNOTATORS = ()
EXTRAS = ()


def names() -> tuple[str, ...]:
    """Return the 88,253 training records' names (``training/ningbo/g10/JS20000``)."""
    return tuple(
        name for folder in _challenge_2021.COLLECTIONS for name in _challenge_2021.names_of(folder)
    )


def subject(root: Path, record: str) -> str:
    """Return whose recording it is, by source: ``georgia/E07500``.

    E07509 and E07510 hold one signal, and are taken for one person.

    Raises
    ------
    ValueError
        The record is in no source's folder.
    """
    name = record.rpartition("/")[2]
    return f"{_challenge_2021.collection(record)}/{_challenge_2021.SAME_SIGNAL.get(name, name)}"


def mains_hz(record: str) -> int:
    """Return the mains of a record's country."""
    return _challenge_2021.COLLECTIONS[_challenge_2021.collection(record)].mains_hz


def read(root: Path, record: str) -> Record:
    """Read one recording.

    Returns
    -------
    Record
        ``signal_CT``: float32, shape (12, T), millivolts, 257, 500 or 1000 Hz.

    Raises
    ------
    FileNotFoundError
        The header, or a file that it names, is not below `root`.
    ValueError
        A file can't be read, or samples are missing.
    """
    whose = subject(root, record)
    return _twelve.whole("challenge_2021", root, record, subject=whose, mains_hz=mains_hz(record))


def simulate(
    root: Path,
    records: tuple[str, ...],
    seed: int,
    *,
    duration_s: Duration | None = None,
    even: bool = False,
) -> None:
    """Write simulated recordings, folder by folder; those of ecg-arrhythmia have its people.

    Parameters
    ----------
    root : Path
        The folder that will hold RECORDS.
    records : tuple of str
        Of `names`.
    seed : int
        With a record's name, it alone decides on the record's bytes.
    duration_s : float, optional
        Seconds a record; as long as its source's usually are, where it isn't given.
    even : bool
        Each rhythm as often as the others.

    Raises
    ------
    ValueError
        The database has no such record.
    """
    for record in _simulated.check_names(SLUG, records, names()):
        _write(root, record, seed, duration_s, even)
    _simulated.write_listing(root, records, [], nested=True)


def _write(root: Path, record: str, seed: int, duration_s: float | None, even: bool) -> None:
    its = _challenge_2021.COLLECTIONS[_challenge_2021.collection(record)]
    name = subject(root, record).rpartition("/")[2]  # so that one signal has one source
    heart, age, sex = _shaoxing.person(seed, name)
    rng = generator(seed, "challenge_2021", "record", name)
    if its.prefix == "JS":
        rhythm = _shaoxing.rhythm_of(record, even=even)
    else:
        number = int(name.removeprefix(its.prefix))
        rhythm = rhythms.assigned(number, _shaoxing.COUNTS, even=even)
    signal_CT = _shaoxing.twelve_leads(
        heart,
        rhythm,
        its.seconds if duration_s is None else duration_s,
        rng,
        rate_hz=its.rate_hz,
        mains_hz=its.mains_hz,
    )
    about = {"Age": str(age), "Sex": sex, "Dx": _shaoxing.findings(rhythm, rng)}
    scale, rate_hz = f"1000.0(0)/{its.units}", its.rate_hz
    _twelve.write(
        *(root, record, signal_CT, about),
        seed=seed,
        form="16x1+24",
        scale=scale,
        rate_hz=rate_hz,
        mark="# ",
    )

"""EPHNOGRAM 1.0.0: electrocardiogram and phonocardiogram of 24 people at rest and in exercise.

8000 Hz, format 16, ``ECG`` and ``PCG``, each with a gain of its own: 69 recordings, 61 of 30
minutes, 8 of 30 seconds. RECORDS lists ``WFDB/ECGPCG0001`` and on; ``MAT/`` beside it holds the
same and isn't read. Whose a recording is, and what the person did, is in ``ECGPCGSpreadsheet.csv``.

Source: https://physionet.org/content/ephnogram/1.0.0/ (ODC-By 1.0); doi:10.13026/tjtq-5911;
Kazemnejad, Karimi, Gordany, Clifford & Sameni, Physiol Meas 2024;45(5):055005.
"""

import csv
from pathlib import Path

import numpy as np

from cardiograft.datasets import _long, _simulated, _wfdb
from cardiograft.datasets.simulation import ecg, hearts, noise, pcg, resting, scg
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.physionet.headers import UnfitError
from cardiograft.plugins import Duration
from cardiograft.records import Float64, Record

SLUG, VERSION = "ephnogram", "1.0.0"
MAINS_HZ = 50
WANTED = ()
UNITS = {"*": "mV"}
ANNOTATORS = ()
EXTRAS = ("ECGPCGSpreadsheet.csv",)

RATE_HZ = 8000
FACTOR = 5  # simulated at 1600 Hz: heart sounds end below 400
LEADS = ("ECG", "PCG")
# Person's number, r(est) or e(xercise), s where it is short; from ECGPCG0001 on.
TABLE = """\
23e 24e 3rs 4rs 5rs 6rs 7rs 8rs 9rs 1r 10r 9r 2r 11r 12r 13r 9e 9e 9e 9r 9r 14r 6r 9e 15e 5e 14e
22e 14e 5e 16e 15e 17e 6e 14e 18e 16e 5e 19e 3rs 19e 15e 14e 20e 17e 20e 15e 11e 2e 5e 6e 17e
10e 11e 2e 10e 21e 18e 10e 19e 11e 5e 16e 6e 2e 20e 15e 16e 17e
"""
CASES = {f"WFDB/ECGPCG{n:04d}": case for n, case in enumerate(TABLE.split(), start=1)}


def names() -> tuple[str, ...]:
    """Return the 69 records' names (``WFDB/ECGPCG0001``)."""
    return tuple(CASES)


def subject(root: Path, record: str) -> str:
    """Return whose recording it is, by the database's spreadsheet where it is below `root`.

    Raises
    ------
    ValueError
        Neither the spreadsheet nor this file knows the record, or the spreadsheet has it as two
        people's.
    """
    sheet, name = root / EXTRAS[0], record.rpartition("/")[2]
    if sheet.is_file():
        with sheet.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            known: dict[str, None] = {
                row["Subject ID"].strip(): None
                for row in csv.DictReader(lines)
                if row.get("Record Name") == name and row.get("Subject ID")
            }
        if len(known) > 1:
            raise UnfitError(f"two subjects in {EXTRAS[0]}: {' and '.join(known)}")
        if known:
            return next(iter(known))
    if record not in CASES:
        raise ValueError(
            f"ephnogram/{record}: not in {EXTRAS[0]}, nor known (has {names()[0]} ...)"
        )
    return f"S{int(CASES[record].rstrip('res')):03d}"


def read(root: Path, record: str) -> Record:
    """Read one recording.

    Returns
    -------
    Record
        ``signal_CT``: float32, shape (C, T), millivolts, 8000 Hz, C 2 or what the header states.

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
    root: Path, records: tuple[str, ...], seed: int, *, duration_s: Duration | None = None
) -> None:
    """Write simulated recordings with its spreadsheet, a stretch of a recording at a time.

    Parameters
    ----------
    root : Path
        The folder that will hold RECORDS.
    records : tuple of str
        Of `names`.
    seed : int
        With a record's name, it alone decides on the record's bytes; recordings of one person
        share heart and chest.
    duration_s : float, optional
        Seconds a record; 1800 or 30, as the real ones last, where it isn't given.

    Raises
    ------
    ValueError
        The database has no such record.
    """
    for record in _simulated.check_names(SLUG, records, names()):
        usual_s = 30.0 if CASES[record].endswith("s") else 1800.0
        rng = generator(seed, "ephnogram", "record", record)
        _long.write(
            root / record,
            signals(record, seed, usual_s if duration_s is None else duration_s, rng),
            LEADS,
            rate_hz=RATE_HZ,
            factor=FACTOR,
            rng=rng,
            comments=[f"Simulated with seed {seed}: no person's recording."],
        )
    _simulated.write_text(
        root / EXTRAS[0], ["Record Name,Subject ID,Recording Scenario", *_sheet()]
    )
    _simulated.write_listing(root, records, [])


def signals(record: str, seed: int, seconds: float, rng: np.random.Generator) -> Float64:
    """Simulate one recording at 1600 Hz, millivolts, shape (2, T), in the order of LEADS."""
    person = generator(seed, "ephnogram", "subject", subject(Path(), record))
    heart, body, own = hearts.person(person), scg.chest(person), pcg.modes(person)
    # ASSUME half an hour of exercise, warming up and recovering included, means 40 % above rest.
    usual = resting.usual_rate(person) * (1.4 if "e" in CASES[record] else 1.0)
    rate_hz = RATE_HZ // FACTOR
    samples = round(seconds * rate_hz)
    beats = resting.sinus(usual, samples / rate_hz, rng)
    signal_CT = 0.35 * ecg.leads(heart, beats, ("II",), rate_hz=rate_hz, samples=samples, rng=rng)
    much = noise.level(rng, unrest=0.8 if "e" in CASES[record] else 0.1)
    signal_CT += (
        0.35 * noise.disturb((1, samples), rate_hz, how_much=much, mains_hz=MAINS_HZ, rng=rng)[0]
    )
    sound_T = pcg.sounds(body, own, beats, rate_hz=rate_hz, samples=samples, rng=rng)
    return np.concatenate([signal_CT, sound_T[None]])


def _sheet() -> list[str]:
    did = {"r": "Rest: sitting on armchair", "e": "Exercise: pedaling a stationary bicycle"}
    return [
        f"{record.removeprefix('WFDB/')},{subject(Path(), record)},{did[case.rstrip('s')[-1]]}"
        for record, case in CASES.items()
    ]

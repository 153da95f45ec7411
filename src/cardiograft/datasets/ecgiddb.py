"""ECG-ID Database 1.0.0: 310 recordings of 90 people, 20 s of lead I, as it is and filtered.

500 Hz, 10,000 samples, format 16, gain 200 a millivolt. The folder is the person (``Person_01``);
a header names itself ``rec_1``. ``.atr`` marks R and T peaks of ten beats, by an
unaudited detector. Eleven recordings begin with 4,096 or 8,192 bytes of 0xFF in place of signal,
which their headers' checksums then contradict: `read` cuts that run away.

Source: https://physionet.org/content/ecgiddb/1.0.0/ (ODC-By 1.0); doi:10.13026/C2J01F; Lugovaya,
Biometric human identification based on electrocardiogram, master's thesis, Saint Petersburg 2005.
"""

from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfiltfilt

from cardiograft.datasets import _simulated, _wfdb
from cardiograft.datasets._annotation_file import Mark
from cardiograft.datasets.simulation import ecg, hearts, noise, resting
from cardiograft.datasets.simulation.hearts import Heart
from cardiograft.datasets.simulation.rhythm import Rhythm
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.plugins import Duration
from cardiograft.records import Float64, Record

SLUG, VERSION = "ecgiddb", "1.0.0"
MAINS_HZ = 50
WANTED = ()
UNITS = {"*": "mV"}
ANNOTATORS = ("atr",)
EXTRAS = ()

RATE_HZ = 500
LEADS = ("ECG I", "ECG I filtered")
MARKED = 10  # beats that the annotations stop after
# Recordings of each person, from Person_01 on.
COUNTS = (
    *(20, 22, 5, 2, 2, 2, 2, 2, 7, 5, 3, 2, 2, 3, 2, 3, 2, 2, 2, 2, 3, 2, 2, 5, 5, 4, 3, 5, 2, 5),
    *(2, 6, 2, 5, 5, 5, 2, 2, 2, 4, 2, 4, 2, 2, 2, 5, 2, 2, 2, 2, 4, 11, 5, 2, 2, 2, 3, 2, 5, 3),
    *(4, 3, 6, 3, 2, 2, 3, 2, 2, 3, 5, 8, 2, 1, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 3, 2, 2, 3, 2, 2),
)
# Samples that a recording's run of 0xFF lasts.
DAMAGED = {
    **dict.fromkeys(("Person_15/rec_1", "Person_44/rec_1", "Person_83/rec_1"), 1024),
    **dict.fromkeys(("Person_13/rec_2", "Person_24/rec_5", "Person_25/rec_4"), 2048),
    **dict.fromkeys(("Person_26/rec_3", "Person_27/rec_3", "Person_28/rec_4"), 2048),
    **dict.fromkeys(("Person_32/rec_6", "Person_72/rec_3"), 2048),
}


def names() -> tuple[str, ...]:
    """Return the 310 records' names (``Person_01/rec_1``)."""
    people = enumerate(COUNTS, start=1)
    return tuple(f"Person_{p:02d}/rec_{r}" for p, n in people for r in range(1, n + 1))


def subject(root: Path, record: str) -> str:
    """Return whose recording it is: the person's folder."""
    return record.split("/")[0]


def read(root: Path, record: str) -> Record:
    """Read one recording, without the constant run that some begin with.

    Returns
    -------
    Record
        ``signal_CT``: float32, shape (2, T), millivolts, 500 Hz; `offset` is what was cut.

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
        trim_constant_head=True,
    )


def simulate(
    root: Path, records: tuple[str, ...], seed: int, *, duration_s: Duration = 20.0
) -> None:
    """Write simulated recordings, the damaged heads of eleven of them included.

    Parameters
    ----------
    root : Path
        The folder that will hold RECORDS.
    records : tuple of str
        Of `names`.
    seed : int
        With a record's name, it alone decides on the record's bytes; recordings of one person
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
    _simulated.write_listing(
        root, records, ["atr\tunaudited R- and T-wave peaks annotations from an automated detector"]
    )


def _write(root: Path, record: str, seed: int, duration_s: float) -> None:
    person = generator(seed, "ecgiddb", "subject", subject(root, record))
    heart, usual = hearts.person(person), resting.usual_rate(person)
    age, sex = int(person.integers(13, 76)), "male" if person.random() < 0.49 else "female"
    rng = generator(seed, "ecgiddb", "record", record)
    samples = round(duration_s * RATE_HZ)
    beats = resting.sinus(usual, samples / RATE_HZ, rng)
    stored_CT = _simulated.digital(_signal(heart, beats, samples, rng), gain=200, zero=0, bits=12)
    folder, name = (root / record).parent, (root / record).name
    lines = [
        _simulated.signal_line(f"{name}.dat", one_T, form="16", scale="200 12 0", name=lead)
        for one_T, lead in zip(stored_CT, LEADS, strict=True)
    ]
    stored_CT[:, : min(DAMAGED.get(record, 0), samples // 2)] = -1  # 0xFF, after the checksums
    _simulated.write_bytes(folder / f"{name}.dat", _simulated.packed(stored_CT, "16"))
    day, month = rng.integers(1, 29), rng.integers(1, 13)
    comments = ["", f"Age: {age}", f"Sex: {sex}", f"ECG date: {day:02d}.{month:02d}.2004"]
    comments.append(f"Simulated with seed {seed}: no person's recording.")
    _simulated.write_header(
        folder / f"{name}.hea", f"{name} 2 {RATE_HZ} {samples}", lines, comments
    )
    _simulated.write_marks(folder, name, _marks(heart, beats, samples))


def _signal(heart: Heart, beats: Rhythm, samples: int, rng: np.random.Generator) -> Float64:
    """Return lead I with its noise, and the same filtered, millivolts, shape (2, T)."""
    clean_CT = ecg.leads(heart, beats, ("I",), rate_hz=RATE_HZ, samples=samples, rng=rng)
    much = noise.level(rng, unrest=0.3)
    noise_CT, _ = noise.disturb(clean_CT.shape, RATE_HZ, how_much=much, mains_hz=MAINS_HZ, rng=rng)
    # ASSUME most hum and wander: these were recorded without filters, off two hands.
    raw_T = 0.5 * clean_CT[0] + 0.6 * noise_CT[0]
    band = butter(2, (0.5, 40), "bandpass", fs=RATE_HZ, output="sos")
    return np.stack([raw_T, sosfiltfilt(band, raw_T)])


def _marks(heart: Heart, beats: Rhythm, samples: int) -> list[Mark]:
    """Return the R peaks of the first ten beats, and the T peak after each."""
    peak_s = max((w for w in heart.forms["N"] if w.part == "T"), key=lambda w: w.centre_s).centre_s
    later_s = peak_s * np.sqrt(beats.period_s / 0.8)
    marks = []
    for time_s, symbol in list(zip(beats.time_N, beats.symbol_N, strict=True))[:MARKED]:
        marks.append(Mark(round(time_s * RATE_HZ), str(symbol)))
        if symbol == "N":
            marks.append(Mark(round((time_s + later_s) * RATE_HZ), "t"))
    return sorted(mark for mark in marks if mark.sample < samples)

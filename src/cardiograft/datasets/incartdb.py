"""St Petersburg INCART 12-lead Arrhythmia Database 1.0.0: 75 half hours of 32 people.

257 Hz, 462,600 samples, format 16, gain 250 to 1100 a millivolt by record, twelve leads, ``.atr``
with every beat. A header's comments give age, sex, diagnoses and the patient's number.

Source: https://physionet.org/content/incartdb/1.0.0/ (ODC-By 1.0); doi:10.13026/C2V88N;
Tihonenko, Khaustov, Ivanov, Rivin & Yakushenko, St Petersburg Institute of Cardiological Technics.
"""

import re
from pathlib import Path

import numpy as np

from cardiograft.datasets import _simulated, _wfdb
from cardiograft.datasets._annotation_file import Mark
from cardiograft.datasets.simulation import ecg, hearts, noise, resting, rhythm
from cardiograft.datasets.simulation.order import HALF_HOUR_S, Case
from cardiograft.datasets.simulation.rhythm import Rhythm
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.plugins import Duration
from cardiograft.records import Float64, Record

SLUG, VERSION = "incartdb", "1.0.0"
MAINS_HZ = 50
WANTED = ()
UNITS = {"*": "mV"}
ANNOTATORS = ("atr",)
EXTRAS = ()

RATE_HZ = 257
LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
# Recordings of each of the 32 patients, from I01 on.
COUNTS = (
    *(2, 3, 2, 1, 3, 3, 1, 2, 2, 3, 2, 2, 2, 4, 2, 3),
    *(2, 2, 2, 3, 2, 2, 3, 3, 2, 3, 3, 3, 2, 2, 2, 2),
)
PATIENTS = dict(
    zip(
        (f"I{n:02d}" for n in range(1, 76)),
        (patient for patient, n in enumerate(COUNTS, start=1) for _ in range(n)),
        strict=True,
    )
)


def names() -> tuple[str, ...]:
    """Return the 75 records' names: I01 to I75."""
    return tuple(PATIENTS)


def subject(root: Path, record: str) -> str:
    """Return whose recording it is: the patient that its header's comments number.

    Where there is no header below `root`, by the table of this file.

    Raises
    ------
    ValueError
        Neither knows the record.
    """
    header = root / f"{record}.hea"
    text = header.read_text(encoding="utf-8", errors="replace") if header.is_file() else ""
    stated = re.search(r"^#.*\bpatient\s+(\d+)", text, re.MULTILINE | re.IGNORECASE)
    if stated:
        return f"patient{int(stated[1]):02d}"
    if record not in PATIENTS:
        raise ValueError(f"incartdb/{record}: its header's comments number no patient")
    return f"patient{PATIENTS[record]:02d}"


def read(root: Path, record: str) -> Record:
    """Read one recording.

    Returns
    -------
    Record
        ``signal_CT``: float32, shape (12, 462600), millivolts, 257 Hz.

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
    root: Path, records: tuple[str, ...], seed: int, *, duration_s: Duration = 1800.0
) -> None:
    """Write simulated recordings.

    Parameters
    ----------
    root : Path
        The folder that will hold RECORDS.
    records : tuple of str
        Of `names`.
    seed : int
        With a record's name, it alone decides on the record's bytes; recordings of one patient
        share heart and rhythm.
    duration_s : float
        Seconds a record.

    Raises
    ------
    ValueError
        The database has no such record.
    """
    root.mkdir(parents=True, exist_ok=True)
    for record in _simulated.check_names(SLUG, records, names()):
        _write(root, record, seed, duration_s)
    _simulated.write_listing(root, records, ["atr\treference beat annotations"])


def _write(root: Path, record: str, seed: int, duration_s: float) -> None:
    patient = PATIENTS[record]
    person = generator(seed, "incartdb", "subject", str(patient))
    heart, picture = hearts.person(person), _picture(person)
    age, sex = int(np.clip(person.normal(58, 13), 18, 80)), "F" if person.random() < 0.47 else "M"
    rng = generator(seed, "incartdb", "record", record)
    samples = round(duration_s * RATE_HZ)
    beats = rhythm.beats(picture, samples / RATE_HZ, rng)
    gain = int(rng.integers(250, 1101))
    stored_CT = _simulated.digital(_signal(heart, beats, samples, rng), gain=gain, zero=0, bits=16)
    _simulated.write_bytes(root / f"{record}.dat", _simulated.packed(stored_CT, "16"))
    lines = [
        _simulated.signal_line(f"{record}.dat", one_T, form="16", scale=f"{gain} 16 0", name=lead)
        for one_T, lead in zip(stored_CT, LEADS, strict=True)
    ]
    first = f"{record} {len(LEADS)} {RATE_HZ} {samples}"
    comments = [
        f"<age>: {age} <sex>: {sex} <diagnoses> simulated with seed {seed}, no person's recording",
        f"patient {patient}",
    ]
    _simulated.write_header(root / f"{record}.hea", first, lines, comments)
    at_N = np.rint(beats.time_N * RATE_HZ).astype(int)
    marks = [Mark(int(t), str(s)) for t, s in zip(at_N, beats.symbol_N, strict=True)]
    _simulated.write_marks(root, record, [mark for mark in marks if mark.sample < samples])


def _picture(rng: np.random.Generator) -> Case:
    """Draw a patient's rhythm: sinus, most with ventricular, a few with many other early beats.

    ASSUME the shares: 11 % ventricular over all, 1 % atrial, three patients in 32 with a right
    bundle branch block, two in paroxysmal fibrillation.
    """
    beats = resting.usual_rate(rng) * HALF_HOUR_S / 60
    block, fibrillates = rng.random() < 3 / 32, rng.random() < 2 / 32
    counts = {
        "R" if block else "N": int(beats),
        "V": int(min(rng.exponential(0.12), 0.45) * beats),
        "A": int(min(rng.exponential(0.011), 0.3) * beats),
        "F": int(rng.exponential(0.001) * beats),
    }
    return Case(counts=counts, episodes={"AFIB": (3, 600.0)} if fibrillates else {})


def _signal(heart: hearts.Heart, beats: Rhythm, samples: int, rng: np.random.Generator) -> Float64:
    """Return the twelve leads, millivolts, shape (12, T)."""
    own = tuple(lead for lead in LEADS if lead not in hearts.LIMB)
    seen_CT = ecg.leads(heart, beats, own, rate_hz=RATE_HZ, samples=samples, rng=rng)
    much = noise.level(rng, unrest=0.5)
    seen_CT += noise.disturb(seen_CT.shape, RATE_HZ, how_much=much, mains_hz=MAINS_HZ, rng=rng)[0]
    signal_by_lead = dict(zip(own, seen_CT, strict=True))
    for lead, (one, two) in hearts.LIMB.items():
        signal_by_lead[lead] = one * signal_by_lead["I"] + two * signal_by_lead["II"]
    return np.stack([signal_by_lead[lead] for lead in LEADS])

"""Icentia11k 1.0: one lead of 11,000 people for up to two weeks, in pieces of 70 minutes.

250 Hz, format 16, 1,048,577 samples a piece, a modified lead I of a patch on the chest. A person
(``p00/p00000``) has up to 50 pieces (``p00/p00000/p00000_s00``), each with ``.atr``: beats (N, S,
a, V, Q) and rhythms (``(N``, ``(AFIB``, ``(AFL``, and ``)`` where one ends).

Source: https://physionet.org/content/icentia11k-continuous-ecg/1.0/ (CC BY-NC-SA 4.0);
doi:10.13026/kk0v-r952; Tan et al., Comput Cardiol 2021, arXiv:1910.09570.
"""

from pathlib import Path

import numpy as np

from cardiograft.datasets import _simulated, _wfdb
from cardiograft.datasets._annotation_file import Mark
from cardiograft.datasets.simulation import ecg, hearts, noise, resting, rhythm
from cardiograft.datasets.simulation.order import HALF_HOUR_S, Case
from cardiograft.datasets.simulation.rhythm import Rhythm
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.plugins import Duration
from cardiograft.records import Record

SLUG, VERSION = "icentia11k-continuous-ecg", "1.0"
MAINS_HZ = 60
WANTED = ()
UNITS = {"*": "mV"}
ANNOTATORS = ("atr",)
EXTRAS = ()

RATE_HZ, PEOPLE, PIECES = 250, 11_000, 50
# ASSUME lead, gain and zero of the simulated headers; the reader takes what a header states.
LEAD, GAIN = "ECG", 1000
SYMBOLS = {"A": "S", "L": "N", "R": "N"}  # as the database writes what `rhythm` lays out
FIBRILLATE = 0.12


def names() -> tuple[str, ...]:
    """Return names of 50 pieces of each person (``p00/p00000/p00000_s00``).

    Some 8,000 of the 550,000 are not there: which, RECORDS says.
    """
    people = (f"p{number:05d}" for number in range(PEOPLE))
    return tuple(f"{p[:3]}/{p}/{p}_s{piece:02d}" for p in people for piece in range(PIECES))


def subject(root: Path, record: str) -> str:
    """Return whose recording it is: the person's folder (``p00000``)."""
    return record.rpartition("/")[2].partition("_")[0]


def read(root: Path, record: str) -> Record:
    """Read one piece.

    Returns
    -------
    Record
        ``signal_CT``: float32, shape (1, T), millivolts, 250 Hz.

    Raises
    ------
    FileNotFoundError
        The header, or a file that it names, is not below `root`.
    ValueError
        A file can't be read.
    """
    return _wfdb.read_record(
        "icentia11k",
        root,
        record,
        subject=subject(root, record),
        mains_hz=MAINS_HZ,
        wanted=WANTED,
        annotator="atr",
    )


def simulate(
    root: Path, records: tuple[str, ...], seed: int, *, duration_s: Duration = 4194.308
) -> None:
    """Write simulated pieces.

    Parameters
    ----------
    root : Path
        The folder that will hold RECORDS.
    records : tuple of str
        Of `names`.
    seed : int
        With a record's name, it alone decides on the record's bytes; pieces of one person share
        heart and rhythm.
    duration_s : float
        Seconds a piece.

    Raises
    ------
    ValueError
        The database has no such record.
    """
    for record in _simulated.check_names(SLUG, records, names()):
        _write(root, record, seed, duration_s)
    _simulated.write_listing(root, records, ["atr\tbeat and rhythm annotations"])


def _write(root: Path, record: str, seed: int, duration_s: float) -> None:
    folder, name = (root / record).parent, record.rpartition("/")[2]
    person = generator(seed, "icentia11k", "subject", subject(root, record))
    heart, picture = hearts.person(person), _picture(person)
    rng = generator(seed, "icentia11k", "record", record)
    samples = round(duration_s * RATE_HZ)
    beats = rhythm.beats(picture, samples / RATE_HZ, rng)
    seen_CT = ecg.leads(heart, beats, ("I",), rate_hz=RATE_HZ, samples=samples, rng=rng)
    much = noise.level(rng, unrest=0.8)
    seen_CT += noise.disturb(seen_CT.shape, RATE_HZ, how_much=much, mains_hz=MAINS_HZ, rng=rng)[0]
    stored_CT = _simulated.digital(seen_CT, gain=GAIN, zero=0, bits=16)
    _simulated.write_bytes(folder / f"{name}.dat", _simulated.packed(stored_CT, "16"))
    line = _simulated.signal_line(
        f"{name}.dat", stored_CT[0], form="16", scale=f"{GAIN}/mV 16 0", name=LEAD
    )
    comments = [f"Simulated with seed {seed}: no person's recording."]
    first = f"{name} 1 {RATE_HZ} {samples}"
    _simulated.write_header(folder / f"{name}.hea", first, [line], comments)
    _simulated.write_marks(folder, name, _marks(beats, samples))


def _picture(rng: np.random.Generator) -> Case:
    """Draw a person's rhythm: sinus with some early beats; some people fibrillate now and then.

    ASSUME the shares: an eighth of the people, a third of the time, and 1 % of either early beat.
    """
    beats = resting.usual_rate(rng) * HALF_HOUR_S / 60
    counts = {
        "N": int(beats),
        "V": int(min(rng.exponential(0.01), 0.3) * beats),
        "A": int(min(rng.exponential(0.01), 0.3) * beats),
    }
    fibrillates = rng.random() < FIBRILLATE
    return Case(counts=counts, episodes={"AFIB": (2, 600.0)} if fibrillates else {})


def _marks(beats: Rhythm, samples: int) -> list[Mark]:
    """Return beats, and where rhythms begin and end."""
    marks: list[Mark] = []
    now = ""
    at_N = np.rint(beats.time_N * RATE_HZ).astype(int)
    for at, symbol, label in zip(at_N, beats.symbol_N, beats.rhythm_N, strict=True):
        if at >= samples:
            break
        if label != now:
            if now:
                marks.append(Mark(int(at) - 2, "+", ")"))
            marks.append(Mark(int(at) - 1, "+", f"({label}"))
            now = str(label)
        marks.append(Mark(int(at), SYMBOLS.get(str(symbol), str(symbol))))
    return [mark for mark in marks if mark.sample >= 0]

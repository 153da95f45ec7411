"""The files of the Challenge of 2011, and simulated recordings that are usable or not.

Legend: C channels, T samples.

Source: https://physionet.org/content/challenge-2011/1.0.0/; Silva, Moody & Celi, Comput Cardiol
2011;38:273-276 (numbers of recordings by grade).
"""

import io
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np

from cardiograft.datasets import _shaoxing, _simulated
from cardiograft.datasets.simulation import hearts, noise, rhythms
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.physionet import listings
from cardiograft.physionet.headers import UnfitError
from cardiograft.records import Float32, Float64
from cardiograft.signals import faults

RATE_HZ = Fraction(500)
LEADS = _shaoxing.LEADS
UNITS_A_MV = 200  # 5 microvolts a unit
GRADES = ("acceptable", "unacceptable")
# Recordings by grade; those without a signal are unacceptable too.
COUNTS = {"acceptable": 773, "unacceptable": 163, "constant": 62, "neither": 2}
NAMES = tuple(f"set-a/{1_001_000 + 1997 * number}" for number in range(1000))
# ASSUME what the three contents without a signal look like: amplifiers at either rail, or at rest.
CONSTANTS = (16_000, -16_000, 0)
MOST_CELLS = 1 << 24


def lines(path: Path) -> tuple[str, ...]:
    """Return the names that a list holds; none without the file."""
    return tuple(listings.lines(listings.text(path))) if path.is_file() else ()


def grades(root: Path) -> dict[str, str]:
    """Return each record's grade, ``1006637`` to ``unacceptable``; none without the lists.

    A record that both lists name is said to be ``acceptable and unacceptable``.
    """
    grade_by_record: dict[str, str] = {}
    for grade in GRADES:
        path = root / f"set-a/RECORDS-{grade}"
        if path.is_file():
            facts = path.stat()
            for name in set(_list(path, facts.st_mtime_ns, facts.st_size)):
                grade_by_record[name] = (
                    f"{grade_by_record[name]} and {grade}" if name in grade_by_record else grade
                )
    return grade_by_record


def grade(root: Path, name: str) -> str | None:
    """Return a record's grade; None where no list names it.

    Raises
    ------
    UnfitError
        Both lists do.
    """
    record_grade = grades(root).get(name)
    if record_grade is not None and record_grade not in GRADES:
        raise UnfitError(f"its grade is {record_grade}: both lists name it")
    return record_grade


@cache
def _list(path: Path, *edition: int) -> tuple[str, ...]:
    return lines(path)


def text(path: Path) -> Float32:
    """Return the samples of a text file, shape (12, T), millivolts.

    Raises
    ------
    FileNotFoundError
        It is not there.
    UnfitError
        It is empty, or not thirteen columns of whole numbers, the first of which counts the rows.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    rows = listings.text(path)
    if len(rows) > MOST_CELLS:
        raise UnfitError(f"{path.name} is longer than {MOST_CELLS >> 20} MiB")
    if not rows.strip():
        raise UnfitError(f"{path.name} is empty")
    try:
        value_TC = np.loadtxt(io.StringIO(rows), delimiter=",", dtype=np.int64, ndmin=2)
    except ValueError as error:
        raise UnfitError(f"unreadable {path.name}: {' '.join(str(error).split())}") from error
    if value_TC.shape[1] != len(LEADS) + 1:
        raise UnfitError(f"{path.name} has {value_TC.shape[1]} columns, not {len(LEADS) + 1}")
    if not np.array_equal(value_TC[:, 0], np.arange(len(value_TC))):
        raise UnfitError(f"{path.name} has rows missing, or in another order than their numbers")
    return np.ascontiguousarray((value_TC[:, 1:].T / UNITS_A_MV).astype(np.float32))


def check_alive(signal_CT: Float32) -> None:
    """Refuse a recording of which no lead ever changes.

    Raises
    ------
    UnfitError
        It is one.
    """
    if not (signal_CT != signal_CT[:, :1]).any():
        raise UnfitError("no signal: no lead ever changes")


def simulated_grade(record: str, *, even: bool) -> str:
    """Return a simulated recording's grade, or ``neither``."""
    kind = _kind(record, even=even)
    return "unacceptable" if kind == "constant" else kind


def _kind(record: str, *, even: bool) -> str:
    number = NAMES.index(record)
    shares = dict.fromkeys(GRADES, 1) if even else COUNTS
    return rhythms.assigned(number, shares)


def simulated(record: str, seed: int, duration_s: float, *, even: bool) -> _simulated.Int16:
    """Simulate a recording as its converter has it, shape (12, T)."""
    kind, rng = _kind(record, even=even), generator(seed, "challenge_2011", "record", record)
    samples = round(duration_s * float(RATE_HZ))
    if kind == "constant":
        level = CONSTANTS[NAMES.index(record) % len(CONSTANTS)]
        return np.full((len(LEADS), samples), level, dtype=np.int16)
    heart = hearts.person(generator(seed, "challenge_2011", "subject", record))
    rhythm = str(rng.choice(["SR", "SB", "ST"]))
    signal_CT = _shaoxing.twelve_leads(heart, rhythm, duration_s, rng, mains_hz=60)
    if kind != "acceptable":
        signal_CT = _corrupted(signal_CT, rng)
    return _simulated.digital(signal_CT, gain=UNITS_A_MV, zero=0, bits=16)


def _corrupted(signal_CT: Float64, rng: np.random.Generator) -> Float64:
    """Return a recording that can't be interpreted: noise throughout, or faults of some leads.

    ASSUME a third of them are noisy in all leads, and that in the others one to six leads fail.
    """
    if rng.random() < 1 / 3:
        much = noise.level(rng, unrest=60.0)
        noise_CT, _ = noise.disturb(
            signal_CT.shape, float(RATE_HZ), how_much=much, mains_hz=60, rng=rng
        )
        return signal_CT + float(rng.uniform(4, 10)) * noise_CT
    corrupted_CT = signal_CT.copy()
    for lead in rng.permutation(len(LEADS))[: int(rng.integers(1, 7))]:
        name = str(rng.choice(faults.NAMES))
        corrupted_CT[lead] = faults.corrupt(signal_CT[lead], float(RATE_HZ), name, rng)
    return corrupted_CT


def write_text(path: Path, stored_CT: _simulated.Int16) -> None:
    """Write samples as text, a row each after its number."""
    rows = (f"{t},{','.join(map(str, row))}\n" for t, row in enumerate(stored_CT.T.tolist()))
    _simulated.write_bytes(path, "".join(rows).encode())


def write_wfdb(path: Path, stored_CT: _simulated.Int16, seed: int) -> None:
    """Write ``<path>.hea`` and ``<path>.dat``."""
    _simulated.write_bytes(path.with_suffix(".dat"), _simulated.packed(stored_CT, "16"))
    signals = [
        _simulated.signal_line(
            f"{path.name}.dat", one_T, form="16", scale=f"{UNITS_A_MV} 16 0", name=lead
        )
        for one_T, lead in zip(stored_CT, LEADS, strict=True)
    ]
    first = f"{path.name} {len(LEADS)} {int(RATE_HZ)} {stored_CT.shape[1]}"
    comments = [f"Simulated with seed {seed}: no person's recording."]
    _simulated.write_header(path.with_suffix(".hea"), first, signals, comments)

"""Grades of the Brno ECG Quality Database, and simulated recordings of good and bad stretches.

Legend: C channels, T samples, A annotations.

Source: https://physionet.org/content/butqdb/1.0.0/; Smital et al., IEEE TBME 2020;67:2721-2734,
doi:10.1109/TBME.2020.2969719.
"""

import csv
from pathlib import Path

import numpy as np

from cardiograft.datasets import _simulated
from cardiograft.datasets.simulation import ecg, hearts, noise, resting
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.physionet import listings
from cardiograft.physionet.headers import UnfitError
from cardiograft.records import Annotations, Float64
from cardiograft.signals import faults

RATE_HZ, MOTION_HZ = 1000, 100
NUMBERS = (
    *(100001, 100002, 103001, 103002, 103003, 104001, 105001, 111001, 113001, 114001, 115001),
    *(118001, 121001, 122001, 123001, 124001, 125001, 126001),
)
CODE = '"'  # WFDB's for a note
EXPERTS, CONSENSUS = 3, 4
CLASSES = ("1", "2", "3")
# ASSUME of the simulation: how often a stretch is of each class, how long it lasts, how often an
# expert differs from the consensus, and how unrestful each class is.
SHARES = (0.7, 0.2, 0.1)
STRETCH_S = (4.0, 30.0)
DIFFERS = 0.08
NOISE_GAIN = {"1": 0.6, "2": 2.5, "3": 9.0}
MOTION_MG = {"1": 8.0, "2": 60.0, "3": 180.0}
Stretch = tuple[int, int, str]  # first sample, the one after the last, class


def grades(path: Path, samples: int) -> Annotations:
    """Return the marks that open and end stretches, of each expert and of the consensus.

    A row of titles above them is passed over. Where a stretch begins at the last sample of the one
    before, that sample stays with the former.

    Raises
    ------
    FileNotFoundError
        The file is not there.
    UnfitError
        It does not hold four times first sample, last sample and class, in order: the row that is
        wrong is named, counted from 1.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    marks: list[tuple[int, int, str]] = []
    rows = [[cell.strip() for cell in row] for row in csv.reader(listings.text(path).splitlines())]
    numbered = list(enumerate(rows, 1))[_titled(rows) :]
    for expert in range(1, CONSENSUS + 1):
        ends = 0
        for number, row in numbered:
            cells = row[3 * expert - 3 : 3 * expert]
            if not any(cells):
                continue
            where = f"{path.name}, row {number}"
            first, stop, grade = _stretch(where, cells)
            if 0 < ends == first + 1:
                first = ends
            if first < ends or stop <= first:
                raise UnfitError(f"{where}: stretches out of order: {','.join(cells)}")
            if first > ends:
                marks.append((ends, expert, ""))
            marks.append((first, expert, grade))
            ends = stop
        marks.append((ends, expert, ""))
    marks = sorted(mark for mark in marks if mark[0] < samples)
    return Annotations(
        sample_A=np.array([at for at, _, _ in marks], dtype=np.int64),
        symbol_A=np.full(len(marks), CODE),
        aux_A=np.array([grade for _, _, grade in marks], dtype="U1"),
        number_A=np.array([expert for _, expert, _ in marks], dtype=np.int64),
    )


def _titled(rows: list[list[str]]) -> bool:
    """Return whether the first row has no number, and is one of titles."""
    cells = [cell for cell in rows[0] if cell] if rows else []
    return bool(cells) and not any(map(_is_number, cells))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _stretch(where: str, cells: list[str]) -> Stretch:
    """Return a stretch counted from 0; a class of 0 is none."""
    try:
        first, last, grade = (float(cell) for cell in cells)
    except ValueError as error:
        raise UnfitError(f"unreadable {where}: {','.join(cells)!r}") from error
    if grade not in (0, 1, 2, 3) or not (first.is_integer() and last.is_integer()):
        raise UnfitError(f"unreadable {where}: {','.join(cells)!r}")
    return int(first) - 1, int(last), str(int(grade)) if grade else ""


def at_rate(marks: Annotations, by: float) -> Annotations:
    """Return marks at another rate, `by` times the first."""
    moved = vars(marks) | {"sample_A": np.floor(marks.sample_A * by).astype(np.int64)}
    return Annotations(**moved)


def write(root: Path, record: str, subject: str, seed: int, duration_s: float) -> None:
    """Write a simulated ECG, its acceleration and its grades."""
    person = generator(seed, "butqdb", "subject", subject)
    heart, per_minute = hearts.person(person), resting.usual_rate(person)
    rng = generator(seed, "butqdb", "record", record)
    samples = round(duration_s * RATE_HZ)
    agreed = _stretches(samples, rng)
    beats = resting.sinus(per_minute, duration_s, rng)
    seen_CT = ecg.leads(heart, beats, ("I",), rate_hz=RATE_HZ, samples=samples, rng=rng)
    motion_CT = _rest(round(duration_s * MOTION_HZ), rng)
    for first, stop, grade in agreed:
        seen_CT[:, first:stop] = _corrupted(seen_CT[:, first:stop], grade, rng)
        part = slice(first * MOTION_HZ // RATE_HZ, stop * MOTION_HZ // RATE_HZ)
        sway = rng.standard_normal(motion_CT[:, part].shape)
        motion_CT[:, part] += MOTION_MG[grade] * sway
    folder, name = (root / record).parent, record.rpartition("/")[2].removesuffix("_ECG")
    _write(folder, f"{name}_ECG", 1000 * seen_CT, ("ECG",), "uV", RATE_HZ, seed)
    _write(folder, f"{name}_ACC", motion_CT, ("ACCx", "ACCy", "ACCz"), "mg", MOTION_HZ, seed)
    experts = [[_seen(one, rng) for one in agreed] for _ in range(EXPERTS)]
    _simulated.write_text(folder / f"{name}_ANN.csv", _rows([*experts, agreed]))


def _stretches(samples: int, rng: np.random.Generator) -> list[Stretch]:
    """Draw stretches that follow one another from the first sample to the last."""
    stretches, at = [], 0
    while at < samples:
        stop = min(at + round(rng.uniform(*STRETCH_S) * RATE_HZ), samples)
        stop = samples if samples - stop < STRETCH_S[0] * RATE_HZ else stop
        stretches.append((at, stop, str(rng.choice(CLASSES, p=SHARES))))
        at = stop
    return stretches


def _seen(stretch: Stretch, rng: np.random.Generator) -> Stretch:
    """Return a stretch as one expert grades it: now and then a class beside the agreed one."""
    first, stop, grade = stretch
    if rng.random() < DIFFERS:
        grade = "2" if grade in ("1", "3") else str(rng.choice(["1", "3"]))
    return first, stop, grade


def _corrupted(seen_CT: Float64, grade: str, rng: np.random.Generator) -> Float64:
    much = noise.level(rng, unrest=1.0)
    noise_CT, _ = noise.disturb(seen_CT.shape, RATE_HZ, how_much=much, mains_hz=50, rng=rng)
    corrupted_CT = seen_CT + NOISE_GAIN[grade] * noise_CT
    if grade == "3" and rng.random() < 0.5:
        fault = str(rng.choice(faults.NAMES))
        corrupted_CT = faults.corrupt(corrupted_CT[0], RATE_HZ, fault, rng)[None]
    return corrupted_CT


def _rest(samples: int, rng: np.random.Generator) -> Float64:
    """Return what the axes of a person at rest show: gravity, and a little noise, in mg."""
    down = rng.standard_normal(3)
    gravity_C1 = 1000 * (down / np.linalg.norm(down))[:, None]
    return np.asarray(gravity_C1 + 4 * rng.standard_normal((3, samples)))


def _write(
    folder: Path,
    name: str,
    signal_CT: Float64,
    leads: tuple[str, ...],
    unit: str,
    rate_hz: int,
    seed: int,
) -> None:
    stored_CT = _simulated.digital(signal_CT, gain=1, zero=0, bits=16)
    _simulated.write_bytes(folder / f"{name}.dat", _simulated.packed(stored_CT, "16"))
    signals = [
        _simulated.signal_line(f"{name}.dat", one_T, form="16", scale=f"1/{unit} 16 0", name=lead)
        for one_T, lead in zip(stored_CT, leads, strict=True)
    ]
    first = f"{name} {len(leads)} {rate_hz} {stored_CT.shape[1]}"
    comments = [f"Simulated with seed {seed}: no person's recording."]
    _simulated.write_header(folder / f"{name}.hea", first, signals, comments)


def _rows(columns: list[list[Stretch]]) -> list[str]:
    """Return the lines of a file of grades: neighbours of one class are one stretch."""
    joined: list[list[Stretch]] = []
    for column in columns:
        joined.append([])
        for first, stop, grade in column:
            if joined[-1] and joined[-1][-1][2] == grade:
                first = joined[-1].pop()[0]
            joined[-1].append((first, stop, grade))
    most = max(map(len, joined))
    return [
        ",".join(
            f"{c[row][0] + 1},{c[row][1]},{c[row][2]}" if row < len(c) else ",," for c in joined
        )
        for row in range(most)
    ]

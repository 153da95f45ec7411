"""A simulated recording like those of scg-vhd: its columns at its clock's uneven times.

Legend: C columns, T samples as filed, F samples at the rate that is simulated.
"""

import io
from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.io import savemat

from cardiograft.datasets.simulation import ecg, hearts, noise, resting, scg
from cardiograft.datasets.simulation.rhythm import Rhythm
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.files import atomic_file
from cardiograft.records import Float64

FINE_HZ = 512
# ASSUME degrees a second that go with a metre a second squared.
TURN = 25.0
RAIL_MV = 605.0
CREATED = b"MATLAB 5.0 MAT-file, Platform: simulated, Created on: Thu Jan  1 00:00:00 1970"


def columns(record: str, seed: int, seconds: float, mains_hz: int) -> tuple[Float64, Float64]:
    """Simulate one recording, shape (10, F) in the order of the reader's columns, and its clock.

    Returns
    -------
    tuple
        Columns as filed, shape (10, T): m/s2, deg/s, millivolts; and milliseconds, shape (T,).
    """
    person = generator(seed, "scg-vhd", "subject", record)
    rng = generator(seed, "scg-vhd", "record", record)
    heart, body, turning = hearts.person(person), scg.chest(person), scg.chest(person)
    usual = 160.0 if record == "CP-24" else resting.usual_rate(person)
    samples = round(seconds * FINE_HZ) + 16
    beats = resting.sinus(usual, samples / FINE_HZ, rng, extra=0.02)
    of = (beats, scg.AXES)
    fine = np.empty((10, samples))
    fine[:3] = scg.vibration(body, *of, rate_hz=FINE_HZ, samples=samples, rng=rng)
    fine[:3] += scg.motion(body, *of, rate_hz=FINE_HZ, samples=samples, rng=rng)
    fine[3:6] = TURN * scg.vibration(turning, *of, rate_hz=FINE_HZ, samples=samples, rng=rng)
    fine[3:6] += 0.5 * noise.shaped(samples, FINE_HZ, rng, low=0.05, high=45, slope=0.9)
    fine[3:6] += 0.1 * rng.standard_normal((3, samples)) + rng.normal(0, 1, (3, 1))
    fine[6:] = _leads(heart, beats, samples, mains_hz, rng)
    clock_ms = _clock(record, seconds, rng)
    time_T = (clock_ms - clock_ms[0]) / 1e3
    filed_CT = CubicSpline(np.arange(samples) / FINE_HZ, fine, axis=1)(time_T)
    return _as_filed(record, filed_CT, time_T, rng), _ticks(record, clock_ms)


def _leads(
    heart: hearts.Heart,
    beats: Rhythm,
    samples: int,
    mains_hz: int,
    rng: np.random.Generator,
) -> Float64:
    """Return LA-RA, LL-RA, LL-LA and Vx-RL, millivolts, each with its electrodes' own voltage."""
    seen_CF = ecg.leads(heart, beats, ("I", "II", "V2"), rate_hz=FINE_HZ, samples=samples, rng=rng)
    much = noise.level(rng, unrest=0.2)
    seen_CF += noise.disturb(seen_CF.shape, FINE_HZ, how_much=much, mains_hz=mains_hz, rng=rng)[0]
    seen_CF += rng.normal(0, 12, (3, 1))
    first_F, second_F, chest_F = seen_CF
    return np.stack([first_F, second_F, second_F - first_F, chest_F])


def _clock(record: str, seconds: float, rng: np.random.Generator) -> Float64:
    """Return when samples are taken, milliseconds: gaps in CP, drift and jitter in UP."""
    wide = record[:2] == "UP" and int(record[3:]) >= 22
    rate_hz = 512 if wide else 256
    time_T = np.arange(round(seconds * rate_hz)) / rate_hz
    kept_T = np.ones(len(time_T), dtype=np.bool_)
    if record[:2] == "CP":
        # As in the real ones: 13 to 30 gaps of 15 to 465 ms in five minutes.
        spans = [(at, rng.uniform(0.015, 0.465)) for at in _places(seconds, 0.07, rng)]
    else:
        drift = rng.uniform(0, 0.0035) if not wide else 0.0
        time_T = time_T * (1 + drift) + rng.uniform(-2e-4, 2e-4, len(time_T))
        time_T = time_T[time_T < seconds]
        kept_T = kept_T[: len(time_T)]
        spans = [(at, rng.uniform(0.2, 6.2)) for at in _places(seconds, 0.006, rng)]
    for at, length in spans:
        kept_T &= (time_T < at) | (time_T >= at + length)
    kept_T[[0, -1]] = True
    return np.asarray(20091.064453125 + 1e3 * (time_T[kept_T] - time_T[0]))


def _places(seconds: float, often: float, rng: np.random.Generator) -> Float64:
    return rng.uniform(0, seconds, rng.poisson(often * seconds))


def _ticks(record: str, clock_ms: Float64) -> Float64:
    """Return what the clock shows: CP-19's ticks each 100 ms, UP-28's stands still."""
    if record == "CP-19":
        return np.asarray(np.floor(clock_ms / 100) * 100)
    return np.full_like(clock_ms, clock_ms[0]) if record == "UP-28" else clock_ms


def _as_filed(record: str, filed_CT: Float64, time_T: Float64, rng: np.random.Generator) -> Float64:
    """Turn axes and rail leads as the real files have them."""
    cohort, number = record[:2], int(record[3:])
    if cohort == "CP" and number <= 38:
        filed_CT[[1, 4]] *= -1
    if record == "UP-28":
        filed_CT[7] = RAIL_MV
    elif cohort == "CP" and number % 7 == 4:  # ten of 70
        start = rng.uniform(0.1, 0.8) * time_T[-1]
        filed_CT[7, (time_T > start) & (time_T < start + 0.03 * time_T[-1])] = RAIL_MV
    filed_CT[8] = filed_CT[7] - filed_CT[6]
    return filed_CT


def scheme(record: str) -> tuple[str, str, str]:
    """Return a record's prefix, name of the clock and ending of its columns' names."""
    if record[:2] == "CP":
        return "Shimmer_D0CD_", "Timestamp_Shimmer", "_CAL1"
    if int(record[3:]) <= 21:
        return "ECG_", "TimestampSync_Unix", "_CAL1"
    return "ECG_", "Timestamp_Unix", "_CAL"


def write(path: Path, record: str, names: list[str], filed_CT: Float64, clock_T: Float64) -> None:
    """Write a MATLAB 5 file, one column a variable, without the time of writing."""
    prefix, clock, end = scheme(record)
    idle = np.zeros(len(clock_T), dtype=np.uint8)
    column_by_name = dict(zip(names, filed_CT, strict=True))
    column_by_name |= {"ECG_EMG_Status1": idle, "ECG_EMG_Status2": idle, clock: clock_T}
    content = {
        f"{prefix}{name}{end}": column_by_name[name][:, None] for name in sorted(column_by_name)
    }
    buffer = io.BytesIO()
    savemat(buffer, content)  # compressing would take half of the simulation
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as partial:
        partial.write_bytes(CREATED.ljust(116) + buffer.getvalue()[116:])

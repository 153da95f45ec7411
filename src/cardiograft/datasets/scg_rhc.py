"""SCG-RHC 1.0.0: chest patch and right-heart catheter of 73 people with heart failure.

500 Hz, format 16. ``processed_data/TRM107-RHC1`` is a person's first procedure, ``-RHC2`` the
second: ``patch_ECG`` and a reference ``ECG_lead_II`` in millivolts, the patch's accelerometer
``patch_ACC_lat``, ``patch_ACC_hf``, ``patch_ACC_dv`` in mg (lateral, head to foot, front to back),
``RHC_pressure`` in mmHg, all laid on one clock. Real records have more signals, and a ``.json``
of the person beside them, which isn't read. No recording was at hand: names, signals and units are
as others' readers of it state them, and `read` takes what a header says.

Source: https://physionet.org/content/scg-rhc-wearable-database/1.0.0/ (ODC-By 1.0);
doi:10.13026/133d-pk11; Shandhi et al., IEEE Trans Biomed Eng 2022;69(8):2443-2455,
doi:10.1109/TBME.2022.3147066.
"""

from pathlib import Path

import numpy as np

from cardiograft.datasets import _simulated, _wfdb
from cardiograft.datasets.simulation import ecg, hearts, noise, resting, scg
from cardiograft.datasets.simulation.rhythm import Rhythm
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.plugins import Duration
from cardiograft.records import Float64, Record

SLUG, VERSION = "scg-rhc-wearable-database", "1.0.0"
MAINS_HZ = 60
WANTED = ()
UNITS = {"patch_ACC*": "mg", "RHC_pressure": "mmHg", "PLETH": "NU", "*": "mV"}
ANNOTATORS = ()
EXTRAS = ()

RATE_HZ = 500
MILLIG = 1e3 / scg.GRAVITY
# Signal, units, counts a unit.
SIGNALS = (
    ("patch_ECG", "mV", 4000),
    ("patch_ACC_lat", "mg", 16),
    ("patch_ACC_hf", "mg", 16),
    ("patch_ACC_dv", "mg", 16),
    ("ECG_lead_II", "mV", 4000),
    ("RHC_pressure", "mmHg", 100),
)
# Numbers known of the real records; ASSUME the others, and who came twice, so that it is 73
# people and 83 procedures.
KNOWN = (
    *(107, 127, 128, 155, 158, 159, 164, 172, 174, 176, 178, 181, 187, 195, 196, 198, 201, 203),
    *(215, 219, 220, 229, 231, 233, 235, 244, 245, 246, 248, 252, 254, 255, 256, 260, 265, 267),
    *(272, 275, 278, 281),
)
PEOPLE = (*KNOWN, *range(301, 301 + 73 - len(KNOWN)))
TWICE = 10


def names() -> tuple[str, ...]:
    """Return the 83 names that can be simulated, the last ten people with two procedures."""
    first = tuple(f"processed_data/TRM{person}-RHC1" for person in PEOPLE)
    return (*first, *(f"processed_data/TRM{person}-RHC2" for person in PEOPLE[-TWICE:]))


def subject(root: Path, record: str) -> str:
    """Return whose recording it is: its name without the procedure."""
    return record.rpartition("/")[2].partition("-")[0]


def read(root: Path, record: str) -> Record:
    """Read one recording.

    Returns
    -------
    Record
        ``signal_CT``: float32, shape (C, T), in the units of SIGNALS, 500 Hz; leads as the header
        names them.

    Raises
    ------
    FileNotFoundError
        The header, or a file that it names, is not below `root`.
    ValueError
        A file can't be read.
    """
    return _wfdb.read_record(
        "scg_rhc",
        root,
        record,
        subject=subject(root, record),
        mains_hz=MAINS_HZ,
        wanted=WANTED,
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
        With a record's name, it alone decides on the record's bytes; recordings of one person
        share heart and chest.
    duration_s : float
        Seconds a record.

    Raises
    ------
    ValueError
        The database has no such record.
    """
    for record in _simulated.check_names(SLUG, records, names()):
        _write(root, record, seed, duration_s)
    _simulated.write_listing(root, records, [])


def _write(root: Path, record: str, seed: int, duration_s: float) -> None:
    signal_CT = _signals(record, seed, round(duration_s * RATE_HZ))
    gain_C1 = np.array([[gain] for _, _, gain in SIGNALS])
    stored_CT = _simulated.digital(signal_CT * gain_C1, gain=1, zero=0, bits=16)
    folder, name = (root / record).parent, (root / record).name
    _simulated.write_bytes(folder / f"{name}.dat", _simulated.packed(stored_CT, "16"))
    lines = [
        _simulated.signal_line(
            f"{name}.dat", one_T, form="16", scale=f"{gain}/{units} 16 0", name=lead
        )
        for one_T, (lead, units, gain) in zip(stored_CT, SIGNALS, strict=True)
    ]
    first = f"{name} {len(SIGNALS)} {RATE_HZ} {stored_CT.shape[1]}"
    comments = [f"Simulated with seed {seed}: no person's recording."]
    _simulated.write_header(folder / f"{name}.hea", first, lines, comments)


def _signals(record: str, seed: int, samples: int) -> Float64:
    """Simulate one recording, shape (6, T), in the order of SIGNALS."""
    person = generator(seed, "scg_rhc", "subject", subject(Path(), record))
    heart, body = hearts.person(person), scg.chest(person)
    usual = resting.usual_rate(person) + 6
    rng = generator(seed, "scg_rhc", "record", record)
    beats = resting.sinus(usual, samples / RATE_HZ, rng, extra=0.02)
    seen_CT = ecg.leads(heart, beats, ("I", "II"), rate_hz=RATE_HZ, samples=samples, rng=rng)
    much = noise.level(rng, unrest=0.3)
    seen_CT += noise.disturb(seen_CT.shape, RATE_HZ, how_much=much, mains_hz=MAINS_HZ, rng=rng)[0]
    move_CT = scg.vibration(body, beats, scg.AXES, rate_hz=RATE_HZ, samples=samples, rng=rng)
    move_CT += scg.motion(body, beats, scg.AXES, rate_hz=RATE_HZ, samples=samples, rng=rng)
    pressure_T = _pressure(body, beats, samples, rng)
    return np.stack([seen_CT[0], *(MILLIG * move_CT), seen_CT[1], pressure_T])


def _pressure(body: scg.Chest, beats: Rhythm, samples: int, rng: np.random.Generator) -> Float64:
    """Return the pulmonary artery's pressure, mmHg: up while the valves are open, then a decay.

    ASSUME heart failure's 40 over 20 mmHg with breathing's 4 on top, as textbooks have it.
    """
    valves = scg.events(body, beats, rng)
    diastolic, pulse = max(rng.normal(20, 5), 6), max(rng.normal(22, 6), 8)
    second_T = np.arange(samples) / RATE_HZ
    last_T = np.clip(np.searchsorted(valves.AO, second_T, side="right") - 1, 0, None)
    since_T = np.maximum(second_T - valves.AO[last_T], 0)
    shape_T = np.sin(np.pi * np.minimum(since_T / 0.34, 1)) ** 2 + 0.25 * np.exp(-since_T / 0.3)
    breath_T = beats.tone.at(beats.tone.breath_K, second_T)
    return diastolic + pulse * shape_T + 2 * breath_T + 0.3 * rng.standard_normal(samples)

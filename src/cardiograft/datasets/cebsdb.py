"""Combined measurement of ECG, Breathing and Seismocardiograms 1.0.0: 60 recordings of 20 people.

5000 Hz, format 16, four signals: ``I``, ``II``, ``RESP`` (a belt), ``SCG`` (one accelerometer on
the sternum). ``b001`` is a person's 5 minutes at rest, ``m001`` the same person's 50 minutes of
music (120 MB), ``p001`` the 5 minutes after. Every signal fills 16 bits, with a gain of its own and
in "mV"; headers state an ADC resolution of 0 and have two blanks before a signal's name.

Source: https://physionet.org/content/cebsdb/1.0.0/ (ODC-By 1.0); doi:10.13026/C2KW23;
Garcia-Gonzalez, Argelagos-Palau, Fernandez-Chimeno & Ramos-Castro, Comput Cardiol 2013;40:461-464.
"""

from pathlib import Path

import numpy as np

from cardiograft.datasets import _long, _simulated, _wfdb
from cardiograft.datasets.simulation import ecg, hearts, noise, resting, scg
from cardiograft.datasets.simulation.rhythm import Rhythm
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.plugins import Duration
from cardiograft.records import Float64, Record

SLUG, VERSION = "cebsdb", "1.0.0"
MAINS_HZ = 50
WANTED = ()
UNITS = {"*": "mV"}  # of the belt and the accelerometer too
ANNOTATORS = ()
EXTRAS = ()

RATE_HZ = 5000
FACTOR = 10  # simulated at 500 Hz: no heart has anything above 250
LEADS = ("I", "II", "RESP", "SCG")
MINUTES = {"b": 5, "m": 50, "p": 5}
# ASSUME a "mV" of the SCG is a thousandth of g, by which its range is a chest's.
MILLIG = 1e3 / scg.GRAVITY


def names() -> tuple[str, ...]:
    """Return the 60 records' names: b001 to b020, m001 to m020, p001 to p020."""
    return tuple(f"{part}{person:03d}" for part in MINUTES for person in range(1, 21))


def subject(root: Path, record: str) -> str:
    """Return whose recording it is: its number."""
    return record[1:]


def read(root: Path, record: str) -> Record:
    """Read one recording.

    Returns
    -------
    Record
        ``signal_CT``: float32, shape (4, T), "mV", 5000 Hz.

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
    """Write simulated recordings, a stretch of a recording at a time.

    Parameters
    ----------
    root : Path
        The folder that will hold RECORDS.
    records : tuple of str
        Of `names`.
    seed : int
        With a record's name, it alone decides on the record's bytes; recordings of one number
        share heart and chest.
    duration_s : float, optional
        Seconds a record; 5, 50 and 5 minutes for b, m and p where it isn't given.

    Raises
    ------
    ValueError
        The database has no such record.
    """
    for record in _simulated.check_names(SLUG, records, names()):
        seconds = 60.0 * MINUTES[record[0]] if duration_s is None else duration_s
        rng = generator(seed, "cebsdb", "record", record)
        _long.write(
            root / record,
            signals(record, seed, seconds, rng),
            LEADS,
            rate_hz=RATE_HZ,
            factor=FACTOR,
            rng=rng,
            comments=[f"Simulated with seed {seed}: no person's recording."],
            before_name="  ",
        )
    _simulated.write_listing(root, records, [])


def signals(record: str, seed: int, seconds: float, rng: np.random.Generator) -> Float64:
    """Simulate one recording at 500 Hz, shape (4, T), in the order of LEADS."""
    person = generator(seed, "cebsdb", "subject", record[1:])
    heart, body, usual = hearts.person(person), scg.chest(person), resting.usual_rate(person)
    rate_hz = RATE_HZ // FACTOR
    samples = round(seconds * rate_hz)
    beats = resting.sinus(usual, samples / rate_hz, rng)
    signal_CT = np.empty((4, samples))
    signal_CT[:2] = ecg.leads(heart, beats, LEADS[:2], rate_hz=rate_hz, samples=samples, rng=rng)
    much = noise.level(rng, unrest=0.1)
    signal_CT[:2] += noise.disturb(
        (2, samples), rate_hz, how_much=much, mains_hz=MAINS_HZ, rng=rng
    )[0]
    signal_CT[2] = _belt(beats, samples, rate_hz, rng)
    move_CT = scg.vibration(body, beats, ("z",), rate_hz=rate_hz, samples=samples, rng=rng)
    move_CT += scg.motion(body, beats, ("z",), rate_hz=rate_hz, samples=samples, rng=rng)
    signal_CT[3] = MILLIG * (move_CT[0] - scg.GRAVITY * body.tilt["z"])
    return signal_CT


def _belt(beats: Rhythm, samples: int, rate_hz: int, rng: np.random.Generator) -> Float64:
    second_T = np.arange(samples) / rate_hz
    drawn_T = 0.2 * beats.tone.at(beats.tone.breath_K, second_T)
    return drawn_T + 0.02 * noise.shaped(samples, rate_hz, rng, low=0.02, high=5.0, slope=1.5)

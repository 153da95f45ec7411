"""MIT-BIH Noise Stress Test Database 1.0.0: three recordings of noise, and ECG with it added.

360 Hz, 650,000 samples, two signals. ``em`` (electrode motion), ``bw`` (baseline wander) and ``ma``
(muscle) are format 212 with gain 0, which means WFDB's default of 200. ``118e24`` and the like are
mitdb's 118 and 119 with ``em`` at the signal-to-noise ratio of their name (``_6`` is -6 dB): five
minutes clean, then two noisy and two clean in turn; format 212, at 0 and -6 dB 16. Their headers
state a baseline of 1024 for samples that count from 0: taken at its word, the signal is 5.12 mV
too low. `read` counts from 0, so that the clean minutes equal mitdb's. Only the mixtures have
annotations, and not every mirror keeps them: they are read where they are.

Source: https://physionet.org/content/nstdb/1.0.0/ (ODC-By 1.0); doi:10.13026/C2HS3T; Moody, Muldrow
& Mark, Comput Cardiol 1984;11:381-384.
"""

from pathlib import Path

import numpy as np

from cardiograft.datasets import _mitdb, _simulated, _wfdb
from cardiograft.datasets.simulation import noise
from cardiograft.datasets.simulation.order import HALF_HOUR_S
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.plugins import Duration
from cardiograft.records import Float64, Int64, Record
from cardiograft.signals.noise_mixing import noise_gain

SLUG, VERSION = "nstdb", "1.0.0"
MAINS_HZ = 60
WANTED = ()
UNITS = {"*": "mV"}
ANNOTATORS = ()
EXTRAS = ()

NOISE = ("bw", "em", "ma")
RATIOS_DB = {"24": 24, "18": 18, "12": 12, "06": 6, "00": 0, "_6": -6}
WIDE_DB = 0  # from here down samples don't fit 12 bits
CLEAN_S, TURN_S = 300, 120
RATE_HZ = 360
NOT_BEATS = frozenset('+~[]x"')


def names() -> tuple[str, ...]:
    """Return the 15 records' names."""
    mixed = [f"{clean}e{ratio}" for clean in ("118", "119") for ratio in RATIOS_DB]
    return (*sorted(mixed), *NOISE)


def subject(root: Path, record: str) -> str:
    """Return whose recording it is: a mixture is mitdb's patient, noise is its own."""
    return record.split("e")[0] if _mixed(record) else record


def read(root: Path, record: str) -> Record:
    """Read one recording.

    Returns
    -------
    Record
        ``signal_CT``: float32, shape (2, 650000), millivolts, 360 Hz; of a mixture counted from
        0, whatever its header states.

    Raises
    ------
    FileNotFoundError
        The header, or a file that it names, is not below `root`.
    ValueError
        A file can't be read.
    """
    marked = (root / f"{record}.atr").is_file()
    return _wfdb.read_record(
        SLUG,
        root,
        record,
        subject=subject(root, record),
        mains_hz=MAINS_HZ,
        wanted=WANTED,
        annotator="atr" if marked else None,
        baseline=0 if _mixed(record) else None,
    )


def simulate(
    root: Path, records: tuple[str, ...], seed: int, *, duration_s: Duration = 1805.5555555555557
) -> None:
    """Write simulated recordings; the mixtures hold the simulated mitdb's 118 and 119.

    Parameters
    ----------
    root : Path
        The folder that will hold RECORDS.
    records : tuple of str
        Of `names`.
    seed : int
        With a record's name, it alone decides on the record's bytes.
    duration_s : float
        Seconds a record; in a shorter one clean and noisy minutes shrink in proportion.

    Raises
    ------
    ValueError
        The database has no such record.
    """
    root.mkdir(parents=True, exist_ok=True)
    for record in records:
        if record in NOISE:
            _write_noise(root, record, _noise(record, seed, duration_s), seed)
        elif record in names():
            _write_mixture(root, record, seed, duration_s)
        else:
            raise ValueError(f"nstdb/{record}: no such record (has {', '.join(names())})")
    _simulated.write_listing(root, records, ["atr\treference beat and rhythm annotations"])


def mix(clean_CT: Float64, noise_CT: Float64, beat_A: Int64, ratio_db: float) -> Float64:
    """Add noise at a ratio: two minutes of every four, from the sixth of thirty minutes on.

    The ratio is `cardiograft.signals.noise_mixing.noise_gain`'s, that of nst(1). Clean minutes
    keep the noise's last value as an offset, as the database's do.

    Parameters
    ----------
    clean_CT, noise_CT : shape (C, T), millivolts
    beat_A : samples of the beats in the clean recording
    ratio_db : decibels
    """
    samples = clean_CT.shape[1]
    # ASSUME a recording other than half an hour long keeps the layout in proportion.
    clean, turn = (round(s / HALF_HOUR_S * samples) for s in (CLEAN_S, TURN_S))
    at_T = np.arange(samples)
    since_T = np.maximum(at_T - clean, 0) // max(turn, 1)
    held_T = np.where(since_T % 2 == 0, at_T, clean + since_T * turn - 1)
    mixed_CT = clean_CT.copy()
    for lead, (clean_T, noise_T) in enumerate(zip(clean_CT, noise_CT, strict=True)):
        gain = noise_gain(clean_T, noise_T, beat_A, rate_hz=RATE_HZ, ratio_db=ratio_db)
        mixed_CT[lead, clean:] += gain * noise_T[held_T[clean:]]
    return mixed_CT


def _mixed(record: str) -> bool:
    return record not in NOISE


def _noise(record: str, seed: int, duration_s: float) -> Float64:
    rng = generator(seed, "nstdb", "record", record)
    return noise.stress(record, (2, round(duration_s * RATE_HZ)), RATE_HZ, rng)


def _write_noise(root: Path, record: str, noise_CT: Float64, seed: int) -> None:
    stored_CT = _simulated.digital(noise_CT, gain=200, zero=0, bits=12)
    _write(root, record, stored_CT, "212", "0 12 0", ("noise1", "noise2"), _comment(seed))


def _write_mixture(root: Path, record: str, seed: int, duration_s: float) -> None:
    clean, ratio = record.split("e")
    made = _mitdb.recording(clean, seed, duration_s)
    beat_A = np.array([mark.sample for mark in made.marks if mark.symbol not in NOT_BEATS])
    noise_CT = _noise("em", seed, duration_s)
    mixed_CT = mix(made.signal_CT, noise_CT, beat_A, RATIOS_DB[ratio])
    form = "16" if RATIOS_DB[ratio] <= WIDE_DB else "212"
    stored_CT = _simulated.digital(mixed_CT, gain=200, zero=0, bits=16 if form == "16" else 12)
    comments = [
        f"Created from records {clean} and em (SNR = {RATIOS_DB[ratio]} dB)",
        *_comment(seed),
    ]
    _write(root, record, stored_CT, form, "200(1024) 11 0", made.leads, comments)
    _simulated.write_marks(root, record, made.marks)


def _write(
    root: Path,
    record: str,
    stored_CT: _simulated.Int16,
    form: str,
    scale: str,
    leads: tuple[str, ...],
    comments: list[str],
) -> None:
    _simulated.write_bytes(root / f"{record}.dat", _simulated.packed(stored_CT, form))
    lines = [
        _simulated.signal_line(f"{record}.dat", one_T, form=form, scale=scale, name=lead)
        for one_T, lead in zip(stored_CT, leads, strict=True)
    ]
    first = f"{record} 2 {RATE_HZ} {stored_CT.shape[1]}"
    _simulated.write_header(root / f"{record}.hea", first, lines, comments, end="\r\n")


def _comment(seed: int) -> list[str]:
    return [f"Simulated with seed {seed}: no person's recording."]

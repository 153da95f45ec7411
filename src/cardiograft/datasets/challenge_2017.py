"""AF Classification Challenge 2017 1.0.0: 8,528 recordings of one lead, 9 to 61 s, hand-held.

300 Hz, ``.mat`` of format 16+24, gain 1000 a millivolt, lead ``ECG``; headers end their lines in
CR LF, state a checksum of 0 in all records and a wrong initial value in some. Labels are normal
(N), atrial fibrillation (A), other rhythm (O) or too noisy (~), in ``REFERENCE-v0.csv``, ``-v2``
and ``-v3``: they were corrected twice, so that results name the version. ``validation/`` repeats
records of ``training/`` under their names, and two pairs of records are the same bytes.

Source: https://physionet.org/content/challenge-2017/1.0.0/ (ODC-By 1.0); doi:10.13026/d3hm-sf11;
Clifford et al., Comput Cardiol 2017, doi:10.22489/CinC.2017.065-469.
"""

import dataclasses
from pathlib import Path

from cardiograft.datasets import _challenge_2017, _simulated, _wfdb
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.plugins import Duration
from cardiograft.records import Record

SLUG, VERSION = "challenge-2017", "1.0.0"
MAINS_HZ = 60
WANTED = ()
UNITS = {"*": "mV"}
ANNOTATORS = ()
EXTRAS = ("REFERENCE-v0.csv", "REFERENCE-v2.csv", "REFERENCE-v3.csv")


def names() -> tuple[str, ...]:
    """Return the 8,528 training records' names (``training/A00/A00001``)."""
    numbers = range(1, _challenge_2017.RECORDS + 1)
    return tuple(f"training/A{n // 1000:02d}/A{n:05d}" for n in numbers)


def subject(root: Path, record: str) -> str:
    """Return whose recording it is: its name, in ``training`` or ``validation``.

    Two recordings that are the same bytes are one person's; who else has several is not published.
    """
    name = record.rpartition("/")[2]
    return _challenge_2017.SAME_PERSON.get(name, name)


def read(root: Path, record: str) -> Record:
    """Read one recording.

    Returns
    -------
    Record
        ``signal_CT``: float32, shape (1, T), millivolts, 300 Hz; ``comments`` end with its label by
        each version (``label v3: N``).

    Raises
    ------
    FileNotFoundError
        The header, or a file that it names, is not below `root`.
    ValueError
        A file can't be read, or gives the record several labels.
    """
    recording = _wfdb.read_record(
        "challenge_2017", root, record, subject=subject(root, record), mains_hz=MAINS_HZ
    )
    name, remarks = record.rpartition("/")[2], []
    for version in _challenge_2017.VERSIONS:
        label = _challenge_2017.label(root, version, name)
        if label is not None:
            remarks.append(f"label {version}: {label}")
    return dataclasses.replace(recording, comments=(*recording.comments, *remarks))


def simulate(
    root: Path,
    records: tuple[str, ...],
    seed: int,
    *,
    duration_s: Duration | None = None,
    even: bool = False,
) -> None:
    """Write simulated recordings and three versions of their labels.

    Parameters
    ----------
    root : Path
        The folder that will hold RECORDS.
    records : tuple of str
        Of `names`.
    seed : int
        With a record's name, it alone decides on the record's bytes.
    duration_s : float, optional
        Seconds a record; 9 to 61, as the real ones last, where it isn't given.
    even : bool
        Each label as often as the others, not as often as in the database.

    Raises
    ------
    ValueError
        The database has no such record.
    """
    for record in _simulated.check_names(SLUG, records, names()):
        _write(root, record, seed, duration_s, even)
    numbers = range(1, _challenge_2017.RECORDS + 1)
    labels = {n: _challenge_2017.simulated_labels(n, even=even) for n in numbers}
    for version in _challenge_2017.VERSIONS:
        rows = [f"A{n:05d},{labels[n][version]}" for n in numbers]
        _simulated.write_text(root / f"REFERENCE-{version}.csv", rows)
    _simulated.write_listing(root, records, [])


def _write(root: Path, record: str, seed: int, duration_s: float | None, even: bool) -> None:
    folder, name = (root / record).parent, subject(root, record)
    label = _challenge_2017.simulated_labels(int(name[1:]), even=even)["v3"]
    # Recordings that are the same bytes come from the same random numbers.
    rng = generator(seed, "challenge_2017", "record", name)
    lasts_s = _challenge_2017.seconds(rng) if duration_s is None else duration_s
    heart = _challenge_2017.person(seed, name)
    signal_CT = _challenge_2017.signal(heart, label, int(name[1:]), lasts_s, rng)
    stored_CT = _simulated.digital(signal_CT, gain=1000, zero=0, bits=16)
    name = record.rpartition("/")[2]
    _simulated.write_bytes(folder / f"{name}.mat", _simulated.matlab(stored_CT))
    _simulated.write_header(
        folder / f"{name}.hea",
        f"{name} 1 {_challenge_2017.RATE_HZ} {stored_CT.shape[1]} 05:05:15 1/05/2000 ",
        [f"{name}.mat 16+24 1000/mV 16 0 {stored_CT[0, 0]} 0 0 ECG "],
        [f"Simulated with seed {seed}: no person's recording."],
        end="\r\n",
    )

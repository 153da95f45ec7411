"""The labels of the Challenge of 2017, and simulated recordings of an electrode pair in the hands.

Legend: T samples.

Source: https://physionet.org/content/challenge-2017/1.0.0/; Clifford et al., Comput Cardiol 2017,
doi:10.22489/CinC.2017.065-469 (numbers of recordings and lengths).
"""

import csv
from functools import cache
from pathlib import Path

import numpy as np

from cardiograft.datasets.simulation import hearts, noise, rhythms
from cardiograft.datasets.simulation.hearts import Heart
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.physionet import listings
from cardiograft.physionet.headers import UnfitError
from cardiograft.records import Float64

RATE_HZ, MAINS_HZ = 300, 60
VERSIONS = ("v0", "v2", "v3")
RECORDS = 8528
# One heart at one time: A01176 and A03123 are byte for byte the recordings they stand beside; the
# others were recorded along with them, their samples' correlation is .95 to .997 over all 30 s
# (found among 5,135 of the 8,528 records by their rhythm; four have another label than the first).
SAME_PERSON = {
    "A03032": "A00124",
    **dict.fromkeys(
        ("A00595", "A00908", "A01014", "A01176", "A01925", "A03242", "A03717"), "A00227"
    ),
    "A01980": "A00385",
    **dict.fromkeys(("A03123", "A03530"), "A02656"),
}
COUNTS = {"N": 5076, "O": 2415, "A": 758, "~": 279}  # by v3
# ASSUME what "other rhythms" are: sinus rhythms too slow or fast, premature beats, and the rest.
OTHERS = {
    **{"early": 0.42, "SB": 0.16, "ST": 0.16, "SA": 0.06, "AF": 0.07, "SVT": 0.05},
    **{"AT": 0.05, "SAAWR": 0.03},
}


def labels(root: Path, version: str) -> dict[str, str]:
    """Return each record's label by a version, ``A00001`` to ``N``; none without its file.

    A record that the file gives several labels is not among them.
    """
    every = _labels(root, version)
    return {name: given[0] for name, given in every.items() if len(given) == 1}


def label(root: Path, version: str, name: str) -> str | None:
    """Return a record's label by a version; none where its file doesn't name it.

    Raises
    ------
    UnfitError
        The file gives it several labels, of which none is better than the others.
    """
    given = _labels(root, version).get(name, ())
    if len(given) > 1:
        raise UnfitError(f"labels contradict in REFERENCE-{version}.csv: {' and '.join(given)}")
    return given[0] if given else None


def _labels(root: Path, version: str) -> dict[str, tuple[str, ...]]:
    path = root / f"REFERENCE-{version}.csv"
    if not path.is_file():
        return {}
    facts = path.stat()
    return _read(path, facts.st_mtime_ns, facts.st_size)


@cache
def _read(path: Path, *edition: int) -> dict[str, tuple[str, ...]]:
    """Return each record's labels, of equal ones one."""
    labels_by_record: dict[str, tuple[str, ...]] = {}
    for row in csv.reader(listings.text(path).splitlines()):
        if len(row) > 1:
            name, given = row[0].strip(), row[1].strip()
            labels_by_record[name] = tuple(dict.fromkeys((*labels_by_record.get(name, ()), given)))
    return labels_by_record


def simulated_labels(number: int, *, even: bool) -> dict[str, str]:
    """Return a simulated recording's label by each version.

    ASSUME what was found too noisy later had another label at first in five of six recordings, and
    one in fifty of the others too.
    """
    last = rhythms.assigned(number, COUNTS, even=even)
    rng = generator(number, "challenge_2017", "label")
    changed = rng.random() < (5 / 6 if last == "~" else 0.02)
    first = str(rng.choice([kind for kind in "NAO" if kind != last])) if changed else last
    return {"v0": first, "v2": last if rng.random() < 0.9 or last == "~" else first, "v3": last}


def seconds(rng: np.random.Generator) -> float:
    """Draw a recording's length: seven in ten half a minute, the others of 9 to 61 s."""
    return 30.0 if rng.random() < 0.7 else float(rng.uniform(9.05, 60.9))


def signal(
    heart: Heart, label: str, number: int, duration_s: float, rng: np.random.Generator
) -> Float64:
    """Simulate lead I of a label's kind, as a hand-held device records it: millivolts, (1, T)."""
    name, early = {"N": "SR", "A": "AFIB", "~": "SR"}.get(label, ""), 0.0
    if label == "O":
        name = rhythms.assigned(number, OTHERS)
    if name == "early":
        name, early = "SR", float(rng.uniform(0.08, 0.3))
    samples = round(duration_s * RATE_HZ)
    laid = rhythms.laid_out(name, duration_s, rng, early=early)
    seen_CT = rhythms.leads(heart, laid, ("I",), rate_hz=RATE_HZ, samples=samples, rng=rng)
    # ASSUME what is too noisy has several times the noise, by which it comes to the roughness of
    # the recordings compared with (docs/simulation.md).
    much = noise.level(rng, unrest=8.0 if label == "~" else 0.8)
    noise_CT, _ = noise.disturb(seen_CT.shape, RATE_HZ, how_much=much, mains_hz=MAINS_HZ, rng=rng)
    seen_CT = seen_CT + (1.0 if label != "~" else 2.5) * noise_CT
    turned = -1.0 if rng.random() < 0.15 else 1.0  # held the other way round
    return np.asarray(turned * seen_CT)


def person(seed: int, name: str) -> Heart:
    """Draw a simulated person."""
    return hearts.person(generator(seed, "challenge_2017", "subject", SAME_PERSON.get(name, name)))

"""Twelve-lead ECGs of two hospitals, Chapman-Shaoxing and Ningbo, as several databases repeat them.

ecg-arrhythmia has all 45,152 of them, challenge-2021 the same under the same names, and the first
hospital's were published before, under other names and with 399 more. Records JS00001 to JS10646
are of Chapman-Shaoxing, as far as they are there (10,247 of 10,646), JS10647 to JS45551 of Ningbo.

Legend: C channels, T samples.

Source: https://physionet.org/content/ecg-arrhythmia/1.0.0/, doi:10.13026/wgex-er52; Zheng et al.,
Sci Data 2020;7:48, doi:10.1038/s41597-020-0386-x (rhythms of the 10,646).
"""

import numpy as np

from cardiograft.datasets.simulation import hearts, noise, rhythms
from cardiograft.datasets.simulation.hearts import Heart
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.records import Float64
from cardiograft.signals.rhythm_codes import RHYTHMS

RATE_HZ = 500
LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
FIRST_OF_NINGBO, LAST, LACKING = 10_647, 45_551, 399
# Records of each rhythm among the 10,646.
COUNTS = {
    **{"SB": 3889, "SR": 1826, "AFIB": 1780, "ST": 1568, "SVT": 587, "AF": 445, "SA": 399},
    **{"AT": 121, "AVNRT": 16, "AVRT": 8, "SAAWR": 7},
}
# Findings that do not make a rhythm, for the simulation: T wave changes, a left axis, low voltage.
OTHER_FINDINGS = ("164934002", "39732003", "251146004")


def numbers(hospital: str) -> tuple[int, ...]:
    """Return the numbers of a hospital's records, ``chapman_shaoxing`` or ``ningbo``.

    ASSUME the 399 numbers that the first hospital's records lack are spread evenly from 3 on: 3 is
    one of them, the others are not published as a list.
    """
    if hospital == "ningbo":
        return tuple(range(FIRST_OF_NINGBO, LAST + 1))
    lacking = {3 + k * (FIRST_OF_NINGBO - 3) // LACKING for k in range(LACKING)}
    return tuple(n for n in range(1, FIRST_OF_NINGBO) if n not in lacking)


def hospital(record: str) -> str:
    """Return whose record ``JS00001`` is.

    Raises
    ------
    ValueError
        It is not named so.
    """
    digits = record.rpartition("/")[2].removeprefix("JS")
    if not digits.isdecimal():
        raise ValueError(f"{record}: no number after JS")
    return "ningbo" if int(digits) >= FIRST_OF_NINGBO else "chapman_shaoxing"


def rhythm_of(record: str, *, even: bool) -> str:
    """Return a simulated record's rhythm: by number, in the shares of the 10,646.

    Sinus irregularity (SA) is none of the records of Chapman-Shaoxing that are numbered.
    """
    lacks = {"SA"} if hospital(record) == "chapman_shaoxing" else set()
    shares = {name: count for name, count in COUNTS.items() if name not in lacks}
    return rhythms.assigned(int(record.rpartition("/")[2][2:]), shares, even=even)


def twelve_leads(
    heart: Heart,
    rhythm: str,
    seconds: float,
    rng: np.random.Generator,
    *,
    rate_hz: float = RATE_HZ,
    mains_hz: int = 50,
) -> Float64:
    """Simulate a resting ECG of a rhythm: millivolts, shape (12, T), in the order of LEADS."""
    samples = round(seconds * rate_hz)
    early = float(rng.exponential(0.02)) if rhythm in ("SR", "SB", "ST", "AFIB") else 0.0
    laid = rhythms.laid_out(rhythm, seconds, rng, early=min(early, 0.3))
    own = tuple(lead for lead in LEADS if lead not in hearts.LIMB)
    seen_CT = rhythms.leads(heart, laid, own, rate_hz=rate_hz, samples=samples, rng=rng)
    much = noise.level(rng, unrest=0.25)
    seen_CT += noise.disturb(seen_CT.shape, rate_hz, how_much=much, mains_hz=mains_hz, rng=rng)[0]
    signal_by_lead = dict(zip(own, seen_CT, strict=True))
    for lead, (one, two) in hearts.LIMB.items():
        signal_by_lead[lead] = one * signal_by_lead["I"] + two * signal_by_lead["II"]
    return np.stack([signal_by_lead[lead] for lead in LEADS])


def findings(rhythm: str, rng: np.random.Generator) -> str:
    """Return a simulated record's codes, the rhythm's among others that make none."""
    codes = [RHYTHMS[rhythm].code, *(c for c in OTHER_FINDINGS if rng.random() < 0.15)]
    return ",".join(codes[i] for i in rng.permutation(len(codes)))


def person(seed: int, record: str) -> tuple[Heart, int, str]:
    """Draw a simulated person: heart, age and sex, the same in every database that has it."""
    rng = generator(seed, "shaoxing", "subject", record)
    heart = hearts.person(rng)
    age = int(np.clip(rng.normal(59, 16), 5, 98))
    return heart, age, "Male" if rng.random() < 0.56 else "Female"

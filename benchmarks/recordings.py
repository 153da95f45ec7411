"""Recall and false alarms of recordings known by their rhythm, on real recordings.

    python benchmarks/recordings.py ../recordings

The folder is a mirror in PhysioNet's layout with mitdb and ecgiddb. False alarms: every pair of
recordings of different people, first lead, at the threshold of that search. Recall: stretches of
each recording, changed as named, are looked for among all of them, at the same threshold, which
is the hardest: a split compares fewer. mitdb's DS1 and the first half of ecgiddb's people stand
apart from the rest; the search's constants were set with all of them in sight.
"""

import argparse
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.signal import butter, resample_poly, sosfiltfilt

from cardiograft import plugins
from cardiograft.records import Float32
from cardiograft.signals.rhythm import Rhythm, rhythm
from cardiograft.splits import recordings
from cardiograft.splits.dechazal import DS1
from cardiograft.splits.people import person
from cardiograft.splits.recordings import Side, matches

Lead = tuple[Float32, Fraction]
SECONDS = (10, 30, 60, 300)


def band(signal_T: Float32, rate_hz: Fraction, low_hz: float, high_hz: float) -> Float32:
    sections = butter(2, [low_hz, high_hz], "band", fs=float(rate_hz), output="sos")
    return np.asarray(sosfiltfilt(sections, signal_T - signal_T.mean()), np.float32)


def noisy(signal_T: Float32, decibels: float) -> Float32:
    noise_T = np.random.default_rng(1).normal(size=len(signal_T))
    return np.asarray(signal_T + signal_T.std() * 10 ** (-decibels / 20) * noise_T, np.float32)


def everything(signal_T: Float32, rate_hz: Fraction) -> Lead:
    other_T = resample_poly(-band(signal_T, rate_hz, 1, 30), 250, int(rate_hz))
    return noisy(np.asarray(other_T, np.float32), 26), Fraction(250)


CHANGES: dict[str, Callable[[Float32, Fraction], Lead]] = {
    "another cut": lambda s, r: (s, r),
    "inverted, another gain": lambda s, r: (-2.5 * s + 1, r),
    "noise, 26 dB": lambda s, r: (noisy(s, 26), r),
    "noise, 20 dB": lambda s, r: (noisy(s, 20), r),
    "at 125 Hz": lambda s, r: (
        np.asarray(resample_poly(s - s.mean(), 125, int(r)), np.float32),
        Fraction(125),
    ),
    "0.5-40 Hz": lambda s, r: (band(s, r, 0.5, 40), r),
    "5-15 Hz": lambda s, r: (band(s, r, 5, 15), r),
    "inverted, 1-30 Hz, 250 Hz, 26 dB": everything,
}


def leads(mirror: Path) -> dict[str, tuple[str, Lead]]:
    """Return each recording's person and first lead."""
    found = {}
    for database in ("mitdb", "ecgiddb"):
        module = plugins.load("datasets", database)
        root = mirror / database / module.VERSION
        for name in (root / "RECORDS").read_text("utf-8").split():
            record = module.read(root, name)
            who = person(f"{database}/{record.subject}")
            found[f"{database}/{name}"] = who, (record.signal_CT[0], record.rate_hz)
    return found


def tuned(name: str) -> bool:
    database, _, record = name.partition("/")
    return record in DS1 if database == "mitdb" else int(record[7:9]) <= 45


def false_alarms(side: Side, names: list[str]) -> None:
    start = time.perf_counter()
    recordings.MARGIN_BITS, margin = -np.inf, recordings.MARGIN_BITS
    found = matches(side, side)
    recordings.MARGIN_BITS = margin
    needed = np.log2(float(side.beats) ** 2) + margin
    people = len(set(side.person_R))
    print(
        f"{people} people, {len(names)} recordings, {side.beats} beats:"
        f" {sum(m.bits >= needed for m in found)} false alarms at {needed:.1f} bits;"
        f" most {found[0].bits:.1f} ({names[found[0].one]}, {names[found[0].other]});"
        f" {time.perf_counter() - start:.0f} s"
    )


def recall(side: Side, names: list[str], sources: dict[str, tuple[str, Lead]], each: int) -> None:
    margin = recordings.MARGIN_BITS
    print("| change | " + " | ".join(f"{s} s" for s in SECONDS) + " |")
    print("|---|" + "--:|" * len(SECONDS))
    for change, changed in CHANGES.items():
        cells = []
        for seconds in SECONDS:
            copies, of = planted(sources, changed, seconds, each)
            if not copies:
                continue
            query = Side(copies, [f"copy {n}" for n in range(len(copies))])
            recordings.MARGIN_BITS = margin + np.log2(side.beats / query.beats)
            hit = {
                m.one
                for m in matches(query, side)
                if sources[names[m.other]][0] == sources[of[m.one]][0]
            }
            recordings.MARGIN_BITS = margin
            both = [
                [n in hit for n, name in enumerate(of) if tuned(name) is one]
                for one in (True, False)
            ]
            cells.append(" / ".join(f"{np.mean(part):.3f}" for part in both))
        print(f"| {change} | " + " | ".join(cells) + " |", flush=True)


def planted(
    sources: dict[str, tuple[str, Lead]], changed: Callable[..., Lead], seconds: int, each: int
) -> tuple[list[Rhythm], list[str]]:
    random = np.random.default_rng(seconds)
    copies, of = [], []
    for name, (_, (signal_T, rate_hz)) in sources.items():
        length = int(seconds * rate_hz)
        for _ in range(each if len(signal_T) > 60 * rate_hz else 1):
            if len(signal_T) > length:
                start = random.integers(0, len(signal_T) - length)
                copies.append(rhythm(*changed(signal_T[start : start + length], rate_hz)))
                of.append(name)
    return copies, of


def growth(side: Side) -> None:
    """Time a search among 1, 4 and 16 times as many recordings, of shuffled intervals."""
    random = np.random.default_rng(0)
    base = [Rhythm(r.beat_B[:400], r.shape_BS[:400]) for r in side.rhythms]
    for times in (1, 4, 16):
        many = []
        for _ in range(times):
            for one in base:
                interval = random.permutation(np.diff(one.beat_B)) + random.normal(
                    0, 0.02, max(len(one.beat_B) - 1, 0)
                )
                many.append(
                    Rhythm(
                        np.append(0, np.cumsum(np.abs(interval)))[: len(one.beat_B)], one.shape_BS
                    )
                )
        names = [str(n) for n in range(len(many))]
        half = len(many) // 2
        start = time.perf_counter()
        found = matches(Side(many[:half], names[:half]), Side(many[half:], names[half:]))
        taken = time.perf_counter() - start
        beats = sum(len(one.beat_B) for one in many)
        print(f"{len(many)} recordings, {beats} beats: {taken:.1f} s, {len(found)} matches")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mirror", type=Path)
    parser.add_argument("--each", type=int, default=3, help="stretches of each half-hour recording")
    arguments = parser.parse_args()
    sources = leads(arguments.mirror)
    names = list(sources)
    side = Side(
        [rhythm(*lead) for _, lead in sources.values()], [who for who, _ in sources.values()]
    )
    false_alarms(side, names)
    recall(side, names, sources, arguments.each)
    growth(side)

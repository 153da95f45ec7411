"""Recall and false alarms of recordings known by their rhythm, on real recordings.

    python benchmarks/recordings.py ../recordings --progress recordings.jsonl

The folder is a mirror in PhysioNet's layout with mitdb and ecgiddb, and challenge-2017 where it is
there. The search's constants were set on mitdb's DS1 and the people of ecgiddb with odd numbers;
DS2 and the even ones are apart. False alarms: every pair of recordings of different people, first
lead, at the threshold of that search. Recall: a stretch of every second recording of ecgiddb and
two of each of mitdb, changed as named, are looked for among all recordings, at the threshold of
searching all of them, which is the hardest: a split compares fewer. Figures that `--progress` holds
are not measured again.
"""

import argparse
import json
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from scipy.signal import butter, resample_poly, sosfiltfilt

from cardiograft import plugins
from cardiograft.datasets import _wfdb
from cardiograft.records import Float32
from cardiograft.signals.rhythm import SHAPE_SAMPLES, Rhythm, rhythm
from cardiograft.splits.dechazal import DS1
from cardiograft.splits.people import person
from cardiograft.splits.recordings import MARGIN_BITS, Match, Side, matches

Lead = tuple[Float32, Fraction]
SECONDS = (10, 20, 30, 60)
# Byte-identical pairs of challenge-2017, beside its first thousand recordings.
EQUAL = (("A00227", "A01176"), ("A02656", "A03123"))


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
    lead_by_name = {}
    for database in ("mitdb", "ecgiddb"):
        module = plugins.load("datasets", database)
        root = mirror / database / module.VERSION
        for name in (root / "RECORDS").read_text("utf-8").split():
            record = module.read(root, name)
            who = person(f"{database}/{record.subject}")
            lead_by_name[f"{database}/{name}"] = who, (record.signal_CT[0], record.rate_hz)
    return lead_by_name


def tuned(name: str) -> bool:
    database, _, record = name.partition("/")
    return record in DS1 if database == "mitdb" else int(record[7:9]) % 2 == 1


def thousand(mirror: Path, records: int) -> dict[str, tuple[str, Lead]]:
    """Return challenge-2017's first recordings, and those that are equal to another."""
    root = mirror / "challenge-2017" / "1.0.0"
    if not (root / "RECORDS").exists():
        return {}
    listed = (root / "RECORDS").read_text("utf-8").split()
    equal = [name for name in listed if any(name.endswith(pair) for pair in EQUAL)]
    lead_by_name = {}
    for name in dict.fromkeys((*listed[:records], *equal)):
        who = name.rpartition("/")[2]
        record = _wfdb.read_record(
            "challenge-2017", root, name, subject=who, mains_hz=60, wanted=()
        )
        lead_by_name[who] = who, (record.signal_CT[0], record.rate_hz)
    return lead_by_name


def side_of(sources: dict[str, tuple[str, Lead]]) -> Side:
    people = [who for who, _ in sources.values()]
    return Side([rhythm(*lead) for _, lead in sources.values()], people)


def alike(sources: dict[str, tuple[str, Lead]], names: list[str], match: Match) -> float:
    """Return the correlation of two recordings' samples, aligned as their beats are."""
    (one_T, rate_hz), (other_T, _) = (sources[names[k]][1] for k in (match.one, match.other))
    middle, best = round(match.offset_s * rate_hz), 0.0
    for shift in range(middle - 9, middle + 10):
        here_T, there_T = one_T[max(shift, 0) :], other_T[max(-shift, 0) :]
        both = min(len(here_T), len(there_T))
        best = max(best, abs(float(np.corrcoef(here_T[:both], there_T[:both])[0, 1])))
    return best


def false_alarms(sources: dict[str, tuple[str, Lead]]) -> str:
    start, names, side = time.perf_counter(), list(sources), side_of(sources)
    pairs = matches(side, side, margin_bits=-np.inf)
    needed = float(np.log2(float(side.beats) ** 2)) + MARGIN_BITS
    taken = time.perf_counter() - start
    lines = [
        f"{len(set(side.person_R))} people, {len(names)} recordings, {side.beats} beats,"
        f" {needed:.1f} bits are needed, {taken:.0f} s:"
    ]
    above = [m for m in pairs if m.bits >= needed and names[m.one] < names[m.other]]
    below = [m for m in pairs if m.bits < needed]
    for match in (*above, *below[:1]):
        lines.append(
            f"  {names[match.one]} and {names[match.other]}: {match.bits:.1f} bits, {match.beats}"
            f" beats, correlation of the aligned samples {alike(sources, names, match):.3f}"
            + ("" if match.bits >= needed else " (the most alike of those not reported)")
        )
    return "\n".join(lines)


def cell(
    side: Side, sources: dict[str, tuple[str, Lead]], change: str, seconds: int
) -> dict[str, list[int]]:
    """Return how many copies there were and how many were found: where tuned, and elsewhere."""
    names = list(sources)
    copies, of = planted(sources, CHANGES[change], seconds)
    query = Side(copies, [f"copy {n}" for n in range(len(copies))])
    margin_bits = MARGIN_BITS + float(np.log2(side.beats / query.beats))
    hit = {
        m.one
        for m in matches(query, side, margin_bits=margin_bits)
        if sources[names[m.other]][0] == sources[of[m.one]][0]
    }
    parts = {}
    for part, here in (("tuned", True), ("apart", False)):
        some = [n for n, name in enumerate(of) if tuned(name) is here]
        parts[part] = [len(some), sum(n in hit for n in some)]
    return parts


def planted(
    sources: dict[str, tuple[str, Lead]], changed: Callable[..., Lead], seconds: int
) -> tuple[list[Rhythm], list[str]]:
    random = np.random.default_rng(seconds)
    copies, of = [], []
    for number, (name, (_, (signal_T, rate_hz))) in enumerate(sources.items()):
        length, long = int(seconds * rate_hz), len(signal_T) > 60 * rate_hz
        if len(signal_T) < length or (not long and number % 2):
            continue
        for _ in range(2 if long else 1):
            start = random.integers(0, len(signal_T) - length + 1)
            copies.append(rhythm(*changed(signal_T[start : start + length], rate_hz)))
            of.append(name)
    return copies, of


def growth() -> str:
    """Time a search among 1, 4 and 16 times as many recordings of made-up intervals."""
    random, lines = np.random.default_rng(0), []
    for times in (1, 4, 16):
        many = []
        for _ in range(200 * times):
            slow = np.cumsum(random.normal(0, 0.01, 60))
            interval = random.uniform(0.6, 1) + slow + random.normal(0, 0.02, 60)
            shape = np.zeros((60, SHAPE_SAMPLES), np.int8)
            many.append(Rhythm(np.cumsum(np.clip(interval, 0.4, 2)), shape))
        names = [str(n) for n in range(len(many))]
        half, start = len(many) // 2, time.process_time()
        pairs = matches(Side(many[:half], names[:half]), Side(many[half:], names[half:]))
        taken = time.process_time() - start
        lines.append(
            f"{len(many)} recordings, {60 * len(many)} beats: {taken:.1f} s of processor time,"
            f" {1e3 * taken / len(many):.1f} ms each, {len(pairs)} matches"
        )
    return "\n".join(lines)


def kept(progress: Path | None, key: str, measure: Callable[[], Any]) -> Any:
    """Return a figure of the file of those measured before, or measure it and add it."""
    if progress and progress.exists():
        for line in progress.read_text("utf-8").splitlines():
            name, value = json.loads(line)
            if name == key:
                return value
    value = measure()
    if progress:
        with progress.open("a", encoding="utf-8") as file:
            file.write(json.dumps([key, value]) + "\n")
    return value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mirror", type=Path)
    parser.add_argument("--records", type=int, default=1000, help="of challenge-2017")
    parser.add_argument("--progress", type=Path, help="a file of figures, to go on from")
    given = parser.parse_args()
    sources = leads(given.mirror)
    measure(given, sources, side_of(sources))


def measure(given: argparse.Namespace, sources: dict[str, tuple[str, Lead]], side: Side) -> None:
    def hits(change: str, seconds: int) -> str:
        key = f"{change}, {seconds} s"
        parts = kept(given.progress, key, lambda: cell(side, sources, change, seconds))
        return " / ".join(f"{hit} of {n}" for n, hit in parts.values())

    for change in CHANGES:
        hits(change, SECONDS[0])  # the hardest first
    apart = {name: source for name, source in sources.items() if not tuned(name)}
    print(kept(given.progress, "false alarms, apart", lambda: false_alarms(apart)), flush=True)
    print(kept(given.progress, "false alarms, all", lambda: false_alarms(sources)), flush=True)
    more = thousand(given.mirror, given.records)
    if more:
        print(kept(given.progress, "challenge-2017", lambda: false_alarms(more)), flush=True)
    print(kept(given.progress, "growth", growth), flush=True)
    print("| change, found of tuned on / apart | " + " | ".join(f"{s} s" for s in SECONDS) + " |")
    print("|---|" + "--:|" * len(SECONDS), flush=True)
    for change in CHANGES:
        cells = [hits(change, seconds) for seconds in SECONDS]
        print(f"| {change} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()

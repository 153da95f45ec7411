"""Recall and false alarms of recordings known by their rhythm, on real recordings.

    python benchmarks/recordings.py ../recordings --progress recordings.jsonl

The folder is a mirror in PhysioNet's layout with mitdb and ecgiddb, and challenge-2017 and -2021
where they are there. The search's constants were set on mitdb's DS1 and the people of ecgiddb with
odd numbers; DS2 and the even ones are apart. False alarms: every pair of recordings of different
people, the first lead of each with all of the other's, at the threshold of that search. Recall: a
stretch of every second recording of ecgiddb and two of each of mitdb, changed as named, are looked
for among all leads of all recordings, at the threshold of searching all of them, which is the
hardest: a split compares fewer. Copies are of the first lead, or, where they are said to be, of the
second (in ecgiddb, the first one filtered); those `known by the first lead alone` are looked for
where no second lead is known. Figures that `--progress` holds are not measured again.
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
from cardiograft.records import Float32, Record
from cardiograft.signals.rhythm import SHAPE_SAMPLES, Rhythm, rhythm
from cardiograft.splits.dechazal import DS1
from cardiograft.splits.people import person
from cardiograft.splits.recordings import MARGIN_BITS, Match, Side, matches, pairs_of_beats

Lead = tuple[Float32, Fraction]
Sources = dict[str, tuple[str, list[Lead]]]  # by name: a recording's person, and its leads
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
# Of the second lead; the last one looked for among first leads.
SECOND = "second lead"
SECOND_CHANGED = "second lead, inverted, 1-30 Hz, 250 Hz, 26 dB"
ALONE = "second lead, known by the first lead alone"
SECONDS_OF = {
    SECOND: CHANGES["another cut"],
    SECOND_CHANGED: everything,
    ALONE: CHANGES["another cut"],
}


def leads(mirror: Path) -> Sources:
    """Return each recording's person and leads."""
    sources: Sources = {}
    for database in ("mitdb", "ecgiddb"):
        module = plugins.load("datasets", database)
        root = mirror / database / module.VERSION
        for name in (root / "RECORDS").read_text("utf-8").split():
            record = module.read(root, name)
            who = person(f"{database}/{record.subject}")
            sources[f"{database}/{name}"] = who, _leads(record)
    return sources


def _leads(record: Record) -> list[Lead]:
    return [(signal_T, record.rate_hz) for signal_T in record.signal_CT]


def tuned(name: str) -> bool:
    database, _, record = name.partition("/")
    return record in DS1 if database == "mitdb" else int(record[7:9]) % 2 == 1


def thousand(mirror: Path, records: int) -> Sources:
    """Return challenge-2017's first recordings, and those that are equal to another."""
    root = mirror / "challenge-2017" / "1.0.0"
    if not (root / "RECORDS").exists():
        return {}
    listed = (root / "RECORDS").read_text("utf-8").split()
    equal = [name for name in listed if any(name.endswith(pair) for pair in EQUAL)]
    sources: Sources = {}
    for name in dict.fromkeys((*listed[:records], *equal)):
        who = name.rpartition("/")[2]
        record = _wfdb.read_record(
            "challenge-2017", root, name, subject=who, mains_hz=60, wanted=()
        )
        sources[who] = who, _leads(record)
    return sources


def twelve(mirror: Path) -> Sources:
    """Return those of challenge-2021's recordings that are there, ten seconds of twelve leads."""
    root = mirror / "challenge-2021" / "1.0.3"
    module = plugins.load("datasets", "challenge_2021")
    files = sorted(root.rglob("*.hea"))
    records = (module.read(root, str(file.relative_to(root).with_suffix(""))) for file in files)
    return {record.id: (record.subject, _leads(record)) for record in records}


def side_of(sources: Sources, most: int | None = None) -> Side:
    """Return the fingerprints of so many leads of each recording."""
    rows = [
        (rhythm(*lead), who, name) for name, (who, all_) in sources.items() for lead in all_[:most]
    ]
    rhythms, people, names = zip(*rows, strict=True)
    return Side(rhythms, people, names)


def alike(sources: Sources, side: Side, match: Match) -> float:
    """Return the correlation of two leads' samples, aligned as their beats are."""
    places = [
        (side.name_R[k], k - side.name_R.index(side.name_R[k])) for k in (match.one, match.other)
    ]
    (one_T, rate_hz), (other_T, _) = (sources[name][1][lead] for name, lead in places)
    middle, best = round(match.offset_s * rate_hz), 0.0
    for shift in range(middle - 9, middle + 10):
        here_T, there_T = one_T[max(shift, 0) :], other_T[max(-shift, 0) :]
        both = min(len(here_T), len(there_T))
        best = max(best, abs(float(np.corrcoef(here_T[:both], there_T[:both])[0, 1])))
    return best


def false_alarms(sources: Sources) -> str:
    start, side = time.perf_counter(), side_of(sources)
    names = side.name_R
    pairs = matches(side, side, margin_bits=-np.inf)
    needed = float(np.log2(pairs_of_beats(side, side))) + MARGIN_BITS
    taken = time.perf_counter() - start
    lines = [
        f"{len(set(side.person_R))} people, {len(sources)} recordings, {side.beats(first=True)}"
        f" beats, {side.beats()} in all leads, {needed:.1f} bits are needed, {taken:.0f} s:"
    ]
    above = [m for m in pairs if m.bits >= needed and names[m.one] < names[m.other]]
    below = [m for m in pairs if m.bits < needed]
    for match in (*above, *below[:1]):
        lines.append(
            f"  {names[match.one]} and {names[match.other]}: {match.bits:.1f} bits, {match.beats}"
            f" beats, correlation of the aligned samples {alike(sources, side, match):.3f}"
            + ("" if match.bits >= needed else " (the most alike of those not reported)")
        )
    return "\n".join(lines)


def cell(side: Side, sources: Sources, change: str, seconds: int) -> dict[str, list[int]]:
    """Return how many copies there were and how many were found: where tuned, and elsewhere."""
    if change in SECONDS_OF:
        copies, of = planted(sources, SECONDS_OF[change], seconds, lead=1)
    else:
        copies, of = planted(sources, CHANGES[change], seconds)
    query = Side(copies, [f"copy {n}" for n in range(len(copies))])
    margin_bits = MARGIN_BITS + float(
        np.log2(pairs_of_beats(side, side) / pairs_of_beats(query, side))
    )
    hit = {
        m.one
        for m in matches(query, side, margin_bits=margin_bits)
        if sources[side.name_R[m.other]][0] == sources[of[m.one]][0]
    }
    parts = {}
    for part, here in (("tuned", True), ("apart", False)):
        some = [n for n, name in enumerate(of) if tuned(name) is here]
        parts[part] = [len(some), sum(n in hit for n in some)]
    return parts


def planted(
    sources: Sources, changed: Callable[..., Lead], seconds: int, *, lead: int = 0
) -> tuple[list[Rhythm], list[str]]:
    random = np.random.default_rng(seconds)
    copies, of = [], []
    for number, (name, (_, all_leads)) in enumerate(sources.items()):
        signal_T, rate_hz = all_leads[lead]
        length, long = int(seconds * rate_hz), len(signal_T) > 60 * rate_hz
        if len(signal_T) < length or (not long and number % 2):
            continue
        for _ in range(2 if long else 1):
            start = random.integers(0, len(signal_T) - length + 1)
            copies.append(rhythm(*changed(signal_T[start : start + length], rate_hz)))
            of.append(name)
    return copies, of


def lead_wise(sources: Sources) -> str:
    """Say how many of twelve leads, each copied alone with noise, lead to their recording.

    Noise of 26 dB, inverted, of 250 Hz and 1-30 Hz. Compared with all twelve, and with one.
    """
    lines, people = [], [who for who, _ in sources.values()]
    copies = [
        (rhythm(*everything(*lead)), place)
        for place, (_, all_) in enumerate(sources.values())
        for lead in all_
    ]
    query = Side([copy for copy, _ in copies], [f"copy {n}" for n in range(len(copies))])
    for most, words in ((None, "all leads"), (1, "first leads")):
        side = side_of(sources, most)
        pairs = matches(query, side)
        hit = {m.one for m in pairs if side.person_R[m.other] == people[copies[m.one][1]]}
        wrong = [(side.name_R[m.other], copies[m.one][1]) for m in pairs if m.one not in hit]
        lines.append(f"{len(hit)} of {len(copies)} found among {words}, {len(wrong)} others")
    return "\n".join(lines)


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
    measure(given, sources, {None: side_of(sources), 1: side_of(sources, 1)})


def measure(given: argparse.Namespace, sources: Sources, sides: dict[int | None, Side]) -> None:
    def hits(change: str, seconds: int) -> str:
        key, side = f"{change}, {seconds} s", sides[1 if change == ALONE else None]
        parts = kept(given.progress, key, lambda: cell(side, sources, change, seconds))
        return " / ".join(f"{hit} of {n}" for n, hit in parts.values())

    every = (*CHANGES, *SECONDS_OF)
    for change in every:
        hits(change, SECONDS[0])  # the hardest first
    apart = {name: source for name, source in sources.items() if not tuned(name)}
    print(kept(given.progress, "false alarms, apart", lambda: false_alarms(apart)), flush=True)
    print(kept(given.progress, "false alarms, all", lambda: false_alarms(sources)), flush=True)
    more, many = thousand(given.mirror, given.records), twelve(given.mirror)
    if more:
        print(kept(given.progress, "challenge-2017", lambda: false_alarms(more)), flush=True)
    if many:
        print(kept(given.progress, "challenge-2021", lambda: false_alarms(many)), flush=True)
        print(kept(given.progress, "challenge-2021, leads", lambda: lead_wise(many)), flush=True)
    print(kept(given.progress, "growth", growth), flush=True)
    print("| change, found of tuned on / apart | " + " | ".join(f"{s} s" for s in SECONDS) + " |")
    print("|---|" + "--:|" * len(SECONDS), flush=True)
    for change in every:
        cells = [hits(change, seconds) for seconds in SECONDS]
        print(f"| {change} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()

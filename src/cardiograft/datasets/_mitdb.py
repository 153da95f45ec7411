"""Counts of beats and rhythms of each MIT-BIH recording, and a simulated recording like it.

Counts of annotations, rhythms with their number of episodes and seconds, and leads, as the
recordings' own annotations state them; no signal of theirs is used.

Source: the .atr files of https://physionet.org/content/mitdb/1.0.0/, doi:10.13026/C2F305;
https://physionet.org/physiobank/database/html/mitdbdir/mitdbdir.htm.
"""

from typing import NamedTuple

import numpy as np

from cardiograft.datasets._annotation_file import Mark
from cardiograft.datasets.simulation import ecg, hearts, noise, rhythm
from cardiograft.datasets.simulation.order import Case
from cardiograft.datasets.simulation.rhythm import Rhythm
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.records import Float64

RATE_HZ = 360
MAINS_HZ = 60
SAME_PERSON = {"202": "201"}  # one person

# record | leads | annotation symbol and number | rhythm:episodes:seconds
TABLE = """\
100 | MLII V5 | N2239 A33 V1 |
101 | MLII V1 | N1860 A3 Q2 ~4 |
102 | V5 V2 | N99 /2028 f56 V4 | P:3:1724 N:2:82
103 | MLII V2 | N2082 A2 ~6 |
104 | V5 V2 | N163 /1380 f666 V2 Q18 ~37 | P:23:1573 N:22:232
105 | MLII V1 | N2526 V41 Q5 ~88 |
106 | MLII V1 | N1507 V520 ~30 | N:21:1355 B:18:435 VT:1:2 T:1:13
107 | MLII V1 | /2078 V59 ~2 | P:1:1805
108 | MLII V1 | N1739 j1 A4 V17 F2 x11 ~41 |
109 | MLII V1 | L2492 V38 F2 ~2 |
111 | MLII V1 | L2123 V1 ~8 |
112 | MLII V1 | N2537 A2 ~10 |
113 | MLII V1 | N1789 a6 |
114 | V5 MLII | N1820 A10 J2 V43 F4 ~7 | N:2:1801 SVTA:1:5
115 | MLII V1 | N1953 ~2 |
116 | MLII V1 | N2302 A1 V109 ~8 |
117 | MLII V2 | N1534 A1 ~3 |
118 | MLII V1 | R2166 A96 V16 x10 ~12 |
119 | MLII V1 | N1543 V444 ~4 | N:49:1356 B:37:235 T:17:214
121 | MLII V1 | N1861 A1 V1 ~12 |
122 | MLII V1 | N2476 |
123 | MLII V5 | N1515 V3 |
124 | MLII V4 | R1531 j5 A2 J29 V47 F5 ~2 | N:6:1716 NOD:2:30 IVR:3:37 T:2:22
200 | MLII V1 | N1743 A30 V826 F2 ~43 | B:71:832 N:70:958 VT:7:15
201 | MLII V1 | N1625 j10 A30 a97 J1 V198 F2 x37 ~4 | AFIB:3:606 NOD:3:24 N:16:777 T:12:397 SVTA:1:2
202 | MLII V1 | N2061 A36 a19 V19 F1 | N:3:1171 AFIB:4:586 AFL:1:48
203 | MLII V1 | N2529 a2 V444 F1 Q4 ~57 | AFIB:21:1455 VT:21:33 T:1:4 AFL:2:314
205 | MLII V1 | N2571 A3 V71 F11 ~2 | N:7:1783 VT:6:23
207 | MLII V1 | L1457 R86 A107 V105 E105 !472 ~15 | B:4:158 VT:2:3 VFL:6:144 IVR:1:109 SVTA:1:52
208 | MLII V1 | N1586 S2 V992 F373 Q2 ~24 | N:27:1483 T:26:322
209 | MLII V1 | N2621 A383 V1 ~19 | N:11:1703 SVTA:10:102
210 | MLII V1 | N2423 a22 V194 E1 F10 ~17 | AFIB:9:1770 VT:2:6 T:1:7 B:5:23
212 | MLII V1 | N923 R1825 ~13 |
213 | MLII V1 | N2641 A25 a3 V220 F362 | N:22:1741 B:19:60 VT:2:4
214 | MLII V1 | L2003 V256 F1 Q2 ~4 | N:13:1733 T:10:68 VT:2:5
215 | MLII V1 | N3195 A3 V164 F1 ~30 | N:3:1803 VT:2:2
217 | MLII V1 | N244 /1542 f260 V162 ~4 | P:33:1510 B:9:42 AFIB:24:252 VT:1:2
219 | MLII V1 | N2082 A7 V64 F1 x133 | AFIB:10:1427 T:1:10 N:8:361 B:2:8
220 | MLII V1 | N1954 A94 ~4 | N:9:1790 SVTA:8:16
221 | MLII V1 | N2031 V396 ~12 | AFIB:12:1757 T:8:42 B:1:3 VT:2:4
222 | MLII V1 | N2062 j212 A208 J1 ~15 | N:32:957 AFIB:24:104 NOD:31:225 AFL:42:423 AB:3:88 SVTA:4:8
223 | MLII V1 | N2029 e16 A72 a1 V473 F14 ~10 | N:11:1402 T:3:38 VT:7:106 B:7:259
228 | MLII V1 | N1688 A3 V362 ~20 | N:21:1457 B:20:348
230 | MLII V1 | N2255 V1 ~2 | N:104:1065 PREX:103:741
231 | MLII V1 | N314 R1254 A1 V2 x2 "427 | N:6:1106 BII:5:700
232 | MLII V1 | R397 j1 A1382 ~35 | SBR:1:1805
233 | MLII V1 | N2230 A7 V831 F11 | N:36:1683 VT:6:11 T:1:4 B:28:108
234 | MLII V1 | N2700 J50 V3 ~8 | N:2:1779 SVTA:1:26
"""

CASES = dict(line.split(" | ", 1) for line in TABLE.splitlines())
SPAN = f"{min(CASES)} to {max(CASES)}"


class Recording(NamedTuple):
    """A simulated recording: millivolts, shape (2, T), its leads and its annotations."""

    signal_CT: Float64
    leads: tuple[str, ...]
    marks: list[Mark]


def case(record: str) -> tuple[tuple[str, ...], Case, int]:
    """Return a record's leads, its clinical picture, and how often its quality was noted to change.

    Raises
    ------
    ValueError
        The database has no such record.
    """
    if record not in CASES:
        raise ValueError(f"mitdb/{record}: no such record (has {SPAN})")
    leads, counts, episodes = (part.strip() for part in CASES[record].split("|"))
    number = {token[0]: int(token[1:]) for token in counts.split()}
    unrest = number.pop("~", 0)
    spans = (token.split(":") for token in episodes.split())
    picture = Case(counts=number, episodes={k: (int(n), float(s)) for k, n, s in spans})
    return tuple(leads.split()), picture, unrest


def recording(record: str, seed: int, duration_s: float) -> Recording:
    """Simulate one recording; 201 and 202 share a heart, and each record has its own half hour."""
    leads, picture, unrest = case(record)
    rng = generator(seed, "mitdb", "record", record)
    heart = hearts.person(generator(seed, "mitdb", "subject", SAME_PERSON.get(record, record)))
    samples = round(duration_s * RATE_HZ)
    beats = rhythm.beats(picture, samples / RATE_HZ, rng)
    signal_CT = ecg.leads(heart, beats, leads, rate_hz=RATE_HZ, samples=samples, rng=rng)
    much = noise.level(rng, unrest=0.3 + unrest / 12)
    noise_CT, spans = noise.disturb(
        signal_CT.shape, RATE_HZ, how_much=much, mains_hz=MAINS_HZ, rng=rng
    )
    marks = [*beat_marks(beats), *(Mark(at, "~") for span in spans for at in span)]
    marks = sorted(mark for mark in marks if 0 <= mark.sample < samples)
    return Recording(signal_CT + noise_CT, leads, marks)


def beat_marks(beats: Rhythm) -> list[Mark]:
    """Return beats and rhythm changes as the database annotates them."""
    marks: list[Mark] = []
    label = ""
    lead_in = round(0.1 * RATE_HZ)
    at_N = np.rint(beats.time_N * RATE_HZ).astype(int)
    for at, symbol, now in zip(at_N, beats.symbol_N, beats.rhythm_N, strict=True):
        before = max(int(at) - lead_in, marks[-1].sample + 1 if marks else 0)
        if now != label:
            if label == "VFL":
                marks.append(Mark(before, "]"))
            marks.append(Mark(before, "+", f"({now}"))
            if now == "VFL":
                marks.append(Mark(before, "["))
        label = str(now)
        marks.append(Mark(int(at), str(symbol), "MISSB" if symbol == '"' else ""))
    return marks


def comments(record: str, seed: int) -> list[str]:
    """Return a header's comments: age, sex and tape numbers, then what made the recording."""
    rng = generator(seed, "mitdb", "comments", SAME_PERSON.get(record, record))
    tape, second = rng.integers(100, 3000, 2)
    person = f"{rng.integers(23, 90)} {rng.choice(['M', 'F'])} {tape} {second} x1"
    return [person, "None", f"Simulated with seed {seed}: no person's recording."]

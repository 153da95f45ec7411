"""The order of beats of different kinds, made from a clinical picture's counts.

Underlying beats (sinus, bundle branch block, paced) come in bouts; rhythms that last (atrial
fibrillation, pre-excitation) cover stretches of them; ectopic beats are set between them, alone,
in pairs, every second or third beat (bigeminy, trigeminy) or in runs.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

HALF_HOUR_S = 650_000 / 360
SINUS = "NLR"
PACED = "/f"
# Rhythms that cover underlying beats, and rhythms made of ectopic beats, by what makes them.
LASTING = ("AFIB", "AFL", "PREX", "BII", "AB")
RUNS = {"A": ("SVTA",), "J": ("NOD", "SVTA"), "j": ("NOD",), "E": ("IVR",), "!": ("VFL",)}
# Ventricular beats: underlying beats between two of them, and the fewest that make the rhythm.
VENTRICULAR = {"B": (1, 2), "T": (2, 2), "VT": (0, 3)}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A clinical picture: what half an hour of one recording holds.

    Attributes
    ----------
    counts : mapping of annotation symbol to number
    episodes : mapping of rhythm (``AFIB``) to its number of episodes and their seconds in all
    """

    counts: Mapping[str, int]
    episodes: Mapping[str, tuple[int, float]]


class Element(NamedTuple):
    """A beat, or a P wave that isn't conducted, and the rhythm that it belongs to."""

    symbol: str
    rhythm: str


def order(case: Case, seconds: float, rng: np.random.Generator) -> list[Element]:
    """Return the order of a case's beats over `seconds`.

    Counts are scaled to the duration and rounded at random, so that their expectation is kept.
    """
    scale = seconds / HALF_HOUR_S
    counts = {symbol: _about(n * scale, rng) for symbol, n in case.counts.items()}
    episodes = {k: (_about(n * scale, rng), s / n) for k, (n, s) in case.episodes.items()}
    base = _underlying(counts, episodes, rng) or [max(case.counts, key=case.counts.__getitem__)]
    labels = _labels(case, base, seconds / len(base), episodes, rng)
    before = _ectopic(labels, counts, episodes, seconds / max(sum(counts.values()), 1), rng)
    return [
        element
        for at, (symbol, rhythm) in enumerate(zip(base, labels, strict=True))
        for element in (*before[at], Element(symbol, rhythm))
    ]


def _about(expected: float, rng: np.random.Generator) -> int:
    return int(expected + rng.random())


def _underlying(
    counts: Mapping[str, int], episodes: Mapping[str, tuple[int, float]], rng: np.random.Generator
) -> list[str]:
    """Return sinus and paced beats in bouts of the same conduction."""
    present = [symbol for symbol in SINUS + PACED if counts.get(symbol)]
    bouts = []
    for symbol in present:
        # ASSUME bouts: half a dozen for a block that comes and goes, as many as pacing was noted
        # to begin for a demand pacemaker, every fourth beat for fusion with a pacemaker's beat.
        number = counts[symbol] // 4 if symbol == "f" else episodes.get("P", (6, 0.0))[0]
        number = max(number, 1) if len(present) > 1 else 1
        sizes = rng.multinomial(counts[symbol], rng.dirichlet(np.full(number, 1.5)))
        bouts += [symbol * int(size) for size in sizes]
    return [symbol for at in rng.permutation(len(bouts)) for symbol in bouts[at]]


def _labels(
    case: Case,
    base: list[str],
    beat_s: float,
    episodes: Mapping[str, tuple[int, float]],
    rng: np.random.Generator,
) -> list[str]:
    """Return the rhythm of each underlying beat."""
    if any(symbol in PACED for symbol in base):
        own = "AFIB" if "AFIB" in case.episodes else "N"
        return ["P" if symbol in PACED else own for symbol in base]
    rest = "SBR" if "SBR" in case.episodes else "N"
    spans = []
    for rhythm in LASTING:
        number, mean_s = episodes.get(rhythm, (0, 0.0))
        lengths = mean_s / beat_s * rng.gamma(6.0, 1 / 6.0, number)
        spans += [(rhythm, max(2, int(length))) for length in lengths]
    free = max(len(base) - sum(length for _, length in spans), 0)
    sizes = rng.multinomial(free, rng.dirichlet(np.ones(len(spans) + 1)))
    labels = [rest] * int(sizes[0])
    for at, size in zip(rng.permutation(len(spans)), sizes[1:], strict=True):
        labels += [spans[at][0]] * spans[at][1] + [rest] * int(size)
    return labels[: len(base)]


def _ectopic(
    labels: list[str],
    counts: Mapping[str, int],
    episodes: Mapping[str, tuple[int, float]],
    beat_s: float,
    rng: np.random.Generator,
) -> defaultdict[int, list[Element]]:
    """Return what comes before which underlying beat; bigeminy changes `labels`."""
    before: defaultdict[int, list[Element]] = defaultdict(list)
    left = {symbol: n for symbol, n in counts.items() if symbol not in SINUS + PACED}
    for rhythm, (between, fewest) in VENTRICULAR.items():
        number, mean_s = episodes.get(rhythm, (0, 0.0))
        for _ in range(number):
            usual = mean_s / (beat_s * (1 + between) if between else 0.42)
            size = max(fewest, int(rng.poisson(usual)))
            if left.get("V", 0) >= size and len(labels) > (step := between * (size - 1)) + 2:
                left["V"] -= size
                start = int(rng.integers(1, len(labels) - step))
                for beat in range(size):
                    before[start + between * beat].append(Element("V", rhythm))
                labels[start : start + step] = [rhythm] * step
    for symbol, rhythms in RUNS.items():
        for rhythm in rhythms:
            number = episodes.get(rhythm, (0, 0.0))[0]
            mean_s = episodes.get(rhythm, (0, 0.0))[1]
            share = min(left.get(symbol, 0), int(number * mean_s / 0.45) + number)
            for size in _pieces(share, number, rng):
                start = int(rng.integers(1, len(labels))) if len(labels) > 1 else 0
                before[start] += [Element(symbol, rhythm)] * size
                left[symbol] -= size
    _scatter(before, labels, left, rng)
    return before


def _pieces(total: int, number: int, rng: np.random.Generator) -> list[int]:
    if not number or not total:
        return []
    return [int(n) for n in rng.multinomial(total, rng.dirichlet(np.full(number, 4.0))) if n]


def _scatter(
    before: defaultdict[int, list[Element]],
    labels: list[str],
    left: Mapping[str, int],
    rng: np.random.Generator,
) -> None:
    """Set what is left between underlying beats, alone or in pairs."""
    steady = [at for at, rhythm in enumerate(labels) if at and rhythm not in ("AFIB", "B", "T")]
    blocked = [at for at, rhythm in enumerate(labels) if at and rhythm == "BII"]
    anywhere = list(range(1, len(labels))) or [0]
    for symbol, number in left.items():
        places = {"V": anywhere, "F": anywhere, '"': blocked}.get(symbol, steady) or anywhere
        # ASSUME a twelfth of what isn't in a run comes as the second of a pair; without
        # replacement otherwise, as long as there is room.
        pairs = number // 12 if symbol in "VAF" and number > 12 else 0
        alone = rng.choice(places, number - pairs, replace=number - pairs > len(places))
        for at in (*alone, *rng.choice(alone, pairs)):
            before[int(at)].append(Element(symbol, labels[int(at)]))

"""A person who rests, or exercises: sinus rhythm at a rate of the person's own.

Source: rates at rest around the mean of 72 a minute that Ostchega et al. found in adults of the
United States, National Health Statistics Reports 2011, number 41.
"""

import numpy as np

from cardiograft.datasets.simulation import rhythm
from cardiograft.datasets.simulation.order import HALF_HOUR_S, Case
from cardiograft.datasets.simulation.rhythm import Rhythm


def usual_rate(rng: np.random.Generator) -> float:
    """Draw a person's heart rate at rest, beats a minute."""
    return float(np.clip(rng.normal(68, 10), 46, 105))


def sinus(
    per_minute: float, seconds: float, rng: np.random.Generator, *, extra: float = 0.003
) -> Rhythm:
    """Lay out sinus rhythm of a rate over `seconds`; `extra` is the share of premature beats.

    Both ventricular and supraventricular beats come early, half of them each.
    """
    # ASSUME one recording's mean differs from the person's usual by some 4 %.
    beats = int(per_minute * rng.normal(1, 0.04) * HALF_HOUR_S / 60)
    early = int(rng.exponential(extra) * beats)
    counts = {"N": max(beats - early, 1), "V": early // 2, "A": early - early // 2}
    return rhythm.beats(Case(counts=counts, episodes={}), seconds, rng)

"""ECG leads of a sequence of beats: each beat a sum of Gaussians, projected on each lead.

Legend: N beats, C leads, T samples; millivolts.

Source: McSharry et al. 2003, doi:10.1109/TBME.2003.808805 (Gaussians); Stridh & Sornmo, IEEE Trans
Biomed Eng 2001;48(1):105-111, doi:10.1109/10.900266 (sawtooth of fibrillation).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from cardiograft.datasets.simulation.hearts import Heart, Wave
from cardiograft.datasets.simulation.rhythm import Rhythm, wander
from cardiograft.records import Float64

ATRIAL = ("AFIB", "AFL")
# Rhythms of `rhythms` whose P waves are hidden, or flutter waves that it adds itself.
WITHOUT_P = (*ATRIAL, "AF", "SVT", "AVNRT")
# ASSUME beats that start in a ventricle vary this much more than conducted ones.
UNSTEADY = 6.0


class Source(NamedTuple):
    """What one beat adds of a form: when, how strong, and how long the heart's period is then."""

    time_s: float
    weight: float
    period_s: float


def leads(
    heart: Heart,
    rhythm: Rhythm,
    names: Sequence[str],
    *,
    rate_hz: float,
    samples: int,
    rng: np.random.Generator,
) -> Float64:
    """Return the noiseless leads, shape (C, T).

    Raises
    ------
    ValueError
        A lead that no row is known for.
    """
    field = heart.field(names)
    signal_CT = np.zeros((len(names), samples))
    turned = _axis(rhythm, samples / rate_hz, rng)
    for kind, added in sources(heart, rhythm, rng).items():
        time_N, weight_N, period_N = np.array(added).T
        unsteady = UNSTEADY if kind[0] in "VE/!" else 1.0
        weight_N = weight_N * (1 + 0.022 * unsteady * rng.standard_normal(len(time_N)))
        turn_N3 = turned(time_N) + rng.normal(0, np.radians(1.1) * unsteady, (len(time_N), 3))
        for wave in heart.forms[kind]:
            dipole_N3 = np.array(wave.dipole) + np.cross(turn_N3, np.array(wave.dipole))
            own_N = weight_N * (1 + 0.015 * unsteady * rng.standard_normal(len(time_N)))
            _add(signal_CT, wave, time_N, period_N, (own_N[:, None] * dipole_N3) @ field, rate_hz)
    return signal_CT + _fibrillation(heart, rhythm, field, rate_hz, samples, rng)


def _axis(rhythm: Rhythm, seconds: float, rng: np.random.Generator) -> Callable[[Float64], Float64]:
    """Return how far the heart's axis is turned at any time: a small rotation, shape (N, 3)."""
    # ASSUME breathing turns it by about 2 degrees, posture by some 4 over minutes.
    breath = np.radians(2.4) * rng.normal(0, 1, 3)
    points = int(seconds) + 2
    posture_3K = np.radians(4.0) * np.stack(
        [wander(points, rng, slowest_hz=1 / 900, rate_hz=1.0) for _ in range(3)]
    )

    def turned(time_N: Float64) -> Float64:
        slow = [np.interp(time_N, np.arange(points), one_K) for one_K in posture_3K]
        breathing_N1 = rhythm.tone.at(rhythm.tone.breath_K, time_N)[:, None]
        return np.asarray(breathing_N1 * breath + np.stack(slow, axis=1))

    return turned


def sources(heart: Heart, rhythm: Rhythm, rng: np.random.Generator) -> dict[str, list[Source]]:
    """Return what each beat adds, by form."""
    sources_by_form: defaultdict[str, list[Source]] = defaultdict(list)
    before_s = np.diff(rhythm.time_N, prepend=rhythm.time_N[:1] - rhythm.period_s)
    # ASSUME the Q-T interval follows the mean of the last few periods, not the last alone.
    period_s, conduction = rhythm.period_s, "N"
    beats = zip(rhythm.time_N, rhythm.symbol_N, rhythm.rhythm_N, before_s, strict=True)
    for time_s, symbol, label, step_s in beats:
        period_s += 0.25 * (float(np.clip(step_s, 0.3, 1.6)) - period_s)
        conduction = str(symbol) if symbol in ("N", "L", "R") else conduction
        hidden = label in WITHOUT_P
        for kind, weight in _mixture(str(symbol), str(label), conduction, heart, rng):
            if not (kind.startswith("P") and hidden):
                sources_by_form[kind].append(Source(time_s, weight, period_s))
    return sources_by_form


def _mixture(
    symbol: str, label: str, conduction: str, heart: Heart, rng: np.random.Generator
) -> list[tuple[str, float]]:
    """Return the forms that make up one beat, and how much of each."""
    if symbol in ("N", "L", "R"):
        return [("PW", 1.0), ("W", 1.0)] if label == "PREX" else [("P", 1.0), (symbol, 1.0)]
    focus = f"V{rng.choice(len(heart.foci), p=heart.foci)}"
    # ASSUME fusion anywhere from a quarter to three quarters; what can't be told apart is a
    # mixture too.
    share = float(rng.uniform(0.25, 0.75))
    if symbol == "f":
        return [("spike", 1.0), ("/", share), ("P", 1.0), (conduction, 1 - share)]
    return {
        "A": [("PA", 1.0), (conduction, 1.0)],
        "S": [("PA", 1.0), (conduction, 1.0)],
        "e": [("PA", 1.0), (conduction, 1.0)],
        "a": [("PA", 1.0), ("a", 1.0)],
        "J": [("PJ", 1.0), (conduction, 1.0)],
        "j": [("PJ", 1.0), (conduction, 1.0)],
        "V": [(focus, 1.0)],
        "F": [("P", 1.0), (conduction, share), (focus, 1 - share)],
        "Q": [(conduction, share), (focus, 1 - share)],
        "/": [("spike", 1.0), ("/", 1.0)],
        "x": [("PX", 1.0)],
        '"': [("PX", 1.0)],
    }.get(symbol, [(symbol, 1.0)])


def _add(
    signal_CT: Float64,
    wave: Wave,
    time_N: Float64,
    period_N: Float64,
    height_NC: Float64,
    rate_hz: float,
) -> None:
    """Add one wave of many beats where they lie, out to four standard deviations."""
    # ASSUME repolarisation moves with the square root of the period, from 0.8 s on (Bazett).
    stretch_N = np.sqrt(period_N / 0.8) if wave.part == "T" else np.ones(len(time_N))
    centre_N = (time_N + wave.centre_s * stretch_N) * rate_hz
    reach_N = np.max(stretch_N, initial=1.0) * rate_hz
    first_N = np.floor(centre_N - 4 * wave.rise_s * reach_N).astype(np.int64)
    width = int(4 * (wave.rise_s + wave.fall_s) * np.max(reach_N, initial=1.0)) + 2
    at_NB = first_N[:, None] + np.arange(width)
    off_NB = at_NB - centre_N[:, None]
    rise_N1, fall_N1 = ((s * stretch_N * rate_hz)[:, None] for s in (wave.rise_s, wave.fall_s))
    shape_NB = np.exp(-0.5 * (off_NB / np.where(off_NB < 0, rise_N1, fall_N1)) ** 2)
    inside_NB = (at_NB >= 0) & (at_NB < signal_CT.shape[1])
    where = at_NB[inside_NB]
    for lead, height_N in enumerate(height_NC.T):
        np.add.at(signal_CT[lead], where, (height_N[:, None] * shape_NB)[inside_NB])


def _fibrillation(
    heart: Heart,
    rhythm: Rhythm,
    field: Float64,
    rate_hz: float,
    samples: int,
    rng: np.random.Generator,
) -> Float64:
    """Return the atria's own waves while they fibrillate or flutter, shape (C, T)."""
    on_T = _while(rhythm, samples, rate_hz)
    if not on_T.any():
        return np.zeros((field.shape[1], samples))
    second_T = np.arange(samples) / rate_hz
    points = int(samples / rate_hz * 4) + 8
    grid = np.arange(points) / 4
    waves_hz = rng.uniform(4.8, 7.5) + 0.35 * wander(points, rng, slowest_hz=0.05)
    phase_T = np.interp(second_T, grid, 2 * np.pi * np.cumsum(waves_hz) / 4)
    height_T = np.interp(second_T, grid, np.exp(0.35 * wander(points, rng, slowest_hz=0.05)))
    sawtooth_T = sum(np.sin(k * phase_T) / k for k in (1, 2, 3))
    return np.outer(np.array(heart.atrial_dipole) @ field, on_T * height_T * sawtooth_T)


def _while(rhythm: Rhythm, samples: int, rate_hz: float) -> Float64:
    """Return 1 where the atria fibrillate, 0 elsewhere, with soft edges."""
    on_N = np.isin(rhythm.rhythm_N, ATRIAL)
    # Ectopic runs inside a stretch of fibrillation carry another label; atria don't care.
    last = False
    for at, label in enumerate(rhythm.rhythm_N):
        last = bool(on_N[at]) if label not in ("B", "T", "VT", "IVR") else last
        on_N[at] = last
    at_T = np.arange(samples) / rate_hz
    return np.interp(at_T, rhythm.time_N, on_N.astype(np.float64))

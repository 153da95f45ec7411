"""Noise of recordings: wander, muscle, mains, electrode motion.

Legend: C leads, T samples; millivolts.

Source: the kinds and their bands as in Moody, Muldrow & Mark, Comput Cardiol 1984;11:381-384
(the noise stress test); Clifford, Azuaje & McSharry (eds), Advanced Methods and Tools for ECG Data
Analysis, Artech House 2006, ch. 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cardiograft.records import Float64

# Power density by frequency, (Hz, dB re 1 mV^2/Hz), as measured on the stress test's recordings.
Profile = Sequence[tuple[float, float]]
WANDER: Profile = (
    *((0.03, -22), (0.07, -3), (0.2, -1), (0.5, -14), (1, -27), (2, -37), (4, -47)),
    *((12, -52), (50, -56), (100, -65), (180, -70)),
)
MUSCLE: Profile = (
    *((0.03, -18), (0.07, -9), (0.2, -10), (0.5, -18), (1, -27), (2, -36), (4, -44), (9, -44)),
    *((18, -39), (35, -40), (54, -47), (75, -58), (100, -63), (180, -64)),
)
MOTION: Profile = (
    *((0.03, -19), (0.07, -7), (0.2, -2), (0.5, -11), (1, -9), (2, -12), (4, -19), (9, -24)),
    *((18, -33), (35, -44), (75, -54), (100, -60), (180, -62)),
)
# ASSUME a tape recorder's own hiss on top of muscle, up to its 100 Hz.
RECORDED: Profile = (
    *((4, -44), (9, -44), (18, -41), (35, -42), (54, -45)),
    *((75, -48), (100, -50), (140, -60), (180, -66)),
)
STRESS = {"bw": (WANDER, (1.0, 0.38)), "ma": (MUSCLE, (1.0, 1.0)), "em": (MOTION, (1.0, 0.28))}


@dataclass(frozen=True, kw_only=True)
class Level:
    """Root mean squares in millivolts; `motions` is the number of electrode motions an hour."""

    wander: float
    muscle: float
    mains: float
    motion: float
    motions: float


def level(rng: np.random.Generator, *, unrest: float = 1.0) -> Level:
    """Draw how disturbed a recording is; `unrest` scales muscle and motion."""
    wander, muscle, mains, motion = rng.lognormal(
        np.log([0.115, 0.011, 0.002, 0.15]), [0.5, 0.35, 0.8, 0.5]
    )
    return Level(
        wander=wander,
        muscle=muscle * unrest**0.5,
        mains=mains,
        motion=motion,
        motions=40 * unrest,
    )


def shaped(
    samples: int, rate_hz: float, rng: np.random.Generator, *, low: float, high: float, slope: float
) -> Float64:
    """Return Gaussian noise of unit variance between `low` and `high` Hz, power ~ f^-slope."""
    frequency = np.fft.rfftfreq(samples, 1 / rate_hz)
    inside = slice(int(np.searchsorted(frequency, low)), int(np.searchsorted(frequency, high)) + 1)
    used = frequency[inside]
    spectrum = np.zeros(len(frequency), dtype=np.complex128)
    if len(used):
        parts = rng.standard_normal((2, len(used)))
        spectrum[inside] = (parts[0] + 1j * parts[1]) * np.maximum(used, low / 2) ** (-slope / 2)
    drawn = np.fft.irfft(spectrum, samples)
    return np.asarray(drawn / (drawn.std() + 1e-12))


def coloured(samples: int, rate_hz: float, rng: np.random.Generator, profile: Profile) -> Float64:
    """Return Gaussian noise with a power density given by points, in millivolts."""
    frequency = np.fft.rfftfreq(samples, 1 / rate_hz)
    log_hz, level_db = np.log([f for f, _ in profile]), [db for _, db in profile]
    density = 10 ** (np.interp(np.log(np.maximum(frequency, 1e-4)), log_hz, level_db) / 10)
    density[frequency < profile[0][0] / 2] = 0
    parts = rng.standard_normal((2, len(frequency)))
    spectrum = (parts[0] + 1j * parts[1]) * np.sqrt(density * rate_hz * samples / 4)
    return np.fft.irfft(spectrum, samples)


def stress(kind: str, shape: tuple[int, int], rate_hz: float, rng: np.random.Generator) -> Float64:
    """Return a stress test's noise, shape (C, T), of kind ``bw``, ``ma`` or ``em``.

    What moves the electrodes comes in fits; two channels share half of it.

    Raises
    ------
    ValueError
        Another kind.
    """
    if kind not in STRESS:
        raise ValueError(f"no noise {kind!r}: known are {', '.join(STRESS)}")
    profile, gains = STRESS[kind]
    leads, samples = shape
    shared_T = coloured(samples, rate_hz, rng, profile)
    points = int(samples / rate_hz) + 4
    swell = np.exp(0.6 * shaped(points, 1.0, rng, low=1 / 300, high=0.4, slope=0.7))
    swell_T = np.interp(np.arange(samples) / rate_hz, np.arange(points), swell)
    swell_T /= np.sqrt(np.mean(swell_T**2))
    rows = []
    for gain, _ in zip((*gains, *gains), range(leads), strict=False):
        own_T = coloured(samples, rate_hz, rng, profile)
        rows.append(gain * np.sqrt(0.5) * (shared_T + own_T) * (swell_T if kind != "bw" else 1))
    return np.stack(rows)


def disturb(
    shape: tuple[int, int],
    rate_hz: float,
    *,
    how_much: Level,
    mains_hz: int,
    rng: np.random.Generator,
) -> tuple[Float64, list[tuple[int, int]]]:
    """Return noise for every lead, and the first and last sample of each stretch of motion."""
    leads, samples = shape
    seconds = samples / rate_hz
    noise_CT = np.empty(shape)
    for lead in range(leads):
        noise_CT[lead] = how_much.wander * shaped(
            samples, rate_hz, rng, low=0.02, high=1.5, slope=1.6
        )
        noise_CT[lead] += _muscle(samples, rate_hz, how_much.muscle * rng.lognormal(0, 0.25), rng)
        noise_CT[lead] += _mains(
            samples, rate_hz, how_much.mains * rng.lognormal(0, 0.4), mains_hz, rng
        )
    spans = []
    for _ in range(rng.poisson(how_much.motions * seconds / 3600)):
        length = min(int(rng.gamma(2.0, 3.0) * rate_hz) + 2, samples)
        start = int(rng.integers(0, samples - length + 1))
        noise_CT[:, start : start + length] += _motion(
            (leads, length), rate_hz, how_much.motion * rng.lognormal(0, 0.5), rng
        )
        spans.append((start, start + length - 1))
    return noise_CT, sorted(spans)


def _motion(
    shape: tuple[int, int], rate_hz: float, strength: float, rng: np.random.Generator
) -> Float64:
    """Return one stretch of electrode motion: it reaches all leads, each in its own measure."""
    leads, length = shape
    fade_T = np.hanning(length)
    shared_T = shaped(length, rate_hz, rng, low=0.6, high=12.0, slope=1.6)
    rows = []
    for _ in range(leads):
        own_T = shaped(length, rate_hz, rng, low=1.0, high=25.0, slope=1.6)
        rows.append(rng.lognormal(-0.2, 0.6) * fade_T * (shared_T + 0.4 * own_T))
    return strength * np.stack(rows)


def _muscle(samples: int, rate_hz: float, rms: float, rng: np.random.Generator) -> Float64:
    """Return noise of 2 Hz and above whose strength comes and goes within seconds to minutes."""
    drawn_T = coloured(samples, rate_hz, rng, RECORDED)
    drawn_T /= drawn_T.std() + 1e-12
    points = max(int(samples / rate_hz), 2) + 2
    swell = np.exp(0.55 * shaped(points, 1.0, rng, low=1 / 600, high=0.4, slope=1.0))
    return rms * drawn_T * np.interp(np.arange(samples) / rate_hz, np.arange(points), swell)


def _mains(
    samples: int, rate_hz: float, rms: float, mains_hz: int, rng: np.random.Generator
) -> Float64:
    """Return the hum of the mains, its frequency and strength wandering a little."""
    points = max(int(samples / rate_hz), 2) + 2
    second = np.arange(samples) / rate_hz
    off_hz = 0.05 * shaped(points, 1.0, rng, low=1 / 900, high=0.3, slope=1.5)
    phase_T = 2 * np.pi * mains_hz * second
    phase_T += np.interp(second, np.arange(points), 2 * np.pi * np.cumsum(off_hz))
    swell = np.exp(0.4 * shaped(points, 1.0, rng, low=1 / 900, high=0.1, slope=1.0))
    return np.asarray(
        np.sqrt(2) * rms * np.sin(phase_T) * np.interp(second, np.arange(points), swell)
    )

"""Vibrations of the beats that the ECG shows, as an accelerometer on the sternum records them.

Each beat's R peak starts a chain: the pre-ejection period until the aortic valve opens (AO), the
left ventricle's ejection until it closes (AC), with the mitral valve's closing (MC) before AO and
its opening (MO) after AC, and the atria before all. Each of these strikes the chest, which rings: a
few damped oscillations whose frequency, decay, phase and strength on each axis are the person's
own. Delays have an offset by person, a spread from beat to beat, and move with breathing and heart
rate. Breathing also tilts the sensor and changes how strongly it is coupled.

Legend: N beats, C axes, T samples, A events; metres a second squared unless said otherwise.

Source: systolic time intervals: Weissler, Harris & Schoenfeld, Circulation 1968;37(2):149-159,
doi:10.1161/01.CIR.37.2.149 (LVET 413 - 1.7 HR, PEP 131 - 0.4 HR, milliseconds, PEP from the QRS's
onset); which complex is which valve: Crow et al., Am J Noninvasive Cardiol 1994;8:39-46; bands,
axes, breathing: Inan et al., IEEE J Biomed Health Inform 2015;19(4):1414-1427,
doi:10.1109/JBHI.2014.2361732; strengths, R-AO and noise: as measured on Yang et al., Front Physiol
2021;12:750221 (docs/simulation.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cardiograft.datasets.simulation.noise import shaped
from cardiograft.datasets.simulation.rhythm import Rhythm
from cardiograft.records import Float64

AXES = ("x", "y", "z")
GRAVITY = 9.81
# ASSUME the R peak comes this long after the QRS begins, from where PEP is counted.
ONSET_TO_R_S = 0.042
# ASSUME what is called AO or AC is the complex's crest, which the ringing takes this long to reach.
CREST_S = 0.020
# Event, what it is counted from, seconds after that, and strength as a share of AO's.
EVENTS = (
    ("atrial", "R", -0.085, 0.10),
    ("MC", "AO", -0.034, 0.50),
    ("AO", "AO", 0.0, 1.0),
    ("ejection", "AO", 0.055, 0.35),
    ("AC", "AC", 0.0, 0.34),
    ("MO", "AC", 0.062, 0.22),
)
# Median strength at AO by axis, by which the mean beat's range comes to that of the recordings
# compared with.
STRENGTH = {"x": 0.115, "y": 0.155, "z": 0.19}
# An accelerometer's own noise, m/s2 a root Hz: what is left from 60 to 100 Hz.
SENSOR_DENSITY = 0.0009


class Mode(NamedTuple):
    """One damped oscillation that follows an event, as one axis feels it."""

    event: str
    delay_s: float
    hz: float
    phase: float
    rise_s: float
    decay_s: float
    strength: float


@dataclass(frozen=True, kw_only=True)
class Chest:
    """How a person's heart strikes the chest, and how the chest rings.

    Attributes
    ----------
    pep_s, lvet_s : float
        Offsets from what Weissler's lines give for the heart rate.
    spread_s : float
        Standard deviation of both from beat to beat.
    modes : mapping of axis to its oscillations
    breathing : mapping of axis to the share by which breathing changes its strength
    tilt : gravity's share on each axis
    restless : float
        Root mean square of slow motion on an axis.
    """

    pep_s: float
    lvet_s: float
    spread_s: float
    modes: Mapping[str, tuple[Mode, ...]]
    breathing: Mapping[str, float]
    tilt: Mapping[str, float]
    restless: float


class Events(NamedTuple):
    """When each beat's valves move, seconds, shape (N,); `filling` is how full the beat was."""

    R: Float64
    AO: Float64
    AC: Float64
    filling: Float64


def chest(rng: np.random.Generator) -> Chest:
    """Draw a person's chest."""
    turned = rng.normal((0.05, 0.75, 0.55), 0.25)
    turned /= np.linalg.norm(turned)
    return Chest(
        pep_s=float(np.clip(rng.normal(0, 0.013), -0.025, 0.03)),
        lvet_s=float(np.clip(rng.normal(0, 0.014), -0.03, 0.03)),
        spread_s=float(rng.uniform(0.003, 0.007)),
        modes={axis: _modes(axis, rng) for axis in AXES},
        breathing={axis: float(rng.uniform(0.05, 0.3)) for axis in AXES},
        tilt=dict(zip(AXES, (float(one) for one in turned), strict=True)),
        restless=float(rng.lognormal(np.log(0.010), 0.5)),
    )


def _modes(axis: str, rng: np.random.Generator) -> tuple[Mode, ...]:
    size = STRENGTH[axis] * float(rng.lognormal(0, 0.5))
    modes = []
    for event, _, delay_s, share in EVENTS:
        strength = size * share * float(rng.lognormal(-0.1, 0.45))
        # ASSUME two oscillations an event: the chest's ringing, and a slower swing under it.
        for low_hz, high_hz, decay_s, part in ((12, 28, 0.026, 1.0), (5, 11, 0.045, 0.55)):
            mode = Mode(
                event=event,
                delay_s=delay_s - CREST_S + float(rng.normal(0, 0.006)),
                hz=float(rng.uniform(low_hz, high_hz)),
                phase=float(rng.uniform(0, 2 * np.pi)),
                rise_s=float(rng.uniform(0.006, 0.012)),
                decay_s=decay_s * float(rng.lognormal(0, 0.25)),
                strength=strength * part * float(rng.uniform(0.6, 1.4)),
            )
            modes.append(mode)
    return tuple(modes)


def events(person: Chest, rhythm: Rhythm, rng: np.random.Generator) -> Events:
    """Return when the valves of each beat open and close."""
    before_N = np.diff(rhythm.time_N, prepend=rhythm.time_N[:1] - rhythm.period_s)
    period_N = np.clip(before_N, 0.3, 1.6)
    rate_N = 60 / period_N
    breath_N = rhythm.tone.at(rhythm.tone.breath_K, rhythm.time_N)
    early_N = np.isin(rhythm.symbol_N, ["V", "F", "E"])
    # ASSUME breathing moves PEP by 3 ms either way, and a ventricular beat takes 35 ms longer.
    pep_N = 0.131 - 0.0004 * rate_N - ONSET_TO_R_S + person.pep_s
    pep_N += 0.003 * breath_N + 0.035 * early_N
    pep_N += person.spread_s * rng.standard_normal(len(rate_N))
    lvet_N = 0.413 - 0.0017 * rate_N + person.lvet_s
    lvet_N += person.spread_s * rng.standard_normal(len(rate_N))
    opened_N = rhythm.time_N + np.maximum(pep_N, 0.02)
    # ASSUME what a beat ejects follows the time it had to fill, by the square root.
    filling_N = np.clip(np.sqrt(period_N / rhythm.period_s), 0.5, 1.2)
    return Events(rhythm.time_N, opened_N, opened_N + np.maximum(lvet_N, 0.12), filling_N)


def vibration(
    person: Chest,
    rhythm: Rhythm,
    axes: Sequence[str],
    *,
    rate_hz: float,
    samples: int,
    rng: np.random.Generator,
) -> Float64:
    """Return the chest's motion at the heart's beats, without noise or gravity, shape (C, T).

    Raises
    ------
    ValueError
        An axis other than x, y, z.
    """
    if unknown := set(axes) - set(AXES):
        raise ValueError(f"no axis {', '.join(sorted(unknown))}: known are {', '.join(AXES)}")
    valves = events(person, rhythm, rng)
    breath_N = rhythm.tone.at(rhythm.tone.breath_K, rhythm.time_N)
    starts = {name: (whence, share) for name, whence, _, share in EVENTS}
    # What a beat does harder, it does on all axes.
    vigour = {name: 1 + 0.08 * rng.standard_normal(len(breath_N)) for name in starts}
    signal_CT = np.zeros((len(axes), samples))
    for lead_T, axis in zip(signal_CT, axes, strict=True):
        gain_N = valves.filling * (1 + person.breathing[axis] * breath_N)
        for mode in person.modes[axis]:
            from_N = getattr(valves, starts[mode.event][0]) + mode.delay_s
            own_N = vigour[mode.event] + 0.04 * rng.standard_normal(len(breath_N))
            ring(lead_T, mode, from_N, gain_N * own_N, rate_hz)
    return signal_CT


def ring(lead_T: Float64, mode: Mode, from_N: Float64, gain_N: Float64, rate_hz: float) -> None:
    """Add one oscillation to `lead_T`, from each of the times on."""
    first_N = np.ceil(from_N * rate_hz).astype(np.int64)
    at_NB = first_N[:, None] + np.arange(int(7 * mode.decay_s * rate_hz) + 2)
    since_NB = at_NB / rate_hz - from_N[:, None]
    shape_NB = np.exp(-since_NB / mode.decay_s) * (1 - np.exp(-since_NB / mode.rise_s)) ** 2
    shape_NB *= np.sin(2 * np.pi * mode.hz * since_NB + mode.phase)
    # So that `strength` is about the first swing's height, whatever rise and decay.
    shape_NB *= 1.6 * mode.strength * gain_N[:, None]
    inside_NB = (at_NB >= 0) & (at_NB < len(lead_T))
    np.add.at(lead_T, at_NB[inside_NB], shape_NB[inside_NB])


def motion(
    person: Chest,
    rhythm: Rhythm,
    axes: Sequence[str],
    *,
    rate_hz: float,
    samples: int,
    rng: np.random.Generator,
) -> Float64:
    """Return what else moves the sensor: gravity as breathing tilts it, unrest, its own noise.

    Returns
    -------
    Float64
        Shape (C, T).
    """
    second_T = np.arange(samples) / rate_hz
    breath_T = rhythm.tone.at(rhythm.tone.breath_K, second_T)
    # Unrest comes and goes within seconds.
    points = int(samples / rate_hz) + 3
    swell = np.exp(0.7 * shaped(points, 1.0, rng, low=1 / 300, high=0.3, slope=1.0))
    swell_T = np.interp(second_T, np.arange(points), swell)
    rows = []
    for axis in axes:
        sway = person.restless * float(rng.lognormal(0, 0.2))
        sway_T = sway * shaped(samples, rate_hz, rng, low=0.05, high=45, slope=0.5) * swell_T
        row_T = GRAVITY * person.tilt[axis] + 0.006 * float(rng.normal(0, 1)) * breath_T + sway_T
        hiss = SENSOR_DENSITY * np.sqrt(rate_hz / 2)
        rows.append(row_T + hiss * rng.standard_normal(samples))
    return np.stack(rows)

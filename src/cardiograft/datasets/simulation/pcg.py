"""Heart sounds of the beats that the ECG shows, as a microphone on the chest records them.

The first sound follows the closing of the mitral valve, the second that of the aortic valve, at the
times that `simulation.scg` gives; each is a few damped oscillations of the person's own.

Legend: N beats, T samples; millivolts.

Source: bands and lengths of the sounds: Rangayyan & Lehner, Crit Rev Biomed Eng 1987;15(3):211-236;
times: as in `simulation.scg`; a microphone's levels: Kazemnejad et al., ephnogram 1.0.0,
doi:10.13026/tjtq-5911.
"""

import numpy as np

from cardiograft.datasets.simulation import scg
from cardiograft.datasets.simulation.noise import shaped
from cardiograft.datasets.simulation.rhythm import Rhythm
from cardiograft.records import Float64

# Sound, whence, seconds after that, lowest and highest Hz, decay in seconds, millivolts.
SOUNDS = (
    ("S1", "AO", -0.030, 30.0, 80.0, 0.030, 0.24),
    ("S1", "AO", 0.008, 40.0, 120.0, 0.022, 0.18),
    ("S2", "AC", 0.0, 40.0, 150.0, 0.018, 0.20),
    ("S2", "AC", 0.022, 40.0, 120.0, 0.016, 0.09),
)


def modes(rng: np.random.Generator) -> tuple[scg.Mode, ...]:
    """Draw how a person's heart sounds."""
    size = float(rng.lognormal(0, 0.35))
    return tuple(
        scg.Mode(
            event=whence,
            delay_s=delay_s + float(rng.normal(0, 0.003)),
            hz=float(rng.uniform(low_hz, high_hz)),
            phase=float(rng.uniform(0, 2 * np.pi)),
            rise_s=float(rng.uniform(0.004, 0.010)),
            decay_s=decay_s * float(rng.lognormal(0, 0.2)),
            strength=size * strength * float(rng.lognormal(0, 0.3)),
        )
        for _, whence, delay_s, low_hz, high_hz, decay_s, strength in SOUNDS
    )


def sounds(
    person: scg.Chest,
    own: tuple[scg.Mode, ...],
    rhythm: Rhythm,
    *,
    rate_hz: float,
    samples: int,
    rng: np.random.Generator,
) -> Float64:
    """Return a phonocardiogram, shape (T,), with breath, muscle and room in it."""
    valves = scg.events(person, rhythm, rng)
    breath_N = rhythm.tone.at(rhythm.tone.breath_K, rhythm.time_N)
    signal_T = np.zeros(samples)
    for mode in own:
        # ASSUME breathing changes a sound's strength by 15 %, beats by another 12.
        gain_N = 1 + 0.15 * breath_N + 0.12 * rng.standard_normal(len(breath_N))
        from_N = getattr(valves, mode.event) + mode.delay_s
        scg.ring(signal_T, mode, from_N, gain_N * valves.filling, rate_hz)
    high_hz = min(400.0, 0.4 * rate_hz)
    signal_T += 0.012 * shaped(samples, rate_hz, rng, low=1.0, high=25.0, slope=1.2)
    return signal_T + 0.008 * shaped(samples, rate_hz, rng, low=20.0, high=high_hz, slope=1.0)

"""Faults of a recorder, or of its contact, that recordings of noise alone do not have.

Each takes a lead in millivolts and returns it with the fault in one stretch of it, or in several.
Where, how long and how much is drawn: the same generator gives the same samples.

Legend: T samples.

Source: kinds as Silva, Moody & Celi, Comput Cardiol 2011;38:273-276, and Clifford et al., Physiol
Meas 2012;33:1419-1433, doi:10.1088/0967-3334/33/9/1419, describe what makes ECGs unusable.
"""

import numpy as np

from cardiograft.records import Float64

# ASSUME the rails of an amplifier of a hand-held or worn recorder, how long faults last, and which
# share of a stretch under judgement they take at least.
RAIL_MV = 5.0
LEAST_SHARE, MOST_SHARE = 0.35, 1.0
CLIPPED = (0.01, 0.12)  # of the complexes' height, what is left of it
HUM_MV = (0.05, 0.6)
FALL_S = (0.05, 0.4)  # of an amplifier that comes back from its rail
CLEAN = "clean"  # no fault, and no noise
NAMES = ("contact_loss", "clipping", "flat_line", "saturated_steps")


def corrupt(signal_T: Float64, rate_hz: float, name: str, rng: np.random.Generator) -> Float64:
    """Return a lead with a fault.

    Parameters
    ----------
    signal_T : shape (T,), millivolts
    rate_hz
        Of the samples.
    name : str
        ``contact_loss`` (the ECG goes, noise and hum of an open input stay), ``clipping`` (the
        amplifier's range ends within the QRS complexes), ``flat_line`` (the value stays as it is)
        or ``saturated_steps`` (jumps to a rail, and slow returns).

    Returns
    -------
    float64, shape (T,), millivolts

    Raises
    ------
    ValueError
        There is no such fault.
    """
    known = {
        "contact_loss": _contact_loss,
        "clipping": _clipping,
        "flat_line": _flat_line,
        "saturated_steps": _saturated_steps,
    }
    if name not in known:
        raise ValueError(f"no fault {name!r}: known are {', '.join(NAMES)}")
    return known[name](np.asarray(signal_T, dtype=np.float64), rate_hz, rng)


def _stretch(samples: int, rng: np.random.Generator) -> slice:
    """Draw a stretch that takes at least a share of the samples."""
    length = round(samples * rng.uniform(LEAST_SHARE, MOST_SHARE))
    start = int(rng.integers(0, samples - length + 1))
    return slice(start, start + length)


def _contact_loss(signal_T: Float64, rate_hz: float, rng: np.random.Generator) -> Float64:
    lost_T, where = signal_T.copy(), _stretch(len(signal_T), rng)
    second = np.arange(len(signal_T))[where] / rate_hz
    mains_hz = float(rng.choice([50.0, 60.0]))
    hum = rng.uniform(*HUM_MV) * np.sin(2 * np.pi * (mains_hz * second + rng.random()))
    # an open input drifts as the sum of what reaches it
    drift = np.cumsum(rng.standard_normal(len(second))) * rng.uniform(0.2, 2) / np.sqrt(rate_hz)
    hiss = rng.standard_normal(len(second)) * rng.uniform(0.01, 0.15)
    lost_T[where] = signal_T[where.start] + hum + drift + hiss
    return np.asarray(np.clip(lost_T, -RAIL_MV, RAIL_MV))


def _clipping(signal_T: Float64, rate_hz: float, rng: np.random.Generator) -> Float64:
    middle = float(np.median(signal_T))
    reach = float(np.quantile(np.abs(signal_T - middle), 0.98))
    below, above = reach * rng.uniform(*CLIPPED, size=2)
    return np.asarray(np.clip(signal_T, middle - below, middle + above))


def _flat_line(signal_T: Float64, rate_hz: float, rng: np.random.Generator) -> Float64:
    flat_T, where = signal_T.copy(), _stretch(len(signal_T), rng)
    flat_T[where] = signal_T[where.start]
    return flat_T


def _saturated_steps(signal_T: Float64, rate_hz: float, rng: np.random.Generator) -> Float64:
    stepped_T, samples = signal_T.copy(), len(signal_T)
    steps = 1 + int(rng.poisson(samples / rate_hz / 3))
    for start in rng.integers(0, samples, steps):
        rail = RAIL_MV * (1 if rng.random() < 0.5 else -1)
        length = max(1, round(rng.uniform(0.1, 2.0) * rate_hz))
        stop = min(int(start) + length, samples)
        since_s = np.arange(samples - stop) / rate_hz
        stepped_T[start:stop] = rail
        stepped_T[stop:] += rail * np.exp(-since_s / rng.uniform(*FALL_S))
    return np.asarray(np.clip(stepped_T, -RAIL_MV, RAIL_MV))

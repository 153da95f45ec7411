"""A clean lead with recorded noise added at a ratio, or with a fault, stretch by stretch.

Legend: T samples of the lead, U samples of a noise, A beats, S seconds, B samples around a beat.

Source: Moody, Muldrow & Mark, Comput Cardiol 1984;11:381-384, and nst(1) of the WFDB tools (how
signal and noise are measured); kinds of noise as nstdb records them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import trim_mean

from cardiograft.records import Float64, Int64
from cardiograft.signals import faults
from cardiograft.signals.faults import CLEAN

QRS_S = 0.05  # to either side of a beat
OUTLYING = 0.05  # share of the smallest, and of the largest, that a mean leaves out
MEASURED = 300  # beats of the signal, and seconds of the noise, from the first on


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """What was done to some samples: ``clean``, a fault's name, or a noise's with its ratios.

    `ratio_db` is that of the whole noise at this gain, which was asked for, `own_db` that of the
    piece that lies here: noise comes in bursts, and a piece between two hides nothing.
    """

    start: int
    stop: int
    kind: str
    ratio_db: float | None = None
    own_db: float | None = None


def noise_gain(
    clean_T: Float64, noise_U: Float64, beat_A: Int64, *, rate_hz: float, ratio_db: float
) -> float:
    """Return by what to multiply a noise for a signal-to-noise ratio.

    The signal's power is an eighth of the squared QRS amplitude (peak to peak within 50 ms of a
    beat), the noise's its variance within a second, each a mean without the largest and smallest
    twentieth; both of the first 300 beats and seconds, as nst has it (its own mixtures in nstdb
    come out within 3 %, and by whole recordings up to 4 dB off).

    Parameters
    ----------
    clean_T, noise_U
        In one unit, at one rate; of the noise a second at least.
    beat_A
        Samples of the beats.
    ratio_db
        Decibels.

    Raises
    ------
    ValueError
        No beat is whole, or the noise is silent or shorter than a second.
    """
    reach, second = round(QRS_S * rate_hz), round(rate_hz)
    inside_A = beat_A[(beat_A >= reach) & (beat_A < len(clean_T) - reach)][:MEASURED]
    if not len(inside_A) or len(noise_U) < second:
        raise ValueError("a ratio needs a whole beat, and a second of noise")
    window_AB = clean_T[inside_A[:, None] + np.arange(-reach, reach + 1)]
    noise = _level(noise_U, second)
    if noise <= 0:
        raise ValueError("a ratio needs a noise that is not silent")
    signal = trim_mean(np.ptp(window_AB, axis=1), OUTLYING) ** 2 / 8
    return float(np.sqrt(signal / 10 ** (ratio_db / 10)) / noise)


def _level(noise_U: Float64, second: int) -> float:
    """Return a noise's SD within a second: the mean of the first 300, less the outlying ones."""
    seconds = min(len(noise_U) // second, MEASURED)
    rms_S = noise_U[: seconds * second].reshape(seconds, second).std(axis=1)
    return float(trim_mean(rms_S, OUTLYING))


def corrupted(
    clean_T: Float64,
    noises: Mapping[str, Float64],
    beat_A: Int64,
    *,
    rate_hz: float,
    stretch_s: float,
    ratios_db: tuple[float, float],
    shares: Mapping[str, float],
    within: tuple[float, float] = (0.0, 1.0),
    rng: np.random.Generator,
) -> tuple[Float64, Sequence[Stretch]]:
    """Return a lead that is clean, noisy or faulty in turn, and what each stretch is.

    Noise is taken from a place of its recording that is drawn, and lies about the clean signal:
    its mean over the stretch is taken away. The rest at the lead's end stays clean.

    Parameters
    ----------
    clean_T : shape (T,), millivolts
    noises
        Recordings of noise by their names, shape (U,) each, at the lead's rate and as long as a
        stretch at least.
    stretch_s
        Length of a stretch: of the windows that are cut, so that each is of one kind.
    ratios_db
        The least and the largest ratio: one between them is drawn for each noisy stretch.
    shares
        How often each kind is: ``clean``, names of `noises`, names of
        `cardiograft.signals.faults`, in any unit.
    within
        Where noise is taken from, as shares of its recording; ratios are measured on all of it.
    rng
        The same generator gives the same samples.

    Raises
    ------
    ValueError
        A kind is neither, a noise is too short, or no ratio can be measured.
    """
    _check_kinds(shares, noises)
    size, second = round(stretch_s * rate_hz), round(rate_hz)
    mixed_T, done = np.array(clean_T, dtype=np.float64), []
    kinds = sorted(shares)
    used = {kind: noises[kind] for kind in kinds if kind in noises}
    taken = {kind: _piece(noise_U, within) for kind, noise_U in used.items()}
    about = {"rate_hz": rate_hz, "ratio_db": 0.0}
    gains = {kind: noise_gain(clean_T, noise_U, beat_A, **about) for kind, noise_U in used.items()}
    for start in range(0, len(clean_T) - size + 1, size):
        kind = _drawn(kinds, shares, rng)
        part, ratio_db, own = slice(start, start + size), None, None
        if kind in noises:
            ratio_db = float(rng.uniform(*ratios_db))
            piece_T = _taken(taken[kind], size, kind, rng)
            mixed_T[part] += gains[kind] * 10 ** (-ratio_db / 20) * piece_T
            own = ratio_db + _below_db(piece_T, used[kind], second=min(second, size))
        elif kind != CLEAN:
            mixed_T[part] = faults.corrupt(mixed_T[part], rate_hz, kind, rng)
        done.append(Stretch(start=start, stop=part.stop, kind=kind, ratio_db=ratio_db, own_db=own))
    return mixed_T, done


def _below_db(piece_T: Float64, noise_U: Float64, *, second: int) -> float:
    """Return by how many decibels a piece of a noise is weaker than all of it."""
    level = _level(piece_T, second)
    return -20 * math.log10(level / _level(noise_U, second)) if level > 0 else math.inf


def _drawn(kinds: Sequence[str], shares: Mapping[str, float], rng: np.random.Generator) -> str:
    weight_K = np.array([shares[kind] for kind in kinds], dtype=np.float64)
    return str(rng.choice(kinds, p=weight_K / weight_K.sum()))


def _check_kinds(shares: Mapping[str, float], noises: Mapping[str, Float64]) -> None:
    unknown = sorted(set(shares) - {CLEAN, *noises, *faults.NAMES})
    if unknown:
        known = ", ".join((CLEAN, *noises, *faults.NAMES))
        raise ValueError(f"no noise or fault {', '.join(unknown)}: known are {known}")


def _piece(noise_U: Float64, within: tuple[float, float]) -> Float64:
    first, last = (round(share * len(noise_U)) for share in within)
    return noise_U[first:last]


def _taken(noise_U: Float64, size: int, kind: str, rng: np.random.Generator) -> Float64:
    if len(noise_U) < size:
        raise ValueError(f"noise {kind}, or the piece of it to use, is shorter than a stretch")
    start = int(rng.integers(0, len(noise_U) - size + 1))
    piece = noise_U[start : start + size]
    return np.asarray(piece - piece.mean())

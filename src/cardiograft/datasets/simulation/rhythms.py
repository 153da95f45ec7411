"""Rhythms of a resting ECG, each by what tells it from the others: rate, regularity, atrial waves.

Sinus rhythms differ in their rate, and sinus irregularity in how far breathing moves it. Atrial
fibrillation has no P waves, fine waves of the atria and irregular intervals; flutter has a
saw-tooth, of which every second to fourth wave is conducted. Of the tachycardias the atrial one
has a P wave of another form, the one within the node hides it in the QRS, the one over an
accessory pathway has it after the QRS. A wandering pacemaker's P waves change from beat to beat.

Legend: N beats, C leads, T samples, K points of the 4 Hz grid of `rhythm.Tone`.

Source: definitions and ranges of rates as in Surawicz & Knilans, Chou's Electrocardiography in
Clinical Practice, 6th edition, Saunders 2008, chapters 13 to 17; names as in Zheng et al., Sci Data
2020;7:48, doi:10.1038/s41597-020-0386-x.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from cardiograft.datasets.simulation import ecg
from cardiograft.datasets.simulation.hearts import Heart
from cardiograft.datasets.simulation.rhythm import Rhythm, Tone, tone
from cardiograft.records import Float64


class Kind(NamedTuple):
    """Beats a minute, most often near ``usual``, how steady they are, what a beat is made of.

    ``symbols`` are annotation symbols as `ecg` has forms for them; of several each beat has any.
    """

    usual: float
    utmost: float
    timing: Literal["sinus", "breathing", "regular", "irregular", "flutter"]
    symbols: str = "N"


# Of flutter the rates are the atria's.
KINDS = {
    "SB": Kind(59, 40, "sinus"),
    "SR": Kind(61, 98, "sinus"),
    "AFIB": Kind(62, 138, "irregular"),
    "ST": Kind(102, 142, "sinus"),
    "SVT": Kind(145, 205, "regular"),
    "AF": Kind(320, 240, "flutter"),
    "SA": Kind(54, 84, "breathing"),
    "AT": Kind(108, 180, "regular", "e"),
    "AVNRT": Kind(145, 215, "regular"),
    "AVRT": Kind(145, 215, "regular", "j"),
    "SAAWR": Kind(58, 96, "sinus", "Nej"),
}
# ASSUME half of flutter conducts every second wave, a third every fourth.
CONDUCTED = ((2, 0.5), (3, 0.05), (4, 0.3), (0, 0.15))  # waves a beat, 0: it varies; and share
GOLDEN = 0.6180339887498949
USUAL_S = 0.85  # the R-R interval that `tone` is made for


class Laid(NamedTuple):
    """Beats in time, and how many waves a second the atria flutter with (0: they do not)."""

    beats: Rhythm
    flutter_hz: float


def assigned(number: int, shares: Mapping[str, float], *, even: bool = False) -> str:
    """Return which of several kinds the recording of a number is of.

    Kinds are spread so that a few numbers in a row already come near the shares.

    Parameters
    ----------
    shares
        How often each kind is, in any unit.
    even
        Each kind as often as the others.
    """
    weights = np.ones(len(shares)) if even else np.array(list(shares.values()), dtype=np.float64)
    bounds = np.cumsum(weights) / weights.sum()
    place = int(np.searchsorted(bounds, (number + 1) * GOLDEN % 1, side="right"))
    return list(shares)[min(place, len(shares) - 1)]


def laid_out(name: str, seconds: float, rng: np.random.Generator, *, early: float = 0.0) -> Laid:
    """Lay out a rhythm over `seconds`.

    Parameters
    ----------
    name
        Of `KINDS`.
    early
        The share of beats that come early, from an atrium or a ventricle.

    Raises
    ------
    ValueError
        There is no rhythm of this name.
    """
    if name not in KINDS:
        raise ValueError(f"no rhythm {name!r}: known are {', '.join(KINDS)}")
    kind = KINDS[name]
    # ASSUME a third of the way from the usual rate to the utmost is the middle.
    usual_s = 60 / (kind.usual + (kind.utmost - kind.usual) * rng.beta(1.5, 3.0))
    drawn = _tone(kind, usual_s, tone(seconds, rng), rng)
    share_N = _shares(kind, int(seconds / usual_s * 2.5) + 24, rng)
    symbol_N = rng.choice(list(kind.symbols), len(share_N))
    if early:
        _make_early(share_N, symbol_N, early, rng)
    time_N = _times(share_N * usual_s, drawn, rng.uniform(0.1, 0.9) * usual_s)
    inside_N = time_N < seconds - 0.05
    beats = Rhythm(
        time_N=time_N[inside_N],
        symbol_N=symbol_N[inside_N],
        rhythm_N=np.full(int(inside_N.sum()), name),
        tone=drawn,
        period_s=float(usual_s * np.mean(share_N)),
    )
    return Laid(beats, 1 / usual_s if kind.timing == "flutter" else 0.0)


def leads(
    heart: Heart,
    laid: Laid,
    names: Sequence[str],
    *,
    rate_hz: float,
    samples: int,
    rng: np.random.Generator,
) -> Float64:
    """Return the noiseless leads of a rhythm, millivolts, shape (C, T).

    Raises
    ------
    ValueError
        A lead that no row is known for.
    """
    signal_CT = ecg.leads(heart, laid.beats, names, rate_hz=rate_hz, samples=samples, rng=rng)
    if not laid.flutter_hz:
        return signal_CT
    # ASSUME an inferior saw-tooth of 0.2 to 0.4 mV in lead II; conducted waves lead to a QRS at
    # one and the same phase.
    first_s = float(laid.beats.time_N[0]) if len(laid.beats.time_N) else 0.0
    phase_T = 2 * np.pi * laid.flutter_hz * (np.arange(samples) / rate_hz - first_s)
    phase_T += rng.uniform(0, 2 * np.pi)
    sawtooth_T = sum(np.sin(k * phase_T) / k for k in (1, 2, 3, 4))
    dipole = np.array((0.01, 0.085, 0.02)) * rng.lognormal(0, 0.25) + rng.normal(0, 0.008, 3)
    return signal_CT + np.outer(dipole @ heart.field(names), sawtooth_T)


def _tone(kind: Kind, usual_s: float, drawn: Tone, rng: np.random.Generator) -> Tone:
    """Return how a rhythm's rate follows breathing and autonomic tone."""
    if kind.timing == "breathing":
        # ASSUME breathing alone moves an irregular sinus rhythm's interval by 12 to 24 % either
        # way: the longest is then over 120 ms longer than the shortest.
        swing = rng.uniform(0.12, 0.24)
        return dataclasses.replace(drawn, rate_K=1 + swing * drawn.breath_K)
    # ASSUME tone moves a sinus rate less the faster it is, and what is no sinus rhythm hardly.
    follows = min(1.0, usual_s / USUAL_S) ** 2 if kind.timing == "sinus" else 0.05
    follows = 0.0 if kind.timing == "flutter" else follows
    return dataclasses.replace(drawn, rate_K=1 + follows * (drawn.rate_K - 1))


def _shares(kind: Kind, number: int, rng: np.random.Generator) -> Float64:
    """Return the interval before each beat as a share of the usual one; of flutter in waves."""
    if kind.timing == "flutter":
        ratio = int(rng.choice([n for n, _ in CONDUCTED], p=[p for _, p in CONDUCTED]))
        waves = [ratio] if ratio else [2, 3, 4]
        return np.asarray(rng.choice(waves, number), dtype=np.float64)
    if kind.timing == "irregular":
        # ASSUME a coefficient of variation of 0.23, the node's refractory time as a floor.
        return np.clip(rng.gamma(1 / 0.23**2, 0.23**2, number), 0.5, 2.2)
    spread = 0.004 if kind.timing == "regular" else 0.012
    return np.asarray(1 + spread * rng.standard_normal(number))


def _make_early(
    share_N: Float64, symbol_N: npt.NDArray[np.str_], early: float, rng: np.random.Generator
) -> None:
    """Let some beats come early, each with the pause that its kind has after it."""
    coupling = {"V": rng.uniform(0.54, 0.85), "A": rng.uniform(0.6, 0.85)}
    ventricular = rng.random()
    places = np.flatnonzero(rng.random(len(share_N)) < early)
    for at in (int(p) for p in places if 0 < p < len(share_N) - 1):
        if symbol_N[at - 1] in coupling:
            continue
        symbol = "V" if rng.random() < ventricular else "A"
        symbol_N[at] = symbol
        usual = share_N[at]
        share_N[at] = usual * (coupling[symbol] + 0.03 * rng.standard_normal())
        share_N[at + 1] = 2 * usual - share_N[at] if symbol == "V" else 1.06 * share_N[at + 1]


def _times(step_N: Float64, drawn: Tone, first_s: float) -> Float64:
    """Return when beats come: the first, and each other its interval after the one before."""
    time_N = np.empty(len(step_N))
    time_N[0] = at = first_s
    for n, step_s in enumerate(step_N[1:], start=1):
        at += max(float(step_s * drawn.at(drawn.rate_K, np.array(at))), 0.24)
        time_N[n] = at
    return time_N

"""A person's beats as dipole waves, which every lead sees from its own side.

A beat is a sum of Gaussians (McSharry et al.), each with a dipole in the body's axes (Sameni et
al.), so that all leads show one source. A person has own axes, amplitudes, durations, conduction,
ectopic foci and electrode placement.

Legend: W waves of a beat, 3 = (x left, y down, z back) as in Frank's leads, millivolts.

Source: McSharry et al. 2003, doi:10.1109/TBME.2003.808805; Sameni et al., EURASIP J Adv Signal
Process 2007:043407, doi:10.1155/2007/43407; leads from dipoles after Dower et al., J
Electrocardiol 1980;13(2):165-171, doi:10.1016/S0022-0736(80)80047-3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from cardiograft.records import Float64

# Lead = dot product of this row and the dipole. aVR, aVL, aVF and III follow from I and II.
DOWER = {
    "I": (0.632, -0.235, 0.059),
    "II": (0.235, 1.066, -0.132),
    "V1": (-0.515, 0.157, -0.917),
    "V2": (0.044, 0.164, -1.387),
    "V3": (0.882, 0.098, -1.277),
    "V4": (1.213, 0.127, -0.601),
    "V5": (1.125, 0.127, -0.086),
    "V6": (0.831, 0.076, 0.230),
    "Vx": (1.0, 0.0, 0.0),
    "Vy": (0.0, 1.0, 0.0),
    "Vz": (0.0, 0.0, 1.0),
}
# ASSUME the modified lead II of a Holter (electrodes on the chest) lies a little flatter than II.
DOWER["MLII"] = (0.36, 0.98, -0.10)
LIMB = {"III": (-1, 1), "aVR": (-0.5, -0.5), "aVL": (1, -0.5), "aVF": (-0.5, 1)}  # of I and II


class Wave(NamedTuple):
    """One Gaussian of a beat.

    ``centre_s`` counts from the R peak; ``rise_s`` and ``fall_s`` are its standard deviations
    before and after its centre; ``part`` is ``P``, ``QRS``, ``T`` (moves with the heart rate)
    or ``spike`` (a pacemaker's).
    """

    part: str
    centre_s: float
    rise_s: float
    fall_s: float
    dipole: tuple[float, float, float]


Form = tuple[Wave, ...]

P: Form = (
    Wave("P", -0.172, 0.019, 0.019, (0.03, 0.085, -0.045)),
    Wave("P", -0.140, 0.021, 0.019, (0.055, 0.05, 0.045)),
)
QRS: Form = (
    Wave("QRS", -0.030, 0.008, 0.009, (-0.14, 0.02, -0.28)),
    Wave("QRS", -0.004, 0.0105, 0.0105, (0.80, 0.86, -0.10)),
    Wave("QRS", 0.013, 0.010, 0.011, (0.40, 0.25, 0.72)),
    Wave("QRS", 0.034, 0.009, 0.011, (-0.12, -0.22, 0.30)),
)
T: Form = (
    Wave("T", 0.150, 0.050, 0.060, (0.03, 0.02, -0.05)),
    Wave("T", 0.285, 0.058, 0.038, (0.27, 0.20, -0.16)),
)
LEFT_BLOCK: Form = (
    Wave("QRS", -0.034, 0.017, 0.016, (0.42, 0.20, 0.35)),
    Wave("QRS", 0.0, 0.019, 0.021, (0.70, 0.50, 0.75)),
    Wave("QRS", 0.042, 0.021, 0.019, (0.62, 0.05, 0.62)),
    Wave("T", 0.150, 0.050, 0.065, (-0.16, -0.04, -0.26)),
    Wave("T", 0.310, 0.065, 0.045, (-0.30, -0.08, -0.42)),
)
RIGHT_BLOCK: Form = (
    *QRS[:3],
    Wave("QRS", 0.052, 0.015, 0.017, (-0.42, 0.02, -0.52)),
    Wave("QRS", 0.078, 0.014, 0.016, (-0.20, -0.06, -0.34)),
    Wave("T", 0.300, 0.060, 0.042, (0.28, 0.18, 0.10)),
)
DELTA: Form = (Wave("QRS", -0.048, 0.020, 0.022, (0.24, 0.22, 0.10)),)


@dataclass(frozen=True, kw_only=True)
class Heart:
    """A person: the form of each kind of beat, and how the leads see the body.

    Attributes
    ----------
    forms : mapping
        Kind to its waves: ventricles by annotation symbol (``N``, ``L``; ``V0``, ``V1`` ... by
        focus; ``W`` pre-excited), atria by origin (``P`` sinus, ``PA`` ectopic, ``PJ`` from
        below, ``PX`` not conducted, ``PW`` before ``W``), a pacemaker's ``spike``.
    foci : tuple of float
        Shares of the ventricular foci.
    atrial_dipole : tuple
        Of fibrillation and flutter waves.
    placement : mapping of lead to what its row of DOWER is multiplied with and shifted by
    """

    forms: Mapping[str, Form]
    foci: tuple[float, ...]
    atrial_dipole: tuple[float, float, float]
    placement: Mapping[str, tuple[float, Float64]] = field(default_factory=dict)

    def field(self, leads: Sequence[str]) -> Float64:
        """Return what turns a dipole into the leads' millivolts, shape (3, C).

        Raises
        ------
        ValueError
            A lead that no row is known for.
        """
        return np.stack([self._row(lead) for lead in leads], axis=1)

    def _row(self, lead: str) -> Float64:
        if lead in LIMB:
            one, two = LIMB[lead]
            return one * self._row("I") + two * self._row("II")
        if lead not in DOWER:
            raise ValueError(f"no lead field for {lead!r}: known are {', '.join(DOWER)}")
        gain, shift = self.placement.get(lead, (1.0, np.zeros(3)))
        return gain * np.array(DOWER[lead]) + shift


def person(rng: np.random.Generator, *, lowest: float = 0.8) -> Heart:
    """Draw a person; `lowest` bounds how small the QRS may be as a share of the usual."""
    tilt = _rotation(rng, degrees=16)
    size = max(lowest, float(rng.lognormal(0.38, 0.27)))
    p = _varied(P, rng, turn=_rotation(rng, degrees=15), size=float(rng.lognormal(-0.1, 0.3)))
    p = _moved(p, rng.uniform(-0.045, 0.02))  # P-R interval
    t = _varied(T, rng, turn=_rotation(rng, degrees=28), size=float(rng.lognormal(-0.2, 0.5)))
    t = _moved(t, rng.uniform(-0.03, 0.03))
    width = float(rng.uniform(0.66, 0.98))
    sinus = _varied(QRS, rng, turn=tilt, size=size, width=width)
    blocks = {
        "L": _varied(LEFT_BLOCK, rng, turn=tilt, size=size, width=float(rng.uniform(0.82, 1.05))),
        "R": _varied(RIGHT_BLOCK, rng, turn=tilt, size=size, width=float(rng.uniform(0.76, 1.05))),
    }
    early = _varied(p, rng, turn=_rotation(rng, degrees=75), size=float(rng.lognormal(-0.1, 0.35)))
    forms: dict[str, Form] = {
        "N": sinus + t,
        "P": p,
        "PW": _moved(p, 0.045),
        "W": _varied(DELTA, rng, turn=tilt, size=size) + sinus + t,
        # ASSUME an ectopic atrial focus anywhere: its P may nearly be the sinus P, or upside down.
        "PA": _moved(early, rng.uniform(-0.02, 0.05)),
        "PX": _moved(early, 0.155),
        "PJ": _moved(_varied(p, rng, turn=np.diag((0.6, -1.0, 0.8)), size=0.6), 0.27),
        "a": _varied(blocks["R"], rng, turn=_rotation(rng, degrees=12), size=1.0),
        **blocks,
    }
    number = int(rng.choice([1, 2, 3], p=[0.45, 0.35, 0.2]))
    for focus in range(number):
        forms[f"V{focus}"] = _ventricular(sinus, rng)
    forms["E"] = _ventricular(sinus, rng)
    forms["!"] = _flutter(rng)
    forms["spike"], forms["/"] = _paced(rng)
    return Heart(
        forms=forms,
        foci=tuple(sorted(rng.dirichlet(np.full(number, 0.7)), reverse=True)),
        atrial_dipole=tuple(rng.normal((0.02, 0.05, -0.07), 0.02)),
        placement={lead: _placed(rng) for lead in DOWER if lead not in ("Vx", "Vy", "Vz")},
    )


def _ventricular(sinus: Form, rng: np.random.Generator) -> Form:
    """Draw a ventricular focus: wide, without P, T against the QRS."""
    # ASSUME foci: a fifth in the septum, whose beats are narrow and go the sinus beats' way; of
    # the others two thirds near an outflow tract (axis down), the rest anywhere.
    septal = rng.random() < 0.2
    main = rng.normal((0.25, 0.75 if rng.random() < 0.65 else -0.6, 0.2), 0.55)
    if septal:
        main = np.sum([wave.dipole for wave in sinus], axis=0) + rng.normal(0, 0.35, 3)
    main *= rng.lognormal(np.log(1.75), 0.28) / max(float(np.linalg.norm(main)), 0.2)
    width = rng.uniform(0.42, 0.62) if septal else rng.uniform(0.6, 1.12)
    turns = [_rotation(rng, degrees=28) @ main for _ in range(3)]
    shares = rng.uniform((0.25, 0.75, 0.2), (0.6, 1.0, 0.75))
    centres = np.array((-0.045, 0.0, 0.050)) * width
    waves = [
        Wave("QRS", c, 0.020 * width, 0.023 * width, tuple(share * turned))
        for c, share, turned in zip(centres, shares, turns, strict=True)
    ]
    against = -_rotation(rng, degrees=18) @ main
    waves += [
        Wave("T", 0.165, 0.050, 0.070, tuple(rng.uniform(0.08, 0.2) * against)),
        Wave("T", 0.320, 0.070, 0.050, tuple(rng.uniform(0.22, 0.42) * against)),
    ]
    return tuple(waves)


def _flutter(rng: np.random.Generator) -> Form:
    """Draw ventricular flutter: QRS and T run into one another."""
    main = rng.normal((0.2, 0.9, 0.2), 0.25)
    return (
        Wave("QRS", 0.0, 0.055, 0.055, tuple(main)),
        Wave("QRS", 0.15, 0.055, 0.055, tuple(-0.8 * main)),
    )


def _paced(rng: np.random.Generator) -> tuple[Form, Form]:
    """Draw a pacemaker's spike, and beats of a right ventricular electrode: wide, axis up."""
    main = np.array((0.55, -0.85, 0.75)) + rng.normal(0, 0.3, 3)
    main *= rng.lognormal(np.log(1.5), 0.2) / np.linalg.norm(main)
    spike = rng.uniform(0.25, 1.1) * (_rotation(rng, degrees=40) @ main)
    return (Wave("spike", -0.075, 0.0016, 0.0030, tuple(spike)),), (
        Wave("QRS", -0.030, 0.019, 0.020, tuple(0.5 * (_rotation(rng, degrees=25) @ main))),
        Wave("QRS", 0.008, 0.024, 0.028, tuple(0.9 * main)),
        Wave("QRS", 0.060, 0.022, 0.026, tuple(0.4 * (_rotation(rng, degrees=25) @ main))),
        Wave("T", 0.180, 0.055, 0.070, tuple(-0.13 * main)),
        Wave("T", 0.330, 0.075, 0.055, tuple(-0.33 * main)),
    )


def _varied(
    form: Form,
    rng: np.random.Generator,
    *,
    turn: Float64,
    size: float,
    width: float = 1.0,
) -> Form:
    """Return the form turned and scaled as a whole, and each wave a little more on its own."""
    waves = []
    for wave in form:
        own = size * rng.lognormal(0, 0.16)
        dipole = turn @ np.array(wave.dipole) * own + rng.normal(0, 0.012, 3)
        stretch = width * rng.lognormal(0, 0.06)
        centre_s = wave.centre_s * (width if wave.part == "QRS" else 1.0)
        waves.append(
            Wave(wave.part, centre_s, wave.rise_s * stretch, wave.fall_s * stretch, tuple(dipole))
        )
    return tuple(waves)


def _moved(form: Form, by_s: float) -> Form:
    return tuple(wave._replace(centre_s=wave.centre_s + by_s) for wave in form)


def _placed(rng: np.random.Generator) -> tuple[float, Float64]:
    # ASSUME electrodes and torsos change a lead's gain by 18 %, its direction by some 6 degrees.
    return float(rng.lognormal(0, 0.18)), rng.normal(0, 0.1, 3)


def _rotation(rng: np.random.Generator, *, degrees: float) -> Float64:
    """Return a rotation by a random vector of `degrees` (standard deviation about each axis)."""
    vector = rng.normal(0, np.radians(degrees), 3)
    angle = float(np.linalg.norm(vector)) + 1e-12
    x, y, z = vector / angle
    cross = np.array(((0, -z, y), (z, 0, -x), (-y, x, 0)))
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)

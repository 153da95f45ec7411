"""Changes of a person's beats by disease: infarction by territory and age, blocks, hypertrophy.

Infarcted muscle has no forces of its own, so the first QRS vectors point away from it (Q waves);
the current of injury points at it while it is fresh (S-T elevation); repolarisation turns away from
it later (inverted T).

Source: the vectors as in any textbook of electrocardiography; territories by the leads that face
them, with directions in Frank's axes (x left, y down, z back). Strengths are this file's own.
"""

from dataclasses import replace

import numpy as np

from cardiograft.datasets.simulation.hearts import Form, Heart, Wave
from cardiograft.records import Float64

TERRITORIES = {
    "anterior": (0.25, 0.05, -1.0),
    "antero-septal": (-0.25, 0.0, -1.0),
    "antero-lateral": (0.75, -0.15, -0.75),
    "inferior": (0.05, 1.0, 0.15),
    "infero-lateral": (0.65, 0.75, 0.2),
    "infero-posterior": (0.05, 0.75, 0.7),
    "lateral": (1.0, -0.2, 0.1),
    "posterior": (0.15, 0.2, 1.0),
}


def infarct(
    heart: Heart, territory: str, *, size: float, age: float, rng: np.random.Generator
) -> Heart:
    """Return the person after an infarction.

    Parameters
    ----------
    territory : str
        A key of TERRITORIES.
    size : float
        0 (nothing to see) to 1 (a large transmural infarct).
    age : float
        0 (hours: S-T elevation) to 1 (old: Q waves alone); between them T waves invert.

    Raises
    ------
    ValueError
        No such territory.
    """
    if territory not in TERRITORIES:
        raise ValueError(f"no territory {territory!r}: known are {', '.join(TERRITORIES)}")
    facing = np.array(TERRITORIES[territory]) + rng.normal(0, 0.12, 3)
    facing /= np.linalg.norm(facing)
    injury = size * (1 - age) ** 2
    inversion = size * 4 * age * (1 - age) + 0.35 * size * age
    dead = size * min(1.0, 0.35 + age)
    changed = tuple(_less(wave, facing, dead, inversion) for wave in heart.forms["N"])
    new: Form = (
        Wave("QRS", -0.026, 0.011, 0.010, tuple(-0.42 * dead * facing)),
        Wave("T", 0.110, 0.035, 0.070, tuple(0.34 * injury * facing)),
        Wave("T", 0.230, 0.060, 0.060, tuple(0.22 * injury * facing)),
    )
    return replace(heart, forms={**heart.forms, "N": changed + new})


def hypertrophy(heart: Heart, *, size: float) -> Heart:
    """Return the person with a thick left ventricle: large forces left and back, T against them."""
    strain = np.array((0.75, 0.1, 0.55))
    forms = tuple(
        wave._replace(
            dipole=tuple(
                np.array(wave.dipole) * (1 + 0.7 * size)
                if wave.part == "QRS"
                else np.array(wave.dipole) - 0.3 * size * strain
            )
        )
        for wave in heart.forms["N"]
    )
    return replace(heart, forms={**heart.forms, "N": forms})


def weakened(heart: Heart, *, size: float, rng: np.random.Generator) -> Heart:
    """Return the person with a diseased muscle: lower and longer QRS, flat or turned T."""
    turn = rng.normal(0, 0.12, 3) * size
    forms = tuple(
        wave._replace(
            dipole=tuple(np.array(wave.dipole) * (1 - 0.4 * size) + (wave.part == "T") * turn),
            rise_s=wave.rise_s * (1 + 0.25 * size),
            fall_s=wave.fall_s * (1 + 0.25 * size),
        )
        for wave in heart.forms["N"]
    )
    return replace(heart, forms={**heart.forms, "N": forms})


def blocked(heart: Heart, side: str) -> Heart:
    """Return the person with a bundle branch block (`side` is ``L`` or ``R``)."""
    return replace(heart, forms={**heart.forms, "N": heart.forms[side]})


def _less(wave: Wave, facing: Float64, dead: float, inversion: float) -> Wave:
    """Take away what the lost muscle gave, and turn T away from it."""
    dipole = np.array(wave.dipole)
    towards = max(float(dipole @ facing), 0.0)
    if wave.part == "QRS":
        dipole = dipole - 0.55 * dead * towards * facing
    elif wave.part == "T" and wave.centre_s > 0.2:
        dipole = dipole - inversion * (0.8 * towards + 0.16) * facing
    return wave._replace(dipole=tuple(dipole))

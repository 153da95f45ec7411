"""Iterated function systems: drawn at random, changed a little, and rendered by the chaos game.

Source: Kataoka et al., ACCV 2020, doi:10.1007/978-3-030-69544-6_35, section 3 (FractalDB): 2 to 8
affine maps whose parameters are uniform in -1 ... 1, each taken with a probability proportional to
the absolute value of its determinant; a system is a class if its points fill a share of the
picture; instances multiply one of the six parameters of all maps by a weight. Barnsley, Fractals
Everywhere, 1988 (the chaos game).

Legend: M maps, P points side by side, S steps, H height and width of a picture.
"""

import numpy as np
import numpy.typing as npt

from cardiograft.records import Float64

System = Float64  # (M, 6): x' = a x + b y + e, y' = c x + d y + f
MAPS = (2, 8)
CHAINS, BURN_IN = 256, 20  # points that wander side by side, and their steps before any is drawn
FARTHEST = 1e6  # a point beyond it will not come back
LEAST_AREA = 1e-6  # of a map that flattens everything: it is taken now and then all the same


def drawn(rng: np.random.Generator, *, size: int, points: int, fill: float) -> System:
    """Return a system whose points fill at least the share `fill` of a picture."""
    while True:
        system_M6 = rng.uniform(-1, 1, (int(rng.integers(MAPS[0], MAPS[1] + 1)), 6))
        picture_HH = rendered(system_M6, rng, size=size, points=points)
        if picture_HH is not None and (picture_HH > 0).mean() >= fill:
            return system_M6


def varied(system_M6: System, rng: np.random.Generator, *, spread: float) -> System:
    """Return a system with one of its six parameters changed, in all maps, by up to `spread`."""
    changed_M6 = system_M6.copy()
    changed_M6[:, rng.integers(6)] *= 1 + spread * rng.uniform(-1, 1)
    return changed_M6


def instance(
    system_M6: System, rng: np.random.Generator, *, size: int, points: int, spread: float
) -> npt.NDArray[np.uint8]:
    """Return a picture of a system, varied and perhaps turned over, 8 bits a value.

    A change after which points run away is drawn anew.
    """
    picture_HH = None
    while picture_HH is None:
        changed_M6 = varied(system_M6, rng, spread=spread)
        picture_HH = rendered(changed_M6, rng, size=size, points=points)
    across, down = rng.integers(2, size=2)
    return np.ascontiguousarray(picture_HH[:: 1 - 2 * down, :: 1 - 2 * across])


def rendered(
    system_M6: System, rng: np.random.Generator, *, size: int, points: int
) -> npt.NDArray[np.uint8] | None:
    """Return how often points fall on each place, as brightness by its logarithm.

    None where they run off. The picture is as wide and as high as the points are spread.
    """
    area_M = np.abs(system_M6[:, 0] * system_M6[:, 3] - system_M6[:, 1] * system_M6[:, 2])
    edge_M = np.cumsum(area_M + LEAST_AREA)
    steps = BURN_IN + -(-points // CHAINS)
    taken_SP = np.searchsorted(edge_M, edge_M[-1] * rng.random((steps, CHAINS)))
    at_2P, seen = np.zeros((2, CHAINS)), []
    for step in range(steps):
        a, b, c, d, e, f = system_M6[np.minimum(taken_SP[step], len(edge_M) - 1)].T
        at_2P = np.stack([a * at_2P[0] + b * at_2P[1] + e, c * at_2P[0] + d * at_2P[1] + f])
        if not np.abs(at_2P).max() < FARTHEST:
            return None
        seen.append(at_2P)
    at_2N = np.concatenate(seen[BURN_IN:], axis=1)[:, :points]
    low_21, high_21 = at_2N.min(1, keepdims=True), at_2N.max(1, keepdims=True)
    share_2N = (at_2N - low_21) / np.maximum(high_21 - low_21, 1e-9)
    column_N, row_N = np.minimum((share_2N * size).astype(np.int64), size - 1)
    count_HH = np.bincount(row_N * size + column_N, minlength=size**2).reshape(size, size)
    bright_HH: Float64 = np.log1p(count_HH) / np.log1p(count_HH.max())
    return np.rint(255 * bright_HH).astype(np.uint8)

"""Statistics of a recording's R-R intervals that tell one rhythm from another.

Fibrillation changes the interval at every beat and by no rule; an ectopic beat changes two of them,
the rest stays; a sinus rhythm changes slowly. So beside the usual spreads stand those of the
intervals that are left when early and late ones are taken out, what a change says of the next
(Lorenz plot), and how often a stretch of intervals comes back (sample entropy).

Source: sample entropy of short records after Lake & Moorman, Am J Physiol Heart Circ Physiol
2011;300:H319-25, doi:10.1152/ajpheart.00561.2010; occupied cells of the Lorenz plot after Sarkar
et al., IEEE Trans Biomed Eng 2008;55:1219-24, doi:10.1109/TBME.2007.903707; turning points and
RMSSD after Dash et al., Ann Biomed Eng 2009;37:1701-9, doi:10.1007/s10439-009-9740-z.

Legend: B intervals of a recording, C changes from one interval to the next.
"""

import numpy as np
from scipy.ndimage import median_filter

from cardiograft.records import Float64

Features = dict[str, float]

SHARES = (0.05, 0.1, 0.25, 0.75, 0.9, 0.95)
CHANGES_S = (0.02, 0.05, 0.1, 0.2)  # a change of more counts: pNN20, pNN50 ...
# Edges of the histograms of changes and of intervals, as shares of the median interval.
CHANGE_EDGES = (-0.6, -0.35, -0.2, -0.1, -0.04, 0.04, 0.1, 0.2, 0.35, 0.6)
INTERVAL_EDGES = (0.5, 0.7, 0.8, 0.9, 0.97, 1.03, 1.1, 1.2, 1.4, 1.7)
NEAR = 7  # intervals whose median an interval is early or late against
EARLY, LATE = 0.85, 1.15
CELL_S, CELLS = 0.04, 15  # of the Lorenz plot: so long, and so many to either side of 0
STEADY = 0.05  # a change of less is none
FEWEST = 3  # intervals


def statistics(rr_B: Float64) -> Features:
    """Return a recording's statistics by name; NaN where there are too few intervals.

    Parameters
    ----------
    rr_B : shape (B,)
        Seconds between neighbours, in order; nothing where a beat was lost between two.
    """
    few = len(rr_B) < FEWEST
    # of three made-up intervals the names alone are used
    used_B = np.ones(FEWEST) if few else rr_B
    features = _spread(used_B) | _changes(used_B) | _outliers(used_B) | _regularity(used_B)
    features |= _lorenz(np.diff(used_B)) | _histograms(used_B)
    return {name: float("nan") for name in features} if few else features


def _spread(rr_B: Float64) -> Features:
    median, mean = float(np.median(rr_B)), float(rr_B.mean())
    away_B = rr_B - mean
    deviation = float(rr_B.std())
    safe = max(deviation, 1e-9)
    return {
        "mean": mean,
        "median": median,
        "shortest": float(rr_B.min()),
        "longest": float(rr_B.max()),
        "deviation": deviation,
        "variation": deviation / mean,
        "shortest / median": float(rr_B.min()) / median,
        "longest / median": float(rr_B.max()) / median,
        "skew": float((away_B**3).mean()) / safe**3,
        "kurtosis": float((away_B**4).mean()) / safe**4,
        "median deviation / median": float(np.median(np.abs(rr_B - median))) / median,
        **{
            f"q{share:g} / median": float(value) / median
            for share, value in zip(SHARES, np.quantile(rr_B, SHARES), strict=True)
        },
    }


def _changes(rr_B: Float64) -> Features:
    change_C, median = np.diff(rr_B), float(np.median(rr_B))
    size_C = np.abs(change_C)
    successive = float(np.sqrt(np.square(change_C).mean()))
    across, along = change_C.std() / 2**0.5, (rr_B[1:] + rr_B[:-1]).std() / 2**0.5
    turns = change_C[1:] * change_C[:-1] < 0
    return {
        "rmssd": successive,
        "rmssd / median": successive / median,
        "median change / median": float(np.median(size_C)) / median,
        "q0.25 of change / median": float(np.quantile(size_C, 0.25)) / median,
        "q0.75 of change / median": float(np.quantile(size_C, 0.75)) / median,
        "largest rise / median": float(change_C.max()) / median,
        "largest fall / median": float(change_C.min()) / median,
        "sd1 / median": float(across) / median,
        "sd2 / median": float(along) / median,
        "sd1 / sd2": float(across / max(along, 1e-9)),
        "turning points": float(turns.mean()) if len(turns) else 0.0,
        "steady": float((size_C < STEADY * median).mean()),
        **{f"pnn{1000 * least:g}": float((size_C > least).mean()) for least in CHANGES_S},
        **{f"like {lag} before": _likeness(rr_B, lag) for lag in (1, 2, 3)},
        **{f"change like {lag} before": _likeness(change_C, lag) for lag in (1, 2)},
    }


def _likeness(value_B: Float64, lag: int) -> float:
    """Return the correlation of values with those `lag` before; 0 where they do not vary."""
    one, other = value_B[lag:], value_B[:-lag]
    if len(one) < FEWEST or one.std() < 1e-9 or other.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _outliers(rr_B: Float64) -> Features:
    """Return what early and late intervals are, and the spread of what is neither."""
    local_B = rr_B / median_filter(rr_B, min(NEAR, len(rr_B)), mode="nearest")
    early_B, late_B = local_B < EARLY, local_B > LATE
    pause_C = early_B[:-1] & late_B[1:]
    rest_B = rr_B[~early_B & ~late_B]
    kept_C = np.diff(rr_B)[~(early_B | late_B)[1:] & ~(early_B | late_B)[:-1]]
    median = float(np.median(rr_B))
    has, steps = len(rest_B) >= FEWEST, len(kept_C) >= FEWEST
    return {
        "early": float(early_B.mean()),
        "late": float(late_B.mean()),
        "early, times": float(early_B.sum()),
        "late, times": float(late_B.sum()),
        "early then late": float(pause_C.sum()),
        "very early": float((local_B < 0.7).sum()),
        "very late": float((local_B > 1.5).sum()),
        "earliest": float(local_B.min()),
        "latest": float(local_B.max()),
        "local deviation": float(local_B.std()),
        "local median deviation": float(np.median(np.abs(local_B - 1))),
        "rest's variation": float(rest_B.std() / rest_B.mean()) if has else float("nan"),
        "rest's rmssd / median": (
            float(np.sqrt(np.square(kept_C).mean())) / median if steps else float("nan")
        ),
        "rest's median change": (
            float(np.median(np.abs(kept_C))) / median if steps else float("nan")
        ),
        "longest steady run": _longest_run(np.abs(np.diff(rr_B)) < STEADY * median) / len(rr_B),
    }


def _longest_run(yes_C: np.ndarray) -> float:
    edge_E = np.flatnonzero(np.diff(yes_C, prepend=False, append=False))
    return float((edge_E[1::2] - edge_E[::2]).max(initial=0))


def _regularity(rr_B: Float64) -> Features:
    """Return how seldom stretches of so many intervals come back, at several tolerances."""
    features = {}
    for length in (1, 2):
        for tolerance_s in (0.03, 0.06):
            entropy = _sample_entropy(rr_B, length, tolerance_s)
            features[f"entropy {length}, {tolerance_s:g} s"] = entropy
            features[f"coefficient {length}, {tolerance_s:g} s"] = (
                entropy + float(np.log(2 * tolerance_s)) - float(np.log(rr_B.mean()))
            )
    relative_B = rr_B / np.median(rr_B)
    features["entropy 1, relative"] = _sample_entropy(relative_B, 1, 0.05)
    features["entropy 2, relative"] = _sample_entropy(relative_B, 2, 0.1)
    share_K = np.histogram(rr_B, bins=16, range=(0.2, 2.0))[0] / len(rr_B)
    share_K = share_K[share_K > 0]
    return {**features, "entropy of intervals": -float((share_K * np.log(share_K)).sum())}


def _sample_entropy(value_B: Float64, length: int, tolerance: float) -> float:
    """Return minus the logarithm of how often stretches that are alike stay so for one more.

    One match is added to both counts, so that none gives a number too.
    """
    near_BB = np.abs(value_B[:, None] - value_B) <= tolerance
    size = len(value_B) - length
    if size < 2:
        return 0.0
    alike_BB = np.ones((size, size), dtype=bool)
    for step in range(length):
        alike_BB &= near_BB[step : step + size, step : step + size]
    longer_BB = alike_BB & near_BB[length:, length:]
    pairs, still = int(alike_BB.sum()) - size, int(longer_BB.sum()) - size
    return float(-np.log((still + 1) / (pairs + 1)))


def _lorenz(change_C: Float64) -> Features:
    """Return how the plane of a change against the one before is filled."""
    if len(change_C) < 2:
        change_C = np.zeros(2)
    edges = (np.arange(2 * CELLS + 2) - CELLS - 0.5) * CELL_S
    limited_C = np.clip(change_C, -CELLS * CELL_S, CELLS * CELL_S)
    count = np.histogram2d(limited_C[1:], limited_C[:-1], bins=[edges, edges])[0]
    points, origin = count.sum(), count[CELLS - 1 : CELLS + 2, CELLS - 1 : CELLS + 2]
    outside = count.copy()
    outside[CELLS - 1 : CELLS + 2, CELLS - 1 : CELLS + 2] = 0
    radius_C = np.hypot(change_C[1:], change_C[:-1])
    before_C, after_C = change_C[:-1], change_C[1:]
    large_C = radius_C > 1.5 * CELL_S
    opposite_C = large_C & (before_C * after_C < 0)
    return {
        "lorenz cells": float((outside > 0).sum()),
        "lorenz cells / points": float((outside > 0).sum() / points),
        "lorenz at origin": float(origin.sum() / points),
        "lorenz in middle cell": float(count[CELLS, CELLS] / points),
        "lorenz evidence": float(((outside > 0).sum() - origin.sum()) / points),
        "lorenz fullest cell": float(outside.max() / points),
        "lorenz opposite": float(opposite_C.mean()),
        "lorenz radius": float(radius_C.mean()),
        "lorenz median radius": float(np.median(radius_C)),
        "lorenz step": float(np.hypot(*np.diff([after_C, before_C], axis=1)).mean())
        if len(before_C) > 1
        else 0.0,
    }


def _histograms(rr_B: Float64) -> Features:
    median = float(np.median(rr_B))
    features: Features = {}
    for name, value, edges in (
        ("change", np.diff(rr_B) / median, CHANGE_EDGES),
        ("interval", rr_B / median, INTERVAL_EDGES),
    ):
        count_K = np.bincount(np.digitize(value, edges), minlength=len(edges) + 1)
        features |= {f"{name} {k}": float(c) / len(value) for k, c in enumerate(count_K)}
    return features

"""R-R features of a beat, relative to its own recording and to its surroundings.

Intervals are logarithms throughout, so a feature is the same at any pace. A premature beat is
early against the recording's median as long as most beats are not premature. Where they are
(sick sinus, long atrial bigeminy), the upper quantiles of the intervals near by stay with the
sinus beats. Fibrillation shows as irregularity over some twenty beats.

Legend: B beats, L beats of a surrounding, F features.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter, uniform_filter1d

from cardiograft.records import Float64
from cardiograft.signals.beats import Sequence

SHORTEST_S, LONGEST_S = 0.15, 6.0
AROUND = 11  # R-R intervals, that before the beat in the middle
NEAR = 8  # beats to either side
NAMES = ("before 3", "before 2", "before", "after", "after 2", "after 3")
Features = dict[str, Float64]


def columns(rr_B: Float64) -> Features:
    """Return what shards hold of a recording's R-R intervals, a value a beat, by name.

    ``rr_before`` and ``rr_after`` of the beat and ``rr_record``, the recording's median, in
    seconds; the first two as shares of the third, ``rr_before_of_record`` and
    ``rr_after_of_record``; ``rr_before_of_local``, a share of the median of the `AROUND`
    intervals about it; ``rr_irregularity``, the median change of the interval's logarithm from
    one beat to the next, `NEAR` beats to either side. NaN where there is no interval.

    Parameters
    ----------
    rr_B : shape (B - 1,)
        Seconds between neighbours.
    """
    edge = [np.nan]
    before_B, after_B = np.concatenate([edge, rr_B]), np.concatenate([rr_B, edge])
    median = np.median(rr_B) if len(rr_B) else np.nan
    local_B = median_filter(rr_B, AROUND, mode="nearest") if len(rr_B) else rr_B
    known_B = np.concatenate([rr_B[:1] if len(rr_B) else edge, rr_B])
    return {
        "rr_before": before_B,
        "rr_after": after_B,
        "rr_record": np.full(len(before_B), median),
        "rr_before_of_record": before_B / median,
        "rr_after_of_record": after_B / median,
        "rr_before_of_local": before_B / np.concatenate([edge, local_B]),
        "rr_irregularity": _median_step(_steps(logarithm(known_B)), NEAR),
    }


def late(before_B: Float64) -> npt.NDArray[np.bool_]:
    """Return which beats do not come early against those near by.

    All of them do where that leaves four or fewer.

    Parameters
    ----------
    before_B
        R-R intervals before each beat, in seconds.
    """
    rr_B = logarithm(before_B)
    early_B = rr_B - local(rr_B, 20)
    late_B = (early_B >= np.median(early_B)) & (early_B > -0.08)
    return late_B if late_B.sum() > 4 else np.ones(len(late_B), dtype=bool)


def rhythm(beats: Sequence, likeness_B: Float64) -> Features:
    """Return features by name, each of shape (B,).

    Parameters
    ----------
    beats
    likeness_B
        From -1 to 1: how each beat's QRS complex resembles the recording's median one.
    """
    before_B, after_B = logarithm(beats.before_B), logarithm(beats.after_B)
    return {
        **_against(before_B, after_B),
        **_quantiles(before_B),
        **_irregularity(before_B),
        **_pattern(before_B),
        **_regular_beats(before_B, likeness_B),
    }


def logarithm(interval_B: Float64) -> Float64:
    """Return the logarithm of intervals in seconds, held within what a heart can do."""
    return np.asarray(np.log(np.clip(interval_B, SHORTEST_S, LONGEST_S)))


def around(values_B: Float64, reach: int) -> Float64:
    """Return each beat's surrounding, `reach` beats to either side, shape (B, L).

    At the ends it is mirrored, in a recording too short for that the last value is repeated.
    """
    mode: str = "reflect" if len(values_B) > reach else "edge"
    padded = np.pad(values_B, reach, mode=mode)  # type: ignore[call-overload]
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1))


def local(values_B: Float64, reach: int, statistic: Callable[..., Float64] = np.median) -> Float64:
    """Return a statistic of each beat's surrounding, shape (B,)."""
    return np.asarray(statistic(around(values_B, reach), axis=-1))


def _mean(values_B: npt.NDArray[np.generic], reach: int) -> Float64:
    mean_B = uniform_filter1d(values_B.astype(float), 2 * reach + 1, mode="mirror")
    return np.asarray(np.clip(mean_B, values_B.min(), values_B.max()))  # running sums round off


def _against(before_B: Float64, after_B: Float64) -> Features:
    """Lay the intervals around a beat against the recording and against those near by."""
    usual, near_B, nearest_B = np.median(before_B), local(before_B, 20), local(before_B, 5)
    intervals = (
        np.roll(before_B, 2),
        np.roll(before_B, 1),
        before_B,
        after_B,
        np.roll(after_B, -1),
        np.roll(after_B, -2),
    )
    features = {f"{n} / usual": rr_B - usual for n, rr_B in zip(NAMES, intervals, strict=True)}
    features |= {f"{n} / near": rr_B - near_B for n, rr_B in zip(NAMES, intervals, strict=True)}
    pair_B = np.log(np.exp(before_B) + np.exp(after_B)) - np.log(2)
    return features | {
        "before / nearest": before_B - nearest_B,
        "after / nearest": after_B - nearest_B,
        "near / usual": near_B - usual,
        "nearest / usual": nearest_B - usual,
        "before / after": before_B - after_B,
        "before / before 2": before_B - intervals[1],
        "after / after 2": after_B - intervals[4],
        "pair / near": pair_B - near_B,
        "before / longest": before_B - local(before_B, 5, np.max),
        "before / shortest": before_B - local(before_B, 5, np.min),
    }


def _quantiles(before_B: Float64) -> Features:
    """Lay the interval before against quantiles of the recording and of the surroundings."""
    features = {f"before / q{q:g}": before_B - np.quantile(before_B, q) for q in (0.25, 0.75, 0.9)}
    for reach in (10, 30):
        local_QB = np.quantile(around(before_B, reach), (0.75, 0.9), axis=-1)
        features |= {
            f"before / q{q:g} of {reach}": before_B - local_B
            for q, local_B in zip((0.75, 0.9), local_QB, strict=True)
        }
    return features


def _steps(before_B: Float64) -> Float64:
    return np.asarray(np.diff(before_B, prepend=before_B[:1]))


def _median_step(step_B: Float64, reach: int) -> Float64:
    return local(np.abs(step_B), reach)


def _irregularity(before_B: Float64) -> Features:
    step_B = _steps(before_B)
    features = {}
    for reach in (8, 20, 40):
        features[f"step rms {reach}"] = np.sqrt(_mean(step_B**2, reach))
        features[f"step median {reach}"] = _median_step(step_B, reach)
    low_B, high_B = np.quantile(around(before_B, 20), (0.25, 0.75), axis=-1)
    short_B = features["step rms 20"] / np.sqrt(2)
    spread_B = local(before_B, 20, np.std)
    long_B = np.sqrt(np.maximum(2 * spread_B**2 - short_B**2, 1e-6))
    turn_B = np.pad((step_B[1:-1] * step_B[2:] < 0).astype(float), (1, 1))[: len(before_B)]
    return features | {
        "quartiles apart": high_B - low_B,
        "Poincare short / long": short_B / (long_B + 1e-3),
        "turns": _mean(turn_B, 20),
        "step median": np.full(len(before_B), np.median(np.abs(step_B))),
    }


def _pattern(before_B: Float64) -> Features:
    """Describe how the intervals near by lie about their own median."""
    away_B = before_B - local(before_B, 20)
    bin_B = np.clip(np.round(away_B / 0.05), -10, 10)
    share_KB = np.stack([_mean(bin_B == k, 20) for k in range(-10, 11)])
    return {
        "early near": _mean(away_B < -0.12, 20),
        "late near": _mean(away_B > 0.12, 20),
        "on time near": _mean(np.abs(away_B) < 0.05, 20),
        "entropy": -(share_KB * np.log(share_KB + 1e-9)).sum(axis=0),
        "early in all": np.full(len(before_B), (away_B < -0.12).mean()),
    }


def _regular_beats(before_B: Float64, likeness_B: Float64) -> Features:
    """Measure irregularity among usual beats, so that ventricular ectopy does not count."""
    usual_B = likeness_B > 0.9
    pair_B = usual_B & np.append(False, usual_B[:-1])
    counts_B = (pair_B & np.append(False, pair_B[:-1])).astype(float)
    share_B = _mean(counts_B, 20)
    square_B = np.minimum(_steps(before_B) ** 2, 0.5)
    return {
        "step rms of usual": np.sqrt(_mean(counts_B * square_B, 20) / (share_B + 0.02)),
        "usual near": share_B,
    }

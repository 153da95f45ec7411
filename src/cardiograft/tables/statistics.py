"""Intervals and tests whose units are people, not segments.

Segments of one person are alike, so a bootstrap draws subjects with all their segments.
Repeats (seeds) of a run share those subjects: each draw averages over them, so an interval
is about unseen people and these trained models.

Legend: S subjects, B draws, R repeats, D additive numbers a subject
(`cardiograft.evaluation.scoring`).
"""

import math
from collections.abc import Callable
from itertools import product

import numpy as np
from scipy import stats

from cardiograft.records import Float64

# ASSUME a value that rests on fewer subjects gets no interval: with two, one draw in seven
# holds neither of them, and the rest is those two alone.
LEAST_SUBJECTS = 3
# Up to so many subjects every swap of the paired test is tried.
EXHAUSTIVE = 12

Values = Callable[[Float64], dict[str, Float64]]


def draws(subjects: int, *, count: int, seed: tuple[int, ...]) -> Float64:
    """Return how often each subject is in each draw with replacement, shape (B, S)."""
    generator = np.random.default_rng(seed)
    share = np.full(subjects, 1 / subjects)
    return generator.multinomial(subjects, share, size=count).astype(np.float64)


def over_repeats(values: Values, sums_RSD: Float64, weights_BS: Float64) -> dict[str, Float64]:
    """Return each value's mean over repeats, per row of weights: class to shape (B,)."""
    repeats = [values(weights_BS @ sums_SD) for sums_SD in sums_RSD]
    return {name: np.mean([one[name] for one in repeats], axis=0) for name in repeats[0]}


def interval(
    values_B: Float64, *, level: float, subjects: int, least: int = LEAST_SUBJECTS
) -> tuple[float, float]:
    """Return an expanded percentile interval of bootstrap draws.

    The plain percentile interval is too short where clusters are few. Its tail shares are
    widened as Student's interval widens the normal one: ``Phi(-sqrt(n / (n - 1)) t)`` with
    ``t`` of n - 1 degrees of freedom, n the subjects that the value rests on.

    Parameters
    ----------
    values_B : float64, shape (B,)
        Undefined draws (NaN: a class was not drawn) are left out.
    level
        0.95 for a 95 % interval.
    subjects
        How many subjects the value rests on.

    Returns
    -------
    low, high
        NaN, NaN where the value rests on fewer than `least` subjects, or no draw is defined.

    Source: Hesterberg TC. Am Stat 2015;69:371-86, doi:10.1080/00031305.2015.1089789.
    """
    defined_B = values_B[np.isfinite(values_B)]
    if subjects < max(least, 2) or not len(defined_B):
        return float("nan"), float("nan")
    t = stats.t.ppf((1 + level) / 2, df=subjects - 1)
    tail = float(stats.norm.cdf(-np.sqrt(subjects / (subjects - 1)) * t))
    low, high = np.quantile(defined_B, [tail, 1 - tail])
    return float(low), float(high)


def swaps(subjects: int, *, count: int, seed: tuple[int, ...]) -> tuple[Float64, bool]:
    """Return swaps of two runs by subject, shape (P, S) of 0 and 1, and whether they are all.

    All 2^S of them (the first changes nothing) up to `EXHAUSTIVE` subjects, else `count`
    at random.
    """
    if subjects <= EXHAUSTIVE:
        return np.array(list(product((0.0, 1.0), repeat=subjects))), True
    generator = np.random.default_rng(seed)
    return generator.integers(0, 2, size=(count, subjects)).astype(np.float64), False


def paired_p(
    values: Values,
    of_RSD: Float64,
    to_RSD: Float64,
    *,
    count: int,
    seed: tuple[int, ...],
) -> dict[str, float]:
    """Return a two-sided p of no difference between two runs on the same subjects.

    Were the two alike, a subject's predictions could change hands. The difference is
    computed anew with each subject's predictions swapped or not, repeat by repeat; p is the
    share of swaps with a difference at least as large. Exact up to `EXHAUSTIVE` subjects. Of
    unequal repeats all count: the fewer go round again, so that each run's are in equal shares.

    Source: Good P. Permutation, Parametric and Bootstrap Tests of Hypotheses, 3rd ed., ch. 3.
    """
    shared = math.lcm(len(of_RSD), len(to_RSD))
    of_RSD, to_RSD = (sums[np.arange(shared) % len(sums)] for sums in (of_RSD, to_RSD))
    swap_PS, every = swaps(of_RSD.shape[1], count=count, seed=seed)
    keep_PS = 1 - swap_PS
    repeats: list[dict[str, Float64]] = []
    for of_SD, to_SD in zip(of_RSD, to_RSD, strict=True):
        one = values(keep_PS @ of_SD + swap_PS @ to_SD)
        other = values(swap_PS @ of_SD + keep_PS @ to_SD)
        repeats.append({name: one[name] - other[name] for name in one})
    seen = _difference(values, of_RSD, to_RSD)
    return {
        name: _share(np.mean([one[name] for one in repeats], axis=0), seen[name], every)
        for name in repeats[0]
    }


def _difference(values: Values, of_RSD: Float64, to_RSD: Float64) -> dict[str, float]:
    all_1S = np.ones((1, of_RSD.shape[1]))
    of, to = (over_repeats(values, sums, all_1S) for sums in (of_RSD, to_RSD))
    return {name: float(of[name][0] - to[name][0]) for name in of}


def _share(swapped_P: Float64, seen: float, every: bool) -> float:
    swapped_P = swapped_P[np.isfinite(swapped_P)]
    if not np.isfinite(seen) or not len(swapped_P):
        return float("nan")
    # Rounding must not tell a difference from itself.
    as_large = int((np.abs(swapped_P) >= abs(seen) * (1 - 1e-9) - 1e-12).sum())
    return as_large / len(swapped_P) if every else (as_large + 1) / (len(swapped_P) + 1)


def least_p(subjects: int, *, count: int) -> float:
    """Return the smallest p that `paired_p` can give: so few subjects have so few swaps."""
    exact = 2.0 ** (1 - subjects)
    return exact if subjects <= EXHAUSTIVE else max(exact, 1 / (count + 1))


def detectable(
    differences_B: Float64, *, subjects: int, alpha: float, power: float, least: float
) -> float:
    """Return the smallest true difference that a paired test would have shown.

    ``(t(1 - alpha / 2) + t(power)) SE``, t of Student's distribution with n - 1 degrees of
    freedom, n the subjects that the value rests on, and SE the standard deviation of the paired
    bootstrap's differences times ``sqrt(n / (n - 1))``: a bootstrap over n subjects spreads too
    little by as much.

    Parameters
    ----------
    differences_B : float64, shape (B,)
        Of two runs on the same draws of subjects; undefined draws (NaN) are left out.
    subjects
        n.
    alpha
        The p below which a difference is shown: of a family of m comparisons 0.05 / m, with
        which Holm's correction begins.
    power
        0.8: how often such a difference would have been shown.
    least
        The smallest p that the test can give.

    Returns
    -------
    float
        Infinite where no difference, however large, could give a p as small as `alpha`; NaN
        where no draw, or fewer than two subjects, say how far values spread.

    Source: Bloom HS. Eval Rev 1995;19:547-56, doi:10.1177/0193841X9501900504.
    """
    defined_B = differences_B[np.isfinite(differences_B)]
    if subjects < 2 or len(defined_B) < 2:
        return float("nan")
    if least > alpha:
        return float("inf")
    error = float(defined_B.std(ddof=1)) * np.sqrt(subjects / (subjects - 1))
    steps = stats.t.ppf([1 - alpha / 2, power], df=subjects - 1).sum()
    return float(steps * error)


def equivalent(low: float, high: float, *, margin: float) -> bool | None:
    """Return whether an interval shows a difference to be smaller than a margin; None without one.

    Of two one-sided tests at 5 % each both refuse a difference as large as the margin where the
    90 % interval lies within it.

    Source: Schuirmann DJ. J Pharmacokinet Biopharm 1987;15:657-80, doi:10.1007/BF01068419.
    """
    if not (np.isfinite(low) and np.isfinite(high)):
        return None
    return bool(-margin < low and high < margin)


def holm(p: list[float]) -> list[float]:
    """Return Holm's adjusted p of one family; undefined ones (NaN) are not part of it.

    Source: Holm S. Scand J Stat 1979;6:65-70.
    """
    adjusted = [float("nan")] * len(p)
    order = sorted((value, i) for i, value in enumerate(p) if np.isfinite(value))
    highest = 0.0
    for rank, (value, i) in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * value))
        adjusted[i] = highest
    return adjusted

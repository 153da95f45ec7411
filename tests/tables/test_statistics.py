from itertools import product

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from cardiograft.records import Float64
from cardiograft.tables import statistics


def share(sums_BD: Float64) -> dict[str, Float64]:
    """A ratio of sums: right of all."""
    return {"": sums_BD[:, 0] / sums_BD[:, 1]}


def people(generator: np.random.Generator, subjects: int, *, shift: float = 0.0) -> Float64:
    """Return right and all of people who differ: (1, S, 2)."""
    chance_S = np.clip(generator.normal(0.7 + shift, 0.15, size=subjects), 0, 1)
    all_S = generator.integers(50, 150, size=subjects)
    return np.stack([generator.binomial(all_S, chance_S), all_S], axis=1)[None].astype(float)


def covers(subjects: int, *, expanded: bool, trials: int = 400) -> float:
    generator = np.random.default_rng(subjects)
    truth = share(people(generator, 200_000)[0].sum(axis=0, keepdims=True))[""][0]
    inside = 0
    for trial in range(trials):
        sums_RSD = people(generator, subjects)
        weights_BS = statistics.draws(subjects, count=600, seed=(trial,))
        drawn_B = statistics.over_repeats(share, sums_RSD, weights_BS)[""]
        low, high = statistics.interval(drawn_B, level=0.95, subjects=subjects)
        if not expanded:
            low, high = np.quantile(drawn_B, [0.025, 0.975])
        inside += low <= truth <= high
    return inside / trials


@pytest.mark.parametrize("subjects", [8, 22])
def test_interval_covers_what_it_says(subjects: int) -> None:
    # 400 trials: a true 95 % shows 92.9 % or more in 97 of 100 seeds.
    assert covers(subjects, expanded=True) >= 0.925


def test_plain_percentile_interval_would_be_too_short() -> None:
    assert covers(8, expanded=False) < 0.92 < covers(8, expanded=True)


def test_segments_of_one_person_are_no_sample() -> None:
    sums_RSD = people(np.random.default_rng(0), 10)
    weights_BS = statistics.draws(10, count=4000, seed=(0,))
    drawn_B = statistics.over_repeats(share, sums_RSD, weights_BS)[""]
    right, total = sums_RSD[0].sum(axis=0)
    by_segment = np.sqrt(right / total * (1 - right / total) / total)
    assert drawn_B.std() > 2 * by_segment


def test_draws_are_of_as_many_subjects_with_replacement() -> None:
    weights_BS = statistics.draws(7, count=500, seed=(1,))
    assert weights_BS.shape == (500, 7)
    assert (weights_BS.sum(axis=1) == 7).all()
    assert (weights_BS == statistics.draws(7, count=500, seed=(1,))).all()
    assert (weights_BS != statistics.draws(7, count=500, seed=(2,))).any()


def test_bootstrap_is_scipys() -> None:
    sums_SD = people(np.random.default_rng(3), 30)[0]
    weights_BS = statistics.draws(30, count=20_000, seed=(0,))
    ours = statistics.over_repeats(share, sums_SD[None], weights_BS)[""].std()
    theirs = stats.bootstrap(
        (sums_SD[:, 0], sums_SD[:, 1]),
        lambda right, total, axis: right.sum(axis=axis) / total.sum(axis=axis),
        paired=True,
        n_resamples=20_000,
        method="percentile",
        random_state=np.random.default_rng(0),
    ).standard_error
    assert ours == pytest.approx(theirs, rel=0.03)


def test_repeats_are_averaged_within_a_draw() -> None:
    one, two = (people(np.random.default_rng(s), 9) for s in (1, 2))
    weights_BS = statistics.draws(9, count=50, seed=(0,))
    both = statistics.over_repeats(share, np.concatenate([one, two]), weights_BS)[""]
    each = [statistics.over_repeats(share, s, weights_BS)[""] for s in (one, two)]
    np.testing.assert_allclose(both, np.mean(each, axis=0))


@pytest.mark.parametrize("subjects", [0, 1, 2])
def test_too_few_subjects_get_no_interval(subjects: int) -> None:
    assert np.isnan(statistics.interval(np.arange(99.0), level=0.95, subjects=subjects)).all()


def test_fewer_carriers_never_make_an_interval_shorter() -> None:
    drawn_B = np.random.default_rng(0).normal(size=2000)
    widths = [
        np.subtract(*statistics.interval(drawn_B, level=0.9, subjects=n)[::-1])
        for n in (3, 5, 10, 30, 10_000)
    ]
    assert widths == sorted(widths, reverse=True)
    plain = np.subtract(*np.quantile(drawn_B, [0.95, 0.05]))
    assert widths[-1] == pytest.approx(plain, rel=1e-3)


def test_draws_without_the_class_are_left_out() -> None:
    drawn_B = np.array([0.1, np.nan, 0.2, 0.3, np.nan])
    low, high = statistics.interval(drawn_B, level=0.95, subjects=4)
    assert 0.1 <= low < high <= 0.3
    assert np.isnan(statistics.interval(np.full(5, np.nan), level=0.95, subjects=4)).all()


def test_paired_p_of_few_subjects_is_exact() -> None:
    generator = np.random.default_rng(4)
    total_S = np.full(6, 100.0)
    of, to = (
        np.stack([generator.integers(lo, 100, size=6), total_S], axis=1)[None] for lo in (60, 40)
    )
    p_value = statistics.paired_p(share, of, to, count=1, seed=(0,))[""]
    change_S = (of - to)[0, :, 0]
    every = [abs(np.dot(sign, change_S)) for sign in product((-1, 1), repeat=6)]
    assert p_value == pytest.approx(np.mean(np.array(every) >= abs(change_S.sum()) - 1e-9))


def test_paired_p_agrees_with_scipys_permutation_test() -> None:
    generator = np.random.default_rng(5)
    of_S, to_S = generator.normal(0.2, 1, size=25), generator.normal(0, 1, size=25)
    theirs = stats.permutation_test(
        (of_S, to_S),
        lambda a, b, axis: (a - b).mean(axis=axis),
        permutation_type="samples",
        n_resamples=20_000,
        random_state=np.random.default_rng(0),
    ).pvalue
    sums = [np.stack([s, np.ones(25)], axis=1)[None] for s in (of_S, to_S)]
    ours = statistics.paired_p(share, sums[0], sums[1], count=20_000, seed=(0,))[""]
    assert ours == pytest.approx(theirs, abs=0.02)


@pytest.mark.parametrize("repeats", [(3, 1), (1, 3), (2, 3)])
def test_paired_p_of_unequal_repeats_counts_all_of_them(repeats: tuple[int, int]) -> None:
    """A difference that the first repeats lack is seen, as the interval sees it."""
    generator = np.random.default_rng(3)
    of, to = (
        np.stack([np.stack([generator.normal(m, 0.1, 20), np.ones(20)], axis=1) for m in means])
        for means in ([-0.5, 1.5, 2.0][: repeats[0]], [-0.5, 0.5, 0.0][: repeats[1]])
    )
    p_value = statistics.paired_p(share, of, to, count=2000, seed=(0,))[""]
    means = [sums.mean(axis=0, keepdims=True) for sums in (of, to)]
    assert p_value == statistics.paired_p(share, *means, count=2000, seed=(0,))[""]


def test_paired_p_is_uniform_under_no_difference() -> None:
    generator = np.random.default_rng(6)
    p_values = [
        statistics.paired_p(
            share, people(generator, 15), people(generator, 15), count=199, seed=(k,)
        )[""]
        for k in range(300)
    ]
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


def test_a_real_difference_is_seen_and_none_is_not() -> None:
    generator = np.random.default_rng(7)
    to = people(generator, 20)
    of = to + np.array([15.0, 0.0])
    assert statistics.paired_p(share, of, to, count=999, seed=(0,))[""] == pytest.approx(0.001)
    assert statistics.paired_p(share, to, to, count=999, seed=(0,))[""] == 1


def test_holm_is_statsmodels() -> None:
    generator = np.random.default_rng(8)
    for size in range(1, 13):
        for p in (generator.random(size), generator.integers(0, 4, size=size) / 30):
            np.testing.assert_allclose(
                statistics.holm(p.tolist()), multipletests(p, method="holm")[1]
            )


def test_holm_leaves_undefined_ones_out_of_the_family() -> None:
    adjusted = statistics.holm([0.01, float("nan"), 0.03])
    assert adjusted[0] == pytest.approx(0.02)
    assert np.isnan(adjusted[1])
    assert adjusted[2] == pytest.approx(0.03)


def mean(sums_BD: Float64) -> dict[str, Float64]:
    """A mean over subjects: the sum, and how many."""
    return {"": sums_BD[:, 0] / sums_BD[:, 1]}


def pair(generator: np.random.Generator, subjects: int, difference: float) -> tuple[Float64, ...]:
    """Return two runs on the same people: (1, S, 2) each, apart by `difference` on average."""
    base_S = generator.normal(0.6, 0.2, size=subjects)
    other_S = base_S + generator.normal(difference, 0.1, size=subjects)
    one_S = np.ones(subjects)
    return tuple(np.stack([x_S, one_S], axis=1)[None] for x_S in (other_S, base_S))


def detectable(runs: tuple[Float64, ...], subjects: int, *, alpha: float = 0.05) -> float:
    weights_BS = statistics.draws(subjects, count=400, seed=(7,))
    of_B, to_B = (statistics.over_repeats(mean, x_RSD, weights_BS)[""] for x_RSD in runs)
    return statistics.detectable(
        of_B - to_B,
        subjects=subjects,
        alpha=alpha,
        power=0.8,
        least=statistics.least_p(subjects, count=400),
    )


@pytest.mark.parametrize(("subjects", "alpha"), [(9, 0.05), (22, 0.05), (22, 0.05 / 4)])
def test_a_detectable_difference_is_shown_in_four_of_five_studies(
    subjects: int, alpha: float
) -> None:
    generator = np.random.default_rng(subjects)
    same = [pair(generator, subjects, 0.0) for _ in range(60)]
    smallest = float(np.median([detectable(runs, subjects, alpha=alpha) for runs in same]))
    shown = 0
    for trial in range(300):
        of_RSD, to_RSD = pair(generator, subjects, smallest)
        p = statistics.paired_p(mean, of_RSD, to_RSD, count=1000, seed=(trial,))
        shown += p[""] <= alpha
    # Two standard errors of 300 trials are .046; swaps of few people are a little coarser than t.
    assert 0.72 <= shown / 300 <= 0.88


def test_a_family_asks_more_of_each_difference() -> None:
    runs = pair(np.random.default_rng(1), 22, 0.0)
    assert detectable(runs, 22, alpha=0.05 / 5) > 1.2 * detectable(runs, 22)


def test_five_people_can_show_no_difference_at_all() -> None:
    # All five better: p = 2 / 2^5 = .0625.
    runs = pair(np.random.default_rng(1), 5, 10.0)
    assert statistics.paired_p(mean, *runs, count=400, seed=(0,))[""] == 0.0625
    assert statistics.least_p(5, count=400) == 0.0625
    assert detectable(runs, 5) == np.inf
    assert np.isfinite(detectable(pair(np.random.default_rng(1), 6, 0.0), 6))


def test_nothing_is_detectable_where_nothing_is_defined() -> None:
    made = {"subjects": 9, "alpha": 0.05, "power": 0.8, "least": 0.001}
    assert np.isnan(statistics.detectable(np.full(100, np.nan), **made))
    assert np.isnan(statistics.detectable(np.arange(100.0), **{**made, "subjects": 1}))


def test_equivalence_is_two_one_sided_tests() -> None:
    generator = np.random.default_rng(2)
    for shift in (0.0, 0.03, 0.05, 0.08):
        difference_S = generator.normal(shift, 0.1, size=40)
        mean_, error = difference_S.mean(), stats.sem(difference_S)
        half = stats.t.ppf(0.95, 39) * error
        p = [stats.t.sf((0.06 + sign * mean_) / error, 39) for sign in (1, -1)]
        verdict = statistics.equivalent(mean_ - half, mean_ + half, margin=0.06)
        assert verdict == (max(p) < 0.05)


def test_no_interval_no_equivalence() -> None:
    assert statistics.equivalent(np.nan, np.nan, margin=0.1) is None

"""The learning curve index: what it counts, and what it is of noise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardiograft.evaluation.learning_curve import learning_curve_index

VALUES = st.lists(st.floats(0, 1, width=16), min_size=2, max_size=30)


def test_it_is_the_mean_rise_over_the_mean_fall_times_the_best() -> None:
    # Rises of .3, .1 and .2, falls of .1 and .3: (.2 / .2) x .8, best at the third.
    assert learning_curve_index([0.4, 0.7, 0.8, 0.7, 0.4, 0.6]) == pytest.approx(0.8)
    assert learning_curve_index([0.1, 0.9, 0.7]) == pytest.approx(0.8 / 0.2 * 0.9)


@pytest.mark.parametrize("level", [0.3, 0.85])
def test_of_noise_about_a_level_it_is_about_the_best_value(level: float) -> None:
    noise = np.random.default_rng(0).normal(level, 0.01, 4000)
    assert learning_curve_index(noise.tolist()) == pytest.approx(noise.max(), rel=0.05)


def test_where_no_epoch_fell_it_is_infinite_and_where_none_rose_zero() -> None:
    assert learning_curve_index([0.1, 0.2, 0.2, 0.3]) == float("inf")
    assert learning_curve_index([0.3, 0.2, 0.2, 0.1]) == 0
    assert learning_curve_index([0.5, 0.5, 0.5]) == 0
    assert np.isnan(learning_curve_index([0.5]))
    assert np.isnan(learning_curve_index([]))


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_where_an_epoch_is_not_known_neither_is_the_index(place: int, value: float) -> None:
    values = [0.4, 0.7, 0.6, 0.8]
    values.insert(place, value)
    assert np.isnan(learning_curve_index(values))


@given(values=VALUES, at=st.integers(0, 29))
def test_an_epoch_that_changes_nothing_counts_neither_way(values: list[float], at: int) -> None:
    place = at % len(values)
    longer = [*values[: place + 1], *values[place:]]
    assert learning_curve_index(longer) == learning_curve_index(values)


@given(values=VALUES)
def test_it_is_never_negative_and_at_one_scale_with_the_best(values: list[float]) -> None:
    index = learning_curve_index(values)
    assert index >= 0
    if np.isfinite(index) and index > 1e-6:
        assert learning_curve_index([8 * v for v in values]) == pytest.approx(8 * index, rel=1e-6)

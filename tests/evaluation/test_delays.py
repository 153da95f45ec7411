"""Predictions moved to where they suit: found where there is a best delay, not made where none."""

import numpy as np
import pytest
from scored_signals import made, rows, value

from cardiograft.evaluation import delays

RATE_HZ = 125.0
WAVE = np.sin(2 * np.pi * 3 * np.arange(500) / RATE_HZ) + np.cos(2 * np.pi * 0.7 * np.arange(500))


def waves(*late: int) -> np.ndarray:
    return np.stack([np.roll(WAVE, one)[100:400] for one in late])


def test_what_comes_late_is_moved_back() -> None:
    fixed, moved = (made(waves(0), waves(late), rate_hz=RATE_HZ) for late in (0, 5))
    aligned = delays.aligned(moved, fixed).score_NK
    np.testing.assert_allclose(aligned[:, :290], fixed.score_NK[:, :290], atol=1e-6)
    assert value(moved, "delay") == pytest.approx(40)


@pytest.mark.parametrize("flat", ["reference", "prediction"])
def test_where_nothing_correlates_nothing_is_moved(flat: str) -> None:
    still = made(waves(0), np.full((1, 300), 0.1), rate_hz=RATE_HZ)
    wave = made(waves(0), waves(5), rate_hz=RATE_HZ)
    fixed, moved = (still, wave) if flat == "reference" else (wave, still)
    np.testing.assert_array_equal(delays.aligned(moved, fixed).score_NK, moved.score_NK)


def test_a_flat_prediction_has_no_delay_and_counts_as_0_in_the_correlation() -> None:
    names = ["d/a", "d/b"]
    still = np.full(300, 0.1)
    both = made(waves(0, 0), [waves(5)[0], still], subjects=names, rate_hz=RATE_HZ)
    assert rows(both, "delay")[""]["subjects"] == 1
    assert value(both, "delay") == pytest.approx(40)
    assert value(both, "pearson_at_delay") == pytest.approx(0.5, abs=1e-3)
    alone = made(waves(0), [still], rate_hz=RATE_HZ)
    assert np.isnan(value(alone, "delay"))
    assert value(alone, "pearson_at_delay") == 0

"""Metrics of what a reader of a predicted ECG could do with it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scored_signals import beats, made, rows, value
from synthetic import RATE_HZ, spikes

from cardiograft.evaluation import complexes, delays, predictions
from cardiograft.evaluation.predictions import Predictions
from cardiograft.tables.saved_parts import mean_predictions

STEADY = [0.8 * k + 0.6 for k in range(11)]
SAMPLES = 1250


def moved(signal: np.ndarray, by: int) -> np.ndarray:
    return np.roll(signal, by, axis=-1)


def test_a_constant_delay_costs_r_and_none_at_the_best_delay() -> None:
    true = beats(STEADY, STEADY, samples=SAMPLES)
    saved = made(true, moved(true, 5), subjects=["d/a", "d/a"])
    assert value(saved, "pearson") < 0.5
    assert value(saved, "pearson_at_delay") == pytest.approx(1, abs=1e-6)
    assert value(saved, "delay") == pytest.approx(40)
    assert value(made(true, moved(true, -5)), "delay") == pytest.approx(40)


def test_the_delay_is_the_subjects_not_the_windows() -> None:
    true = beats(STEADY, STEADY, samples=SAMPLES)
    apart = np.stack([moved(true[0], 6), moved(true[1], -6)])
    one = made(true, apart, subjects=["d/a", "d/a"])
    each = made(true, apart, subjects=["d/a", "d/b"])
    assert value(one, "pearson_at_delay") < 0.6
    assert value(each, "pearson_at_delay") == pytest.approx(1, abs=1e-6)
    assert rows(each, "delay")[""]["subjects"] == 2


@pytest.mark.parametrize("lag", [-25, -3, 0, 8, 25])
def test_the_correlation_at_a_delay_is_that_of_the_samples_that_all_delays_have(lag: int) -> None:
    generator = np.random.default_rng(0)
    true, predicted = generator.normal(size=(2, 3, 400))
    delay_ms_L, r_SCL, windows_SC = delays.by_subject(made(true, predicted))
    at = int(np.flatnonzero(delay_ms_L == lag * 1000 / RATE_HZ)[0])
    inner = slice(25 + lag, 375 + lag)
    pairs = zip(true.astype(np.float32), predicted.astype(np.float32), strict=True)
    expected = np.mean([stats.pearsonr(t[25:375], p[inner]).statistic for t, p in pairs])
    assert r_SCL[0, 0, at] == pytest.approx(expected)
    assert windows_SC.tolist() == [[3.0]]


def test_intervals_agree_but_for_what_each_peak_is_off() -> None:
    true = beats(STEADY, STEADY, samples=SAMPLES)
    jitter = np.random.default_rng(1).normal(0, 0.008, (2, len(STEADY)))
    late = [[s + 0.03 + j for s, j in zip(STEADY, row, strict=True)] for row in jitter]
    saved = made(true, beats(*late, samples=SAMPLES), subjects=["d/a", "d/b"])
    spread = np.std(np.diff(jitter, axis=1) * 1000)
    # A delay that all peaks share is none of an interval.
    assert value(saved, "rr_limits") == pytest.approx(1.96 * spread, rel=0.15)
    row = rows(saved, "rr_limits")[""]
    assert (row["segments"], row["subjects"]) == (2, 2)


def test_an_interval_with_a_missed_beat_is_no_interval() -> None:
    true = beats(STEADY, STEADY, samples=SAMPLES)
    gap = STEADY[:5] + STEADY[6:]
    saved = made(true, beats(gap, gap, samples=SAMPLES), subjects=["d/a", "d/b"])
    assert value(saved, "rr_limits") == pytest.approx(0, abs=0.5)


def wide(at_s: list[float], width_s: float, height: float = 1.0) -> np.ndarray:
    """Return complexes of a given SD, biphasic ends left out."""
    time_T = np.arange(SAMPLES) / RATE_HZ
    return height * np.sum([np.exp(-(((time_T - s) / width_s) ** 2) / 2) for s in at_s], axis=0)


def test_a_blurred_complex_lasts_longer() -> None:
    true, blurred = wide(STEADY, 0.012), wide(STEADY, 0.024)
    saved = made([true, true], [blurred, blurred], subjects=["d/a", "d/b"])
    # Up and down a Gaussian: 5 % of the way is passed at exp(-x²/2) = .1, x = 2.146.
    assert value(saved, "qrs_duration_bias") == pytest.approx(2 * 2.146 * 12, abs=4)
    assert value(saved, "qrs_duration_limits") == pytest.approx(0, abs=1e-6)
    assert value(made([true], [true]), "qrs_duration_bias") == 0


def test_a_complex_upside_down_points_the_wrong_way() -> None:
    true = wide(STEADY, 0.02)
    saved = made([true] * 4, [true, true, -true, 0 * true])
    assert value(saved, "qrs_polarity") == 0.5
    assert complexes.polarity(np.zeros(0)) != complexes.polarity(np.zeros(0))  # NaN


def ectopic(early: bool, odd: bool) -> tuple[list[float], np.ndarray]:
    at = [*STEADY[:5], STEADY[5] - (0.25 if early else 0), *STEADY[6:]]
    signal = wide([s for i, s in enumerate(at) if not (odd and i == 5)], 0.015)
    if odd:
        time_T = np.arange(SAMPLES) / RATE_HZ - at[5]
        signal = signal - 60 * time_T * np.exp(-((time_T / 0.03) ** 2) / 2)
    return at, signal


def test_an_early_beat_is_shown_or_smoothed_away() -> None:
    _, true = ectopic(early=True, odd=False)
    regular = wide(STEADY, 0.015)
    shown, hidden, made_up = made([true], [true]), made([true], [regular]), made([regular], [true])
    assert value(shown, "early_beat_sensitivity") == 1
    assert value(hidden, "early_beat_sensitivity") == 0
    assert np.isnan(value(made_up, "early_beat_sensitivity"))
    assert value(shown, "early_beat_positive_predictivity") == 1
    assert value(made_up, "early_beat_positive_predictivity") == 0
    assert np.isnan(value(hidden, "early_beat_positive_predictivity"))


def test_an_odd_beat_is_shown_or_painted_over() -> None:
    at, true = ectopic(early=False, odd=True)
    shown, painted = made([true], [true]), made([true], [wide(at, 0.015)])
    missing = made([true], [wide([s for s in at if s != at[5]], 0.015)])
    found = {n: value(x, "odd_beats_painted_over") for n, x in
             {"shown": shown, "painted": painted, "missing": missing}.items()}  # fmt: skip
    assert found == {"shown": 0, "painted": 1, "missing": 0}
    assert np.isnan(value(made([wide(at, 0.015)], [true]), "odd_beats_painted_over"))


def test_of_few_beats_nothing_is_usual() -> None:
    few = np.array([spikes(np.array([1.0, 2.0, 3.0]), 625)])
    assert np.isnan(value(made(few, few), "qrs_polarity"))
    assert np.isnan(value(made(few, few), "qrs_duration_bias"))


def shifted(saved: Predictions, by: dict[str, int]) -> Predictions:
    rows = zip(saved.score_NK, saved.subject_N, strict=True)
    return replace(saved, score_NK=np.stack([moved(x, by[who]) for x, who in rows]))


@pytest.fixture
def two_people() -> Predictions:
    true = beats(*[[s + 0.02 * n for s in STEADY] for n in range(6)], samples=SAMPLES)
    return made(true, true, subjects=["d/a", "d/b", "d/a", "d/b", "d/b", "d/a"])


def test_a_subjects_windows_are_moved_together(two_people: Predictions) -> None:
    late = shifted(two_people, {"d/a": 9, "d/b": -4})
    back = delays.aligned(late, two_people)
    inner = slice(10, SAMPLES - 10)
    np.testing.assert_allclose(back.score_NK[:, inner], two_people.score_NK[:, inner], atol=1e-6)
    # One window says otherwise, and is moved with the others.
    one = replace(late, score_NK=late.score_NK.copy())
    one.score_NK[0] = moved(late.score_NK[0], 7)
    other = delays.aligned(one, two_people).score_NK
    np.testing.assert_allclose(other[0, inner], moved(two_people.score_NK[0], 7)[inner], atol=1e-6)
    np.testing.assert_allclose(other[2, inner], two_people.score_NK[2, inner], atol=1e-6)


def test_no_target_is_read(two_people: Predictions) -> None:
    late = shifted(two_people, {"d/a": 9, "d/b": -4})
    blind = replace(late, target=np.full_like(late.target, np.nan))
    expected = delays.aligned(late, two_people).score_NK
    np.testing.assert_array_equal(delays.aligned(blind, two_people).score_NK, expected)


def test_a_mean_of_aligned_models_is_of_aligned_signals(
    two_people: Predictions, tmp_path: Path
) -> None:
    reference = shifted(two_people, {"d/a": 1, "d/b": 1})
    late = shifted(two_people, {"d/a": 9, "d/b": -4})
    files = []
    for i, one in enumerate((reference, reference, late)):
        files.append(tmp_path / f"{i}.parquet")
        predictions.write(one, files[-1])
    inner = slice(12, SAMPLES - 12)
    found = mean_predictions(files, reference=2)
    expected = reference.score_NK[np.argsort(reference.id_N)]
    np.testing.assert_allclose(found.score_NK[:, inner], expected[:, inner], atol=1e-6)
    assert value(mean_predictions(files), "pearson") < value(found, "pearson")

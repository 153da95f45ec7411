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
    # of the ten intervals two are not given
    assert value(saved, "rr_within") == pytest.approx(0.8)


def test_a_share_of_intervals_is_given() -> None:
    true = beats(STEADY, STEADY, samples=SAMPLES)
    late = [s + (0.03 if i == 4 else 0) for i, s in enumerate(STEADY)]
    saved = made(true, beats(late, late, samples=SAMPLES), subjects=["d/a", "d/b"])
    assert value(saved, "rr_within") == pytest.approx(0.8)
    assert value(saved, "rr_within", tolerance_ms=50) == 1
    assert value(made(true, 0 * true), "rr_within") == 0
    assert np.isnan(value(made(0 * true, true), "rr_within"))


def wide(at_s: list[float], width_s: float, height: float = 1.0) -> np.ndarray:
    """Return complexes of a given SD, biphasic ends left out."""
    time_T = np.arange(SAMPLES) / RATE_HZ
    return height * np.sum([np.exp(-(((time_T - s) / width_s) ** 2) / 2) for s in at_s], axis=0)


def test_a_blurred_complex_lasts_longer() -> None:
    true, blurred = wide(STEADY, 0.012), wide(STEADY, 0.024)
    saved = made([true, true], [blurred, blurred], subjects=["d/a", "d/b"])
    # A Gaussian's slope is a tenth of its steepest at 2.6 standard deviations.
    assert value(saved, "qrs_duration_bias") == pytest.approx(2 * 2.6 * 12, abs=8)
    assert value(saved, "qrs_duration_limits") == pytest.approx(0, abs=1e-6)
    assert value(made([true], [true]), "qrs_duration_bias") == 0


@pytest.mark.parametrize("milliseconds", [60, 80, 100, 120, 160, 200])
@pytest.mark.parametrize("pr_ms", [None, 120, 160])
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_a_complex_of_known_length_between_waves(
    milliseconds: int, pr_ms: int | None, noise: float
) -> None:
    """A raised cosine with a T wave, with or without a P wave before it."""
    fine_T = np.arange(SAMPLES * 16) / (16 * RATE_HZ)
    signal_T = np.zeros(len(fine_T))
    half_s = milliseconds / 2000
    for at_s in STEADY:
        apart_T = fine_T - at_s
        inside_T = np.abs(apart_T) < half_s
        signal_T += np.where(inside_T, np.cos(np.pi * apart_T / (2 * half_s)) ** 2, 0)
        signal_T += 0.25 * np.exp(-(((apart_T - 0.28) / 0.045) ** 2) / 2)
        if pr_ms is not None:  # from the P wave's begin to the complex's
            middle_s = 0.05 - half_s - pr_ms / 1000
            signal_T += 0.12 * np.exp(-(((apart_T - middle_s) / 0.02) ** 2) / 2)
    signal_T = signal_T.reshape(SAMPLES, 16).mean(axis=1)
    signal_T += noise * np.random.default_rng(milliseconds).standard_normal(SAMPLES)
    (lead_beats,) = complexes.beats(signal_T[None, None], RATE_HZ)
    read = complexes.duration_ms(lead_beats.usual_W, RATE_HZ, lead_beats.noise)
    assert read == pytest.approx(milliseconds, rel=0.14)


def test_noise_alone_has_no_duration() -> None:
    noise_W = np.random.default_rng(0).standard_normal(31)
    assert np.isnan(complexes.duration_ms(noise_W, RATE_HZ, noise=1.0))


def test_a_complex_upside_down_points_the_wrong_way() -> None:
    true = wide(STEADY, 0.02)
    saved = made([true] * 4, [true, true, -true, 0 * true])
    assert value(saved, "qrs_polarity") == 0.5
    assert value(saved, "qrs_always_upright") == 1
    assert value(made([true, -true], [true, true]), "qrs_always_upright") == 0.5
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


def test_an_odd_beat_is_shown_painted_over_or_left_out() -> None:
    at, true = ectopic(early=False, odd=True)
    early_at, early = ectopic(early=True, odd=True)
    without = [s for s in at if s != at[5]]
    predicted = {
        "shown": (true, true),
        "usual, in its place": (true, wide(at, 0.015)),
        "usual, where the rhythm has one": (early, wide(STEADY, 0.015)),
        "left out": (true, wide(without, 0.015)),
        "flat": (true, 0 * true),
    }
    counts = {
        name: tuple(
            value(made([a], [b]), f"odd_beats_{what}") for what in ("shown", "painted_over")
        )
        for name, (a, b) in predicted.items()
    }
    assert early_at != STEADY
    assert counts == {
        "shown": (1, 0),
        "usual, in its place": (0, 1),
        "usual, where the rhythm has one": (0, 1),
        "left out": (0, 0),
        "flat": (0, 0),
    }
    assert np.isnan(value(made([wide(at, 0.015)], [true]), "odd_beats_shown"))


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
    aligned = mean_predictions(files, reference=2)
    expected = reference.score_NK[np.argsort(reference.id_N)]
    np.testing.assert_allclose(aligned.score_NK[:, inner], expected[:, inner], atol=1e-6)
    assert value(mean_predictions(files), "pearson") < value(aligned, "pearson")

"""What signal baselines predict where the answer is known; oracles alone receive the truth."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardiograft.evaluation.baseline_inputs import SignalExamples
from cardiograft.evaluation.baselines import mean_beat, mean_signal
from cardiograft.records import Float64, Int64
from cardiograft.signals.peaks import qrs_peaks, scg_beats

RATE_HZ, SAMPLES, WINDOWS = 125.0, 1250, 4
BEFORE, AFTER = 38, 62  # samples of 0.3 and 0.5 s
AWAY = np.arange(-BEFORE, AFTER + 1)
# An R wave, and a T wave whose height tells people apart.
R_WAVE, T_WAVE = np.exp(-((AWAY / 2.5) ** 2)), np.exp(-(((AWAY - 35) / 8) ** 2))


def rhythm(seed: int) -> Int64:
    """Return beats far enough apart not to overlap, and whole within the window."""
    steps = np.random.default_rng(seed).integers(105, 150, 9)
    beats = 60 + np.cumsum(steps)
    return np.r_[60, beats[beats < SAMPLES - AFTER - 1]]


def electric(beat_A: Int64, wave: float) -> Float64:
    target_T = np.zeros(SAMPLES)
    for beat in beat_A:
        target_T[beat + AWAY] = R_WAVE + wave * T_WAVE
    return target_T


def mechanic(beat_A: Int64, delay: int, second: float = 0.4) -> Float64:
    """Return three axes that ring after each beat, and again, weaker, 0.33 s later."""
    time = np.arange(25)
    ring = np.exp(-time / 4) * np.sin(2 * np.pi * 25 * time / RATE_HZ)
    signal_CT = np.zeros((3, SAMPLES))
    for beat in beat_A:
        for at, height in ((beat + delay, 1.0), (beat + delay + 41, second)):
            signal_CT[:, at : at + 25] += (
                height * np.outer([0.3, -0.2, 1.0], ring)[:, : SAMPLES - at]
            )
    return 0.02 * signal_CT + 9.8


def cohort(waves: list[float], *, oracle: bool, train: tuple[int, ...] = ()) -> SignalExamples:
    """Return windows of subjects, who differ in their T waves; those not in `train` are asked."""
    rows: dict[str, list[Any]] = {k: [] for k in ("signal", "target", "subject", "part")}
    for person, wave in enumerate(waves):
        for n in range(WINDOWS):
            beat_A = rhythm(10 * person + n)
            rows["signal"].append(mechanic(beat_A, 10 + person))
            rows["target"].append([electric(beat_A, wave)])
            rows["subject"].append(f"d/s{person}")
            rows["part"].append("train" if person in train else "test")
    part_N = np.array(rows["part"])
    target_NCT = np.array(rows["target"], dtype=np.float32)
    if not oracle:
        target_NCT[part_N != "train"] = np.nan
    return SignalExamples(
        columns={"signal": np.array(rows["signal"], dtype=np.float32)},
        id_N=np.array([f"{s}/{n}" for n, s in enumerate(rows["subject"])]),
        subject_N=np.array(rows["subject"]),
        part_N=part_N,
        wanted_N=part_N == "test",
        seed=0,
        target_NCT=target_NCT,
        rate_hz=RATE_HZ,
    )


def everybody(examples: SignalExamples) -> SignalExamples:
    """Ask for all, of whom all are trained on: each beat is then learned from the others."""
    rows = len(examples.id_N)
    part_N = np.full(rows, "train")
    return replace(examples, part_N=part_N, wanted_N=np.ones(rows, dtype=bool))


def strangers(people: int) -> SignalExamples:
    """Return two windows without a beat of each of many people: half are asked, half known."""
    subject_N = np.repeat([f"d/{number:06d}" for number in range(people)], 2)
    part_N = np.where(np.arange(2 * people) % 4 < 2, "train", "test")
    return SignalExamples(
        columns={},
        id_N=subject_N,
        subject_N=subject_N,
        part_N=part_N,
        wanted_N=part_N == "test",
        seed=0,
        target_NCT=np.ones((2 * people, 1, 2), dtype=np.float32),
        rate_hz=RATE_HZ,
    )


def test_means_over_people_cost_as_many_times_as_there_are_people() -> None:
    def others(examples: SignalExamples) -> None:
        seen_NCK = np.ones((len(examples.id_N), 1, 50))
        mean_beat._others(examples, seen_NCK, seen_NCK[:, 0])

    for mean in (mean_signal.predict, others):
        costs_s = []
        for people in (1000, 4000):
            examples, taken_s = strangers(people), []
            for _ in range(3):
                began_s = time.process_time()
                mean(examples)
                taken_s.append(time.process_time() - began_s)
            costs_s.append(min(taken_s))
        assert costs_s[1] < 9 * costs_s[0], mean  # 16 where each is held against all


def test_mean_signal_weighs_subjects_not_windows() -> None:
    examples = cohort([0.1, 0.5, 0.9], oracle=False, train=(0, 1))
    kept_N = np.arange(12) != 0
    fields = {k: getattr(examples, k)[kept_N] for k in ("id_N", "subject_N", "part_N", "wanted_N")}
    examples = replace(examples, target_NCT=examples.target_NCT[kept_N], **fields)
    predicted = mean_signal.predict(examples)
    one, two = (examples.target_NCT[examples.subject_N == s].mean(axis=0) for s in ("d/s0", "d/s1"))
    np.testing.assert_allclose(predicted, np.tile((one + two) / 2, (4, 1, 1)), atol=1e-6)


def test_told_rhythm_and_own_shape_give_the_signal_itself() -> None:
    examples = cohort([0.1, 0.5], oracle=True, train=(0,))
    predicted = mean_beat.predict(examples, peaks="target", shape="own")
    np.testing.assert_allclose(predicted, examples.target_NCT[4:], atol=1e-6)


def test_told_rhythm_gives_the_mean_of_the_others_shapes() -> None:
    examples = everybody(cohort([0.0, 0.2, 0.7], oracle=True))
    predicted = mean_beat.predict(examples, peaks="target", shape="others")
    for n, (person, others) in enumerate(
        (p, w) for p, w in enumerate((0.45, 0.35, 0.1)) for _ in range(4)
    ):
        beat_A = rhythm(10 * person + n % WINDOWS)
        np.testing.assert_allclose(predicted[n, 0], electric(beat_A, others), atol=1e-6)


def test_beats_found_in_the_signal_are_moved_by_the_others_delay() -> None:
    examples = cohort([0.3] * 4, oracle=False, train=(0, 1, 3))
    predicted = mean_beat.predict(examples)  # delays 10, 11 and 13: 11 is learned where 12 is true
    late = []
    for n in range(WINDOWS):
        (peak_A,) = qrs_peaks(predicted[n].astype(np.float64), RATE_HZ)
        beat_A = rhythm(20 + n)
        assert len(peak_A) == len(beat_A)
        late += (peak_A - beat_A).tolist()
    assert np.median(late) == pytest.approx(1, abs=0.6)
    assert np.ptp(late) < 2


@pytest.mark.parametrize("shape", ["others", "own"])
def test_found_beats_need_nothing_of_the_windows_own_target(shape: str) -> None:
    examples = everybody(cohort([0.1, 0.4, 0.6], oracle=True))
    target_NCT = examples.target_NCT.copy()
    target_NCT[5] = np.roll(target_NCT[5], 40)[:, ::-1]
    changed = replace(examples, target_NCT=target_NCT)
    one, two = (mean_beat.predict(e, peaks="signal", shape=shape) for e in (examples, changed))
    np.testing.assert_allclose(one[5], two[5], atol=1e-6)  # but for the rounding of sums
    assert (one != two).any()


@pytest.mark.parametrize("shape", ["others", "own"])
def test_of_its_own_target_a_window_is_told_the_peaks_alone(shape: str) -> None:
    examples = everybody(cohort([0.1, 0.4, 0.6], oracle=True))
    target_NCT = examples.target_NCT.copy()
    target_NCT[5] = 3 * target_NCT[5] + 7
    changed = replace(examples, target_NCT=target_NCT)
    one, two = (mean_beat.predict(e, peaks="target", shape=shape) for e in (examples, changed))
    np.testing.assert_allclose(one[5], two[5], atol=1e-6)  # but for the rounding of sums


def test_an_offset_between_beats_is_kept_and_several_channels_have_one_rhythm() -> None:
    examples = cohort([0.1, 0.5], oracle=True, train=(0,))
    both = np.concatenate([examples.target_NCT, 5 - 2 * examples.target_NCT], axis=1)
    predicted = mean_beat.predict(replace(examples, target_NCT=both), peaks="target", shape="own")
    np.testing.assert_allclose(predicted, both[4:], atol=1e-5)


def test_there_must_be_somebody_else_and_another_window() -> None:
    alone = everybody(cohort([0.1], oracle=True))
    with pytest.raises(ValueError, match="d/s0: no other subject is in the training part"):
        mean_beat.predict(alone, peaks="target", shape="others")
    one = everybody(cohort([0.1, 0.2], oracle=True))
    fields = {k: getattr(one, k)[3:] for k in ("id_N", "subject_N", "part_N", "wanted_N")}
    one = replace(one, target_NCT=one.target_NCT[3:], **fields)
    with pytest.raises(ValueError, match="d/s0: shape 'own' needs another window"):
        mean_beat.predict(one, peaks="target", shape="own")


@settings(deadline=None, max_examples=50)
@given(
    gaps=st.lists(st.integers(1, 60), max_size=8),
    reach=st.tuples(st.integers(1, 20), st.integers(1, 20)),
)
def test_a_sample_belongs_to_the_beat_whose_reach_it_used_least(
    gaps: list[int], reach: tuple[int, int]
) -> None:
    peak_A = np.cumsum([5, *gaps])[: len(gaps)]
    before, after = reach
    places = mean_beat.places(peak_A.astype(float), 100, reach)
    for t, place in enumerate(places):
        used = [(p - t) / before if t < p else (t - p) / after for p in peak_A]
        if not used or min(used) > 1:
            assert place == before + after + 1
        else:
            assert place == t - peak_A[int(np.argmin(used))] + before


@pytest.mark.parametrize("second", [0.0, 0.5, 0.9])
def test_a_second_sound_is_no_beat(second: float) -> None:
    windows = [mechanic(rhythm(seed), 12, second) for seed in range(6)]
    for seed, peak_A in enumerate(scg_beats(np.array(windows), RATE_HZ)):
        beat_A = rhythm(seed)
        assert len(peak_A) == len(beat_A)
        late_A = peak_A - beat_A
        assert np.ptp(late_A) < 2
        assert 10 < late_A.min() < 25


@pytest.mark.parametrize("change", [lambda x: -x, lambda x: 0.01 * x - 3, lambda x: x[:, ::-1]])
def test_beats_have_no_polarity_scale_offset_or_order_of_axes(change: Any) -> None:
    windows = np.array([mechanic(rhythm(seed), 12) for seed in range(3)])
    plain, other = scg_beats(windows, RATE_HZ), scg_beats(change(windows), RATE_HZ)
    for one_A, two_A in zip(plain, other, strict=True):
        np.testing.assert_allclose(one_A, two_A, atol=1e-6)


@pytest.mark.parametrize("interval", [60, 90, 180])
def test_half_as_many_beats_are_not_taken_for_a_regular_rhythm(interval: int) -> None:
    beat_A = np.arange(40, SAMPLES - 80, interval)
    noise = np.random.default_rng(0).normal(0, 3e-4, (1, 3, SAMPLES))
    (peak_A,) = scg_beats(mechanic(beat_A, 12)[None] + noise, RATE_HZ)
    assert len(peak_A) == len(beat_A)


def test_a_silent_sensor_has_no_beats() -> None:
    (peak_A,) = scg_beats(np.full((1, 3, SAMPLES), 9.8), RATE_HZ)
    assert len(peak_A) == 0

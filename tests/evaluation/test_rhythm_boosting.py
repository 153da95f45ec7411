"""Rhythms told apart by their intervals and beats, whatever gain, polarity or cut."""

from typing import Any

import numpy as np
import pytest

from cardiograft.evaluation.baseline_inputs import HIDDEN, Examples
from cardiograft.evaluation.baselines import rhythm_boosting
from cardiograft.records import Float32, Float64
from cardiograft.signals import recording_features, rr_statistics
from cardiograft.signals.stitching import Stitched

RATE_HZ, SECONDS, WINDOW, STEP = 200.0, 30, 2000, 1000
LABELS = ("A", "N", "O")
FEW = {"iterations": 30, "models": 1}
AT = np.arange(-60, 90) / RATE_HZ


def intervals(label: str, generator: np.random.Generator) -> Float64:
    """Return irregular intervals (A), steady ones (N), or steady ones with early beats (O)."""
    pace = generator.uniform(0.65, 0.95)
    if label == "A":
        return pace * generator.uniform(0.6, 1.5, 60)
    rr = pace * generator.normal(1, 0.02, 60)
    for at in range(4, 58, 7) if label == "O" else ():
        rr[at], rr[at + 1] = 0.6 * pace, 1.4 * pace
    return rr


def lead(label: str, seed: int) -> Float64:
    """Return a lead whose beats have a P wave, unless the rhythm is A."""
    generator = np.random.default_rng(seed)
    signal = 0.03 * generator.normal(size=int(SECONDS * RATE_HZ))
    beat = np.exp(-((AT / 0.012) ** 2)) + 0.25 * np.exp(-(((AT - 0.25) / 0.05) ** 2))
    beat = beat - 0.2 * np.exp(-(((AT - 0.03) / 0.01) ** 2))
    if label != "A":
        beat = beat + 0.15 * np.exp(-(((AT + 0.16) / 0.025) ** 2))
    for time in 0.4 + np.cumsum(intervals(label, generator)):
        first = int(time * RATE_HZ) - 60
        if first + len(AT) < len(signal):
            signal[first : first + len(AT)] += beat
    return signal


def examples(recordings: int) -> Examples:
    """Return overlapping z-scored windows of recordings, of which every third is tested."""
    parts: dict[str, list[Any]] = {k: [] for k in ("signal", "at", "record", "y", "part")}
    for r in range(recordings):
        label = LABELS[r % 3]
        signal = lead(label, seed=r)
        for first in range(0, len(signal) - WINDOW + 1, STEP):
            cut = signal[first : first + WINDOW]
            parts["signal"].append((cut - cut.mean()) / cut.std())
            parts["at"].append(first)
            parts["record"].append(f"r{r:02}")
            parts["y"].append(r % 3)
            parts["part"].append("test" if r % 9 < 3 else "train")
    rows, part_N, record_N = len(parts["at"]), np.array(parts["part"]), np.array(parts["record"])
    return Examples(
        columns={
            "dataset": np.full(rows, "made"),
            "record": record_N,
            "start": np.array(parts["at"]),
            "at": np.array(parts["at"]),
            "valid": np.full(rows, WINDOW),
            "signal": np.array(parts["signal"], dtype=np.float32)[:, None],
        },
        id_N=np.array([f"{r}/{a}" for r, a in zip(parts["record"], parts["at"], strict=True)]),
        subject_N=record_N,
        part_N=part_N,
        target_N=np.where(part_N == "train", parts["y"], HIDDEN),
        wanted_N=part_N == "test",
        labels=LABELS,
        seed=0,
        rate_hz=RATE_HZ,
    )


@pytest.fixture(scope="module")
def given() -> Examples:
    return examples(90)


def true(given: Examples) -> np.ndarray:
    return np.array([int(name[1:]) % 3 for name in given.subject_N[given.wanted_N]])


def test_rhythms_are_told_apart_and_a_recording_has_one_prediction(given: Examples) -> None:
    score_WK = rhythm_boosting.predict(given, **FEW)
    assert (score_WK.argmax(axis=1) == true(given)).mean() > 0.9
    np.testing.assert_allclose(score_WK.sum(axis=1), 1, atol=1e-5)
    subject_W = given.subject_N[given.wanted_N]
    for subject in np.unique(subject_W):
        assert np.ptp(score_WK[subject_W == subject], axis=0).max() == 0


def test_labels_of_windows_can_be_learned_each_by_itself(given: Examples) -> None:
    score_WK = rhythm_boosting.predict(given, of="segment", **FEW)
    assert (score_WK.argmax(axis=1) == true(given)).mean() > 0.8
    first = score_WK[given.subject_N[given.wanted_N] == given.subject_N[given.wanted_N][0]]
    assert np.ptp(first, axis=0).max() > 0


def features(signal: Float64) -> Float32:
    return recording_features.features(Stitched(signal, np.zeros(0, np.int64)), RATE_HZ)


@pytest.mark.parametrize("label", LABELS)
def test_gain_offset_and_polarity_change_nothing(label: str) -> None:
    signal = lead(label, seed=5)
    plain = recording_features.named_features(Stitched(signal, np.zeros(0, np.int64)), RATE_HZ)
    names = np.array(list(plain))
    turned = names == "turned"
    for other in (7 * signal, signal + 40, -0.2 * signal):
        np.testing.assert_allclose(
            features(other)[~turned], features(signal)[~turned], rtol=2e-3, atol=2e-3
        )


def test_a_seam_makes_no_interval() -> None:
    signal = lead("N", seed=5)
    gap = np.concatenate([signal[:2500], signal[3300:]])
    seam = Stitched(gap, np.array([2500]))
    whole = recording_features.named_features(Stitched(gap, np.zeros(0, np.int64)), RATE_HZ)
    parted = recording_features.named_features(seam, RATE_HZ)
    assert whole["deviation"] > 2 * parted["deviation"]


@pytest.mark.parametrize("samples", [1, 40, 200, 1000])
def test_what_shows_too_few_beats_has_features_too(samples: int) -> None:
    usual = features(lead("N", seed=1))
    values = features(np.random.default_rng(0).normal(size=samples))
    assert values.shape == usual.shape
    assert np.isfinite(usual).mean() > 0.95
    assert not np.isinf(values).any()
    flat = features(np.full(samples, 3.0))
    assert flat.shape == usual.shape
    assert not np.isinf(flat).any()


def statistics(*rr: float) -> dict[str, float]:
    return rr_statistics.statistics(np.array(rr))


def test_statistics_by_hand() -> None:
    by_name = statistics(1.0, 0.9, 1.1, 1.0, 1.0)
    assert by_name["mean"] == pytest.approx(1.0)
    assert by_name["deviation"] == pytest.approx(np.std([1, 0.9, 1.1, 1, 1]))
    assert by_name["rmssd"] == pytest.approx(np.sqrt((0.01 + 0.04 + 0.01 + 0) / 4))
    assert by_name["pnn50"] == pytest.approx(3 / 4)
    assert by_name["turning points"] == pytest.approx(2 / 3)  # down, up, down, level
    assert by_name["shortest / median"] == pytest.approx(0.9)


def test_sample_entropy_is_that_of_its_definition() -> None:
    rr = np.round(np.random.default_rng(0).normal(0.8, 0.05, 40), 4)

    def matches(length: int) -> int:
        stretches = [rr[k : k + length] for k in range(len(rr) - 2)]
        return sum(
            np.abs(one - other).max() <= 0.03
            for i, one in enumerate(stretches)
            for j, other in enumerate(stretches)
            if i != j
        )

    expected = -np.log((matches(3) + 1) / (matches(2) + 1))
    assert statistics(*rr)["entropy 2, 0.03 s"] == pytest.approx(expected)


def test_early_beats_leave_the_rest_steady_and_fibrillation_does_not() -> None:
    generator = np.random.default_rng(0)
    ectopic, fibrillating = (statistics(*intervals(label, generator)) for label in "OA")
    assert ectopic["variation"] > 0.1
    assert ectopic["rest's variation"] < 0.05 < fibrillating["rest's variation"]
    assert ectopic["early then late"] >= 6
    assert ectopic["lorenz cells / points"] < fibrillating["lorenz cells / points"]
    assert ectopic["entropy 1, 0.03 s"] < fibrillating["entropy 1, 0.03 s"]


def test_too_few_intervals_have_no_statistics() -> None:
    by_name = statistics(0.8, 0.9)
    assert by_name.keys() == statistics(0.8, 0.9, 0.8, 0.9).keys()
    assert np.isnan(list(by_name.values())).all()

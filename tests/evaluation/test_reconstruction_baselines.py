"""Codes of so many numbers: what is kept of a signal where the answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.fft import idct

from cardiograft.evaluation.baseline_inputs import SignalExamples
from cardiograft.evaluation.baselines import cosine_transform, principal_components
from cardiograft.records import Float32
from cardiograft.signals.middles import middle

SAMPLES, WINDOWS = 64, 40


def examples(signal_NCT: Float32) -> SignalExamples:
    """Return windows of which the first three quarters are trained on."""
    rows = np.arange(len(signal_NCT))
    part_N = np.where(rows < 0.75 * len(rows), "train", "test")
    return SignalExamples(
        columns={"signal": signal_NCT.astype(np.float32)},
        id_N=rows.astype(str),
        subject_N=np.array([f"d/{n // 2}" for n in rows]),
        part_N=part_N,
        wanted_N=part_N == "test",
        seed=0,
        rate_hz=100.0,
        target_NCT=np.where((part_N == "train")[:, None, None], signal_NCT, np.nan),
    )


def truth(given: SignalExamples) -> Float32:
    return given.columns["signal"][given.wanted_N]


@pytest.fixture
def three() -> SignalExamples:
    """Return windows that are sums of three shapes, about a fourth."""
    generator = np.random.default_rng(0)
    shapes = generator.normal(size=(3, 2 * SAMPLES))
    mean = generator.normal(size=2 * SAMPLES)
    signal = generator.normal(size=(WINDOWS, 3)) @ shapes + mean
    return examples(signal.reshape(WINDOWS, 2, SAMPLES))


def test_as_many_components_as_shapes_give_all(three):
    whole = principal_components.predict(three, components=3)
    np.testing.assert_allclose(whole, truth(three), atol=1e-5)
    fewer = principal_components.predict(three, components=2)
    assert np.abs(fewer - truth(three)).max() > 0.1


def test_components_are_those_of_a_singular_value_decomposition(three):
    noise = np.random.default_rng(1).normal(size=three.columns["signal"].shape)
    given = examples(three.columns["signal"] + noise)
    rebuilt = principal_components.predict(given, components=5)
    flat = given.columns["signal"].reshape(WINDOWS, -1).astype(float)
    train = flat[given.part_N == "train"]
    axes = np.linalg.svd(train - train.mean(axis=0))[2][:5]
    test = flat[given.wanted_N] - train.mean(axis=0)
    expected = test @ axes.T @ axes + train.mean(axis=0)
    np.testing.assert_allclose(rebuilt.reshape(len(test), -1), expected, atol=1e-4)


def test_components_come_of_the_training_part_alone(three):
    signal = three.columns["signal"].copy()
    signal[three.wanted_N] *= 100
    changed = replace(three, columns={"signal": signal})
    one, other = (principal_components.predict(g, components=2) for g in (three, changed))
    mean = three.columns["signal"][three.part_N == "train"].mean(axis=0)
    # a linear code of fixed axes: what is left out grows as the signal does
    lost, lost_100 = truth(three) - one, truth(changed) - other
    assert np.isfinite(lost_100).all()
    assert not np.allclose(mean, 0)
    inside = np.abs(lost_100.reshape(len(one), -1) @ (one - mean).reshape(len(one), -1).T)
    assert inside.max() < 1e-2 * np.abs(lost_100).max() * np.abs(one - mean).max() * SAMPLES
    assert np.abs(lost).max() < np.abs(lost_100).max()


def test_a_code_is_no_longer_than_there_are_windows(three):
    long, most = (principal_components.predict(three, components=k) for k in (500, 30))
    np.testing.assert_array_equal(long, most)


def made_of(*coefficients: tuple[int, float]) -> SignalExamples:
    code = np.zeros((WINDOWS, 1, SAMPLES))
    for at, size in coefficients:
        code[:, 0, at] = size
    return examples(idct(code, axis=2, norm="ortho"))


def test_the_lowest_frequencies_are_kept():
    given = made_of((0, 1.0), (9, 2.0), (10, 3.0))
    ten = cosine_transform.predict(given, coefficients=10)
    np.testing.assert_allclose(ten, truth(made_of((0, 1.0), (9, 2.0))), atol=1e-5)
    eleven = cosine_transform.predict(given, coefficients=11)
    np.testing.assert_allclose(eleven, truth(given), atol=1e-5)


@pytest.mark.parametrize("kept", ["strongest", "largest"])
def test_the_largest_are_kept_wherever_they_are(kept):
    given = made_of((0, 1.0), (30, 2.0), (50, 3.0))
    two = cosine_transform.predict(given, coefficients=2, kept=kept)
    np.testing.assert_allclose(two, truth(made_of((30, 2.0), (50, 3.0))), atol=1e-5)


def test_a_fixed_code_is_of_the_training_part_and_a_windows_own_is_not():
    given = made_of((30, 2.0))
    odd = np.where(given.wanted_N[:, None, None], truth(made_of((50, 2.0)))[:1], 0)
    signal = np.where(given.wanted_N[:, None, None], odd, given.columns["signal"])
    changed = replace(given, columns={"signal": signal.astype(np.float32)})
    fixed, own = (
        cosine_transform.predict(changed, coefficients=1, kept=kept)
        for kept in ("strongest", "largest")
    )
    assert np.abs(fixed).max() < 1e-5
    np.testing.assert_allclose(own, truth(changed), atol=1e-5)


def test_channels_share_the_code():
    one = np.random.default_rng(0).normal(size=(WINDOWS, 2, SAMPLES))
    rebuilt = cosine_transform.predict(examples(one), coefficients=4)
    code = np.abs(np.fft.rfft(np.concatenate([rebuilt, rebuilt[..., ::-1]], axis=2)))
    assert code[..., 2:].max() < 1e-4  # two frequencies a channel


def test_the_middle_is_that_of_what_is_not_padding():
    signal = np.tile(np.arange(20, dtype=np.float32), (3, 1, 1))
    valid = np.array([20, 10, 4])
    cut = middle(signal, valid, samples=6)
    assert cut[:, 0, 0].tolist() == [7, 2, 0]
    assert (np.diff(cut) == 1).all()
    scaled = middle(signal, valid, samples=6, zscore=True)
    np.testing.assert_allclose(scaled[:2].std(axis=-1), 1, rtol=1e-6)
    np.testing.assert_allclose(scaled[2, 0, :4].std(), 1, rtol=1e-6)
    assert (scaled[2, 0, 4:] == 0).all()
    flat = middle(np.ones((1, 1, 20), np.float32), np.array([20]), samples=6, zscore=True)
    assert (flat == 0).all()

"""Indices of quality: blind to gain, offset and polarity; clean leads differ from others."""

import numpy as np
import pytest

from cardiograft.signals import faults
from cardiograft.signals.peaks import qrs_peaks
from cardiograft.signals.quality_indices import (
    NAMES,
    curve_peaks,
    plausible,
    quality_indices,
)

RATE, SECONDS = 250.0, 10.0
TIME = np.arange(round(RATE * SECONDS)) / RATE
BEATS = np.arange(0.5, SECONDS - 0.4, 0.8)


def lead(beat_B=BEATS, *, noise=0.02, seed=0):
    """A QRS of 10 ms and a T wave a beat, in millivolts, with a slow wave under it."""
    generator = np.random.default_rng(seed)
    signal_T = noise * generator.standard_normal(len(TIME)) + 0.1 * np.sin(2 * np.pi * 0.3 * TIME)
    for at in beat_B:
        signal_T += np.exp(-0.5 * ((TIME - at) / 0.01) ** 2)
        signal_T += 0.25 * np.exp(-0.5 * ((TIME - at - 0.28) / 0.04) ** 2)
    return signal_T


def of(signal_T):
    return {name: value[0] for name, value in quality_indices(signal_T[None], RATE).items()}


def is_plausible(signal_T):
    return bool(plausible(quality_indices(signal_T[None], RATE), SECONDS)[0])


def test_every_index_is_named_and_finite_whatever_the_window():
    windows = [lead(), np.zeros(len(TIME)), np.full(len(TIME), -80.0), lead(BEATS[:1], noise=0)]
    windows += [np.random.default_rng(1).standard_normal(len(TIME)), (TIME > 5).astype(float)]
    indices = quality_indices(np.stack(windows), RATE)
    assert tuple(indices) == NAMES
    assert all(np.isfinite(value).all() for value in indices.values())
    short = quality_indices(np.random.default_rng(0).standard_normal((3, 40)), 125.0)
    assert all(np.isfinite(value).all() for value in short.values())


@pytest.mark.parametrize(("gain", "offset"), [(-1.0, 0.0), (200.0, 0.0), (1e-3, 5.0), (-3.0, 40.0)])
def test_gain_offset_and_polarity_change_nothing(gain, offset):
    corrupted = [lead(), lead(noise=0.4), faults.corrupt(lead(), RATE, "flat_line", generator())]
    here = quality_indices(np.stack(corrupted), RATE)
    there = quality_indices(gain * np.stack(corrupted) + offset, RATE)
    for name in NAMES:
        np.testing.assert_allclose(there[name], here[name], atol=1e-4, err_msg=name)


def test_a_window_is_judged_alone():
    many = np.stack([lead(noise=0.02 * k, seed=k) for k in range(1, 8)])
    whole = quality_indices(many, RATE)
    for row, one in enumerate(many):
        for name, value in of(one).items():
            assert whole[name][row] == pytest.approx(value, abs=1e-9), name


def generator():
    return np.random.default_rng(3)


def test_values_of_a_clean_lead():
    indices = of(lead())
    assert indices["beats a second"] == pytest.approx(1 / 0.8, rel=0.01)
    assert indices["longest pause"] == pytest.approx(0.08, abs=0.01)
    assert indices["detectors agree"] == 1
    assert indices["beats alike"] > 0.98
    assert indices["stands still"] == 0
    assert is_plausible(lead())


def test_fibrillation_is_as_plausible_as_sinus_rhythm():
    uneven_B = 0.5 + np.cumsum(np.tile([0.45, 1.1, 0.6, 0.95], 4))
    irregular = lead(uneven_B[uneven_B < SECONDS - 0.4])
    assert is_plausible(irregular)
    assert of(irregular)["beats alike"] > 0.95


@pytest.mark.parametrize("noise", [0.6, 1.2])
def test_noise_lowers_what_beats_have_in_common(noise):
    clean, noisy = of(lead()), of(lead(noise=noise))
    assert noisy["beats alike"] < clean["beats alike"] - 0.1
    assert noisy["beats stand out"] < clean["beats stand out"] - 0.3
    assert noisy["power above 40 Hz"] > clean["power above 40 Hz"] + 0.2


def test_noise_alone_is_not_plausible():
    noise_NT = np.random.default_rng(5).standard_normal((20, len(TIME)))
    assert not plausible(quality_indices(noise_NT, RATE), SECONDS).any()


def test_slow_waves_are_the_baseline():
    wander = lead() + 3 * np.sin(2 * np.pi * 0.4 * TIME)
    assert of(wander)["baseline's power"] > 0.9 > 0.5 > of(lead())["baseline's power"]
    assert is_plausible(wander)  # wander alone makes no ECG unusable


def test_flat_stretches_and_rails_are_shares_of_the_time():
    flat = lead()
    flat[500:1500] = flat[500]
    assert of(flat)["stands still"] == pytest.approx(0.4, abs=0.01)
    assert not is_plausible(flat)
    railed = np.clip(lead(), None, 0.1)
    assert of(railed)["at its ends"] > 0.05 > of(lead())["at its ends"]


def test_two_detectors_find_the_same_clean_beats():
    for peak_A in (qrs_peaks(lead()[None], RATE)[0], curve_peaks(lead()[None], RATE)[0]):
        assert len(peak_A) == len(BEATS)
        assert np.abs(peak_A / RATE - BEATS).max() < 0.04


# --- faults


@pytest.mark.parametrize("name", faults.NAMES)
def test_a_fault_makes_a_lead_implausible_and_follows_from_its_generator(name):
    corrupted = [faults.corrupt(lead(), RATE, name, np.random.default_rng(k)) for k in range(20)]
    again = faults.corrupt(lead(), RATE, name, np.random.default_rng(4))
    np.testing.assert_array_equal(corrupted[4], again)
    assert np.isfinite(corrupted).all()
    assert np.abs(corrupted).max() <= faults.RAIL_MV
    good = plausible(quality_indices(np.stack(corrupted), RATE), SECONDS)
    assert good.mean() < 0.35
    assert not np.array_equal(corrupted[0], corrupted[1])


def test_an_unknown_fault_is_named():
    with pytest.raises(ValueError, match="no fault 'smoke': known are contact_loss"):
        faults.corrupt(lead(), RATE, "smoke", generator())

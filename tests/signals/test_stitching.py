"""A recording is put together from its windows as it was, but for one gain and one offset."""

import numpy as np
import pytest

from cardiograft.signals.stitching import stitched

T = 500


def recording(samples: int = 2300) -> np.ndarray:
    return np.random.default_rng(0).normal(size=samples).cumsum()


def windows(signal: np.ndarray, at: list[int]) -> np.ndarray:
    """Return z-scored windows, each by itself."""
    cut = np.array([signal[k : k + T] for k in at])
    cut = (cut - cut.mean(axis=1, keepdims=True)) / cut.std(axis=1, keepdims=True)
    return cut.astype(np.float32)


@pytest.mark.parametrize("step", [100, 125, 250, 450])
def test_overlapping_windows_give_the_recording_again(step):
    signal = recording()
    at = list(range(0, len(signal) - T + 1, step))
    order = np.random.default_rng(1).permutation(len(at))
    whole = stitched(windows(signal, at)[order], np.array(at)[order], np.full(len(at), T))
    end = at[-1] + T
    assert len(whole.signal_S) == end
    assert np.corrcoef(whole.signal_S, signal[:end])[0, 1] > 1 - 1e-8
    assert len(whole.seam) == 0


def test_windows_end_to_end_keep_their_own_scale():
    signal = recording(1000)
    cut = windows(signal, [0, 500])
    whole = stitched(cut, np.array([7, 508]), np.full(2, T))  # one sample lost to rounding
    np.testing.assert_array_equal(whole.signal_S, cut.ravel())
    assert len(whole.seam) == 0


def test_a_gap_is_a_seam_and_padding_is_left_out():
    signal = recording()
    cut = windows(signal, [0, 900, 1600])
    whole = stitched(cut, np.array([0, 900, 1600]), np.array([T, T, 200]))
    assert len(whole.signal_S) == 1200
    assert whole.seam.tolist() == [500, 1000]
    assert whole.joined(np.array([0, 499, 500, 999, 1000, 1199])).tolist() == [0, 0, 1, 1, 2, 2]


def test_a_flat_overlap_says_nothing_of_a_gain():
    signal = recording(750)
    signal[250:500] = 3.0
    whole = stitched(windows(signal, [0, 250]), np.array([0, 250]), np.full(2, T))
    assert np.isfinite(whole.signal_S).all()

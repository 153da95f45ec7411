"""Phase-shuffled beats: the same power at each frequency, another shape."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor

from cardiograft.segments import shards
from cardiograft.signals.surrogates import phase_shuffled
from cardiograft.training.tasks import recognise_transform

SAMPLES = 97


def beats(lengths: list[int], channels: int = 2) -> tuple[Tensor, Tensor]:
    valid = torch.tensor(lengths)
    signal = torch.rand((len(valid), channels, SAMPLES), generator=Generator().manual_seed(1))
    return signal * (torch.arange(SAMPLES) < valid[:, None, None]), valid


def shuffled(signal: Tensor, valid: Tensor, seed: int = 0) -> Tensor:
    return phase_shuffled(signal, valid, Generator().manual_seed(seed))


@settings(deadline=None, max_examples=25)
@given(lengths=st.lists(st.integers(1, SAMPLES), min_size=1, max_size=6), seed=st.integers(0, 9))
def test_mean_spectrum_and_padding_are_kept(lengths: list[int], seed: int) -> None:
    signal, valid = beats(lengths)
    changed = shuffled(signal, valid, seed)
    for before, after, length in zip(signal.numpy(), changed.numpy(), lengths, strict=True):
        assert not after[:, length:].any()
        powers = [np.abs(np.fft.rfft(x[:, :length].astype(float))) for x in (before, after)]
        np.testing.assert_allclose(*powers, atol=1e-4)
        np.testing.assert_allclose(before.mean(1), after.mean(1), atol=1e-6)


def test_channels_stay_in_step() -> None:
    signal, valid = beats([SAMPLES])
    spectra = [np.fft.rfft(x[0].double().numpy()) for x in (signal, shuffled(signal, valid))]
    crossed = [one[0] * one[1].conj() for one in spectra]
    np.testing.assert_allclose(*crossed, atol=1e-3)


def test_the_shape_is_lost_and_depends_on_the_generator_alone() -> None:
    signal, valid = beats([90] * 40)
    one, same, other = (shuffled(signal, valid, seed) for seed in (3, 3, 4))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    rows = zip(signal[:, 0, :90].numpy(), one[:, 0, :90].numpy(), strict=True)
    assert abs(np.mean([np.corrcoef(a, b)[0, 1] for a, b in rows])) < 0.1


@pytest.mark.parametrize("shuffle", [False, True])
def test_the_pretext_shuffles_when_asked(shuffle: bool) -> None:
    meta = shards.Meta(
        spec={},
        manifest_digest="0",
        simulated=True,
        rate_hz=125.0,
        channels=("I", "II"),
        samples=SAMPLES,
    )
    task = recognise_transform.make(meta, shuffle_phase=shuffle)
    signal, valid = beats([80, 81])
    identity = torch.zeros(2, dtype=torch.int64)
    batch = task.batch({"signal": signal, "valid": valid}, identity, Generator().manual_seed(5))
    expected = shuffled(signal, valid, 5) if shuffle else signal
    assert torch.equal(batch.signal_BCT, expected)
    assert batch.target[:, 0].tolist() == [1.0, 1.0]

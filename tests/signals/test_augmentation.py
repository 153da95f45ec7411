"""Augmentations of windows, each against its definition."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from scipy.stats import kstest
from torch import Generator, Tensor

from cardiograft.signals import augmentation
from cardiograft.signals.augmentation import Augmentation

RATE_HZ = 125.0


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def windows(rows: int = 8, channels: int = 3, samples: int = 250) -> Tensor:
    return torch.randn((rows, channels, samples), generator=seeded(99))


def test_rotations_are_rotations_by_angles_of_the_spread_about_any_axis() -> None:
    turn_B33 = augmentation.rotations(4000, seeded(), spread=0.4)
    eye = torch.eye(3).expand_as(turn_B33)
    torch.testing.assert_close(turn_B33 @ turn_B33.mT, eye, atol=1e-6, rtol=0)
    torch.testing.assert_close(torch.linalg.det(turn_B33), torch.ones(4000))
    vector_B3 = Rotation.from_matrix(turn_B33.double().numpy()).as_rotvec()
    angle_B = np.linalg.norm(vector_B3, axis=1)
    assert kstest(angle_B / 0.4, "halfnorm").pvalue > 0.01
    # a uniform axis has uniform coordinates
    for coordinate_B in (vector_B3 / angle_B[:, None]).T:
        assert kstest(coordinate_B, "uniform", args=(-1, 2)).pvalue > 0.01


def test_all_groups_of_a_window_are_turned_alike_and_each_window_anew() -> None:
    signal = windows(channels=6)
    changed = augmentation.rotated(signal, seeded(3), spread=0.7)
    turn = augmentation.rotations(len(signal), seeded(3), spread=0.7).double().numpy()
    for one, out, matrix in zip(signal.numpy(), changed.numpy(), turn, strict=True):
        for group in (slice(0, 3), slice(3, 6)):
            expected = Rotation.from_matrix(matrix).apply(one[group].T).T
            np.testing.assert_allclose(out[group], expected, atol=1e-5)
    assert np.abs(turn[0] - turn[1]).max() > 0.05


def test_gains_are_log_normal_and_a_channel_has_one() -> None:
    signal = windows(1500, 2, 20)
    gain = (augmentation.amplified(signal, seeded(), spread=0.3) / signal).double()
    assert float((gain / gain[..., :1] - 1).abs().max()) < 1e-4
    logs = gain[..., 0].log().numpy()
    assert kstest(logs.ravel() / 0.3, "norm").pvalue > 0.01
    assert abs(np.corrcoef(logs.T)[0, 1]) < 0.1


def test_channels_are_silenced_but_never_all_of_them() -> None:
    signal = windows(4000, 3, 4)
    changed = augmentation.dropped(signal, seeded(), share=0.4)
    silent = (changed == 0).all(-1)
    assert torch.equal(changed[~silent], signal[~silent])
    assert not silent.all(1).any()
    counts = np.bincount(silent.sum(1).numpy(), minlength=4) / 4000
    expected = [0.6**3 + 0.4**3, 3 * 0.4 * 0.6**2, 3 * 0.4**2 * 0.6]
    np.testing.assert_allclose(counts[:3], expected, atol=0.03)
    assert torch.equal(augmentation.dropped(signal[:, :1], seeded(), share=0.4), signal[:, :1])


def test_windows_are_silenced_whole_as_often_as_asked() -> None:
    signal = windows(4000, 2, 8)
    changed = augmentation.silenced(signal, seeded(), share=0.3)
    silent = (changed == 0).all((1, 2))
    assert torch.equal(changed[~silent], signal[~silent])
    assert abs(float(silent.double().mean()) - 0.3) < 0.03


@pytest.mark.parametrize(("samples", "rate_hz"), [(250, RATE_HZ), (251, RATE_HZ), (400, 500.0)])
def test_a_tilt_is_a_gain_that_bends_every_6_hz_and_leaves_phases(
    samples: int, rate_hz: float
) -> None:
    signal = windows(2, 2, samples).double()
    changed = augmentation.tilted(signal, seeded(), spread=0.5, rate_hz=rate_hz)
    assert changed.shape == signal.shape
    factor = np.fft.rfft(changed.numpy()) / np.fft.rfft(signal.numpy())
    np.testing.assert_allclose(factor.imag, 0, atol=1e-6)
    assert (factor.real > 0).all()
    hz = np.fft.rfftfreq(samples, 1 / rate_hz)
    knots = np.ceil(rate_hz / 2 / 6.25).astype(int) + 1
    drawn = torch.randn((2, 2, knots), generator=seeded()).numpy()
    expected = [[0.5 * np.interp(hz, 6.25 * np.arange(knots), c) for c in row] for row in drawn]
    np.testing.assert_allclose(np.log(factor.real), expected, atol=1e-5)


def test_a_stretch_moves_input_and_target_alike_about_the_middle() -> None:
    signal, target = windows(40, 3, 101), windows(40, 2, 101) + 5
    pair = augmentation.stretched(signal, target, seeded(4), most=0.2)
    drawn = torch.rand((40, 1), generator=seeded(4)).numpy()[:, 0]
    time = np.arange(101)
    for row, pace in enumerate(np.exp(0.4 * drawn - 0.2)):
        at = 50 + (time - 50) * pace
        for before, after in zip((signal, target), pair, strict=True):
            for one, out in zip(before[row].numpy(), after[row].numpy(), strict=True):
                np.testing.assert_allclose(
                    out, np.interp(at, time, one, left=0, right=0), atol=1e-3
                )
    assert 0.02 < np.ptp(drawn) <= 1
    assert torch.equal(pair[0][..., 50], signal[..., 50])


def test_noise_is_white_and_its_sd_a_uniform_share_of_the_channels_own() -> None:
    signal = windows(400, 2, 500) * torch.tensor([[[1.0], [50.0]]])
    noise = (augmentation.noisy(signal, seeded(), share=0.1) - signal).double()
    share = (noise.std(-1) / signal.std(-1)).numpy()
    for channel in share.T:
        assert kstest(channel, "uniform", args=(0, 0.2)).pvalue > 0.01
    white = (noise / noise.std(-1, keepdim=True)).numpy()
    assert np.abs(np.mean(white[..., 1:] * white[..., :-1])) < 0.01
    silent = torch.zeros(2, 1, 30)
    assert torch.equal(augmentation.noisy(silent, seeded(), share=0.1), silent)


def test_a_mask_hides_the_share_asked_in_all_channels_at_once() -> None:
    signal = windows(300, 2, 103)
    changed = augmentation.masked(signal, seeded(), share=0.3, piece=10)
    hidden = (changed == 0).numpy()
    assert torch.equal(changed[~torch.from_numpy(hidden)], signal[~torch.from_numpy(hidden)])
    assert (hidden[:, 0] == hidden[:, 1]).all()
    pieces = hidden[:, 0, ::10]
    assert (np.repeat(pieces, 10, axis=1)[:, :103] == hidden[:, 0]).all()
    assert (pieces.sum(1) == 3).all()  # 0.3 of eleven
    np.testing.assert_allclose(pieces.mean(0), 3 / 11, atol=0.1)


@pytest.mark.parametrize("channels", [3, 6])
def test_strength_zero_is_the_identity(channels: int) -> None:
    signal, target = windows(channels=channels), windows(channels=1)
    same = [
        augmentation.rotated(signal, seeded(), spread=0),
        augmentation.amplified(signal, seeded(), spread=0),
        augmentation.dropped(signal, seeded(), share=0),
        augmentation.noisy(signal, seeded(), share=0),
        augmentation.masked(signal, seeded(), share=0, piece=7),
        augmentation.stretched(signal, target, seeded(), most=0)[0],
    ]
    assert all(torch.equal(one, signal) for one in same)
    assert torch.equal(augmentation.stretched(signal, target, seeded(), most=0)[1], target)
    tilted = augmentation.tilted(signal, seeded(), spread=0, rate_hz=RATE_HZ)
    torch.testing.assert_close(tilted, signal, atol=1e-6, rtol=0)


def test_an_augmentation_does_what_is_asked_and_draws_for_nothing_else() -> None:
    signal, target = windows(), windows(channels=1)

    def applied(**options: float) -> tuple[Tensor, Tensor]:
        return Augmentation(**options).apply(signal, target, seeded(), rate_hz=RATE_HZ)

    untouched = applied()
    assert untouched[0] is signal
    assert untouched[1] is target
    alone = {
        "rotation": augmentation.rotated(signal, seeded(), spread=0.3),
        "gain": augmentation.amplified(signal, seeded(), spread=0.3),
        "drop": augmentation.dropped(signal, seeded(), share=0.3),
        "tilt": augmentation.tilted(signal, seeded(), spread=0.3, rate_hz=RATE_HZ),
        "noise": augmentation.noisy(signal, seeded(), share=0.3),
    }
    for name, expected in alone.items():
        pair = applied(**{name: 0.3})
        assert torch.equal(pair[0], expected), name
        assert not torch.equal(pair[0], signal), name
        assert torch.equal(pair[1], target), name
    both = augmentation.stretched(signal, target, seeded(), most=0.3)
    assert all(map(torch.equal, applied(stretch=0.3), both))
    # a silent channel stays silent through all that follows
    silent = applied(gain=0.3, drop=0.5, tilt=0.3, stretch=0.1, noise=0.3)[0] == 0
    assert silent.all(-1).any()

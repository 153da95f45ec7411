"""A loss that judges the shape of a window, whenever it comes."""

import dataclasses

import numpy as np
import pytest
import torch

from cardiograft.segments import shards
from cardiograft.training.tasks import translate
from cardiograft.training.tasks._any_delay import SHARPNESS, AnyDelay

META = shards.Meta(
    spec={},
    manifest_digest="0",
    simulated=True,
    rate_hz=125.0,
    channels=("SCG z",),
    samples=500,
    target_channels=("II",),
    target_samples=500,
)
DELAYS = AnyDelay(most=5, spread=3.0)


def waves(seed: int = 0, samples: int = 80) -> torch.Tensor:
    rough = np.random.default_rng(seed).normal(size=(3, 2, samples + 20))
    kernel = np.hanning(9)
    smooth = np.apply_along_axis(np.convolve, -1, rough, kernel, "valid")[..., :samples]
    return torch.from_numpy(smooth)


def test_it_is_the_naive_loop_over_delays() -> None:
    output, target = waves(1), waves(2)
    expected = []
    for b in range(3):
        terms = []
        for delay in range(-5, 6):
            own = output[b, :, 5:75]
            other = target[b, :, 5 + delay : 75 + delay]
            r = [float(np.corrcoef(x, y)[0, 1]) for x, y in zip(own, other, strict=True)]
            error = ((own - other) ** 2).sum(-1) / (other**2).sum(-1)
            terms.append(1 - np.mean(r) + float(error.mean()))
        prior = np.exp(-0.5 * (np.arange(-5, 6) / 3.0) ** 2)
        likelihood = (prior / prior.sum() * np.exp(-SHARPNESS * np.array(terms))).sum()
        expected.append(-np.log(likelihood) / SHARPNESS)
    np.testing.assert_allclose(DELAYS.losses(output, target).numpy(), expected, rtol=1e-9)


@pytest.mark.parametrize("delay", [-4, 0, 3])
def test_a_delay_costs_little_and_another_shape_much(delay: int) -> None:
    long = waves(3, samples=100)
    target, output = long[..., 10:90], long[..., 10 + delay : 90 + delay]
    own, other = DELAYS.losses(output, target), DELAYS.losses(waves(4), target)
    assert (own < 0.5).all()
    assert (other > own + 0.4).all()
    at_each = DELAYS.at_each(output, target)
    assert (at_each.argmin(1) - 5 == delay).all()
    assert at_each.min() < 1e-9


def test_silence_has_a_finite_loss_and_gradient() -> None:
    output = torch.zeros(3, 2, 80, requires_grad=True)
    for target in (waves(5).float(), torch.zeros(3, 2, 80)):
        loss = DELAYS.losses(output, target).sum()
        (gradient,) = torch.autograd.grad(loss, output)
        assert torch.isfinite(loss)
        assert torch.isfinite(gradient).all()


def test_the_task_trains_by_it_and_is_measured_by_it() -> None:
    task = translate.make(META, loss="any_delay", delay_ms=80, delay_spread_ms=24)
    output, target = waves(6, samples=500)[:, :1], waves(7, samples=500)[:, :1]
    expected = AnyDelay(most=10, spread=3.0).losses(output, target)
    assert torch.allclose(task.losses(output, target), expected)  # type: ignore[attr-defined]


@pytest.mark.parametrize("delay_ms", [1e-3, 1000.0])
def test_delays_that_windows_cannot_have_are_refused(delay_ms: float) -> None:
    meta = dataclasses.replace(META, samples=250, target_samples=250)
    with pytest.raises(ValueError, match="delay_ms"):
        translate.make(meta, loss="any_delay", delay_ms=delay_ms)

"""What every view must do, whatever its pictures show."""

import pytest
import torch
from torch import Tensor, nn

from cardiograft import plugins
from cardiograft.records import Shape

ALL = plugins.names("views")
# A view of stored pictures has no time, and takes their values as they are.
NAMES = [name for name in ALL if plugins.constants("views", name).get("OF") != "pictures"]
SHAPE = Shape(2, 1000, 3, (5,))
RATE_HZ = 250.0


def made(name: str, shape: Shape = SHAPE) -> nn.Module:
    view: nn.Module = plugins.load("views", name).make(shape, RATE_HZ)
    return view


def signals(rows: int = 11) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn((rows, SHAPE.channels, SHAPE.samples), generator=generator)


@pytest.mark.parametrize("name", NAMES)
def test_its_pictures_are_of_the_size_that_it_says(name: str) -> None:
    view = made(name)
    picture_BKHW = view(signals())
    assert view.picture._replace(channels=2, rows=0, samples=1000) == SHAPE
    assert view.picture.rows > 0
    assert picture_BKHW.shape == (11, *view.picture.input)
    assert picture_BKHW.dtype == torch.float32


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_values_are_within_0_and_1_whatever_the_signals(name: str, scale: float) -> None:
    picture_BKHW = made(name)(signals() * scale)
    assert torch.isfinite(picture_BKHW).all()
    assert picture_BKHW.min() >= 0
    assert picture_BKHW.max() <= 1
    assert picture_BKHW.std() > 0.01


@pytest.mark.parametrize("name", NAMES)
def test_a_flat_line_is_a_picture_of_numbers(name: str) -> None:
    for level in (0.0, 1.0):
        flat = made(name)(torch.full((1, *SHAPE.input), level))
        assert torch.isfinite(flat).all()


@pytest.mark.parametrize("name", ALL)
def test_it_has_nothing_to_train_and_nothing_to_save(name: str) -> None:
    shape = SHAPE if name in NAMES else SHAPE._replace(samples=64**2)
    view = made(name, shape)
    assert not list(view.parameters())
    assert not view.state_dict()


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_hangs_on_its_own_lead_and_segment_alone(name: str) -> None:
    view, signal_BCT = made(name), signals()
    whole_BKHW, each = view(signal_BCT), view.picture.channels // 2
    torch.testing.assert_close(view(signal_BCT[4:5]), whole_BKHW[4:5], atol=1e-5, rtol=0)
    turned_BKHW = view(signal_BCT.flip(1))
    torch.testing.assert_close(turned_BKHW[:, :each], whole_BKHW[:, each:], atol=1e-5, rtol=0)
    other = signal_BCT.clone()
    other[:, 1] += 1.0 + signal_BCT[:, 1].roll(1, 1)
    assert torch.equal(view(other)[:, :each], whole_BKHW[:, :each])
    assert not torch.allclose(view(other)[:, each:], whole_BKHW[:, each:])


@pytest.mark.parametrize("name", NAMES)
def test_later_in_the_signal_is_further_right(name: str) -> None:
    view = made(name, SHAPE._replace(channels=1))
    pictures = [view(burst(at)) for at in (200, 800)]
    unusual = [(p - p.median(3, keepdim=True).values).abs().sum((0, 1, 2)) for p in pictures]
    early, late = (int(column_W.argmax()) for column_W in unusual)
    width = view.picture.samples
    assert early < width / 2 < late


def burst(at: int) -> Tensor:
    time_T = torch.arange(SHAPE.samples) - at
    wave_T = torch.cos(2 * torch.pi * 20 * time_T / RATE_HZ)
    return (wave_T * torch.exp(-((time_T / 25) ** 2)))[None, None]

"""Convolutions, then a recurrence: steps that halve where it widens, any length, no signals."""

from typing import Any

import pytest
import torch

from cardiograft.models import crnn
from cardiograft.records import Shape

QUICK = {"stride": 4, "stem": 31, "widths": (24, 24, 48, 64, 64)}


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({}, [(16, 1875), (32, 938), (32, 938), (48, 469), (64, 235), (64, 235)]),
        (QUICK, [(24, 938), (48, 469), (64, 235), (64, 235)]),
    ],
)
def test_steps_grow_in_the_stem_and_where_it_widens(
    options: dict[str, Any], steps: list[tuple[int, int]]
) -> None:
    network, seen = crnn.build(Shape(1, 3750, 0, (3,)), **options).eval(), []
    for block in network.encoder.blocks:
        block.register_forward_hook(lambda _, __, code: seen.append((*code.shape[1::2],)))
    network(torch.zeros(1, 1, 3750), torch.zeros(1, 0))
    assert seen == steps
    assert 3750 / 125 / seen[-1][-1] == pytest.approx(0.128, abs=0.001)  # seconds, as it says


def test_its_code_knows_the_order_of_steps() -> None:
    torch.manual_seed(0)
    network = crnn.build(Shape(1, 1024, 0, (3,))).eval()
    given = []

    def turned(module: torch.nn.Module, steps: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor]:
        given.append(steps[0])
        return (steps[0].flip(1),)

    signal = torch.randn(1, 1, 1024)
    code = network.encoder(signal, torch.zeros(1, 0))
    network.encoder.recurrence.register_forward_pre_hook(turned)
    other = network.encoder(signal, torch.zeros(1, 0))
    assert given[0].shape == (1, 64, 64)  # whose mean and maximum turning does not change
    assert not torch.allclose(code, other, atol=1e-4)


def test_weights_fit_signals_of_any_length() -> None:
    torch.manual_seed(0)
    network = crnn.build(Shape(2, 500, 0, (3,)), widths=(8, 16), kernel=3, stem=5).eval()
    longer = crnn.build(Shape(2, 701, 0, (3,)), widths=(8, 16), kernel=3, stem=5)
    longer.load_state_dict(network.state_dict())
    for samples in (1, 7, 500, 701):
        assert network(torch.rand(2, 2, samples), torch.zeros(2, 0)).shape == (2, 3)


def test_it_gives_no_signals_and_takes_no_features() -> None:
    with pytest.raises(ValueError, match="not a signal"):
        crnn.build(Shape(1, 500, 0, (1, 500)))
    with pytest.raises(ValueError, match="not 2 features"):
        crnn.build(Shape(1, 500, 2, (3,)))

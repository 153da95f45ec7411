"""What every model must do, whatever it is made of."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from cardiograft import plugins
from cardiograft.checkpoints.file import (
    Checkpoint,
    contiguous,
    load_checkpoint,
    read_checkpoint,
    weights_digest,
    write_checkpoint,
)
from cardiograft.records import Shape

# Some models give one number per output, some a signal, some take pictures: each must take one.
SHAPES = (
    Shape(2, 187, 3, (5,)),
    Shape(2, 256, 0, (1, 256)),
    Shape(2, 187, 0, (5,)),
    Shape(3, 130, 3, (5,), rows=128),
)
NAMES = plugins.names("models")


def built(name: str, seed: int = 0) -> tuple[nn.Module, Shape]:
    refusals = []
    for shape in SHAPES:
        torch.manual_seed(seed)
        try:
            return plugins.load("models", name).build(shape), shape
        except ValueError as refusal:
            refusals.append(str(refusal))
    raise AssertionError(f"{name} takes none of the shapes: {refusals}")


def inputs(shape: Shape, rows: int = 4) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    signal = torch.rand((rows, *shape.input), generator=generator)
    return signal, torch.rand((rows, shape.features), generator=generator)


@pytest.mark.parametrize("name", NAMES)
def test_it_gives_the_outputs_that_were_asked(name: str) -> None:
    model, shape = built(name)
    assert model(*inputs(shape)).shape == (4, *shape.outputs)
    bare = shape._replace(features=0)
    assert plugins.load("models", name).build(bare)(*inputs(bare)).shape == (4, *shape.outputs)


@pytest.mark.parametrize("name", NAMES)
def test_what_takes_pictures_says_so(name: str) -> None:
    _, shape = built(name)
    takes = plugins.constants("models", name).get("TAKES", "signals")
    assert takes == ("pictures" if shape.rows else "signals")


@pytest.mark.parametrize("name", NAMES)
def test_it_is_an_encoder_and_a_head(name: str) -> None:
    model, _ = built(name)
    assert {child for child, _ in model.named_children()} == {"encoder", "head"}
    assert {n.split(".")[0] for n in model.state_dict()} == {"encoder", "head"}


@pytest.mark.parametrize("name", NAMES)
def test_its_weights_follow_from_the_seed(name: str) -> None:
    one, same, other = (weights_digest(built(name, s)[0].state_dict()) for s in (3, 3, 4))
    assert one == same != other


@pytest.mark.parametrize("name", NAMES)
def test_a_gradient_reaches_every_parameter(name: str) -> None:
    model, shape = built(name)
    model(*inputs(shape)).square().sum().backward()
    still = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == []


@pytest.mark.parametrize("name", NAMES)
def test_a_segment_does_not_depend_on_its_neighbours(name: str) -> None:
    model, shape = built(name)
    model.eval()
    signal, feature = inputs(shape)
    with torch.no_grad():
        whole, alone = model(signal, feature), model(signal[2:3], feature[2:3])
    torch.testing.assert_close(whole[2:3], alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_features_reach_the_output(name: str) -> None:
    model, shape = built(name)
    if not shape.features:
        pytest.skip("it takes signals alone")
    model.eval()
    signal, feature = inputs(shape)
    assert not torch.allclose(model(signal, feature), model(signal, feature + 1))


@pytest.mark.parametrize("name", NAMES)
def test_it_comes_back_from_a_checkpoint(name: str, tmp_path: Path) -> None:
    model, shape = built(name)
    tensors = contiguous(model.state_dict())
    write_checkpoint(Checkpoint(tensors=tensors), tmp_path / "m.safetensors")
    again, _ = built(name, seed=1)
    load_checkpoint(again, read_checkpoint(tmp_path / "m.safetensors"), where=name)
    model.eval()
    again.eval()
    with torch.no_grad():
        assert torch.equal(model(*inputs(shape)), again(*inputs(shape)))

"""The networks of pictures have the papers' sizes, and take a view in front."""

import pytest
import torch
from torch import Tensor, nn

from cardiograft.checkpoints.network import View, Viewed, build
from cardiograft.models import googlenet, light_cnn
from cardiograft.records import Shape
from cardiograft.training.codes import Coded


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def coloured(classes: int, size: int = 227) -> Shape:
    return Shape(3, size, 0, (classes,), rows=size)


@pytest.mark.parametrize(("classes", "parameters"), [(70, 1_221_574), (2, 594_818)])
def test_light_cnn_has_the_papers_parameters(classes: int, parameters: int) -> None:
    assert count(light_cnn.build(coloured(classes))) == parameters


def test_light_cnn_has_the_sizes_of_the_papers_table() -> None:
    network, sizes = light_cnn.build(coloured(70)), []
    stack = network.get_submodule("encoder.stack")

    def note(_: nn.Module, __: object, code_BKHW: Tensor) -> None:
        sizes.append(tuple(code_BKHW.shape[1:]))

    for layer in stack:
        if not isinstance(layer, nn.ReLU):
            layer.register_forward_hook(note)
    output = network(torch.rand(1, 3, 227, 227), torch.zeros(1, 0))
    # STUDIES `ecg_quality`: convolution and max-pool in turn.
    assert [(side, width) for width, side, _ in sizes] == [
        (45, 128), (22, 128), (10, 128), (9, 128), (7, 256), (6, 256),
    ]  # fmt: skip
    learnt = [sum(p.numel() for p in layer.parameters()) for layer in stack]
    assert [n for n in learnt if n] == [18_944, 262_272, 295_168]
    assert count(network.get_submodule("head")) == 645_190
    assert output.shape == (1, 70)


@pytest.mark.parametrize(("classes", "parameters"), [(1000, 6_624_904), (2, 5_601_954)])
def test_googlenet_has_as_many_parameters_as_published(classes: int, parameters: int) -> None:
    assert count(googlenet.build(coloured(classes, 224))) == parameters


def test_googlenet_is_torchvisions() -> None:
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    theirs = models.googlenet(weights=None, aux_logits=False, init_weights=False).eval()
    theirs.transform_input = False
    ours = googlenet.build(coloured(1000, 96)).eval()
    state = {
        f"encoder.{k}".replace("encoder.fc.", "head."): v for k, v in theirs.state_dict().items()
    }
    ours.load_state_dict(state)
    picture = torch.rand(2, 3, 96, 96)
    with torch.no_grad():
        torch.testing.assert_close(ours(picture, torch.zeros(2, 0)), theirs(2 * picture - 1))


@pytest.mark.parametrize("model", [light_cnn, googlenet])
def test_a_signal_is_refused_in_a_line(model: object) -> None:
    with pytest.raises(ValueError, match="pictures are taken, not signals"):
        model.build(Shape(1, 1500, 0, (2,)))  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="pictures of 20 x 20 are too small"):
        model.build(coloured(2, 20))  # type: ignore[attr-defined]


GREY = View("scalogram", {"height": 122, "width": 122, "colours": "grey"}, 300.0)


def test_a_view_in_front_leaves_names_and_outputs_as_they_are() -> None:
    torch.manual_seed(0)
    network = build("light_cnn", {"widths": [4, 4, 4]}, Shape(1, 900, 0, (2,)), GREY).eval()
    bare = light_cnn.build(Shape(1, 122, 0, (2,), rows=122), widths=(4, 4, 4)).eval()
    assert isinstance(network, Viewed)
    bare.load_state_dict(network.state_dict())
    signal, none = torch.randn(3, 1, 900), torch.zeros(3, 0)
    with torch.no_grad():
        output = network(signal, none)
        assert torch.equal(bare(network.view(signal), none), output)
        assert torch.equal(Coded(network)(signal, none)[0], output)


def test_a_view_and_a_network_that_do_not_fit_are_refused() -> None:
    shape = Shape(1, 900, 0, (2,))
    with pytest.raises(ValueError, match="mlp takes signals, not pictures: leave out the view"):
        build("mlp", {}, shape, GREY)
    with pytest.raises(
        ValueError, match="light_cnn takes pictures: name a view, one of pixels, scalogram"
    ):
        build("light_cnn", {}, shape, None)

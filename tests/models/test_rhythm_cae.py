"""The autoencoder of rhythms: its sizes, its steps, and its encoder in both of its tasks."""

import pytest
import torch
from torch import nn

from cardiograft.checkpoints.file import Checkpoint
from cardiograft.models import rhythm_cae
from cardiograft.records import Shape
from cardiograft.training.transfer import Graft, graft

PAPER = 2048
KINDS = {"signal": (1, PAPER), "classes": (11,)}


def built(width: int = 4, outputs: tuple[int, ...] = (1, PAPER), **options: float) -> nn.Module:
    torch.manual_seed(0)
    samples = outputs[1] if len(outputs) == 2 else PAPER
    shape = Shape(1, samples, 0, outputs)
    return rhythm_cae.build(shape, width=width, **options)  # type: ignore[arg-type]


def size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("width", [1, 4, 8, 16])
def test_it_has_as_many_parameters_as_its_layers_add_up_to(width: int) -> None:
    f = width
    # Kernels of 19 in six blocks and 9 in three, 1 x 1 where the width changes; of width F twice
    # over. Then 80 F to 40 F to 60. Linear in F: the stem, normalisations, biases, 40 F to 60.
    squared = (722 + 630) + (893 + 675) + 40 + 80 * 40
    encoder = squared * f**2 + (21 + 112 + 30 + 14 + 40 + 40 * 60) * f + 60
    decoder = (1352 + 608 + 594 + 40) * f**2 + (61 * 80 + 112 + 26 + 10 + 1) * f + 1
    network = built(width)
    assert size(network.get_submodule("encoder")) == encoder
    assert size(network.get_submodule("head")) == decoder
    assert size(built(width, (11,)).get_submodule("head")) == 11 * 61


def test_seven_of_nine_blocks_halve_the_signal() -> None:
    encoder = built().get_submodule("encoder")
    shapes: list[tuple[int, int]] = []
    for block in encoder.get_submodule("blocks"):  # type: ignore[attr-defined]
        block.register_forward_hook(lambda m, i, o: shapes.append((o.shape[1], o.shape[3])))
    assert encoder(torch.zeros(2, 1, PAPER), torch.zeros(2, 0)).shape == (2, 60)
    assert shapes == [
        (4, 2048),
        (4, 1024),
        (8, 512),
        (12, 256),
        (16, 128),
        (16, 64),
        (20, 32),
        (20, 16),
        (20, 16),
    ]


def test_a_block_activates_before_it_convolves_and_pools_after() -> None:
    torch.manual_seed(0)
    block = rhythm_cae.Block(2, 3, kernel=5, dropout=0.5, pools=True).eval()
    for norm in (block.norm, block.second_norm):
        norm.running_mean.uniform_(-1, 1)  # type: ignore[union-attr]
        norm.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    signal = torch.randn(4, 2, 64)

    def plain(layer: nn.Conv2d, given: torch.Tensor) -> torch.Tensor:
        pad = layer.weight.shape[-1] // 2
        return nn.functional.conv1d(given, layer.weight.squeeze(2), layer.bias, padding=pad)

    def normal(norm: nn.BatchNorm2d, given: torch.Tensor) -> torch.Tensor:
        return norm(given.unsqueeze(2)).squeeze(2)  # type: ignore[no-any-return]

    assert block.shortcut is not None
    active = nn.LeakyReLU(0.01)
    inner = plain(block.first, active(normal(block.norm, signal)))
    inner = plain(block.second, active(normal(block.second_norm, inner)))
    past = plain(block.shortcut, nn.functional.max_pool1d(signal, 2))
    expected = nn.functional.max_pool1d(inner, 2) + past
    torch.testing.assert_close(block(signal.unsqueeze(2)).squeeze(2), expected)


def test_the_whole_encoder_goes_from_one_task_to_the_other() -> None:
    source, target = built(), built(outputs=(11,))
    with torch.no_grad():
        for tensor in source.state_dict().values():
            if tensor.is_floating_point():
                tensor.add_(0.1)
    checkpoint = Checkpoint(tensors=dict(source.state_dict()))
    ledger = graft(target, [Graft("cae", checkpoint, {"encoder": "encoder"})], least=1.0)
    assert ledger.share == 1.0
    signal, none = torch.randn(2, 1, PAPER), torch.zeros(2, 0)
    codes = [n.eval().get_submodule("encoder")(signal, none) for n in (source, target)]
    assert torch.equal(*codes)


def pooled(width: int = 4) -> nn.Module:
    torch.manual_seed(0)
    return rhythm_cae.build(Shape(1, PAPER, 0, (3,)), width=width, readout="pooled")


def test_pooled_steps_are_read_without_the_code() -> None:
    network, whole = pooled(), built(outputs=(3,))
    layers = [size(whole.get_submodule(f"encoder.{name}")) for name in ("wide", "narrow")]
    encoders = [size(n.get_submodule("encoder")) for n in (network, whole)]
    assert encoders[0] == encoders[1] - sum(layers) + 2 * 20  # the last normalisation
    assert size(network.get_submodule("head")) == 3 * (2 * 20 + 1)


def test_the_order_of_steps_matters_to_the_code_alone() -> None:
    signal, none = torch.randn(4, 1, PAPER), torch.zeros(4, 0)
    for network, same in ((pooled(), True), (built(outputs=(3,)), False)):
        network.eval()
        with torch.no_grad():
            before = network(signal, none)
            blocks = network.get_submodule("encoder.blocks")
            blocks.register_forward_hook(lambda m, i, code: code.flip(-1))
            after = network(signal, none)
        assert torch.allclose(before, after, atol=1e-5) == same


def test_the_stem_and_the_blocks_go_to_pooled_steps() -> None:
    source, target = built(), pooled()
    parts = ("stem", "norm", "blocks")
    checkpoint = Checkpoint(tensors=dict(source.state_dict()))
    below = {f"encoder.{part}": f"encoder.{part}" for part in parts}
    ledger = graft(target, [Graft("cae", checkpoint, below)], least=1.0)
    assert ledger.share == 1.0
    given, here = source.state_dict(), target.state_dict()
    assert all(torch.equal(t, given[n]) for n, t in here.items() if n.startswith(tuple(below)))


def test_pooled_steps_give_no_signal() -> None:
    with pytest.raises(ValueError, match="not a signal"):
        rhythm_cae.build(Shape(1, PAPER, 0, (1, PAPER)), readout="pooled")


@pytest.mark.parametrize("samples", [100, 1250, 2048, 2500])
def test_it_gives_back_as_many_samples_as_it_takes(samples: int) -> None:
    network = built(1, (1, samples))
    given = network(torch.randn(2, 1, samples), torch.zeros(2, 0))
    assert given.shape == (2, 1, samples)


def test_it_learns_to_give_back_what_went_in() -> None:
    torch.manual_seed(0)
    network = built(2, (1, 256), dropout=0.0)
    phase = torch.rand(64, 1, 1) * 2 * torch.pi
    signal = torch.sin(torch.arange(256) / 256 * 2 * torch.pi * 3 + phase)
    optimiser = torch.optim.Adam(network.parameters(), 0.01)
    losses = []
    for _ in range(60):
        loss = (network(signal, torch.zeros(64, 0)) - signal).square().mean()
        losses.append(float(loss.detach()))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert losses[-1] < 0.1 * losses[0]


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        (Shape(1, PAPER, 2, (11,)), "not 2 features"),
        (Shape(1, PAPER, 0, (1, 1024)), "outputs of 1024 samples"),
    ],
)
def test_what_it_cannot_give_is_said(shape: Shape, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        rhythm_cae.build(shape)

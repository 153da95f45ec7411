"""Models: Keras' recurrence, seven dense layers, a mean of members that trains as one."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from cardiograft import plugins
from cardiograft.checkpoints.file import Checkpoint, contiguous, read_checkpoint, weights_digest
from cardiograft.models import lstm, mean_ensemble, mlp
from cardiograft.models.layers.dense import Dense
from cardiograft.records import Shape
from cardiograft.specs.transfer import Transfer
from cardiograft.training.transfer import Graft, graft

BEAT = Shape(1, 187, 0, (5,))
SMALL: dict[str, dict[str, Any]] = {
    "mlp": {"name": "mlp", "widths": [16, 8]},
    "cnn": {"name": "cnn", "widths": [4, 4, 4], "kernel": 5, "hidden": [8, 6]},
    "lstm": {"name": "lstm", "units": 8, "hidden": [6]},
}
ENSEMBLE = {"name": "mean_ensemble", "members": list(SMALL.values())}


def signals(rows: int = 4, *, channels: int = 1, samples: int = 187) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    signal = torch.rand((rows, channels, samples), generator=generator)
    signal[:, :, samples // 2 :] = 0
    return signal


def count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def by_hand(layer: lstm.Recurrent, signal_CT: np.ndarray) -> np.ndarray:
    """Return Keras' recurrence on one signal, step by step: kernels on the right of rows."""
    kernel, recurrent, bias = (
        p.detach().double().numpy().T for p in (layer.input_GC, layer.recurrent_GH, layer.bias_G)
    )
    units = len(recurrent)
    carry, hidden = np.zeros(units), np.zeros(units)
    for step in signal_CT.T:
        z = step @ kernel + hidden @ recurrent + bias
        i, f, c, o = np.split(z, 4)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        carry = f * carry + i * np.tanh(c)
        hidden = o * np.tanh(carry)
    return hidden


@pytest.mark.parametrize("channels", [1, 2])
def test_the_recurrence_is_keras_and_reads_the_last_step_after_the_padding(channels: int) -> None:
    torch.manual_seed(0)
    layer, signal = lstm.Recurrent(channels, 16), signals(3, channels=channels)
    nn.init.normal_(layer.bias_G)
    output = layer(signal).detach().numpy()
    for row, one in zip(output, signal.double().numpy(), strict=True):
        np.testing.assert_allclose(row, by_hand(layer, one), atol=1e-6)
    short = layer(signal[:, :, :94]).detach().numpy()
    assert np.abs(short - output).max() > 1e-3


def test_the_recurrence_and_its_gradient_are_those_of_torch_with_one_bias() -> None:
    torch.manual_seed(0)
    ours, theirs = lstm.Recurrent(2, 16), nn.LSTM(2, 16, batch_first=True)
    pairs = [
        (ours.input_GC, theirs.weight_ih_l0),
        (ours.recurrent_GH, theirs.weight_hh_l0),
        (ours.bias_G, theirs.bias_ih_l0),
    ]
    with torch.no_grad():
        theirs.bias_hh_l0.zero_()
        for our, their in pairs:
            their.copy_(our)
    signal = signals(channels=2)
    last, whole = ours(signal), theirs(signal.transpose(1, 2))[0][:, -1]
    torch.testing.assert_close(last, whole)
    last.square().sum().backward()
    whole.square().sum().backward()
    for our, their in pairs:
        torch.testing.assert_close(our.grad, their.grad, atol=1e-6, rtol=1e-4)


def beats(lengths: list[int], *, channels: int = 2, samples: int = 40) -> Tensor:
    """Return signals that are zero from each of `lengths` on."""
    generator = torch.Generator().manual_seed(1)
    signal = torch.randn((len(lengths), channels, samples), generator=generator)
    for row, length in zip(signal, lengths, strict=True):
        row[:, length:] = 0
    return signal


def test_the_last_valid_sample_is_the_last_that_is_not_zero_in_all_channels() -> None:
    signal = beats([40, 1, 17, 0])
    assert lstm.last_valid(signal).tolist() == [39, 0, 16, 39]
    signal[2, 1, 16] = signal[0, :, 3] = 0  # one channel is silent; a zero within the beat
    assert lstm.last_valid(signal).tolist() == [39, 0, 16, 39]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_read_at_the_last_valid_sample_padding_changes_nothing(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    layer = lstm.Recurrent(2, 16, read="valid")
    whole = lstm.Recurrent(2, 16)
    whole.load_state_dict(layer.state_dict())
    lengths = [40, 1, 17, 33]
    signal = beats(lengths)
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        output = layer(signal)
        longer = layer(functional.pad(signal, (0, 60)))
        alone = [whole(one[None, :, :n])[0] for one, n in zip(signal, lengths, strict=True)]
    near = {"atol": 1e-6, "rtol": 1e-5} if dtype == torch.float32 else {"atol": 0.01, "rtol": 0.01}
    torch.testing.assert_close(longer, output, **near)
    torch.testing.assert_close(output, torch.stack(alone), **near)
    assert not torch.allclose(output[1:], whole(signal)[1:].to(output.dtype), atol=0.02)


@pytest.mark.parametrize("read", ["last", "valid"])
def test_a_processor_without_half_precision_runs_the_layer_in_float32(
    read: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    layer, signal = lstm.Recurrent(1, 16, read=read), signals(3)
    weights = list(layer.parameters())
    whole = layer(signal)
    whole_gradient = torch.autograd.grad(whole.square().sum(), weights)
    monkeypatch.setattr(layer, "cpu_dtypes", frozenset())
    with torch.autocast("cpu", torch.bfloat16):
        output = layer(signal)
        product = output @ output.T
    assert output.dtype == torch.float32
    assert product.dtype == torch.bfloat16  # the layer alone
    assert torch.equal(output, whole)
    for one, other in zip(
        torch.autograd.grad(output.square().sum(), weights), whole_gradient, strict=True
    ):
        assert torch.equal(one, other)


def test_where_the_processor_can_the_layer_runs_in_half_precision() -> None:
    layer = lstm.Recurrent(1, 16)
    assert layer.cpu_dtypes <= set(lstm.HALF_PRECISION)
    with torch.autocast("cpu", torch.bfloat16):
        output = layer(signals(3))
    able = torch.bfloat16 in layer.cpu_dtypes
    assert output.dtype == (torch.bfloat16 if able else torch.float32)


def test_of_beats_without_padding_the_last_valid_sample_is_the_last() -> None:
    shape, signal, none = BEAT._replace(samples=40), beats([40] * 3, channels=1), torch.zeros(3, 0)
    outputs, gradients = [], []
    for read in ("last", "valid"):
        torch.manual_seed(0)
        network = lstm.build(shape, read=read)
        outputs.append(network(signal, none))
        outputs[-1].square().sum().backward()
        gradients.append([p.grad for p in network.parameters()])
    torch.testing.assert_close(outputs[0], outputs[1])
    torch.testing.assert_close(gradients[0], gradients[1])


def test_a_gradient_comes_from_the_valid_samples_alone() -> None:
    torch.manual_seed(0)
    network, signal = lstm.build(BEAT, read="valid"), beats([187, 90], channels=1, samples=187)
    signal.requires_grad_()
    network(signal, torch.zeros(2, 0)).square().sum().backward()
    assert signal.grad is not None
    assert signal.grad[1, :, :90].ne(0).any()
    assert not signal.grad[1, :, 90:].any()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


def test_a_member_says_where_it_is_read() -> None:
    torch.manual_seed(0)
    members = ("mlp", {"name": "lstm", "read": "valid"})
    encoder = mean_ensemble.build(BEAT, members=members).encoder[1]
    signal, none = beats([90, 20], channels=1, samples=187), torch.zeros(2, 0)
    longer = encoder(functional.pad(signal, (0, 60)), none)
    torch.testing.assert_close(longer, encoder(signal, none))


def test_the_recurrence_starts_as_keras_does() -> None:
    torch.manual_seed(0)
    layer = lstm.Recurrent(3, 64)
    assert layer.bias_G.tolist() == [0.0] * 64 + [1.0] * 64 + [0.0] * 128
    torch.testing.assert_close(
        layer.recurrent_GH.T @ layer.recurrent_GH, torch.eye(64), atol=1e-5, rtol=0
    )
    limit = (6 / (3 + 256)) ** 0.5
    assert 0.95 * limit < float(layer.input_GC.detach().abs().max()) <= limit


def test_parameters_are_as_many_as_keras_counts() -> None:
    # keras.layers.LSTM(64) on one input: 4 * ((1 + 64) * 64 + 64) = 16,896.
    assert count(lstm.build(BEAT)) == 16_896 + (64 * 64 + 64) + (64 * 5 + 5)
    widths = (187, 256, 256, 128, 128, 64, 64, 5)
    network = mlp.build(BEAT)
    layers = [m for m in network.modules() if isinstance(m, nn.Linear)]
    assert [(m.in_features, m.out_features) for m in layers] == list(pairwise(widths))
    assert count(network) == 176_069
    members = [count(plugins.load("models", name).build(BEAT)) for name in ("mlp", "cnn", "lstm")]
    assert count(mean_ensemble.build(BEAT)) == sum(members)


def test_features_beside_are_one_layer_on_both_together() -> None:
    torch.manual_seed(0)
    dense = Dense(7, 3, widths=(5,), dropout=0.0)
    assert dense.features is not None
    number, feature = torch.rand(4, 7), torch.rand(4, 3)
    weight = torch.cat([dense.first.weight, dense.features.weight], dim=1)
    both = functional.linear(torch.cat([number, feature], dim=1), weight, dense.first.bias)
    torch.testing.assert_close(dense(number, feature), both.relu())


def test_a_deep_start_still_tells_beats_apart() -> None:
    torch.manual_seed(0)
    network = mlp.build(BEAT).eval()
    with torch.no_grad():
        spread = network(signals(64), torch.zeros(64, 0)).std(0).mean()
    assert float(spread) > 0.01  # PyTorch's own start: 0.0004


def test_dropout_drops_in_training_alone() -> None:
    torch.manual_seed(0)
    for network in (mlp.build(BEAT), lstm.build(BEAT, dropout=0.5)):
        signal, none = signals(), torch.zeros(4, 0)
        assert not torch.equal(network(signal, none), network(signal, none))
        network.eval()
        assert torch.equal(network(signal, none), network(signal, none))


def one_per_output() -> list[str]:
    names = []
    for name in plugins.names("models"):
        try:
            plugins.load("models", name).build(BEAT)
        except ValueError:
            continue
        names.append(name)
    return names


@pytest.mark.parametrize("name", one_per_output())
def test_whatever_can_be_a_member_is_its_head_on_its_encoder(name: str) -> None:
    torch.manual_seed(0)
    features = 0 if name in ("rhythm_cae", "crnn") else 2  # which takes signals alone
    network = plugins.load("models", name).build(BEAT._replace(features=features)).eval()
    signal, feature = signals(), torch.rand(4, features)
    assert torch.equal(network.head(network.encoder(signal, feature)), network(signal, feature))


def trio(outputs: int = 5) -> list[nn.Module]:
    made = []
    for seed, options in enumerate(SMALL.values()):
        torch.manual_seed(seed)
        given = {k: v for k, v in options.items() if k != "name"}
        module = plugins.load("models", options["name"])
        made.append(module.build(BEAT._replace(outputs=(outputs,)), **given).eval())
    return made


def together(networks: list[nn.Module], outputs: int = 5, **options: Any) -> nn.Module:
    members = tuple(SMALL.values())
    shape = BEAT._replace(outputs=(outputs,))
    whole = mean_ensemble.build(shape, members=members, **options).eval()
    grafts = [
        Graft(
            name,
            Checkpoint(tensors=contiguous(network.state_dict())),
            {"encoder": f"encoder.{place}", "head": f"head.{place}"},
        )
        for place, (name, network) in enumerate(zip(SMALL, networks, strict=True))
    ]
    ledger = graft(whole, grafts, least=1.0)
    assert ledger.share == 1.0
    assert [line.entry for line in ledger.lines if line.tensor.startswith("head.2")] == ["lstm"] * 2
    assert {line.entry for line in ledger.lines} == set(SMALL)
    return whole


def test_three_grafted_networks_give_the_mean_of_their_probabilities() -> None:
    networks, signal, none = trio(), signals(), torch.zeros(4, 0)
    whole = together(networks)(signal, none)
    mean = torch.stack([n(signal, none).softmax(1) for n in networks]).mean(0)
    torch.testing.assert_close(whole.softmax(1), mean)
    target = torch.tensor([0, 1, 2, 4])
    torch.testing.assert_close(
        functional.cross_entropy(whole, target), -mean[range(4), target].log().mean()
    )


def test_yes_or_no_heads_are_averaged_as_they_come() -> None:
    networks, signal, none = trio(8), signals(), torch.zeros(4, 0)
    whole = together(networks, 8, mean_of="outputs")(signal, none)
    torch.testing.assert_close(whole, torch.stack([n(signal, none) for n in networks]).mean(0))


def test_a_member_that_is_sure_and_wrong_leaves_the_loss_finite() -> None:
    sure = mean_ensemble.Heads([nn.Identity(), nn.Identity()], probabilities=True)
    codes = [torch.tensor([[1e4, -1e4]]), torch.tensor([[1e4, -1e4]])]
    assert torch.isfinite(sure(codes)).all()


def test_members_that_can_not_be_averaged_are_refused() -> None:
    with pytest.raises(ValueError, match="needs two members or more, not 1"):
        mean_ensemble.build(BEAT, members=("cnn",))
    with pytest.raises(ValueError, match="has no probabilities: mean_of 'outputs'"):
        mean_ensemble.build(BEAT._replace(outputs=(1, 187)))
    with pytest.raises(ValueError, match=r"no models named 'lsmt'. Did you mean 'lstm'\?"):
        mean_ensemble.build(BEAT, members=("cnn", "lsmt"))
    with pytest.raises(ValueError, match=r"lstm has no option 'unit'. Did you mean 'units'\?"):
        mean_ensemble.build(BEAT, members=("cnn", {"name": "lstm", "unit": 3}))


def transferred(cohort: Any, out: Path, given: dict[str, Path], **changes: Any) -> Path:
    training = {"epochs": 1, "batch_size": 32, **changes.pop("training", {})}
    entry = {"split": "toy", "task": "classify", "training": training, **changes}
    spec = Transfer.model_validate(entry)
    folder: Path = cohort.job("transfer", spec, out, sources_=list(given.values()))
    return folder


def json_of(folder: Path, file: str = "card.json") -> Any:
    return json.loads((folder / file).read_text("utf-8"))


def test_three_trained_networks_train_on_as_one(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    sources = {n: pretrained(n, model=m, epochs=1) for n, m in SMALL.items()}
    folder = transferred(
        cohort,
        tmp_path / "whole",
        sources,
        model=ENSEMBLE,
        sources=[
            {"entry": name, "map": {"encoder": f"encoder.{i}", "head": f"head.{i}"}}
            for i, name in enumerate(sources)
        ],
        rate_factors={"encoder": 0.1, "encoder.1": 0.0},
        frozen=["encoder.0"],
        training={"per_class": 24},
    )
    ledger = json_of(folder, "ledger.json")
    assert ledger["share_of_all"] == 1.0
    assert {line["entry"] for line in ledger["tensors"]} == set(SMALL)
    assert [p["entry"] for p in json_of(folder)["parents"]] == list(SMALL)
    after = read_checkpoint(folder / "model.safetensors").tensors
    for place, (name, moves) in enumerate(zip(SMALL, (False, False, True), strict=True)):
        before = read_checkpoint(sources[name] / "model.safetensors").tensors
        for tensor, value in before.items():
            part, rest = tensor.split(".", 1)
            same = torch.equal(value, after[f"{part}.{place}.{rest}"])
            assert same == (part == "encoder" and not moves), tensor


@pytest.mark.parametrize("name", SMALL)
def test_a_frozen_encoder_without_a_source_stays_as_it_was_drawn(
    name: str, cohort: Any, tmp_path: Path
) -> None:
    folder = transferred(
        cohort,
        tmp_path / "control",
        {},
        model=SMALL[name],
        frozen=["encoder"],
        training={"class_weights": "balanced"},
    )
    after = read_checkpoint(folder / "model.safetensors").tensors
    encoder = {k.removeprefix("encoder."): t for k, t in after.items() if k.startswith("encoder.")}
    assert json_of(folder)["encoder_sha256_before"] == weights_digest(encoder)
    torch.manual_seed(0)
    given = {k: v for k, v in SMALL[name].items() if k != "name"}
    drawn = plugins.load("models", name).build(Shape(1, 64, 0, (3,)), **given)
    assert all(torch.equal(t, encoder[k]) for k, t in drawn.encoder.state_dict().items())
    assert not torch.equal(drawn.head.weight, after["head.weight"])

"""Structured pruning: which channels hang together, and the smaller network that is left."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from cohort import Interrupt
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from torch import Tensor, nn

from cardiograft import plugins
from cardiograft.checkpoints.file import read_checkpoint, weights_digest
from cardiograft.evaluation.predict import predict
from cardiograft.records import Shape
from cardiograft.specs.entry import Model, Plugin
from cardiograft.specs.predict import Predict
from cardiograft.specs.prune import Prune, Sparsity, kept_channels, narrowed
from cardiograft.specs.transfer import Transfer
from cardiograft.training.pruning.coupling import coupled
from cardiograft.training.pruning.magnitude import Magnitude
from cardiograft.training.pruning.structured import Structured, structured

SHAPES = (Shape(3, 100, 0, (1, 100)), Shape(1, 64, 2, (5,)))
ABLE = [n for n in plugins.names("models") if plugins.constants("models", n).get("WIDTHS")]


def model(name: str, **options: Any) -> Plugin:
    chosen: Plugin = TypeAdapter(Model).validate_python({"name": name, **options})
    return chosen


def built(plugin: Plugin, seed: int = 0) -> tuple[nn.Module, Shape]:
    """Return a network that no initial zero makes simpler than a trained one."""
    for shape in SHAPES:
        torch.manual_seed(seed)
        try:
            network = plugins.load("models", plugin.name).build(shape, **plugin.options)
        except ValueError:
            continue
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.1 * torch.randn(parameter.shape))
        return network.eval(), shape
    raise AssertionError(plugin.name)


def inputs(shape: Shape) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    signal_BCT = torch.randn((3, shape.channels, shape.samples), generator=generator)
    return signal_BCT, torch.randn((3, shape.features), generator=generator)


def gradual(final: float = 0.5, **more: Any) -> Sparsity:
    return Sparsity(method="structured", initial=0.1, final=final, end=4, every=1, **more)


@given(width=st.integers(1, 600), sparsity=st.floats(0, 0.99), multiple=st.sampled_from([1, 8]))
def test_kept_channels_are_the_nearest_multiple(width: int, sparsity: float, multiple: int) -> None:
    kept = kept_channels(width, sparsity, multiple=multiple)
    assert kept % multiple == 0
    assert kept >= multiple
    assert kept == multiple or abs(kept - width * (1 - sparsity)) <= multiple / 2 + 1e-6


def test_kept_channels_of_a_tie_are_the_more() -> None:
    assert [kept_channels(w, 0.25, multiple=8) for w in (16, 32, 48, 64)] == [16, 24, 40, 48]
    assert [kept_channels(5, s) for s in (0, 0.1, 0.3, 0.5, 0.9, 0.99)] == [5, 5, 4, 3, 1, 1]


@pytest.mark.parametrize("name", ABLE)
@pytest.mark.parametrize("final", [0.25, 0.5])
def test_the_small_network_gives_what_the_masked_large_one_gave(name: str, final: float) -> None:
    plugin, spec = model(name), gradual(final)
    result = narrowed(plugin, spec)
    network, shape = built(plugin)
    way = structured(spec, network, result, shape)
    network.double()
    masks: dict[str, Tensor] = {}
    way.attach(network, masks)
    for step in range(5):
        way.renew(network, masks, step=step)
    signal, feature = (given.double() for given in inputs(shape))
    large = network(signal, feature)
    large.square().sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in network.parameters())
    tensors, left = way.finished(network.state_dict(), masks)
    small = plugins.load("models", name).build(shape, **result.options).double().eval()
    small.load_state_dict(tensors)
    assert not left
    assert sum(p.numel() for p in small.parameters()) < sum(p.numel() for p in network.parameters())
    torch.testing.assert_close(small(signal, feature), large, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("name", ABLE)
def test_without_sparsity_nothing_changes(name: str) -> None:
    plugin, spec = model(name), Sparsity(method="structured", final=0.0, end=1)
    assert narrowed(plugin, spec) == plugin
    network, shape = built(plugin)
    before = weights_digest(network.state_dict())
    way, masks = structured(spec, network, plugin, shape), dict[str, Tensor]()
    way.attach(network, masks)
    way.renew(network, masks, step=0)
    assert weights_digest(way.finished(network.state_dict(), masks)[0]) == before


def test_channels_that_are_added_go_together() -> None:
    plugin = model("ecgnet")
    network, shape = built(plugin)
    owners = structured(gradual(), network, narrowed(plugin, gradual()), shape).coupling
    stage = "encoder.stages.1"
    rows = [owners.owners[f"{stage}.{n}.weight"][0] for n in ("second.convolution", "shortcut")]
    assert torch.equal(*rows)
    assert torch.equal(rows[0], owners.owners["encoder.stages.2.shortcut.weight"][1])
    alone = owners.owners[f"{stage}.first.convolution.weight"][0]
    assert not set(alone.tolist()) & set(rows[0].tolist())


def test_what_is_concatenated_or_scaled_is_followed() -> None:
    plugin = model("unet")
    network, shape = built(plugin)
    coupling = structured(gradual(), network, narrowed(plugin, gradual()), shape).coupling
    deep = coupling.owners["encoder.bottleneck.mix.weight"][0]
    skip = coupling.owners["encoder.stages.0.second.convolution.weight"][0]
    received = coupling.owners["head.stages.1.convolution.weight"][1]
    assert torch.equal(received, torch.cat([deep, skip]))
    film = coupling.owners["encoder.bottleneck.film.3.weight"][0]
    assert torch.equal(film, torch.cat([deep, deep]))


@pytest.mark.parametrize("name", ["cae", "ecgnet", "unet"])
def test_groups_of_a_normalisation_lose_as_many_each(name: str) -> None:
    plugin = model(name, widths=[32, 48, 64])
    network, shape = built(plugin)
    way = structured(gradual(), network, narrowed(plugin, gradual()), shape)
    masks: dict[str, Tensor] = {}
    counts = []
    for step in range(5):
        way.renew(network, masks, step=step)
        for module, norm in network.named_modules():
            if isinstance(norm, nn.GroupNorm):
                of_group = masks[f"{module}.weight"].view(norm.num_groups, -1).sum(1)
                assert len(set(of_group.tolist())) == 1
        counts.append(int(masks["encoder.stem.norm.weight"].sum()))
    assert counts == sorted(counts, reverse=True)
    assert (counts[0], counts[-1]) == (32, 16)  # of four in a group 0.9 x 4 are four


def test_mixed_precision_trains_through_it() -> None:
    plugin, spec = model("ecgnet"), gradual()
    network, shape = built(plugin)
    way = structured(spec, network, narrowed(plugin, spec), shape)
    masks: dict[str, Tensor] = {}
    way.attach(network, masks)
    way.renew(network, masks, step=4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        network(*inputs(shape)).square().mean().backward()
    gone = ~masks["encoder.stem.norm.weight"]
    norm = network.get_submodule("encoder.stem.norm")
    assert norm.weight.grad is not None
    assert not norm.weight.grad[gone].any()
    assert norm.weight.grad[~gone].all()


def test_the_weakest_channels_go_and_stay_away() -> None:
    plugin = model("cnn1d", widths=[16, 8])
    network, shape = built(plugin)
    weak = [0, 3, 4, 7, 8, 9, 12, 15]
    spec = Sparsity(method="structured", initial=0.5, final=0.5, end=2, every=1)
    way = structured(spec, network, narrowed(plugin, spec), shape)
    first, second = network.encoder.layers  # type: ignore[union-attr, misc]
    with torch.no_grad():
        first.weight[weak] *= 0.01
        first.bias[weak] *= 0.01
        second.weight[:, weak] *= 0.01
    masks: dict[str, Tensor] = {}
    way.renew(network, masks, step=0)
    assert (~masks["encoder.layers.0.bias"]).nonzero().flatten().tolist() == weak
    with torch.no_grad():
        first.weight[:] = 1.0
        first.weight[weak] = 100.0  # as an optimiser's momentum might
    way.renew(network, masks, step=1)
    assert (~masks["encoder.layers.0.bias"]).nonzero().flatten().tolist() == weak
    assert not first.weight[weak].any()


def test_weights_pruned_one_by_one_before_stay_so() -> None:
    plugin = model("cnn1d", widths=[16, 16])
    network, shape = built(plugin)
    masks: dict[str, Tensor] = {}
    ones = Sparsity(initial=0.3, final=0.3, end=1)
    Magnitude(ones).renew(network, masks, step=0)
    spec = gradual()
    way = structured(spec, network, narrowed(plugin, spec), shape)
    for step in range(5):
        way.renew(network, masks, step=step)
    tensors, left = way.finished(network.state_dict(), masks)
    assert set(left) == {name for name, t in tensors.items() if t.ndim > 1}
    for name, mask in left.items():
        assert mask.shape == tensors[name].shape
        assert torch.equal(mask, tensors[name] != 0)


class Normal(nn.Module):
    """A network with batch normalisation, an activation that is not 0 at 0, and two paths."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.one = nn.Conv1d(2, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.two = nn.Linear(width, 4)

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        code: Tensor = self.two(torch.sigmoid(self.norm(self.one(signal_BCT))).mean(2))
        return code


def shapes(network: nn.Module) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in network.state_dict().items()}


def test_batch_normalisation_and_its_running_means_are_cut() -> None:
    torch.manual_seed(0)
    network, shape = Normal(6), Shape(2, 20, 0, (4,))
    for _ in range(3):
        network(*inputs(shape))
    network.eval()
    spec = gradual()
    way = Structured(spec, coupled(network, shapes(Normal(3)), shape))
    masks: dict[str, Tensor] = {}
    way.attach(network, masks)
    for step in range(5):
        way.renew(network, masks, step=step)
    small = Normal(3).eval()
    small.load_state_dict(way.finished(network.state_dict(), masks)[0])
    torch.testing.assert_close(small(*inputs(shape)), network(*inputs(shape)))


class Added(Normal):
    """The input itself is added to channels, so that none of them can go."""

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        code: Tensor = self.two((self.norm(self.one(signal_BCT)) + signal_BCT).mean(2))
        return code


class Mixed(Normal):
    """A softmax over channels: each reaches all."""

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        code: Tensor = self.two(self.norm(self.one(signal_BCT)).softmax(1).mean(2))
        return code


@pytest.mark.parametrize(
    ("network", "narrow", "message"),
    [
        (Added(2), Added(1), r"one.weight would have shape \[2, 2, 3\], in .* it has \[1, 2, 3\]"),
        (Mixed(4), Mixed(2), "one has 4 channels, not all of which can go alone: 2"),
    ],
)
def test_what_can_not_be_cut_is_named(network: nn.Module, narrow: nn.Module, message: str) -> None:
    with pytest.raises(ValueError, match=f"structured pruning: {message}"):
        coupled(network, shapes(narrow), Shape(2, 20, 0, (4,)))


class Gated(nn.Module):
    """A comparison lets one path through by another: no probe sees it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(20, width), nn.Linear(20, width)
        self.last = nn.Linear(width, 4)

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        signal_BT = signal_BCT[:, 0]
        open_BH = self.two(signal_BT) > 0
        code: Tensor = self.last(self.one(signal_BT) * open_BH)
        return code


def test_a_coupling_that_is_not_seen_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Room:
        @staticmethod
        def build(shape: Shape, *, width: int) -> nn.Module:
            return Gated(width)

    monkeypatch.setattr(plugins, "load", lambda kind, name: Room)
    torch.manual_seed(0)
    narrow = Plugin(kind="models", name="gated", options={"width": 4})
    with pytest.raises(ValueError, match="couples channels unseen"):
        structured(gradual(), Gated(8), narrow, Shape(1, 20, 0, (4,)))


def test_a_shortcut_that_the_narrower_network_lacks_is_named() -> None:
    network, shape = built(model("tcn", widths=[16, 24]))
    narrow = model("tcn", widths=[8, 8])
    with pytest.raises(ValueError, match=r"one of .* has encoder.blocks.1.shortcut.bias; a width"):
        structured(gradual(), network, narrow, shape)


@pytest.mark.parametrize("final", [0.25, 0.5, 0.75, 0.9, 0.95])
@pytest.mark.parametrize("widths", [[16, 32, 48, 64], [16, 16, 24, 64, 16]])
def test_neighbours_stay_apart_where_a_shortcut_hangs_on_it(
    final: float, widths: list[int]
) -> None:
    plugin, spec = model("tcn", widths=widths, kernel=3), gradual(final)
    network, shape = built(plugin)
    narrow = narrowed(plugin, spec)
    structured(spec, network, narrow, shape)  # or is refused, as above
    kept = narrow.options["widths"]
    assert [a == b for a, b in pairwise(kept)] == [a == b for a, b in pairwise(widths)]


def test_channels_convolved_apart_are_refused() -> None:
    network = nn.Sequential(nn.Conv1d(4, 4, 3, groups=4))
    with pytest.raises(ValueError, match="0 convolves its channels apart"):
        coupled(network, shapes(network), Shape(4, 20, 0, (4,)))


def prune_spec(source: Path, **sparsity: Any) -> Prune:
    card = json.loads((source / "card.json").read_text("utf-8"))
    given = {"method": "structured", "initial": 0.1, "final": 0.5, "end": 20, "every": 5}
    return Prune.model_validate(
        {
            "source": "toy",
            "split": "toy",
            "model": card["model"],
            "task": card["spec"]["task"],
            "sparsity": {**given, **sparsity},
            "training": {
                "epochs": 3,
                "batch_size": 32,
                "ema": 0.9,
                "keep": "best_validation",
            },
        }
    )


def pruned(cohort: Any, source: Path, out: Path, **sparsity: Any) -> Path:
    folder: Path = cohort.job("prune", prune_spec(source, **sparsity), out / "model", source=source)
    return folder


def test_the_file_is_the_smaller_network_and_without_zeros(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    source = pretrained()
    folder = pruned(cohort, source, tmp_path / "p")
    saved = read_checkpoint(folder / "model.safetensors")
    assert not saved.masks
    assert saved.tensors["encoder.stack.0.convolution.weight"].shape == (2, 1, 1, 5)
    card, first = (json.loads((f / "card.json").read_text("utf-8")) for f in (folder, source))
    assert card["model"]["options"]["widths"] == [2, 2, 2]
    assert card["model"]["options"]["hidden"] == [4, 3]
    assert card["spec"]["model"]["options"]["widths"] == [4, 4, 4]
    assert card["sparsity"]["zeros"] == 0
    assert card["parameters"] < first["parameters"]
    assert card["file_bytes"] == (folder / "model.safetensors").stat().st_size
    for one in (card, first):
        assert 0 < one["file_zstd_bytes"] < one["file_bytes"]
        assert 0 < one["latency_low_ms"] <= one["latency_ms"] <= one["latency_high_ms"]
    assert card["source_latency_ms"] > 0
    assert "source_latency_ms" not in first


def test_it_is_asked_as_any_network_is(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    source = pretrained()
    folder, run = pruned(cohort, source, tmp_path / "p"), prune_spec(source)
    spec = Predict(split="toy", model=run.result, task=run.task)
    shards, where = [cohort.segments], {"split": cohort.honest, "model": folder}
    saved = predict(spec, segments=shards, scratch=tmp_path / "s", **where)
    assert len(saved.score_NK) == 80
    wide = spec.model_copy(update={"model": run.model})
    with pytest.raises(ValueError, match="the network"):
        predict(wide, segments=shards, scratch=tmp_path / "s", **where)


def test_it_is_transferred_into_its_own_size(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    source = pretrained()
    folder = pruned(cohort, source, tmp_path / "p")
    spec = Transfer.model_validate(
        {
            "split": "toy",
            "model": prune_spec(source).result,
            "task": "classify",
            "sources": [{"entry": "toy", "map": {"encoder": "encoder", "head": "head"}}],
            "least": 1.0,
            "training": {"epochs": 1},
        }
    )
    tuned = cohort.job("transfer", spec, tmp_path / "t", sources_=[folder])
    ledger = json.loads((tuned / "ledger.json").read_text("utf-8"))
    assert {line["state"] for line in ledger["tensors"]} == {"loaded"}


def test_stopped_and_resumed_it_ends_in_the_same_bytes(
    cohort: Any, pretrained: Callable[..., Path], interrupted: Interrupt, tmp_path: Path
) -> None:
    source = pretrained(
        model={"name": "cae", "widths": [16, 16], "kernel": 3, "code": 2}, task="reconstruct"
    )
    calm = pruned(cohort, source, tmp_path / "calm")
    interrupted(14)  # channels have gone, and more will
    with pytest.raises(SystemExit):
        pruned(cohort, source, tmp_path / "again")
    assert (tmp_path / "again/state").exists()
    again = pruned(cohort, source, tmp_path / "again")
    files = [folder / "model.safetensors" for folder in (calm, again)]
    assert files[0].read_bytes() == files[1].read_bytes()
    card = json.loads((calm / "card.json").read_text("utf-8"))
    assert card["model"]["options"]["widths"] == [8, 8]

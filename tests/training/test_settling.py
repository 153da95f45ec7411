"""Frozen random weights are normalised by what they are shown, learned ones stay as they were."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from cohort import ENDINGS, Interrupt

from cardiograft.checkpoints.file import contiguous, read_checkpoint
from cardiograft.models import rhythm_cae
from cardiograft.records import Shape
from cardiograft.segments.folders import pooled
from cardiograft.specs.transfer import Transfer
from cardiograft.splits.table import read_split_table
from cardiograft.training import settling
from cardiograft.training.build import build_network, fitted_task, network_shape
from cardiograft.training.feed import read_feed
from cardiograft.training.settling import settle, unsettled

MODEL = {"name": "rhythm_cae", "width": 2, "latent": 6}


def entry(**changes: Any) -> Transfer:
    given = {
        "split": "toy",
        "model": MODEL,
        "task": "classify",
        "sources": [],
        "frozen": ["encoder"],
    }
    training = {"epochs": 2, "batch_size": 32, **changes.pop("training", {})}
    return Transfer.model_validate({**given, "training": training, **changes})


def made(cohort: Any) -> tuple[Any, Any, Any]:
    spec, split = entry(), read_split_table(cohort.honest)
    task = fitted_task(spec, pooled([cohort.segments]), [cohort.segments], split)
    on = {"device": torch.device("cpu"), "scratch": Path("none")}
    feed = read_feed([cohort.segments], split.ids("train"), task, **on)
    network = build_network(spec.model, network_shape(pooled([cohort.segments]), task), seed=0)
    return network, task, feed


def test_what_leaves_a_layer_has_mean_0_and_variance_1(cohort: Any) -> None:
    network, task, feed = made(cohort)
    before = contiguous(network.state_dict())
    layers = unsettled(network, ["encoder"])
    assert len(layers) == 19
    with torch.no_grad():
        signal_BCT = feed.columns["signal"]
        code_BW = network.eval().encoder(signal_BCT, torch.zeros(len(feed), 0))
        settle(network, task, feed, layers=layers, size=64, seed=0)
        seen: dict[str, torch.Tensor] = {}
        for name in layers:
            network.get_submodule(name).register_forward_hook(
                lambda _, __, out, name=name: seen.__setitem__(name, out)
            )
        assert network.training
        now_BW = network.eval().encoder(signal_BCT, torch.zeros(len(feed), 0))
    for name, out in seen.items():
        assert out.mean((0, 2, 3)).abs().max() < 0.2, name
        assert out.var((0, 2, 3)).sub(1).abs().max() < 0.4, name
    assert now_BW.std(0).mean() > 5 * code_BW.std(0).mean()
    changed = {n for n, t in network.state_dict().items() if not torch.equal(t, before[n])}
    assert {name.rpartition(".")[0] for name in changed} == set(layers)
    assert all("running" in name or "num_batches" in name for name in changed)


def test_it_is_one_pass_of_some_batches_and_decided_by_the_seed(
    cohort: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "MOST_BATCHES", 3)
    means = []
    for seed in (1, 1, 2):
        network, task, feed = made(cohort)
        torch.manual_seed(len(means))
        settle(network, task, feed, layers=("encoder.norm",), size=16, seed=seed)
        assert network.get_submodule("encoder.norm").num_batches_tracked == 3
        means.append(network.get_submodule("encoder.norm").running_mean)
    assert torch.equal(means[0], means[1])
    assert not torch.equal(means[0], means[2])


def test_only_frozen_layers_without_statistics_of_their_own_are_unsettled() -> None:
    network = rhythm_cae.build(Shape(1, 128, 0, (3,)), width=2, latent=6)
    assert unsettled(network, []) == ()
    assert unsettled(network, ["head"]) == ()
    assert unsettled(network, ["encoder.norm"]) == ("encoder.norm",)
    every = frozenset(network.state_dict())
    assert unsettled(network, ["encoder"], every) == ()
    assert unsettled(network, ["encoder"], every - {"encoder.norm.running_mean"}) == (
        "encoder.norm",
    )


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_resumed_training_is_the_whole_one_and_card_and_ledger_say_it(
    cohort: Any, interrupted: Interrupt, tmp_path: Path, ending: str
) -> None:
    spec = entry()
    whole = cohort.job("transfer", spec, tmp_path / "whole", sources_=[])
    interrupted(4, ending)
    with pytest.raises(ENDINGS[ending]):
        cohort.job("transfer", spec, tmp_path / "cut", sources_=[])
    cut = cohort.job("transfer", spec, tmp_path / "cut", sources_=[])
    assert (cut / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    card, ledger = (json.loads((cut / f).read_text("utf-8")) for f in ("card.json", "ledger.json"))
    assert len(ledger["settled"]) == 19
    assert card["settled_on_the_training_part"] == ledger["settled"]
    tensors = read_checkpoint(cut / "model.safetensors").tensors
    assert all(tensors[f"{name}.running_mean"].abs().max() > 0 for name in ledger["settled"])


def test_a_loaded_or_a_trained_encoder_is_as_it_was(
    cohort: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*arguments: Any, **options: Any) -> None:
        assert not options["layers"]

    monkeypatch.setattr("cardiograft.training.run.settle", never)
    source = cohort.job("transfer", entry(frozen=[]), tmp_path / "source", sources_=[])
    spec = entry(sources=[{"entry": "source"}])
    out = cohort.job("transfer", spec, tmp_path / "out", sources_=[source])
    assert json.loads((out / "ledger.json").read_text("utf-8"))["settled"] == []
    assert "settled_on_the_training_part" not in json.loads((out / "card.json").read_text("utf-8"))
    tensors = [read_checkpoint(f / "model.safetensors").tensors for f in (source, out)]
    for name, tensor in tensors[0].items():
        if name.startswith("encoder."):
            assert torch.equal(tensor, tensors[1][name])

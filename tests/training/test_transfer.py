"""A transfer says of every tensor what became of it, and fails when too little was loaded."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import scripts
import torch
from torch import nn

from cardiograft.checkpoints.file import Checkpoint, contiguous, read_checkpoint, weights_digest
from cardiograft.checkpoints.names import longest, require_matches
from cardiograft.models import cnn
from cardiograft.records import Shape
from cardiograft.specs.transfer import Transfer
from cardiograft.training.job import train_and_publish
from cardiograft.training.request import Fresh, Job, Origin, Place
from cardiograft.training.transfer import Graft, graft


def network(outputs: int = 3, *, features: int = 0, seed: int = 0, hidden: int = 8) -> nn.Module:
    torch.manual_seed(seed)
    shape = Shape(1, 64, features, (outputs,))
    return cnn.build(shape, widths=(4, 4, 4), kernel=5, hidden=(hidden, 6))


def checkpoint(model: nn.Module, *masked: str) -> Checkpoint:
    tensors = contiguous(model.state_dict())
    masks = {name: torch.rand(tensors[name].shape) > 0.5 for name in masked}
    for name, mask in masks.items():
        tensors[name] *= mask
    return Checkpoint(tensors=tensors, masks=masks)


def states(ledger: Any) -> dict[str, str]:
    return {line.tensor: line.state for line in ledger.lines}


def test_the_encoder_is_loaded_and_the_head_is_left() -> None:
    source, target = network(8, seed=1), network(3, seed=2)
    head = target.head.weight.clone()
    ledger = graft(target, [Graft("pre", checkpoint(source), {"encoder": "encoder"})], least=1.0)
    assert ledger.share == 1.0
    for name, tensor in target.encoder.state_dict().items():
        assert torch.equal(tensor, source.encoder.state_dict()[name])
        assert states(ledger)[f"encoder.{name}"] == "loaded"
    assert torch.equal(target.head.weight, head)
    why = {line.tensor: line.why for line in ledger.lines if line.state == "skipped"}
    assert why == dict.fromkeys(("head.weight", "head.bias"), "no map reaches it")
    assert ledger.content()["parameters"] == sum(p.numel() for p in target.parameters())


def test_masks_come_along() -> None:
    source = checkpoint(network(seed=1), "encoder.first.weight", "head.weight")
    target = network(seed=2)
    ledger = graft(target, [Graft("pre", source, {"encoder": "encoder"})], least=0.5)
    assert states(ledger)["encoder.first.weight"] == "masked"
    assert set(ledger.masks) == {"encoder.first.weight"}
    assert torch.equal(ledger.masks["encoder.first.weight"], source.masks["encoder.first.weight"])


def test_features_that_the_source_had_not_leave_the_rest_whole() -> None:
    source = checkpoint(network(seed=1))
    ledger = graft(network(features=2), [Graft("pre", source, {"encoder": "encoder"})], least=0.9)
    why = {line.tensor: line.why for line in ledger.lines if line.state == "skipped"}
    assert why["encoder.features.weight"] == "no source has it"
    assert 0.9 < ledger.share < 1.0


def test_too_little_is_an_error_that_says_which_tensors() -> None:
    source = checkpoint(network(seed=1, hidden=9))
    message = (
        r"transfer loaded \d+ of \d+ mapped parameters \(\d+%\), least is 50%; skipped:"
        r" encoder.first.weight \(shape \(9, 32\) in the source\)"
    )
    with pytest.raises(ValueError, match=message):
        graft(network(), [Graft("pre", source, {"encoder": "encoder"})], least=0.5)


def test_several_sources_each_find_their_place() -> None:
    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.members = nn.ModuleList([network(seed=5), network(seed=6)])

    target = Pair()
    sources = [network(seed=1), network(seed=2)]
    grafts = [Graft(f"s{i}", checkpoint(s), {"": f"members.{i}"}) for i, s in enumerate(sources)]
    assert graft(target, grafts, least=1.0).share == 1.0
    for member, source in zip(target.members, sources, strict=True):
        assert torch.equal(member.head.weight, source.head.weight)
    with pytest.raises(ValueError, match=r"members.0.* is reached by 's0' and by 's1'"):
        graft(target, [grafts[0], Graft("s1", checkpoint(sources[1]), {"": "members.0"})], least=0)


def test_the_longest_prefix_wins_and_words_are_whole() -> None:
    assert longest("encoder.rest.0.weight", {"encoder": 1, "encoder.rest": 2}) == "encoder.rest"
    assert longest("encoders.weight", {"encoder": 1}) is None
    source = checkpoint(network(seed=1))
    target = network(seed=2)
    maps = {"encoder": "encoder", "encoder.rest": "nowhere"}
    ledger = graft(target, [Graft("pre", source, maps)], least=0.5)
    assert states(ledger)["encoder.rest.0.weight"] == "skipped"
    assert states(ledger)["encoder.first.weight"] == "loaded"


def test_a_prefix_that_names_nothing_is_an_error_with_a_hint() -> None:
    with pytest.raises(ValueError, match=r"source 'pre': no tensor below 'encodr'. Did you mean"):
        graft(network(), [Graft("pre", checkpoint(network()), {"encodr": "encoder"})], least=0)
    with pytest.raises(ValueError, match=r"frozen: no tensor below 'encoder.frist'. Did you mean"):
        require_matches(network(), ["encoder.frist"], what="frozen")


def test_two_maps_that_reach_nothing_count_as_nothing_loaded() -> None:
    with pytest.raises(ValueError, match=r"loaded 0 of 0 mapped parameters \(0%\)"):
        graft(network(), [Graft("pre", checkpoint(network()), {"encoder": "trunk"})], least=0.5)


def test_the_script_grafts_freezes_and_trains_on(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    source = pretrained(task="recognise_transform", epochs=1)
    card = json.loads((source / "card.json").read_text("utf-8"))
    spec = Transfer.model_validate(
        {
            "split": "toy",
            "model": card["spec"]["model"],
            "task": {"name": "classify", "features": ["rr_before"]},
            "sources": [{"entry": "pretext"}],
            "frozen": ["encoder.stack"],
            "training": {"epochs": 1},
        }
    )
    cohort.job("transfer", spec, tmp_path / "out", sources_=[source])
    ledger = json.loads((tmp_path / "out/ledger.json").read_text("utf-8"))
    assert ledger["share_of_mapped"] > 0.9
    after = json.loads((tmp_path / "out/card.json").read_text("utf-8"))
    before, now = (read_checkpoint(f / "model.safetensors") for f in (source, tmp_path / "out"))
    assert after["parents"][0]["weights_sha256"] == card["weights_sha256"]
    for name, tensor in before.tensors.items():
        if name.startswith("encoder.stack"):
            assert torch.equal(tensor, now.tensors[name])
    assert not torch.equal(
        before.tensors["encoder.first.weight"], now.tensors["encoder.first.weight"]
    )


def test_the_card_has_the_encoder_as_it_was_before_training(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    source = read_checkpoint(pretrained() / "model.safetensors")
    spec = Transfer.model_validate(
        {
            "split": "toy",
            "model": source.about["spec"]["model"],
            "task": "classify",
            "sources": [{"entry": "toy"}],
            "training": {"epochs": 1},
        }
    )

    def initialise(fresh: Fresh) -> Origin:
        ledger = graft(fresh.network, [Graft("toy", source, {"encoder": "encoder"})], least=0.5)
        return Origin(ledger=ledger.content())

    place = Place(
        segments=[cohort.segments],
        split=cohort.honest,
        state=tmp_path / "state",
        out=tmp_path / "out",
    )
    train_and_publish(
        Job(
            stage="transfer",
            spec=spec,
            place=place,
            repeat=0,
            code="{}",
            initialise=initialise,
        )
    )
    encoder = {
        name.removeprefix("encoder."): tensor
        for name, tensor in source.tensors.items()
        if name.startswith("encoder.")
    }
    card = json.loads((tmp_path / "out/card.json").read_text("utf-8"))
    assert card["encoder_sha256_before"] == weights_digest(encoder)


def test_the_script_wants_as_many_sources_as_the_entry_names(tmp_path: Path) -> None:
    spec = Transfer.model_validate(
        {"split": "toy", "model": "cnn", "task": "classify", "training": {"epochs": 1}}
    )
    nowhere = dict.fromkeys(("split", "state", "out"), tmp_path)
    with pytest.raises(ValueError, match="1 --sources given, the entry names 0"):
        scripts.load("transfer").transfer(
            spec=spec, segments=[], repeat=0, sources_=[tmp_path], **nowhere
        )

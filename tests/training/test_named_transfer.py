"""Weights go where they mean the same: outputs, leads and features are matched by name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import scripts
import torch
from torch import nn

from cardiograft import plugins
from cardiograft.checkpoints.file import Checkpoint, contiguous, read_checkpoint, write_checkpoint
from cardiograft.checkpoints.meaning import Meaning, meaning_of
from cardiograft.checkpoints.network import View, build, takes_pictures
from cardiograft.records import Shape
from cardiograft.specs.prune import Prune
from cardiograft.specs.transfer import Transfer
from cardiograft.training.named_axes import Ends
from cardiograft.training.transfer import Graft, graft

ALL = {"encoder": "encoder", "head": "head"}
LABELS = ("F", "N", "Q", "S", "V")
MLP = ("mlp", {"widths": [8, 6], "dropout": 0.0})
SAMPLES = 24
GREY = {"height": 122, "width": 122, "colours": "grey"}
VIEW = View("spectrogram", {"window_s": 0.2, "highest_hz": 20.0, **GREY}, 50.0)


class Net:
    """A network with names for its ends."""

    def __init__(
        self,
        model: tuple[str, dict[str, Any]] = MLP,
        *,
        outputs: tuple[str, ...] | None = LABELS,
        leads: tuple[str, ...] = ("II",),
        features: tuple[str, ...] = (),
        seed: int = 0,
        **more: Any,
    ) -> None:
        name, own = model
        options = plugins.options("models", name).model_validate(own).model_dump(mode="json")
        signal = "kind" in more and more["kind"] == "signal"
        count = len(outputs or LABELS)
        shape = Shape(len(leads), SAMPLES, len(features), (count, SAMPLES) if signal else (count,))
        torch.manual_seed(seed)
        view = VIEW if takes_pictures(name) else None
        self.network = build(name, options, shape, view).eval()
        self.ends = Ends(name, options, shape, view)
        self.meaning = Meaning(
            **{"kind": "classes", **more}, outputs=outputs, leads=leads, features=features
        )

    def checkpoint(self, masks: dict[str, Any] | None = None, *, old: bool = False) -> Checkpoint:
        about = {
            "model": {"name": self.ends.model, "options": self.ends.options},
            "shape": self.ends.shape._asdict(),
            "view": None if self.ends.view is None else self.ends.view.content(),
        }
        if not old:
            about["meaning"] = self.meaning.content()
        tensors = contiguous(self.network.state_dict())
        return Checkpoint(tensors=tensors, masks=masks or {}, about=about)

    def take(self, source: "Net | Checkpoint", least: float = 0.0, **map_: str) -> Any:
        checkpoint = source if isinstance(source, Checkpoint) else source.checkpoint()
        return graft(
            self.network,
            [Graft("source", checkpoint, map_ or ALL)],
            least=least,
            meaning=self.meaning,
            ends=self.ends,
        )

    def __call__(self, signal: torch.Tensor, feature: torch.Tensor | None = None) -> torch.Tensor:
        none = torch.zeros(len(signal), 0)
        with torch.no_grad():
            return self.network(signal, none if feature is None else feature)


def signals(channels: int = 1) -> torch.Tensor:
    return torch.randn(4, channels, SAMPLES, generator=torch.Generator().manual_seed(1))


MODELS = {
    "mlp": MLP,
    "cnn": ("cnn", {"widths": [4, 4], "kernel": 3, "hidden": [6]}),
    "lstm": ("lstm", {"units": 4, "hidden": [6]}),
    "light_cnn": ("light_cnn", {"widths": [4, 4, 4]}),
    "googlenet": ("googlenet", {}),
    "openecg_codec": (
        "openecg_codec",
        {"width": 8, "patch": 4, "convolutions": 1, "transformers": 1, "kernel": 3},
    ),
    "mean_ensemble": ("mean_ensemble", {"members": [{"name": "mlp", "widths": [6]}, "lstm"]}),
}
WITHOUT_FEATURES = {"crnn": ("crnn", {"widths": [8, 16], "kernel": 3, "stem": 5})}
TRANSLATORS = {
    "cae": ("cae", {"widths": [8, 8], "kernel": 3, "code": 2}),
    "cnn1d": ("cnn1d", {"widths": [4, 4], "kernel": 3}),
    "ecgnet": ("ecgnet", {"widths": [8, 8], "kernel": 3}),
    "rhythm_cae": ("rhythm_cae", {"width": 2, "latent": 4, "dropout": 0}),
    "tcn": ("tcn", {"widths": [4, 4], "kernel": 3}),
    "unet": ("unet", {"widths": [8, 8], "kernel": 3, "patch": 3, "units": 4}),
}


def test_every_model_is_tried_here() -> None:
    tried = {*MODELS, *WITHOUT_FEATURES, *TRANSLATORS}
    assert tried == set(plugins.names("models"))


@pytest.mark.parametrize("name", MODELS)
def test_labels_in_another_order_take_their_rows_along(name: str) -> None:
    source = Net(MODELS[name], leads=("I", "II"), features=("before", "after"), seed=1)
    here = Net(
        MODELS[name], outputs=LABELS[::-1], leads=("II", "I"), features=("after", "before"), seed=2
    )
    ledger = here.take(source, least=1.0)
    assert ledger.share == 1.0
    signal, feature = signals(2), torch.randn(4, 2)
    torch.testing.assert_close(
        here(signal.flip(1), feature.flip(1)), source(signal, feature).flip(1)
    )
    done_by = {d.what: d.done for d in ledger.differences["source"]}
    assert done_by == {
        "outputs": "5 of 5 go by name",
        "leads": "2 of 2 go by name",
        "features": "2 of 2 go by name",
    }


@pytest.mark.parametrize("name", WITHOUT_FEATURES)
def test_without_features_labels_and_leads_do(name: str) -> None:
    model = WITHOUT_FEATURES[name]
    source = Net(model, leads=("I", "II"), seed=1)
    here = Net(model, outputs=LABELS[::-1], leads=("II", "I"), seed=2)
    assert here.take(source, least=1.0).share == 1.0
    torch.testing.assert_close(here(signals(2).flip(1)), source(signals(2)).flip(1))


@pytest.mark.parametrize("name", TRANSLATORS)
def test_signals_in_another_order_too(name: str) -> None:
    source = Net(
        TRANSLATORS[name], outputs=("I", "II", "V1"), leads=("x", "y"), kind="signal", seed=1
    )
    here = Net(
        TRANSLATORS[name], outputs=("V1", "I", "II"), leads=("y", "x"), kind="signal", seed=2
    )
    assert here.take(source, least=1.0).share == 1.0
    torch.testing.assert_close(
        here(signals(2).flip(1)), source(signals(2))[:, [2, 0, 1]], rtol=1e-4, atol=1e-5
    )


def rows(ledger: Any, tensor: str) -> list[tuple[str, str, int]]:
    return [(x.state, x.part, x.parameters) for x in ledger.lines if x.tensor == tensor]


def test_a_subset_takes_its_rows_and_the_source_keeps_the_rest() -> None:
    source, here = Net(seed=1), Net(outputs=("V", "N"), seed=2)
    ledger = here.take(source, least=1.0)
    torch.testing.assert_close(here(signals()), source(signals())[:, [4, 1]])
    assert rows(ledger, "head.weight") == [("loaded", "", 12)]
    unused = {x.source: (x.part, x.why) for x in ledger.unused}
    assert unused == dict.fromkeys(
        ("head.weight", "head.bias"), ("outputs F, Q, S", "no such name here")
    )


def test_a_superset_leaves_new_rows_as_they_were() -> None:
    source, here = Net(outputs=("V", "N"), seed=1), Net(seed=2)
    before = here.network.head.weight.clone()
    ledger = here.take(source)
    torch.testing.assert_close(here(signals())[:, [4, 1]], source(signals()))
    assert torch.equal(here.network.head.weight[[0, 2, 3]], before[[0, 2, 3]])
    assert rows(ledger, "head.weight") == [
        ("loaded", "outputs N, V", 12),
        ("skipped", "outputs F, Q, S", 18),
    ]
    head = sum(p.numel() for p in here.network.head.parameters())
    assert ledger.mapped == sum(p.numel() for p in here.network.parameters())
    assert ledger.loaded == ledger.mapped - head * 3 // 5
    with pytest.raises(ValueError, match=r"head.weight \[outputs F, Q, S\] \(the source has no"):
        here.take(source, least=1.0)


@pytest.mark.parametrize(
    ("theirs", "ours", "loaded"),
    [
        (("A", "B", "C", "D", "E"), LABELS, 0),
        (("no", "yes"), ("yes", "no"), 14),
        (("no", "yes"), ("AF", "N"), 0),
    ],
)
def test_rows_are_counted_by_name(
    theirs: tuple[str, ...], ours: tuple[str, ...], loaded: int
) -> None:
    here = Net(outputs=ours, seed=2)
    head = here.network.head.weight.clone()
    ledger = here.take(Net(outputs=theirs, seed=1), head="head")
    assert ledger.loaded == loaded
    if not loaded:
        assert torch.equal(here.network.head.weight, head)
        with pytest.raises(ValueError, match=r"\(0%\).*none of its outputs \(.*\) is one of"):
            here.take(Net(outputs=theirs, seed=1), least=0.5, head="head")


def test_a_leads_name_is_no_label_of_a_class() -> None:
    source = Net(TRANSLATORS["cnn1d"], outputs=("V", "N"), kind="signal", seed=1)
    here = Net(("cnn", {"widths": [4], "kernel": 3, "hidden": [4]}), outputs=("V", "N"), seed=2)
    ledger = here.take(source, **{"head.convolution": "head"})
    assert ledger.loaded == 0


def test_masks_go_with_their_rows_and_new_rows_are_alive() -> None:
    source, here = Net(outputs=("V", "N"), seed=1), Net(outputs=("N", "F", "V"), seed=2)
    mask = torch.tensor([[True] * 6, [False, True] * 3])
    masked = source.checkpoint({"head.weight": mask})
    masked.tensors["head.weight"].mul_(mask)
    ledger = here.take(masked)
    wanted = torch.stack([mask[1], torch.ones(6, dtype=torch.bool), mask[0]])
    assert torch.equal(ledger.masks["head.weight"], wanted)
    assert rows(ledger, "head.weight")[0][0] == "masked"


def test_leads_in_common_go_by_name_and_others_in_order() -> None:
    source = Net(leads=("I", "II"), seed=1)
    partly = Net(leads=("V1", "I"), seed=2)
    fresh = partly.network.encoder.dense.first.weight[:, :SAMPLES].clone()
    ledger = partly.take(source)
    weight, theirs = (n.network.encoder.dense.first.weight for n in (partly, source))
    assert torch.equal(weight[:, SAMPLES:], theirs[:, :SAMPLES])
    assert torch.equal(weight[:, :SAMPLES], fresh)
    assert rows(ledger, "encoder.dense.first.weight")[1][:2] == ("skipped", "leads V1")
    other = Net(leads=("SCG x", "SCG y"), seed=2)
    ledger = other.take(source, least=1.0)
    torch.testing.assert_close(other(signals(2)), source(signals(2)))
    (remark,) = ledger.remarks()
    assert remark == (
        "source 'source': leads: I, II in the source, SCG x, SCG y here; taken in order"
    )


def test_what_else_differs_is_said() -> None:
    source = Net(seed=1, units=("mV",), scale="none", rate_hz=360.0, samples=SAMPLES)
    here = Net(seed=2, units=("1",), scale="zscore", rate_hz=125.0, samples=SAMPLES)
    differing = {d["what"]: (d["source"], d["here"]) for d in sources(here.take(source))[0]}
    assert differing == {
        "units": ("mV", "1"),
        "scale": ("none", "zscore"),
        "rate_hz": ("360", "125"),
    }


def sources(ledger: Any) -> list[Any]:
    return [one["differences"] for one in json.loads(json.dumps(ledger.content()))["sources"]]


def test_an_older_checkpoint_is_loaded_by_shape_and_that_is_said() -> None:
    source = Net(seed=1)
    ledger = Net(outputs=LABELS[::-1], seed=2).take(source.checkpoint(old=True), least=1.0)
    (line,) = [x for x in ledger.lines if x.tensor == "head.weight"]
    assert (line.state, line.why) == ("loaded", "labels of the source unknown")
    assert [d["what"] for d in sources(ledger)[0] if d["source"] == "unknown"] == [
        "outputs",
        "leads",
    ]
    other = Net(outputs=("N", "V"), seed=2).take(source.checkpoint(old=True))
    (line,) = [x for x in other.lines if x.tensor == "head.weight"]
    assert (line.state, line.why) == ("skipped", "shape (5, 6) in the source")


def test_an_older_checkpoints_memory_has_its_labels() -> None:
    old = Net(seed=1).checkpoint(old=True)
    old.about["memory"] = {"labels": list(LABELS), "features": []}
    here = Net(outputs=LABELS[::-1], seed=2)
    assert here.take(old, least=1.0).share == 1.0
    torch.testing.assert_close(here(signals()), Net(seed=1)(signals()).flip(1))


def test_places_that_are_not_the_names_are_not_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that puts samples before leads: what looks like a lead's columns is none."""

    class Interleaved(nn.Module):
        def __init__(self, shape: Shape) -> None:
            super().__init__()
            self.encoder = nn.Linear(shape.channels * shape.samples, 4)
            self.head = nn.Linear(4, shape.outputs[0])

        def forward(self, signal: torch.Tensor, feature: torch.Tensor) -> torch.Tensor:
            return self.head(self.encoder(signal.transpose(1, 2).flatten(1)))

    load = plugins.load

    def loaded(kind: str, name: str) -> Any:
        made = load(kind, name)
        return type("plugin", (), {"build": lambda shape, **_: Interleaved(shape)}) or made

    monkeypatch.setattr(plugins, "load", loaded)
    source, here = Net(leads=("I", "II"), seed=1), Net(leads=("II", "I"), seed=2)
    ledger = here.take(source)
    (line,) = [x for x in ledger.lines if x.tensor == "encoder.weight"]
    assert (line.state, line.why) == (
        "skipped",
        "its leads can't be told apart by name in the source",
    )


def test_the_scripts_say_what_outputs_mean(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path, capsys: Any
) -> None:
    source = pretrained(task={"name": "classify", "labels": ["N", "S", "V"]}, epochs=3)
    card = json.loads((source / "card.json").read_text("utf-8"))
    assert card["meaning"]["outputs"] == ["N", "S", "V"]
    assert card["meaning"]["leads"] == ["II"]
    assert card["meaning"]["rate_hz"] == 125.0
    accuracy = {}
    for labels in ("NSV", "VSN"):
        spec = Transfer.model_validate(
            {
                "split": "toy",
                "model": card["spec"]["model"],
                "task": {"name": "classify", "labels": list(labels)},
                "sources": [{"entry": "first", "map": ALL}],
                "least": 1.0,
                "training": {"epochs": 1, "learning_rate": 1e-9},
            }
        )
        out = cohort.job("transfer", spec, tmp_path / labels, sources_=[source])
        tensors = read_checkpoint(out / "model.safetensors").tensors
        accuracy[labels] = tensors["head.bias"].tolist()
    assert accuracy["VSN"] == pytest.approx(accuracy["NSV"][::-1], abs=1e-6)
    (line,) = [x for x in capsys.readouterr().err.splitlines() if x.startswith("source 'first'")]
    assert line == (
        "source 'first': outputs: N, S, V in the source, V, S, N here; 3 of 3 go by name"
    )
    parent = json.loads((tmp_path / "VSN" / "card.json").read_text("utf-8"))["parents"][0]
    assert parent["differences"] == [line.removeprefix("source 'first': ")]


def test_pruning_goes_on_with_the_outputs_that_were_learned(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    source = pretrained(task={"name": "classify", "labels": ["N", "S", "V"]}, epochs=1)
    spec = Prune.model_validate(
        {
            "split": "toy",
            "source": "first",
            "model": json.loads((source / "card.json").read_text("utf-8"))["spec"]["model"],
            "task": {"name": "classify", "labels": ["V", "S", "N"]},
            "training": {"epochs": 1},
            "sparsity": {"end": 2, "every": 1},
        }
    )
    message = "source 'first': its outputs are N, S, V, here they are V, S, N: give both the same"
    with pytest.raises(ValueError, match=message):
        cohort.job("prune", spec, tmp_path / "out", source=source)


def test_a_network_is_asked_of_the_leads_it_was_trained_on(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    file = pretrained(epochs=1) / "model.safetensors"
    checkpoint = read_checkpoint(file)
    checkpoint.about["meaning"]["rate_hz"] = 250.0
    write_checkpoint(checkpoint, file)
    assert meaning_of(read_checkpoint(file)).rate_hz == 250.0
    predict, spec = scripts.load("predict"), checkpoint.about["spec"]
    content = {"split": "toy", "model": spec["model"], "task": spec["task"]}
    with pytest.raises(ValueError, match=r"trained at 250 Hz, the shards have 125 Hz"):
        predict.predict(
            spec=predict.Predict.model_validate(content),
            segments=[cohort.segments],
            split=cohort.honest,
            model=file,
            out=tmp_path / "p.parquet",
        )

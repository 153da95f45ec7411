"""Sweeps, references and slices of a config."""

import json
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from cardiograft import loading
from cardiograft.sweeps import completed, expanded

ROOT = Path(__file__).parents[1]


@pytest.fixture
def demo():
    return loading.load(yaml.safe_load((ROOT / "config.yaml").read_text()))


OVERLAYS = sorted((ROOT / "workflow/config").glob("*.yaml"))


def overlaid(path):
    whole = yaml.safe_load((ROOT / "config.yaml").read_text())
    update_config(whole, yaml.safe_load(path.read_text()))
    return loading.load(whole)


@pytest.mark.parametrize("path", OVERLAYS, ids=lambda p: p.stem)
def test_every_overlay_is_a_config_of_its_own(path, demo):
    config = overlaid(path)
    assert not config.simulated
    assert config.results != demo.results
    assert config.studies.keys() <= demo.studies.keys()


def test_papers_sizes():
    config = overlaid(ROOT / "workflow/config/paper.yaml")
    assert config.databases["ptbdb"].records is None
    runs = [r for name, r in config.transfer.items() if name.startswith(("mitdb", "ptb"))]
    assert {(r.training.epochs, r.repeats, r.training.precision) for r in runs} <= {
        (20, 3, "no"),
    }
    pretexts = [r for n, r in config.pretrain.items() if n.startswith("pretext")]
    assert {r.training.epochs for r in pretexts} == {5}


@pytest.mark.parametrize("name", ["open", "paper"])
def test_an_honest_pretext_is_not_shown_who_is_tested(name):
    config = overlaid(ROOT / f"workflow/config/{name}.yaml")
    for entry, evaluation in config.evaluations.items():
        scheme = config.splits[evaluation.split].scheme
        if scheme == "dechazal_strict":
            behind = {config.splits[run.split].scheme for _, run in config.lineage(entry)}
            assert behind == {"dechazal_strict"}


def test_sweep_makes_one_entry_per_combination():
    raw = expanded({"splits": {"s-{a}-{b}": {"sweep": {"a": [1, 2], "b": ["x"]}, "seed": "{a}"}}})
    assert raw["splits"] == {"s-1-x": {"seed": 1}, "s-2-x": {"seed": 2}}


def test_sweep_variables_become_tags_but_entry_and_split():
    raw = expanded({"transfer": {"{init}-{split}": {"sweep": {"init": ["a"], "split": ["b"]}}}})
    assert raw["transfer"] == {"a-b": {"tags": {"init": "a"}}}


def test_a_null_tag_keeps_a_variable_from_becoming_one():
    entry = {"sweep": {"init": ["a"], "size": [1]}, "tags": {"size": None, "share": "{size} %"}}
    raw = expanded({"transfer": {"{init}-{size}": entry}})
    assert raw["transfer"]["a-1"]["tags"] == {"init": "a", "share": "1 %"}


def test_a_study_fills_in_what_is_usual(demo):
    rows = demo.spec("tabulate", "transform_recognition").rows
    assert rows["mitdb-cnn-pretext-frozen-strict"].tags["tuning"] == "frozen"
    assert rows["mitdb-cnn-pretext-strict"].tags["tuning"] == "full"


def test_switch_picks_by_a_variable():
    entry = {
        "sweep": {"init": ["a", "b"]},
        "source": {"switch": "init", "a": None, "else": "x-{init}"},
    }
    raw = expanded({"transfer": {"{init}": entry}})
    assert [e["source"] for e in raw["transfer"].values()] == [None, "x-b"]


def test_switch_without_a_case():
    entry = {"sweep": {"init": ["a"]}, "source": {"switch": "init", "b": 1}}
    with pytest.raises(ValueError, match="no case 'a'"):
        expanded({"transfer": {"{init}": entry}})


def test_null_removes_an_entry():
    assert expanded({"splits": {"a": None}})["splits"] == {}


def test_sweep_and_name_must_agree():
    with pytest.raises(ValueError, match="placeholders"):
        expanded({"splits": {"s-{a}": {"sweep": {"b": [1]}}}})


def test_two_entries_of_one_name():
    with pytest.raises(ValueError, match="two entries expand"):
        expanded({"splits": {"s": {}, "{a}": {"sweep": {"a": ["s"]}}}})


def test_evaluations_by_pattern():
    raw = completed(
        expanded(
            {
                "transfer": {"x-1": {"split": "s"}, "y": {"split": "t"}},
                "evaluations": {"{entry}": {"sweep": {"entry": "x-*"}}},
                "studies": {"z": {"evaluations": ["x-*"]}},
            }
        )
    )
    assert raw["evaluations"] == {"x-1": {"tags": {}, "model": "x-1", "split": "s"}}
    assert raw["studies"]["z"]["evaluations"] == ["x-1"]


def test_pattern_that_matches_nothing():
    with pytest.raises(ValueError, match="nothing matches 'q-"):
        expanded({"evaluations": {"{entry}": {"sweep": {"entry": "q-*"}}}})


def test_prune_takes_model_task_and_split_of_its_source():
    raw = completed(
        expanded(
            {
                "pretrain": {"a": {"split": "s", "model": "cnn", "task": "classify"}},
                "prune": {"b": {"source": "a"}},
            }
        )
    )
    assert raw["prune"]["b"] == {"source": "a", "split": "s", "model": "cnn", "task": "classify"}


def test_source_and_sources_contradict():
    with pytest.raises(ValueError, match="contradict"):
        completed(expanded({"transfer": {"a": {"source": "b", "sources": []}}}))


def test_specs_hold_no_plan(demo):
    spec = json.loads(demo.spec("transfer", "mitdb-cnn-pretext-strict").canonical())
    assert "repeats" not in spec
    assert "tags" not in spec


def test_lineage_of_a_pruned_transfer(demo):
    names = [name for name, _ in demo.lineage("mitdb-cnn-pruned-strict")]
    assert names == ["mitdb-cnn-pruned-strict", "pretext-cnn-pruned-strict", "pretext-cnn-strict"]


def test_audit_names_every_training(demo):
    audit = demo.spec("audit", "mitdb-cnn-pruned-strict")
    assert [a.stage for a in audit.lineage] == ["transfer", "prune", "pretrain"]
    assert {a.split for a in audit.lineage} == {"mitdb-strict"}

"""Quality gates in config: who led to them, and that without one nothing differs."""

import copy
import hashlib
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from overlays import content, merged

from cardiograft.config.checks import load_config
from cardiograft.config.plan import Plan
from cardiograft.config.schema import Config
from cardiograft.config.study_plan import StudyPlan
from cardiograft.shipped import catalogue

MADE = {"mirror": "simulated"}
GATE = {
    "quality_gates": {
        "usable": {"segments": "rhythm-windows", "judged": "pieces", "model": "quality-scratch"}
    },
    "segments": {
        "pieces": {
            "preset": "quality-signal",
            "database": "challenge_2017",
            "signal": {"leads": ["ECG"]},
        }
    },
    "splits": {
        "gated": {"preset": "rhythm-people", "segments": ["usable"], "protocol": "honest"},
    },
    "transfer": {
        "net": {
            "split": "gated",
            "model": {"preset": "rhythm-network"},
            "task": {"preset": "rhythm-name"},
            "training": {"epochs": 1},
            "evaluate": {"metrics": ["f1"], "chosen_on": "untuned"},
        }
    },
    "tables": {"rhythm_cae": {"evaluations": ["rhythm-random-100", "net"], "comparisons": []}},
}
STUDIES = {"studies": ["rhythm_cae", "ecg_quality"]}


def changed(*path: Any) -> dict[str, Any]:
    """Return the config with a gate, in which the last of `path` is another value."""
    config = copy.deepcopy(GATE)
    *keys, key, value = path
    here: dict[str, Any] = config
    for one in keys:
        here = here.setdefault(one, {})
    here[key] = value
    return config


def loaded(*given: dict[str, Any]) -> Config:
    return load_config(merged(STUDIES, *given))


def behind(config: Config, evaluation: str) -> list[tuple[str, str]]:
    return [(one.entry, one.split) for one in config.spec("audit", evaluation).lineage]  # type: ignore[attr-defined]


QUALITY = ("quality-scratch of the quality gate usable", "quality-both-all")


def test_what_led_to_the_gate_led_to_the_network() -> None:
    config = loaded(GATE)
    assert behind(config, "net") == [("net", "gated"), QUALITY]
    plan = Plan(config)
    assert plan.lineage_splits("net") == [
        f"results/splits/{name}.parquet" for name in ("gated", "quality-both-all")
    ]
    assert "results/segments/quality-mixtures" in plan.lineage_segments("net")
    assert plan.segments("gated") == ["results/quality_gates/usable"]
    assert {"nstdb", "challenge_2011"} <= set(plan.databases)
    assert plan.gate_model("usable") == "results/transfer/quality-scratch/0/model.safetensors"
    own = StudyPlan(plan).cut("rhythm_cae")
    assert own.index("results/segments/rhythm-windows") < own.index("results/quality_gates/usable")


def test_a_gate_of_the_tested_segments_counts_as_well() -> None:
    tested = {"evaluations": {"other": {"model": "rhythm-random-100", "split": "gated"}}}
    tested["evaluations"]["other"] |= {"metrics": ["f1"], "chosen_on": "validation"}
    config = loaded(GATE, tested)
    assert behind(config, "other") == [("rhythm-random-100", "rhythm-100"), QUALITY]


def test_a_gate_behind_a_gate_is_found() -> None:
    """A network of quality that was itself trained on what another gate lets pass."""
    more = {
        "quality_gates": {
            "first": {"segments": "quality-mixtures", "model": "quality-googlenet"},
        },
        "splits": {
            "quality-mixtures-all": {"segments": ["first", "quality-2017-all"]},
            "second": {
                "preset": "quality-apart",
                "segments": ["first", "quality-2017-all"],
            },
        },
        "transfer": {"quality-scratch": {"split": "second"}},
    }
    del more["splits"]["quality-mixtures-all"]
    config = loaded(GATE, more)
    assert behind(config, "net")[1:] == [
        ("quality-scratch of the quality gate usable", "second"),
        ("quality-googlenet of the quality gate first", "quality-both-all"),
    ]


def test_without_a_gate_no_spec_and_no_code_differs() -> None:
    """Of what is not gated itself, a gate beside it changes nothing that a job is given."""
    plain, gated = Plan(loaded()), Plan(loaded({**GATE, "tables": {}}))
    assert plain.config.evaluations
    for name, evaluation in plain.config.evaluations.items():
        assert plain.spec("audit", name) == gated.spec("audit", name)
        assert plain.lineage_tables(name) == gated.lineage_tables(name)
        stage = "baseline" if evaluation.model in plain.config.baselines else "predict"
        assert plain.spec(stage, name) == gated.spec(stage, name)
    for stage in ("pretrain", "transfer"):
        for name in getattr(plain.config, stage):
            assert plain.spec(stage, name) == gated.spec(stage, name)
            assert "quality_gate" not in plain.code(stage, name)
    for study in plain.config.studies:
        assert plain.spec("tabulate", study) == gated.spec("tabulate", study)
        assert StudyPlan(plain).cut(study) == StudyPlan(gated).cut(study)


def test_a_job_runs_the_code_of_its_network() -> None:
    plan = Plan(loaded(GATE))
    code = plan.code("quality_gate", "usable")
    for file in ("models/light_cnn.py", "models/views/scalogram.py", "training/tasks/classify.py"):
        assert f"src/cardiograft/{file}" in code
    other = Plan(loaded(changed("quality_gates", "usable", "threshold", 0.4)))
    assert plan.spec("quality_gate", "usable") != other.spec("quality_gate", "usable")
    assert plan.spec("split", "gated") == other.spec("split", "gated")


ONE = ("quality_gates", "usable")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            changed(*ONE, "segments", "rhythm-window"),
            r"usable.segments: no entry of segments named",
        ),
        (changed(*ONE, "judged", "piece"), r"judged: no entry .* 'piece'. Did you mean 'pieces'"),
        (changed(*ONE, "judged", "quality-mixtures"), "'quality-mixtures' is of other recordings"),
        (changed(*ONE, "model", "quality-scratched"), "'quality-scratched' is no training"),
        (changed(*ONE, "model", "quality-majority"), "is a baseline, not a network"),
        (changed(*ONE, "repeat", 1), r"usable.repeat: 1: 'quality-scratch' has 1, counted from 0"),
        (changed(*ONE, "label", "bad"), r"usable.label: 'quality-scratch' has no class 'bad'"),
        (changed(*ONE, "threshold", 1.0), r"quality_gates.usable.threshold: 1.0"),
        (changed(*ONE, "low", "gone"), r"quality_gates.usable.low: 'gone'"),
        (changed(*ONE, "above", 1), r"unknown key 'above'"),
        (changed("quality_gates", "pieces", GATE["quality_gates"]["usable"]), "has that name"),
        (changed("splits", "gated", "segments", ["usble"]), r"'usble'. Did you mean 'usable'"),
        (
            changed("transfer", "quality-scratch", {"split": "gated"}),
            r"'quality-scratch' was trained on what the gate 'usable' lets pass: a circle",
        ),
    ],
)
def test_a_mistake_is_one_line(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        loaded(change)
    assert "\n" not in str(caught.value)


def test_other_noise_is_refused() -> None:
    more = {"segments": {"clean": {"preset": "quality-signal", "database": "mitdb"}}}
    more["segments"]["clean"]["signal"] = {"leads": ["MLII|V5"]}
    gate = {"segments": "quality-mixtures", "judged": "clean", "model": "quality-scratch"}
    with pytest.raises(ValueError, match="'clean' is of other noise than 'quality-mixtures'"):
        loaded(more, {"quality_gates": {"one": gate}})
    leads = {"segments": {"other": {**more["segments"]["clean"], "signal": {"leads": ["V1"]}}}}
    gate = {"segments": "clean", "judged": "other", "model": "quality-scratch"}
    with pytest.raises(ValueError, match="has leads V1, which are not among those of 'clean'"):
        loaded(more, leads, {"quality_gates": {"one": gate}})


def test_with_noise_both_have_the_same_leads_in_the_same_order() -> None:
    """Which noise a lead is given hangs on its place among the leads."""
    noisy = {"preset": "quality-signal", "database": "mitdb", "noise": {"preset": "quality-noise"}}
    noisy["signal"] = {"leads": ["MLII|V5", "V1"]}
    gate = {"segments": "both", "judged": "one", "model": "quality-scratch"}
    for leads in (["V1"], ["V1", "MLII|V5"]):
        one = {**noisy, "signal": {"leads": leads}}
        with pytest.raises(ValueError, match=r"has leads V1.* the same leads in the same order"):
            loaded({"segments": {"both": noisy, "one": one}}, {"quality_gates": {"usable": gate}})
    loaded({"segments": {"both": noisy, "one": noisy}}, {"quality_gates": {"usable": gate}})


def test_a_file_and_the_splits_behind_it(tmp_path: Path) -> None:
    weights, split = tmp_path / "net.safetensors", tmp_path / "elsewhere.parquet"
    gate = {
        "model": None,
        "file": str(weights),
        "sha256": "0" * 64,
        "trained_on": [str(split)],
    }
    config = loaded(GATE, {"quality_gates": {"usable": gate}})
    assert behind(config, "net")[1:] == [(f"{weights} of the quality gate usable", "elsewhere")]
    with pytest.raises(FileNotFoundError, match=r"usable.file: no file"):
        Plan(config)
    weights.touch()
    with pytest.raises(FileNotFoundError, match=r"usable.trained_on: no file"):
        Plan(config)
    split.touch()
    plan = Plan(config)
    assert plan.lineage_tables("net") == ["results/splits/gated.parquet", str(split)]
    assert plan.lineage_segments("net") == ["results/quality_gates/usable"]
    assert plan.gate_model("usable") == str(weights)
    own = tmp_path / "gated.parquet"
    with pytest.raises(ValueError, match="a split of this config is named 'gated'"):
        loaded(GATE, {"quality_gates": {"usable": {**gate, "trained_on": [str(own)]}}})


def test_a_gate_names_a_network_that_comes_along() -> None:
    entry = {"model": None, "shipped": "quality"}
    config = loaded(GATE, {"quality_gates": {"usable": entry}})
    gate = config.quality_gates["usable"]
    network, name = catalogue.find("quality"), "quality.quality-both-all"
    assert gate.sha256 == network.sha256
    assert Path(gate.file or "").samefile(network.weights)
    assert behind(config, "net")[1:] == [
        (f"quality-scratch (quality {network.sha256[:12]}) of the quality gate usable", name)
    ]
    plan = Plan(config)
    assert [Path(p).resolve() for p in plan.shipped_splits("net")] == network.splits
    assert [Path(p).resolve() for p in plan.shipped_segments("net")] == network.segments
    assert plan.lineage_tables("net") == ["results/splits/gated.parquet"]
    for more, about in (
        ({"shipped": "qualty"}, r"usable.shipped: no model named 'qualty'.*Did you mean 'quality'"),
        ({"file": "a.safetensors"}, "'shipped' and 'file' contradict"),
        ({"model": "quality-scratch"}, "'shipped' and 'model' contradict"),
    ):
        with pytest.raises(ValueError, match=about):
            loaded(GATE, {"quality_gates": {"usable": {**entry, **more}}})


def test_a_network_that_comes_along_is_known_by_its_bytes_elsewhere(tmp_path: Path) -> None:
    network = catalogue.find("quality")
    copy = tmp_path / "mine.safetensors"
    copy.write_bytes(network.weights.read_bytes())
    gate = {"model": None, "file": str(copy), "sha256": network.sha256}
    config = loaded(GATE, {"quality_gates": {"usable": gate}})
    assert [split for _, split in behind(config, "net")[1:]] == ["quality.quality-both-all"]
    assert Plan(config).shipped_segments("net")
    source = {"file": str(copy), "sha256": network.sha256, "reader": "cardiograft"}
    transfer = {"transfer": {"net": {"source": source, "map": {"encoder": "encoder"}}}}
    config = loaded(GATE, transfer)
    assert "quality.quality-both-all" in [split for _, split in behind(config, "net")]


def test_two_tables_of_one_name_are_refused(tmp_path: Path) -> None:
    tables = [str(tmp_path / run / "s.parquet") for run in ("one", "two")]
    gate = {"model": None, "file": "net.safetensors", "sha256": "0" * 64, "trained_on": tables}
    with pytest.raises(ValueError, match=r"usable.trained_on: .* have one name"):
        loaded(GATE, {"quality_gates": {"usable": gate}})


def test_the_ablation_compares_runs_that_differ_in_the_gate_alone() -> None:
    config = load_config(merged(content("gate"), MADE))
    for percent in ("100", "25"):
        plain, gated = (
            config.transfer[name]
            for name in (f"rhythm-crnn-{percent}", f"rhythm-crnn-usable-{percent}")
        )
        differ = {f for f in type(plain).model_fields if getattr(plain, f) != getattr(gated, f)}
        assert differ == {"split", "tags"}
        one, other = (config.splits[run.split] for run in (plain, gated))
        fields = {f for f in type(one).model_fields if getattr(one, f) != getattr(other, f)}
        assert fields == {"segments"}
    pairs = config.studies["rhythm_cae"].comparisons
    tags = {name: config.tags(name) for name in config.studies["rhythm_cae"].evaluations}
    for pair in pairs:
        alike = [
            (name, other)
            for name in tags
            for other in tags
            if tags[name].get("gate") == pair.of
            and tags[other] == {**tags[name], "gate": pair.to}
            and config.evaluations[name].split == config.evaluations[other].split
        ]
        assert len(alike) == 2, pair


def test_the_ablation_asks_the_network_that_comes_along() -> None:
    gate = load_config(merged(content("gate"), MADE)).quality_gates["rhythm-usable"]
    root = Path(__file__).parents[2]
    assert hashlib.sha256((root / (gate.file or "")).read_bytes()).hexdigest() == gate.sha256
    (table,) = gate.trained_on
    rows = pq.read_table(root / table, columns=["subject", "part"]).to_pylist()
    seen = {row["subject"] for row in rows if row["part"] in ("train", "validation")}
    assert len(seen) > 200
    assert not [name for name in seen if name.startswith("challenge_2017/")]

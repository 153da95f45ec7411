"""Entries of `export`: what a job is asked for, and what is refused before any."""

import re
from typing import Any

import pytest
from overlays import merged

from cardiograft.config.checks import load_config
from cardiograft.config.plan import Plan
from cardiograft.config.schema import Config
from cardiograft.config.study_plan import StudyPlan

SOURCE = "mitdb-cnn-scratch-strict"


def config(**changes: Any) -> Config:
    entry = {"source": SOURCE, **changes}
    return load_config(merged({"export": {"file": {k: v for k, v in entry.items() if v}}}))


def test_a_job_is_asked_for_the_network_of_its_source() -> None:
    loaded = config(precision="int8")
    spec, run = loaded.spec("export", "file"), loaded.transfer[SOURCE]
    assert (spec.network.model, spec.network.task) == (run.model, run.task)
    assert spec.network.split == run.split
    assert spec.precision == "int8"
    assert (spec.takes, spec.repeat, spec.batch) == ("segment", 0, 1)
    files = [one.file for one in spec.plugins()]
    assert "src/cardiograft/models/cnn.py" in files


def test_it_is_measured_in_what_its_source_is_evaluated_in() -> None:
    loaded = config()
    own = loaded.evaluations[SOURCE].metrics
    assert loaded.spec("export", "file").metrics == tuple(m for m in own if not m.without)
    metrics = config(metrics=["accuracy"]).spec("export", "file").metrics
    assert [m.name for m in metrics] == ["accuracy"]


def test_entries_have_variants() -> None:
    rows = {"float32": {}, "int8": {"precision": "int8", "calibration": 64}}
    entry = {"source": SOURCE, "variants": {"precision": rows}}
    loaded = load_config(merged({"export": {"file-{precision}": entry}}))
    assert {name: one.precision for name, one in loaded.export.items()} == {
        "file-float32": "float32",
        "file-int8": "int8",
    }


def test_the_report_has_the_files_of_its_networks() -> None:
    plan = Plan(config())
    studies = StudyPlan(plan)
    assert studies.reported("transform_recognition")["exports"] == ["results/export/file/card.json"]
    assert studies.reported("scg_to_ecg")["exports"] == []
    assert plan.all_exports() == ["results/export/file/card.json"]
    assert plan.export_source("file") == f"results/transfer/{SOURCE}/0/model.safetensors"
    assert plan.export_split("file") == "mitdb-strict"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "mitdb-cnn-scratch-strikt"}, f"source: no entry named .* mean '{SOURCE}'"),
        ({"repeat": 99}, "repeat: 99: '.*' has 1, counted from 0"),
        ({"view": "left out"}, "view: 'left out': '.*' takes signals, there is no view"),
        ({"precision": "int4"}, "precision: 'int4'"),
        ({"presicion": "int8"}, "unknown key 'presicion'. Did you mean 'precision'"),
        ({"calibration": -5}, "calibration: -5"),
        ({"limit": {"metric": "acuracy", "loss": 0.1}}, "limit.metric: .*'accuracy'"),
        ({"limit": {"metric": "accuracy", "loss": -0.1}}, "limit.loss: -0.1"),
        ({"threshold": {"label": "X"}}, "threshold.label: .* has no class 'X'"),
        ({"threshold": {"label": "V", "at": 1.5}}, "threshold.at"),
        ({"threshold": {"label": "V", "at": "test"}}, "threshold.at"),
        ({"format": "tflite"}, "format: 'tflite'"),
        (
            {"view": "left out", "preprocessing": "included"},
            "preprocessing 'included' with view 'left out'",
        ),
    ],
)
def test_what_an_entry_can_not_ask_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=r"^export\.file") as refused:
        config(**changes)
    assert re.search(message, str(refused.value))
    assert "\n" not in str(refused.value)

"""Two names of one person are one row of sums: in intervals, paired tests, counts and looks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import scripts
from synthetic import LABELS, classes

from cardiograft.evaluation import predictions, scoring
from cardiograft.evaluation.predictions import Predictions
from cardiograft.files import PARQUET_KEY
from cardiograft.specs.entry import MetricSpec
from cardiograft.specs.predict import BaselinePredict, Predict
from cardiograft.specs.score import Score
from cardiograft.specs.tabulate import StudyRun
from cardiograft.tables.runs import read_run

ONE = [["toy/s0", "toy/s1"]]  # the two whom the cohort's split tests


def asked(metric: Any) -> tuple[MetricSpec, ...]:
    return Score.model_validate({"metrics": [metric]}).metrics


@pytest.fixture
def declared(cohort: Any, tmp_path: Path) -> Path:
    """The cohort's split, in whose config the two tested subjects are one person."""
    table = pq.read_table(cohort.honest)
    about = json.dumps({"spec": {"protocol": "honest", "people": ONE}})
    path = tmp_path / "declared.parquet"
    pq.write_table(table.replace_schema_metadata({PARQUET_KEY: about}), path)
    return path


def looked(tmp_path: Path) -> dict[str, Any]:
    (line,) = (tmp_path / "looks.jsonl").read_text("utf-8").splitlines()
    seen: dict[str, Any] = json.loads(line)
    return seen


def test_a_network_is_scored_on_people(
    cohort: Any, pretrained: Callable[..., Path], declared: Path, tmp_path: Path
) -> None:
    folder = pretrained(epochs=1)
    spec = json.loads((folder / "card.json").read_text("utf-8"))["spec"]
    scripts.load("predict").predict(
        spec=Predict(split="toy", model=spec["model"], task=spec["task"]),
        segments=[cohort.segments],
        split=declared,
        model=folder,
        out=tmp_path / "0.parquet",
        looks=tmp_path / "looks.jsonl",
    )
    saved = predictions.read(tmp_path / "0.parquet")
    assert set(saved.subject_N) == {"toy/s0"}
    assert set(scoring.score(saved, asked("f1"))["subjects"]) == {1}
    assert looked(tmp_path)["people"] == 1


def test_a_baseline_is_scored_on_people(cohort: Any, declared: Path, tmp_path: Path) -> None:
    scripts.load("baseline").baseline(
        spec=BaselinePredict(split="toy", baseline="majority"),
        segments=[cohort.segments],
        split=declared,
        repeat=0,
        out=tmp_path / "0.parquet",
        looks=tmp_path / "looks.jsonl",
    )
    saved = predictions.read(tmp_path / "0.parquet")
    assert set(saved.subject_N) == {"toy/s0"}
    assert saved.about["people"] == ONE
    assert looked(tmp_path)["people"] == 1


def test_a_split_without_names_adds_nothing_to_what_is_saved(cohort: Any, tmp_path: Path) -> None:
    assert predictions.whose([]) == {}


def left_out(saved: Predictions, *names: str) -> int:
    (metric,) = asked({"name": "accuracy", "without": names})
    return len(scoring.additive(saved, metric))


def test_whom_a_metric_leaves_out_may_be_named_by_any_name() -> None:
    saved = classes(subjects=6)
    saved.about["people"] = [["mitdb/203", "own/p3"]]
    assert left_out(saved) == 6
    assert left_out(saved, "own/p3") == left_out(saved, "mitdb/203") == 5
    with pytest.raises(ValueError, match="no subject 'own/p4'"):
        left_out(saved, "own/p4")


def test_a_run_leaves_out_and_misses_classes_by_person(tmp_path: Path) -> None:
    saved = classes(subjects=6)
    only = saved.subject_N == "mitdb/203"
    saved.target[only], saved.target[~only] = LABELS.index("V"), LABELS.index("N")
    saved.about["people"] = [["mitdb/203", "own/p3"]]
    predictions.write(saved, tmp_path / "0.parquet")
    row = StudyRun.model_validate(
        {
            "protocol": "honest",
            "split": "s",
            "repeats": 1,
            "members": ["r"],
            "metrics": [{"name": "accuracy", "without": ["own/p3"]}, "accuracy"],
            "tags": {},
            "simulated": True,
        }
    )
    run = read_run("r", row, {"r": [tmp_path / "0.parquet"]})
    without, whole = (key for _, key in run.sums)
    assert run.sums["test", without].shape[1] == 5
    assert run.sums["test", whole].shape[1] == 6
    assert "V" in run.missing_classes("test", without)
    assert "V" not in run.missing_classes("test", whole)
    assert np.isfinite(run.sums["test", whole]).all()

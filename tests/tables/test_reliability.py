"""Reliability curves: the bins that the calibration error sums, and how the report draws them."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as reference
from synthetic import classes

from cardiograft.evaluation import predictions, scoring
from cardiograft.report.inputs import Study
from cardiograft.report.run_names import RunNames
from cardiograft.report.sections import reliability as drawn
from cardiograft.specs.tabulate import Tabulate
from cardiograft.tables import reliability
from cardiograft.tables.runs import read_run

PAIR: dict[str, Any] = {"labels": ("high", "low"), "shares": (0.8, 0.2)}
PREDICTED = {
    "two": [classes(seed=k, **PAIR) for k in (1, 2)],
    "five": [classes(seed=3), classes(seed=4)],
}
METRICS = ["brier", "calibration_error", "accuracy"]


def spec(metrics: list[Any]) -> Tabulate:
    rows = {
        name: {
            "members": [name],
            "protocol": "honest",
            "split": "people",
            "simulated": True,
            "repeats": 2,
            "tags": {"model": "cnn", "init": name},
            "metrics": metrics,
        }
        for name in PREDICTED
    }
    given = {"study": "transform_recognition", "rows": rows, "primary": "accuracy"}
    return Tabulate.model_validate(given)


@pytest.fixture
def table(tmp_path: Path) -> pd.DataFrame:
    made, files = spec(METRICS), {}
    for name, repeats in PREDICTED.items():
        files[name] = [tmp_path / name / f"{k}.parquet" for k in range(len(repeats))]
        for file, saved in zip(files[name], repeats, strict=True):
            file.parent.mkdir(exist_ok=True)
            predictions.write(saved, file)
    runs = [read_run(name, row, files) for name, row in made.rows.items()]
    return reliability.table(made, runs)


@pytest.mark.parametrize("name", list(PREDICTED))
def test_bins_are_what_is_predicted_sorted_by_its_probability(
    name: str, table: pd.DataFrame
) -> None:
    own = table[table["run"] == name]
    sure_N = np.concatenate([p.score_NK.max(axis=1) for p in PREDICTED[name]])
    right_N = np.concatenate([p.score_NK.argmax(axis=1) == p.target for p in PREDICTED[name]])
    for row in own.to_dict("records"):
        inside_N = (sure_N > row["low"]) & (sure_N <= row["high"])
        assert row["count"] == inside_N.sum() / 2  # of two repeats
        assert row["probability"] == pytest.approx(sure_N[inside_N].mean(), rel=1e-5)
        assert row["right"] == pytest.approx(right_N[inside_N].mean())
    assert own["count"].sum() == len(sure_N) / 2
    assert (own["low"].min() >= 0.46) == (name == "two")


@pytest.mark.parametrize("name", list(PREDICTED))
def test_its_error_and_its_brier_score_are_the_scores(name: str, table: pd.DataFrame) -> None:
    own = table[table["run"] == name].iloc[0]
    for metric in ("calibration_error", "brier"):
        metric_spec = next(m for m in spec(METRICS).rows[name].metrics if m.name == metric)
        values = [
            scoring.values(
                metric_spec, scoring.additive(p, metric_spec).sum(axis=0)[None], p.labels
            )[""][0]
            for p in PREDICTED[name]
        ]
        assert own[metric] == pytest.approx(np.mean(values))
    if name == "two":
        brier = [
            reference.brier_score_loss(p.target, p.score_NK[:, 1].astype(float))
            for p in PREDICTED[name]
        ]
        assert own["brier"] == pytest.approx(np.mean(brier), rel=1e-5)


def test_the_points_distance_from_the_diagonal_is_the_error(tmp_path: Path) -> None:
    saved = PREDICTED["five"][0]
    predictions.write(saved, tmp_path / "0.parquet")
    made = spec(METRICS)
    row = made.rows["five"].model_copy(update={"repeats": 1})
    one = reliability.table(made, [read_run("five", row, {"five": [tmp_path / "0.parquet"]})])
    away = (one["probability"] - one["right"]).abs()
    error = (away * one["count"]).sum() / one["count"].sum()
    assert error == pytest.approx(one["calibration_error"].iloc[0])


def test_a_study_that_asks_for_no_calibration_error_has_no_such_table() -> None:
    assert reliability.has_calibration(spec(METRICS))
    for metrics in (["accuracy"], [{"name": "calibration_error", "without": ["mitdb/200"]}]):
        assert not reliability.has_calibration(spec(metrics))
    assert drawn.section(Study("s", {}, {}), RunNames(("init",))) is None


def test_a_small_figure_a_run(table: pd.DataFrame) -> None:
    text = pd.concat([table, table.assign(part="validation", right=0.0)]).astype(str)
    section = drawn.section(Study("s", {}, {"reliability": text}), RunNames(("init",)))
    assert section is not None
    assert len(section["figures"]) == 2
    for figure, (name, saved) in zip(section["figures"], PREDICTED.items(), strict=True):
        own = table[table["run"] == name]
        assert f"{len(saved[0].target):,}".replace(",", "\u202f") in figure["caption"]
        assert "of the test part" in figure["caption"]
        assert f"ECE {own['calibration_error'].iloc[0]:.3f}, Brier" in figure["caption"]
        assert figure["small"] == f"{name}, honest protocol"
        chart = str(figure["figure"])
        assert chart.count('class="band honest"') == len(own)
        assert chart.count('class="limit"') == 1  # the diagonal
        points = re.search(r'class="curve honest" points="([^"]*)"', chart)
        assert points is not None
        assert len(points[1].split()) == len(own)
        foot = re.findall(r'text-anchor="(?:start|middle)">(0\.\d+)<', chart)
        assert foot[0] == ("0.50" if name == "two" else "0.00")  # of two classes from a half on

"""Gains over a base: a share of its value where that is clearly above zero, else a difference."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from synthetic import signals

from cardiograft import plugins
from cardiograft.evaluation import predictions
from cardiograft.evaluation.predictions import Predictions
from cardiograft.report import sentences
from cardiograft.specs.tabulate import Tabulate
from cardiograft.studies.scg_to_ecg import GAINS
from cardiograft.tables import gains
from cardiograft.tables.runs import read_run
from cardiograft.tables.scores import Drawn

METRICS = ["pearson", "prd", "heart_rate_bias"]


def predicted(skill: float, *, seed: int, subjects: int = 5) -> Predictions:
    """Return signals predicted with so much of the true ones, the rest noise."""
    true = signals(subjects=subjects, each=4)
    noise = np.random.default_rng(seed).normal(size=true.target.shape)
    score_NK = skill * true.target + 0.2 * (1 - skill) * noise
    return replace(true, score_NK=score_NK.astype(np.float32))


def table(folder: Path, *, base: float, subjects: int = 5) -> pd.DataFrame:
    """Return the gains of a transfer over a network from scratch of this skill."""
    rows: dict[str, dict[str, Any]] = {}
    files = {}
    for k, (name, skill) in enumerate({"scratch": base, "cae": 0.7}.items()):
        rows[name] = {
            "members": [name],
            "protocol": "honest",
            "split": "s",
            "simulated": True,
            "repeats": 1,
            "tags": {"model": "cae", "init": name, "pruning": "none"},
            "metrics": METRICS,
        }
        files[name] = [folder / name / "0.parquet"]
        predictions.write(predicted(skill, seed=k, subjects=subjects), files[name][0])
    spec = Tabulate.model_validate(
        {"study": "scg_to_ecg", "rows": rows, "primary": "pearson", "draws": 200}
    )
    runs = [read_run(name, row, files) for name, row in spec.rows.items()]
    return gains.table(spec, runs, GAINS, METRICS).set_index("metric")


SHARE = ["gain", "low", "high"]
ENDS = ["difference_low", "difference_high"]


def test_a_gain_over_nothing_is_a_difference_with_its_interval(tmp_path: Path) -> None:
    made = table(tmp_path, base=0.0)
    nothing, error = made.loc["pearson"], made.loc["prd"]
    assert nothing["base_low"] < 0 < nothing["base_high"]
    assert nothing["not_relative"] == "near zero"
    assert nothing[SHARE].isna().all()
    assert nothing["difference"] == pytest.approx(nothing["value"] - nothing["base"])
    assert 0 < nothing["difference_low"] < nothing["difference"] < nothing["difference_high"]
    assert error["not_relative"] == ""
    assert error["gain"] == pytest.approx((error["base"] - error["value"]) / error["base"])
    assert error["low"] < error["gain"] < error["high"]


def test_a_gain_over_a_base_clearly_above_zero_is_a_share_of_it(tmp_path: Path) -> None:
    row = table(tmp_path, base=0.4).loc["pearson"]
    assert row["base_low"] > 0
    assert row["not_relative"] == ""
    assert row["gain"] == pytest.approx(row["difference"] / row["base"])


def test_a_metric_without_a_natural_zero_has_differences_alone(tmp_path: Path) -> None:
    row = table(tmp_path, base=0.4).loc["heart_rate_bias"]
    assert not plugins.load("metrics", "heart_rate_bias").NATURAL_ZERO
    assert row["not_relative"] == "no zero"
    assert np.isnan(row["gain"])
    assert not np.isnan(row["difference"])


def test_a_base_of_too_few_subjects_has_no_share(tmp_path: Path) -> None:
    row = table(tmp_path, base=0.4, subjects=2).loc["pearson"]
    assert row["not_relative"] == "few subjects"
    assert row[[*SHARE, *ENDS]].isna().all()
    assert row["difference"] > 0


@pytest.mark.parametrize(
    ("value", "draws", "low", "why"),
    [
        (0.4, [0.3, 0.5], 0.3, ""),
        (0.4, [-0.1, 0.5], 0.3, "near zero"),  # a draw of which there is no share
        (0.4, [0.1, 0.5], -0.1, "near zero"),
        (-0.4, [-0.5, -0.3], -0.5, "near zero"),
        (0.4, [0.3, 0.5], np.nan, "few subjects"),
    ],
)
def test_why_a_gain_is_no_share(value: float, draws: list[float], low: float, why: str) -> None:
    base = Drawn(points={"": value}, draws={"": np.array(draws)}, subjects={"": 5})
    assert gains._not_relative(base, low, natural_zero=True) == why


def test_the_sentence_says_why_it_is_no_share(tmp_path: Path) -> None:
    row = {key: str(value) for key, value in table(tmp_path, base=0.0).loc["pearson"].items()}
    row = {key: "" if value == "nan" else value for key, value in row.items()}
    metric = {"title": "Pearson r", "percent": False, "lower_is_better": False}
    sentence = sentences.gain({**row, "class": "", "paper": "0.143"}, metric, "Autoencoder")
    assert " % " not in sentence.partition(": a gain")[0]
    assert "is not clearly above zero): a gain, where the paper reports +14.3 %." in sentence

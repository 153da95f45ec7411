"""Dose curves as the report and the published tables tell them."""

from pathlib import Path
from typing import Any

import findings
import pandas as pd
import pytest
from scripts import load
from synthetic import METRICS, study

from cardiograft.report import measured, sentences
from cardiograft.report.inputs import read_study
from cardiograft.report.readme import study_tables
from cardiograft.specs.report import Report
from cardiograft.specs.tabulate import Tabulate

NAME = "transform_recognition"
SHARES = {"0": 0.0, "25": 0.25, "100": 1.0, "base": 0.0}
PERCENT = {"title": "Accuracy", "percent": True, "lower_is_better": False}
ERROR = {"title": "PRD", "percent": False, "lower_is_better": True}


def dosed() -> Tabulate:
    rows: dict[str, dict[str, Any]] = {}
    for model, init in {"cnn": "scratch", "majority": "none"}.items():
        for percent, share in SHARES.items():
            name, empty = f"mitdb-{model}-dose-{percent}", percent == "base"
            rows[name] = {
                "members": [name],
                "protocol": "dose",
                "split": f"mitdb-dose-{percent}",
                "simulated": False,
                "dose": {"share": share, "base": 4000, "slots": 4000, "empty": empty},
                "repeats": 2 if model == "cnn" else 1,
                "tags": {
                    "data": "mitdb",
                    "model": model,
                    "init": init,
                    "dose": "base alone" if empty else f"{percent} %",
                },
                "metrics": list(METRICS),
            }
    return study(rows=rows, comparisons=[], simulated=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[Path]]]:
    folder = tmp_path_factory.mktemp("dosed")
    return folder, findings.write(folder, spec=dosed(), simulated=False)


@pytest.fixture(scope="module")
def page(made: tuple[Path, dict[str, list[Path]]]) -> str:
    folder, inputs = made
    out = folder / "report.html"
    load("report").report(Report(title="t", studies=(NAME,)), **inputs, out=out, command="c")
    return out.read_text("utf-8")


def test_the_section_has_chart_sentences_and_tables(page: str) -> None:
    section = page.partition(f'id="{NAME}-doses"')[2].partition("<h3")[0]
    assert "Leakage by dose" in section
    assert "Accuracy in % over the dose" in section
    assert section.count('<svg class="plane"') >= 3
    assert "every training has 8\u202f000 segments" in section
    assert "4\u202f000 at 100 %" in section
    assert "1\u202f000 of 8\u202f000" in section
    assert "Most frequent class" in section
    assert "no effect of leakage shown" in section
    assert f'href="#{NAME}-doses"' in page


def test_a_dose_stands_beside_no_published_value(made: tuple[Path, dict[str, list[Path]]]) -> None:
    own = read_study(made[1]["tables"][0])
    assert not [row for row in own.rows("published") if row["run"]]
    assert not own.rows("gaps")
    assert len(own.rows("doses")) > 0


def test_published_tables_hold_differences_slopes_and_the_amount(
    made: tuple[Path, dict[str, list[Path]]],
) -> None:
    own = read_study(made[1]["tables"][0])
    frame = measured.table(own, {}, command="c", commit="d").fillna("").astype(str)
    rows = frame[(frame["metric"] == "accuracy") & (frame["class"] == "")]
    kinds = rows.set_index("run")["protocol"].to_dict()
    assert kinds["mitdb-cnn-dose-100"] == "dose"
    assert kinds["mitdb-cnn-dose-100 - mitdb-cnn-dose-0"] == "dose difference"
    assert "mitdb-cnn-dose-0 - mitdb-cnn-dose-0" not in kinds
    effects = rows[rows["protocol"].isin(["dose slope", "dose amount"])]
    assert len(effects) == 4
    tables = study_tables(pd.DataFrame(frame))
    assert "| Leakage by dose |" in tables
    assert "mitdb-cnn-dose-100 − mitdb-cnn-dose-0" in tables
    assert "mitdb-majority-dose-0 … mitdb-majority-dose-base, slope" in tables


def effect(value: float, low: Any, high: Any) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, "class": "", "missing_classes": ""}


@pytest.mark.parametrize(
    ("slope", "metric", "says"),
    [
        (effect(0.062, 0.03, 0.09), PERCENT, "+6.2 points [+3.0, +9.0]"),
        (effect(0.062, 0.03, 0.09), PERCENT, "better the more leaks"),
        (effect(-0.02, -0.04, -0.01), PERCENT, "worse the more leaks"),
        (effect(-20.0, -30.0, -10.0), ERROR, "better the more leaks"),
        (effect(0.0, 0.0, 0.0), PERCENT, "0.0 points [0.0, 0.0]"),
        (effect(0.0, 0.0, 0.0), PERCENT, "no effect of leakage shown"),
        (effect(0.1, "", ""), PERCENT, "too few subjects for an interval"),
    ],
)
def test_the_sentence_is_made_from_the_numbers(
    slope: dict[str, Any], metric: dict[str, Any], says: str
) -> None:
    sentence = sentences.dose({"slope": slope}, metric, "CNN")
    assert says in sentence
    assert "other people" not in sentence
    amount = effect(0.004, -0.01, 0.02)
    both = sentences.dose({"slope": slope, "amount": amount}, PERCENT, "CNN")
    assert "segments of other people change it by +0.4 points [−1.0, +2.0]" in both

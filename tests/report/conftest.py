"""One page for all tests of it in a browser."""

from pathlib import Path

import findings
import pytest
import signal_study
from scripts import load
from synthetic import study, study_rows

from cardiograft.report import cells
from cardiograft.specs.report import Report

LEAD = 2  # rows of a long table that are in sight
RUNS = ("scratch-paper", "cae-paper", "scratch-honest", "cae-honest", "calibrated-0")


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with a study of classes and one of signals, so with every kind of figure."""
    folder = tmp_path_factory.mktemp("browser")
    rows = {k: v for k, v in study_rows(repeats=1).items() if "majority" not in k}
    inputs = findings.write(folder, spec=study(rows=rows, draws=20))
    every = signal_study.rows(sources=("scratch", "cae"), repeats=1)
    asked = {"metrics": ["pearson", "mse", *signal_study.PEAKS]}
    few = {
        f"scg-cae-{run}": {**every[f"scg-cae-{run}"], **asked} for run in (*RUNS, "calibrated-60")
    }
    spec = signal_study.study(rows=few, draws=20)
    inputs["tables"].append(signal_study.tables(folder, spec))
    out = folder / "report.html"
    studies = ("transform_recognition", signal_study.NAME)
    with pytest.MonkeyPatch.context() as patch:  # so that small tables are long
        patch.setattr(cells, "LONG", 3)
        patch.setattr(cells, "LEAD", LEAD)
        load("report").report(Report(title="Hearts", studies=studies), **inputs, out=out)
    return out

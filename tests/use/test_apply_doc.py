"""docs/apply.md is right: its commands run as they are written, and its paths exist."""

import re
import shlex
import shutil
import sys
from pathlib import Path

import in_use
import numpy as np
import pandas as pd
import pytest
import wfdb

from cardiograft.use import command

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "apply.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, flags=re.DOTALL)


def test_its_paths_exist() -> None:
    named = re.findall(r"\]\(([\w./-]+)\)", TEXT)
    assert len(named) >= 3
    assert not [path for path in named if not (ROOT / "docs" / path).exists()]


def test_its_example_runs_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A record in which lead II stands for MLII, and an EDF file."""
    edf = pytest.importorskip("pyedflib", reason="pyedflib reads EDF files: extra `edf`")
    case = in_use.trained("detected", tmp_path)
    shutil.copytree(case.model, tmp_path / "results" / "transfer" / "NAME" / "0")
    ward = tmp_path / "ward"
    ward.mkdir()
    signal_TC = wfdb.rdrecord(str(case.root / "106")).p_signal
    units = ("mV", "mV")
    in_use.write_wfdb(ward, "P01", signal_TC.T, leads=("II", "V1"), units=units, rate_hz=360)
    head = {"label": "ECG II", "dimension": "mV", "sample_frequency": 360}
    limits = {"physical_min": -8, "physical_max": 8, "digital_min": -32768, "digital_max": 32767}
    with edf.EdfWriter(str(ward / "P02.edf"), 1) as file:
        file.setSignalHeaders([{**head, **limits}])
        file.writeSamples([np.ascontiguousarray(signal_TC[:, 0])])
    monkeypatch.chdir(tmp_path)
    (line,) = [text for kind, text in BLOCKS if kind == "console"]
    monkeypatch.setattr(sys, "argv", shlex.split(line))
    command.main()
    assert "2 of 2 recordings: 0.07 h in " in capsys.readouterr().err
    (code,) = [text for kind, text in BLOCKS if kind == "python"]
    exec(compile(code, "docs/apply.md", "exec"), {})
    printed = capsys.readouterr().out
    table = pd.read_csv("predictions/P01.csv")
    assert table["predicted"][0] in printed
    assert "360" in printed
    assert {p.name for p in Path("predictions").iterdir()} == {
        "summary.json",
        *(f"{name}.{end}" for name in ("P01", "P02") for end in ("csv", "parquet", "pred")),
    }

"""The worked examples of the docs run as they are written, to their reports."""

import os
import re
import subprocess
import sys
from pathlib import Path

import in_use
import own_folder
import pandas as pd
import pytest
import shipping

from cardiograft.files import read_json
from cardiograft.shipped import catalogue

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"


def blocks(example: str, kind: str) -> list[str]:
    text = (EXAMPLES / f"{example}.md").read_text("utf-8")
    return re.findall(rf"```{kind}\n(.*?)```", text, flags=re.DOTALL)


def run(example: str, folder: Path, **environment: str) -> str:
    """Call an example's commands in a folder; return what they printed."""
    (commands,) = blocks(example, "console")
    own = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    given = {**os.environ, "PATH": own, "PYTHONPATH": path, "CARDIOGRAFT": str(ROOT)}
    ended = subprocess.run(
        ["bash", "-euc", commands],
        cwd=folder,
        env={**given, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-4000:]
    return ended.stdout + ended.stderr


def test_a_labelled_folder(tmp_path: Path) -> None:
    own_folder.write(tmp_path / "recordings" / "clinic")
    printed = run("labelled-folder", tmp_path)
    assert "subjects    guessed 7, by the pattern" in printed
    assert "own-network" in (tmp_path / "study/results/report.html").read_text("utf-8")
    # its table of labels is the folder's own
    table = next(text for text in blocks("labelled-folder", "") if text.startswith("recording,"))
    written = (tmp_path / "recordings/clinic/labels.csv").read_text("utf-8").splitlines()
    assert table.splitlines()[0] == written[0]
    assert table.splitlines()[1] in written


def test_an_unlabelled_folder(tmp_path: Path) -> None:
    own_folder.write(tmp_path / "recordings" / "clinic")
    holters = tmp_path / "recordings" / "holters"
    holters.mkdir()
    for person in range(1, 6):
        signal_CT = own_folder.signal(20 + person).T[1:2]
        in_use.write_wfdb(
            holters, f"H{person:02d}_day", signal_CT, leads=["II"], rate_hz=own_folder.RATE_HZ
        )
    (tmp_path / "both").mkdir()
    (text,) = blocks("unlabelled-folder", "yaml")
    (tmp_path / "both" / "config.yaml").write_text(text, "utf-8")
    run("unlabelled-folder", tmp_path)
    results = tmp_path / "both" / "results"
    ledger = read_json(results / "transfer/clinic-holters/0/ledger.json")
    loaded = {one["entry"] for one in ledger["tensors"] if one["state"] == "loaded"}
    assert loaded
    assert all("encoder" in name for name in loaded)
    scores = pd.read_csv(results / "tables/own_recordings/scores.csv")
    assert {"clinic-holters", "clinic-random", "clinic-majority"} <= set(scores["run"])
    comparisons = pd.read_csv(results / "tables/own_recordings/comparisons.csv")
    assert set(comparisons["question"]) == {"help"}


def test_fine_tuning(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    made = shipping.run(tmp_path_factory.mktemp("run"), "like rhythm", "rhythm")
    own_folder.write(tmp_path / "recordings" / "clinic")
    (tmp_path / "tune").mkdir()
    (text,) = blocks("fine-tuning", "yaml")
    (tmp_path / "tune" / "config.yaml").write_text(text, "utf-8")
    home = str(made.shipped.folder.parent)
    if "rhythm" in {path.parent.name for path in catalogue.of_package().glob("*/card.json")}:
        home = "none"  # the one that comes along counts
    printed = run("fine-tuning", tmp_path, **{catalogue.HOME: home})
    assert printed.startswith("# rhythm\n")
    results = tmp_path / "tune" / "results"
    ledger = read_json(results / "transfer/clinic-rhythm/0/ledger.json")
    loaded = {one["entry"] for one in ledger["tensors"] if one["state"] == "loaded"}
    assert loaded == {"rhythm.safetensors"}
    audit = read_json(results / "audits/clinic-rhythm.json")
    assert [one["stage"] for one in audit["findings"]][1:]  # of the model, beside its own
    assert audit["passed"]
    scores = pd.read_csv(results / "tables/own_recordings/scores.csv")
    assert {"clinic-rhythm", "clinic-frozen", "clinic-majority"} <= set(scores["run"])

"""An exported network on new recordings, without torch: the same probabilities."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shipping
from shipping import NAME, Run

from cardiograft.files import read_json, write_json
from cardiograft.segments.cutting import CutSegments
from cardiograft.shipped import catalogue
from cardiograft.use import command, onnx_model
from cardiograft.use.loading import ready
from cardiograft.use.onnx_model import OnnxModel
from cardiograft.use.ship import TOLERANCE

pytest.importorskip("onnxruntime", reason="runs ONNX files: extra `export`")
# A Python in which torch is not to be found.
WITHOUT = """
import importlib.machinery, sys
find = importlib.machinery.PathFinder.find_spec
importlib.machinery.PathFinder.find_spec = lambda name, *where: (
    None if name.partition(".")[0] == "torch" else find(name, *where)
)
from cardiograft.use import command
command.main(sys.argv[1:])
assert "torch" not in sys.modules
"""


@pytest.fixture(scope="module", params=["windows", "detected"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return shipping.run(tmp_path_factory.mktemp(request.param), request.param)


def without_torch(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, *words],
        check=False,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": "", catalogue.HOME: str(home)},
    )


@pytest.mark.parametrize("by", ["name", "file"])
def test_probabilities_are_torchs(
    made: Run, by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = made.shipped.folder.parent
    monkeypatch.setenv(catalogue.HOME, str(home))
    model = NAME if by == "name" else str(made.shipped.onnx)
    record = str(made.recordings / "106")
    out = tmp_path / "onnx"
    ended = without_torch("apply", model, record, "--out", str(out), home=home)
    assert ended.returncode == 0, ended.stderr
    command.main(["apply", NAME, record, "--out", str(tmp_path / "torch")])
    ours, theirs = (pd.read_parquet(tmp_path / k / "106.parquet") for k in ("onnx", "torch"))
    assert len(ours) > 30
    same = ["id", "start", "length_s"]
    pd.testing.assert_frame_equal(ours[same], theirs[same])
    apart = np.abs(ours.filter(like="p_").to_numpy() - theirs.filter(like="p_").to_numpy())
    assert apart.max() <= TOLERANCE
    summary = read_json(tmp_path / "onnx" / "summary.json")
    assert summary["weights_sha256"] == made.shipped.card["weights_sha256"]
    assert summary["model"].endswith(".onnx")


def test_without_torch_a_checkpoint_is_refused_in_a_line(made: Run, tmp_path: Path) -> None:
    record = str(made.recordings / "106")
    ended = without_torch("apply", str(made.model), record, "--out", str(tmp_path), home=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.strip().endswith("needs torch; an ONNX file (`export`) does not")


def test_onnxruntime_is_taken_when_it_is_asked_for(
    made: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(catalogue.HOME, str(made.shipped.folder.parent))
    network = ready(Path(NAME), onnx=True)
    assert (network.where, type(network).__name__) == (str(made.shipped.onnx), "OnnxModel")
    assert type(ready(Path(NAME))).__name__ == "Model"
    with pytest.raises(ValueError, match="onnxruntime runs ONNX files"):
        ready(made.model, onnx=True)


def test_a_file_without_its_card_is_refused(made: Run, tmp_path: Path) -> None:
    assert made.shipped.onnx is not None
    content = made.shipped.onnx.read_bytes()
    file = tmp_path / "model.onnx"
    file.write_bytes(content)
    with pytest.raises(FileNotFoundError, match=r"card\.json"):
        ready(file)
    write_json(tmp_path / "card.json", {"file_sha256": "0" * 64, "segments": {}})
    with pytest.raises(ValueError, match=r"the card of another file than model\.onnx"):
        ready(file)
    file.write_bytes(b"no graph")
    with pytest.raises(ValueError, match="not an ONNX file"):
        ready(file)


@pytest.mark.parametrize(("bounded", "kept"), [(True, [0, 40]), (False, [0, 20, 40])])
def test_padding_is_left_out_of_a_network_that_knows_it(bounded: bool, kept: list[int]) -> None:
    """Its file would take it for a signal; a classifier of whole segments always does."""
    cut = CutSegments(
        signal_NCT=np.zeros((3, 1, 8), np.float32),
        target_NCT=None,
        start_N=np.array([0, 20, 40]),
        valid_N=np.array([8, 5, 8], np.int32),
        label_N=np.full(3, None, dtype=object),
        features={"rr": np.arange(3, dtype=np.float32)},
    )
    given = SimpleNamespace(bounded=bounded, segments=SimpleNamespace(samples=8))
    taken = OnnxModel.taken(given, cut)  # type: ignore[arg-type]
    assert taken.start_N.tolist() == kept
    assert len(taken.features["rr"]) == len(kept)
    assert taken.dropped.total() == 3 - len(kept)


@pytest.mark.parametrize(
    ("task", "bounded"),
    [
        ({"name": "classify", "crop_s": None, "scaling": "none"}, False),
        ({"name": "classify", "crop_s": 3.2, "scaling": "none"}, True),
        ({"name": "classify", "crop_s": None, "scaling": "zscore"}, True),
        ({"name": "translate", "scaling": "none"}, False),
        ({"name": "reconstruct"}, True),
    ],
)
def test_a_network_knows_padding_where_its_task_reads_it(
    task: dict[str, Any], bounded: bool
) -> None:
    assert onnx_model._bounded(task) is bounded

"""A file for a device says what its network says, and runs without torch."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from device_files import Networks

from cardiograft.export import job, runtime, writing
from cardiograft.export.network import read_exported, read_part
from cardiograft.segments import shards

pytest.importorskip("onnxruntime", reason="needs the extra 'export'")
pytest.importorskip("onnxscript", reason="needs the extra 'export'")

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "export.md"


@pytest.fixture(scope="session")
def beats(networks: Networks) -> Path:
    """The file of a network of beats and an R-R interval."""
    networks.exported("beats", networks.folder / "beats-file", metrics=["accuracy"], checked=64)
    return networks.folder / "beats-file"


@pytest.fixture(scope="session")
def crops(networks: Networks) -> Path:
    """The file of a network that crops and scales."""
    networks.exported("crops", networks.folder / "crops-file")
    return networks.folder / "crops-file"


@pytest.fixture(scope="session")
def pictures(networks: Networks) -> Path:
    """The file, in integers, of a network of pictures, which it makes."""
    out = networks.folder / "pictures-file"
    limit_spec = {"label": "V", "at": "validation"}
    limit = {"metric": "macro_f1", "loss": 0.2}
    networks.exported("pictures", out, precision="int8", limit=limit, threshold=limit_spec)
    return out


def card(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "card.json").read_text("utf-8"))
    return content


def session(folder: Path) -> Any:
    return runtime.session((folder / "model.onnx").read_bytes())


def segments(networks: Networks, count: int = 8) -> dict[str, Any]:
    folder = networks.cohort.segments
    columns = ("id", "signal", "valid", "rr_before")
    ids = shards.table([folder], ["id"])["id"].to_pylist()[:count]
    return {"ids": ids, **shards.arrays([folder], ids, columns[1:])}


def test_a_card_says_what_the_file_takes_and_gives(beats: Path) -> None:
    file_card = card(beats)
    assert file_card["input"]["takes"] == "segment"
    assert file_card["input"]["shape"] == [1, 1, 64]
    assert (file_card["input"]["rate_hz"], file_card["input"]["leads"]) == (125.0, ["II"])
    assert file_card["input"]["features"] == ["rr_before"]
    assert file_card["output"]["labels"] == ["N", "S", "V"]
    assert file_card["simulated"]
    content = (beats / "model.onnx").read_bytes()
    assert file_card["file_sha256"] == hashlib.sha256(content).hexdigest()
    assert file_card["file_bytes"] == len(content)
    assert {one.name: one.shape for one in session(beats).get_inputs()} == {
        "signal": [1, 1, 64],
        "feature": [1, 1],
    }


def test_a_file_says_itself_what_it_is_and_not_where_it_was_made(beats: Path) -> None:
    file_card, metadata = card(beats), session(beats).get_modelmeta().custom_metadata_map
    inside = json.loads(metadata["cardiograft"])
    assert inside == {key: file_card[key] for key in inside}
    assert {"input", "output", "in_the_file", "left_to_the_device", "simulated"} <= inside.keys()
    assert str(ROOT).encode() not in (beats / "model.onnx").read_bytes()


def test_scores_are_the_networks(networks: Networks, beats: Path) -> None:
    """On segments that the job was not shown: the whole of it, features as they are measured."""
    exported = read_exported(
        networks.entry("beats"),
        segments=[networks.cohort.segments],
        split=networks.cohort.honest,
        model=networks.trained("beats"),
    )
    columns, onnx_session = segments(networks), session(beats)
    rr = columns["rr_before"].copy()
    assert np.isnan(rr[0])  # the first beat has none
    encoded = exported.task.encode({**columns, "label": np.array([None] * len(rr), dtype=object)})
    with torch.no_grad():
        output = exported.network(encoded["signal"], encoded["feature"])
    want = exported.task.scores(output).numpy()
    for place in range(len(rr)):
        given = {"signal": columns["signal"][[place]], "feature": rr[[place], None]}
        np.testing.assert_allclose(runtime.scores(onnx_session, given)[0], want[place], atol=1e-5)
    compared = card(beats)["compared"]
    assert compared["train"]["segments"] == 64
    assert compared["validation"]["segments"] == 80
    assert 0 < compared["validation"]["largest_difference"] < 1e-5


def test_crop_and_scale_are_in_the_file(networks: Networks, crops: Path) -> None:
    columns, onnx_session = segments(networks, 40), session(crops)
    whole = columns["signal"][columns["valid"] == 64]
    assert len(whole)
    file_card = card(crops)
    assert file_card["in_the_file"]["task"]["crop_s"] == 0.4
    assert file_card["compared"]["validation"]["padded_left_out"] > 40
    assert file_card["compared"]["validation"]["largest_difference"] < 1e-5
    plain = runtime.scores(onnx_session, {"signal": whole[:1]})
    louder = runtime.scores(onnx_session, {"signal": 7 * whole[:1] - 3})
    np.testing.assert_allclose(louder, plain, atol=1e-4)
    outside = whole[:1].copy()
    outside[..., [0, -1]] += 5  # the middle 50 of 64 samples are shown
    np.testing.assert_array_equal(runtime.scores(onnx_session, {"signal": outside}), plain)


def test_a_network_of_pictures_is_as_precise_as_its_file(
    networks: Networks, tmp_path: Path
) -> None:
    """Within the tolerance that is there by default."""
    file_card = networks.exported("pictures", tmp_path / "out")
    assert file_card["spec"]["tolerance"] == 1e-4
    assert 0 < file_card["compared"]["validation"]["largest_difference"] < 1e-5
    import onnx

    graph = onnx.load(tmp_path / "out" / "model.onnx").graph
    assert not {"DFT", "STFT"} & {node.op_type for node in graph.node}


def test_integers_are_smaller_and_say_what_they_lose(pictures: Path) -> None:
    file_card = card(pictures)
    assert file_card["calibration_segments"] == 320
    assert file_card["spec"]["precision"] == "int8"
    one = file_card["metrics"]["macro_f1"]
    assert one["loss"] == pytest.approx(one["network"] - one["file"])
    assert one["loss"] <= 0.2
    assert 1e-4 < file_card["compared"]["validation"]["largest_difference"] < 0.2
    import onnx

    graph = onnx.load(pictures / "model.onnx").graph
    weights = [one for one in graph.initializer if one.data_type == onnx.TensorProto.INT8]
    assert sum(int(np.prod(one.dims)) for one in weights) >= 960  # the kernels of the network
    # The view's products are no integers.
    front = [node for node in graph.node if node.name.startswith("front/")]
    assert front
    assert not [node for node in front if node.op_type == "QuantizeLinear"]
    assert file_card["threshold"]["label"] == "V"
    assert 0 < file_card["threshold"]["at"] < 1
    assert file_card["latency"]["ms"] > file_card["network_latency"]["ms"]


def test_a_file_of_several_segments_at_once(networks: Networks, tmp_path: Path) -> None:
    file_card = networks.exported("beats", tmp_path / "out", batch=3, checked=64)
    onnx_session = session(tmp_path / "out")
    assert {one.name: one.shape for one in onnx_session.get_inputs()} == {
        "signal": [3, 1, 64],
        "feature": [3, 1],
    }
    assert file_card["compared"]["validation"]["largest_difference"] < 1e-5
    assert file_card["latency"]["ms"] > 0
    assert "batch 3" in file_card["timing"]


@pytest.mark.parametrize(("batch", "calls"), [(3, 34), (100, 1)])
def test_integers_of_several_segments_at_once(
    networks: Networks, tmp_path: Path, batch: int, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All segments for the calibration are used, and the card counts those."""
    seen: list[Any] = []
    quantised = writing.int8

    def counting(model: Any, segments: Any, **options: Any) -> Any:
        seen.extend(segments)
        return quantised(model, iter(seen), **options)

    monkeypatch.setattr(writing, "int8", counting)
    out = tmp_path / "out"
    file_card = networks.exported("beats", out, precision="int8", batch=batch, calibration=100)
    assert file_card["calibration_segments"] == 100
    assert [len(one["shown"] if "shown" in one else one["signal"]) for one in seen] == [
        batch
    ] * calls
    signal = np.concatenate([one.get("shown", one.get("signal")) for one in seen])
    assert len(np.unique(signal, axis=0)) == len(np.unique(signal[:100], axis=0)) > 90
    assert file_card["compared"]["validation"]["largest_difference"] < 0.2
    assert {one.shape[0] for one in session(out).get_inputs()} == {batch}


@pytest.fixture
def drawn(networks: Networks, monkeypatch: pytest.MonkeyPatch, beats: Path) -> None:
    """Have the job take a graph that is there, and a file that says the same of everything."""
    exported = read_exported(
        networks.entry("beats"),
        segments=[networks.cohort.segments],
        split=networks.cohort.honest,
        model=networks.trained("beats"),
    )
    assert read_part(exported, "train", networks.folder) is not None
    session_ = session(beats)
    monkeypatch.setattr(job, "write", lambda *_: type("Written", (), {"whole": _Bytes(beats)}))
    monkeypatch.setattr(runtime, "session", lambda _: session_)
    same = np.array([[0.1, 0.8, 0.1]], dtype=np.float32)
    monkeypatch.setattr(runtime, "scores", lambda *_: same)


class _Bytes:
    """What stands for a graph."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def SerializeToString(self) -> bytes:  # noqa: N802  as onnx calls it
        return (self._folder / "model.onnx").read_bytes()


@pytest.mark.usefixtures("drawn")
def test_a_file_that_says_something_else_is_refused(networks: Networks, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^the file's scores are up to 0\.\d+ from the network's"):
        networks.exported("beats", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("drawn")
def test_a_file_that_loses_too_much_is_refused(networks: Networks, tmp_path: Path) -> None:
    limit = {"metric": "accuracy", "loss": 0.05}
    message = r"^limit: the file loses 0\.\d+ of accuracy on the validation part \(0\.6\d* to 0\.15"
    with pytest.raises(ValueError, match=message):
        networks.exported("beats", tmp_path / "out", precision="int8", limit=limit)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("pretext", {}, "preprocessing 'included': 'recognise_transform' makes its own versions"),
        ("beats", {"view": "left out"}, "view 'left out': 'beats' takes signals, there is no view"),
    ],
)
def test_what_can_not_be_written_is_refused(
    networks: Networks, tmp_path: Path, name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        networks.exported(name, tmp_path / "out", **options)


WITHOUT = """
import sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "cardiograft"):
            raise ImportError(f"{name} is not there")
sys.meta_path.insert(0, Without())
"""


def test_the_example_of_the_docs_runs_without_torch(beats: Path, tmp_path: Path) -> None:
    text = PAGE.read_text("utf-8")
    example = text.partition("```python\n")[2].partition("```")[0]
    assert len(example.splitlines()) <= 12
    changed = example.replace("results/export/NAME", str(beats))
    assert changed != example
    check = "\nassert 'torch' not in sys.modules\nprint('score', score.shape)\n"
    code = WITHOUT + changed + check
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "score (1, 3)" in done.stdout
    refused = subprocess.run(
        [sys.executable, "-c", WITHOUT + "import torch"], capture_output=True, text=True
    )
    assert "torch is not there" in refused.stderr

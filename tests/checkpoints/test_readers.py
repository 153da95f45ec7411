"""Weights that others have published, read and put into networks here."""

import importlib.util
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from cardiograft.checkpoints.network import build
from cardiograft.checkpoints.readers import openecg, safetensors, torch_state, torchvision_googlenet
from cardiograft.models import googlenet, openecg_codec
from cardiograft.records import Shape


def test_tensors_are_found_where_they_are_and_put_below_another_name(tmp_path: Path) -> None:
    inner = {"trunk.a.weight": torch.ones(2), "trunk.b": torch.zeros(1), "trunks": torch.ones(1)}
    torch.save({"epoch": 3, "model": {"state": inner}}, tmp_path / "x.pt")
    read = torch_state.read(tmp_path / "x.pt", key="model.state", below="trunk", put="encoder")
    assert set(read.tensors) == {"encoder.a.weight", "encoder.b"}
    save_file(inner, tmp_path / "x.safetensors")
    same = safetensors.read(tmp_path / "x.safetensors", below="trunk", put="encoder")
    assert same.digest() == read.digest()
    with pytest.raises(ValueError, match="nothing named 'modle' in it: it has epoch, model"):
        torch_state.read(tmp_path / "x.pt", key="modle")
    with pytest.raises(ValueError, match="no tensors by name in it: it has epoch, model"):
        torch_state.read(tmp_path / "x.pt")
    with pytest.raises(ValueError, match="no tensor of the file is below 'trnk'"):
        torch_state.read(tmp_path / "x.pt", key="model.state", below="trnk")


ODD = {
    "sparse": (torch.eye(3).to_sparse, "its tensor 'a.odd' is sparse: only plain ones"),
    "sparse in rows": (torch.eye(3).to_sparse_csr, "its tensor 'a.odd' is sparse"),
    "quantised": (
        lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
        "its tensor 'a.odd' is quantised",
    ),
    "without values": (lambda: torch.empty(3, device="meta"), "'a.odd' is without values"),
    "nested": (lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]), "x.pt: "),
    "not a number": (lambda: torch.full((3,), torch.nan), "3 of 3 values of its tensor 'a.odd'"),
    "infinite": (lambda: torch.tensor([1.0, torch.inf]), "1 of 2 values of its tensor 'a.odd'"),
}


@pytest.mark.filterwarnings("ignore")  # torch's own, of sparse and nested tensors
@pytest.mark.parametrize("kind", ODD)
def test_tensors_that_are_no_weights_are_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    make, says = ODD[kind]
    torch.save({"a.odd": make(), "b.plain": torch.ones(2)}, tmp_path / "x.pt")
    with pytest.raises(ValueError, match=says) as raised:
        torch_state.read(tmp_path / "x.pt")
    assert "\n" not in str(raised.value)
    if kind != "nested":  # which torch itself may refuse to read
        assert set(torch_state.read(tmp_path / "x.pt", below="b").tensors) == {"plain"}


def test_two_tensors_of_one_name_are_refused(tmp_path: Path) -> None:
    torch.save({1: torch.zeros(1), "1": torch.ones(1)}, tmp_path / "x.pt")
    with pytest.raises(ValueError, match=r"x\.pt: two tensors are named '1' in it"):
        torch_state.read(tmp_path / "x.pt")
    torch.save({"a.b": torch.zeros(1), "a..b": torch.ones(1)}, tmp_path / "x.pt")
    with pytest.raises(ValueError, match=r"x\.pt: two of its tensors come to the name 'c\.b'"):
        torch_state.read(tmp_path / "x.pt", below="a", put="c")


def test_a_file_as_torchvision_writes_it_fills_a_googlenet(tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = googlenet.build(Shape(3, 64, 0, (1000,), rows=64))
    state = {
        name.removeprefix("encoder.").replace("head.", "fc."): tensor
        for name, tensor in theirs.state_dict().items()
    }
    state |= {"aux1.fc1.weight": torch.zeros(3), "aux2.conv.conv.weight": torch.zeros(3)}
    torch.save(state, tmp_path / "googlenet.pth")
    read = torchvision_googlenet.read(tmp_path / "googlenet.pth")
    assert read.about["meaning"]["outputs"] is None
    here = googlenet.build(Shape(3, 64, 0, (1000,), rows=64))
    here.load_state_dict(read.tensors)
    torch.save({"conv1.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match="no GoogLeNet of torchvision's: it has conv1"):
        torchvision_googlenet.read(tmp_path / "other.pth")


def test_ranks_are_what_scipy_calls_ranks() -> None:
    stats = pytest.importorskip("scipy.stats")
    signal_BCT = torch.randn(2, 2, 500).round(decimals=1)
    rank = torch.from_numpy(stats.rankdata(signal_BCT.numpy(), axis=2))
    torch.testing.assert_close(openecg_codec.ranked(signal_BCT), (2 * (rank - 1) / 499 - 1).float())


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")  # which torch tells the package
@pytest.mark.skipif(importlib.util.find_spec("openecg") is None, reason="openecg is not installed")
def test_the_codec_gives_what_its_own_package_gives() -> None:
    folder = Path(next(iter(importlib.util.find_spec("openecg").submodule_search_locations)))  # type: ignore[union-attr,arg-type]
    file = folder / "models" / "codec_v6.pt"
    load = pytest.importorskip("openecg.stage2.model").load_model_from_ckpt
    theirs, codes = load(str(file), device="cpu")[0].eval(), []
    theirs.upper_transformer.register_forward_hook(lambda _, __, code: codes.append(code))
    ours = build("openecg_codec", {}, Shape(1, 5000, 0, (3,)), None).eval()
    read = openecg.read(file)
    ours.load_state_dict({**ours.state_dict(), **read.tensors})
    signal_BCT = torch.randn(2, 1, 5000).cumsum(2)
    with torch.no_grad():
        theirs(openecg_codec.ranked(signal_BCT)[:, 0], torch.zeros(2, dtype=torch.long))
        code_BW = ours.get_submodule("encoder")(signal_BCT, torch.zeros(2, 0))
    torch.testing.assert_close(code_BW, codes[0].mean(1), rtol=1e-4, atol=1e-4)
    assert sum(t.numel() for t in read.tensors.values()) == 992_896

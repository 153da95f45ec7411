"""Exports: what loads from HDF5 says what the checkpoint says; equal networks, equal bytes."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cardiograft import plugins
from cardiograft.checkpoints import hdf5
from cardiograft.checkpoints.file import (
    Checkpoint,
    contiguous,
    load_checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from cardiograft.checkpoints.masks import hide, kernels
from cardiograft.records import Shape

ROOT = Path(__file__).parents[2]
# Some models give classes, some a signal, some take pictures.
SHAPES = (
    Shape(2, 187, 3, (5,)),
    Shape(2, 256, 0, (1, 256)),
    Shape(2, 187, 0, (5,)),
    Shape(3, 130, 3, (5,), rows=128),
)


def network(name: str, **options: object) -> tuple[nn.Module, Shape]:
    build, refusals = plugins.load("models", name).build, []
    for shape in SHAPES:
        torch.manual_seed(0)
        try:
            return build(shape, **options), shape
        except ValueError as refusal:
            refusals.append(str(refusal))
    raise AssertionError(f"{name} takes none of the shapes: {refusals}")


def checkpoint(name: str = "mlp", *, masked: bool = False, **options: object) -> Checkpoint:
    """Return a network's checkpoint as a training writes it, or pruned by half."""
    full = plugins.options("models", name).model_validate(options).model_dump(mode="json")
    model, shape = network(name, **full)
    generator = torch.Generator().manual_seed(1)
    masks = {}
    if masked:
        masks = {
            name: torch.rand(p.shape, generator=generator) < 0.5
            for name, p in kernels(model).items()
        }
        hide(model, masks)
    about = {
        "spec": {"model": {"kind": "models", "name": name, "options": full}},
        "shape": shape._asdict(),
        "memory": {"labels": ["N", "Ü"], "mean": [0.5]},
        "simulated": True,
        "parents": [],
    }
    tensors = contiguous(model.state_dict())
    return Checkpoint(tensors=tensors, masks=masks, about=about)


def inputs(shape: Shape) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    signal_BCT = torch.randn((3, *shape.input), generator=generator)
    return signal_BCT, torch.randn((3, shape.features), generator=generator)


@pytest.mark.parametrize("masked", [False, True], ids=["dense", "masked"])
@pytest.mark.parametrize("name", plugins.names("models"))
def test_it_says_what_the_checkpoint_says(name: str, masked: bool, tmp_path: Path) -> None:
    saved = checkpoint(name, masked=masked)
    write_checkpoint(saved, tmp_path / "m.safetensors")
    hdf5.write(read_checkpoint(tmp_path / "m.safetensors"), tmp_path / "m.h5")
    model, shape = network(name)
    load_checkpoint(model, read_checkpoint(tmp_path / "m.safetensors"), where=name)
    exported = hdf5.load(tmp_path / "m.h5")
    assert not exported.training
    with torch.no_grad():
        assert torch.equal(exported(*inputs(shape)), model.eval()(*inputs(shape)))
    back = hdf5.read(tmp_path / "m.h5")
    assert back.about == json.loads(json.dumps(saved.about))
    assert back.digest() == saved.digest()
    assert back.masks.keys() == saved.masks.keys()
    assert bool(back.masks) is masked
    assert all(mask.dtype == torch.bool for mask in back.masks.values())


def test_a_trained_model_comes_back(pretrained: Callable[..., Path], tmp_path: Path) -> None:
    folder = pretrained()
    saved = read_checkpoint(folder / "model.safetensors")
    hdf5.write(saved, tmp_path / "m.h5")
    signal_BCT, feature_BF = torch.rand(2, 1, 64), torch.rand(2, saved.about["shape"]["features"])
    assert hdf5.load(tmp_path / "m.h5")(signal_BCT, feature_BF).shape == (2, 3)
    card = json.loads((folder / "card.json").read_text())
    with h5py.File(tmp_path / "m.h5") as file:
        assert file.attrs["weights_sha256"] == card["weights_sha256"]


def test_a_narrowed_network_is_built_narrow(tmp_path: Path) -> None:
    """Structured pruning: the entry asks for more channels than are left."""
    narrow = checkpoint(widths=(8, 4))
    wide = plugins.options("models", "mlp")().model_dump(mode="json")
    about = {
        **narrow.about,
        "model": narrow.about["spec"]["model"],
        "spec": {"model": {"kind": "models", "name": "mlp", "options": wide}},
    }
    hdf5.write(Checkpoint(tensors=narrow.tensors, about=about), tmp_path / "m.h5")
    assert hdf5.load(tmp_path / "m.h5")(*inputs(SHAPES[0])).shape == (3, 5)
    with h5py.File(tmp_path / "m.h5") as file:
        assert json.loads(file.attrs["options"])["widths"] == [8, 4]


def test_any_program_finds_its_way(tmp_path: Path) -> None:
    saved = checkpoint(masked=True, widths=(8, 4))
    hdf5.write(saved, tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        (first, *_) = saved.masks
        place = first.replace(".", "/")
        weight = file[f"weights/{place}"][()]
        np.testing.assert_array_equal(weight, saved.tensors[first].numpy())
        assert file[f"masks/{place}"].dtype == np.uint8
        assert not weight[file[f"masks/{place}"][()] == 0].any()
        assert file.attrs["model"] == "mlp"
        assert json.loads(file.attrs["options"])["widths"] == [8, 4]
        assert json.loads(file.attrs["shape"])["samples"] == 187
        assert file.attrs["simulated"]
        assert json.loads(file.attrs["about"])["memory"] == saved.about["memory"]


def test_equal_networks_give_equal_bytes(tmp_path: Path) -> None:
    saved = checkpoint(masked=True)
    turned = Checkpoint(
        tensors=dict(reversed(saved.tensors.items())),
        masks=dict(reversed(saved.masks.items())),
        about=dict(reversed(saved.about.items())),
    )
    contents = set()
    for place, one in enumerate((saved, turned)):
        hdf5.write(one, tmp_path / f"{place}.h5")
        contents.add((tmp_path / f"{place}.h5").read_bytes())
    assert len(contents) == 1


def test_what_is_no_export_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such export"):
        hdf5.load(tmp_path / "none.h5")
    file = tmp_path / "m.h5"
    file.write_bytes(b"no HDF5")
    with pytest.raises(ValueError, match=r"m\.h5: not a whole HDF5 file") as caught:
        hdf5.load(file)
    assert "\n" not in str(caught.value)
    with h5py.File(file, "w") as other:
        other["x"] = 1
    with pytest.raises(ValueError, match=r"its format is None, not 'cardiograft weights 1'"):
        hdf5.load(file)
    with pytest.raises(ValueError, match="not a checkpoint of this project's training"):
        hdf5.write(Checkpoint(tensors={}), tmp_path / "new.h5")
    assert not (tmp_path / "new.h5").exists()


def test_a_changed_or_cut_off_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "m.h5"
    hdf5.write(checkpoint(), file)
    whole = file.read_bytes()
    with h5py.File(file, "r+") as opened:
        opened["weights/head/weight"][0, 0] += 1
    with pytest.raises(ValueError, match=r"m\.h5: its tensors are not those"):
        hdf5.load(file)
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="not a whole HDF5 file"):
        hdf5.load(file)


def test_the_script_and_the_manuals_example_run(tmp_path: Path) -> None:
    """The example reads results/exports/NAME/0.h5 below the folder it runs in."""
    write_checkpoint(checkpoint(), tmp_path / "model.safetensors")
    out = tmp_path / "results/exports/NAME/0.h5"
    script = [sys.executable, str(ROOT / "workflow/scripts/hdf5.py"), "--out", str(out)]
    done = subprocess.run(
        [*script, "--model", str(tmp_path / "model.safetensors")], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    examples = re.findall(r"```python\n(.*?)```", (ROOT / "docs/exports.md").read_text(), re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", example],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, "")
    done = subprocess.run([*script, "--model", "gone"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "hdf5.py: gone: no such checkpoint\n")

"""Checkpoints: equal contents, equal bytes; nothing in them is ever run."""

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from cardiograft.checkpoints.file import (
    Checkpoint,
    contiguous,
    load_checkpoint,
    read_checkpoint,
    weights_digest,
    write_checkpoint,
)
from cardiograft.checkpoints.masks import sparsity_summary


def example() -> Checkpoint:
    generator = torch.Generator().manual_seed(0)
    kernel = torch.randn(4, 3, 1, 5, generator=generator)
    mask = kernel.abs() > 0.5
    return Checkpoint(
        tensors={"a.weight": kernel * mask, "a.bias": torch.ones(4)},
        masks={"a.weight": mask},
        about={"spec": {"x": 1.5, "list": [1, 2]}, "stage": "pretrain", "no": None},
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_checkpoint(example(), tmp_path / "m.safetensors")
    checkpoint = read_checkpoint(tmp_path / "m.safetensors")
    assert checkpoint.about == example().about
    assert checkpoint.masks["a.weight"].dtype == torch.bool
    assert torch.equal(checkpoint.masks["a.weight"], example().masks["a.weight"])
    for name, tensor in example().tensors.items():
        assert torch.equal(checkpoint.tensors[name], tensor)


def test_equal_contents_give_equal_bytes_whatever_order_and_layout(tmp_path: Path) -> None:
    whole = example()
    turned = Checkpoint(
        tensors={
            name: t.contiguous(memory_format=torch.channels_last) if t.ndim == 4 else t
            for name, t in reversed(whole.tensors.items())
        },
        masks=whole.masks,
        about=dict(reversed(whole.about.items())),
    )
    contents = set()
    for place in range(8):
        write_checkpoint(turned if place % 2 else whole, tmp_path / "m.safetensors")
        contents.add((tmp_path / "m.safetensors").read_bytes())
    assert len(contents) == 1
    assert weights_digest(whole.tensors) == weights_digest(turned.tensors)


def test_the_digest_tells_names_values_and_shapes_apart() -> None:
    one = {"a": torch.zeros(2, 3)}
    others: list[dict[str, torch.Tensor]] = [
        {"b": torch.zeros(2, 3)},
        {"a": torch.zeros(3, 2)},
        {"a": torch.ones(2, 3)},
        {"a": torch.zeros(2, 3, dtype=torch.int32)},
    ]
    assert len({weights_digest(tensors) for tensors in [one, *others]}) == 5


class Trap:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("sprung"),)


def test_a_pickle_in_disguise_fails_in_a_line_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "m.safetensors"
    for content in (pickle.dumps(Trap()), b"", b"\x10" * 64, (2**60).to_bytes(8, "little") + b"{}"):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=r"m\.safetensors: not a safetensors file") as caught:
            read_checkpoint(file)
        assert "\n" not in str(caught.value)
    torch.save({"a": Trap()}, file)
    with pytest.raises(ValueError, match="not a safetensors file"):
        read_checkpoint(file)
    assert not (tmp_path / "sprung").exists()


def test_a_missing_file_and_another_programs_file_are_named(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    with pytest.raises(FileNotFoundError, match="no such checkpoint"):
        read_checkpoint(tmp_path / "none.safetensors")
    save_file({"a": torch.ones(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="without the metadata key 'cardiograft'"):
        read_checkpoint(tmp_path / "other.safetensors")


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "m.safetensors"
    write_checkpoint(example(), file)
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(ValueError, match="not a safetensors file"):
        read_checkpoint(file)


def test_sparsity_counts_kernels_and_everything_apart() -> None:
    saved = Checkpoint(
        tensors={
            "a.weight": torch.tensor([[0.0, 1.0], [0.0, 3.0]]),
            "a.bias": torch.tensor([0.0, 1.0]),
            "running": torch.zeros(100),
        },
        about={"buffers": ["running"]},
    )
    summary = sparsity_summary(saved)
    assert summary["kernels"] == 0.5
    assert summary["total"] == 0.5
    assert summary["zeros"] == 3
    assert (summary["kernel_zeros"], summary["kernel_parameters"]) == (2, 4)
    assert summary["parameters"] == 6
    assert summary["tensors"] == {"a.weight": 0.5}


def test_a_network_of_another_structure_is_refused() -> None:
    tensors = contiguous(nn.Linear(3, 2).state_dict())
    with pytest.raises(ValueError, match=r"x: weight has shape \(2, 3\), the network \(2, 4\)"):
        load_checkpoint(nn.Linear(4, 2), Checkpoint(tensors=tensors), where="x")
    tensors.pop("bias")
    with pytest.raises(ValueError, match=r"x: bias has shape None, the network \(2,\)"):
        load_checkpoint(nn.Linear(3, 2), Checkpoint(tensors=tensors), where="x")

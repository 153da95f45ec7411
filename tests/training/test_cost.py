"""Multiplications are those that one can count on paper; a view is timed and not counted."""

from pathlib import Path
from typing import Any

import pytest
import torch

from cardiograft import plugins
from cardiograft.checkpoints.file import read_checkpoint
from cardiograft.records import Shape
from cardiograft.training.cost import cost
from cardiograft.training.macs import macs


def network(name: str, shape: Shape, **options: Any) -> torch.nn.Module:
    built: torch.nn.Module = plugins.load("models", name).build(shape, **options)
    return built


def test_dense_layers() -> None:
    shape = Shape(2, 100, 3, (5,))
    count = macs(network("mlp", shape, widths=(32, 16)), shape)
    assert count == 200 * 32 + 3 * 32 + 32 * 16 + 16 * 5


def test_convolutions() -> None:
    shape = Shape(3, 227, 0, (2,), rows=227)
    sizes = [(128, 3 * 7 * 7, 45), (128, 128 * 4 * 4, 10), (256, 128 * 3 * 3, 7)]
    counted = sum(width * kernel * side**2 for width, kernel, side in sizes)
    assert macs(network("light_cnn", shape), shape) == counted + 256 * 6 * 6 * 2


def test_recurrent_layers_are_counted_and_onednn_is_as_before() -> None:
    before = torch.backends.mkldnn.enabled
    lstm = torch.nn.LSTM(3, 7, batch_first=True)

    class Last(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = lstm

        def forward(self, signal: torch.Tensor, feature: torch.Tensor) -> torch.Tensor:
            return self.lstm(signal.transpose(1, 2))[0]

    assert macs(Last(), Shape(3, 20, 0, (7,))) == 20 * 4 * 7 * (3 + 7)
    assert torch.backends.mkldnn.enabled == before


def test_a_view_takes_time_and_no_multiplications(networks: Any) -> None:
    path: Path = networks.trained("pictures") / "model.safetensors"
    measured = cost(read_checkpoint(path), where="model")
    assert measured["segment_ms"] > measured["network_ms"] > 0
    assert measured["segment_low_ms"] <= measured["segment_ms"] <= measured["segment_high_ms"]
    shape = Shape(3, 122, 0, (3,), rows=122)
    assert measured["macs"] == macs(network("light_cnn", shape, widths=(4, 4, 4)), shape)


def test_without_a_view_both_times_are_one(networks: Any) -> None:
    path: Path = networks.trained("pretext") / "model.safetensors"
    measured = cost(read_checkpoint(path), where="model")
    assert measured["segment_ms"] == measured["network_ms"]


def test_a_checkpoint_of_other_tensors_is_refused(networks: Any) -> None:
    path: Path = networks.trained("pretext") / "model.safetensors"
    checkpoint = read_checkpoint(path)
    checkpoint.tensors.pop("head.bias")
    with pytest.raises(ValueError, match=r"model: head\.bias has shape None"):
        cost(checkpoint, where="model")

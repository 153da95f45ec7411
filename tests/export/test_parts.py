"""The parts that files are made of, each by itself."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cardiograft.export import runtime
from cardiograft.export.fourier import factors
from cardiograft.export.graphs import Graph, rescaled
from cardiograft.export.measuring import best_threshold
from cardiograft.export.packing import packed
from cardiograft.models.views import scalogram
from cardiograft.models.views._picture import PictureLayer
from cardiograft.records import Float32, Shape
from cardiograft.segments.windows import scaled, window_scaling

pytest.importorskip("onnxruntime", reason="needs the extra 'export'")
pytest.importorskip("onnxscript", reason="needs the extra 'export'")

LENGTHS = (1, 2, 7, 30, 90, 128, 750)


class _Spectra(nn.Module):
    """Fourier transforms of several lengths, along the last axis and along another."""

    def forward(self, signal: Tensor) -> tuple[Tensor, ...]:
        spectra = [torch.view_as_real(torch.fft.rfft(signal[..., :n])) for n in LENGTHS]
        window = torch.hann_window(50)
        short = torch.stft(signal[:, 0], 50, 7, window=window, return_complex=True)
        other = torch.fft.rfft(signal, dim=1, norm="ortho")
        return (*spectra, torch.view_as_real(short), torch.view_as_real(other))


def test_transforms_are_those_of_torch() -> None:
    signal = torch.randn((2, 3, 750), generator=torch.Generator().manual_seed(0))
    names = [*map(str, LENGTHS), "short", "other"]
    model = Graph(module=_Spectra(), inputs={"signal": signal}, outputs=names).model()
    assert not {"DFT", "STFT"} & {node.op_type for node in model.graph.node}
    outputs = runtime.session(model.SerializeToString()).run(None, {"signal": signal.numpy()})
    for name, one, want in zip(names, outputs, _Spectra()(signal), strict=True):
        largest = np.abs(want.numpy()).max()
        np.testing.assert_allclose(one, want.numpy(), atol=1e-6 * largest, err_msg=name)


class _Pictures(nn.Module):
    """A view's pictures, and the values that they show."""

    def __init__(self, view: PictureLayer) -> None:
        super().__init__()
        self.view = view

    def forward(self, signal: Tensor) -> tuple[Tensor, Tensor]:
        return self.view._pictures(signal), self.view.magnitudes(signal)


def beating(samples: int, rate_hz: float) -> Float32:
    """Return beats on a baseline that wanders, and a flat stretch, shape (1, 1, T)."""
    second_T = np.arange(samples) / rate_hz
    signal_T = np.exp(-(((second_T % 0.8 - 0.3) / 0.02) ** 2)) + 0.4 * np.sin(1.2 * second_T)
    signal_T += 0.02 * np.random.default_rng(0).standard_normal(samples)
    signal_T[samples // 2 : 2 * samples // 3] = 0.1
    return signal_T.astype(np.float32)[None, None]


@pytest.mark.parametrize("samples", [1250, 1500])  # of no power of two, as real segments are
def test_a_scalogram_is_as_precise_in_a_file(samples: int) -> None:
    rate_hz = samples / 5
    view = scalogram.make(Shape(1, samples, 0, (2,)), rate_hz, height=64, width=64)
    module, signal = _Pictures(view), torch.from_numpy(beating(samples, rate_hz))
    names = ["picture", "magnitude"]
    model = Graph(module=module, inputs={"signal": signal}, outputs=names).model()
    assert not {"DFT", "STFT"} & {node.op_type for node in model.graph.node}
    outputs = runtime.session(model.SerializeToString()).run(None, {"signal": signal.numpy()})
    for name, one, want in zip(names, outputs, module(signal), strict=True):
        largest = np.abs(want.numpy()).max()
        np.testing.assert_allclose(one, want.numpy(), atol=2e-5 * largest, err_msg=name)


def test_a_length_is_split_as_evenly_as_can_be() -> None:
    assert factors(3000) == (50, 60)
    assert factors(64) == (8, 8)
    assert factors(7) == (1, 7)


@pytest.mark.parametrize("kind", ["none", "minmax", "minmax_symmetric", "zscore", "median_max"])
def test_a_files_scale_is_that_of_the_shards(kind: str) -> None:
    rng = np.random.default_rng(0)
    signal_CT = rng.normal(5, 2, size=(2, 4000)).astype(np.float32)
    window_NCT = signal_CT.reshape(2, 8, 500).swapaxes(0, 1)
    want_NCT = scaled(window_NCT, *window_scaling(window_NCT, kind, signal_CT))
    scaled_NCT = rescaled(torch.from_numpy(window_NCT.copy()), kind).numpy()
    np.testing.assert_allclose(scaled_NCT, want_NCT, atol=1e-5)


def test_zeros_are_left_out_and_come_back() -> None:
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(1)
    banded = np.zeros((2, 40, 300), dtype=np.float32)
    for row in banded.reshape(-1, 300)[1:]:  # the first stays empty
        first = rng.integers(0, 280)
        row[first : first + 19] = rng.normal(size=19)
    full = rng.normal(size=(20, 300)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Add", ["x", "banded"], ["y"]),
            helper.make_node("Add", ["x", "full"], ["z"]),
        ],
        "two constants",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [
            helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 40, 300]),
            helper.make_tensor_value_info("z", TensorProto.FLOAT, [20, 300]),
        ],
        [numpy_helper.from_array(banded, "banded"), numpy_helper.from_array(full, "full")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    before = model.ByteSize()
    small = packed(model)
    assert small.ByteSize() < before - 0.9 * banded.nbytes
    zero = np.zeros(1, dtype=np.float32)
    outputs = runtime.session(small.SerializeToString()).run(None, {"x": zero})
    np.testing.assert_array_equal(outputs[0], banded)
    np.testing.assert_array_equal(outputs[1], full)


def test_the_best_threshold_lies_between_two_scores() -> None:
    score_N = np.array([0.1, 0.2, 0.2, 0.3, 0.6, 0.8])
    positive_N = np.array([False, False, False, True, False, True])
    at, value = best_threshold(score_N, positive_N)
    assert at == pytest.approx(0.25)
    assert value == pytest.approx((1 + 3 / 4) / 2)
    with pytest.raises(ValueError, match="all of one kind"):
        best_threshold(score_N, np.ones(6, dtype=bool))
    with pytest.raises(ValueError, match="all scores are alike"):
        best_threshold(np.full(6, 0.5), positive_N)

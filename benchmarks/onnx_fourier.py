"""Fourier transforms in onnxruntime: ONNX's own operator, and products as exports have them.

``python benchmarks/onnx_fourier.py``: error beside numpy in float64, of the largest value, and the
processor's time on one thread, median of 20, by length and number of rows.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from onnx import TensorProto, helper
from torch import Tensor, nn

from cardiograft.export import runtime
from cardiograft.export.graphs import Graph

SIZES = ((1500, 1), (3000, 1), (4096, 1), (500, 84), (512, 84))  # length, rows
TIMES = 20


class Spectrum(nn.Module):
    """A transform of the last axis; real and imaginary part are one more."""

    def forward(self, signal: Tensor) -> Tensor:
        """Transform."""
        return torch.view_as_real(torch.fft.rfft(signal))


def operator(rows: int, length: int) -> Any:
    """Return a session of the operator DFT alone."""
    shape = [rows, length, 1]
    graph = helper.make_graph(
        [helper.make_node("DFT", ["signal", "", "axis"], ["score"], onesided=1)],
        "transform",
        [helper.make_tensor_value_info("signal", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, [rows, length // 2 + 1, 2])],
        [helper.make_tensor("axis", TensorProto.INT64, [], [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return runtime.session(model.SerializeToString())


def measured(run: Callable[[], Any], want: Any) -> str:
    """Return a transform's error and time as text."""
    result, taken = run(), []
    for _ in range(TIMES):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    error = np.abs(result - want).max() / np.abs(want).max()
    return f"{error:.1e}, {1e3 * float(np.median(taken)):.2f} ms"


def main() -> None:
    print("| length x rows | DFT | products | torch |\n|---|--:|--:|--:|")
    torch.set_num_threads(1)
    for length, rows in SIZES:
        signal = torch.randn((rows, length), generator=torch.Generator().manual_seed(0))
        whole = np.fft.rfft(signal.numpy().astype(float))
        want = np.stack([whole.real, whole.imag], -1)
        own = operator(rows, length)
        graph = Graph(module=Spectrum(), inputs={"signal": signal}, outputs=["score"])
        ours = runtime.session(graph.model().SerializeToString())
        column, row = {"signal": signal.numpy()[..., None]}, {"signal": signal.numpy()}
        cells = (
            measured(lambda own=own, given=column: runtime.scores(own, given), want),
            measured(lambda ours=ours, given=row: runtime.scores(ours, given), want),
            measured(lambda given=signal: Spectrum()(given).numpy(), want),
        )
        print(f"| {length:,} x {rows} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()

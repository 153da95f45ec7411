"""Weights and activations as integers of eight bits, their scales fixed by real segments.

Both signed, weights symmetric and by output channel, as integer units of small devices want them;
each quantised tensor stands between a pair of operators that say its scale (QDQ).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from cardiograft.export.graphs import quiet
from cardiograft.records import Float32
from cardiograft.scratch import scratch_folder


def int8(model: Any, segments: Iterable[Mapping[str, Float32]], *, ranges: str) -> Any:
    """Return a graph in integers.

    Parameters
    ----------
    model
        ``onnx.ModelProto`` in float32.
    segments
        What goes into it, in batches: what it computes on them fixes the scales.
    ranges
        As in `cardiograft.specs.export.Exporting`.
    """
    import onnx
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        """The segments, one batch at a time."""

        def __init__(self) -> None:
            self._left = iter(segments)

        def get_next(self) -> dict[str, Float32] | None:
            """Return the next batch; none behind the last."""
            batch = next(self._left, None)
            return None if batch is None else dict(batch)

    methods = quantization.CalibrationMethod
    method = {
        "minmax": methods.MinMax,
        "percentile": methods.Percentile,
        "entropy": methods.Entropy,
    }[ranges]
    with scratch_folder() as folder, quiet():
        plain, folded, whole = (folder / f"{name}.onnx" for name in ("a", "b", "c"))
        onnx.save(model, plain)
        quant_pre_process(plain, folded, skip_symbolic_shape=True)
        quantization.quantize_static(
            folded,
            whole,
            Reader(),
            quant_format=quantization.QuantFormat.QDQ,
            activation_type=quantization.QuantType.QInt8,
            weight_type=quantization.QuantType.QInt8,
            per_channel=True,
            calibrate_method=method,
        )
        return onnx.load(whole)

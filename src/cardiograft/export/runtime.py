"""Run a file in onnxruntime on one thread of the CPU, and time it."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from cardiograft.records import Float32
from cardiograft.training.latency import LEAST, LIMIT_S, PASSES, WARM_UP


def session(content: bytes) -> Any:
    """Return a session of a file's bytes: one thread, CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def scores(onnx_session: Any, given: Mapping[str, Float32]) -> Float32:
    """Return what a session gives for a batch, shape (B, K)."""
    (output,) = onnx_session.run(["score"], dict(given))
    score_BK: Float32 = output
    return score_BK


def timed(onnx_session: Any, given: Mapping[str, Float32]) -> dict[str, float]:
    """Return median and quartiles, in ms, of one call after another.

    As networks are timed in torch (`cardiograft.training.latency`): warm, the processor's time, so
    that waiting for other jobs does not count.

    Parameters
    ----------
    given
        As many segments as the file takes at once: of any other number it takes none.
    """
    one = dict(given)
    for _ in range(WARM_UP):
        onnx_session.run(None, one)
    taken_s: list[float] = []
    while len(taken_s) < PASSES and (len(taken_s) < LEAST or sum(taken_s) < LIMIT_S):
        start = time.process_time()
        onnx_session.run(None, one)
        taken_s.append(time.process_time() - start)
    low, middle, high = np.quantile(taken_s, (0.25, 0.5, 0.75)) * 1e3
    return {"ms": round(middle, 4), "low_ms": round(low, 4), "high_ms": round(high, 4)}

"""Write a simulated recording of any length as format 16, a stretch at a time.

Legend: C channels, T samples at the rate that is simulated, U samples at the recording's.

Source: https://physionet.org/physiotools/wag/ (header(5), signal(5)); scaling as mat2wfdb of the
WFDB toolbox for MATLAB has it.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cardiograft.datasets.simulation.sampling import finer
from cardiograft.files import atomic_file
from cardiograft.records import Float64

FULL = 2**16 - 2  # a converter's range without the value that stands for a missing sample
HEADROOM = 0.96  # between samples a signal goes further than at them


def scales(signal_CT: Float64) -> tuple[Float64, Float64]:
    """Return gain and baseline, shape (C,) each, by which a signal fills 16 bits."""
    low_C, high_C = signal_CT.min(axis=1), signal_CT.max(axis=1)
    gain_C = np.round(HEADROOM * FULL / np.maximum(high_C - low_C, 1e-6), 4)
    return gain_C, -np.rint((high_C + low_C) / 2 * gain_C)


def write(
    path: Path,
    signal_CT: Float64,
    leads: Sequence[str],
    *,
    rate_hz: int,
    factor: int,
    rng: np.random.Generator,
    comments: Sequence[str],
    before_name: str = " ",
    units: str = "mV",
) -> None:
    """Write ``<path>.dat`` and ``<path>.hea``, `factor` times as finely as `signal_CT` is given.

    Each channel fills 16 bits, whatever its range; two units in the last place of noise are
    the converter's. `before_name` is what a database has between a header's last number and name.
    """
    gain_C, base_C = scales(signal_CT)
    sum_C, samples = np.zeros(len(leads), dtype=np.int64), 0
    first_C = np.zeros(len(leads), dtype=np.int64)
    data = path.with_name(f"{path.name}.dat")
    with atomic_file(data) as partial, partial.open("wb") as file:
        for piece_CU in finer(signal_CT, factor):
            counts_CU = piece_CU * gain_C[:, None] + base_C[:, None]
            counts_CU += 2 * rng.standard_normal(counts_CU.shape)
            stored_CU = np.clip(np.rint(counts_CU), -(2**15) + 1, 2**15 - 1).astype("<i2")
            first_C = first_C if samples else stored_CU[:, 0].astype(np.int64)
            sum_C += stored_CU.sum(axis=1, dtype=np.int64)
            samples += stored_CU.shape[1]
            file.write(np.ascontiguousarray(stored_CU.T).tobytes())
    check_C = (sum_C + 2**15) % 2**16 - 2**15
    lines = [f"{path.name} {len(leads)} {rate_hz} {samples}"]
    for lead, gain, base, first, check in zip(leads, gain_C, base_C, first_C, check_C, strict=True):
        scale = f"{gain:.10g}({int(base)})/{units} 0 0"
        lines.append(f"{data.name} 16 {scale} {first} {check} 0{before_name}{lead}")
    lines += [f"# {comment}" for comment in comments]
    with atomic_file(path.with_name(f"{path.name}.hea")) as partial:
        partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

"""Predicted signals as a WFDB record, written while they come, in bounded memory.

Windows that overlap are averaged, each weighed by the distance from its nearer end; what none
shows is missing. Values wait in a scratch file until the largest of them is known.

Legend: N windows, D channels, T samples of a window, S samples of the whole.
"""

import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from cardiograft.files import atomic_file
from cardiograft.records import Float32, Float64, Int64

MISSING = -(2**15)
LARGEST = 2**15 - 1
BLOCK = 1 << 18
NO_UNIT = "NU"  # WFDB's name for a scale without a unit


class SignalFile:
    """A record of D signals from windows in the order of time.

    Parameters
    ----------
    path
        Of the record, without an extension: ``<path>.dat`` and ``<path>.hea`` are written.
    leads, units
        Of each signal; a unit ``1`` is none.
    rate_hz
    """

    def __init__(
        self, path: Path, leads: Sequence[str], units: Sequence[str], rate_hz: Fraction
    ) -> None:
        self._path, self._leads, self._rate_hz = path, tuple(leads), rate_hz
        self._units = [NO_UNIT if unit in ("", "1") else unit for unit in units]
        self._first = 0  # sample at which what is not yet written begins
        self._sum_DS = np.zeros((len(self._leads), 0))
        self._weight_S = np.zeros(0)
        self._largest_D = np.zeros(len(self._leads))

    def __enter__(self) -> Self:
        self._scratch = tempfile.TemporaryFile(prefix="cardiograft-")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._write(self._first + len(self._weight_S))
                self._finish()
        finally:
            self._scratch.close()

    def add(self, at_N: Int64, window_NDT: Float32, settled: int) -> None:
        """Add windows, by the sample at which each begins; none later begins before `settled`."""
        if len(at_N):
            samples = window_NDT.shape[2]
            lacking = int(at_N.max()) + samples - self._first - len(self._weight_S)
            if lacking > 0:
                self._sum_DS = np.pad(self._sum_DS, ((0, 0), (0, lacking)))
                self._weight_S = np.pad(self._weight_S, (0, lacking))
            ramp_T = np.arange(1, samples + 1)
            weight_T = np.minimum(ramp_T, ramp_T[::-1]).astype(np.float64)
            for at, window_DT in zip((at_N - self._first).tolist(), window_NDT, strict=True):
                self._sum_DS[:, at : at + samples] += weight_T * window_DT
                self._weight_S[at : at + samples] += weight_T
        self._write(settled)

    def _write(self, stop: int) -> None:
        """Write what no later window reaches to the scratch file."""
        count = stop - self._first
        if count <= 0:
            return
        known = min(count, len(self._weight_S))
        with np.errstate(invalid="ignore"):
            value_DS = self._sum_DS[:, :known] / self._weight_S[:known]
        if known:
            largest_D = np.nan_to_num(np.abs(value_DS)).max(axis=1)
            self._largest_D = np.maximum(self._largest_D, largest_D)
        self._scratch.write(np.ascontiguousarray(value_DS.T, dtype="<f4").tobytes())
        gap = np.full((count - known, len(self._leads)), np.nan, dtype="<f4")
        self._scratch.write(gap.tobytes())
        self._sum_DS, self._weight_S = self._sum_DS[:, known:], self._weight_S[known:]
        self._first = stop

    def _finish(self) -> None:
        """Turn the scratch file into 16-bit samples, and write the header."""
        with np.errstate(divide="ignore"):
            gain_D = np.where(self._largest_D > 0, LARGEST / self._largest_D, 1.0)
        # a gain of few digits reads the same from the header
        gain_D = np.array([float(f"{gain * 0.999:.6g}") for gain in gain_D])
        leads, first_D = len(self._leads), None
        total_D = np.zeros(leads, dtype=np.int64)
        self._scratch.seek(0)
        data = self._path.with_name(f"{self._path.name}.dat")
        with atomic_file(data) as partial, partial.open("wb") as file:
            while block := self._scratch.read(4 * leads * BLOCK):
                value_SD = np.frombuffer(block, "<f4").reshape(-1, leads) * gain_D
                stored_SD = np.where(np.isfinite(value_SD), np.rint(value_SD), MISSING)
                stored_SD = stored_SD.astype("<i2")
                total_D += stored_SD.sum(axis=0, dtype=np.int64)
                first_D = stored_SD[0] if first_D is None else first_D
                file.write(stored_SD.tobytes())
        self._header(gain_D, total_D, np.zeros(leads, int) if first_D is None else first_D)

    def _header(self, gain_D: Float64, total_D: Int64, first_D: npt.NDArray[Any]) -> None:
        """Write the header (header(5))."""
        name = self._path.name
        checksum_D = (total_D + 2**15) % 2**16 - 2**15
        lines = [f"{name} {len(self._leads)} {float(self._rate_hz):.10g} {self._first}"]
        for lead, unit, gain, first, checksum in zip(
            self._leads, self._units, gain_D, first_D, checksum_D, strict=True
        ):
            scale = f"{gain:.6g}(0)/{unit} 16 0 {int(first)} {int(checksum)} 0"
            lines.append(f"{name}.dat 16 {scale} {lead}")
        with atomic_file(self._path.with_name(f"{name}.hea")) as partial:
            partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

"""Large CSV files stretch by stretch: the samples that `csv_folder` reads at once.

The text is read once, some rows at a time, into a scratch file of numbers below ``TMPDIR``.

Legend: C columns, R rows, T samples.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cardiograft.datasets import _csv, _csv_time, _csv_units
from cardiograft.datasets._stream import Group, Stream
from cardiograft.files import naming
from cardiograft.physionet.headers import UnfitError
from cardiograft.records import Float32, Int64
from cardiograft.scratch import scratch_folder
from cardiograft.specs.own_folder import OwnFolder

ROWS = 1 << 18


@dataclass
class _Clock:
    """Where rows stand, as they come."""

    column: int | None
    unit_s: float
    rate_hz: Fraction | None
    start_s: float = 0.0
    rows: int = field(default=0, init=False)
    last: int = field(default=-1, init=False)

    def places(self, value_RC: npt.NDArray[np.float64]) -> Int64:
        """Return the samples of the next rows."""
        if self.column is None:
            place_R = np.arange(self.rows, self.rows + len(value_RC))
        else:
            time_R = value_RC[:, self.column] * self.unit_s
            if not self.rows:
                self.start_s = float(time_R[0])
            if self.rate_hz is None:
                if len(time_R) < 2:
                    raise UnfitError(_csv_time.NO_TIME)
                self.rate_hz = _csv_time.rate(time_R)
            place_R = _csv_time.places(time_R, self.start_s, self.rate_hz)
        if place_R[0] <= self.last:
            raise UnfitError(_csv_time.NO_TIME)
        self.rows += len(place_R)
        self.last = int(place_R[-1])
        if self.last > _csv_time.MOST_MISSING * self.rows:
            raise UnfitError(f"absurd length: {self.rows} rows in {self.last} samples")
        return place_R


def open_csv(path: Path, folder: OwnFolder) -> Stream:
    """Open a file: its numbers are copied to a scratch file first.

    Raises
    ------
    UnfitError
        It can't be read, holds no signal, or its rate is not known or not constant.
    """
    head = _csv.head(path)
    columns = head.columns
    titles, units = _csv_units.heads(columns)
    clock = _clock(columns, titles, units, folder)
    text: set[int] = set()
    with scratch_folder() as place:  # what is mapped lives on
        numbers = place / "numbers"
        with naming(numbers), numbers.open("wb") as scratch:
            for value_RC in _chunks(path, head, text):
                if clock.column in text:
                    raise UnfitError(f"{_csv_time.NO_NUMBERS}: {folder.time!r} of {path.name}")
                _write(scratch, value_RC, clock)
        if clock.last < 0:
            raise UnfitError(f"{path.name} has no row of numbers")
        shape = (clock.last + 1, len(columns))
        kept_TC = np.memmap(numbers, "<f4", "r", shape=shape)
    nothing = {i for i, name in enumerate(columns) if not name and np.isnan(kept_TC[:, i]).all()}
    out = {clock.column, *text, *nothing}
    kept = [i for i in range(len(columns)) if i not in out]
    if not kept:
        raise UnfitError(f"{path.name} holds no signal")

    def read(first: int, count: int) -> list[Float32]:
        return [np.ascontiguousarray(kept_TC[first : first + count, kept].T)]

    leads, doubles = _csv.leads(titles, kept)
    group = Group(leads, tuple(units[i] for i in kept), 1)
    notes = [f"lead left out: {columns[i]} holds what is no number" for i in sorted(text)]
    if clock.rate_hz is None:
        raise UnfitError("no rate: neither the rate nor the column of the time is given")
    return Stream(
        frame_hz=clock.rate_hz,
        frames=shape[0],
        groups=(group,),
        read=read,
        notes=(*notes, *doubles, *_csv_time.as_leads([titles[i] for i in kept], folder.time)),
    )


def _clock(
    columns: Sequence[str], titles: list[str], units: list[str], folder: OwnFolder
) -> _Clock:
    stated = None if folder.rate_hz is None else Fraction(str(folder.rate_hz))
    if folder.time is None:
        if stated is None:
            raise UnfitError("no rate: neither the rate nor the column of the time is given")
        return _Clock(None, 1.0, stated)
    column = _csv_time.column(columns, titles, folder.time)
    return _Clock(column, _csv_time.second(titles[column], units[column]), stated)


def _chunks(path: Path, head: _csv.Head, text: set[int]) -> Iterator[npt.NDArray[np.float64]]:
    """Yield rows as numbers; columns that hold anything else are added to `text`."""
    with _csv.reading(path.name):
        reader = pd.read_csv(path, chunksize=ROWS, **head.options)
    with reader:
        while True:
            with _csv.reading(path.name):
                whole = next(reader, None)
                if whole is None:
                    return
                frame = head.rows(whole, path.name)
            if frame.empty:  # a first row and nothing below it
                continue
            kinds = enumerate(frame.dtypes)
            odd = [i for i, kind in kinds if not pd.api.types.is_numeric_dtype(kind)]
            text.update(odd)
            for i in odd:
                frame.isetitem(i, np.nan)
            yield frame.to_numpy(dtype=np.float64)


def _write(scratch: Any, value_RC: npt.NDArray[np.float64], clock: _Clock) -> None:
    """Write the next rows, each at its sample; samples between them are missing."""
    first = clock.last + 1
    place_R = clock.places(value_RC)
    wanted = int(place_R[-1]) + 1 - first
    if wanted == len(value_RC):
        scratch.write(value_RC.astype("<f4").tobytes())
        return
    row = 0
    for begin in range(0, wanted, ROWS):  # a gap may be far longer than the rows
        count = min(ROWS, wanted - begin)
        block_TC = np.full((count, value_RC.shape[1]), np.nan, dtype="<f4")
        after = int(np.searchsorted(place_R, first + begin + count))
        block_TC[place_R[row:after] - first - begin] = value_RC[row:after]
        scratch.write(block_TC.tobytes())
        row = after

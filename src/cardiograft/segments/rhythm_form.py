"""How fingerprints lie in a file: as they are in memory, in two thirds of the bytes.

A beat's shape is kept as its difference from the lead's usual beat, and beats as the times between
them in ticks, the unit that they are found in: small numbers, which compress. Nothing is lost.
Of 433,000 beats of challenge-2017 and mitdb a beat takes, of shapes and times: as bytes and float64
23 and 8.9 bytes; in this form 18.6 and 1.5, with brotli at its hardest 16.0 and 1.5. Predicting
each value of a shape from four before it would save 4 % more.

Legend: R rows, B beats of all rows, S samples of a beat's shape.
"""

import itertools

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cardiograft.records import Int64
from cardiograft.signals.rhythm import SHAPE_SAMPLES, TICKS_PER_S

FORM = b"cardiograft fingerprint form", b"2"  # a file without it is as `SCHEMA` of `rhythms` is
NAMES = ("record", "subject", "lead")
COLUMNS = (
    *((name, pa.string()) for name in NAMES),
    ("interval", pa.list_(pa.int64())),  # ticks since the beat before, or since the start
    ("usual", pa.binary()),  # int8, SHAPE_SAMPLES
    ("shape", pa.binary()),  # int8, SHAPE_SAMPLES a beat: what is to be added to the usual one
    ("beside", pa.bool_()),
)
# Of the Parquet file: an interval's bytes by their place, since the upper ones are mostly zero.
STORED = {
    "use_dictionary": list(NAMES),
    "column_encoding": {"interval.list.element": "BYTE_STREAM_SPLIT"},
}
SMALLEST = {"compression": "brotli", "compression_level": 11}  # 4 s for 50,000 beats
Bytes = npt.NDArray[np.uint8]


def schema(metadata: dict[bytes, bytes]) -> pa.Schema:
    """Return the columns of a file, with `FORM` beside some metadata."""
    return pa.schema(COLUMNS, metadata={**metadata, **dict([FORM])})


def packed(table: pa.Table) -> pa.Table:
    """Return rows of fingerprints, times in `TICKS_PER_S` and shapes in bytes, as a file has them.

    Parameters
    ----------
    table
        ``record``, ``subject``, ``lead``, ``beat`` in seconds, ``shape`` and ``beside``.
    """
    batches = [_packed(batch) for batch in table.to_batches()]
    return pa.Table.from_batches(batches, pa.schema(COLUMNS))


def unpacked(table: pa.Table) -> pa.Table:
    """Return what was packed, without metadata.

    Raises
    ------
    ValueError
        It lies in a form that this release does not know.
    """
    key, form = FORM
    stated = table.schema.metadata[key]
    if stated != form:
        raise ValueError(
            f"fingerprints in form {stated.decode()}, which this release can't read: a later one"
            " wrote them"
        )
    columns = [pa.field("beat", pa.list_(pa.float64())), pa.field("shape", pa.binary())]
    fields = [*pa.schema(COLUMNS[:3]), *columns, pa.field("beside", pa.bool_())]
    batches = [_unpacked(batch) for batch in table.to_batches()]
    return pa.Table.from_batches(batches, pa.schema(fields))


def _packed(batch: pa.RecordBatch) -> pa.RecordBatch:
    first_R, beat_B = _lists(batch["beat"])
    tick_B = np.rint(beat_B * TICKS_PER_S).astype(np.int64)
    before_B = np.append(0, tick_B[:-1])[: len(tick_B)]
    before_B[first_R[:-1][np.diff(first_R) > 0]] = 0
    shape_BS = _shapes(batch["shape"])
    usual_RS = _usual(shape_BS.view(np.int8), first_R)
    differing_BS = shape_BS - np.repeat(usual_RS, np.diff(first_R), axis=0)
    arrays = [
        *(batch[name] for name in NAMES),
        _list(first_R, tick_B - before_B),
        _binary(np.arange(len(batch) + 1), usual_RS),
        _binary(first_R, differing_BS),
        batch["beside"],
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(COLUMNS))


def _unpacked(batch: pa.RecordBatch) -> pa.RecordBatch:
    first_R, interval_B = _lists(batch["interval"])
    tick_B = np.append(0, np.cumsum(interval_B))
    tick_B = tick_B[1:] - np.repeat(tick_B[first_R[:-1]], np.diff(first_R))
    shape_BS = _shapes(batch["shape"])
    shape_BS = shape_BS + np.repeat(_shapes(batch["usual"]), np.diff(first_R), axis=0)
    return pa.RecordBatch.from_pydict(
        {
            **{name: batch[name] for name in NAMES},
            "beat": _list(first_R, tick_B / TICKS_PER_S),
            "shape": _binary(first_R, shape_BS),
            "beside": batch["beside"],
        }
    )


def _usual(shape_BS: npt.NDArray[np.int8], first_R: Int64) -> Bytes:
    """Return each row's median beat; zeros of a row that has no whole one."""
    usual_RS = np.zeros((len(first_R) - 1, SHAPE_SAMPLES), np.int8)
    for row, (first, last) in enumerate(itertools.pairwise(first_R)):
        own_BS = shape_BS[first:last]
        whole_BS = own_BS[own_BS.any(axis=1)]
        if len(whole_BS):
            usual_RS[row] = np.rint(np.median(whole_BS, axis=0))
    return usual_RS.view(np.uint8)


def _lists(column: pa.Array) -> tuple[Int64, npt.NDArray[np.float64]]:
    """Return where each row's values begin, and where the last ones end, and all values."""
    first_R = column.offsets.to_numpy().astype(np.int64)
    return first_R - first_R[0], column.flatten().to_numpy()


def _shapes(column: pa.Array) -> Bytes:
    _, offsets, values = column.buffers()
    first_R = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    content = np.frombuffer(values, np.uint8) if values else np.empty(0, np.uint8)
    first, last = (first_R[0], first_R[-1]) if len(first_R) else (0, 0)
    return content[first:last].reshape(-1, SHAPE_SAMPLES)


def _list(first_R: Int64, value_B: npt.NDArray[np.generic]) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(first_R, pa.int32()), pa.array(value_B))


def _binary(first_R: Int64, shape_BS: Bytes) -> pa.Array:
    offsets = pa.py_buffer((first_R * SHAPE_SAMPLES).astype(np.int32).tobytes())
    values = pa.py_buffer(np.ascontiguousarray(shape_BS).tobytes())
    return pa.Array.from_buffers(pa.binary(), len(first_R) - 1, [None, offsets, values])

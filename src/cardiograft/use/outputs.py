"""One recording's predictions in files: Parquet, CSV, annotations, and predicted signals.

Legend: N segments, K outputs, D channels of a predicted signal, T samples of it.
"""

import csv
import json
from collections import Counter
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from cardiograft import parquet
from cardiograft.datasets._annotation_file import Mark, write_annotations
from cardiograft.files import PARQUET_KEY, atomic_file
from cardiograft.signals.resampling import ratio, resampled_positions
from cardiograft.use.marks import Marker
from cardiograft.use.one_recording import PredictedPiece
from cardiograft.use.predictor import Predictor, Threshold
from cardiograft.use.signal_file import SignalFile

ANNOTATOR = "pred"
EXTENSIONS = ("parquet", "csv", ANNOTATOR, "dat", "hea")  # of the files of one recording
HEADS_AT = 0.5  # a head of independent probabilities says yes from here on


class Outputs:
    """The files of one recording, written piece by piece; they appear when all of it is there.

    Parameters
    ----------
    base
        Path without an extension: ``<base>.parquet``, ``.csv``, ``.pred`` or, of a signal, ``.dat``
        and ``.hea``.
    model
    """

    def __init__(self, base: Path, model: Predictor, about: bytes) -> None:
        self._base, self._model, self._about = base, model, about
        self._marks: list[Mark] = []
        self._marker = Marker(model.marking)
        self._rate_hz = Fraction(1)
        self.counts: Counter[str] = Counter()
        self.segments = 0

    def __enter__(self) -> Self:
        self._base.parent.mkdir(parents=True, exist_ok=True)
        self._path(ANNOTATOR).unlink(missing_ok=True)  # of a former run: there may be no mark now
        self._files = ExitStack()
        model, kind = self._model, self._model.kind
        table = self._files.enter_context(atomic_file(self._path("parquet")))
        schema = _schema(kind, model.labels, int(np.prod(model.outputs)), model.finds_beats)
        schema = schema.with_metadata({PARQUET_KEY: self._about})
        self._table = self._files.enter_context(parquet.Writer(table, schema))
        self._schema = schema
        self._signal: SignalFile | None = None
        if kind == "signal":
            self._signal = self._files.enter_context(_signal_file(self._base, self._model))
        else:
            text = self._files.enter_context(atomic_file(self._path("csv")))
            file = self._files.enter_context(text.open("w", newline="", encoding="utf-8"))
            self._rows = csv.writer(file)
            self._rows.writerow([name for name in schema.names if name != "id"])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._marks += self._marker.finish()
            if self._marks:
                write_annotations(self._path(ANNOTATOR), self._marks, self._rate_hz)
        self._files.__exit__(kind, error, trace)

    def _path(self, extension: str) -> Path:
        return self._base.with_name(f"{self._base.name}.{extension}")

    def add(self, piece: PredictedPiece) -> None:
        """Write what is predicted of one piece."""
        self._rate_hz = piece.source_rate_hz
        columns = self._columns(piece)
        self._table.write(pa.Table.from_pydict(columns, schema=self._schema))
        self.segments += len(piece.start_N)
        if self._signal is not None:
            self._add_signal(self._signal, piece)
            return
        written = [columns[name] for name in self._schema.names if name != "id"]
        self._rows.writerows(zip(*[_texts(column) for column in written], strict=True))
        class_N = columns["predicted"]
        self.counts.update(class_N)
        if self._model.kind == "classes":
            sample_N = piece.start_N if piece.beat_N is None else piece.beat_N
            stop_N = piece.start_N + self._at_source(piece, piece.valid_N)
            self._marks += self._marker.add(sample_N.tolist(), stop_N.tolist(), class_N)

    def _columns(self, piece: PredictedPiece) -> dict[str, Any]:
        rate_hz = float(piece.source_rate_hz)
        rows, start_N = len(piece.start_N), piece.start_N
        columns: dict[str, Any] = {
            "id": [f"{piece.record}/{piece.lead}/{start}" for start in start_N.tolist()],
            "lead": [piece.lead] * rows,
            "start": start_N,
            "start_s": start_N / rate_hz,
            "length_s": piece.valid_N / self._model.segments.rate_hz,
        }
        if piece.beat_N is not None:
            columns |= {"beat": piece.beat_N, "beat_s": piece.beat_N / rate_hz}
        labels = self._model.labels
        if self._model.kind == "signal":
            flat = pa.array(np.ascontiguousarray(piece.score_NK).reshape(-1), pa.float32())
            width = piece.score_NK.shape[1]
            return columns | {"score": pa.FixedSizeListArray.from_arrays(flat, width)}
        columns["predicted"] = classes(
            self._model.kind, labels, piece.score_NK, self._model.threshold
        )
        return columns | {f"p_{k}": v for k, v in zip(labels, piece.score_NK.T, strict=True)}

    def _add_signal(self, signal: SignalFile, piece: PredictedPiece) -> None:
        outputs = self._model.outputs
        rate_hz = Fraction(self._model.segments.rate_hz)
        by = ratio(piece.source_rate_hz, rate_hz)
        at_N = resampled_positions(piece.start_N, by)
        settled = int(piece.stop_s * rate_hz)
        signal.add(at_N, piece.score_NK.reshape(-1, *outputs), settled)

    def _at_source(self, piece: PredictedPiece, samples_N: npt.NDArray[np.int64]) -> Any:
        by = ratio(Fraction(self._model.segments.rate_hz), piece.source_rate_hz)
        return resampled_positions(samples_N, by)


def remove_former(base: Path) -> bool:
    """Remove what a former run predicted of a recording that is refused now; return whether it had.

    Only where the Parquet file says that it is such a prediction: others' files of that name stay.
    """
    table = base.with_name(f"{base.name}.parquet")
    try:
        about = json.loads((pq.read_schema(table).metadata or {})[PARQUET_KEY])
        former = [*EXTENSIONS] if about["kind"] == "signal" else ["parquet", "csv", ANNOTATOR]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    for extension in former:
        base.with_name(f"{base.name}.{extension}").unlink(missing_ok=True)
    return True


def classes(
    kind: str,
    labels: tuple[str, ...],
    score_NK: npt.NDArray[np.float32],
    threshold: Threshold | None = None,
) -> list[str]:
    """Return the predicted class of each segment: the most probable, or all heads that say yes.

    With a threshold a segment is of its class from there on, and else of the most probable other.
    """
    if kind == "classes" and threshold is not None:
        place = labels.index(threshold.label)
        others_NK = score_NK.copy()
        others_NK[:, place] = np.where(score_NK[:, place] >= threshold.at, np.inf, -np.inf)
        return [labels[k] for k in others_NK.argmax(axis=1).tolist()]
    if kind == "heads":
        return ["+".join(np.array(labels)[yes_K]) for yes_K in score_NK >= HEADS_AT]
    return [labels[k] for k in score_NK.argmax(axis=1).tolist()]


def _schema(kind: str, labels: tuple[str, ...], width: int, beats: bool) -> pa.Schema:
    fields = [
        ("id", pa.string()),
        ("lead", pa.string()),
        ("start", pa.int64()),
        ("start_s", pa.float64()),
        ("length_s", pa.float64()),
    ]
    if beats:
        fields += [("beat", pa.int64()), ("beat_s", pa.float64())]
    if kind == "signal":
        return pa.schema([*fields, ("score", pa.list_(pa.float32(), width))])
    return pa.schema(
        [*fields, ("predicted", pa.string()), *((f"p_{name}", pa.float32()) for name in labels)]
    )


def _texts(column: Any) -> list[str]:
    """Return values as text: times to the microsecond, probabilities as float32 has them."""
    values = np.asarray(column)
    if values.dtype == np.float32:
        return [np.format_float_positional(v, trim="0") for v in values]
    return [f"{v:.6f}" if isinstance(v, float) else str(v) for v in values.tolist()]


def _signal_file(base: Path, model: Predictor) -> SignalFile:
    meta, signal = model.segments, model.labels
    units = meta.target_units if model.outputs[0] == len(meta.target_units) else meta.units
    unit_D = ["1" if model.scaled else unit for unit in units] or ["1"] * len(signal)
    unit_D += ["1"] * (len(signal) - len(unit_D))
    names = [name.replace("|", "/") for name in signal]
    return SignalFile(base, names, unit_D, Fraction(meta.rate_hz))

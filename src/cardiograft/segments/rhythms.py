"""The fingerprint of each recording's leads, in ``recordings.parquet`` beside the shards.

It is of leads as the file has them, before any filter of the entry's, so that two entries that cut
one recording differently give it one fingerprint. Of every ECG lead, whichever the entry uses: a
copy elsewhere may hold another one alone. The shards' own bytes don't depend on it. The file holds
them in a smaller form (`cardiograft.segments.rhythm_form`); one of before there was it is read too.
"""

import contextlib
import pickle
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa

from cardiograft import parquet
from cardiograft.files import atomic_file, naming
from cardiograft.records import Int64, Record
from cardiograft.segments import rhythm_form
from cardiograft.signals import leads
from cardiograft.signals.rhythm import SHAPE_SAMPLES, Rhythm, none, rhythm
from cardiograft.specs.segment import Segment

FILE = "recordings.parquet"
NOISES = "noises.parquet"  # the same of noise that was added: a row for each signal of a recording
# Raised when `cardiograft.signals.rhythm` finds other beats or shapes in one recording: of such
# fingerprints a copy may pass unseen.
MADE_BY = b"cardiograft fingerprint", b"2"
SCHEMA = pa.schema(
    {
        "record": pa.string(),  # <dataset>/<record>
        "subject": pa.string(),  # <dataset>/<subject>
        "lead": pa.string(),
        "beat": pa.list_(pa.float64()),  # seconds
        "shape": pa.binary(),  # int8, SHAPE_SAMPLES a beat
        # another than the recording's first lead; tables of before there were such have first ones
        "beside": pa.bool_(),
    },
    metadata=dict([MADE_BY]),
)
KEY = ("record", "lead")  # of a row
RecordingRow = dict[str, object]
GROUP_BYTES = 16 << 20  # of a row group: only as much is in memory at once
LEAST_HZ = 10  # below it no beat shows, nor is a picture, of one value a second, a heart's
ECG = re.compile(r"\b(ecg|ekg)", re.IGNORECASE)


def of_recording(record: Record, spec: Segment) -> list[RecordingRow]:
    """Return a row for each ECG lead of a recording: the entry's first, its target's, or any.

    Without an ECG, of the leads that the entry names, or of the first: the beats of a
    seismocardiogram are a recording's own too.
    """
    places = _leads(record, spec)
    return [_row(record, *at, beside=bool(number)) for number, at in enumerate(places)]


def of_noise(record: Record, name: str) -> list[RecordingRow]:
    """Return the rows of a recording of noise: its peaks come at times of its own, as beats do.

    Parameters
    ----------
    name
        Of it, as summaries have it: ``<database>/<record>``.
    """
    rows = [_row(record, record, row, beside=False) for row in range(len(record.leads))]
    return [{**row, "record": name, "subject": name} for row in rows]


def _row(record: Record, source: Record, row: int, *, beside: bool) -> RecordingRow:
    own = none()
    if source.rate_hz >= LEAST_HZ:
        with contextlib.suppress(ValueError):  # a rate that becomes no other
            own = rhythm(source.signal_CT[row], source.rate_hz)
    return {
        "record": f"{record.dataset}/{record.id}",
        "subject": f"{record.dataset}/{record.subject}",
        "lead": source.leads[row],
        "beat": own.beat_B,
        "shape": own.shape_BS.tobytes(),
        "beside": beside,
    }


def _leads(record: Record, spec: Segment) -> list[tuple[Record, int]]:
    """Return the leads to be known by, each once, the one before all others first."""
    sources = (record, *record.beside)
    texts = [*spec.signal.leads, *(spec.target.leads if spec.target else ())]
    named = [
        (source, row)
        for text in texts
        for name in text.split("|")
        for source in sources
        for row in leads.places(source.leads, name)
    ]
    everything = [(source, row) for source in sources for row in range(len(source.leads))]
    ecg = [at for at in (*named, *everything) if _is_ecg(at[0].leads[at[1]])]
    by_place = {(id(source), row): (source, row) for source, row in ecg or named or everything[:1]}
    return list(by_place.values())


def _is_ecg(name: str) -> bool:
    return leads.canonical(name) in leads.CANONICAL or bool(ECG.search(name))


class Writer:
    """Publishes the rows of some recordings in a folder of shards, sorted by record and lead.

    They come in any order and wait in a scratch file below ``TMPDIR``: a hundred thousand long
    recordings have more beats than fit in memory. `smallest` is as in `write`.
    """

    def __init__(self, directory: Path, file: str = FILE, *, smallest: bool = False) -> None:
        self._place = directory / file
        self._options = {**rhythm_form.STORED, **(rhythm_form.SMALLEST if smallest else {})}
        self._waiting = tempfile.TemporaryFile(prefix="cardiograft-")  # noqa: SIM115 - till the exit
        self._rows: list[tuple[str, str, int, int]] = []  # record, lead, where it waits, bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._publish()
        finally:
            with contextlib.suppress(OSError):  # of a full disk, which was reported
                self._waiting.close()

    def write(self, *rows: RecordingRow) -> None:
        """Add rows, of `of_recording` or `of_noise`."""
        for row in rows:
            start = self._waiting.tell()
            with naming(Path(tempfile.gettempdir())):
                pickle.dump(row, self._waiting, pickle.HIGHEST_PROTOCOL)
                self._waiting.flush()
            end = self._waiting.tell()
            self._rows.append((str(row["record"]), str(row["lead"]), start, end - start))

    def _publish(self) -> None:
        schema = rhythm_form.schema(dict([MADE_BY]))
        with (
            atomic_file(self._place) as partial,
            parquet.Writer(partial, schema, **self._options) as out,
        ):
            for group in self._groups():
                rows = pa.Table.from_pylist(list(map(self._read, group)), SCHEMA)
                out.write(rhythm_form.packed(rows).replace_schema_metadata(schema.metadata))

    def _groups(self) -> Iterator[list[int]]:
        """Yield where the rows of each row group wait, all by record and lead."""
        group: list[int] = []
        size = 0
        for *_, start, more in sorted(self._rows):
            if group and size + more > GROUP_BYTES:
                yield group
                group, size = [], 0
            group.append(start)
            size += more
        yield group

    def _read(self, start: int) -> RecordingRow:
        self._waiting.seek(start)
        row: RecordingRow = pickle.load(self._waiting)
        return row


def write(
    directory: Path, rows: Iterable[RecordingRow], file: str = FILE, *, smallest: bool = False
) -> None:
    """Publish the rows of some recordings in a folder of shards, sorted by record and lead.

    Parameters
    ----------
    smallest
        Take a hundred times as long for a tenth less: for what is written once and kept.
    """
    with Writer(directory, file, smallest=smallest) as writer:
        for row in rows:
            writer.write(row)


def read(directories: Sequence[Path]) -> pa.Table:
    """Return the recordings of some folders of shards, each lead once, a recording's first first.

    Raises
    ------
    FileNotFoundError
        A folder was cut before recordings had fingerprints.
    ValueError
        Its fingerprints are of another version, which these can't be compared with.
    """
    files = [directory / FILE for directory in directories]
    for file in files:
        if not file.exists():
            raise FileNotFoundError(f"no {FILE} in {file.parent}: cut these segments anew")
    whole = pa.concat_tables(map(_read, files)).sort_by(
        [("record", "ascending"), ("beside", "ascending"), ("lead", "ascending")]
    )
    return whole.take(_first(whole))


def read_noises(directories: Sequence[Path]) -> pa.Table:
    """Return the noise that was added in some folders of shards, each signal once.

    A folder without `NOISES` adds none, or was cut before noise had fingerprints.

    Raises
    ------
    ValueError
        As `read`.
    """
    files = [directory / NOISES for directory in directories]
    tables = [_read(file) for file in files if file.exists()]
    whole = pa.concat_tables([SCHEMA.empty_table(), *tables])
    return whole.take(_first(whole))


def _first(table: pa.Table) -> Int64:
    """Return the first row of each lead of each recording, in the order of rows."""
    names = [f"{r}\n{lead}" for r, lead in zip(*(table[n].to_pylist() for n in KEY), strict=True)]
    _, first = np.unique(np.asarray(names, dtype=str), return_index=True)
    return np.sort(first)


def _read(file: Path) -> pa.Table:
    key, version = MADE_BY
    table = parquet.read(file)
    stated = (table.schema.metadata or {}).get(key, b"1")
    if stated != version:
        raise ValueError(
            f"{file}: fingerprints of version {stated.decode()}, not {version.decode()}: cut"
            " these segments anew, or fetch the network again"
        )
    if rhythm_form.FORM[0] in (table.schema.metadata or {}):
        table = rhythm_form.unpacked(table)
    elif "beside" not in table.column_names:
        table = table.append_column("beside", pa.array([False] * len(table), pa.bool_()))
    return table.cast(SCHEMA)


def rhythms(recordings: pa.Table) -> list[Rhythm]:
    """Return the fingerprints of what `read` returns, in its order."""
    return [
        Rhythm(
            np.asarray(beat.values, dtype=np.float64),
            np.frombuffer(shape.as_buffer(), np.int8).reshape(-1, SHAPE_SAMPLES),
        )
        for beat, shape in zip(recordings["beat"], recordings["shape"], strict=True)
    ]

"""EDF, EDF+ and BDF recordings stretch by stretch, and what `edf_folder` reads at once.

A frame is a data record, as a rule a second. Samples are decoded by pyedflib.

Source: https://www.edfplus.info/specs/edf.html.
"""

import contextlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cardiograft.datasets import _own
from cardiograft.datasets._edf import EdfHeader, read_edf_header
from cardiograft.datasets._stream import Group, Stream
from cardiograft.files import naming
from cardiograft.physionet.headers import UnfitError
from cardiograft.records import Float32
from cardiograft.scratch import scratch_folder
from cardiograft.signals.leads import CANONICAL, canonical

KINDS = ("ECG ", "EKG ")
# What pyedflib may raise where a file is not as it likes.
ERRORS = (OSError, ValueError, MemoryError)


def open_edf(path: Path) -> Stream:
    """Open a file.

    Raises
    ------
    ValueError
        pyedflib is not installed.
    UnfitError
        The file can't be read, is interrupted, or holds no signal.
    """
    library()
    header = read_edf_header(path)
    names, notes = _names(header)
    rows: dict[int, list[int]] = {}
    for number in names:
        rows.setdefault(header.signals[number].samples, []).append(number)
    order = sorted(rows, key=lambda per_frame: -len(rows[per_frame]))
    groups = tuple(
        Group(
            tuple(names[n] for n in rows[per]),
            tuple(header.signals[n].fields["unit"] for n in rows[per]),
            per,
        )
        for per in order
    )
    direct = _takes(path, header)

    def read(first: int, count: int) -> Sequence[Float32]:
        with _reader(path, header, first, count, direct=direct) as (reader, begin, places):
            try:
                return [
                    np.stack(
                        [
                            reader.readSignal(places[n], begin * per, count * per).astype("<f4")
                            for n in rows[per]
                        ]
                    )
                    for per in order
                ]
            except ERRORS as error:
                raise unreadable(error, path) from error

    return Stream(
        frame_hz=1 / header.duration_s,
        frames=header.records,
        groups=groups,
        read=read,
        notes=(*header.notes, *notes),
    )


def _names(header: EdfHeader) -> tuple[dict[int, str], list[str]]:
    """Return the leads that can be used, by the number of their signal, and what is not usual."""
    names: dict[int, str] = {}
    notes = []
    for number, signal in enumerate(header.signals):
        if signal.annotates:
            continue
        name = lead(signal.fields["label"]) or f"signal {number}"
        if signal.fault:
            notes.append(f"lead left out: {name}, {signal.fault}")
            continue
        names[number] = _own.unique(name, list(names.values()))
        if names[number] != name:
            first = next(i for i, other in names.items() if other == name)
            notes.append(
                f"two leads of one name: {name} is signal {first}, signal {number} is"
                f" {names[number]!r}"
            )
    if not names:
        raise UnfitError(f"no signal can be used: {notes[0]}")
    return names, notes


def _takes(path: Path, header: EdfHeader) -> bool:
    """Return whether pyedflib takes the file as it is, and reads it as it was read here.

    Raises
    ------
    UnfitError
        It reads another header.
    """
    try:
        with _quiet(path) as reader:
            theirs = [reader.samples_in_datarecord(n) for n in range(reader.signals_in_file)]
            theirs.append(reader.datarecords_in_file)
    except ERRORS:
        return False
    ours = [signal.samples for signal in header.signals if not signal.annotates]
    ours.append(header.records)
    if ours != [int(value) for value in theirs]:
        raise UnfitError(f"two readings of {path.name}: {ours}, by pyedflib {theirs}")
    return True


@contextlib.contextmanager
def _reader(
    path: Path, header: EdfHeader, first: int, count: int, *, direct: bool
) -> Iterator[tuple[Any, int, dict[int, int]]]:
    """Yield pyedflib's reader, where a stretch begins in it, and the places of its signals."""
    if direct:
        texts = [number for number, signal in enumerate(header.signals) if not signal.annotates]
        with _quiet(path) as reader:
            yield reader, first, {number: place for place, number in enumerate(texts)}
        return
    with scratch_folder() as folder:
        copy = folder / "copy.edf"
        with naming(copy), path.open("rb") as file, copy.open("wb") as written:
            written.write(header.plain(count))
            file.seek(header.length + first * header.record_bytes)
            left = count * header.record_bytes
            while left:
                with naming(path):
                    part = file.read(min(left, 1 << 24))
                if not part:
                    raise UnfitError(f"truncated {path.name}: it became shorter while it was read")
                written.write(part)
                left -= len(part)
        try:
            with _quiet(copy) as reader:
                yield reader, 0, {number: number for number in range(len(header.signals))}
        except ERRORS as error:
            if isinstance(error, UnfitError):
                raise
            raise unreadable(error, copy, path.name) from error


@contextlib.contextmanager
def _quiet(path: Path) -> Iterator[Any]:
    """Yield pyedflib's reader of a file, without what it prints on opening."""
    with contextlib.redirect_stdout(io.StringIO()):
        reader = library().EdfReader(str(path))
    with reader:
        yield reader


def library() -> Any:
    """Return pyedflib.

    Raises
    ------
    ValueError
        It is not installed.
    """
    try:
        import pyedflib
    except ImportError as error:
        raise ValueError(
            "edf_folder reads EDF files with pyedflib, which is not installed:"
            " pip install 'cardiograft[edf]'"
        ) from error
    return pyedflib


def lead(label: str) -> str:
    """Return the lead that a signal's label names: ``ECG V1`` is V1, ``ECG`` is itself."""
    text = " ".join(label.split())
    if text.upper().startswith(KINDS) and canonical(text[4:]) in CANONICAL:
        return canonical(text[4:])
    return canonical(text)


def unreadable(error: Exception, path: Path, name: str | None = None) -> UnfitError:
    """Return pyedflib's error as one line about a file."""
    shown = name or path.name
    message = " ".join(str(error).replace(str(path), shown).split())
    reason = message.removeprefix(f"{shown}: ") or type(error).__name__
    return UnfitError(f"unreadable {shown}: {reason}")

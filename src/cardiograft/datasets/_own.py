"""What readers of one's own folders share: whose a recording is, its labels, its leads' names.

Legend: C channels, T samples, A annotations.
"""

import dataclasses
import itertools
import math
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cardiograft.datasets import _tables
from cardiograft.physionet import listings
from cardiograft.physionet.headers import NUMBER, UnfitError
from cardiograft.records import LABEL, Annotations, Record
from cardiograft.signals.leads import canonical, places
from cardiograft.specs.own_folder import OwnFolder

SUFFIXES = (".hea", ".dat", ".mat", ".edf", ".bdf", ".csv")
SAME_S = 1e-6  # spans that overlap by less touch one another
TableRow = dict[str, str]


class Span(NamedTuple):
    """A class from one time to another, in seconds; ``stop_s`` is infinite where it stays open."""

    start_s: float
    stop_s: float
    label: str


class _TableRows(NamedTuple):
    """A table's rows by recording, and whether a comma may stand in its numbers for a point."""

    by_record: dict[str, list[TableRow]]
    commas: bool


def names(root: Path, *suffixes: str, without: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the names of files below `root` of one kind, without their extension, in order."""
    records = []
    for place in listings.walk(root):
        path = place.relative_to(root).as_posix()
        if path.lower().endswith(suffixes) and place not in [root / file for file in without]:
            records.append(path.rpartition(".")[0])
    return tuple(records)


def file(root: Path, record: str, *suffixes: str) -> str:
    """Return the file of a recording, whatever the case of its extension.

    Raises
    ------
    FileNotFoundError
        There is none.
    UnfitError
        There are several.
    """
    place = root / record
    inner = sorted(place.parent.iterdir()) if place.parent.is_dir() else []
    files = [
        p for p in inner if p.name.rpartition(".")[0] == place.name and p.suffix.lower() in suffixes
    ]
    if not files:
        raise FileNotFoundError(f"no file {record}{suffixes[0]}")
    if len(files) > 1:
        raise UnfitError(f"several files of one name: {', '.join(p.name for p in files)}")
    return files[0].relative_to(root).as_posix()


def subject(root: Path, record: str, folder: OwnFolder) -> str:
    """Return whose recording it is.

    Raises
    ------
    UnfitError
        Its subject is not known, or the table has two subjects for it.
    ValueError
        The table can't be read, or lacks a column.
    """
    rule = folder.subject
    if rule.by == "record":
        return record
    if rule.by == "folder":
        first, inner, _ = record.partition("/")
        if not inner:
            raise UnfitError("no subject: it lies in no folder")
        return first
    if rule.by == "pattern":
        match = re.search(rule.pattern or "", record)
        group = "subject" if match and "subject" in match.re.groupindex else 1
        if not match or not match[group]:
            raise UnfitError(f"no subject: {rule.pattern!r} is not in its name")
        return match[group]
    table, column = folder.subject_file or "", rule.column or ""
    rows = _rows(root, table, (rule.record, column)).by_record.get(record, [])
    known = list(dict.fromkeys(row[column] for row in rows if says(row[column])))
    if len(known) != 1:
        why = f"two subjects in {table}: {known[0]}, {known[1]}" if known else f"none in {table}"
        raise UnfitError(f"no subject: {why}")
    return known[0]


def labels(root: Path, record: str, folder: OwnFolder) -> tuple[Span, ...]:
    """Return what the table of labels says of a recording, in order of time.

    Raises
    ------
    UnfitError
        A time is no time, or labels contradict one another.
    ValueError
        The table can't be read, or lacks a column.
    """
    spec = folder.labels
    if spec is None:
        return ()
    times = () if spec.start_s is None else (spec.start_s, spec.end_s or "")
    table = _rows(root, spec.file, (spec.record, spec.label, *times))
    spans = {
        Span(*_times(row, times, spec.file, commas=table.commas), row[spec.label])
        for row in table.by_record.get(record, [])
        if says(row[spec.label])
    }
    joined: list[Span] = []
    for span in sorted(spans):
        last = joined[-1] if joined else None
        if last is None or span.start_s > last.stop_s + SAME_S:
            joined.append(span)
        elif span.label == last.label:
            joined[-1] = last._replace(stop_s=max(last.stop_s, span.stop_s))
        elif span.start_s >= last.stop_s - SAME_S:
            joined.append(span)
        else:
            at = f" at {span.start_s:g} s" if times else ""
            raise UnfitError(f"labels contradict: {last.label} and {span.label}{at}")
    return tuple(joined)


def mentioned(root: Path, folder: OwnFolder) -> dict[str, tuple[str, ...]]:
    """Return the recordings that each table names.

    Raises
    ------
    ValueError
        A table can't be read, or lacks a column.
    """
    records_by_table: dict[str, tuple[str, ...]] = {}
    if folder.labels is not None:
        labels = folder.labels
        times = (labels.start_s or labels.record, labels.end_s or labels.record)
        rows = _rows(root, labels.file, (labels.record, labels.label, *times))
        records_by_table[labels.file] = tuple(rows.by_record)
    if folder.subject_file is not None:
        rows = _rows(
            root, folder.subject_file, (folder.subject.record, folder.subject.column or "")
        )
        records_by_table[folder.subject_file] = tuple(
            dict.fromkeys((*records_by_table.get(folder.subject_file, ()), *rows.by_record))
        )
    return records_by_table


def unique(name: str, taken: Sequence[str]) -> str:
    """Return a lead's name as it is, or ``II (2)`` where another has it."""
    count, own = 1, name
    while own in taken:
        count += 1
        own = f"{name} ({count})"
    return own


def named(record: Record, folder: OwnFolder) -> Record:
    """Return a recording whose leads have the names that config gives them."""
    sources = (record, *record.beside)
    have = [canonical(lead) for source in sources for lead in source.leads]
    new: dict[str, str] = {}
    for lead, others in folder.leads.items():
        if canonical(lead) in have:
            continue
        wanted = [canonical(other).casefold() for other in others]
        lead_by_name = {h.casefold(): h for h in reversed(have)}
        first = next((lead_by_name[name] for name in wanted if name in lead_by_name), None)
        if first is not None:
            # a second one too, whose turn comes where the first is dead
            again = {have[place] for place in places(have, first)}
            new |= {name: f"{canonical(lead)}{name.removeprefix(first)}" for name in sorted(again)}

    def renamed(one: Record) -> Record:
        names_C = tuple(new.get(canonical(lead), canonical(lead)) for lead in one.leads)
        units_C = tuple(unit or folder.unit or "" for unit in one.units)
        return dataclasses.replace(one, leads=names_C, units=units_C)

    notes = [f"lead by another name: {old} is taken as {name}" for old, name in new.items()]
    return dataclasses.replace(
        renamed(record),
        beside=tuple(renamed(one) for one in record.beside),
        notes=(*record.notes, *notes),
    )


def labelled(record: Record, spans: Sequence[Span]) -> Record:
    """Return a recording with a mark where a label of one's own begins and ends."""
    beyond = sum(span.start_s >= record.signal_CT.shape[1] / record.rate_hz for span in spans)
    notes = [f"labels beyond the end: {beyond} of {len(spans)}"] if beyond else []
    return dataclasses.replace(
        _marked(record, spans),
        beside=tuple(_marked(one, spans) for one in record.beside),
        notes=(*record.notes, *notes),
    )


def _marked(record: Record, spans: Sequence[Span]) -> Record:
    marks: list[tuple[int, str]] = []
    for span, after in itertools.zip_longest(spans, spans[1:]):
        marks.append((_sample(span.start_s, record), span.label))
        if math.isfinite(span.stop_s) and (after is None or after.start_s > span.stop_s + SAME_S):
            marks.append((_sample(span.stop_s, record), ""))
    inside = [(at, label) for at, label in marks if at < record.signal_CT.shape[1]]
    if not inside:
        return record
    old = record.annotations
    at_A = np.array([at for at, _ in inside], dtype=np.int64)
    aux_A = np.array([label for _, label in inside])
    none_A = np.zeros(len(inside), dtype=np.int64)
    joined = Annotations(
        sample_A=np.concatenate([old.sample_A, at_A]),
        symbol_A=np.concatenate([old.symbol_A, np.full(len(inside), LABEL)]),
        aux_A=np.concatenate([old.aux_A, aux_A]),
        subtype_A=np.concatenate([old.subtype_A, none_A]),
        channel_A=np.concatenate([old.channel_A, none_A]),
        number_A=np.concatenate([old.number_A, none_A]),
    )
    order_A = np.argsort(joined.sample_A, kind="stable")
    return dataclasses.replace(record, annotations=joined.taken(order_A))


def _sample(time_s: float, record: Record) -> int:
    """Return the first sample that is not before a time."""
    return math.ceil(time_s * float(record.rate_hz) - SAME_S)


def _times(
    row: TableRow, columns: Sequence[str], table: str, *, commas: bool
) -> tuple[float, float]:
    if not columns:
        return 0.0, math.inf
    first, last = (row[column] for column in columns)
    if commas:
        first, last = first.replace(",", "."), last.replace(",", ".")
    start, stop = _seconds(first or "0"), _seconds(last or "inf")
    if not 0 <= start < stop:
        stated = " to ".join(repr(row[column]) for column in columns)
        raise UnfitError(f"labels of no time: {stated} in {table}")
    return start, stop


def _seconds(text: str) -> float:
    """Return what a cell of a time says, NaN where it is none: Python's ``1_0`` is no number."""
    return (
        float(text)
        if re.fullmatch(rf"{NUMBER}|[+-]?inf(inity)?", text, re.IGNORECASE)
        else math.nan
    )


def says(text: str) -> bool:
    """Return whether a cell holds a name: some programs write an empty one as ``nan``."""
    return bool(text) and text.casefold() != "nan"


def _rows(root: Path, table: str, columns: Sequence[str]) -> _TableRows:
    """Return a table's rows by the recording that its first column names."""
    path = root / table
    if not path.is_file():
        raise ValueError(f"no table {path}")
    facts = path.stat()
    return _read(path, tuple(columns), facts.st_mtime_ns, facts.st_size)


@cache
def _read(path: Path, columns: tuple[str, ...], *version: int) -> _TableRows:
    table = _tables.read(path, columns)
    rows_by_record: dict[str, list[TableRow]] = {}
    for cells in table.rows:
        row = dict(zip(table.columns, (" ".join(cell.split()) for cell in cells), strict=False))
        if row.get(columns[0]):
            rows = rows_by_record.setdefault(plain(row[columns[0]]), [])
            rows.append({column: row.get(column, "") for column in columns})
    return _TableRows(rows_by_record, table.mark != ",")


def plain(name: str) -> str:
    """Return a recording's name as in the folder: without an extension, slashes forward."""
    name = name.replace("\\", "/").removeprefix("./")
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and f".{suffix.lower()}" in SUFFIXES else name

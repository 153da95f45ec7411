"""What a folder of recordings and a table of labels hold, before anything is configured."""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from cardiograft import plugins
from cardiograft.datasets import _own, _tables
from cardiograft.datasets._stream import Stream
from cardiograft.physionet import listings
from cardiograft.specs.own_folder import OwnFolder
from cardiograft.use.progress import Progress
from cardiograft.use.recordings import KINDS, RecordingFile, opened

MOST_READ = 20  # recordings that are read for their gaps
STRETCH_S = 600  # of a recording that is in memory at a time
SUBJECTS = ("subject", "subject_id", "patient", "patient_id", "person", "participant")
LABELS = ("label", "class", "diagnosis", "rhythm", "quality", "category")
STARTS = ("start_s", "start", "from", "begin", "onset")
ENDS = ("end_s", "end", "to", "stop", "offset")
MOST_CLASSES = 20
# Whose recording it is, by its name: letters and digits before a mark.
# Where nearly all names have it, the others' person is not known.
MATCHING = 0.8
PATTERN = r"(?:^|/)([A-Za-z]*[0-9]+)[_-][^/]*$"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A recording: its leads with their units, its rate and length, and its missing share."""

    name: str
    leads: tuple[str, ...]
    units: tuple[str, ...]
    rate_hz: Fraction
    duration_s: float
    missing: float | None


@dataclass(frozen=True, kw_only=True)
class FolderLook:
    """What lies in a folder.

    Attributes
    ----------
    dataset
        What reads it: ``wfdb_folder``, ``edf_folder`` or ``csv_folder``.
    names
        All recordings.
    seen
        Those that can be opened.
    faults
        Why others can't, by name.
    other_kinds
        Files of recordings that another data set reads, by extension.
    """

    dataset: str
    names: tuple[str, ...]
    seen: tuple[Seen, ...]
    faults: dict[str, str] = field(default_factory=dict)
    other_kinds: Counter[str] = field(default_factory=Counter)

    def common(self) -> Counter[str]:
        """Return how many recordings have each lead."""
        return Counter(lead for one in self.seen for lead in set(one.leads))


@dataclass(frozen=True, kw_only=True)
class TableLook:
    """The columns of a table of labels by what they hold, and how often each class is there."""

    columns: tuple[str, ...]
    record: str
    label: str
    start_s: str | None
    end_s: str | None
    counts: Counter[str]
    known: frozenset[str]
    unknown: tuple[str, ...]


def look(root: Path, folder: OwnFolder, *, without: Path | None = None) -> FolderLook:
    """Open each recording of a folder; of the kinds that it holds, the most frequent one's.

    A table of labels, which may lie in it, is `without`. How far it is stands on stderr: some are
    read from end to end, and may last a day.

    Raises
    ------
    FileNotFoundError
        There is no folder, or no recording in it.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"no folder {root}")
    suffixes = Counter(s for p in listings.walk(root) if (s := p.suffix.lower()) in KINDS)
    if not suffixes:
        raise FileNotFoundError(f"{root}: no recording ({', '.join(KINDS)})")
    by_kind: Counter[str] = Counter()
    for suffix, number in suffixes.items():
        by_kind[KINDS[suffix]] += number
    # a CSV file beside other recordings is a table
    kinds = [k for k, _ in by_kind.most_common() if k != "csv_folder"] or ["csv_folder"]
    table = None if without is None else without.resolve()
    names = [
        name
        for name in plugins.load("datasets", kinds[0]).record_names(root, folder=folder)
        if (root / f"{name}.csv").resolve() != table
    ]
    seen: list[Seen] = []
    faults: dict[str, str] = {}
    with Progress(len(names)) as progress:
        for name in names:
            try:
                listings.safe(name)  # the workflow reads no other
                how_far = progress if len(seen) < MOST_READ else None
                seen.append(_seen(root, name, kinds[0], folder, reads=how_far))
            except (ValueError, OSError) as error:
                faults[listings.shown(name)] = listings.shown(" ".join(str(error).split()))
    others = {s: n for s, n in suffixes.items() if KINDS[s] not in (kinds[0], "csv_folder")}
    return FolderLook(
        dataset=kinds[0],
        names=tuple(names),
        seen=tuple(seen),
        faults=faults,
        other_kinds=Counter(others),
    )


def _missing(stream: Stream, progress: Progress) -> float:
    """Return which share of a recording's samples is missing; stretches are read one by one."""
    step = max(1, int(STRETCH_S * stream.frame_hz))
    count = total = 0
    for first in range(0, stream.frames, step):
        frames = min(step, stream.frames - first)
        for signal_CT in stream.read(first, frames):
            count += int(np.isnan(signal_CT).sum())
            total += signal_CT.size
        progress.reached(float((first + frames) / stream.frame_hz))
    return count / total if total else 1.0


def _seen(root: Path, name: str, kind: str, folder: OwnFolder, *, reads: Progress | None) -> Seen:
    stream = opened(RecordingFile(root, name, kind), folder)
    missing = None
    if reads is not None:
        with reads.recording(name, stream.duration_s):
            missing = _missing(stream, reads)
    first_group = stream.groups[0]
    return Seen(
        name=name,
        leads=tuple(lead for group in stream.groups for lead in group.leads),
        units=tuple(unit for group in stream.groups for unit in group.units),
        rate_hz=stream.rate_hz(first_group),
        duration_s=stream.duration_s,
        missing=missing,
    )


def table(file: Path, names: Iterable[str]) -> TableLook:
    """Find out which column of a table names recordings, which holds classes, which times.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        No column names recordings of the folder, or none can be the classes.
    """
    if not file.is_file():
        raise FileNotFoundError(f"no table {file}")
    columns, rows, _ = _tables.read(file)
    cells = {
        name: [row[i].strip() if i < len(row) else "" for row in rows]
        for i, name in enumerate(columns)
    }
    known = {_own.plain(name) for name in names}
    named = [name for name in columns if _own.plain(name) in known]
    if named:
        raise ValueError(
            f"{file.name}: its first row names the recording {named[0]}: put a row of column names"
            " above it, such as record,label"
        )
    hits = {
        name: sum(_own.plain(cell) in known for cell in column) for name, column in cells.items()
    }
    record = max(hits, key=lambda name: hits[name], default="")
    if not hits.get(record):
        raise ValueError(
            f"{file.name}: no column names recordings of the folder, such as {min(known)}"
        )
    start_s, end_s = (_called(columns, wanted) for wanted in (STARTS, ENDS))
    if start_s is None or end_s is None:
        start_s = end_s = None
    label = _label(cells, {record, start_s, end_s, _called(columns, SUBJECTS)}, file)
    pairs = zip(cells[record], cells[label], strict=True)
    classes = [(_own.plain(name), text) for name, text in pairs if _own.says(text)]
    return TableLook(
        columns=columns,
        record=record,
        label=label,
        start_s=start_s,
        end_s=end_s,
        counts=Counter(text for name, text in classes if name in known),
        known=frozenset({name for name, _ in classes} & known),
        unknown=tuple(dict.fromkeys(name for name, _ in classes if name not in known)),
    )


def _called(columns: Sequence[str], names: Sequence[str]) -> str | None:
    by_name = {column.casefold(): column for column in reversed(columns)}
    return next((by_name[name] for name in names if name in by_name), None)


def _label(cells: dict[str, list[str]], taken: set[str | None], file: Path) -> str:
    rest = [name for name in cells if name not in taken]
    column = _called(rest, LABELS)
    if column is not None:
        return column
    few = [n for n in rest if 2 <= len({cell for cell in cells[n] if cell}) <= MOST_CLASSES]
    if len(few) != 1:
        raise ValueError(
            f"{file.name}: which column holds the classes? call it one of {', '.join(LABELS)}"
            f" (it has {', '.join(cells)})"
        )
    return few[0]


def subject(names: Sequence[str], columns: Sequence[str]) -> Any:
    """Return by what a recording's person can be told, as `subject` of config has it: a guess."""
    column = _called(columns, SUBJECTS)
    if column is not None:
        return {"column": column}
    level = _level(names)
    if level is not None:
        return "folder" if level == 0 else {"pattern": rf"^(?:[^/]+/){{{level}}}([^/]+)/"}
    if sum(bool(re.search(PATTERN, name)) for name in names) >= MATCHING * len(names):
        return {"pattern": PATTERN}
    return "record"


def _level(names: Sequence[str]) -> int | None:
    """Return the first level of folders that tells recordings apart, if they lie in some.

    A folder that holds all of them (``1.0.0``) is nobody's; a folder for each recording says no
    more than its name.
    """
    folders = [name.split("/")[:-1] for name in names]
    for level in range(min(map(len, folders), default=0)):
        count = len({tuple(one[: level + 1]) for one in folders})
        if count > 1:
            return level if count < len(names) else None
    return None


def people(names: Sequence[str], rule: Any) -> Counter[str]:
    """Return how many recordings each guessed person has; none where a table says it."""
    if rule == "folder":
        return Counter(name.partition("/")[0] for name in names)
    if rule == "record":
        return Counter(names)
    if "pattern" in rule:
        matches = (re.search(rule["pattern"], name) for name in names)
        return Counter(itertools.chain.from_iterable(m.groups()[:1] for m in matches if m))
    return Counter()

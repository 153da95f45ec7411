"""Recordings by path, in WFDB, EDF or CSV: list, name and open them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cardiograft import plugins
from cardiograft.datasets._stream import Group, Stream
from cardiograft.datasets._stream_csv import open_csv
from cardiograft.datasets._stream_edf import open_edf
from cardiograft.datasets._stream_wfdb import open_wfdb
from cardiograft.specs.own_folder import OwnFolder

HEADER = ".hea"
LARGE_CSV = 64 << 20  # bytes; what is smaller is read whole
# Extension to the data set of one's own that reads such files.
KINDS = {HEADER: "wfdb_folder", ".edf": "edf_folder", ".bdf": "edf_folder", ".csv": "csv_folder"}


@dataclass(frozen=True)
class RecordingFile:
    """A recording: its folder, its name there, and what reads it."""

    root: Path
    record: str
    kind: str

    @property
    def file(self) -> Path:
        """The file that is read, or the header."""
        suffix = next(suffix for suffix, kind in KINDS.items() if kind == self.kind)
        return self.root / f"{self.record}{suffix}"

    @property
    def name(self) -> str:
        """What it is called in results: of a record WFDB knows letters, digits, - and _ alone."""
        return re.sub(r"[^A-Za-z0-9_/-]", "_", self.record)


def find(paths: Sequence[Path], folder: OwnFolder) -> list[RecordingFile]:
    """Return the recordings that paths name: files, WFDB records, or all of a folder.

    Raises
    ------
    FileNotFoundError
        A path names none.
    ValueError
        Two recordings would be called the same in results.
    """
    recordings = [one for path in paths for one in _named(path, folder)]
    names: dict[str, RecordingFile] = {}
    for one in recordings:
        other = names.setdefault(one.name, one)
        if other != one:
            raise ValueError(
                f"two recordings would be called {one.name} in results: {other.file} and"
                f" {one.file}; name one of them alone, or rename it"
            )
    return list(names.values())


def _named(path: Path, folder: OwnFolder) -> Iterable[RecordingFile]:
    if path.is_dir():
        recordings = [
            RecordingFile(path, record, kind)
            for kind in dict.fromkeys(KINDS.values())
            if kind != "csv_folder" or folder.rate_hz or folder.time
            for record in _records(path, kind, folder)
        ]
        if not recordings:
            raise FileNotFoundError(f"{path}: no recording in this folder ({', '.join(KINDS)})")
        return sorted(recordings, key=lambda one: one.name)
    kind = KINDS.get(path.suffix.lower())
    if path.is_file() and kind:
        return [RecordingFile(path.parent, path.stem, kind)]
    if path.with_name(f"{path.name}{HEADER}").is_file():
        return [RecordingFile(path.parent, path.name, KINDS[HEADER])]
    if path.is_file():
        kinds = ", ".join(KINDS)
        raise FileNotFoundError(f"{path}: not a recording ({kinds}; or a WFDB record's name)")
    raise FileNotFoundError(f"{path}: no such recording, nor a header {path.name}{HEADER}")


def _records(path: Path, kind: str, folder: OwnFolder) -> Sequence[str]:
    if kind == "edf_folder" and not any(
        file.suffix.lower() in (".edf", ".bdf") for file in path.rglob("*")
    ):
        return ()  # its reader needs a library that nobody without such files has to have
    names: Sequence[str] = plugins.load("datasets", kind).record_names(path, folder=folder)
    return names


def opened(recording: RecordingFile, folder: OwnFolder) -> Stream:
    """Open a recording.

    Raises
    ------
    FileNotFoundError, ValueError
        It can't be read; the message says why.
    """
    if recording.kind == "wfdb_folder":
        return open_wfdb(recording.root, recording.record, annotator=folder.annotator)
    if folder.annotator is not None:
        raise ValueError("beats from annotations: only WFDB recordings have annotation files")
    reader = plugins.load("datasets", recording.kind)
    if recording.kind == "edf_folder":
        return open_edf(recording.root / reader.files(recording.root, recording.record)[0])
    path = recording.root / reader.files(recording.root, recording.record)[0]
    if path.stat().st_size > LARGE_CSV:
        return open_csv(path, folder)
    whole = reader.read(recording.root, recording.record, folder=folder)
    return Stream(
        frame_hz=whole.rate_hz,
        frames=whole.signal_CT.shape[1],
        groups=(Group(whole.leads, whole.units, 1),),
        read=lambda first, count: [whole.signal_CT[:, first : first + count]],
        notes=whole.notes,
    )

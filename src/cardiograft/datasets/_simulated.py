"""Write simulated recordings as WFDB files: headers, signals, annotations, RECORDS, SHA256SUMS.txt.

Legend: C channels (leads), T samples.

Source: https://physionet.org/physiotools/wag/ (header(5), signal(5)).
"""

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import wfdb

from cardiograft.datasets._annotation_file import Mark
from cardiograft.files import atomic_file, file_digest

Int16 = npt.NDArray[np.int16]


def check_names(slug: str, records: Iterable[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return the records requested, all of them among a database's names.

    Raises
    ------
    ValueError
        The database has no such record.
    """
    requested, has = tuple(records), frozenset(names)
    for record in requested:
        if record not in has:
            span = f"{len(names)}, {names[0]} to {names[-1]}"
            raise ValueError(f"{slug}/{record}: no such record ({span})")
    return requested


def digital(signal_CT: npt.NDArray[np.floating], *, gain: float, zero: int, bits: int) -> Int16:
    """Return what a converter makes of millivolts: rounded, and clipped at its rails."""
    half = 2 ** (bits - 1)
    lowest = zero - half + (zero == 0)  # the lowest of all stands for a missing sample
    stored_CT = np.clip(np.rint(signal_CT * gain) + zero, lowest, zero + half - 1)
    return np.asarray(stored_CT, dtype=np.int16)


def packed(digital_CT: Int16, form: str) -> bytes:
    """Return samples, channels interleaved, in WFDB format 16 or 212.

    Raises
    ------
    ValueError
        Another format.
    """
    flat = np.ascontiguousarray(digital_CT.T).reshape(-1)
    if form == "16":
        return flat.astype("<i2").tobytes()
    if form != "212":
        raise ValueError(f"can't write format {form!r}: known are 16, 212")
    pairs = np.append(flat, np.zeros(len(flat) % 2, np.int16)).reshape(-1, 2).astype(np.uint16)
    triples = np.empty((len(pairs), 3), dtype=np.uint8)
    triples[:, 0] = pairs[:, 0] & 0xFF
    triples[:, 1] = (pairs[:, 0] >> 8 & 0x0F) | (pairs[:, 1] >> 8 & 0x0F) << 4
    triples[:, 2] = pairs[:, 1] & 0xFF
    return triples.tobytes()


def matlab(digital_CT: Int16) -> bytes:
    """Return a MATLAB 4 file that holds samples as ``val``: 24 bytes, then format 16.

    Source: MathWorks, MAT-File Format (2025), "Level 4 MAT-file format"; 30 is a matrix of 16-bit
    integers, least byte first.
    """
    channels, samples = digital_CT.shape
    return struct.pack("<5i4s", 30, channels, samples, 0, 4, b"val\0") + packed(digital_CT, "16")


def signal_line(file: str, samples_T: Int16, *, form: str, scale: str, name: str) -> str:
    """Return a header's line for one signal; `scale` is gain, resolution and zero as they stand."""
    checksum = int(np.sum(samples_T, dtype=np.int64)) & 0xFFFF
    checksum -= 0x10000 if checksum >= 0x8000 else 0
    return f"{file} {form} {scale} {samples_T[0]} {checksum} 0 {name}"


def write_text(path: Path, lines: Iterable[str], *, end: str = "\n") -> None:
    """Write lines with the line ends that the real file has."""
    with atomic_file(path) as partial:
        partial.write_bytes("".join(line + end for line in lines).encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a signal file."""
    with atomic_file(path) as partial:
        partial.write_bytes(content)


def write_header(
    path: Path, first: str, signals: Sequence[str], comments: Sequence[str], *, end: str = "\n"
) -> None:
    """Write a header; a comment that is empty becomes an empty line."""
    write_text(path, [first, *signals, *(f"# {c}" if c else "" for c in comments)], end=end)


def write_marks(folder: Path, record: str, marks: Sequence[Mark]) -> None:
    """Write annotations as ``<record>.atr``."""
    wfdb.wrann(
        record,
        "atr",
        np.array([mark.sample for mark in marks]),
        symbol=[mark.symbol for mark in marks],
        aux_note=[f"{mark.note}\0" if mark.note else "" for mark in marks],
        write_dir=str(folder),
    )


def write_listing(
    root: Path, records: Sequence[str], annotators: Sequence[str], *, nested: bool = False
) -> None:
    """Write RECORDS, ANNOTATORS and, over all that is there, SHA256SUMS.txt.

    Parameters
    ----------
    nested
        RECORDS lists folders, and each has its own, which lists its records.
    """
    if nested:
        folders = dict.fromkeys(record.rpartition("/")[0] for record in records)
        for folder in folders:
            inner = [r.rpartition("/")[2] for r in records if r.rpartition("/")[0] == folder]
            write_text(root / folder / "RECORDS", inner)
    write_text(root / "RECORDS", [f"{folder}/" for folder in folders] if nested else records)
    if annotators:
        write_text(root / "ANNOTATORS", annotators)
    files = sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())
    sums = [f"{file_digest(root / name)} {name}" for name in files if name != "SHA256SUMS.txt"]
    write_text(root / "SHA256SUMS.txt", sums)

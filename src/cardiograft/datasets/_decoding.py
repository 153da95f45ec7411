"""The stored samples of WFDB signal files: decoded by wfdb, each lead moved by its skew.

Samples of 16 bits that lie one after the other need no decoding. A skewed lead stands in its file
`skew` frames late; what its file has no frame for is left to the caller as missing.

Legend: T samples.

Source: https://physionet.org/physiotools/wag/ (header(5), signal(5)).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import wfdb

from cardiograft.datasets._frames import Span, held_frames
from cardiograft.physionet.headers import Signal, UnfitError
from cardiograft.scratch import scratch_folder

Stored = npt.NDArray[np.integer]
# Formats whose samples fit 16 bits, so that wfdb need not widen them to 64.
NARROW = frozenset({"16", "61", "80", "160", "212", "310", "311", "508", "516"})
BIG_ENDIAN = "61"
DIFFERENCES = "8"  # each sample is stored as what it adds to the one before


def decode(root: Path, lines: Sequence[Signal], frames: int, span: Span) -> list[Stored]:
    """Return a span's samples as stored, lead by lead, shape (T,): fewer where a file has no more.

    Parameters
    ----------
    lines
        All signals of each file that they name.
    frames
        Those of the record.

    Raises
    ------
    UnfitError
        A file can't be decoded, or ends before the record does.
    """
    if all(line.format == "16" and line.per_frame == 1 and not line.skew for line in lines):
        return _plain(root, lines, frames, span)
    stops: dict[int, list[int]] = {}  # one call of wfdb for all files, if none is skewed
    for file in dict.fromkeys(line.file for line in lines):
        its = [i for i, line in enumerate(lines) if line.file == file]
        late = max(_skew(lines[i], frames) for i in its)
        stop = sum(span) + late
        if late:
            stop = min(stop, held_frames(root, [lines[i] for i in its]))
        stops.setdefault(stop, []).extend(its)
    stored_by_line: dict[int, Stored] = {}
    for stop, its in stops.items():
        whole = _decoded(root, [lines[i] for i in its], Span(span.first, stop - span.first))
        for i, stored_T in zip(its, whole, strict=True):
            per_frame = lines[i].per_frame
            late = _skew(lines[i], frames) * per_frame
            stored_by_line[i] = stored_T[late : late + span.frames * per_frame]
    return [stored_by_line[i] for i in range(len(lines))]


def _skew(line: Signal, frames: int) -> int:
    """Return by how many frames a lead is moved: one of no frame at all isn't used."""
    return line.skew if line.skew < frames else 0


def _plain(root: Path, lines: Sequence[Signal], frames: int, span: Span) -> list[Stored]:
    """Return the samples as stored, lead by lead, where nothing has to be decoded.

    Thousands of recordings of some seconds then take half the processor's time, and no folder of
    links on the disk.
    """
    stored_by_line: dict[int, Stored] = {}
    for file in dict.fromkeys(line.file for line in lines):
        its = [i for i, line in enumerate(lines) if line.file == file]
        flat = np.fromfile(
            root / file,
            dtype="<i2",
            count=span.frames * len(its),
            offset=lines[its[0]].start + 2 * span.first * len(its),
        ).astype(np.int16, copy=False)
        if len(flat) < span.frames * len(its):
            held = span.first + len(flat) // len(its)
            raise UnfitError(f"truncated signal: {held} of {frames} samples")
        stored_by_line |= zip(
            its, np.ascontiguousarray(flat.reshape(span.frames, len(its)).T), strict=True
        )
    return [stored_by_line[i] for i in range(len(lines))]


def _decoded(root: Path, lines: Sequence[Signal], span: Span) -> list[Stored]:
    """Return the samples as stored, lead by lead.

    wfdb is handed a header in its own grammar beside links to the files, so that it decodes what
    the definition's reading says. The header has no skews: wfdb counts them in samples where a
    frame has several, and knows none in compressed files.
    """
    formats = {line.format for line in lines}
    bits = 16 if formats <= NARROW else 32
    skipped = span.first if DIFFERENCES in formats else 0  # which wfdb would sum up anew
    with scratch_folder() as folder:
        files = {line.file: f"f{i}.dat" for i, line in enumerate(lines)}
        swapped = {line.file: line.start for line in lines if line.format == BIG_ENDIAN}
        for file, link in files.items():
            if file in swapped:  # as format 16: wfdb trips over numpy's name of the other
                big = np.fromfile(root / file, dtype=">i2", offset=swapped[file])
                big.astype("<i2").tofile(folder / link)
            else:
                (folder / link).symlink_to((root / file).resolve())
        text = [f"r {len(lines)} 1 {sum(span)}"]
        for line in lines:
            stored_as, start = ("16", 0) if line.file in swapped else (line.format, line.start)
            layout = f"{stored_as}x{line.per_frame}+{start}"
            text.append(f"{files[line.file]} {layout} 1(0)/NU 0 0 {line.initial} 0 0 s")
        (folder / "r.hea").write_text("\n".join(text), encoding="ascii")
        try:
            stored_by_line = wfdb.rdrecord(
                f"{folder}/r",
                sampfrom=span.first - skipped,
                sampto=span.first + span.frames,
                physical=False,
                return_res=bits,
                smooth_frames=False,
            )
        except Exception as error:  # wfdb lets whatever it trips over through
            message = " ".join(str(error).replace(f"{folder}/", "").split())
            raise UnfitError(f"unreadable signal: {message or type(error).__name__}") from error
    stored = []
    for line, whole_T in zip(lines, stored_by_line.e_d_signal, strict=True):
        stored_T = whole_T[skipped * line.per_frame :]
        if len(stored_T) != span.frames * line.per_frame:
            raise UnfitError(f"unreadable signal: {len(stored_T)} of {span.frames} samples")
        stored.append(stored_T)
    return stored

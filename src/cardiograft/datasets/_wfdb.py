"""WFDB recordings: read through wfdb as physical units, written as PhysioNet lays them out.

Legend: C channels (leads), T samples, A annotations.

Source: https://physionet.org/physiotools/wag/ (header(5), signal(5), annot(5)).
"""

from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import wfdb

from cardiograft.records import Annotations, Float32, Record
from cardiograft.signals.leads import canonical

# Formats whose samples fit 16 bits, so that wfdb need not widen them to 64.
NARROW = frozenset({"8", "16", "61", "80", "160", "212", "310", "311", "508", "516"})
# The value that stands for a missing sample, by format (signal(5)).
STRETCH = 1 << 18
MISSING = {"80": -128, "508": -128, "310": -512, "311": -512, "212": -2048}
MISSING |= {"16": -(2**15), "61": -(2**15), "160": -(2**15), "516": -(2**15)}
MISSING |= {"24": -(2**23), "524": -(2**23), "32": -(2**31)}
# ASSUME a quarter of a second in which no lead changes is no heart: a constant run at a
# file's head is cut from there on only, so that a coincidence of a few samples stays.
SHORTEST_CONSTANT_S = Fraction(1, 4)


def read_record(
    dataset: str,
    root: Path,
    record: str,
    *,
    subject: str,
    mains_hz: int,
    annotator: str | None = None,
    trim_constant_head: bool = False,
    baseline: int | None = None,
) -> Record:
    """Read one recording with its header, its signal files and, where named, its annotations.

    Parameters
    ----------
    dataset : str
        For the record and for error messages.
    root : Path
        The folder that holds RECORDS; `record` is a line of it.
    annotator : str, optional
        Extension of the annotations to read (``atr``).
    trim_constant_head : bool
        Cut a run at the start in which no lead changes; `Record.offset` says how much,
        and annotations count from what is left.
    baseline : int, optional
        The sample value that is 0 mV, where a header is known to misstate it.

    Returns
    -------
    Record
        ``signal_CT`` float32, shape (C, T), in the header's units; missing samples are NaN;
        leads by canonical name; `comments` without their ``#``.

    Raises
    ------
    FileNotFoundError
        The header, or a file that it names, is not below `root`.
    ValueError
        wfdb can't make sense of a file, or leads have different rates.
    """
    where = f"{dataset}/{record}"
    header = read_header(where, root, record, baseline=baseline)
    digital_CT, frames = _digital(where, root, record, header)
    rate_hz = Fraction(str(header.fs)) * frames
    offset = constant_head(digital_CT, rate_hz) if trim_constant_head else 0
    marks = read_annotations(where, root, record, annotator) if annotator else Annotations.none()
    return Record(
        dataset=dataset,
        id=record,
        subject=subject,
        signal_CT=_physical(digital_CT[:, offset:], header),
        rate_hz=rate_hz,
        leads=tuple(canonical(n or f"signal {i}") for i, n in enumerate(header.sig_name)),
        units=tuple(header.units),
        mains_hz=mains_hz,
        annotations=_after(marks, offset),
        comments=tuple(header.comments),
        offset=offset,
    )


def read_header(where: str, root: Path, record: str, *, baseline: int | None = None) -> wfdb.Record:
    """Return wfdb's view of a header; `where` opens the error messages.

    Parameters
    ----------
    baseline
        The sample value that is 0 mV, in place of the header's own.
    """
    path = root / f"{record}.hea"
    if not path.is_file():
        raise FileNotFoundError(f"{where}: no header {path}")
    try:
        header = wfdb.rdheader(str(root / record))
    except Exception as error:  # wfdb lets whatever its parser trips over through
        raise ValueError(f"{where}: unreadable header: {_one_line(error)}") from error
    if not getattr(header, "n_sig", 0):
        raise ValueError(f"{where}: its header names no signal")
    for name in dict.fromkeys(header.file_name or ()):
        if not (path.parent / name).is_file():
            raise FileNotFoundError(f"{where}: no signal file {name} beside its header")
    if baseline is not None:
        header.baseline = [baseline] * header.n_sig
    return header


def read_annotations(where: str, root: Path, record: str, annotator: str) -> Annotations:
    """Return one annotation file's marks; `where` opens the error messages."""
    path = root / f"{record}.{annotator}"
    if not path.is_file():
        raise FileNotFoundError(f"{where}: no annotations {path.name} beside its header")
    try:
        marks = wfdb.rdann(str(root / record), annotator)
    except Exception as error:  # as above
        raise ValueError(f"{where}: unreadable {path.name}: {_one_line(error)}") from error
    return Annotations(
        sample_A=np.asarray(marks.sample, dtype=np.int64),
        symbol_A=np.array(marks.symbol, dtype=np.str_),
        aux_A=np.array([note.rstrip("\0") for note in marks.aux_note], dtype=np.str_),
    )


def constant_head(digital_CT: npt.NDArray[np.integer], rate_hz: Fraction) -> int:
    """Return how many samples at the start form a run in which no lead changes.

    A run shorter than a quarter of a second counts as 0, and so does a recording that is
    constant throughout: there is nothing behind it to keep.
    """
    changed_T = np.any(digital_CT != digital_CT[:, :1], axis=0)
    run = int(np.argmax(changed_T)) if changed_T.any() else 0
    return run if run >= SHORTEST_CONSTANT_S * rate_hz else 0


def _digital(
    where: str, root: Path, record: str, header: wfdb.Record
) -> tuple[npt.NDArray[np.integer], int]:
    """Return samples as stored, shape (C, T), and how many of them a frame holds."""
    frames = set(header.samps_per_frame)
    if len(frames) > 1:
        raise ValueError(f"{where}: leads at several rates ({header.samps_per_frame} a frame)")
    bits = 16 if set(header.fmt) <= NARROW else 32
    try:
        found = wfdb.rdrecord(
            str(root / record), physical=False, return_res=bits, smooth_frames=frames == {1}
        )
    except Exception as error:  # a short file surfaces as a failed reshape
        raise ValueError(f"{where}: unreadable signal: {_one_line(error)}") from error
    digital_CT = found.d_signal.T if frames == {1} else np.stack(found.e_d_signal)
    if header.sig_len and digital_CT.shape[1] != header.sig_len * min(frames):
        raise ValueError(
            f"{where}: {digital_CT.shape[1]} samples where its header states {header.sig_len}"
        )
    return digital_CT, min(frames)


def _physical(digital_CT: npt.NDArray[np.integer], header: wfdb.Record) -> Float32:
    signal_CT = np.empty(digital_CT.shape, dtype=np.float32)
    for channel, stored_T in enumerate(digital_CT):
        # In float64 as wfdb does it, but a stretch at a time: a lead of 50 minutes at 5 kHz
        # would take 120 MB whole.
        for start in range(0, stored_T.size, STRETCH):
            part_T = stored_T[start : start + STRETCH].astype(np.float64)
            part_T -= header.baseline[channel]
            part_T /= header.adc_gain[channel]
            signal_CT[channel, start : start + STRETCH] = part_T
        missing = MISSING.get(header.fmt[channel])
        if missing is not None:
            signal_CT[channel, stored_T == missing] = np.nan
    return signal_CT


def _after(marks: Annotations, offset: int) -> Annotations:
    if not offset:
        return marks
    keep_A = marks.sample_A >= offset
    return Annotations(
        sample_A=marks.sample_A[keep_A] - offset,
        symbol_A=marks.symbol_A[keep_A],
        aux_A=marks.aux_A[keep_A],
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__

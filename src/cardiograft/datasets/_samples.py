"""The leads of one WFDB record in physical units, laid out as the header says.

Legend: C channels, T samples.

Source: https://physionet.org/physiotools/wag/ (header(5), signal(5)).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cardiograft.datasets._agreement import check_agreement
from cardiograft.datasets._decoding import decode
from cardiograft.datasets._frames import Span, usable_frames
from cardiograft.physionet.headers import (
    BYTES,
    Header,
    Signal,
    UnfitError,
    header_file,
    read_header,
)
from cardiograft.records import Float32
from cardiograft.signals.leads import canonical

# The value that stands for a missing sample, by format (signal(5)).
STRETCH = 1 << 18
MISSING = {"80": -128, "508": -128, "310": -512, "311": -512, "212": -2048}
MISSING |= {"16": -(2**15), "61": -(2**15), "160": -(2**15), "516": -(2**15)}
MISSING |= {"24": -(2**23), "524": -(2**23), "32": -(2**31)}


@dataclass(frozen=True, kw_only=True)
class Leads:
    """Leads of one rate, ``per_frame`` samples a frame: float32, shape (C, T), missing ones NaN."""

    names: tuple[str, ...]
    units: tuple[str, ...]
    per_frame: int
    signal_CT: Float32


def checked_header(root: Path, record: str) -> Header:
    """Read a record's header and hold it against wfdb's reading.

    Raises
    ------
    FileNotFoundError
        There is none.
    UnfitError
        It can't be read, or reads differently by wfdb.
    """
    path = root / header_file(root, record)
    if not path.is_file():
        raise FileNotFoundError(f"no header {path}")
    header = read_header(root, record)
    check_agreement(root, record, header)
    return header


def read_leads(
    root: Path, header: Header, *, baseline: int | None = None, span: Span | None = None
) -> tuple[list[Leads], list[str]]:
    """Read the leads of a header that has files of its own, and say what is left out.

    Parameters
    ----------
    baseline
        The sample value that is 0 in physical units, in place of the header's own.
    span
        The first frame to read and how many, all where it is None. Compressed files are decoded
        whole in any case.

    Raises
    ------
    FileNotFoundError
        No file that the header names is there.
    UnfitError
        All files are too short, one can't be decoded, or no lead is left.
    """
    if not header.signals:
        raise UnfitError("its header names no signal with samples")
    frames, broken = usable_frames(root, header)
    names = unique_names(header.lines)
    faults = [_fault(line, frames, broken) for line in header.lines]
    readable = [
        i
        for i, line in enumerate(header.lines)
        if not line.null and line.format in BYTES and line.file not in broken
    ]
    kept = [i for i in readable if faults[i] is None]
    if not kept:
        raise UnfitError(f"no signal can be used: {next(filter(None, faults))}")
    lines = [header.lines[i] for i in readable]
    read_span = Span(0, frames) if span is None else span
    stored = dict(zip(readable, decode(root, lines, frames, read_span), strict=True))
    groups = []
    for per_frame in dict.fromkeys(header.lines[i].per_frame for i in kept):
        its = [i for i in kept if header.lines[i].per_frame == per_frame]
        signal_CT = np.empty((len(its), read_span.frames * per_frame), dtype=np.float32)
        for signal_T, i in zip(signal_CT, its, strict=True):
            _fill(signal_T, stored.pop(i), header.lines[i], baseline)
        groups.append(
            Leads(
                names=tuple(names[i] for i in its),
                units=tuple(header.lines[i].units for i in its),
                per_frame=per_frame,
                signal_CT=signal_CT,
            )
        )
    return groups, _notes(header, names, faults)


def _fault(line: Signal, frames: int, broken: dict[str, str]) -> str | None:
    if line.null:
        return line.fault
    skewed = f"skewed by {line.skew} samples" if line.skew >= frames else None
    return line.fault or broken.get(line.file) or skewed


def unique_names(lines: Sequence[Signal]) -> list[str]:
    """Return leads' names in their one spelling, each once: a second II is ``II (2)``.

    A signal that is null or can't be used takes no name from one that can.
    """
    names: list[str] = [""] * len(lines)
    taken: set[str] = set()
    for i in sorted(range(len(lines)), key=lambda i: (lines[i].null or bool(lines[i].fault), i)):
        name = canonical(lines[i].name) or f"signal {i}"
        count, own = 1, name
        while own in taken:
            count += 1
            own = f"{name} ({count})"
        taken.add(own)
        names[i] = own
    return names


def _fill(
    signal_T: Float32, stored_T: npt.NDArray[np.integer], line: Signal, baseline: int | None
) -> None:
    """Write a lead's samples in physical units over `signal_T`, NaN where the file has no more."""
    signal_T[len(stored_T) :] = np.nan
    # In float64 as wfdb does it, but a stretch at a time: a lead of 50 minutes at 5 kHz would
    # take 120 MB whole.
    for start in range(0, len(stored_T), STRETCH):
        part_T = stored_T[start : start + STRETCH].astype(np.float64)
        part_T -= line.baseline if baseline is None else baseline
        part_T /= line.gain
        with np.errstate(over="ignore"):  # infinite is not finite: the lead is then judged so
            signal_T[start : start + len(part_T)] = part_T
    missing = MISSING.get(line.format)
    if missing is not None:
        signal_T[: len(stored_T)][stored_T == missing] = np.nan


def surplus(header: Header) -> list[str]:
    """Return a note where a header has more lines than signals, or segments, that it announces."""
    if not header.surplus:
        return []
    return [f"surplus lines: the header has {header.surplus} more than it announces"]


def _notes(header: Header, names: Sequence[str], faults: Sequence[str | None]) -> list[str]:
    notes = surplus(header)
    for i, (line, name, fault) in enumerate(zip(header.lines, names, faults, strict=True)):
        spelt = canonical(line.name)
        if line.null:
            notes.append(f"null signal: {name} has no samples")
        elif fault:
            notes.append(f"lead left out: {name}, {fault}")
        elif spelt and name != spelt:
            first = names.index(spelt)
            notes.append(
                f"two leads of one name: {spelt} is signal {first}, signal {i} is {name!r}"
            )
        if not (line.null or fault or line.gain_stated):
            notes.append(f"gain not stated: {name} is taken at {line.gain:g} a {line.units}")
    return notes

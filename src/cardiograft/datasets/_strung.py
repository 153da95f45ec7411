"""Recordings that string segments together, all with the same leads or each with its own.

What no segment holds is missing: gaps between segments, and a lead where a segment lacks it. Leads
are matched by name. Without a layout segment every segment has the same signals in the same order,
and there a name that is left out, or is another one, is that of the signal's place.

Legend: C channels, T samples.

Source: https://physionet.org/physiotools/wag/header-5.htm (multi-segment records).
"""

import re
from pathlib import Path

import numpy as np

from cardiograft.datasets._frames import Span, check_size, usable_frames
from cardiograft.datasets._samples import Leads, checked_header, read_leads, surplus, unique_names
from cardiograft.physionet.headers import Header, Signal, UnfitError
from cardiograft.signals import units

# What a signal is called that its header gives no name: by readers here, and by the WFDB library.
NAMELESS = re.compile(r"signal \d+|record .*, signal \d+")


def read_strung(
    root: Path, top: Header, *, baseline: int | None = None, span: Span | None = None
) -> tuple[list[Leads], list[str]]:
    """Read the leads of a multi-segment header, and say what is left out.

    Parameters
    ----------
    span
        The first frame to read and how many, all where it is None.

    Raises
    ------
    FileNotFoundError
        A segment's header or file is not there.
    UnfitError
        A segment can't be read, is shorter than stated, or no segment has a lead.
    """
    headers = {name: checked_header(root, name) for name in top.segments}
    size = _checked_bytes(root, top, headers)
    names, remarks = _names(top, headers)
    lines, notes = _lines(top, headers, names)
    notes = surplus(top) + remarks + notes
    read_span = Span(0, top.samples or 0) if span is None else span
    leads_by_rate = _missing(read_span.frames, lines, size)
    for name, header in headers.items():
        for start, samples in _starts(top, name) if header.signals else ():
            notes += _held(root, header, name, samples)
            first, stop = max(start, read_span.first), min(start + samples, sum(read_span))
            if first >= stop:
                continue
            own = Span(first - start, stop - first)
            inner, remarks = read_leads(root, header, baseline=baseline, span=own)
            notes += remarks
            called = dict(zip(unique_names(header.lines), names[name], strict=True))
            for leads in inner:
                _place(leads_by_rate, leads, called, first - read_span.first, own.frames)
    return list(leads_by_rate.values()), list(dict.fromkeys(notes))


def _held(root: Path, header: Header, name: str, samples: int) -> list[str]:
    """Return a note where a segment holds more frames than are stated; fewer are refused."""
    held, _ = usable_frames(root, header)
    if held < samples:
        raise UnfitError(f"truncated signal: segment {name} has {held} of {samples}")
    if held > samples:
        return [f"segment cut: {name} has {held} samples, {samples} are stated"]
    return []


def _starts(top: Header, name: str) -> list[tuple[int, int]]:
    """Return where a segment's frames begin, and how many there are: a layout has none."""
    starts, start = [], 0
    for part in top.parts:
        if part.name == name and part.samples:
            starts.append((start, part.samples))
        start += part.samples
    return starts


def _checked_bytes(root: Path, top: Header, headers: dict[str, Header]) -> int:
    """Return how many bytes of signal the segments have, once they are seen to fit."""
    size = 0
    for name, header in headers.items():
        if header.parts:
            raise UnfitError(
                f"segments do not fit: {name} is made of segments itself, which WFDB does not allow"
            )
        if header.rate_hz != top.rate_hz:
            rates = f"{float(header.rate_hz):.12g} Hz, the recording {float(top.rate_hz):.12g} Hz"
            raise UnfitError(f"segments do not fit: {name} has {rates}")
        held = [file for file in header.files if (root / file).is_file()]
        if header.files and not held:
            raise FileNotFoundError(f"no signal file {header.files[0]} beside its header")
        size += sum((root / file).stat().st_size for file in held)
    return size


def _missing(frames: int, lines: dict[str, Signal], size: int) -> dict[int, Leads]:
    """Return leads without a sample yet, by their samples a frame."""
    check_size(frames * sum(line.per_frame for line in lines.values()), size)
    leads_by_rate = {}
    for per_frame in dict.fromkeys(line.per_frame for line in lines.values()):
        its = {name: line for name, line in lines.items() if line.per_frame == per_frame}
        leads_by_rate[per_frame] = Leads(
            names=tuple(its),
            units=tuple(line.units for line in its.values()),
            per_frame=per_frame,
            signal_CT=np.full((len(its), frames * per_frame), np.nan, dtype=np.float32),
        )
    return leads_by_rate


def _place(
    leads_by_rate: dict[int, Leads], leads: Leads, called: dict[str, str], start: int, samples: int
) -> None:
    whole = leads_by_rate.get(leads.per_frame)
    if whole is None:
        return
    first, count = start * leads.per_frame, samples * leads.per_frame
    for inner, unit, signal_T in zip(leads.names, leads.units, leads.signal_CT, strict=True):
        name = called[inner]
        if name in whole.names:
            row = whole.names.index(name)
            whole.signal_CT[row, first : first + count] = signal_T[:count] * _factor(
                unit, whole.units[row]
            )


def _factor(unit: str, first: str) -> float:
    """Return what makes a segment's values those of the unit of the lead's first segment."""
    return 1.0 if unit == first else units.factor(unit, first)


def _names(top: Header, headers: dict[str, Header]) -> tuple[dict[str, list[str]], list[str]]:
    """Return what each segment's signals are called in the recording, and what that decides.

    Where the segments have one arrangement, a signal is called what the first segment that names
    it calls it. A segment with other signals, or with a name that stands elsewhere in others, is
    matched by its names.
    """
    names = {name: unique_names(header.lines) for name, header in headers.items()}
    segments = [name for name in headers if names[name]]
    if not segments or any(part.name is not None and not part.samples for part in top.parts):
        return names, []
    common, alike, notes = list(names[segments[0]]), [], []
    for segment in segments:
        own = names[segment]
        if not _alike(common, own, headers[segments[0]], headers[segment]):
            continue
        alike.append(segment)
        for i, name in enumerate(own):
            if name == common[i] or NAMELESS.fullmatch(name):
                continue
            if NAMELESS.fullmatch(common[i]):
                common[i] = name
            else:
                notes.append(
                    f"segments joined by place: {name} of segment {segment} is taken as {common[i]}"
                )
    return names | dict.fromkeys(alike, common), notes


def _alike(common: list[str], own: list[str], first: Header, header: Header) -> bool:
    """Return whether a segment can have the same signals, in the same order, as the first one."""
    if len(own) != len(common):
        return False
    for i, (name, known) in enumerate(zip(own, common, strict=True)):
        if name == known:
            continue
        one, other = header.lines[i], first.lines[i]
        if name in common or known in own or one.per_frame != other.per_frame:
            return False
        try:
            _factor(one.units, other.units)
        except ValueError:
            return False
    return True


def _lines(
    top: Header, headers: dict[str, Header], names: dict[str, list[str]]
) -> tuple[dict[str, Signal], list[str]]:
    """Return a signal line for each lead that some segment has, in the order of the first ones.

    A lead whose unit changes to one of another quantity, or whose rate changes, is left out.
    """
    lines: dict[str, Signal] = {}
    order: dict[str, None] = {}
    mixed: dict[str, str] = {}
    for part in top.parts:
        header = headers.get(part.name or "")
        if header is None:
            continue
        for name, line in zip(names[part.name or ""], header.lines, strict=True):
            order.setdefault(name)
            if line.null or line.fault or not part.samples:
                continue
            first = lines.setdefault(name, line)
            try:
                _factor(line.units, first.units)
            except ValueError:
                mixed[name] = f"in {first.units} and in {line.units}"
            if first.per_frame != line.per_frame:
                mixed[name] = f"{first.per_frame} and {line.per_frame} samples a frame"
    notes = [f"lead left out: {name}, {how}" for name, how in mixed.items()]
    notes += [f"null signal: {name} has no samples" for name in order if name not in lines]
    kept = {name: lines[name] for name in order if name in lines and name not in mixed}
    if not kept:
        raise UnfitError("segments do not fit: none has a signal that can be used")
    return kept, notes

"""A WFDB header's list of files: their names, the length they must have, the sampling rate.

Only what is needed to fetch and to judge a recording before anything is decoded; the
recording itself is read through wfdb, in `datasets`. A header's checksums are not looked at:
real databases have wrong ones.

Source: https://physionet.org/physiotools/wag/header-5.htm, signal-5.htm.
"""

import math
import posixpath
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from cardiograft.physionet import listings

# Bytes a sample takes; none where samples are compressed and only decoding tells.
BYTES = {
    **{"8": Fraction(1), "80": Fraction(1), "16": Fraction(2), "61": Fraction(2)},
    **{"160": Fraction(2), "24": Fraction(3), "32": Fraction(4), "212": Fraction(3, 2)},
    **{"310": Fraction(4, 3), "311": Fraction(4, 3)},
    **{"508": None, "516": None, "524": None},
}
NULL = "0"  # the format of a signal that is not there
HIGHEST_HZ = 100_000
DEFAULT_HZ = 250.0


class UnfitError(Exception):
    """A recording that can't be used; the message is the reason in the manifest."""


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One signal line: where its samples lie."""

    file: str
    format: str
    per_frame: int
    start: int


@dataclass(frozen=True, kw_only=True)
class Header:
    """A header's record line and its signal lines, or the segments that it strings together.

    ``samples`` is frames a signal, none where the header leaves it open. File and segment
    names are relative to the database's folder.
    """

    rate_hz: float
    samples: int | None
    signals: tuple[Signal, ...] = ()
    segments: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """Signal files, each once."""
        return tuple(dict.fromkeys(s.file for s in self.signals))

    def least_bytes(self, file: str) -> int:
        """Return how long a signal file must be; 0 where the header does not fix it."""
        its = [signal for signal in self.signals if signal.file == file]
        each = BYTES[its[0].format]
        if each is None or self.samples is None:
            return 0
        samples = self.samples * sum(signal.per_frame for signal in its)
        return its[0].start + math.ceil(samples * each)


def read_header(root: Path, record: str) -> Header:
    """Read a record's header.

    Raises
    ------
    UnfitError
        It can't be read, states an absurd sampling rate, or names files elsewhere.
    """
    text = listings.inside(root, f"{record}.hea").read_text("utf-8", errors="replace")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise UnfitError("unreadable header: it is empty")
    words = lines[0].split()
    if len(words) < 2 or not words[1].isdecimal():
        raise UnfitError(f"unreadable header: {lines[0][:60]!r} is no record line")
    rate_hz, samples = _rate_hz(words), _samples(words)
    _, strung, count = words[0].partition("/")
    folder = posixpath.dirname(record)
    if strung:
        named = [line.split()[0] for line in lines[1:]]
        segments = tuple(_beside(folder, name) for name in named if name != "~")
        _check_count(len(named), count)
        return Header(rate_hz=rate_hz, samples=samples, segments=segments)
    signals = [_signal(folder, line) for line in lines[1 : 1 + int(words[1])]]
    _check_count(len(signals), words[1])
    present = tuple(signal for signal in signals if signal.format != NULL)
    return Header(rate_hz=rate_hz, samples=samples, signals=present)


def _rate_hz(words: list[str]) -> float:
    stated = words[2].partition("/")[0].partition("(")[0] if len(words) > 2 else str(DEFAULT_HZ)
    try:
        rate_hz = float(stated)
    except ValueError:
        raise UnfitError(f"unreadable header: {stated!r} is no sampling rate") from None
    if not (math.isfinite(rate_hz) and 0 < rate_hz <= HIGHEST_HZ):
        raise UnfitError(f"absurd sampling rate: {stated} Hz")
    return rate_hz


def _samples(words: list[str]) -> int | None:
    if len(words) < 4 or not words[3].isdecimal():
        return None  # a time of day may stand in its place
    return int(words[3]) or None


def _signal(folder: str, line: str) -> Signal:
    words = line.split()
    match = re.fullmatch(
        r"(\d+)(?:x(\d+))?(?::\d+)?(?:\+(\d+))?", words[1] if len(words) > 1 else ""
    )
    if not match or not (match[1] == NULL or match[1] in BYTES):
        raise UnfitError(f"unreadable header: {line[:60]!r} is no signal line")
    return Signal(
        file=words[0] if match[1] == NULL else _beside(folder, words[0]),
        format=match[1],
        per_frame=int(match[2] or 1) or 1,
        start=int(match[3] or 0),
    )


def _beside(folder: str, name: str) -> str:
    try:
        return posixpath.join(folder, listings.safe(name))
    except ValueError as error:
        raise UnfitError(f"unsafe name: {error}") from None


def _check_count(count: int, stated: str) -> None:
    if not stated.isdecimal() or count != int(stated) or count == 0:
        raise UnfitError(f"unreadable header: {count} signals or segments, it states {stated}")

"""A WFDB header as its definition has it: the one reading that downloads and readers share.

Read as the definition allows it, not as one library does: rates and gains with an exponent, null
signals, lines beyond those announced, folders and dots in file names, units in any alphabet.
Fields that nobody uses (dates, checksums, counters, resolutions) may hold anything. Bounds keep a
header from making anybody reserve memory for it.

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
SUFFIX = ".hea"
NULL, NOTHING = "0", "~"  # format of a signal, name of a file or segment, that is not there
HIGHEST_HZ, LOWEST_HZ = 100_000, 0.001
DEFAULT_HZ, DEFAULT_GAIN, DEFAULT_UNITS = "250", 200.0, "mV"
LONGEST_TEXT = 1 << 24
# ASSUME what lies beyond these is a damaged header: 500 days at 400 Hz, an EEG's electrodes
# four times over, a segment a second of a day.
MOST_SAMPLES = 1 << 34
MOST_SIGNALS, MOST_SEGMENTS = 1024, 100_000
NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
FIELD = re.compile(r"[^ \t\f\v]+")  # a blank of Latin-1 or Unicode is a letter here
UNUSED = 5  # ADC resolution, ADC zero, initial value, checksum, block size


class UnfitError(ValueError):
    """A recording that can't be used; the message is the reason in the manifest."""


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One signal line: where its samples lie, and what they mean.

    ``file`` is relative to the database's folder, and ``~`` where the signal is null. A sample
    stands for ``(sample - baseline) / gain`` in ``units``. ``fault`` says why the signal can't be
    used though others can.
    """

    file: str
    format: str
    per_frame: int = 1
    skew: int = 0
    start: int = 0
    gain: float = DEFAULT_GAIN
    gain_stated: bool = True
    baseline: float = 0.0
    units: str = DEFAULT_UNITS
    initial: int = 0
    name: str = ""
    fault: str | None = None

    @property
    def null(self) -> bool:
        """Whether the line only names a signal."""
        return self.format == NULL or self.file == NOTHING


@dataclass(frozen=True, kw_only=True)
class Part:
    """A segment's line: its record's name, none for a gap, and its frames (0 for a layout)."""

    name: str | None
    samples: int


@dataclass(frozen=True, kw_only=True)
class Header:
    """A header's record line, and its signal lines or the segments that it strings together.

    ``rate_hz`` is frames a second and ``samples`` frames a signal, none where the header leaves
    it open. File and segment names are relative to the database's folder.
    """

    rate_hz: Fraction
    samples: int | None
    channels: int
    lines: tuple[Signal, ...] = ()
    parts: tuple[Part, ...] = ()
    surplus: int = 0
    comments: tuple[str, ...] = ()

    @property
    def signals(self) -> tuple[Signal, ...]:
        """The signals that have samples."""
        return tuple(line for line in self.lines if not line.null)

    @property
    def segments(self) -> tuple[str, ...]:
        """The records that it strings together, each once."""
        return tuple(dict.fromkeys(part.name for part in self.parts if part.name is not None))

    @property
    def files(self) -> tuple[str, ...]:
        """Signal files, each once."""
        return tuple(dict.fromkeys(s.file for s in self.signals))

    def least_bytes(self, file: str) -> int:
        """Return how long a signal file must be; 0 where the header does not fix it."""
        its = [signal for signal in self.signals if signal.file == file]
        each = BYTES.get(its[0].format)
        if each is None or self.samples is None:
            return 0
        samples = self.samples * sum(signal.per_frame for signal in its)
        return its[0].start + math.ceil(samples * each)


def header_file(root: Path, record: str) -> str:
    """Return the name of a record's header, in capitals where only such a one is there."""
    name = f"{record}{SUFFIX}"
    if not (root / name).is_file() and (root / f"{record}{SUFFIX.upper()}").is_file():
        return f"{record}{SUFFIX.upper()}"
    return name


def read_header(root: Path, record: str) -> Header:
    """Read a record's header.

    Raises
    ------
    UnfitError
        It can't be read, states an absurd rate or length, or names files elsewhere.
    """
    listings.safe(record)
    kept, comments = split_lines(read_text(listings.inside(root, header_file(root, record))))
    if not kept:
        raise UnfitError("unreadable header: it is empty")
    words = FIELD.findall(kept[0])
    if len(words) < 2 or not _counts(words[1]):
        raise UnfitError(f"unreadable header: {kept[0][:60]!r} is no record line")
    rate_hz, samples, channels = _rate_hz(words), _samples(words), int(words[1])
    _, slash, stated = words[0].rpartition("/")
    strung = slash and _counts(stated)  # a path before the name says nothing of segments
    folder, rest = posixpath.dirname(record), kept[1:]
    if strung:
        count = _checked_count(len(rest), stated, MOST_SEGMENTS)
        parts = tuple(_part(folder, line) for line in rest[:count])
        _check_parts(parts, samples)
        samples = samples or sum(part.samples for part in parts)
    else:
        count = _checked_count(len(rest), words[1], MOST_SIGNALS)
        parts = ()
    lines = () if strung else tuple(_signal(folder, line, rate_hz) for line in rest[:count])
    _check_lines(lines)
    return Header(
        rate_hz=rate_hz,
        samples=samples,
        channels=channels,
        lines=lines,
        parts=parts,
        surplus=len(rest) - count,
        comments=comments,
    )


def read_text(path: Path) -> str:
    """Read a header's text: UTF-8, or else Latin-1, in which any byte is a letter.

    A mark of byte order tells UTF-16 and UTF-32.

    Raises
    ------
    UnfitError
        It is far longer than any header.
    """
    with path.open("rb") as file:
        content = file.read(LONGEST_TEXT + 1)
    if len(content) > LONGEST_TEXT:
        raise UnfitError(f"unreadable header: it is longer than {LONGEST_TEXT >> 20} MiB")
    try:
        return content.decode(listings.encoding(content) or "utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def split_lines(text: str) -> tuple[list[str], tuple[str, ...]]:
    """Return a header's lines without blanks around them, and its comments without their ``#``."""
    # not str.splitlines, for which a letter of Latin-1 may end a line
    lines = [line.strip() for line in re.split(r"[\r\n]+", text)]
    comments = tuple(line.strip(" \t#") for line in lines if line.startswith("#"))
    return [line for line in lines if line and not line.startswith("#")], comments


def _counts(word: str) -> bool:
    return re.fullmatch(r"[0-9]{1,12}", word) is not None


def _number(word: str) -> float:
    """Return what a decimal number says; NaN for anything else."""
    return float(word) if re.fullmatch(NUMBER, word) else math.nan


def _rate_hz(words: list[str]) -> Fraction:
    stated = re.split(r"[/(]", words[2])[0] if len(words) > 2 else DEFAULT_HZ
    if not re.fullmatch(rf"{NUMBER}|[+-]?(?:inf|nan)", stated, re.IGNORECASE):
        raise UnfitError(f"unreadable header: {stated[:60]!r} is no sampling rate")
    # As a float first: an exact fraction of an absurd exponent takes minutes.
    if not LOWEST_HZ <= float(stated) <= HIGHEST_HZ:
        raise UnfitError(f"absurd sampling rate: {stated[:60]} Hz")
    try:
        return Fraction(stated)
    except ValueError:
        raise UnfitError(f"absurd sampling rate: {stated[:60]} Hz") from None


def _samples(words: list[str]) -> int | None:
    if len(words) < 4 or re.search(r"[:/]", words[3]):
        return None  # a time of day or a date may stand in its place
    stated = _number(words[3])
    if math.isnan(stated) or not (math.isinf(stated) or stated == int(stated) >= 0):
        raise UnfitError(f"unreadable header: {words[3][:60]!r} is no number of samples")
    if stated > MOST_SAMPLES:
        raise UnfitError(f"absurd length: {words[3][:60]} samples")
    return int(stated) or None


def _signal(folder: str, line: str, rate_hz: Fraction) -> Signal:
    words = list(FIELD.finditer(line))
    fields = [word[0] for word in words]
    match = re.fullmatch(
        r"([0-9]{1,4})(?:x([0-9]{1,9}))?(?::([0-9]{1,9}))?(?:\+([0-9]{1,15}))?",
        fields[1] if len(fields) > 1 else "",
    )
    if not match:
        raise UnfitError(f"unreadable header: {line[:60]!r} is no signal line")
    unused = _unused(fields[3:])
    zero = _number(fields[4]) if unused > 1 else 0.0
    initial = _number(fields[5]) if unused > 2 else zero
    described = words[3 + unused].start() if len(words) > 3 + unused else len(line)
    null = match[1] == NULL or fields[0] == NOTHING
    per_frame = int(match[2] or 1) or 1
    gain, (baseline, units) = _scaled(fields[2] if len(fields) > 2 else "", zero)
    return Signal(
        file=NOTHING if null else _beside(folder, fields[0]),
        format=match[1],
        per_frame=per_frame,
        skew=int(match[3] or 0),
        start=int(match[4] or 0),
        gain=gain or DEFAULT_GAIN,
        gain_stated=bool(gain),
        baseline=baseline,
        units=units,
        initial=int(initial) if math.isfinite(initial) else 0,
        name=line[described:],
        fault=None if null else _fault(match[1], rate_hz * per_frame, gain, baseline),
    )


def _unused(fields: list[str]) -> int:
    """Return how many fields stand between gain and name: all five, or, of fewer, the numbers."""
    numbers = [bool(re.fullmatch(rf"{NUMBER}|nan|inf", field, re.IGNORECASE)) for field in fields]
    if len(fields) >= UNUSED and numbers[UNUSED - 1]:
        return UNUSED
    return next(
        (i for i, number in enumerate(numbers[:UNUSED]) if not number), min(len(fields), UNUSED)
    )


def _scaled(field: str, zero: float) -> tuple[float, tuple[float, str]]:
    """Return gain (0: not stated), baseline and units of ``200(1024)/mV``; NaN if illegible."""
    match = re.fullmatch(r"([^(/]*)(?:\(([^)]*)\))?(?:/(.*))?", field)
    if not match:
        return math.nan, (zero, DEFAULT_UNITS)
    gain = _number(match[1]) if match[1] else 0.0
    if gain == 0 and re.search(r"[1-9]", re.split("[eE]", match[1])[0]):
        gain = math.nan  # ``1e-400``: stated, and no number that can be held
    baseline = _number(match[2]) if match[2] else zero
    return gain, (baseline, match[3] or DEFAULT_UNITS)


def _fault(format_: str, rate_hz: Fraction, gain: float, baseline: float) -> str | None:
    if format_ not in BYTES:
        return f"format {format_} is not known"
    if rate_hz > HIGHEST_HZ:
        return f"absurd sampling rate: {float(rate_hz):g} Hz"
    # 1e±30 apart a float32 holds no value any more
    if not (gain == 0 or 1e-30 < abs(gain) < 1e30):
        return "its gain is no number"
    return None if abs(baseline) < 1e30 else "its baseline is no number"


def _part(folder: str, line: str) -> Part:
    words = FIELD.findall(line)
    if len(words) < 2 or not _counts(words[1]):
        raise UnfitError(f"unreadable header: {line[:60]!r} is no segment line")
    return Part(
        name=None if words[0] == NOTHING else _beside(folder, words[0]), samples=int(words[1])
    )


def _check_parts(parts: tuple[Part, ...], samples: int | None) -> None:
    total = sum(part.samples for part in parts)
    if samples is not None and total != samples:
        raise UnfitError(f"unreadable header: its segments hold {total} samples, not {samples}")
    if total > MOST_SAMPLES:
        raise UnfitError(f"absurd length: {total} samples")


def _check_lines(lines: tuple[Signal, ...]) -> None:
    """Refuse lines of which none can be used, or that contradict one another on a file."""
    last: dict[str, tuple[int, Signal]] = {}
    present = [line for line in lines if not line.null]
    if present and all(line.fault for line in present):
        raise UnfitError(f"unreadable header: no signal can be used: {present[0].fault}")
    for place, line in enumerate(present):
        before, other = last.get(line.file, (place - 1, line))
        if before != place - 1:
            raise UnfitError(f"unreadable header: lines of {line.file} stand apart")
        if other.format != line.format:
            raise UnfitError(f"unreadable header: {line.file} in two formats")
        last[line.file] = (place, line)


def _beside(folder: str, name: str) -> str:
    try:
        return posixpath.join(folder, listings.safe(name.removeprefix("./")))
    except ValueError as error:
        raise UnfitError(f"unsafe name: {error}") from None


def _checked_count(count: int, stated: str, most: int) -> int:
    if not _counts(stated) or not 0 < int(stated) <= count:
        raise UnfitError(f"unreadable header: {count} signals or segments, it states {stated[:60]}")
    if int(stated) > most:
        raise UnfitError(f"absurd header: {stated} signals or segments")
    return int(stated)

"""What the header of an EDF or BDF file says, and the file as pyedflib takes it.

pyedflib refuses a file for any field out of form, also for those that nobody uses: a date, a
patient's name, the label of another channel, a text among annotations. Facts are therefore read
here; a file that it refuses is handed to it again with a header in plain form.

Source: https://www.edfplus.info/specs/edf.html, edfplus.html; https://www.biosemi.com/faq/file_format.htm.
"""

import math
import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from cardiograft.physionet.headers import HIGHEST_HZ, NUMBER, UnfitError

FIXED = 256  # bytes that every header has, and again for each signal
# Of a signal's header: a field's width; all signals' values of a field stand together.
WIDTHS = {
    **{"label": 16, "transducer": 80, "unit": 8, "physical_min": 8, "physical_max": 8},
    **{"digital_min": 8, "digital_max": 8, "filters": 80, "samples": 8, "reserved": 32},
}
BIOSEMI = b"\xffBIOSEMI"
ANNOTATIONS = ("EDF Annotations", "BDF Annotations")
LONGEST_S, SHORTEST_S = 86_400, 1e-4  # of a data record
STAMP = re.compile(rb"([+-]\d+(?:\.\d*)?)(?:\x15\d+(?:\.\d*)?)?\x14")
STAMP_BYTES = 40
PLAIN = {"physical_min": "-1", "physical_max": "1", "digital_min": "-32768", "digital_max": "32767"}


@dataclass(frozen=True, kw_only=True)
class EdfSignal:
    """A signal: ``samples`` in each data record, from byte ``start`` of it on.

    ``fields`` are as the header has them; ``fault`` says why it can't be used though others can.
    """

    fields: dict[str, str]
    samples: int
    start: int
    fault: str | None = None

    @property
    def annotates(self) -> bool:
        """Whether it holds texts, not samples."""
        return self.fields["label"] in ANNOTATIONS


@dataclass(frozen=True, kw_only=True)
class EdfHeader:
    """A file's header: ``records`` data records of ``duration_s`` each, of all signals."""

    bdf: bool
    records: int
    duration_s: Fraction
    record_bytes: int
    signals: tuple[EdfSignal, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def length(self) -> int:
        """Bytes of the header: data records begin there."""
        return FIXED * (1 + len(self.signals))

    def plain(self, records: int) -> bytes:
        """Return a header for some data records in which every field is in form."""
        version = BIOSEMI if self.bdf else b"0"
        rows: list[tuple[object, int]] = [
            *((version, 8), ("X", 80), ("X", 80), ("01.01.00", 8), ("00.00.00", 8)),
            *((self.length, 8), ("24BIT" if self.bdf else "", 44), (records, 8)),
            *((_decimal(self.duration_s), 8), (len(self.signals), 4)),
        ]
        for name, width in WIDTHS.items():
            for number, signal in enumerate(self.signals):
                own = signal.fields[name].replace(",", ".")
                known = {"label": f"s{number}", "samples": signal.samples}
                if signal.fault or signal.annotates:
                    known |= PLAIN
                elif name in PLAIN:
                    known |= {name: own}
                rows.append((known.get(name, ""), width))
        return b"".join(
            (text if isinstance(text, bytes) else str(text).encode("ascii")).ljust(width)
            for text, width in rows
        )


def read_edf_header(path: Path) -> EdfHeader:
    """Read the header of a file, and hold it against the file's length.

    Raises
    ------
    UnfitError
        It is none, states no rate, or more than the file holds; or the recording is interrupted.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        top = file.read(FIXED)
        count = _whole(top[252:256])
        if len(top) < FIXED or not count or not top.startswith((b"0", BIOSEMI)):
            raise UnfitError(f"unreadable {path.name}: it has no header of EDF or BDF")
        inner = file.read(FIXED * count)
    length = FIXED * (1 + count)
    if _whole(top[184:192]) != length:
        raise UnfitError(
            f"unreadable {path.name}: its header contradicts itself: one of {count} signals has"
            f" {length} bytes, it states {_text(top[184:192])!r}"
        )
    if len(inner) < FIXED * count:
        raise UnfitError(
            f"unreadable {path.name}: its header ends after {FIXED + len(inner)} of {length} bytes"
        )
    duration_s = _duration_s(path, top[244:252])
    bdf = top.startswith(BIOSEMI)
    signals = _signals(path, inner, count, duration_s, bdf=bdf)
    record_bytes = sum(signal.samples for signal in signals) * (3 if bdf else 2)
    held = (size - FIXED * (1 + count)) // record_bytes
    stated = _whole(top[236:244])  # -1 where a recorder was switched off before it could say
    if stated is not None and stated > held:
        raise UnfitError(f"truncated {path.name}: {held} of {stated} data records")
    records = held if stated is None else stated
    notes = () if records == held else (f"data records not stated: {records} of {held} are",)
    header = EdfHeader(
        bdf=bdf,
        records=records,
        duration_s=duration_s,
        record_bytes=record_bytes,
        signals=signals,
        notes=notes,
    )
    if not records or all(signal.annotates for signal in signals):
        raise UnfitError(f"{path.name} holds no signal")
    kind = top[192:236].decode("latin-1")
    if kind[:5] in ("EDF+C", "EDF+D", "BDF+C", "BDF+D"):
        _check_times(path, header, kind[:5])
    return header


def _signals(
    path: Path, inner: bytes, count: int, duration_s: Fraction, *, bdf: bool
) -> tuple[EdfSignal, ...]:
    columns: dict[str, list[str]] = {}
    place = 0
    for name, width in WIDTHS.items():
        cells = [inner[place + i * width : place + (i + 1) * width] for i in range(count)]
        columns[name] = [_text(cell) for cell in cells]
        place += width * count
    signals, start = [], 0
    for i in range(count):
        fields = {name: cells[i] for name, cells in columns.items()}
        samples = _whole(fields["samples"].encode("latin-1", errors="replace"))
        if not samples:
            raise UnfitError(
                f"unreadable {path.name}: signal {i} has {fields['samples']!r} samples"
            )
        fault = _fault(fields, samples / duration_s, bdf=bdf)
        signals.append(EdfSignal(fields=fields, samples=samples, start=start, fault=fault))
        start += samples * (3 if bdf else 2)
    return tuple(signals)


def _fault(fields: dict[str, str], rate_hz: Fraction, *, bdf: bool) -> str | None:
    """Return why a signal's values mean nothing."""
    low, high, first, last = (_number(fields[name]) for name in PLAIN)
    if rate_hz > HIGHEST_HZ:
        return f"absurd sampling rate: {float(rate_hz):g} Hz"
    if not all(map(math.isfinite, (low, high, first, last))):
        return "its physical or digital limits are no numbers"
    most = 1 << (23 if bdf else 15)
    if not all(-most <= value < most and value == int(value) for value in (first, last)):
        return "its digital limits are out of range"
    if low == high or first == last:
        return "its lowest value is its highest"
    return None


def _check_times(path: Path, header: EdfHeader, kind: str) -> None:
    """Refuse a recording whose data records do not follow one another, by the times they state."""
    times = next((signal for signal in header.signals if signal.annotates), None)
    length = 0 if times is None else times.samples * (3 if header.bdf else 2)
    if times is not None:
        shape = (header.records, header.record_bytes)
        whole = np.memmap(path, np.uint8, "r", offset=header.length, shape=shape)
        part = np.array(whole[:, times.start : times.start + min(length, STAMP_BYTES)])
        stamps = [STAMP.match(row.tobytes()) for row in part]
        onsets = [Fraction(stamp[1].decode()) for stamp in stamps if stamp]
        if len(onsets) == header.records:
            # ASSUME a time that is off by less than a hundredth of a record was rounded on writing
            most = header.duration_s / 100
            late = (
                i
                for i, onset in enumerate(onsets)
                if abs(onset - onsets[0] - i * header.duration_s) > most
            )
            first = next(late, None)
            if first is not None:
                raise UnfitError(
                    f"interrupted {path.name}: data record {first} begins at"
                    f" {float(onsets[first] - onsets[0]):g} s, not"
                    f" {float(first * header.duration_s):g} s"
                )
            return
    if kind.endswith("D"):
        raise UnfitError(f"interrupted {path.name}: it is {kind}, and does not say when")


def _text(cell: bytes) -> str:
    try:
        text = cell.decode("utf-8")
    except UnicodeDecodeError:
        text = cell.decode("latin-1")
    return text.partition("\0")[0].strip()


def _whole(cell: bytes) -> int | None:
    """Return the whole number that a field holds, none where it holds anything else."""
    text = cell.strip(b" \0")
    return int(text) if re.fullmatch(rb"\d{1,8}", text) else None


def _number(text: str) -> float:
    text = text.replace(",", ".")
    return float(text) if re.fullmatch(NUMBER, text) else math.nan


def _duration_s(path: Path, cell: bytes) -> Fraction:
    text = cell.strip(b" \0").decode("latin-1").replace(",", ".")
    if not SHORTEST_S <= _number(text) <= LONGEST_S:
        raise UnfitError(f"no rate: a data record of {path.name} lasts {text!r} s")
    return Fraction(text)


def _decimal(value: Fraction) -> str:
    """Return a number in at most eight letters."""
    return next(t for digits in range(8, 0, -1) if len(t := f"{float(value):.{digits}g}") <= 8)

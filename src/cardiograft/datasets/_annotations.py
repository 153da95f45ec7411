"""Annotation files in MIT format, with the context that their marks have: clock, codes, channels.

Legend: A annotations.

Source: https://physionet.org/physiotools/wag/annot-5.htm; codes and their descriptions as
https://physionet.org/physiotools/wfdb/lib/ecgcodes.h and ecgmap.h have them.
"""

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cardiograft.datasets._codes import SYMBOLS, meaning
from cardiograft.physionet.headers import NUMBER, UnfitError
from cardiograft.records import BEATS, Annotations, Int64

MOST_BYTES = 1 << 26  # a day of annotations takes a hundredth of it
HIGHEST_TICKS_HZ = 1e9
COLUMNS = ("tick_A", "code_A", "subtype_A", "channel_A", "number_A")
MarkFields = tuple[int, int, int, int, int]
NOTHING, NOTE, SKIP, NUM, SUB, CHN, AUX = 0, 22, 59, 60, 61, 62, 63
REMARK = re.compile(r"##\s*(.*)", re.DOTALL)
RESOLUTION = re.compile(rf"time resolution\s*:\s*({NUMBER})")
DEFINITIONS = "annotation type definitions"
# A page that a server sent, or a list that a program printed: of MIT's format both the marks of
# normal beats and a file's end hold bytes that no text has.
TEXT, LEAST_TEXT = bytes([*b"\t\n\r", *range(32, 127), *range(128, 256)]), 16
# A record of AHA's format is 16 bytes: 0, a letter, the time, a number that counts from 1, ...
AHA_ROW, AHA_LETTERS = 16, b"NVFEPQROU"
# ASSUME marks of one heart beat in two channels, or by two annotators, are within what AAMI EC57
# takes for one, 150 ms; within 20 ms a mark in one channel is the same one again.
ONE_BEAT_S, ONE_MARK_S = 0.15, 0.02


@dataclass(frozen=True, kw_only=True)
class Marks:
    """An annotation file as it stands.

    Attributes
    ----------
    tick_A, code_A, subtype_A, channel_A, number_A : int64, shape (A,)
        Times in ticks of the file's own clock, and the numbers that stand beside them.
    aux : tuple of str, length A
    ticks_hz : Fraction, optional
        The clock, where the file states it; else ticks are frames of the recording.
    definitions : dict
        Mnemonic and description of each code that the file defines.
    fault : str, optional
        ``is empty``, ``is cut off after 3 marks``.
    """

    tick_A: Int64
    code_A: Int64
    subtype_A: Int64
    channel_A: Int64
    number_A: Int64
    aux: tuple[str, ...]
    ticks_hz: Fraction | None
    definitions: dict[int, tuple[str, str]]
    fault: str | None


def read_marks(path: Path) -> Marks:
    """Read an annotation file up to its end mark, or as far as it goes.

    Raises
    ------
    UnfitError
        It is far longer than annotations are, in AHA's format, or text.
    """
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise UnfitError(f"unreadable annotations: {path.name} has over {MOST_BYTES >> 20} MiB")
    if _is_aha(content):
        raise UnfitError(
            f"unreadable annotations: {path.name} is in AHA's format, only MIT's is read"
        )
    if len(content) >= LEAST_TEXT and not content.translate(None, TEXT):
        raise UnfitError(f"unreadable annotations: {path.name} is text, only MIT's format is read")
    rows, notes, whole = _decoded(content)
    remarked, ticks_hz, definitions = _preamble(path.name, rows, notes)
    kept = [a for a, row in enumerate(rows) if row[1] != NOTHING and a not in remarked]
    columns = np.array([rows[a] for a in kept], dtype=np.int64).reshape(-1, len(COLUMNS)).T
    fault = None if whole else f"is cut off after {len(kept)} marks"
    return Marks(
        **dict(zip(COLUMNS, columns, strict=True)),
        aux=tuple(notes.get(a, "") for a in kept),
        ticks_hz=ticks_hz,
        definitions=definitions,
        fault=fault if content else "is empty",
    )


def annotations(
    marks: Marks, name: str, *, frames_hz: Fraction, rate_hz: Fraction, samples: int
) -> tuple[Annotations, list[str]]:
    """Return a recording's annotations at a rate, each beat once, and what is to be said of them.

    Parameters
    ----------
    name
        The file's, for the notes.
    frames_hz
        The header's frames a second.
    rate_hz, samples
        Of the signal; marks beyond it are left out.

    Raises
    ------
    UnfitError
        The file gives a code that it uses a meaning that isn't known.
    """
    symbols, notes = _symbols(marks, name)
    by = rate_hz / (marks.ticks_hz or frames_hz)
    place_A = marks.tick_A
    if by != 1:
        place_A = np.floor(marks.tick_A * float(by) + 0.5).astype(np.int64)
    order_A = np.argsort(place_A, kind="stable")
    placed_marks = Annotations(
        sample_A=place_A[order_A],
        symbol_A=np.array([symbols[code] for code in marks.code_A[order_A].tolist()], np.str_),
        aux_A=np.array([marks.aux[a] for a in order_A.tolist()], dtype=np.str_),
        subtype_A=marks.subtype_A[order_A],
        channel_A=marks.channel_A[order_A],
        number_A=marks.number_A[order_A],
    )
    if marks.fault:
        notes.append(f"annotations not whole: {name} {marks.fault}")
    inside_A = (placed_marks.sample_A >= 0) & (placed_marks.sample_A < samples)
    if not inside_A.all():
        notes.append(f"marks beyond the signal: {int((~inside_A).sum())} of {name} left out")
    placed_marks, again = one_mark_a_beat(placed_marks.taken(inside_A), rate_hz)
    if again:
        notes.append(f"beats marked more than once: {again} further marks of {name} left out")
    return placed_marks, notes


def one_mark_a_beat(marks: Annotations, rate_hz: Fraction) -> tuple[Annotations, int]:
    """Leave out a beat's mark that is another one's again.

    Of several channels, or several annotators that NUM tells apart, the one with the most beats
    keeps its marks, the lower one of two, and others' within 150 ms go; within one, the first of
    two marks within 20 ms stays. The number left out is returned with what is left.
    """
    beat_B = np.flatnonzero(np.isin(marks.symbol_A, list(BEATS)))
    sample_B = marks.sample_A[beat_B]
    whose_B = list(
        zip(marks.channel_A[beat_B].tolist(), marks.number_A[beat_B].tolist(), strict=True)
    )
    counts = Counter(whose_B)
    kept_B = np.zeros(len(beat_B), dtype=np.bool_)
    reach = float(ONE_BEAT_S * rate_hz)
    for whose in sorted(counts, key=lambda whose: (-counts[whose], whose)):
        its_B = np.array([other == whose for other in whose_B], dtype=np.bool_)
        if kept_B.any():
            known_K = np.sort(sample_B[kept_B])
            after_B = np.searchsorted(known_K, sample_B)
            before = np.abs(sample_B - known_K[np.clip(after_B - 1, 0, None)])
            following = np.abs(sample_B - known_K[np.clip(after_B, None, len(known_K) - 1)])
            its_B &= np.minimum(before, following) > reach
        kept_B |= _apart(its_B, sample_B, float(ONE_MARK_S * rate_hz))
    keep_A = np.ones(len(marks.sample_A), dtype=np.bool_)
    keep_A[beat_B] = kept_B
    return marks.taken(keep_A), int((~kept_B).sum())


def _apart(its_B: npt.NDArray[np.bool_], sample_B: Int64, reach: float) -> npt.NDArray[np.bool_]:
    """Return those of some marks, in order of time, that do not follow another one at once."""
    its = np.flatnonzero(its_B)
    if (np.diff(sample_B[its]) > reach).all():
        return its_B
    kept_B = np.zeros_like(its_B)
    last = -np.inf
    for b in its.tolist():
        if sample_B[b] - last > reach:
            kept_B[b], last = True, sample_B[b]
    return kept_B


def _is_aha(content: bytes) -> bool:
    """Return whether a file begins as AHA's do: read as MIT's, it would give wrong times."""
    first = content[:AHA_ROW]
    whole = len(first) == AHA_ROW and first[0] == 0 and first[1] in AHA_LETTERS
    return whole and int.from_bytes(first[6:8], "little") == 1


def _decoded(content: bytes) -> tuple[list[MarkFields], dict[int, str], bool]:
    """Return (time, code, subtype, channel, number) of each mark, notes, and whether it ends."""
    rows: list[MarkFields] = []
    notes: dict[int, str] = {}
    at, tick = 0, 0
    last = len(content) - 1
    while at < last:
        low, high = content[at], content[at + 1]
        at += 2
        code = high >> 2
        if code == 0 and low == 0 and high == 0:
            return rows, notes, True
        if code == SKIP:
            skipped = content[at : at + 4]
            if len(skipped) < 4:
                break
            # the high half comes first, each half with its low byte first
            tick += int.from_bytes(skipped[2:] + skipped[:2], "little", signed=True)
            at += 4
        elif code == AUX:
            if at + low > len(content):
                break
            if rows:
                notes[len(rows) - 1] = _text(content[at : at + low])
            at += low + low % 2
        elif code in (SUB, CHN, NUM):
            if rows:
                time, kind, subtype, channel, number = rows[-1]
                signed = low - 256 if low > 127 else low
                subtype = signed if code == SUB else subtype
                channel = low if code == CHN else channel
                number = signed if code == NUM else number
                rows[-1] = (time, kind, subtype, channel, number)
        else:
            tick += low + ((high & 3) << 8)
            channel, number = rows[-1][3:] if rows else (0, 0)
            rows.append((tick, code, 0, channel, number))
    return rows, notes, False


def _preamble(
    name: str, rows: list[MarkFields], notes: dict[int, str]
) -> tuple[set[int], Fraction | None, dict[int, tuple[str, str]]]:
    """Return which notes at time 0 speak of the file itself, its clock, and codes it defines."""
    remarked: set[int] = set()
    definitions: dict[int, tuple[str, str]] = {}
    ticks_hz, defining = None, False
    for a, row in enumerate(rows):
        note = notes.get(a, "").strip()
        if row[:2] != (0, NOTE):
            break
        if remark := REMARK.match(note):
            remarked.add(a)
            defining = remark[1] == DEFINITIONS
            if stated := RESOLUTION.match(remark[1]):
                ticks_hz = ticks_hz or _ticks_hz(name, stated[1])
        elif defining and note:
            remarked.add(a)
            match = re.fullmatch(r"([0-9]{1,2})\s+(\S+)\s*(.*)", note)
            if not match:
                raise UnfitError(f"unreadable annotations: {name} defines {note[:40]!r}")
            definitions[int(match[1])] = (match[2], match[3])
    return remarked, ticks_hz, definitions


def _text(aux: bytes) -> str:
    try:
        return aux.decode("utf-8").rstrip("\0")
    except UnicodeDecodeError:
        return aux.decode("latin-1").rstrip("\0")


def _ticks_hz(name: str, stated: str) -> Fraction:
    # As a float first: an exact fraction of an absurd exponent takes minutes.
    if not 1e-3 <= float(stated) <= HIGHEST_TICKS_HZ:
        raise UnfitError(f"unreadable annotations: {name} counts at {stated[:40]} Hz")
    return Fraction(stated)


def _symbols(marks: Marks, name: str) -> tuple[dict[int, str], list[str]]:
    """Return the standard symbol of each code that the file uses, and what was made of its own."""
    symbols: dict[int, str] = {}
    taken, unknown = [], []
    for code, count in sorted(Counter(marks.code_A.tolist()).items()):
        standard = SYMBOLS.get(code, f"[{code}]")
        if code not in marks.definitions:
            symbols[code] = standard
            if code not in SYMBOLS:
                unknown.append(f"{code} ({count})")
            continue
        mnemonic, description = marks.definitions[code]
        own = f"{code} {mnemonic} {description}".strip()
        symbol = meaning(code, mnemonic, description)
        if symbol is None and (code in SYMBOLS or mnemonic in SYMBOLS.values()):
            raise UnfitError(f"annotation code of unknown meaning: {name} defines {own!r}")
        if symbol is None:
            unknown.append(f"{own} ({count})")
        elif symbol != standard:
            taken.append(f"{own} as {symbol} ({count})")
        symbols[code] = symbol or mnemonic or standard
    notes = []
    if taken:
        notes.append(f"codes that {name} defines: {', '.join(taken)}")
    if unknown:
        notes.append(f"codes without a standard meaning: {', '.join(unknown)} in {name}")
    return symbols, notes

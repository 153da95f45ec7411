"""Two readings of one header, the definition's and wfdb's: where they contradict, none is taken.

wfdb's grammar is narrower than the format's definition: what it has no form for (an exponent in a
rate, a unit in Greek letters, a dot in a file's name) it passes over or refuses, and then the
definition's reading stands alone. A header in forms that both know must read the same.

Source: https://physionet.org/physiotools/wag/header-5.htm.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import wfdb

from cardiograft.physionet.headers import Header, UnfitError, header_file, read_text, split_lines

DECIMAL = r"-?\d+(?:\.\d+)?"
RECORD_LINE = re.compile(
    rf"[-\w]+(?:/\d+)?\s+\d+"
    rf"(?:\s+\d+(?:\.\d+)?(?:/{DECIMAL}(?:\({DECIMAL}\))?)?(?:\s+\d+(?:\s.*)?)?)?",
    re.ASCII,
)
SIGNAL_LINE = re.compile(
    r"~?[-\w]*(?:\.\w+)?\s+\d+(?:x\d+)?(?::\d+)?(?:\+\d+)?"
    rf"(?:\s+{DECIMAL}(?:e[+-]?\d+)?(?:\(-?\d+\))?(?:/[\w^%/-]+)?(?:\s+-?\d+){{0,5}}(?:\s.*)?)?",
    re.ASCII,
)
SEGMENT_LINE = re.compile(r"(?:[-\w]+|~)\s+\d+\s*", re.ASCII)

SAME_RATE = 1e-6  # half a second in a week


def check_agreement(root: Path, record: str, header: Header) -> None:
    """Compare a header's reading with wfdb's, where wfdb knows its forms.

    Raises
    ------
    UnfitError
        They differ in what a signal is made of; the message has both readings.
    """
    kept, _ = split_lines(read_text(root / header_file(root, record)))
    inner = SEGMENT_LINE if header.parts else SIGNAL_LINE
    plain = RECORD_LINE.fullmatch(kept[0]) and all(inner.fullmatch(line) for line in kept[1:])
    if not plain or header.surplus:
        return
    try:
        theirs = wfdb.rdheader(str(root / record))
        differing = next(_differences(header, theirs), None)
    except Exception:  # wfdb lets through whatever its parser trips over: a date in odd form
        return
    if differing:
        what, ours, other = differing
        raise UnfitError(f"two readings of its header: {what} is {ours}, by wfdb {other}")


def _differences(header: Header, theirs: Any) -> Iterator[tuple[str, Any, Any]]:
    pairs: list[tuple[str, Any, Any]] = [
        ("the rate", float(header.rate_hz), float(theirs.fs)),
        ("the number of signals", header.channels, theirs.n_sig),
        ("the number of samples", header.samples or 0, theirs.sig_len or 0),
    ]
    if header.parts:
        ours = [(Path(part.name).name if part.name else "~", part.samples) for part in header.parts]
        pairs.append(
            ("the segments", ours, list(zip(theirs.seg_name, theirs.seg_len, strict=True)))
        )
        if not theirs.sig_len:  # left open, it is the segments' sum
            del pairs[2]
    for i, line in enumerate(header.lines):
        if line.null or line.fault:
            continue
        name = f"of signal {i} the"
        pairs += [
            (f"{name} file", Path(line.file).name, theirs.file_name[i]),
            (f"{name} format", line.format, theirs.fmt[i]),
            (f"{name} number of samples a frame", line.per_frame, theirs.samps_per_frame[i]),
            (f"{name} offset in the file", line.start, theirs.byte_offset[i] or 0),
            (f"{name} skew", line.skew, theirs.skew[i] or 0),
            (f"{name} gain", line.gain, theirs.adc_gain[i]),
            (f"{name} baseline", line.baseline, theirs.baseline[i] or 0),
            (f"{name} unit", line.units, theirs.units[i]),
        ]
    if math.isclose(pairs[0][1], pairs[0][2], rel_tol=SAME_RATE):  # wfdb rounds to whole hertz
        del pairs[0]
    return (pair for pair in pairs if pair[1] != pair[2])

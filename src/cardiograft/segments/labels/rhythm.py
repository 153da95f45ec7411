"""The rhythm in force, from rhythm-change annotations (``+`` with a note such as ``(AFIB``).

A note of a closing bracket alone ends a rhythm without another (icentia11k).
"""

import numpy as np

from cardiograft.records import Record
from cardiograft.segments.cutting import Labels

KIND = "span"


def label(record: Record) -> Labels:
    """Return the rhythms that annotations open, without the bracket: ``N``, ``AFIB`` ...

    Source
    ------
    https://archive.physionet.org/physiobank/annotations.shtml
    """
    marks = zip(
        record.annotations.symbol_A.tolist(), record.annotations.aux_A.tolist(), strict=True
    )
    rhythm_A = [_opened(note) if code == "+" else None for code, note in marks]
    return Labels(mark_A=np.array(rhythm_A, dtype=object), spans=True)


def _opened(note: str) -> str | None:
    if note.strip() == ")":
        return ""
    return note[1:].strip() if note.startswith("(") else None

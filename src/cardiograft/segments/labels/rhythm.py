"""The rhythm in force, from rhythm-change annotations (``+`` with a note such as ``(AFIB``)."""

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
    rhythm_A = [
        note[1:].strip() if code == "+" and note.startswith("(") else None for code, note in marks
    ]
    return Labels(mark_A=np.array(rhythm_A, dtype=object), spans=True)

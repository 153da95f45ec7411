"""The class of the span that holds a segment, from one's own table (docs/own-recordings.md)."""

from cardiograft.records import LABEL, Record
from cardiograft.segments.cutting import Labels

KIND = "span"


def label(record: Record) -> Labels:
    """Return the classes that the table's spans open, and where no span is.

    Source
    ------
    Column ``label`` of the entry's own table; a row without times is of the whole recording.
    """
    marks = record.annotations
    own_A = marks.symbol_A == LABEL
    if not own_A.any():
        return Labels(unusable="no label in its table")
    class_A = marks.aux_A.astype(object)
    class_A[~own_A] = None
    return Labels(mark_A=class_A, spans=True)

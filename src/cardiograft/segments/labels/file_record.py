"""The class of a recording, from a table of one's own (docs/own-recordings.md)."""

from cardiograft.records import LABEL, Record
from cardiograft.segments.cutting import Labels

KIND = "record"


def label(record: Record) -> Labels:
    """Return the class that the table gives the recording; spans of it leave it out.

    Source
    ------
    Column ``label`` of the entry's own table.
    """
    own = record.annotations.taken(record.annotations.symbol_A == LABEL)
    if not len(own.sample_A):
        return Labels(unusable="no label in its table")
    if len(own.sample_A) > 1 or own.sample_A[0] > 0:
        return Labels(unusable="its labels are of spans, not of the whole: label 'file_span'")
    return Labels(whole=str(own.aux_A[0]))

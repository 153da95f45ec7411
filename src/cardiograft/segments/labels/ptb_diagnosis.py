"""Healthy or myocardial infarction, from the free text of a PTB header."""

from cardiograft.records import Record
from cardiograft.segments.cutting import Labels

KIND = "record"

REASON = "reason for admission:"
CLASSES = {"healthy control": "healthy", "myocardial infarction": "mi"}


def label(record: Record) -> Labels:
    """Return ``healthy`` or ``mi`` for a recording; any other diagnosis leaves it out.

    Source
    ------
    The line ``Reason for admission`` of ptbdb 1.0.0's headers, doi:10.13026/C28C71.
    """
    for comment in record.comments:
        line = " ".join(comment.lower().split())
        if line.startswith(REASON):
            reason = line.removeprefix(REASON).strip()
            if reason in CLASSES:
                return Labels(whole=CLASSES[reason])
            return Labels(unusable=f"admitted for {reason or 'no stated reason'}")
    return Labels(unusable="no reason for admission in its header")

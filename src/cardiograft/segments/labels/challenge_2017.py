"""Normal, atrial fibrillation, other rhythm or noise, as the Challenge of 2017 labels it."""

from typing import Literal

from cardiograft.records import Record
from cardiograft.segments.cutting import Labels

KIND = "record"

CLASSES = "NAO~"
QUALITY = ("high", "low")


def label(
    record: Record,
    *,
    version: Literal["v0", "v2", "v3"] = "v3",
    classes: Literal["rhythm", "quality"] = "rhythm",
    rhythm: Literal["all", "N", "A", "O"] = "all",
) -> Labels:
    """Return ``N``, ``A``, ``O`` or ``~`` (too noisy) for a recording.

    Parameters
    ----------
    version
        Of the labels, which were corrected after the Challenge had begun: results name it.
    classes
        ``rhythm``: those four; ``quality``: ``low`` for ``~``, ``high`` for the others.
    rhythm
        Recordings of others are left out: whether a model takes fibrillation for noise shows in
        those of ``A`` alone.

    Source
    ------
    REFERENCE-v0.csv, -v2 and -v3 of challenge-2017 1.0.0; Clifford et al., Comput Cardiol 2017,
    doi:10.22489/CinC.2017.065-469.
    """
    begins = f"label {version}:"
    for comment in record.comments:
        if comment.startswith(begins):
            own_label = comment.removeprefix(begins).strip()
            if rhythm not in ("all", own_label):
                return Labels(unusable=f"not of rhythm {rhythm}")
            if own_label in CLASSES and len(own_label) == 1:
                return Labels(whole=own_label if classes == "rhythm" else QUALITY[own_label == "~"])
            return Labels(unusable=f"label {own_label!r} is none of {', '.join(CLASSES)}")
    return Labels(unusable=f"no label {version}")

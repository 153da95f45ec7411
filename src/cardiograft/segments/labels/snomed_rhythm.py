"""The rhythm among the SNOMED CT codes of a header's line ``Dx:``, of eleven or of four groups."""

import re
from typing import Literal

from cardiograft.records import Record
from cardiograft.segments.cutting import Labels
from cardiograft.signals.rhythm_codes import BY_CODE, RHYTHMS

KIND = "record"

CODES, WORD = "dx:", "rhythm:"


def label(
    record: Record,
    *,
    classes: Literal["eleven", "four"] = "eleven",
    several: Literal["left_out", "first"] = "left_out",
) -> Labels:
    """Return a recording's rhythm; codes of other findings don't count.

    Codes stand apart by a comma, a semicolon or a space.

    Parameters
    ----------
    classes
        ``eleven`` rhythms (SB, SR, AFIB, ST, SVT, AF, SA, AT, AVNRT, AVRT, SAAWR), or ``four``
        groups of them: AFIB (with flutter, AF), GSVT (all other tachycardias and SAAWR), SB, SR
        (with SA).
    several
        Whether a recording with several rhythms, after grouping, is left out or takes the first.

    Source
    ------
    Zheng et al., Sci Data 2020;7:48, doi:10.1038/s41597-020-0386-x (rhythms and groups).
    """
    lines = [c for c in record.comments if c.lower().startswith(CODES)]
    if not lines:
        # chapman_ecg has no header, but a word for the rhythm in a spreadsheet.
        words = [c[len(WORD) :].strip() for c in record.comments if c.lower().startswith(WORD)]
        if words:
            return Labels(unusable=f"rhythm {words[0]!r} is none of {', '.join(RHYTHMS)}")
        return Labels(unusable="no line Dx in its header")
    codes = [code for line in lines for code in re.split(r"[,;\s]+", line[len(CODES) :])]
    names = [BY_CODE[code] for code in codes if code in BY_CODE]
    if classes == "four":
        names = [RHYTHMS[name].group for name in names]
    rhythms = list(dict.fromkeys(names))
    if not rhythms:
        return Labels(unusable="none of the rhythms is in its header")
    if len(rhythms) > 1 and several == "left_out":
        return Labels(unusable=f"several rhythms: {' and '.join(sorted(rhythms))}")
    return Labels(whole=rhythms[0])

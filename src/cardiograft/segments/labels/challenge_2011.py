"""Acceptable or unacceptable, as the Challenge of 2011 grades recordings; or lead by lead.

A grade is of twelve leads at once, and one bad lead makes a recording unacceptable: its other
leads may be as good as any. `leads` says what to do with a lead that does not look like its grade.
"""

from typing import Literal

import numpy as np

from cardiograft.records import Record
from cardiograft.segments.cutting import Labels
from cardiograft.signals.quality_indices import plausible, quality_indices

KIND = "record"
OF_LEADS = True

QUALITY = {"acceptable": "high", "unacceptable": "low"}
COMMENT = "quality:"


def label(
    record: Record,
    *,
    leads: Literal["as_graded", "left_out", "judged"] = "as_graded",
    classes: Literal["grades", "quality"] = "grades",
) -> Labels:
    """Return a recording's grade, for the leads that are cut.

    Parameters
    ----------
    leads
        ``as_graded``: each lead has its recording's grade. ``left_out``: a lead that does not
        look like it is left out. ``judged``: in an unacceptable recording, a lead that looks clean
        is ``acceptable``; in an acceptable one, a lead that does not is left out. A lead looks
        clean by the rules of `cardiograft.signals.quality_indices.plausible`, and several leads do
        if each does.

    Source
    ------
    RECORDS-acceptable and RECORDS-unacceptable of challenge-2011 1.0.0; Silva, Moody & Celi, Comput
    Cardiol 2011;38:273-276; the rules are Orphanidou et al.'s, doi:10.1109/JBHI.2014.2338351.
    """
    grades = [c.removeprefix(COMMENT).strip() for c in record.comments if c.startswith(COMMENT)]
    if not grades or grades[-1] not in QUALITY:
        return Labels(unusable="no grade: in neither list")
    grade = grades[-1]
    if leads != "as_graded" and _clean(record) != (grade == "acceptable"):
        if leads == "left_out" or grade == "acceptable":
            seen = "clean" if grade == "unacceptable" else "not clean"
            return Labels(unusable=f"{grade} recording, but {seen} in the leads that are cut")
        grade = "acceptable"
    return Labels(whole=QUALITY[grade] if classes == "quality" else grade)


def _clean(record: Record) -> bool:
    known_CT = np.nan_to_num(record.signal_CT)
    rate_hz = float(record.rate_hz)
    good_C = plausible(quality_indices(known_CT, rate_hz), known_CT.shape[1] / rate_hz)
    return bool(good_C.all())

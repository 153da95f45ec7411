"""High or low quality, by whether two R-peak detectors find the same beats."""

from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from cardiograft.plugins import Duration
from cardiograft.records import Record
from cardiograft.segments.cutting import Labels
from cardiograft.signals.detectors import agreement

KIND = "span"
OF_LEADS = True


def label(
    record: Record,
    *,
    window_s: Duration = 5.0,
    low_below: Annotated[float, Ge(0), Le(1)] = 0.9,
    high_from: Annotated[float, Ge(0), Le(1)] = 0.9,
) -> Labels:
    """Return ``low`` or ``high`` for each window; what lies between has no label.

    Beats are those of this package's detector and of wfdb's XQRS, of the worst of the leads that
    are cut, as the file has them; beats that are at most 150 ms apart are one.

    Parameters
    ----------
    window_s
        From the recording's start on, end to end: as long as the windows that are cut.
    low_below, high_from
        F1 of the two detectors.

    Source
    ------
    Li, Mark & Clifford, Physiol Meas 2008;29:15-32, doi:10.1088/0967-3334/29/1/002; the limit of
    0.9 is Behar et al.'s, IEEE TBME 2013;60:1660-1666, doi:10.1109/TBME.2013.2240452.
    """
    if low_below > high_from:
        return Labels(unusable=f"low below {low_below:g}, but high from {high_from:g}")
    size = round(window_s * record.rate_hz)
    if record.signal_CT.shape[1] < size:
        return Labels(unusable=f"shorter than a window of {window_s:g} s")
    f1_CN = [
        agreement(one_T, record.rate_hz, window_s, mains_hz=record.mains_hz)
        for one_T in np.nan_to_num(record.signal_CT)
    ]
    worst_N = np.min(f1_CN, axis=0)
    class_N = np.where(worst_N < low_below, "low", np.where(worst_N >= high_from, "high", ""))
    # what is left at the end is no window, and has no class
    marks = np.append(class_N, "").astype(object)
    return Labels(mark_A=marks, spans=True, at_A=size * np.arange(len(marks), dtype=np.int64))

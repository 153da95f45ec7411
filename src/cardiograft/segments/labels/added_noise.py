"""High or low quality, by the noise that an entry adds to clean recordings."""

from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from cardiograft.plugins import Names
from cardiograft.records import NOISE, Record
from cardiograft.segments.cutting import Labels
from cardiograft.signals.faults import CLEAN

KIND = "span"
OF_NOISE = True


def label(
    record: Record,
    *,
    low_below_db: Annotated[float, Ge(-60), Le(60)] = 6.0,
    high_from_db: Annotated[float, Ge(-60), Le(60)] = 12.0,
    harmless: Names = ("bw",),
) -> Labels:
    """Return ``low`` or ``high`` for each stretch; what lies between has no label.

    Parameters
    ----------
    low_below_db
        A noise at a ratio below it makes a stretch ``low``; a fault does too.
    high_from_db
        A noise at this ratio or above leaves a stretch ``high``, as no noise does.
    harmless
        Noises that leave a stretch ``high`` at any ratio: R-peaks can be told in an ECG whose
        baseline wanders.

    Source
    ------
    Of ratios at which detectors fail: Moody, Muldrow & Mark, Comput Cardiol 1984;11:381-384.
    """
    marks = record.annotations
    own_A = marks.symbol_A == NOISE
    if low_below_db > high_from_db:
        return Labels(unusable=f"low below {low_below_db:g} dB, but high from {high_from_db:g} dB")
    if not own_A.any():
        return Labels(unusable="no noise was added")
    class_A = np.array(
        [_class(note, low_below_db, high_from_db, harmless) for note in marks.aux_A.tolist()],
        dtype=object,
    )
    class_A[~own_A] = None
    return Labels(mark_A=class_A, spans=True)


def _class(note: str, low_below_db: float, high_from_db: float, harmless: Names) -> str:
    kind, _, ratio_db = note.partition(" ")
    if kind == CLEAN or kind in harmless:
        return "high"
    try:
        level_db = float(ratio_db)
    except ValueError:  # a fault
        return "low"
    if level_db < low_below_db:
        return "low"
    return "high" if level_db >= high_from_db else ""

"""High or low quality, by the noise that an entry adds to clean recordings."""

from typing import Annotated, Literal

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
    ratio: Literal["recording", "stretch"] = "recording",
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
    ratio
        Whose ratio: of the noise's whole ``recording``, as nst has it, or of the piece of it
        that lies on the ``stretch``, as noise comes in bursts.

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
        [
            _class(note, (low_below_db, high_from_db), harmless, own=ratio == "stretch")
            for note in marks.aux_A.tolist()
        ],
        dtype=object,
    )
    class_A[~own_A] = None
    return Labels(mark_A=class_A, spans=True)


def _class(note: str, low_and_high_db: tuple[float, float], harmless: Names, *, own: bool) -> str:
    kind, *ratios = note.split(" ")
    if kind == CLEAN or kind in harmless:
        return "high"
    try:
        level_db = [float(text) for text in ratios][-1 if own else 0]
    except (ValueError, IndexError):  # a fault, or a note that is none of a noise
        return "low"
    low_below_db, high_from_db = low_and_high_db
    if level_db < low_below_db:
        return "low"
    return "high" if level_db >= high_from_db else ""

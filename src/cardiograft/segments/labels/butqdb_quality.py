"""How good an ECG is, stretch by stretch, as the experts of the Brno database see it."""

from typing import Literal

import numpy as np

from cardiograft.records import Record
from cardiograft.segments.cutting import Labels

KIND = "span"

EXPERTS = {"one": 1, "two": 2, "three": 3, "consensus": 4}
LOW = {"qrs": "3", "waves": "23"}  # classes that are of low quality


def label(
    record: Record,
    *,
    by: Literal["consensus", "one", "two", "three"] = "consensus",
    classes: Literal["three", "qrs", "waves"] = "three",
) -> Labels:
    """Return the classes that stretches have.

    Parameters
    ----------
    by
        Whose: of all experts together, or one's.
    classes
        ``three``: ``1`` (all waves can be told), ``2`` (QRS complexes can), ``3`` (not even those).
        ``qrs``: ``high`` where QRS complexes can be told, else ``low``. ``waves``: ``high`` where
        all waves can.

    Source
    ------
    butqdb 1.0.0, doi:10.13026/kah4-0w24.
    """
    marks = record.annotations
    own_A = (marks.symbol_A == '"') & (marks.number_A == EXPERTS[by])
    if not (own_A & (marks.aux_A != "")).any():
        return Labels(unusable="no grades of its quality")
    class_A = np.array([_named(g, classes) for g in marks.aux_A.tolist()], dtype=object)
    class_A[~own_A] = None
    return Labels(mark_A=class_A, spans=True)


def _named(grade: str, classes: str) -> str:
    if not grade or classes == "three":
        return grade
    return "low" if grade in LOW[classes] else "high"

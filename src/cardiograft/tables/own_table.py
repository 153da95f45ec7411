"""A table that a study makes itself: its numbers, and how each column of them is printed.

Formats of a column:

``text``
    Words, as they are.
``run``
    The name of a run, printed as a reader says it.
``count``
    A whole number.
``percent``, ``percent:2``
    A share, as per cent; with so many decimals (one).
``number``, ``number:2``
    With so many decimals (three, and one from 10 on).
``metric``
    As the metric that the row's column ``metric`` names.

Columns ``<column> low`` and ``<column> high`` are the ends of its interval, ``<column> remark``
what stands small below it, ``<column> missing_classes`` the classes that its part lacks; they are
printed with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

ENDS = ("low", "high")
REMARK, MISSING = "remark", "missing_classes"


@dataclass(frozen=True)
class OwnTable:
    """A study's own table.

    Attributes
    ----------
    frame
        Its rows; numbers are numbers, NaN where there is none.
    formats
        Printed column to its format, in order; all other columns are not printed by themselves.
    """

    frame: pd.DataFrame
    formats: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.frame)


def with_interval(
    column: str, value: float, low: float = float("nan"), high: float = float("nan")
) -> dict[str, float]:
    """Return the cells of a value and the ends of its interval."""
    return {column: value, **dict(zip((f"{column} {e}" for e in ENDS), (low, high), strict=True))}

"""Leads by name: one spelling for each lead, whatever a file calls it.

A modified limb lead (``MLII``) is not its standard namesake (``II``), and ``ECG I`` is whatever
its data set says: names that stand for another placement are never merged.
"""

import re
from collections.abc import Sequence

CANONICAL = (
    *("I", "II", "III", "aVR", "aVL", "aVF"),
    *("V1", "V2", "V3", "V4", "V5", "V6", "V7", "V8", "V9"),
    *("V3R", "V4R", "V5R", "V6R"),
    *("MLI", "MLII", "MLIII", "MV2"),
    *("Vx", "Vy", "Vz"),
)
ALIASES = {
    **{name.lower(): name for name in CANONICAL},
    **{f"lead {name.lower()}": name for name in CANONICAL},
    **{"ml1": "MLI", "ml2": "MLII", "ml3": "MLIII"},
    **{"d1": "I", "d2": "II", "d3": "III", "lead 1": "I", "lead 2": "II", "lead 3": "III"},
}


def canonical(name: str) -> str:
    """Return the one spelling of a lead's name; a name that isn't known keeps its own.

    Examples
    --------
    >>> canonical("avr"), canonical("v1 "), canonical("ECG I")
    ('aVR', 'V1', 'ECG I')
    """
    stripped = " ".join(name.split())
    return ALIASES.get(stripped.lower(), stripped)


def index(leads: Sequence[str], wanted: Sequence[str]) -> int | None:
    """Return where the first of `wanted` that a recording has stands in `leads`, else None."""
    have = [canonical(lead) for lead in leads]
    for lead in wanted:
        if canonical(lead) in have:
            return have.index(canonical(lead))
    return None


def places(leads: Sequence[str], name: str) -> list[int]:
    """Return where the leads of one name stand in `leads`: a file's second is ``II (2)``."""
    wanted = canonical(name)
    have = [canonical(lead) for lead in leads]
    if wanted not in have:
        return []
    again = re.compile(rf"{re.escape(wanted)}(?: \(\d+\))?")
    return [place for place, lead in enumerate(have) if again.fullmatch(lead)]

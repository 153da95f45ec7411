"""Choose a recording's leads for an entry: what is asked for, and what of it can be used.

Nothing else of a recording is looked at: a lead that no entry names can't cost one.

Legend: C channels, T samples.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

import numpy as np

from cardiograft.records import Record
from cardiograft.signals import leads, units
from cardiograft.specs.segment import Channels

# ASSUME no lead has values beyond this in any unit: their squares would overflow.
HIGHEST = 1e18


class UnusableError(Exception):
    """A recording has to be left out; the message is the reason that is counted."""


class Taken(NamedTuple):
    """A lead that stands for a channel.

    `source` is the recording, or what of it is `beside` at another rate; `row` the lead's there;
    `unit` that of the shard's channel (``1`` where it is scaled); `factor` brings the lead's values
    to the unit of its data set; `notes` say what was not as usual.
    """

    source: Record
    row: int
    unit: str
    factor: float
    notes: tuple[str, ...]


def stated(text: str, units_by_lead: Mapping[str, str]) -> str | None:
    """Return the unit that a data set states for a lead, or for the first of ``MLII|V5``.

    Parameters
    ----------
    units_by_lead
        The data set's ``UNITS``: the first pattern that the lead's name matches counts.
    """
    name = leads.canonical(text.partition("|")[0])
    matching = (unit for pattern, unit in units_by_lead.items() if fnmatchcase(name, pattern))
    return next(matching, None)


def channel_units(channels: Channels, units_by_lead: Mapping[str, str]) -> tuple[str, ...]:
    """Return the units of a shard's channels, as `choose` converts every recording's leads."""
    if channels.scale != "none":
        return ("1",) * len(channels.leads)
    return tuple(stated(text, units_by_lead) or "" for text in channels.leads)


def choose(
    record: Record, channels: Channels, units_by_lead: Mapping[str, str], most_missing: float
) -> list[Taken]:
    """Choose a lead for each channel: of those asked for, the first that can be used.

    A lead can't be used that has more than a share `most_missing` of missing samples, or nothing
    else, that never changes, or whose unit can't become the data set's: scaling leaves no unit,
    but would hide that a pressure stood where an ECG was asked for. A unit that the entry accepts
    by name is used as it is, and noted.

    Raises
    ------
    UnusableError
        A channel has no lead, or none that can be used.
    """
    limits = _Limits(channels.scale, units_by_lead, most_missing, channels.accept_units)
    return [_take(record, text, limits) for text in channels.leads]


class _Limits(NamedTuple):
    scale: str
    units_by_lead: Mapping[str, str]
    most_missing: float
    accepted: tuple[str, ...]


def _take(record: Record, text: str, limits: _Limits) -> Taken:
    unit = stated(text, limits.units_by_lead)
    passed: list[str] = []
    for name in text.split("|"):
        places = _places(record, name)
        for number, (source, row) in enumerate(places, start=1):
            try:
                _check_signal(source, row, limits.most_missing)
                factor, notes = _conversion(source, row, unit, limits.accepted)
            except UnusableError as error:
                passed.append(str(error))
                continue
            if passed:
                notes.append(f"lead passed over: {', '.join(dict.fromkeys(passed))}")
            if len(places) > 1:
                notes.append(
                    f"leads of one name: of {len(places)} {leads.canonical(name)},"
                    f" number {number} taken"
                )
            kept = unit or "" if limits.scale == "none" else "1"
            return Taken(source, row, kept, factor, tuple(notes))
    raise UnusableError(", ".join(dict.fromkeys(passed)) or f"no lead {text}")


def _places(record: Record, name: str) -> list[tuple[Record, int]]:
    sources = (record, *record.beside)
    return [(source, row) for source in sources for row in leads.places(source.leads, name)]


def _check_signal(source: Record, row: int, most_missing: float) -> None:
    lead, source_T = source.leads[row], source.signal_CT[row]
    if not source_T.size:
        raise UnusableError("no samples")
    missing = float(np.mean(~np.isfinite(source_T)))
    if missing == 1:
        raise UnusableError(f"{lead} is missing throughout")
    if missing > most_missing:
        raise UnusableError(f"{lead} is missing for over {most_missing:.0%}")
    low, high = np.fmin.reduce(source_T), np.fmax.reduce(source_T)  # which pass over NaN
    if source_T.size > 1 and low == high:
        raise UnusableError(f"{lead} never changes")
    if max(-low, high) > HIGHEST and np.isfinite([low, high]).all():
        raise UnusableError(f"{lead} has values beyond {HIGHEST:g}")


def _conversion(
    source: Record, row: int, unit: str | None, accepted: tuple[str, ...]
) -> tuple[float, list[str]]:
    """Return the factor from a lead's unit to the data set's, and what to say about it."""
    lead, have = source.leads[row], source.units[row]
    try:
        if unit is None:
            raise ValueError(f"no unit is stated for it, its own is {have!r}")
        return units.factor(have, unit), []
    except ValueError as error:
        if have not in accepted:
            raise UnusableError(f"{lead}: {error}") from error
        return 1.0, [f"unit accepted by name: {lead}: {error}"]

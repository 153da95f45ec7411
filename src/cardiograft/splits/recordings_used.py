"""What a part of a split, or a training, used of whole recordings, to be compared by rhythm."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cardiograft.segments import rhythms
from cardiograft.signals.rhythm import during
from cardiograft.specs.split import Split
from cardiograft.splits.people import Group, persons
from cardiograft.splits.recordings import RUN, Side

EXAMPLES = 10


def by_time(spec: Split) -> bool:
    """Whether a split means a recording to be in several parts, at different times.

    So may then one be that has two names: only the times in use are compared.
    """
    calibrated = spec.calibration is not None and spec.calibration.seconds > 0
    return spec.scheme == "time" or calibrated


def side(
    known: pa.Table, used: pa.Table, people: Sequence[Group], *, timely: bool
) -> tuple[Side, list[str]]:
    """Return the recordings that are used, to be compared, and the names of their leads' rows.

    Parameters
    ----------
    used
        The segments: ``record``, and ``start`` and ``stop`` in seconds of it.
    timely
        Only the beats of those seconds.
    """
    some = known.filter(pc.is_in(known["record"], used["record"].unique()))
    whose, names = persons(some["subject"], people).to_pylist(), some["record"].to_pylist()
    rhythm_R = rhythms.rhythms(some)
    if timely:
        spans = used.select(["record", "start", "stop"]).sort_by("record")
        record_N = np.asarray(spans["record"].to_pylist(), dtype=str)
        start_N, stop_N = (spans[name].to_numpy() for name in ("start", "stop"))
        first_R, last_R = (np.searchsorted(record_N, names, side=end) for end in ("left", "right"))
        rhythm_R = [
            during(one, start_N[first:last], stop_N[first:last])
            for one, first, last in zip(rhythm_R, first_R, last_R, strict=True)
        ]
    return Side(rhythm_R, whose, names), names


def with_rhythm(known: pa.Table, records: pa.Array) -> int:
    """Return how many of some recordings have beats enough to be known by them."""
    return int(pc.sum(pc.is_in(records, of_rhythm(known))).as_py() or 0)


def without_rhythm(known: pa.Table) -> dict[str, Any]:
    """Return how many recordings have too few beats to be known by them, and the first few."""
    names = known["record"].unique()
    few = names.filter(pc.invert(pc.is_in(names, of_rhythm(known))))
    return {
        "recordings": len(few),
        "of": len(names),
        "examples": few.to_pylist()[:EXAMPLES],
    }


def of_rhythm(known: pa.Table) -> pa.Array:
    """Return the recordings that have beats enough, in one of their leads, to be known by them."""
    rows = known.filter(pc.greater(pc.list_value_length(known["beat"]), RUN))
    return rows["record"].unique()

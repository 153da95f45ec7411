"""Training segments of synthetic atrial fibrillation, made from the training recordings.

What the cut `beats` made of a recording is put together anew by
`cardiograft.signals.synthetic_rhythms.fibrillation`, lead by lead with the same draws, and cut
again: the windows show their new neighbours, the median beat and the R-R columns are those of the
stretch. A network that is trained on them learns that irregular intervals without P waves make no
supraventricular ectopy.

Legend: B beats, L leads, C channels, T samples.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiograft.records import Float64, Int64
from cardiograft.segments.recordings import number, recordings
from cardiograft.segments.shard_format import Meta
from cardiograft.signals import rr_intervals, synthetic_rhythms
from cardiograft.signals.beats import Geometry, Sequence, sequence, usual_height

COLUMNS = ("dataset", "record", "start", "signal", "label", "rr_before", "rr_after")
USUAL, KEPT = "N", ("N", "V")
STRETCHES, BEATS, EDGE = 4, 150, 2  # of a recording; of a stretch; at its ends, left out
Columns = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How the cut `beats` laid out the channels of shards.

    Attributes
    ----------
    geometry
    leads
        The first channels.
    median
        Their median beats follow.
    difference
        What the beats less a median one, which come last, were made with.
    """

    geometry: Geometry
    leads: int
    median: bool
    difference: str

    def channels(self, lead_BLT: Float64, before_B: Float64) -> npt.NDArray[np.float32]:
        """Return a stretch's leads with what the cut would put beside them."""
        channels = [lead_BLT]
        if self.median:
            channels.append(np.broadcast_to(np.median(lead_BLT, axis=0), lead_BLT.shape))
        if self.difference != "none":
            late_B = rr_intervals.late(before_B) if self.difference == "late" else slice(None)
            channels.append(lead_BLT - np.median(lead_BLT[late_B], axis=0))
        return np.concatenate(channels, axis=1).astype(np.float32)


def layout(meta: Meta) -> Layout:
    """Return how shards were cut.

    Raises
    ------
    ValueError
        Not by `beats`, or scaled, or with neighbours.
    """
    cut, signal = meta.spec.get("cut", {}), meta.spec.get("signal", {})
    options = cut.get("options", {})
    given = {"cut": cut.get("name"), "scale": signal.get("scale")}
    given["neighbours"] = options.get("neighbours")
    needed = {"cut": "beats", "scale": "none", "neighbours": 0}
    for key, value in needed.items():
        if given[key] != value:
            raise ValueError(
                f"fibrillation needs segments with {key} {value!r}, not {given[key]!r}"
            )
    return Layout(
        geometry=Geometry(
            rate_hz=meta.rate_hz,
            peak=round(options["before_s"] * meta.rate_hz),
            samples=meta.samples,
        ),
        leads=len(signal["leads"]),
        median=options["median_beat"],
        difference=options["difference"],
    )


def rows(columns: Columns, of: Layout) -> dict[str, npt.NDArray[Any]]:
    """Return ``signal``, ``label`` and the R-R columns of synthetic beats.

    Parameters
    ----------
    columns
        `COLUMNS` of the training part.

    Raises
    ------
    ValueError
        No recording has enough beats of the classes that stay.
    """
    made = [
        stretch
        for row_B in recordings(columns)
        for draw in range(STRETCHES)
        if (stretch := _stretch(columns, row_B, of, draw)) is not None
    ]
    if not made:
        raise ValueError(
            f"fibrillation: no training recording has {synthetic_rhythms.ENOUGH_N} beats of"
            f" {' or '.join(KEPT)}"
        )
    return {name: np.concatenate([one[name] for one in made]) for name in made[0]}


def _stretch(
    columns: Columns, row_B: Int64, of: Layout, draw: int
) -> dict[str, npt.NDArray[Any]] | None:
    """Return one stretch of a recording, None where it has too few beats."""
    label_B = columns["label"][row_B].astype(str)
    names, code_B = np.unique(label_B, return_inverse=True)
    kept = tuple(np.flatnonzero(np.isin(names, KEPT)).tolist())
    usual = names.tolist().index(USUAL) if USUAL in names else -1
    seed = [draw, number(columns, row_B[0])]
    leads, signals = [], []
    for lead in range(of.leads):
        beats = sequence(
            columns["signal"][row_B, lead],
            before_B=columns["rr_before"][row_B],
            after_B=columns["rr_after"][row_B],
            target_B=code_B,
            geometry=of.geometry,
        )
        # the same draws for each lead: what is drawn never depends on the signal
        generator = np.random.default_rng(seed)
        made = synthetic_rhythms.fibrillation(
            beats, generator, kept=kept, usual=usual, length=BEATS
        )
        if made is None:
            return None
        leads.append(made)
        signals.append(made.signal_BT * _height(columns["signal"][row_B, lead], of))
    return _columns(leads[0], np.stack(signals, axis=1), names, of)


def _height(signal_BT: npt.NDArray[np.float32], of: Layout) -> float:
    return usual_height(signal_BT.astype(float), of.geometry) or 1.0


def _columns(
    stretch: Sequence, lead_BLT: Float64, names: npt.NDArray[np.str_], of: Layout
) -> dict[str, npt.NDArray[Any]]:
    # windows at the ends hang over the stretch
    inner = slice(EDGE, len(lead_BLT) - EDGE)
    interval_columns = rr_intervals.columns(stretch.before_B[1:])
    return {
        "signal": of.channels(lead_BLT, stretch.before_B)[inner],
        "label": names[stretch.target_B].astype(object)[inner],
        **{name: column_B[inner].astype(np.float32) for name, column_B in interval_columns.items()},
    }

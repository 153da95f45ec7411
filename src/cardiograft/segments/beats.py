"""The beats of a prepared recording: where, with which labels and R-R intervals.

Legend: A annotations, B beats, C channels, T samples.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cardiograft.records import BEATS, Annotations, Float32, Int64
from cardiograft.segments.cutting import Labels, Names, Prepared, spans
from cardiograft.signals import rr_intervals
from cardiograft.signals.peaks import r_peaks


@dataclass(frozen=True, kw_only=True)
class Beats:
    """R-peaks of one recording, each at a place of its own.

    Attributes
    ----------
    sample_B : int64
        At the rate of the shards.
    start_B : int64
        In the file, at the source rate.
    label_B : object
        Strings or None.
    rr_B : float64, shape (B - 1,)
        Seconds between neighbours, from the positions in the file.
    """

    sample_B: Int64
    start_B: Int64
    label_B: Names
    rr_B: npt.NDArray[np.float64]

    def features(self, keep_N: Int64) -> dict[str, Float32]:
        """Return the R-R features of some beats (`rr_intervals.columns`)."""
        column_by_name = rr_intervals.columns(self.rr_B)
        return {
            name: column_B[keep_N].astype(np.float32) for name, column_B in column_by_name.items()
        }


def beats(prepared: Prepared, peaks: Literal["annotations", "detected"]) -> Beats:
    """Return a recording's R-peaks, by its annotations or detected in its first channel.

    Raises
    ------
    ValueError
        Labels of annotated beats are requested for beats that are detected.
    """
    if peaks == "detected":
        sample_B = r_peaks(prepared.signal_CT[0], prepared.rate_hz, mains_hz=prepared.mains_hz)
        start_B, mark_B = prepared.at_source(sample_B), None
    else:
        mark_B = _beat_marks(prepared.annotations)
        sample_B = prepared.sample_A[mark_B]
        start_B = prepared.annotations.sample_A[mark_B] + prepared.offset
    return Beats(
        sample_B=sample_B,
        start_B=start_B,
        label_B=_beat_labels(prepared, sample_B, mark_B),
        rr_B=np.diff(start_B) / float(prepared.source_rate_hz),
    )


def _beat_marks(annotations: Annotations) -> Int64:
    mark_B = np.flatnonzero(np.isin(annotations.symbol_A, list(BEATS)))
    # two marks on one sample are one beat: the first counts
    return mark_B[np.unique(annotations.sample_A[mark_B], return_index=True)[1]]


def _beat_labels(prepared: Prepared, sample_B: Int64, mark_B: Int64 | None) -> Names:
    labels = prepared.labels or Labels()
    if labels.mark_A is None or labels.spans:
        return spans(prepared, sample_B, sample_B + 1)
    if mark_B is None:
        raise ValueError(f"{prepared.name}: labels of annotated beats need peaks 'annotations'")
    return np.asarray(labels.mark_A[mark_B], dtype=object)

"""Consecutive beats of one recording: a window around each, and the R-R intervals between.

Legend: B beats, T samples of a window.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cardiograft.records import Float64, Int64


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """Where the R-peak lies in a window.

    Attributes
    ----------
    rate_hz
    peak
        Index of the R-peak.
    samples
        Of the window.
    """

    rate_hz: float
    peak: int
    samples: int

    @classmethod
    def of(cls, samples: int, *, before_s: float, after_s: float) -> "Geometry":
        """Return the geometry of windows that the cut `beats` made with the same two options."""
        rate_hz = samples / (before_s + after_s)
        return cls(rate_hz=rate_hz, peak=round(before_s * rate_hz), samples=samples)

    def span(self, start_s: float, stop_s: float) -> slice:
        """Return the samples from `start_s` to `stop_s`, relative to the R-peak.

        Raises
        ------
        ValueError
            The window does not hold two samples of them.
        """
        start = max(0, self.peak + round(start_s * self.rate_hz))
        stop = min(self.samples, self.peak + round(stop_s * self.rate_hz))
        if stop - start < 2:
            raise ValueError(
                f"windows of {self.samples} samples at {self.rate_hz:g} Hz do not hold"
                f" {start_s:g} to {stop_s:g} s from the R-peak"
            )
        return slice(start, stop)


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """Beats in the order of time.

    Attributes
    ----------
    signal_BT : float64
        One lead, in units of the usual height of its QRS complex.
    before_B, after_B : float64
        R-R intervals in seconds.
    target_B : int64
        Classes, or anything where they are not known.
    geometry : Geometry
    """

    signal_BT: Float64
    before_B: Float64
    after_B: Float64
    target_B: Int64
    geometry: Geometry


def usual_height(signal_BT: Float64, geometry: Geometry) -> float:
    """Return the median height of the QRS complexes."""
    return float(np.median(np.ptp(signal_BT[:, geometry.span(-0.1, 0.125)], axis=1)))


def sequence(
    signal_BT: Any, *, before_B: Any, after_B: Any, target_B: Any, geometry: Geometry
) -> Sequence:
    """Return beats with their height made relative and unknown intervals bridged."""
    signal_BT = np.asarray(signal_BT, float)
    height = usual_height(signal_BT, geometry)
    both = [np.asarray(rr_B, float) for rr_B in (before_B, after_B)]
    known = np.concatenate([rr_B[np.isfinite(rr_B)] for rr_B in both])
    # ASSUME one second where a recording has no interval at all
    usual = float(np.median(known)) if len(known) else 1.0
    before_B, after_B = (np.where(np.isfinite(rr_B), rr_B, usual) for rr_B in both)
    return Sequence(
        signal_BT=signal_BT / height if height > 0 else signal_BT,
        before_B=before_B,
        after_B=after_B,
        target_B=np.asarray(target_B, dtype=np.int64),
        geometry=geometry,
    )

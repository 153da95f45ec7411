"""What a recording's rhythm and beats look like, in numbers that no label is needed for.

Statistics of R-R intervals, of beats against their median, of P waves, of what is left when the
beats are taken away, and of noise (`cardiograft.signals.rr_statistics`,
`cardiograft.signals.recording_shape`). None depends on gain or offset, and only ``turned`` on
polarity.

Source: after the feature-based entries of the PhysioNet/CinC Challenge 2017, Clifford et al.,
Comput Cardiol 2017;44, doi:10.22489/CinC.2017.065-469; the features' own sources stand in their
modules.

Legend: S samples of a recording, B beats, F features.
"""

from fractions import Fraction

import numpy as np

from cardiograft.records import Float32, Float64, Int64
from cardiograft.signals import recording_shape, rr_statistics
from cardiograft.signals.peaks import qrs_peaks, r_peaks
from cardiograft.signals.stitching import Stitched

MAINS_HZ = 50  # what is above 35 Hz says nothing of where a peak is, with mains of 60 Hz too
NEAR_S = 0.1  # of two detectors' peaks: they mean the same beat


def features(lead: Stitched, rate_hz: float) -> Float32:
    """Return a recording's features, shape (F,); NaN where it shows too few beats."""
    return np.array(list(named_features(lead, rate_hz).values()), dtype=np.float32)


def named_features(lead: Stitched, rate_hz: float) -> rr_statistics.Features:
    """Return a recording's features by name."""
    signal_S = lead.signal_S
    peak_B = r_peaks(signal_S.astype(np.float32), Fraction(rate_hz), mains_hz=MAINS_HZ)
    other_B = qrs_peaks(signal_S[None], rate_hz)[0]
    feature_by_name = {"beats a second": len(peak_B) * rate_hz / max(len(signal_S), 1)}
    # a second detector: where the two differ, the recording is noisy or its beats are strange
    for name, at_B in (("", peak_B.astype(np.float64)), ("other ", other_B)):
        rr_B = _intervals(lead, at_B) / rate_hz
        feature_by_name |= {
            name + key: value for key, value in rr_statistics.statistics(rr_B).items()
        }
    feature_by_name["detectors agree"] = _agreement(peak_B, other_B, NEAR_S * rate_hz)
    feature_by_name["detectors' beats"] = len(peak_B) / max(len(other_B), 1)
    return feature_by_name | recording_shape.statistics(signal_S, peak_B, rate_hz)


def _intervals(lead: Stitched, at_B: Float64) -> Float64:
    """Return the intervals between neighbours that no seam parts, in samples."""
    stretch_B = lead.joined(np.rint(at_B).astype(np.int64))
    return np.asarray(np.diff(at_B)[stretch_B[1:] == stretch_B[:-1]])


def _agreement(peak_B: Int64, other_B: Float64, near: float) -> float:
    if not len(peak_B) or not len(other_B):
        return 0.0
    after_B = np.searchsorted(other_B, peak_B)
    edges = np.concatenate([[-np.inf], other_B, [np.inf]])
    away_B = np.minimum(peak_B - edges[after_B], edges[after_B + 1] - peak_B)
    return float((away_B < near).mean())

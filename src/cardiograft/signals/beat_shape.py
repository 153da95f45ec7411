"""Shape features of a beat, against its own recording: QRS complex, P and T wave.

The beat is laid against three typical ones: the median of all beats, of the beats that do not
come early, and of those after a long interval. The latter two stay sinus beats where most beats
are not. The heights come in units of the recording's usual QRS complex.

Legend: B beats, T samples, W samples of a wave.
"""

import numpy as np
from scipy.ndimage import uniform_filter1d

from cardiograft.records import Float64
from cardiograft.signals.beats import Geometry, Sequence
from cardiograft.signals.rr_intervals import Features, late, logarithm

# seconds from the R-peak
QRS, AROUND_QRS, WIDE_QRS = (-0.1, 0.125), (-0.133, 0.158), (-0.15, 0.2)
P, T, BASELINE = (-0.267, -0.075), (0.15, 0.45), (-0.133, -0.083)
SHIFT_S = 0.033  # by so much two waves may be moved against each other
SMALL = 1e-3
NEIGHBOURS = 31


def shape(beats: Sequence) -> Features:
    """Return features by name, each of shape (B,)."""
    geometry = beats.geometry
    base_B = np.median(beats.signal_BT[:, geometry.span(*BASELINE)], axis=1)
    beat_BT = beats.signal_BT - base_B[:, None]
    features: Features = {}
    for name, usual_T in _typical(beats, beat_BT).items():
        features |= _against(beat_BT, usual_T, geometry, name)
    return (
        features
        | _qrs(beat_BT, geometry)
        | _waves(beat_BT, geometry)
        | _neighbours(beat_BT, geometry)
        | _coherence(beat_BT[:, geometry.span(*P)])
    )


def likeness(features: Features) -> Float64:
    """Return how each QRS complex resembles the recording's median one, -1 to 1."""
    return features["QRS like all"]


def _typical(beats: Sequence, beat_BT: Float64) -> dict[str, Float64]:
    rr_B = logarithm(beats.before_B)
    long_B = rr_B >= np.quantile(rr_B, 0.8)
    return {
        "all": np.median(beat_BT, axis=0),
        "late": np.median(beat_BT[late(beats.before_B)], axis=0),
        "long": np.median(beat_BT[long_B], axis=0),
    }


def _against(beat_BT: Float64, usual_T: Float64, geometry: Geometry, name: str) -> Features:
    lag = max(1, round(SHIFT_S * geometry.rate_hz))
    features = {}
    for wave, span in (("QRS", AROUND_QRS), ("P", P), ("T", T)):
        at = geometry.span(*span)
        features[f"{wave} like {name}"] = _shifted_correlation(beat_BT[:, at], usual_T[at], lag)
    qrs, p = geometry.span(*QRS), geometry.span(*P)
    features[f"QRS unlike {name}"] = _rms(beat_BT[:, qrs] - usual_T[qrs])
    features[f"P unlike {name}"] = _rms(_centred(beat_BT[:, p]) - _centred(usual_T[p]))
    return features


def _qrs(beat_BT: Float64, geometry: Geometry) -> Features:
    qrs_BW = beat_BT[:, geometry.span(*QRS)]
    height_B = np.ptp(qrs_BW, axis=1) + SMALL
    width_B = _width(beat_BT[:, geometry.span(*WIDE_QRS)]) / geometry.rate_hz
    slope_B = np.abs(np.diff(qrs_BW, axis=1)).max(axis=1) / height_B
    return {
        "QRS height": np.log(height_B),
        "QRS highest": qrs_BW.max(axis=1),
        "QRS lowest": qrs_BW.min(axis=1),
        "QRS width": width_B,
        "QRS width - usual": width_B - np.median(width_B),
        "QRS slope": slope_B,
        "QRS slope / usual": np.log((slope_B + 0.01) / (np.median(slope_B) + 0.01)),
        "QRS area": np.abs(qrs_BW).mean(axis=1) / height_B,
    }


def _waves(beat_BT: Float64, geometry: Geometry) -> Features:
    p_BW, t_BW = beat_BT[:, geometry.span(*P)], beat_BT[:, geometry.span(*T)]
    height_B = np.ptp(p_BW, axis=1)
    return {
        "P height": height_B,
        "P peak": p_BW.max(axis=1) - np.median(p_BW, axis=1),
        "P height / usual": np.log((height_B + 0.01) / (np.median(height_B) + 0.01)),
        "T highest": t_BW.max(axis=1),
        "T lowest": t_BW.min(axis=1),
    }


def _neighbours(beat_BT: Float64, geometry: Geometry) -> Features:
    lag = max(1, round(SHIFT_S * geometry.rate_hz))
    features = {}
    for wave, span in (("QRS", AROUND_QRS), ("P", P)):
        wave_BW = beat_BT[:, geometry.span(*span)]
        for name, away in (("before", 1), ("after", -1)):
            other_BW = np.roll(wave_BW, away, axis=0)
            features[f"{wave} like the one {name}"] = _shifted_correlation(wave_BW, other_BW, lag)
    return features


def _coherence(p_BW: Float64) -> Features:
    """Measure how far P windows near by agree: they do in sinus rhythm, not in fibrillation."""
    mean_BW = uniform_filter1d(_unit(p_BW), NEIGHBOURS, axis=0, mode="nearest")
    wave_BW = uniform_filter1d(_centred(p_BW), NEIGHBOURS, axis=0, mode="nearest")
    return {
        "P coherence near": np.linalg.norm(mean_BW, axis=1),
        "P like near": _correlation(p_BW, mean_BW),
        "P height near": np.ptp(wave_BW, axis=1),
    }


def _width(wave_BW: Float64) -> Float64:
    """Return the samples within which all but the first and last tenth of the slope lies."""
    travelled_BW = np.cumsum(np.abs(np.diff(wave_BW, axis=1)), axis=1)
    travelled_BW /= travelled_BW[:, -1:] + 1e-6
    return np.asarray((travelled_BW < 0.9).sum(axis=1) - (travelled_BW < 0.1).sum(axis=1), float)


def _rms(difference_BW: Float64) -> Float64:
    return np.asarray(np.sqrt((difference_BW**2).mean(axis=1)))


def _centred(wave: Float64) -> Float64:
    return np.asarray(wave - wave.mean(axis=-1, keepdims=True))


def _unit(wave: Float64) -> Float64:
    centred = _centred(wave)
    return np.asarray(centred / (np.linalg.norm(centred, axis=-1, keepdims=True) + 1e-6))


def _correlation(one: Float64, other: Float64) -> Float64:
    return np.asarray((_unit(one) * _unit(other)).sum(axis=-1))


def _shifted_correlation(wave_BW: Float64, other: Float64, lag: int) -> Float64:
    """Return the best correlation with the inner part of `other`, (W,) or (B, W)."""
    size = wave_BW.shape[-1]
    inner = other[..., lag : size - lag]
    moved = (wave_BW[:, lag + k : size - lag + k] for k in range(-lag, lag + 1))
    return np.asarray(np.max([_correlation(wave_B, inner) for wave_B in moved], axis=0))

"""Shape statistics of a whole recording: its beats against their median, P waves, what is left.

Every value is a share of the recording's own, or has no unit, so that neither gain nor offset nor
polarity matters: the lead is turned so that the QRS complex of the median beat is largest upwards.

Legend: B beats, T samples of the lead, W samples of a beat, F frequencies.
"""

from fractions import Fraction

import numpy as np
from scipy.signal import sosfiltfilt, welch

from cardiograft.records import Float64, Int64
from cardiograft.signals.filtering import butterworth
from cardiograft.signals.rr_statistics import Features

BEFORE_S, AFTER_S = 0.32, 0.48
BAND_HZ = (0.7, 35.0)
QRS, WIDE_QRS = (-0.06, 0.07), (-0.12, 0.14)
P, PR, T_WAVE = (-0.26, -0.07), (-0.1, -0.05), (0.14, 0.45)
OUTLINE_S = 0.03  # the median beat is averaged down to pieces of this length
UNLIKE = (0.6, 0.8, 0.9)  # a beat whose correlation with the median beat is less
EARLY = 0.88
FEWEST = 3  # beats
SHORTEST_S = 2.0  # what is shorter is made that long, at its own level
# Atrial activity, and the bands that say what else a lead holds.
ATRIAL_HZ = (4.0, 9.0)
BANDS_HZ = ((0.5, 2), (2, 4), (4, 6), (6, 9), (9, 15), (15, 25), (25, 40), (40, 70))
SMALL = 1e-9


def statistics(signal_T: Float64, peak_B: Int64, rate_hz: float) -> Features:
    """Return a recording's statistics by name; NaN where there are too few beats.

    Parameters
    ----------
    signal_T : shape (T,)
        One lead, any unit and offset.
    peak_B : shape (B,)
        Its R-peaks, in samples.
    """
    missing = max(0, round(SHORTEST_S * rate_hz) - len(signal_T))
    level = float(signal_T.mean()) if len(signal_T) else 0.0
    signal_T = np.pad(signal_T, (0, missing), constant_values=level)
    clean_T = _clean(signal_T, rate_hz)
    inside_B = _whole(peak_B, len(clean_T), rate_hz)
    few = len(inside_B) < FEWEST
    used_B = _made_up(len(clean_T), rate_hz) if few else inside_B
    beat_BW = _beats(clean_T, used_B, rate_hz)
    usual_W = np.median(beat_BW, axis=0)
    start, end = (round((BEFORE_S + at) * rate_hz) for at in WIDE_QRS)
    qrs_W = usual_W[start:end]
    upside = 1.0 if qrs_W.max() >= -qrs_W.min() else -1.0
    clean_T, beat_BW, usual_W = clean_T * upside, beat_BW * upside, usual_W * upside
    height = max(float(np.abs(usual_W).max()), SMALL)
    features = {"turned": upside, **_usual(usual_W, rate_hz), **_waves(beat_BW, usual_W, rate_hz)}
    features |= _alike(beat_BW, usual_W, used_B, rate_hz)
    rest_T = _without_beats(clean_T, used_B, usual_W, rate_hz)
    features |= _residual(rest_T, used_B, height, rate_hz)
    whole = _spectrum("lead", signal_T, rate_hz) | _quality(signal_T, clean_T, rate_hz)
    return whole | ({name: float("nan") for name in features} if few else features)


def _clean(signal_T: Float64, rate_hz: float) -> Float64:
    low_hz, high_hz = BAND_HZ
    sections_S6 = butterworth(
        low_hz=low_hz,
        high_hz=min(high_hz, 0.45 * rate_hz),
        order=2,
        rate_hz=Fraction(rate_hz),
        key="recording_shape",
    )
    ends = min(len(signal_T) - 1, round(2 * rate_hz))
    return np.asarray(sosfiltfilt(sections_S6, signal_T - signal_T.mean(), padlen=ends))


def _whole(peak_B: Int64, samples: int, rate_hz: float) -> Int64:
    before, after = round(BEFORE_S * rate_hz), round(AFTER_S * rate_hz)
    return peak_B[(peak_B >= before) & (peak_B + after <= samples)]


def _made_up(samples: int, rate_hz: float) -> Int64:
    """Return places where beats could be: of a lead without, the names alone are used."""
    before, after = round(BEFORE_S * rate_hz), round(AFTER_S * rate_hz)
    return np.linspace(before, max(before, samples - after), FEWEST).astype(np.int64)


def _beats(lead_T: Float64, peak_B: Int64, rate_hz: float) -> Float64:
    at_W = np.arange(-round(BEFORE_S * rate_hz), round(AFTER_S * rate_hz))
    return np.asarray(lead_T[np.clip(peak_B[:, None] + at_W, 0, len(lead_T) - 1)])


def _span(at: tuple[float, float], rate_hz: float) -> slice:
    return slice(round((BEFORE_S + at[0]) * rate_hz), round((BEFORE_S + at[1]) * rate_hz))


def _usual(usual_W: Float64, rate_hz: float) -> Features:
    """Return the outline of the median beat, and widths of its QRS complex."""
    base = float(np.median(usual_W[_span(PR, rate_hz)]))
    beat_W = usual_W - base
    qrs_W = beat_W[_span(WIDE_QRS, rate_hz)]
    height = max(float(np.abs(qrs_W).max()), SMALL)
    pieces = np.array_split(beat_W / height, round((BEFORE_S + AFTER_S) / OUTLINE_S))
    features = {f"outline {k}": float(piece.mean()) for k, piece in enumerate(pieces)}
    for share in (0.2, 0.5):
        features[f"qrs wider than {share:g}"] = float(
            (np.abs(qrs_W) > share * height).sum() / rate_hz
        )
    features["qrs area"] = float(np.abs(qrs_W).sum() / height / rate_hz)
    features["qrs slope"] = float(np.abs(np.diff(qrs_W)).max() / height)
    features["qrs down / up"] = float(-qrs_W.min() / height)
    return features


def _waves(beat_BW: Float64, usual_W: Float64, rate_hz: float) -> Features:
    """Return how large P and T wave are, where they are, and whether each beat has them."""
    features: Features = {}
    height = max(float(np.abs(usual_W[_span(WIDE_QRS, rate_hz)]).max()), SMALL)
    for name, at in (("p", P), ("t", T_WAVE)):
        here = _span(at, rate_hz)
        wave_W = usual_W[here] - _line(usual_W[here])
        each_BW = beat_BW[:, here] - beat_BW[:, here].mean(axis=1, keepdims=True)
        mean_W = each_BW.mean(axis=0)
        each = np.sqrt(np.square(each_BW).mean(axis=1))
        common = float(np.sqrt(np.square(mean_W).mean()))
        alike_B = _correlation(each_BW, usual_W[here])
        features |= {
            f"{name} height": float(np.ptp(wave_W)) / height,
            f"{name} rms": float(np.sqrt(np.square(wave_W).mean())) / height,
            f"{name} up": float(wave_W.max()) / height,
            f"{name} at": float(wave_W.argmax() / rate_hz),
            f"{name} of each": float(np.median(each)) / height,
            f"{name} common / each": common / max(float(np.sqrt(np.square(each).mean())), SMALL),
            f"{name} likeness": float(np.median(alike_B)),
            f"{name} least likeness": float(np.quantile(alike_B, 0.1)),
        }
    features["p / t"] = features["p height"] / max(features["t height"], SMALL)
    return features


def _line(wave_W: Float64) -> Float64:
    return np.linspace(wave_W[0], wave_W[-1], len(wave_W))


def _correlation(beat_BW: Float64, usual_W: Float64) -> Float64:
    beat_BW = beat_BW - beat_BW.mean(axis=1, keepdims=True)
    usual_W = usual_W - usual_W.mean()
    size_B = np.sqrt(np.square(beat_BW).sum(axis=1) * np.square(usual_W).sum())
    return np.asarray((beat_BW @ usual_W) / np.maximum(size_B, SMALL))


def _alike(beat_BW: Float64, usual_W: Float64, peak_B: Int64, rate_hz: float) -> Features:
    """Return how beats differ from the median beat, and whether those that do come early."""
    here, wide = _span(QRS, rate_hz), _span(WIDE_QRS, rate_hz)
    whole_B = _correlation(beat_BW, usual_W)
    qrs_B = _correlation(beat_BW[:, wide], usual_W[wide])
    narrow_B = _correlation(beat_BW[:, here], usual_W[here])
    size_B = np.ptp(beat_BW[:, wide], axis=1) / max(float(np.ptp(usual_W[wide])), SMALL)
    rr_B = np.diff(peak_B) / np.median(np.diff(peak_B))
    early_B = np.concatenate([[False], rr_B < EARLY])
    strange_B = qrs_B < UNLIKE[1]
    features = {
        f"{name} {what}": float(value)
        for name, value_B in (("beat", whole_B), ("qrs", qrs_B), ("narrow qrs", narrow_B))
        for what, value in (
            ("mean", value_B.mean()),
            ("median", np.median(value_B)),
            ("least", value_B.min()),
            ("q0.1", np.quantile(value_B, 0.1)),
            ("q0.25", np.quantile(value_B, 0.25)),
        )
    }
    features |= {f"qrs below {least:g}": float((qrs_B < least).mean()) for least in UNLIKE}
    return features | {
        "size spread": float(size_B.std()),
        "largest": float(size_B.max()),
        "smallest": float(size_B.min()),
        "strange, times": float(strange_B.sum()),
        "early and strange": float((early_B & strange_B).sum()),
        "early and usual": float((early_B & ~strange_B).sum()),
        "strange, not early": float((~early_B & strange_B).sum()),
        "likeness of early": float(qrs_B[early_B].mean()) if early_B.any() else float("nan"),
        "size of early": float(size_B[early_B].mean()) if early_B.any() else float("nan"),
    }


def _without_beats(lead_T: Float64, peak_B: Int64, usual_W: Float64, rate_hz: float) -> Float64:
    """Return what is left when the median beat, at each beat's own size, is taken away."""
    rest_T, before = lead_T.copy(), round(BEFORE_S * rate_hz)
    energy = max(float(np.square(usual_W).sum()), SMALL)
    edge_B = np.concatenate([peak_B - before, [len(lead_T)]])
    for start, following in zip(edge_B[:-1].tolist(), edge_B[1:].tolist(), strict=True):
        first, stop = max(start, 0), min(start + len(usual_W), following, len(lead_T))
        if stop <= first:
            continue
        part_W = usual_W[first - start : stop - start]
        gain = float(lead_T[first:stop] @ part_W) / energy
        rest_T[first:stop] -= min(max(gain, 0.0), 2.0) * part_W
    return rest_T


def _residual(rest_T: Float64, peak_B: Int64, height: float, rate_hz: float) -> Features:
    """Return what the lead holds beside its beats: atrial waves, noise."""
    features = _spectrum("rest", rest_T, rate_hz)
    quiet = np.ones(len(rest_T), dtype=bool)
    for peak in peak_B.tolist():
        quiet[max(0, peak - round(0.1 * rate_hz)) : peak + round(0.12 * rate_hz)] = False
    between_T = np.where(quiet, rest_T, 0.0)
    features |= _spectrum("between", between_T, rate_hz)
    kept = rest_T[quiet] if quiet.any() else rest_T
    return features | {
        "rest / qrs": float(rest_T.std()) / height,
        "between / qrs": float(kept.std()) / height,
        "between, median / qrs": float(np.median(np.abs(kept))) / height,
    }


def _spectrum(name: str, signal_T: Float64, rate_hz: float) -> Features:
    """Return shares of power by band, and how peaked the power of atrial frequencies is."""
    size = min(len(signal_T), round(4 * rate_hz))
    at_F, power_F = welch(signal_T - signal_T.mean(), rate_hz, nperseg=size)
    used_F = (at_F >= BANDS_HZ[0][0]) & (at_F <= BANDS_HZ[-1][1])
    total = max(float(power_F[used_F].sum()), SMALL**2)
    features: Features = {}
    for low, high in BANDS_HZ:
        here = power_F[(at_F >= low) & (at_F < high)]
        features[f"{name} {low:g}-{high:g} Hz"] = float(here.sum()) / total
    here_F = (at_F >= ATRIAL_HZ[0]) & (at_F <= ATRIAL_HZ[1])
    atrial_F, which_F = power_F[here_F], at_F[here_F]
    share_F = atrial_F / max(float(atrial_F.sum()), SMALL**2)
    features[f"{name} atrial peak"] = float(share_F.max())
    features[f"{name} atrial Hz"] = float(which_F[share_F.argmax()])
    features[f"{name} atrial entropy"] = -float((share_F * np.log(share_F + SMALL)).sum())
    features[f"{name} median Hz"] = float(
        at_F[used_F][min(np.searchsorted(np.cumsum(power_F[used_F]), total / 2), used_F.sum() - 1)]
    )
    return features


def _quality(signal_T: Float64, clean_T: Float64, rate_hz: float) -> Features:
    """Return how noise and baseline of a lead behave from second to second."""
    away_T = clean_T - clean_T.mean()
    spread = max(float(away_T.std()), SMALL)
    second = round(rate_hz)
    pieces = away_T[: len(away_T) // second * second].reshape(-1, second)
    each = pieces.std(axis=1) / spread if len(pieces) else np.ones(1)
    top = np.abs(pieces).max(axis=1) / spread if len(pieces) else np.ones(1)
    slow = max(float(signal_T.std()), SMALL)
    return {
        "lead kurtosis": float((away_T**4).mean()) / spread**4,
        "lead skew": float((away_T**3).mean()) / spread**3,
        "band / lead": spread / slow,
        "second, least": float(each.min()),
        "second, most": float(each.max()),
        "second, spread": float(each.std()),
        "second's top, spread": float(top.std() / max(top.mean(), SMALL)),
        "still": float((np.abs(np.diff(signal_T)) < 1e-6 * slow).mean()),
    }

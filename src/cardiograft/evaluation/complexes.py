"""Single heart beats of true and of predicted ECGs: early ones, odd ones, the usual QRS complex.

Beats are where `cardiograft.signals.peaks.qrs_peaks` finds them. A beat is **early** whose interval
to the one before is less than 0.8 of the window's median. It is **odd** whose complex does not
resemble the window's median complex, as those from a ventricle do not.

Legend: N windows, C channels, T samples, A peaks of a window, W samples around a peak.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from cardiograft.evaluation import peak_matching, signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

Bool = npt.NDArray[np.bool_]

# ASSUME of an ectopic beat: it comes a fifth too soon; its complex correlates with the usual one
# by less than .8, whatever 32 ms do to where its peak lies.
EARLY = 0.8
ALIKE = 0.8
SHIFT_S = 0.032
LEAST_BEATS = 4  # of a window, for its usual interval and complex
REACH_MS = 150  # of EC57
QRS_S = 0.12  # to either side of the peak
NORMAL_MAD = 0.6745  # the median of a normal variable's size, in standard deviations
FINER = 8  # times the rate at which durations are read
SHALLOW = 0.1  # of its steepest slope: less is no part of a complex
NOISE_SLOPES = 2.5  # standard deviations of the difference of two samples
LEVEL_S = 0.02  # a notch is shorter, the line between a P wave and the complex is longer


@dataclass(frozen=True, kw_only=True)
class Beats:
    """A window's beats.

    Attributes
    ----------
    at_A
        In samples.
    early_A
        Whether the interval before is short.
    likeness_A
        Correlation with the usual complex; NaN of a beat that an end of the window cuts.
    usual_W
        The median complex; empty where there is none.
    noise
        Standard deviation of its samples, from how the beats differ.
    """

    at_A: Float64
    early_A: Bool
    likeness_A: Float64
    usual_W: Float64
    noise: float


def beats(signal_NCT: Float64, rate_hz: float) -> list[Beats]:
    """Return the beats of each window and channel, N x C of them, window by window."""
    samples = signal_NCT.shape[-1]
    return list(_remembered(np.ascontiguousarray(signal_NCT).tobytes(), samples, rate_hz))


# Six metrics read the same signals one after another, as those of peaks do.
@lru_cache(maxsize=peak_matching.REMEMBERED)
def _remembered(signals: bytes, samples: int, rate_hz: float) -> tuple[Beats, ...]:
    signal_NT = np.frombuffer(signals, dtype=np.float64).reshape(-1, samples)
    peaks = peak_matching.peaks(signal_NT[:, None], rate_hz)
    return tuple(_beats(s_T, at_A, rate_hz) for s_T, at_A in zip(signal_NT, peaks, strict=True))


def _beats(signal_T: Float64, at_A: Float64, rate_hz: float) -> Beats:
    early_A = np.zeros(len(at_A), dtype=bool)
    likeness_A, usual_W, noise = np.full(len(at_A), np.nan), np.zeros(0), 0.0
    if len(at_A) >= LEAST_BEATS:
        interval = np.diff(at_A)
        early_A[1:] = interval < EARLY * np.median(interval)
        reach, shift = round(QRS_S * rate_hz), round(SHIFT_S * rate_hz)
        wide, centre_A = reach + shift, np.round(at_A).astype(int)
        whole_A = (centre_A >= wide) & (centre_A + wide < len(signal_T))
        if whole_A.any():
            around_W = np.arange(-wide, wide + 1)
            wide_AW = signal_T[centre_A[whole_A, None] + around_W]
            complex_AW = wide_AW[:, shift : shift + 2 * reach + 1]
            usual_W = np.median(complex_AW, axis=0)
            noise = _noise(complex_AW - usual_W)
            likeness_A[whole_A] = _likeness(wide_AW, usual_W, shift)
    return Beats(at_A=at_A, early_A=early_A, likeness_A=likeness_A, usual_W=usual_W, noise=noise)


def _noise(apart_AW: Float64) -> float:
    """Return the standard deviation of a median of beats, from what lies apart of it.

    In the middle of the places around a beat: where it is steep, beats differ by where they lie.
    """
    of_one_W = np.median(np.abs(apart_AW), axis=0) / NORMAL_MAD
    return float(np.median(of_one_W) * np.sqrt(np.pi / 2 / len(apart_AW)))


def _likeness(wide_AW: Float64, usual_W: Float64, shift: int) -> Float64:
    usual_W = _unit(usual_W)
    size = len(usual_W)
    moved = [_unit(wide_AW[:, k : k + size]) @ usual_W for k in range(2 * shift + 1)]
    return np.asarray(np.max(moved, axis=0))


def _unit(wave: Float64) -> Float64:
    wave = wave - wave.mean(axis=-1, keepdims=True)
    return np.asarray(wave / (np.linalg.norm(wave, axis=-1, keepdims=True) + 1e-12))


def duration_ms(usual_W: Float64, rate_hz: float, noise: float = 0.0) -> float:
    """Return how long a complex takes: from its steepest places as far as it is steep, either way.

    It ends where its slope stays for `LEVEL_S` below a tenth of the steepest, or below what noise
    does: a P wave is beyond that. Of complexes of 60 to 200 ms with P and T waves it is within a
    seventh, up to noise of a fiftieth of the R wave (``tests/evaluation/test_predicted_beats.py``).

    Parameters
    ----------
    usual_W
        The complex, its peak in the middle.
    noise
        Standard deviation of its samples.

    Returns
    -------
    float
        NaN without a complex, or of one that is not steeper than noise.
    """
    if len(usual_W) < LEAST_BEATS:
        return float("nan")
    place_W = np.arange(len(usual_W))
    fine = np.linspace(0, len(usual_W) - 1, FINER * (len(usual_W) - 1) + 1)
    slope = np.abs(CubicSpline(place_W, usual_W)(fine, 1))
    centre, near = len(fine) // 2, round(2 * SHIFT_S * rate_hz * FINER)
    up = centre - int(slope[centre : max(centre - near, 0) : -1].argmax())
    down = centre + int(slope[centre : centre + near].argmax())
    steepest = max(slope[up], slope[down])
    least = max(SHALLOW * steepest, NOISE_SLOPES * np.sqrt(2) * noise)
    if not steepest > least:
        return float("nan")
    still = max(1, round(LEVEL_S * rate_hz * FINER))
    first = up - _until_level(slope[up::-1] >= least, still)
    last = down + _until_level(slope[down:] >= least, still)
    return float((last - first) / FINER * 1000 / rate_hz)


def _until_level(steep: Bool, still: int) -> int:
    """Return how far steep places go, whose gaps are shorter than `still`."""
    at = np.flatnonzero(np.append(True, steep[1:]))
    gaps = np.flatnonzero(np.diff(at) > still)
    return int(at[gaps[0]] if len(gaps) else at[-1])


def polarity(usual_W: Float64) -> float:
    """Return 1 of a complex that is mostly upright, -1 of one mostly inverted, NaN without one.

    Against the median of its ends, which is the isoelectric line near by.
    """
    edge = max(1, len(usual_W) // 6)
    if len(usual_W) < 2 * edge + 1:
        return float("nan")
    level = np.median(np.concatenate([usual_W[:edge], usual_W[-edge:]]))
    swing_W = usual_W - level
    furthest = swing_W[np.abs(swing_W).argmax()]
    return float(np.sign(furthest)) if furthest else float("nan")


def of_usual(predictions: Predictions) -> Float64:
    """Return duration in ms and polarity of each window's usual complex.

    Returns
    -------
    float64, shape (N, C, 2, 2)
        True and predicted, then duration and polarity; NaN where a window has too few beats.

    Raises
    ------
    ValueError
        The predictions are no finite signals of a known rate.
    """
    rate_hz = signal_errors.rate_hz(predictions)

    def each(signal_NCT: Float64) -> Float64:
        window_beats = beats(signal_NCT, rate_hz)
        read = [
            (duration_ms(b.usual_W, rate_hz, b.noise), polarity(b.usual_W)) for b in window_beats
        ]
        return np.array(read).reshape(*signal_NCT.shape[:2], 2)

    def measured(true_NCT: Float64, predicted_NCT: Float64) -> Float64:
        return np.stack([each(true_NCT), each(predicted_NCT)], axis=2)

    return signal_errors.over_windows(predictions, measured)


# What `of_ectopy` counts of a window, along its last axis.
EARLY_TRUE, EARLY_SHOWN, EARLY_PREDICTED, EARLY_CONFIRMED = range(4)
ODD_TRUE, ODD_SHOWN, ODD_PAINTED_OVER = range(4, 7)


def of_ectopy(predictions: Predictions) -> Float64:
    """Return how many early and odd beats windows have, and what predictions make of them.

    Returns
    -------
    float64, shape (N, C, 7)
        Early true beats; those of them whose predicted beat is early too; early predicted beats;
        those whose true beat is early; odd true beats; those whose predicted beat is odd too;
        others that are the nearest true beat of a usual predicted one, wherever that lies. What is
        left of the odd beats is missing.

    Raises
    ------
    ValueError
        The predictions are no finite signals of a known rate.
    """
    rate_hz = signal_errors.rate_hz(predictions)

    def measured(true_NCT: Float64, predicted_NCT: Float64) -> Float64:
        pairs = zip(beats(true_NCT, rate_hz), beats(predicted_NCT, rate_hz), strict=True)
        counts = [_ectopy(true, predicted, rate_hz) for true, predicted in pairs]
        return np.array(counts, dtype=np.float64).reshape(*true_NCT.shape[:2], 7)

    return signal_errors.over_windows(predictions, measured)


def share_per_subject(predictions: Predictions, top: int, bottom: int) -> Float64:
    """Return each subject's sum of one count of `of_ectopy` over its sum of another, shape (S, D).

    Raises
    ------
    ValueError
        As `of_ectopy`.
    """
    counts_NC7 = of_ectopy(predictions)
    tops, bottoms = counts_NC7[..., top, None], counts_NC7[..., bottom, None]
    return signal_errors.ratios(predictions.subject_N, tops, bottoms)


def _ectopy(true: Beats, predicted: Beats, rate_hz: float) -> list[float]:
    reach = REACH_MS * rate_hz / 1000
    shown = _at_partner(predicted.early_A, true.at_A, predicted.at_A, reach)
    confirmed = _at_partner(true.early_A, predicted.at_A, true.at_A, reach)
    odd_A = true.likeness_A < ALIKE
    odd_shown = odd_A & _at_partner(predicted.likeness_A < ALIKE, true.at_A, predicted.at_A, reach)
    usual_at_A = predicted.at_A[predicted.likeness_A >= ALIKE]
    painted = np.zeros(len(odd_A), dtype=bool)
    if len(usual_at_A) and len(odd_A):
        painted[np.abs(usual_at_A[:, None] - true.at_A).argmin(axis=1)] = True
    return [
        true.early_A.sum(),
        (true.early_A & shown).sum(),
        predicted.early_A.sum(),
        (predicted.early_A & confirmed).sum(),
        odd_A.sum(),
        odd_shown.sum(),
        (odd_A & painted & ~odd_shown).sum(),
    ]


def _at_partner(of_other_A: Bool, at_A: Float64, other_A: Float64, reach: float) -> Bool:
    """Return for each beat what holds of its matched one; False without one."""
    nearest_A, apart_A = peak_matching.partners(at_A, other_A)
    if not len(other_A):
        return np.zeros(len(at_A), dtype=bool)
    return np.asarray((apart_A <= reach) & of_other_A[nearest_A])

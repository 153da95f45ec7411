"""A mean beat placed at every beat, in the scale of the shards: what rhythm alone gives.

Between two beats the line is that of training samples which no beat reaches. Given where the
true R-peaks are, it is the ceiling of a perfect rhythm with a shape that does not depend on the
window; given the subject's own beats from other windows, of a perfect rhythm and a known
person. Without either it finds beats in the input, takes them for R-peaks a constant delay
later, and is a rival to a network.

Legend: N segments, W requested, S subjects, P people of those requested, C channels of the target,
T samples, A peaks of a window, K places in a beat: so many samples before or after its R-peak, and,
last, outside.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from cardiograft.evaluation.baseline_inputs import SignalExamples
from cardiograft.plugins import Duration
from cardiograft.records import Float32, Float64, Int64
from cardiograft.signals.peaks import qrs_peaks, scg_beats

KIND = "signal"
COLUMNS = ("signal",)
ORACLES = {"peaks": "target", "shape": "own"}
# ASSUME the R wave is upward, and its peak within 50 ms of the middle of the QRS complex.
SHARPENED_S = 0.05
# ASSUME the opening of the aortic valve follows its R-peak within 0.3 s.
LONGEST_DELAY_S = 0.3

Peaks = Sequence[Float64]


def predict(
    examples: SignalExamples,
    *,
    peaks: Literal["target", "signal"] = "signal",
    shape: Literal["others", "own"] = "others",
    before_s: Duration = 0.3,
    after_s: Duration = 0.5,
) -> Float32:
    """Return mean beats in a row, shape (W, C, T).

    Parameters
    ----------
    peaks
        ``target``: an oracle, given the true R-peaks of the window that it predicts.
        ``signal``: R-peaks are what `scg_beats` finds in the input, less the delay (median of
        the training subjects' medians; another subject's than the predicted one).
    shape
        ``others``: mean over training subjects, the predicted one left out. ``own``: an oracle,
        given the subject's own windows, the predicted one left out.
    before_s, after_s
        How far a beat reaches from its R-peak; where two overlap, a sample belongs to the one
        whose reach it has used less of.

    Raises
    ------
    ValueError
        There is nobody or nothing else to learn from: one subject, one window.
    """
    samples = examples.target_NCT.shape[-1]
    reach = max(1, round(before_s * examples.rate_hz)), max(1, round(after_s * examples.rate_hz))
    known_N = np.asarray(np.isfinite(examples.target_NCT).all(axis=(1, 2)))
    true = _true_peaks(examples, known_N)
    place_NT = np.stack([places(at_A, samples, reach) for at_A in true])
    total_NCK, count_NK = _sums(examples.target_NCT, place_NT, sum(reach) + 2)
    total_NCK[~known_N], count_NK[~known_N] = 0, 0
    learn = _others if shape == "others" else _own
    beat_WCK = _filled(learn(examples, total_NCK, count_NK))
    if peaks == "signal":
        delayed = _detected_peaks(examples, true)
        place_WT = np.stack([places(at_A, samples, reach) for at_A in delayed])
    else:
        place_WT = place_NT[examples.wanted_N]
    return np.take_along_axis(beat_WCK, place_WT[:, None], axis=2).astype(np.float32)


def places(peak_A: Float64, samples: int, reach: tuple[int, int]) -> Int64:
    """Return each sample's place in its beat, shape (samples,).

    Parameters
    ----------
    peak_A
        Ascending, in samples; rounded.
    reach
        Samples before and after a peak.

    Returns
    -------
    int64
        0 for the first sample before a peak, ``reach[0]`` for the peak, ``sum(reach)`` for the
        last after it, and ``sum(reach) + 1`` for a sample that no beat reaches.
    """
    before, after = reach
    peak_A = np.rint(peak_A)
    if not len(peak_A):
        return np.full(samples, before + after + 1)
    away_TA = np.arange(samples)[:, None] - peak_A
    used_TA = np.where(away_TA < 0, -away_TA / before, away_TA / after)
    beat_T = used_TA.argmin(axis=1)
    own_T = np.arange(samples)
    inside_T = used_TA[own_T, beat_T] <= 1
    place_T = np.where(inside_T, away_TA[own_T, beat_T] + before, before + after + 1)
    return place_T.astype(np.int64)


def _true_peaks(examples: SignalExamples, known_N: npt.NDArray[np.bool_]) -> list[Float64]:
    """Return R-peaks of the first channel of each known target, none of the others."""
    target_NT = examples.target_NCT[:, 0].astype(np.float64)
    peaks = iter(qrs_peaks(target_NT[known_N], examples.rate_hz))
    reach = round(SHARPENED_S * examples.rate_hz)
    return [
        _upward(target_T, next(peaks), reach) if known else np.empty(0)
        for target_T, known in zip(target_NT, known_N, strict=True)
    ]


def _upward(target_T: Float64, peak_A: Float64, reach: int) -> Float64:
    """Return the highest sample near each peak: there mean beats of several people agree best."""
    around_AR = np.rint(peak_A).astype(np.int64)[:, None] + np.arange(-reach, reach + 1)
    around_AR = np.clip(around_AR, 0, len(target_T) - 1)
    best_A = around_AR[np.arange(len(peak_A)), target_T[around_AR].argmax(axis=1)]
    return np.unique(best_A).astype(np.float64)


def _sums(target_NCT: Float32, place_NT: Int64, size: int) -> tuple[Float64, Float64]:
    """Return each window's sum over its samples of each place, and how many they are."""
    windows, channels, _ = target_NCT.shape
    total_NCK, count_NK = np.zeros((windows, channels, size)), np.zeros((windows, size))
    for n, place_T in enumerate(place_NT):
        count_NK[n] = np.bincount(place_T, minlength=size)
        for c, target_T in enumerate(target_NCT[n]):
            total_NCK[n, c] = np.bincount(place_T, weights=target_T, minlength=size)
    return total_NCK, count_NK


def _own(examples: SignalExamples, total_NCK: Float64, count_NK: Float64) -> Float64:
    """Return the mean beat of each subject's other windows; NaN where they have none."""
    subject_N, wanted_N = examples.subject_N, examples.wanted_N
    subject_S, which_N, windows_S = np.unique(subject_N, return_inverse=True, return_counts=True)
    alone = subject_S[windows_S == 1]
    alone = alone[np.isin(alone, subject_N[wanted_N])]
    if len(alone):
        raise ValueError(f"{alone[0]}: shape 'own' needs another window of the same subject")
    total_SCK, count_SK = _grouped(total_NCK, which_N), _grouped(count_NK, which_N)
    row_W = np.flatnonzero(wanted_N)
    rest_WCK = total_SCK[which_N[row_W]] - total_NCK[row_W]
    return _mean(rest_WCK, (count_SK[which_N[row_W]] - count_NK[row_W])[:, None])


def _others(examples: SignalExamples, total_NCK: Float64, count_NK: Float64) -> Float64:
    """Return the mean over training subjects but the predicted one; NaN where none has any."""
    train_N = examples.part_N == "train"
    subject_S, which_N = np.unique(examples.subject_N[train_N], return_inverse=True)
    total_SCK = _grouped(total_NCK[train_N], which_N)
    count_SK = _grouped(count_NK[train_N], which_N)
    beat_SCK = _mean(total_SCK, count_SK[:, None])
    subject_W = examples.subject_N[examples.wanted_N]
    own_P, which_W = np.unique(subject_W, return_inverse=True)
    known_P = np.isin(own_P, subject_S)  # whoever is not is predicted as every other one of them
    mean_PCK = np.empty((len(own_P), *beat_SCK.shape[1:]))
    mean_PCK[~known_P] = _over(beat_SCK)
    for person in np.flatnonzero(known_P).tolist():
        mean_PCK[person] = _over(beat_SCK[_but(subject_S, own_P[person])])
    return np.asarray(mean_PCK[which_W])


def _over(beat_SCK: Float64) -> Float64:
    """Return the mean over subjects, where they have a beat."""
    has = np.isfinite(beat_SCK)
    return _mean(np.where(has, beat_SCK, 0).sum(axis=0), has.sum(axis=0, dtype=np.float64))


def _but(subject_S: npt.NDArray[np.str_], subject: str) -> npt.NDArray[np.bool_]:
    other_S: npt.NDArray[np.bool_] = subject_S != subject
    if not other_S.any():
        raise ValueError(f"{subject}: no other subject is in the training part to learn from")
    return other_S


def _grouped(each_NX: Float64, which_N: Int64) -> Float64:
    sums = np.zeros((int(which_N.max()) + 1, *each_NX.shape[1:]))
    np.add.at(sums, which_N, each_NX)
    return sums


def _mean(total: Float64, count: Float64) -> Float64:
    nowhere = np.full(total.shape, np.nan)
    return np.asarray(np.divide(total, count, out=nowhere, where=count > 0))


def _filled(beat_WCK: Float64) -> Float64:
    """Fill what was never seen with the isoelectric line, the median of what was."""
    for beat_CK in beat_WCK:
        for beat_K in beat_CK:
            seen_K = np.isfinite(beat_K)
            if not seen_K.all():
                beat_K[~seen_K] = np.median(beat_K[seen_K]) if seen_K.any() else 0.0
    return beat_WCK


def _detected_peaks(examples: SignalExamples, true: Peaks) -> list[Float64]:
    """Return the beats in the input of the requested windows, moved to where R-peaks are."""
    detected = scg_beats(examples.columns["signal"].astype(np.float64), examples.rate_hz)
    delay_S = _delays(examples, detected, true)
    subject_S, median_S = np.array(list(delay_S)), np.array(list(delay_S.values()))
    row_W = np.flatnonzero(examples.wanted_N)
    late = {
        subject: np.median(median_S[_but(subject_S, subject)])
        for subject in np.unique(examples.subject_N[row_W]).tolist()
    }
    return [detected[n] - late[examples.subject_N[n]] for n in row_W.tolist()]


def _delays(examples: SignalExamples, detected: Peaks, true: Peaks) -> dict[str, float]:
    """Return each training subject's median delay in samples, from an R-peak to a detected beat."""
    pairs: dict[str, list[Float64]] = {}
    for n in np.flatnonzero(examples.part_N == "train").tolist():
        next_A = np.searchsorted(detected[n], true[n])
        after_A = np.append(detected[n], np.inf)[next_A] - true[n]
        near_A = after_A[after_A <= LONGEST_DELAY_S * examples.rate_hz]
        if len(near_A):
            pairs.setdefault(str(examples.subject_N[n]), []).append(near_A)
    return {subject: float(np.median(np.concatenate(near))) for subject, near in pairs.items()}

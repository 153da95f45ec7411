"""How alike true and predicted windows are when one is moved against the other.

What a prediction gets wrong can be its shape, or only when its beats come: a person's electrical
and mechanical events lie a delay apart that nobody else need have. At a subject's best constant
delay what is left is shape.

Legend: N windows, C channels, T samples, L delays, S subjects (sorted).
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cardiograft.evaluation import signal_errors
from cardiograft.evaluation.confusion import ratio
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64
from cardiograft.signals.scaling import deviation

# ASSUME no electromechanical delay differs by more from what a network takes it for.
MOST_S = 0.2


def by_subject(predictions: Predictions) -> tuple[Float64, Float64, Float64]:
    """Return each subject's mean correlation at each delay of its predictions.

    Each delay is judged on the samples that all have: at either end of a window as many are left
    out as the longest delay has.

    Returns
    -------
    delay_ms_L : float64
        Positive where the predicted signal comes late.
    r_SCL : float64
        0 where a subject has no window.
    windows_SC : float64
        Windows whose true signal is not constant.

    Raises
    ------
    ValueError
        The predictions are no finite signals of a known rate.
    """
    rate_hz = signal_errors.rate_hz(predictions)
    samples = predictions.target.shape[1] // len(predictions.labels)
    most = min(round(MOST_S * rate_hz), samples // 4)  # that of a short window something be left

    def measured(true_NCT: Float64, predicted_NCT: Float64) -> Float64:
        return _correlations(true_NCT, predicted_NCT, most)

    r_NCL = signal_errors.over_windows(predictions, measured)
    defined_NCL = ~np.isnan(r_NCL)
    total_SCL, windows_SCL = (
        signal_errors.by_subject(predictions.subject_N, x)
        for x in (np.where(defined_NCL, r_NCL, 0), defined_NCL)
    )
    delay_ms_L = np.arange(-most, most + 1) * 1000 / rate_hz
    return delay_ms_L, np.nan_to_num(ratio(total_SCL, windows_SCL)), windows_SCL[..., 0]


def best(delay_ms_L: Float64, r_XL: Float64) -> tuple[Float64, npt.NDArray[np.bool_]]:
    """Return the delay with the highest correlation, shape (...), and whether there is one.

    There is none where all delays are alike, as of a flat signal: the delay is then 0. Of equal
    ones the first is taken, the earliest.
    """
    has_best_X = np.ptp(r_XL, axis=-1) > 0
    return np.where(has_best_X, delay_ms_L[r_XL.argmax(axis=-1)], 0.0), has_best_X


def aligned(predictions: Predictions, reference: Predictions) -> Predictions:
    """Return predictions moved to where they are most like those of a reference.

    By one delay for all windows that a part of the split has of a subject. No target is read. What
    comes in at an end of a window is its last value. Where either is flat, so that no delay is
    better than another, nothing is moved.

    Parameters
    ----------
    reference
        Of the same segments, in the same order.

    Raises
    ------
    ValueError
        The predictions are no finite signals of a known rate.
    """
    rate_hz = signal_errors.rate_hz(predictions)
    compared = replace(predictions, target=reference.score_NK)
    who_N = np.char.add(np.char.add(predictions.part_N, "/"), predictions.subject_N)
    delay_ms_L, r_SCL, _ = by_subject(replace(compared, subject_N=who_N))
    late_S = np.rint(best(delay_ms_L, r_SCL.mean(axis=1))[0] * rate_hz / 1000).astype(int)
    windows, channels = len(predictions.id_N), len(predictions.labels)
    signal_NCT = predictions.score_NK.reshape(windows, channels, -1)
    moved_NCT = np.empty_like(signal_NCT)
    place_T = np.arange(signal_NCT.shape[-1])
    for late, who in zip(late_S.tolist(), np.unique(who_N), strict=True):
        of_N = who_N == who
        moved_NCT[of_N] = signal_NCT[of_N][..., np.clip(place_T + late, 0, place_T[-1])]
    return replace(predictions, score_NK=moved_NCT.reshape(windows, -1))


def _correlations(true_NCT: Float64, predicted_NCT: Float64, most: int) -> Float64:
    samples = true_NCT.shape[-1]
    inner_NCT = deviation(true_NCT[..., most : samples - most])
    true_NC = signal_errors.energy(inner_NCT)
    r_NCL = np.empty((*true_NC.shape, 2 * most + 1))
    for place in range(2 * most + 1):
        moved_NCT = deviation(predicted_NCT[..., place : place + samples - 2 * most])
        top_NC = np.einsum("nct,nct->nc", inner_NCT, moved_NCT)
        # As in `pearson`: a constant prediction counts as 0.
        below_NC = np.sqrt(true_NC * signal_errors.energy(moved_NCT))
        r_NCL[..., place] = np.where(below_NC > 0, ratio(top_NC, below_NC), 0)
    return np.where(true_NC[..., None] > 0, r_NCL, np.nan)


def sums(value_SC: Float64, windows_SC: Float64) -> Float64:
    """Return what subjects add where each has one value: `cardiograft.evaluation.signal_errors`."""
    defined_SC = windows_SC > 0
    sums_SC3 = np.stack([np.where(defined_SC, value_SC, 0), defined_SC, windows_SC], axis=-1)
    return sums_SC3.reshape(len(sums_SC3), -1).astype(np.float64)

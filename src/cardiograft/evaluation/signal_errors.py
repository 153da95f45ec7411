"""Errors of predicted signals, per window, subject and cohort.

Each subject counts the same, however many windows there are of it: a value is a mean over a
subject's windows (or a ratio of what they count), then a mean over subjects. Of several
channels, each has its own value, and their mean goes without a name.

Legend: N windows, C channels, T samples, G settings of an option, S subjects (sorted), B rows
that are sums over subjects, D = C x G x 3 additive numbers a subject: its value (0 where it
has none), 1 where it has one, and how many of its windows that value rests on.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from cardiograft.evaluation.confusion import by_label, ratio
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

# True and predicted windows, (n, C, T) each, to what is measured of each: (n, C), (n, C, G) ...
Measured = Callable[[Float64, Float64], Float64]
# Windows in memory at once, as float64 with all that is computed from them.
BLOCK = 512


def over_windows(predictions: Predictions, measured: Measured) -> Float64:
    """Return `measured` of all windows, taken block by block; its first axis is N.

    Raises
    ------
    ValueError
        A sample is not finite, or signals do not divide into the channels.
    """
    check(predictions)
    channels = len(predictions.labels)
    blocks = []
    for first in range(0, len(predictions.id_N), BLOCK):
        some = slice(first, first + BLOCK)
        true_NK, predicted_NK = predictions.target[some], predictions.score_NK[some]
        shape = (len(true_NK), channels, -1)
        true_NCT, predicted_NCT = (
            x.reshape(shape).astype(np.float64) for x in (true_NK, predicted_NK)
        )
        blocks.append(measured(true_NCT, predicted_NCT))
    return np.concatenate(blocks)


def check(predictions: Predictions) -> None:
    """Raise unless true and predicted signals are alike in shape, and finite.

    Raises
    ------
    ValueError
        A sample is not finite, or signals do not divide into the channels.
    """
    true_NK, predicted_NK = predictions.target, predictions.score_NK
    channels = len(predictions.labels)
    if (
        true_NK.shape != predicted_NK.shape
        or not predicted_NK.shape[1]
        or predicted_NK.shape[1] % channels
    ):
        raise ValueError(
            f"targets of shape {true_NK.shape} and scores of shape {predicted_NK.shape} are not"
            f" signals of {channels} channels"
        )
    for name, signal_NK in (("score", predicted_NK), ("target", true_NK)):
        bad_N = ~np.isfinite(signal_NK).all(axis=1)
        if bad_N.any():
            raise ValueError(f"{predictions.id_N[bad_N][0]}: a {name} is not finite")


def rate_hz(predictions: Predictions) -> float:
    """Return the rate of the signals.

    Raises
    ------
    ValueError
        The predictions do not give it, or it is not positive.
    """
    rate = predictions.about.get("rate_hz")
    if not isinstance(rate, int | float) or rate <= 0:
        raise ValueError(f"predictions of signals need a positive rate_hz, not {rate!r}")
    return float(rate)


def per_subject(predictions: Predictions, measured: Measured) -> Float64:
    """Return each subject's mean of a window's error, shape (S, D).

    Raises
    ------
    ValueError
        A sample is not finite, or signals do not divide into the channels.
    """
    return means(predictions.subject_N, over_windows(predictions, measured))


def means(subject_N: npt.NDArray[np.str_], value_NCG: Float64) -> Float64:
    """Return each subject's mean over the windows where a value is defined.

    Parameters
    ----------
    value_NCG : float64, shape (N, C, G), or (N, C)
        NaN where undefined.

    Returns
    -------
    float64, shape (S, D)
    """
    value_NCG = value_NCG.reshape(*value_NCG.shape[:2], -1)
    defined_NCG = ~np.isnan(value_NCG)
    return ratios(subject_N, np.where(defined_NCG, value_NCG, 0), defined_NCG.astype(np.float64))


def ratios(subject_N: npt.NDArray[np.str_], top_NCG: Float64, bottom_NCG: Float64) -> Float64:
    """Return each subject's sum of `top_NCG` over its sum of `bottom_NCG`.

    Returns
    -------
    float64, shape (S, D)
        A subject whose windows have nothing below the line has no value.
    """
    top_SCG, bottom_SCG, windows_SCG = (
        by_subject(subject_N, x) for x in (top_NCG, bottom_NCG, bottom_NCG > 0)
    )
    defined_SCG = bottom_SCG > 0
    value_SCG = np.nan_to_num(ratio(top_SCG, bottom_SCG))
    sums_SCG3 = np.stack([value_SCG, defined_SCG, windows_SCG], axis=-1)
    return sums_SCG3.reshape(len(sums_SCG3), -1).astype(np.float64)


def by_subject(subject_N: npt.NDArray[np.str_], each_NX: npt.NDArray[np.generic]) -> Float64:
    """Return sums over each subject's windows, shape (S, ...), subjects sorted."""
    subject_S, which_N = np.unique(subject_N, return_inverse=True)
    sums = np.zeros((len(subject_S), *each_NX.shape[1:]))
    np.add.at(sums, which_N, each_NX.astype(np.float64))
    return sums


def values(sums_BD: Float64, labels: tuple[str, ...], *, setting: int = 0) -> dict[str, Float64]:
    """Return the mean over subjects at one setting of G, shape (B,), by channel.

    NaN where no subject has a value.
    """
    sums_BC3 = sums_BD.reshape(len(sums_BD), len(labels), -1, 3)[:, :, setting]
    return by_channel(ratio(sums_BC3[:, :, 0], sums_BC3[:, :, 1]), labels)


def by_channel(value_BC: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the mean over channels under ``""``, and of several channels each one's own."""
    each = by_label(value_BC, labels) if len(labels) > 1 else {}
    return {**each, "": np.asarray(value_BC.mean(axis=1))}


def support(sums_SD: Float64, labels: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return windows and subjects that have a value: the fewest at any setting."""
    sums_SCG3 = sums_SD.reshape(len(sums_SD), len(labels), -1, 3)
    return fewest(sums_SCG3[..., 2].min(axis=2), sums_SCG3[..., 1].min(axis=2), labels)


def fewest(
    windows_SC: Float64, subjects_SC: Float64, labels: tuple[str, ...]
) -> dict[str, tuple[int, int]]:
    """Return windows and subjects by channel; of their mean, those of the channel with least."""
    windows_C = windows_SC.sum(axis=0).astype(int).tolist()
    subjects_C = subjects_SC.sum(axis=0).astype(int).tolist()
    each = dict(zip(labels, zip(windows_C, subjects_C, strict=True), strict=True))
    whole = (min(windows_C), min(subjects_C))
    return {**(each if len(labels) > 1 else {}), "": whole}


def energy(signal_NCT: Float64) -> Float64:
    """Return each window's sum of squares, shape (N, C)."""
    return np.asarray(np.einsum("nct,nct->nc", signal_NCT, signal_NCT))

"""Xcor: the largest normalised cross-correlation at any lag up to a limit.

Of a window: max over lags of Σ y(t) ŷ(t + lag) / √(Σy² Σŷ²), beyond the window's ends zero;
then the mean over a subject's windows, then over subjects. It forgives a delay, which
`pearson` does not.

Legend: N windows, C channels, T samples, L lags.
Source: study `scg_to_ecg`.
"""

from typing import Literal

import numpy as np
from scipy import fft

from cardiograft.evaluation import signal_errors
from cardiograft.evaluation.confusion import ratio
from cardiograft.evaluation.predictions import Predictions
from cardiograft.evaluation.signal_errors import energy
from cardiograft.records import Float64
from cardiograft.signals.scaling import deviation

TITLE = "Xcor"
KINDS = ("signal",)
PERCENT = False
LOWER_IS_BETTER = False
# All that `values` offers: what a subject adds must serve every option.
LIMITS_MS = (100, 250, 500)

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's means: centred, then not, each with every limit of the lag."""
    rate_hz = signal_errors.rate_hz(predictions)
    limits = [int(limit_ms * rate_hz / 1000) for limit_ms in LIMITS_MS]

    def largest(true_NCT: Float64, predicted_NCT: Float64) -> Float64:
        centred = _largest(deviation(true_NCT), deviation(predicted_NCT), limits)
        return np.concatenate([centred, _largest(true_NCT, predicted_NCT, limits)], axis=-1)

    return signal_errors.per_subject(predictions, largest)


def _largest(true_NCT: Float64, predicted_NCT: Float64, limits: list[int]) -> Float64:
    true_NC, predicted_NC = energy(true_NCT), energy(predicted_NCT)
    product_NCL, middle = _products(true_NCT, predicted_NCT, max(limits))
    largest = [
        product_NCL[..., middle - min(k, middle) : middle + min(k, middle) + 1].max(axis=-1)
        for k in limits
    ]
    norm_NC = np.sqrt(true_NC * predicted_NC)
    xcor_NCG = ratio(np.stack(largest, axis=-1), norm_NC[..., None])
    # ASSUME as of Pearson's r: a prediction without any energy counts as 0.
    xcor_NCG = np.where(predicted_NC[..., None] > 0, xcor_NCG, 0)
    return np.where(true_NC[..., None] > 0, xcor_NCG, np.nan)


def _products(true_NCT: Float64, predicted_NCT: Float64, limit: int) -> tuple[Float64, int]:
    """Return Σ y(t) ŷ(t + lag) at all lags up to `limit`, ascending, and where lag 0 is."""
    samples = true_NCT.shape[-1]
    most = min(limit, samples - 1)
    size = fft.next_fast_len(samples + most, real=True)  # room for zeros: it must not wrap round
    spectrum = np.conj(fft.rfft(true_NCT, size)) * fft.rfft(predicted_NCT, size)
    product_NCL = fft.irfft(spectrum, size)
    kept = [product_NCL[..., size - most :], product_NCL[..., : most + 1]]
    return np.concatenate(kept, axis=-1), most


def values(
    sums_BD: Float64,
    labels: tuple[str, ...],
    *,
    max_lag_ms: Literal[100, 250, 500] = 500,
    centred: bool = True,
) -> dict[str, Float64]:
    """Return the largest normalised cross-correlation, shape (B,).

    Parameters
    ----------
    max_lag_ms
        Lags up to this, to either side, are tried.
    centred
        Subtract each window's mean first. Where it is not, a signal whose isoelectric line is
        off zero (as scaling to -1...1 leaves it) correlates highly even with a flat line.
    """
    setting = LIMITS_MS.index(max_lag_ms) + (0 if centred else len(LIMITS_MS))
    return signal_errors.values(sums_BD, labels, setting=setting)

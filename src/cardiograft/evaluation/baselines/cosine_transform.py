"""So many coefficients of the discrete cosine transform: a code that needs no training.

What an autoencoder's code of as many numbers has to beat. The lowest frequencies are a fixed code:
a low-pass filter, and nothing else.

Legend: N segments, W requested, C channels, T samples, D = C T coefficients.
"""

from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge
from scipy.fft import dctn, idctn

from cardiograft.evaluation.baseline_inputs import SignalExamples
from cardiograft.records import Float32, Float64, Int64

KIND = "signal"
TARGET = "signal"
COLUMNS = ("signal",)
BLOCK = 1024  # windows in memory at once, as float64


def predict(
    examples: SignalExamples,
    *,
    coefficients: Annotated[int, Ge(1)] = 60,
    kept: Literal["lowest", "strongest", "largest"] = "lowest",
) -> Float32:
    """Return each requested window made anew of its coefficients, shape (W, C, T).

    Parameters
    ----------
    coefficients
        Of a window, over all its channels: 60 is the length of `rhythm_cae`'s code.
    kept
        ``lowest``: those of the lowest frequencies, the same for every window. ``strongest``:
        those with most energy in the training part, the same for every window too. ``largest``:
        each window's own largest; which ones they are has to be told as well, so that this code
        is longer than its number of coefficients says.

    Raises
    ------
    ValueError
        A window has fewer samples than that.
    """
    signal_NCT = examples.columns["signal"]
    shape = signal_NCT.shape[1:]
    if coefficients > int(np.prod(shape)):
        raise ValueError(f"coefficients {coefficients}: a window has {int(np.prod(shape))} samples")
    order_D = _order(signal_NCT[examples.part_N == "train"], kept)
    row_W = np.flatnonzero(examples.wanted_N)
    made_WCT = np.empty((len(row_W), *shape), dtype=np.float32)
    for first in range(0, len(row_W), BLOCK):
        some = slice(first, first + BLOCK)
        code_BD = _transformed(signal_NCT[row_W[some]])
        left_BD = np.zeros_like(code_BD)
        if kept == "largest":
            order_BD = np.argsort(-np.abs(code_BD), axis=1, kind="stable")[:, :coefficients]
            np.put_along_axis(left_BD, order_BD, np.take_along_axis(code_BD, order_BD, 1), 1)
        else:
            left_BD[:, order_D[:coefficients]] = code_BD[:, order_D[:coefficients]]
        left_BCT = left_BD.reshape(-1, *shape)
        made_WCT[some] = idctn(left_BCT, axes=(2,), norm="ortho")
    return made_WCT


def _transformed(signal_NCT: Float32) -> Float64:
    code_NCT = dctn(signal_NCT.astype(np.float64), axes=(2,), norm="ortho")
    return np.asarray(code_NCT.reshape(len(signal_NCT), -1))


def _order(train_NCT: Float32, kept: str) -> Int64:
    """Return the coefficients, channel after channel, those first that are kept first."""
    _, channels, samples = train_NCT.shape
    if kept == "lowest":
        return np.argsort(np.tile(np.arange(samples), channels), kind="stable")
    energy_D = np.zeros(channels * samples)
    for first in range(0, len(train_NCT), BLOCK):
        energy_D += np.square(_transformed(train_NCT[first : first + BLOCK])).sum(axis=0)
    return np.argsort(-energy_D, kind="stable")

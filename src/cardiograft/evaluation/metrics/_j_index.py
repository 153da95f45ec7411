"""The j index of supraventricular (S) and ventricular (V) beats, from confusion counts.

Source: Mar T, Zaunseder S, Martinez JP, Llamedo M, Poll R. IEEE Trans Biomed Eng
2011;58:2168-77, doi:10.1109/TBME.2011.2113395.

Legend: as in `cardiograft.evaluation.confusion`.
"""

import numpy as np

from cardiograft.evaluation import confusion
from cardiograft.records import Float64

ECTOPIC = ("S", "V")


def without(sums_BD: Float64, labels: tuple[str, ...], classes: tuple[str, ...]) -> Float64:
    """Return confusion matrices (B, K, K) that forget segments whose true class is in `classes`.

    ANSI/AAMI EC57 neither rewards nor punishes what is predicted of an unclassifiable beat (Q);
    a beat of another class that is called Q stays an error.
    """
    matrix_BKK = confusion.square(sums_BD, labels).copy()
    matrix_BKK[:, [k for k, label in enumerate(labels) if label in classes], :] = 0
    return matrix_BKK


def j(matrix_BKK: Float64, labels: tuple[str, ...]) -> Float64:
    """Return Se_S + Se_V + P_S + P_V, shape (B,), from 0 to 4.

    NaN where S or V does not occur. A class that occurs and is never predicted has
    predictivity 0 here, or a model that finds no S beat would have no index at all.

    Raises
    ------
    ValueError
        There is no class S, or none V.
    """
    for name in ECTOPIC:
        if name not in labels:
            raise ValueError(f"j needs a class {name!r} (has {', '.join(labels)})")
    at = [labels.index(name) for name in ECTOPIC]
    right_BE = np.diagonal(matrix_BKK, axis1=1, axis2=2)[:, at]
    sensitivity_BE = confusion.ratio(right_BE, matrix_BKK.sum(axis=2)[:, at])
    # ASSUME 0/0 predictivity counts as 0; Mar et al. do not say.
    predictivity_BE = np.nan_to_num(confusion.ratio(right_BE, matrix_BKK.sum(axis=1)[:, at]))
    return np.asarray((sensitivity_BE + predictivity_BE).sum(axis=1))


def support(sums_SD: Float64, labels: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return all segments, and the subjects of the rarer of S and V."""
    return confusion.rarest_support(sums_SD, labels, among=ECTOPIC)

"""Logistic regression on signal-quality indices: says whether an ECG segment can be used.

Each channel's indices (`cardiograft.signals.quality_indices`: two detectors' agreement, how beats
resemble one another and stand out, moments, shares of power, flat stretches, rate and pauses), in
units of their spread in the training part. Made for classes such as high and low quality, but it
takes any.

Source: Clifford et al., Physiol Meas 2012;33:1419-1433, doi:10.1088/0967-3334/33/9/1419; Behar et
al., IEEE TBME 2013;60:1660-1666, doi:10.1109/TBME.2013.2240452.

Legend: N segments, W requested, K classes, F indices of all channels, L channels of segments in
a row, T samples.
"""

from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from cardiograft.evaluation.baseline_inputs import Examples
from cardiograft.records import Float32, Float64
from cardiograft.signals.quality_indices import NAMES, Mask, quality_indices

COLUMNS = ("signal", "valid")
FURTHEST = 8.0  # spreads: an index that is further off counts as this far


def predict(
    examples: Examples,
    *,
    strength: Annotated[float, Gt(0)] = 1.0,
    weight: Annotated[float, Ge(0)] = 1.0,
) -> Float32:
    """Return probabilities of the requested segments, shape (W, K).

    Parameters
    ----------
    strength
        Of the penalty on the weights' squares.
    weight
        A class weighs as its rarity to this power: 0 takes segments as they come, 1 makes classes
        even.
    """
    train_N = examples.part_N == "train"
    target_N = examples.target_N[train_N]
    share_K = np.bincount(target_N, minlength=len(examples.labels)) / len(target_N)
    with threadpool_limits(1):  # the same sums in the same order, and one core a job
        index_NF = _indices(examples, train_N | examples.wanted_N)
        scaler = StandardScaler().fit(index_NF[train_N])
        scaled_NF = np.clip(scaler.transform(index_NF), -FURTHEST, FURTHEST)
        model = LogisticRegression(C=1 / strength, max_iter=2000)
        model.fit(scaled_NF[train_N], target_N, share_K[target_N] ** -weight)
        score_WK = model.predict_proba(scaled_NF[examples.wanted_N])
    return np.asarray(score_WK, dtype=np.float32)


def _indices(examples: Examples, used_N: Mask) -> Float64:
    """Return the indices of the segments in use, shape (N, F), zeros for the others.

    Padding at a segment's end is left out: segments as long as one another are looked at together.
    """
    signal_NCT, valid_N = examples.columns["signal"], examples.columns["valid"]
    channels = signal_NCT.shape[1]
    index_NF = np.zeros((len(used_N), channels * len(NAMES)))
    for samples in np.unique(valid_N[used_N]):
        rows = np.flatnonzero(used_N & (valid_N == samples))
        lane_LT = signal_NCT[rows, :, :samples].reshape(len(rows) * channels, samples)
        index_by_name = quality_indices(lane_LT, examples.rate_hz)
        index_NF[rows] = np.stack([index_by_name[n] for n in NAMES], axis=1).reshape(len(rows), -1)
    return index_NF

"""Gradient boosting on rhythm and simple morphology, each relative to the recording's own.

What sets an ectopic beat apart is that it comes early and looks unlike its neighbours. A few
numbers tell it without a network. They are taken from the recording itself, unlabelled.

Source: features after de Chazal et al., IEEE Trans Biomed Eng 2004;51:1196-206,
doi:10.1109/TBME.2004.827359.

Legend: N segments, W requested, K classes, C channels, T samples, B beats of one recording,
F features.
"""

from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from cardiograft.evaluation.baseline_inputs import Examples
from cardiograft.records import Float32, Float64
from cardiograft.segments.recordings import recordings

COLUMNS = ("dataset", "record", "start", "signal", "rr_before", "rr_after")


def predict(
    examples: Examples,
    *,
    iterations: Annotated[int, Ge(1)] = 150,
    learning_rate: Annotated[float, Gt(0)] = 0.1,
    leaves: Annotated[int, Ge(2)] = 15,
    samples: Annotated[int, Ge(1)] = 16,
    context: Annotated[int, Ge(1)] = 10,
    balanced: bool = True,
) -> Float32:
    """Return probabilities of the requested segments, shape (W, K).

    Parameters
    ----------
    iterations, learning_rate, leaves
        Of the boosting.
    samples
        The segment is averaged down to so many values a channel.
    context
        R-R intervals on each side that make up the local rhythm.
    balanced
        Whether each class weighs the same in training.
    """
    feature_NF = features(examples, samples=samples, context=context)
    train_N = examples.part_N == "train"
    model = HistGradientBoostingClassifier(
        max_iter=iterations,
        learning_rate=learning_rate,
        max_leaf_nodes=leaves,
        class_weight="balanced" if balanced else None,
        early_stopping=False,
        random_state=examples.seed,
    )
    with threadpool_limits(1):  # the same sums in the same order, and one core a job
        model.fit(feature_NF[train_N], examples.target_N[train_N])
        score_WK = model.predict_proba(feature_NF[examples.wanted_N])
    return np.asarray(score_WK, dtype=np.float32)


def features(examples: Examples, *, samples: int, context: int) -> Float32:
    """Return rhythm and morphology of every row, shape (N, F); NaN where unknown."""
    columns = examples.columns
    feature_NF: Float32 | None = None
    for rows in recordings(columns):
        rhythm_BF = rhythm(columns["rr_before"][rows], columns["rr_after"][rows], context=context)
        shape_BF = morphology(columns["signal"][rows], samples=samples)
        both_BF = np.concatenate([rhythm_BF, shape_BF], axis=1).astype(np.float32)
        if feature_NF is None:
            feature_NF = np.empty((len(examples.id_N), both_BF.shape[1]), dtype=np.float32)
        feature_NF[rows] = both_BF
    if feature_NF is None:
        raise ValueError("there are no rows")
    return feature_NF


def rhythm(before_B: Any, after_B: Any, *, context: int) -> Float64:
    """Return R-R intervals relative to the recording's median and to the local rhythm, (B, 6)."""
    before_B, after_B = np.asarray(before_B, float), np.asarray(after_B, float)
    usual = _median(before_B)
    local_B = _local(before_B, context)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.stack(
            [
                before_B / usual,
                after_B / usual,
                before_B / after_B,
                before_B / local_B,
                after_B / local_B,
                local_B / usual,
            ],
            axis=1,
        )


def _median(values: Float64) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _local(before_B: Float64, context: int) -> Float64:
    padded = np.pad(before_B, context, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * context + 1)
    known = np.isfinite(windows)
    total = np.where(known, windows, 0.0).sum(axis=1)
    count = known.sum(axis=1)
    return np.asarray(np.divide(total, count, out=np.full(len(before_B), np.nan), where=count > 0))


def morphology(signal_BCT: Any, *, samples: int) -> Float64:
    """Return each channel's outline and how it differs from the recording's median beat.

    A channel gives `samples` means, peak to peak, width (share of samples further than half
    the largest deviation from the median), correlation with the recording's median beat, and
    the root mean square of the difference from it.
    """
    signal_BCT = np.asarray(signal_BCT, float)
    parts = []
    for signal_BT in np.moveaxis(signal_BCT, 1, 0):
        usual_T = np.median(signal_BT, axis=0)
        away_BT = np.abs(signal_BT - np.median(signal_BT, axis=1, keepdims=True))
        top_B1 = away_BT.max(axis=1, keepdims=True)
        outline = [p.mean(axis=1) for p in np.array_split(signal_BT, samples, axis=1) if p.size]
        parts += [
            *outline,
            np.ptp(signal_BT, axis=1),
            (away_BT > top_B1 / 2).mean(axis=1),
            _correlation(signal_BT, usual_T),
            np.sqrt(((signal_BT - usual_T) ** 2).mean(axis=1)),
        ]
    return np.stack(parts, axis=1)


def _correlation(signal_BT: Float64, usual_T: Float64) -> Float64:
    one_BT = signal_BT - signal_BT.mean(axis=1, keepdims=True)
    usual_T = usual_T - usual_T.mean()
    size_B = np.sqrt((one_BT**2).sum(axis=1) * (usual_T**2).sum())
    return np.asarray(
        np.divide(one_BT @ usual_T, size_B, out=np.zeros(len(one_BT)), where=size_B > 0)
    )

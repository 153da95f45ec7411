"""Gradient boosting on what a recording's rhythm and beats look like: names a rhythm.

R-peaks are found in the first channel; of the recording it takes statistics of R-R intervals, of
beats against their median, of P waves, of what is left when the beats are taken away, and of noise
(`cardiograft.signals.recording_features`). A recording is put together again from its segments,
those that are tested included, without any label; each of them gets what is predicted for the
whole.

Source: after the feature-based entries of the PhysioNet/CinC Challenge 2017, Clifford et al.,
Comput Cardiol 2017;44, doi:10.22489/CinC.2017.065-469; the features' own sources stand in their
modules.

Legend: N segments, W requested, K classes, C channels, T samples, S samples of a recording,
B beats, R recordings (or segments), F features.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt

from cardiograft.evaluation.baseline_inputs import HIDDEN, Examples
from cardiograft.records import Float32, Float64, Int64
from cardiograft.segments.recordings import recordings
from cardiograft.signals.recording_features import features
from cardiograft.signals.stitching import Stitched, stitched
from cardiograft.training.boosting import boosted

COLUMNS = ("dataset", "record", "start", "at", "valid", "signal")


def predict(
    examples: Examples,
    *,
    of: Literal["record", "segment"] = "record",
    iterations: Annotated[int, Ge(1)] = 150,
    learning_rate: Annotated[float, Gt(0)] = 0.07,
    leaves: Annotated[int, Ge(2)] = 10,
    models: Annotated[int, Ge(1)] = 3,
    weight: Annotated[float, Ge(0)] = 0.5,
) -> Float32:
    """Return probabilities of the requested segments, shape (W, K).

    Parameters
    ----------
    of
        What features are taken of: the whole recording, or each segment by itself.
    iterations, learning_rate, leaves
        Of a boosting.
    models
        So many boostings, whose probabilities are averaged.
    weight
        A class weighs as its rarity to this power: 0 takes recordings as they come, 1 makes
        classes even.
    """
    rows = [row_N for row_N in _rows(examples, of) if _used(examples, row_N)]
    feature_RF = np.stack([features(_lead(examples, row_N), examples.rate_hz) for row_N in rows])
    share_RK = np.stack([_shares(examples, row_N) for row_N in rows])
    score_RK = boosted(
        feature_RF,
        share_RK,
        seed=examples.seed,
        models=models,
        weight=weight,
        max_iter=iterations,
        learning_rate=learning_rate,
        max_leaf_nodes=leaves,
    )
    score_NK = np.full((len(examples.id_N), len(examples.labels)), np.nan)
    for row_N, score_K in zip(rows, score_RK, strict=True):
        score_NK[row_N] = score_K
    return score_NK[examples.wanted_N].astype(np.float32)


def _rows(examples: Examples, of: str) -> Iterator[Int64]:
    if of == "record":
        yield from recordings(examples.columns)
    else:
        yield from np.arange(len(examples.id_N))[:, None]


def _used(examples: Examples, row_N: Int64) -> bool:
    train_N = examples.part_N[row_N] == "train"
    return bool((train_N | examples.wanted_N[row_N]).any())


def _shares(examples: Examples, row_N: Int64) -> Float64:
    """Return the share of each class among the training segments, shape (K,); 0 without one."""
    known = examples.target_N[row_N]
    known = known[known != HIDDEN]
    return np.bincount(known, minlength=len(examples.labels)) / max(len(known), 1)


def _lead(examples: Examples, row_N: Int64) -> Stitched:
    columns = examples.columns
    return stitched(columns["signal"][row_N, 0], columns["at"][row_N], columns["valid"][row_N])

"""Gradient boosting on features of recordings: a baseline's, and a teacher's.

Legend: N segments, K classes, R rows of features (recordings or segments), F features, L lessons.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from cardiograft.records import Float32, Float64, Int64
from cardiograft.segments.shards import part_of

# Of a teacher: as the baseline's `rhythm_boosting`, but one model a fold.
TEACHER: dict[str, Any] = {
    "models": 1,
    "weight": 0.5,
    "max_iter": 150,
    "learning_rate": 0.07,
    "max_leaf_nodes": 10,
}


def boosted(
    feature_RF: Float32,
    share_RK: Float64,
    *,
    seed: int,
    models: int,
    weight: float,
    **options: Any,
) -> Float64:
    """Return probabilities of all rows, shape (R, K), learned of those that have a class.

    Parameters
    ----------
    share_RK
        Share of a recording's training segments that have each class: all 0 where it has none.
        One with several classes is learned once for each, with that share as its weight.
    options
        Of scikit-learn's boosting.
    """
    row_L, target_L = np.nonzero(share_RK)
    rarity_K = share_RK.sum() / np.maximum(share_RK.sum(axis=0), 1e-9)
    weight_L = share_RK[row_L, target_L] * rarity_K[target_L] ** weight
    # what no lesson shows (no recording has beats enough) can't be told apart by
    shown_F = np.isfinite(feature_RF[row_L]).any(axis=0)
    feature_RF = np.where(shown_F, feature_RF, 0)
    score_RK = np.zeros(share_RK.shape)
    with threadpool_limits(1):  # the same sums in the same order, and one core a job
        for number in range(models):
            model = HistGradientBoostingClassifier(
                max_bins=64,
                min_samples_leaf=20,
                l2_regularization=5.0,
                max_features=0.2,
                early_stopping=False,
                random_state=seed + number,
                **options,
            )
            model.fit(feature_RF[row_L], target_L, sample_weight=weight_L)
            score_RK[:, model.classes_] += model.predict_proba(feature_RF) / models
    return score_RK


def cross_fitted(
    feature_NF: Float32,
    code_N: Int64,
    subject_N: npt.NDArray[np.str_],
    *,
    classes: int,
    folds: int = 5,
) -> Float32:
    """Return probabilities of each row by a boosting that learned of other people, (N, K).

    People are dealt to folds by their names: a person's fold does not depend on who else is there.
    Someone of two names may be in two folds.

    Parameters
    ----------
    feature_NF : float32, shape (N, F)
        NaN where not known.
    code_N
        Each row's class.
    folds
        As many, or fewer where there are fewer people.

    Raises
    ------
    ValueError
        A fold's others all have one class, or there are none.
    """
    share_NK = np.eye(classes)[code_N]
    score_NK = np.zeros((len(code_N), classes))
    fold_N = np.array([part_of(str(subject), folds) for subject in subject_N])
    for fold in np.unique(fold_N):
        inside_N = fold_N == fold
        lesson_NK = np.where(inside_N[:, None], 0.0, share_NK)
        if lesson_NK.any(axis=0).sum() < 2:
            raise ValueError("a fold of the training part leaves fewer than two classes to others")
        score_NK[inside_N] = boosted(feature_NF, lesson_NK, seed=0, **TEACHER)[inside_N]
    return score_NK.astype(np.float32)

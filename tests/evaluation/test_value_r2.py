"""R² of measurements, over the segments of which each is known."""

import numpy as np
import pytest
from sklearn.metrics import r2_score
from synthetic import measured

from cardiograft.evaluation import scoring
from cardiograft.evaluation.metrics import value_r2
from cardiograft.specs.score import Score


def test_is_that_of_scikit_learn_over_what_is_known() -> None:
    saved = measured(seed=3)
    r2 = value_r2.values(value_r2.additive(saved).sum(axis=0)[None], saved.labels)
    expected = []
    for k in range(len(saved.labels)):
        known = np.isfinite(saved.target[:, k])
        expected.append(r2_score(saved.target[known, k], saved.score_NK[known, k]))
    assert r2.keys() == {""}
    assert r2[""][0] == pytest.approx(np.median(expected))


def test_what_is_never_known_or_never_differs_has_none() -> None:
    saved = measured(seed=4)
    saved.target[:, 0], saved.target[:, 1] = np.nan, 0.3
    r2 = value_r2.values(value_r2.additive(saved).sum(axis=0)[None], saved.labels)
    assert all(np.isnan(value[0]) for value in r2.values())
    assert value_r2.support(value_r2.additive(saved), saved.labels)[""][0] == len(saved.id_N)


def test_other_predictions_are_refused_by_it_and_its_own_by_others() -> None:
    (chosen,) = Score.model_validate({"metrics": ["accuracy"]}).metrics
    with pytest.raises(ValueError, match="'accuracy' takes classes, not values"):
        scoring.additive(measured(), chosen)

"""What every metric promises, whichever it is."""

import re

import numpy as np
import pytest
from synthetic import KINDS

from cardiograft import plugins
from cardiograft.evaluation import scoring
from cardiograft.specs.entry import Plugin
from cardiograft.specs.score import Score

NAMES = plugins.names("metrics")


def chosen(name: str) -> Plugin:
    return Score.model_validate({"metrics": [name]}).metrics[0]


def cases() -> list[tuple[str, str]]:
    return [(name, kind) for name in NAMES for kind in plugins.load("metrics", name).KINDS]


@pytest.mark.parametrize("name", NAMES)
def test_says_what_it_is(name: str) -> None:
    module = plugins.load("metrics", name)
    assert module.TITLE
    assert set(module.KINDS) <= set(KINDS)
    assert isinstance(module.PERCENT, bool)
    assert isinstance(module.LOWER_IS_BETTER, bool)
    assert re.match(r"^[A-Zj].*\.$", (module.__doc__ or "").partition("\n")[0])


@pytest.mark.parametrize(("name", "kind"), cases())
def test_each_subject_adds_what_it_would_add_alone(name: str, kind: str) -> None:
    whole = KINDS[kind](seed=3)
    sums_SD = scoring.additive(whole, chosen(name))
    subjects = np.unique(whole.subject_N)
    assert sums_SD.shape[0] == len(subjects)
    assert sums_SD.dtype == np.float64
    each = [whole.only(whole.subject_N == subject) for subject in subjects]
    alone = np.concatenate(scoring.additives(each, chosen(name)))  # as files of one model
    np.testing.assert_allclose(alone, sums_SD, rtol=1e-12)


@pytest.mark.parametrize(("name", "kind"), cases())
def test_order_of_segments_changes_nothing(name: str, kind: str) -> None:
    whole = KINDS[kind](seed=4)
    shuffled = whole.only(np.random.default_rng(0).permutation(len(whole.id_N)))
    sums_SD, other_SD = (scoring.additive(p, chosen(name)) for p in (whole, shuffled))
    np.testing.assert_allclose(sums_SD, other_SD, rtol=1e-9)


@pytest.mark.parametrize(("name", "kind"), cases())
def test_many_draws_at_once_are_each_draw_by_itself(name: str, kind: str) -> None:
    whole = KINDS[kind](seed=5)
    sums_SD = scoring.additive(whole, chosen(name))
    weights_BS = np.random.default_rng(0).integers(0, 3, size=(7, len(sums_SD))).astype(float)
    together = scoring.values(chosen(name), weights_BS @ sums_SD, whole.labels)
    for b, weights_S in enumerate(weights_BS):
        alone = scoring.values(chosen(name), weights_S[None] @ sums_SD, whole.labels)
        assert alone.keys() == together.keys()
        for key in alone:
            np.testing.assert_allclose(alone[key][0], together[key][b], rtol=1e-12)


@pytest.mark.parametrize(("name", "kind"), cases())
def test_weighing_a_subject_twice_is_having_its_segments_twice(name: str, kind: str) -> None:
    whole = KINDS[kind](seed=6)
    sums_SD = scoring.additive(whole, chosen(name))
    first = whole.subject_N == np.unique(whole.subject_N)[0]
    doubled = whole.only(np.concatenate([np.arange(len(first)), np.flatnonzero(first)]))
    renamed = doubled.subject_N.astype(object)
    renamed[len(first) :] = "a/again"
    doubled = type(doubled)(**{**doubled.__dict__, "subject_N": renamed.astype(str)})
    weights_1S = np.ones((1, len(sums_SD)))
    weights_1S[0, 0] = 2
    weighed = scoring.values(chosen(name), weights_1S @ sums_SD, whole.labels)
    sums_twice_SD = scoring.additive(doubled, chosen(name))
    doubled = scoring.values(chosen(name), sums_twice_SD.sum(axis=0, keepdims=True), whole.labels)
    for key in weighed:
        np.testing.assert_allclose(weighed[key], doubled[key], rtol=1e-9)


@pytest.mark.parametrize(("name", "kind"), cases())
def test_support_names_every_figure(name: str, kind: str) -> None:
    whole = KINDS[kind](seed=7)
    sums_SD = scoring.additive(whole, chosen(name))
    values = scoring.values(chosen(name), sums_SD, whole.labels)
    rests = scoring.support(chosen(name), sums_SD, whole.labels)
    assert values.keys() == rests.keys()
    for segments, subjects in rests.values():
        assert 0 <= segments <= len(whole.id_N)
        assert 0 <= subjects <= len(np.unique(whole.subject_N))


@pytest.mark.parametrize(("name", "kind"), cases())
def test_better_predictions_score_better(name: str, kind: str) -> None:
    if kind != "classes":
        pytest.skip("only classes are made at two skills")
    if name == "calibration_error":
        pytest.skip("it is of how sure a model is, not of how often it is right")
    lower = plugins.load("metrics", name).LOWER_IS_BETTER
    poor, good = (KINDS[kind](seed=8, skill=skill, each=200) for skill in (0.3, 0.9))
    for key, value in _whole(name, good).items():
        assert (value < _whole(name, poor)[key]) == lower


def _whole(name: str, saved: object) -> dict[str, float]:
    table = scoring.score(saved, (chosen(name),))  # type: ignore[arg-type]
    return dict(zip(table["class"], table["value"], strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_another_kind_of_predictions_is_refused(name: str) -> None:
    other = next(k for k in KINDS if k not in plugins.load("metrics", name).KINDS)
    with pytest.raises(ValueError, match=f"metric '{name}' takes"):
        scoring.additive(KINDS[other](), chosen(name))

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as reference
from scripts import load
from synthetic import LABELS, classes, heads

from cardiograft.evaluation import predictions, scoring
from cardiograft.evaluation.predictions import Predictions
from cardiograft.specs.score import Score, named

script = load("score")

# Published counts of the Kachuee recipe: N, S, V, F, Q.
KACHUEE = {"N": 90_589, "S": 2_779, "V": 7_236, "F": 803, "Q": 8_039}


def values(saved: Predictions, name: str) -> dict[str, float]:
    table = scoring.score(saved, Score.model_validate({"metrics": [name]}).metrics)
    return dict(zip(table["class"], table["value"], strict=True))


def counted(pairs: dict[tuple[str, str], int], labels: tuple[str, ...] = LABELS) -> Predictions:
    """Return predictions with these (true, predicted) counts, one subject."""
    true = [labels.index(t) for (t, _), n in pairs.items() for _ in range(n)]
    predicted = [labels.index(p) for (_, p), n in pairs.items() for _ in range(n)]
    n = len(true)
    return Predictions(
        kind="classes",
        labels=labels,
        id_N=np.array([f"mitdb/100/MLII/{i}" for i in range(n)]),
        subject_N=np.full(n, "mitdb/100"),
        part_N=np.full(n, "test"),
        target=np.array(true, dtype=np.int64),
        score_NK=np.eye(len(labels), dtype=np.float32)[predicted],
    )


@pytest.fixture(scope="module", params=range(3))
def saved(request: pytest.FixtureRequest) -> Predictions:
    return classes(seed=request.param, skill=0.4 + 0.2 * request.param)


def test_class_metrics_are_scikit_learns(saved: Predictions) -> None:
    true, predicted = saved.target, saved.score_NK.argmax(axis=1)
    every = list(range(len(LABELS)))
    precision, recall, f1, _ = reference.precision_recall_fscore_support(
        true, predicted, labels=every
    )
    for name, expected in {
        "sensitivity": recall,
        "positive_predictivity": precision,
        "f1": f1,
    }.items():
        by_label = values(saved, name)
        np.testing.assert_allclose([by_label[label] for label in LABELS], expected, rtol=1e-12)


def test_overall_metrics_are_scikit_learns(saved: Predictions) -> None:
    true, predicted = saved.target, saved.score_NK.argmax(axis=1)
    for name, expected in {
        "accuracy": reference.accuracy_score(true, predicted),
        "macro_f1": reference.f1_score(true, predicted, average="macro"),
        "weighted_f1": reference.f1_score(true, predicted, average="weighted"),
        "kappa": reference.cohen_kappa_score(true, predicted),
    }.items():
        assert values(saved, name) == {"": pytest.approx(expected, rel=1e-12)}


def test_head_metrics_are_scikit_learns() -> None:
    saved = heads(seed=2)
    plain, balanced = values(saved, "head_accuracy"), values(saved, "head_balanced_accuracy")
    for k, label in enumerate(saved.labels):
        true, predicted = saved.target == k, saved.score_NK[:, k] >= 0.5
        assert plain[label] == pytest.approx(reference.accuracy_score(true, predicted))
        assert balanced[label] == pytest.approx(reference.balanced_accuracy_score(true, predicted))
    assert plain[""] == pytest.approx(np.mean([plain[label] for label in saved.labels]))


def test_saying_n_to_every_published_beat_scores_what_is_published() -> None:
    saved = counted({(label, "N"): n for label, n in KACHUEE.items()})
    assert round(100 * values(saved, "accuracy")[""], 1) == 82.8
    assert values(saved, "kappa")[""] == 0
    assert values(saved, "jkappa")[""] == 0
    assert values(saved, "macro_f1")[""] == pytest.approx(0.1811, abs=1e-4)


def test_macro_f1_leaves_out_a_class_that_is_neither_true_nor_predicted() -> None:
    saved = counted({("N", "N"): 6, ("N", "V"): 2, ("V", "V"): 4, ("S", "N"): 1})
    expected = reference.f1_score(
        saved.target, saved.score_NK.argmax(axis=1), average="macro", zero_division=0
    )
    assert values(saved, "macro_f1")[""] == pytest.approx(expected)


def test_what_does_not_occur_is_not_a_number() -> None:
    saved = counted({("N", "N"): 3, ("N", "V"): 1})
    assert np.isnan(values(saved, "sensitivity")["S"])
    assert np.isnan(values(saved, "positive_predictivity")["S"])
    assert values(saved, "positive_predictivity")["V"] == 0
    assert np.isnan(values(saved, "f1")["S"])
    assert np.isnan(values(counted({("N", "N"): 3}), "kappa")[""])


# N, S and V of 1000 beats; the indices by hand.
MADE = {
    ("N", "N"): 800,
    ("N", "S"): 40,
    ("N", "V"): 10,
    ("S", "N"): 20,
    ("S", "S"): 30,
    ("V", "V"): 90,
    ("V", "N"): 10,
}


def test_j_and_jkappa_by_hand() -> None:
    j = 30 / 50 + 90 / 100 + 30 / 70 + 90 / 100
    chance = (850 * 830 + 50 * 70 + 100 * 100) / 1000**2
    kappa = (0.92 - chance) / (1 - chance)
    saved = counted(MADE)
    assert values(saved, "j")[""] == pytest.approx(j)
    assert values(saved, "jkappa")[""] == pytest.approx(kappa / 2 + j / 8)


def test_unclassifiable_beats_count_for_nothing_in_jkappa() -> None:
    whole = values(counted(MADE), "jkappa")[""]
    with_q = values(counted({**MADE, ("Q", "S"): 500, ("Q", "Q"): 100}), "jkappa")[""]
    assert with_q == pytest.approx(whole)
    assert values(counted({**MADE, ("S", "Q"): 50}), "jkappa")[""] < whole


def test_jkappa_needs_its_classes() -> None:
    with pytest.raises(ValueError, match=r"needs a class 'S' \(has healthy, MI\)"):
        values(counted({("MI", "MI"): 2}, labels=("healthy", "MI")), "jkappa")


def test_support_counts_the_subjects_that_carry_a_class() -> None:
    saved = classes(seed=1, subjects=8)
    rare = saved.target == LABELS.index("F")
    kept = saved.only(~rare | (saved.subject_N == saved.subject_N[rare][0]))
    metrics = Score.model_validate({"metrics": ["sensitivity", "accuracy", "macro_f1"]}).metrics
    table = scoring.score(kept, metrics).set_index(["metric", "class"])
    assert table.loc[("sensitivity", "F"), "subjects"] == 1
    assert table.loc[("sensitivity", "F"), "segments"] == (kept.target == 0).sum()
    assert table.loc[("accuracy", ""), "subjects"] == 8
    assert table.loc[("macro_f1", ""), "subjects"] == 1


def test_each_part_is_scored_by_itself() -> None:
    one, two = classes(seed=1, part="test"), classes(seed=2, part="train", skill=1.0)
    both = type(one)(
        **{
            **one.__dict__,
            **{
                key: np.concatenate([getattr(one, key), getattr(two, key)])
                for key in ("id_N", "subject_N", "part_N", "target", "score_NK")
            },
        }
    )
    table = scoring.score(both, Score.model_validate({"metrics": ["accuracy"]}).metrics)
    assert table["part"].tolist() == ["test", "train"]
    assert table["value"].tolist() == [values(one, "accuracy")[""], 1.0]


def test_a_chosen_option_is_part_of_the_name() -> None:
    metrics = Score.model_validate(
        {"metrics": ["jkappa", {"name": "jkappa", "unscored": ["Q", "F"]}]}
    ).metrics
    assert [named(m) for m in metrics] == ["jkappa", "jkappa(unscored=Q+F)"]


def test_a_metric_can_leave_subjects_out() -> None:
    saved = classes(seed=3, subjects=6)
    gone = ("mitdb/201", "mitdb/203")
    spec = Score.model_validate({"metrics": ["jkappa", {"name": "jkappa", "without": gone}]})
    whole, less = scoring.score(saved, spec.metrics).to_dict("records")
    (alone,) = scoring.score(saved.only(~np.isin(saved.subject_N, gone)), spec.metrics[:1]).to_dict(
        "records"
    )
    assert less["metric"] == "jkappa(without mitdb/201+mitdb/203)"
    assert less["value"] == alone["value"] != whole["value"]
    assert (less["segments"], less["subjects"]) == (alone["segments"], alone["subjects"])
    assert Score.model_validate_json(spec.canonical()) == spec


@pytest.mark.parametrize(
    ("without", "message"),
    [
        (["mitdb/2O1"], "there is no subject 'mitdb/2O1'. Did you mean 'mitdb/201'"),
        (["mitdb/200", "mitdb/201"], "that leaves nobody"),
    ],
)
def test_who_is_left_out_must_be_there_and_not_be_all(without: list[str], message: str) -> None:
    saved = classes(subjects=2)
    spec = Score.model_validate({"metrics": [{"name": "kappa", "without": without}]})
    with pytest.raises(ValueError, match=message):
        scoring.score(saved, spec.metrics)


def test_a_segment_without_a_label_is_not_scored() -> None:
    saved = classes(seed=1)
    hidden = np.where(np.arange(len(saved.target)) % 3 == 0, -1, saved.target)
    with_hidden = Predictions(**{**saved.__dict__, "target": hidden})
    for name in ("accuracy", "macro_f1", "kappa"):
        assert values(with_hidden, name) == values(saved.only(hidden >= 0), name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score_NK": np.full((720, 5), np.nan, np.float32)}, "a score is not finite"),
        ({"target": np.full(720, 5)}, "target 5 is none of 5 labels"),
    ],
)
def test_broken_predictions_are_refused(change: dict[str, np.ndarray], message: str) -> None:
    broken = Predictions(**{**classes().__dict__, **change})
    with pytest.raises(ValueError, match=f"mitdb/200/MLII/0: {message}"):
        values(broken, "accuracy")


def test_script_writes_what_scoring_says(tmp_path: Path) -> None:
    spec = Score.model_validate({"metrics": ["accuracy", "f1"]})
    saved = classes(seed=9)
    predictions.write(saved, tmp_path / "0.parquet")
    script.score(spec, tmp_path / "0.parquet", tmp_path / "out" / "0.parquet")
    written = pd.read_parquet(tmp_path / "out" / "0.parquet")
    pd.testing.assert_frame_equal(written, scoring.score(saved, spec.metrics))

"""Evaluations that ask the very same share audit and predictions, and no others do."""

import json
import re
from typing import Any

import pytest
from overlays import content, merged

from cardiograft.config.checks import load_config
from cardiograft.config.plan import Plan
from cardiograft.config.relations import relations
from cardiograft.config.schema import Config
from cardiograft.config.stages import stages
from cardiograft.config.study_plan import StudyPlan

STUDY = "transform_recognition"
NET = {"split": "strict", "model": "cnn", "task": "classify", "training": {"epochs": 1}}
PEOPLE = {"segments": ["beats"], "protocol": "honest", "validation": 0.34}
USUAL = {"model": "net", "metrics": ["accuracy", "macro_f1"]}
CONFIG: dict[str, Any] = {
    "mirror": "simulated",
    "databases": {"mitdb": {"records": ["101", "106", "119", "208", "200", "233"]}},
    "segments": {
        "beats": {
            "database": "mitdb",
            "signal": {"leads": ["MLII|V5"]},
            "rate_hz": 125,
            "cut": "kachuee",
            "label": "aami",
        }
    },
    "splits": {
        "strict": {**PEOPLE, "scheme": "dechazal_strict"},
        "other": {**PEOPLE, "scheme": "subject", "test": 0.3},
    },
    "transfer": {
        "net": {**NET, "repeats": 2, "evaluate": {"metrics": ["accuracy", "macro_f1"]}},
        "second": {**NET, "evaluate": {"metrics": ["accuracy", "macro_f1"]}},
    },
    "baselines": {"majority": {"split": "strict", "baseline": "majority"}},
    "evaluations": {"majority": {"metrics": ["accuracy", "macro_f1"]}},
}


def config_with(**more: dict[str, Any]) -> Config:
    """Return a config with more evaluations, all of them in its study."""
    tables = {STUDY: {"evaluations": ["net", "second", "majority", *more]}}
    evaluations = {**CONFIG["evaluations"], **more}
    return load_config({**CONFIG, "evaluations": evaluations, "tables": tables})


SCORED_OTHERWISE = {
    "other metrics": {"metrics": ["kappa", "macro_f1"]},
    "recordings": {"per": "record"},
    "other tags": {"tags": {"init": "third"}},
    "looked before": {"looked_before": {"times": 1, "why": "tried"}},
}
ASKED_OTHERWISE = {
    "another split": {"split": "other"},
    "another part": {"parts": ["validation"]},
    "one more part": {"parts": ["test", "validation"]},
    "another size of batch": {"batch_size": 7},
    "chosen otherwise": {"chosen_on": "published"},
    "classes may be missing": {"missing": "allowed"},
}


@pytest.mark.parametrize("change", SCORED_OTHERWISE)
@pytest.mark.parametrize("model", ["net", "majority"])
def test_what_is_scored_otherwise_is_asked_once(change: str, model: str) -> None:
    plan = Plan(config_with(more={**USUAL, **SCORED_OTHERWISE[change], "model": model}))
    assert plan.config.predicted_as["more"] == plan.config.predicted_as[model] == model
    assert plan.audit("more") == plan.audit(model) == f"results/audits/{model}.json"
    assert plan.predictions("more", 0) == f"results/predictions/{model}/0.parquet"
    for pattern in (plan.audited(), f"{plan.networks_evaluated()}|{plan.baselines_evaluated()}"):
        assert re.fullmatch(pattern, model)
        assert not re.fullmatch(pattern, "more")


@pytest.mark.parametrize("change", ASKED_OTHERWISE)
def test_what_is_asked_otherwise_is_asked_by_itself(change: str) -> None:
    plan = Plan(config_with(more={**USUAL, **ASKED_OTHERWISE[change]}))
    assert {plan.config.predicted_as[one] for one in ("net", "more")} == {"net", "more"}
    assert plan.predictions("more", 0) == "results/predictions/more/0.parquet"
    assert re.fullmatch(plan.networks_evaluated(), "more")
    assert re.fullmatch(plan.audited(), "more")


def test_two_trainings_that_are_asked_alike_share_nothing() -> None:
    config = config_with()
    assert {one: other for one, other in config.predicted_as.items() if one != other} == {}


def test_neither_order_nor_anything_else_in_config_moves_the_files() -> None:
    two = {name: {**USUAL, "parts": ["validation"]} for name in ("longer-name", "b")}
    for names in (two, dict(reversed(two.items()))):
        config = config_with(a={**USUAL, "parts": ["train"]}, **names)
        assert {config.predicted_as[one] for one in two} == {"b"}
        assert config.predicted_as["a"] == "a"
    # the one within the training has its name, whatever is shorter
    assert config_with(a=USUAL).predicted_as["a"] == "net"


def test_tables_are_told_whose_predictions_they_read() -> None:
    config, before = config_with(more={**USUAL, "per": "record"}), config_with()
    spec = config.spec("tabulate", STUDY).model_dump()
    assert spec["predicted_as"] == {"more": "net"}
    assert spec["rows"]["more"]["members"] == ("more",)
    assert before.spec("tabulate", STUDY).model_dump()["predicted_as"] == {}
    files, fewer = StudyPlan(Plan(config)), StudyPlan(Plan(before))
    assert files.predictions(STUDY) == fewer.predictions(STUDY)
    own = {f"results/scores/more/{repeat}.parquet" for repeat in (0, 1)}
    assert set(files.scores(STUDY)) - set(fewer.scores(STUDY)) == own
    assert files.reported()["audits"] == fewer.reported()["audits"]


def test_the_plan_of_a_page_counts_jobs_and_names_evaluations() -> None:
    told, before = (
        json.loads(stages(Plan(config), STUDY))
        for config in (config_with(more=USUAL), config_with())
    )
    assert told["jobs"] == {**before["jobs"], "score": before["jobs"]["score"] + 2}
    assert told["edges"] == before["edges"]
    assert told["evaluations"] == [*before["evaluations"], ["more", "net"]]


# The configs that come along.


@pytest.fixture(scope="module", params=["open", "paper"])
def large(request: pytest.FixtureRequest) -> Config:
    return load_config({**merged(content(request.param)), "mirror": "simulated"})


def test_whoever_shares_is_told_and_reads_the_same(large: Config) -> None:
    plan = Plan(large)
    sharing = {one: other for one, other in large.predicted_as.items() if one != other}
    assert sharing["quality-scratch-record"] == "quality-scratch"
    assert sharing["quality-indices-both-record"] == "quality-indices-both"
    for one, other in sharing.items():
        assert large.predicted_as[other] == other
        assert made_of(plan, one) == made_of(plan, other)


def made_of(plan: Plan, evaluation: str) -> list[Any]:
    """Return all that audit and predictions of an evaluation are made of."""
    one = plan.config.evaluations[evaluation]
    asks = "baseline" if one.model in plan.config.baselines else "predict"
    told = [(plan.spec(job, evaluation), plan.code(job, evaluation)) for job in (asks, "audit")]
    return [
        *told,
        *(one.model, plan.segments(one.split), plan.split(one.split), plan.split_audit(one.split)),
        *(plan.lineage_tables(evaluation), plan.lineage_segments(evaluation)),
        *(plan.shipped_splits(evaluation), plan.shipped_segments(evaluation)),
        *(
            (plan.spec(stage, evaluation), plan.code(stage, evaluation))
            for stage in (asks, "audit")
        ),
    ]


def test_show_says_whose_predictions_an_evaluation_has(large: Config) -> None:
    own, other = (
        [line.strip() for line in relations(large, "evaluations", name)]
        for name in ("quality-scratch-record", "quality-scratch")
    )
    same = "evaluations: quality-scratch, which asks the same: its audit and predictions are shared"
    assert same in own[: own.index("made from it")]
    after = other[other.index("made from it") :]
    assert "evaluations: quality-scratch-record, which shares its audit and predictions" in after
    assert not any("quality-scratch-record" in line for line in own)

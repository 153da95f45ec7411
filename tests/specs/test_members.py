"""A model made of others: their files count as its code, and config checks their names."""

import json
from typing import Any

import pytest

from cardiograft.config.checks import load_config
from cardiograft.config.plan import Plan
from cardiograft.specs.members import files, members

MLP, CNN, LSTM = (f"src/cardiograft/models/{name}.py" for name in ("mlp", "cnn", "lstm"))


def given(*members: Any) -> dict[str, Any]:
    one = {"split": "s", "task": "classify", "training": {"epochs": 1}}
    return {
        "databases": {"mitdb": {}},
        "segments": {
            "b": {
                "database": "mitdb",
                "signal": {"leads": ["MLII|V5"]},
                "rate_hz": 125,
                "cut": "kachuee",
                "label": "aami",
            }
        },
        "splits": {"s": {"segments": ["b"], "scheme": "segment", "protocol": "paper", "test": 0.1}},
        "transfer": {
            "alone": {**one, "model": "cnn"},
            "whole": {**one, "model": {"name": "mean_ensemble", "members": list(members)}},
        },
        "evaluations": {name: {"metrics": ["accuracy"]} for name in ("alone", "whole")},
        "tables": {
            "transform_recognition": {"evaluations": ["alone", "whole"], "primary": "accuracy"}
        },
    }


@pytest.mark.parametrize("stage", ["transfer", "predict"])
def test_a_members_file_is_code_of_the_whole_and_of_nothing_else(stage: str) -> None:
    plan = Plan(load_config(given("mlp", "cnn", {"name": "lstm", "units": 8})))
    whole, alone = (set(json.loads(plan.code(stage, entry))) for entry in ("whole", "alone"))
    assert {MLP, CNN, LSTM} <= whole
    assert {MLP, CNN, LSTM} & alone == {CNN}


def test_members_of_members_count() -> None:
    nested = {"name": "mean_ensemble", "members": ["mlp", "lstm"]}
    outer = members([{"name": "mean_ensemble", "members": ["cnn", nested]}])
    assert {MLP, CNN, LSTM} <= set(files(outer))


def test_members_get_all_their_options_and_survive_json() -> None:
    (one,) = members([{"name": "lstm", "units": 8}])
    assert one.options == {"units": 8, "hidden": [64], "dropout": 0.0, "read": "last"}
    assert members([json.loads(one.canonical())]) == (one,)


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("lsmt", r"^transfer.whole.model.members: 'lsmt': no models named 'lsmt'. Did you mean"),
        ({"name": "lstm", "unit": 8}, r"^transfer.whole.model.members: lstm has no option 'unit'."),
        ({"name": "lstm", "units": 0}, r"^transfer.whole.model.members: .*greater than or equal"),
        ({"units": 8}, r"^transfer.whole.model.members: expected the name of one of models"),
    ],
)
def test_a_wrong_member_is_refused_before_anything_runs(member: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        load_config(given("cnn", member))
    assert "\n" not in str(caught.value)

"""What config makes of pruning: short forms, sweeps, and models that come out narrower."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardiograft.config.checks import load_config
from cardiograft.specs.prune import Sparsity

TRAINING = {"epochs": 1}


def config(**prune: Any) -> dict[str, Any]:
    return {
        "databases": {"mitdb": {}},
        "segments": {
            "mitdb": {
                "database": "mitdb",
                "signal": {"leads": ["MLII"]},
                "rate_hz": 125,
                "cut": "kachuee",
            }
        },
        "splits": {"mitdb": {"segments": ["mitdb"], "scheme": "subject", "protocol": "honest"}},
        "pretrain": {
            "first": {
                "split": "mitdb",
                "model": {"name": "cae", "widths": [16, 32, 48, 64]},
                "task": "reconstruct",
                "training": TRAINING,
            },
        },
        "prune": {name: {"training": TRAINING, **entry} for name, entry in prune.items()},
    }


def widths(model: Any) -> list[int]:
    sizes: list[int] = model.options["widths"]
    return sizes


@given(final=st.floats(0, 0.99))
def test_a_schedule_that_does_not_say_begins_no_higher_than_it_ends(final: float) -> None:
    spec = Sparsity(final=final)
    assert spec.initial == min(0.10, final)
    assert Sparsity.model_validate({"initial": None, "final": final}) == spec
    assert Sparsity.model_validate_json(spec.canonical()) == spec


def test_a_wrong_final_is_the_error_that_is_told() -> None:
    with pytest.raises(ValueError, match="final"):
        Sparsity.model_validate({"final": "much"})
    with pytest.raises(ValueError, match=r"initial 0.3 is above final 0.2"):
        Sparsity.model_validate({"initial": 0.3, "final": 0.2})


def test_a_sweep_of_sparsities_is_one_entry() -> None:
    shares = [0, 0.25, 0.5, 0.75, 0.9, 0.95]
    raw = config()
    raw["prune"]["first-{sparsity}"] = {
        "sweep": {"sparsity": shares},
        "source": "first",
        "sparsity": {"final": "{sparsity}", "end": 100},
        "training": TRAINING,
        "tags": {"sparsity": "{sparsity} %"},
    }
    runs = load_config(raw).prune
    assert list(runs) == [f"first-{share}" for share in shares]
    assert [run.sparsity.final for run in runs.values()] == shares
    assert [run.sparsity.initial for run in runs.values()] == [0, *[0.1] * 5]
    assert [run.tags["sparsity"] for run in runs.values()] == [f"{s} %" for s in shares]


def test_what_follows_a_structured_pruning_is_as_narrow() -> None:
    half = {"source": "first", "sparsity": {"method": "structured", "final": 0.5, "end": 10}}
    quarter = {"source": "half", "sparsity": {"method": "structured", "final": 0.25, "end": 10}}
    raw = config(half=half, again=quarter, ones={"source": "first", "sparsity": {"final": 0.5}})
    tuned = {"split": "mitdb", "task": "reconstruct", "training": TRAINING}
    raw["transfer"] = {
        "narrow": {"source": "half", **tuned},
        "narrower": {"source": "again", **tuned},
        "wide": {"source": "ones", **tuned},
        "own": {"source": "half", "model": "cae", **tuned},
    }
    raw["evaluations"] = {
        name: {"model": name, "metrics": ["pearson"]} for name in ("half", "ones", "narrow")
    }
    loaded = load_config(raw)
    assert widths(loaded.prune["half"].model) == [16, 32, 48, 64]
    assert widths(loaded.prune["half"].result) == [8, 16, 24, 32]
    assert widths(loaded.prune["again"].model) == [8, 16, 24, 32]
    assert widths(loaded.prune["again"].result) == [8, 16, 16, 24]
    width_of = {name: widths(run.model) for name, run in loaded.transfer.items()}
    assert width_of == {
        "narrow": [8, 16, 24, 32],
        "narrower": [8, 16, 16, 24],
        "wide": [16, 32, 48, 64],
        "own": [16, 32, 48, 64],
    }
    predicted = {
        name: json.loads(loaded.spec("predict", name).canonical())["model"]["options"]["widths"]
        for name in raw["evaluations"]
    }
    assert predicted == {
        "half": [8, 16, 24, 32],
        "ones": [16, 32, 48, 64],
        "narrow": [8, 16, 24, 32],
    }
    job = json.loads(loaded.spec("prune", "half").canonical())
    assert job["model"]["options"]["widths"] == [16, 32, 48, 64]


def test_a_model_without_widths_is_refused_before_any_job() -> None:
    raw = config(small={"source": "first", "sparsity": {"method": "structured"}})
    raw["pretrain"]["first"].update(model="lstm", task="classify")
    message = (
        r"prune.small: method 'structured' .* lstm does not say .* \(models that do: cae, cnn,"
    )
    with pytest.raises(ValueError, match=message) as caught:
        load_config(raw)
    assert "\n" not in str(caught.value)

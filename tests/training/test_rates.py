"""A learning rate chosen on validation: the training that it is alone, byte for byte."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cohort import spec_of
from pydantic import ValidationError

from cardiograft.checkpoints.file import read_checkpoint, weights_digest
from cardiograft.specs.transfer import Transfer

Train = Callable[..., Path]
RATES = [1e-5, 3e-3, 1e-3]
OPTIONS: dict[str, Any] = {"epochs": 3, "keep": "best_validation", "monitor": "loss"}


def digest(folder: Path) -> str:
    return weights_digest(read_checkpoint(folder / "model.safetensors").tensors)


def card(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "card.json").read_text())
    return content


def test_what_is_published_is_the_training_that_is_best_on_validation(pretrained: Train) -> None:
    tuned = pretrained("tuned", learning_rates=RATES, **OPTIONS)
    alone = [pretrained(f"alone-{k}", learning_rate=r, **OPTIONS) for k, r in enumerate(RATES)]
    lines = card(tuned)["learning_rates"]
    assert [line["learning_rate"] for line in lines] == RATES
    assert [line["best_epoch"] for line in lines] == [card(a)["best_epoch"] for a in alone]
    best = min(range(len(RATES)), key=lambda k: lines[k]["best"])
    assert [line["chosen"] for line in lines] == [k == best for k in range(len(RATES))]
    assert best != 0  # with the first rate hardly anything is learned
    assert digest(tuned) == digest(alone[best])
    histories = [(f / "history.parquet").read_bytes() for f in (tuned, alone[best])]
    assert histories[0] == histories[1]
    assert "learning_rates" not in card(alone[0])


def test_stopped_within_the_second_rate_it_ends_in_the_same_bytes(
    pretrained: Train, interrupted: Callable[[int], list[Any]], tmp_path: Path
) -> None:
    whole = pretrained("whole", learning_rates=RATES, **OPTIONS)
    interrupted(44)
    with pytest.raises(SystemExit, match="143"):
        pretrained("cut", learning_rates=RATES, **OPTIONS)
    saved = sorted(p.name for p in (tmp_path / "state").rglob("state*"))
    assert saved == ["state-rate-0.safetensors", "state-rate-1.safetensors"]
    cut = pretrained("cut", learning_rates=RATES, **OPTIONS)
    assert (cut / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    assert card(cut)["learning_rates"] == card(whole)["learning_rates"]


def test_a_rate_that_diverges_is_not_chosen_and_all_of_them_end_the_job(pretrained: Train) -> None:
    options = {**OPTIONS, "optimiser": "sgd"}
    lines = card(pretrained("some", learning_rates=[1e30, 1e-3], **options))["learning_rates"]
    assert lines[0] == {
        "learning_rate": 1e30,
        "best": None,
        "best_epoch": None,
        "epochs_run": None,
        "chosen": False,
    }
    assert lines[1]["chosen"]
    with pytest.raises(
        ValueError, match=r"diverged with every one of learning_rates 1e\+30, 1e\+29"
    ):
        pretrained("none", learning_rates=[1e30, 1e29], **options)


def test_what_cannot_be_chosen_so_is_refused() -> None:
    for keep in ("last", "best_test"):
        with pytest.raises(ValidationError, match="learning_rates are chosen on the validation"):
            spec_of(learning_rates=RATES, keep=keep)
    with pytest.raises(ValidationError, match="is given twice"):
        spec_of(learning_rates=[0.1, 0.1], keep="best_validation")
    with pytest.raises(ValidationError, match="an adaptation is trained with one learning_rate"):
        Transfer.model_validate(
            {
                "split": "a",
                "model": "cnn",
                "task": "classify",
                "training": {**OPTIONS, "learning_rates": RATES},
                "adaptation": {"name": "coral", "domain": "b"},
            }
        )

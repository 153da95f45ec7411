"""Networks of pictures are trained, asked and checked like others."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cardiograft.checkpoints.file import read_checkpoint
from cardiograft.checkpoints.network import rebuilt, view_of
from cardiograft.evaluation.predict import predict
from cardiograft.specs.predict import Predict
from cardiograft.specs.pretrain import Pretrain
from cardiograft.training.job import train_and_publish, training_code
from cardiograft.training.request import Job, Place

SMALL = {"name": "light_cnn", "widths": [4, 4, 4]}
VIEW = {
    "name": "spectrogram",
    "window_s": 0.1,
    "height": 122,
    "width": 122,
    "colours": "grey",
}


def entry(**changes: Any) -> Pretrain:
    whole = {"split": "toy", "model": SMALL, "view": VIEW, "task": "classify"}
    return Pretrain.model_validate(
        {**whole, "training": {"epochs": 4, "batch_size": 32, "learning_rate": 0.003}, **changes}
    )


@pytest.fixture
def trained(cohort: Any, tmp_path: Path) -> Path:
    place = Place(
        segments=[cohort.segments],
        split=cohort.honest,
        state=tmp_path / "state",
        out=tmp_path / "model",
    )
    train_and_publish(Job(stage="pretrain", spec=entry(), place=place, repeat=0, code="{}"))
    return tmp_path / "model"


def predicted(cohort: Any, trained: Path, scratch: Path, **change: Any) -> Any:
    spec = {"split": "toy", "model": SMALL, "view": VIEW, "task": "classify", **change}
    return predict(
        Predict.model_validate(spec),
        segments=[cohort.segments],
        split=cohort.honest,
        model=trained,
        scratch=scratch,
    )


def test_it_learns_and_predicts_what_it_learnt(cohort: Any, trained: Path, tmp_path: Path) -> None:
    card = json.loads((trained / "card.json").read_text("utf-8"))
    assert card["view"]["name"] == "spectrogram"
    assert card["view"]["rate_hz"] == 125.0
    assert card["spec"]["view"]["options"]["window_s"] == 0.1
    saved = predicted(cohort, trained, tmp_path)
    assert np.mean(saved.score_NK.argmax(1) == saved.target) > 0.8
    checkpoint = read_checkpoint(trained / "model.safetensors")
    assert view_of(checkpoint) is not None
    assert not [name for name in checkpoint.tensors if name.startswith("view")]
    network = rebuilt(checkpoint)
    network.load_state_dict(checkpoint.tensors)
    assert network(torch.zeros(2, 1, 64), torch.zeros(2, 0)).shape == (2, 3)


def test_another_view_than_it_was_trained_behind_is_refused(
    cohort: Any, trained: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="trained behind another view than the entry's"):
        predicted(cohort, trained, tmp_path, view={**VIEW, "overlap": 0.5})


def test_the_code_of_a_job_holds_its_view() -> None:
    spec = entry()
    assert "src/cardiograft/models/views/spectrogram.py" in training_code("pretrain", spec)
    other = {**VIEW, "name": "scalogram", "octaves": 3}
    del other["window_s"]
    assert training_code("pretrain", entry(view=other)) != training_code("pretrain", spec)

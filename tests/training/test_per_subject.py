"""A network for each subject: what its subject's training alone would be, and asked of it alone."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from cohort import SMALL, Cohort, Interrupt
from pydantic import ValidationError

from cardiograft.checkpoints import hdf5
from cardiograft.checkpoints.file import (
    Checkpoint,
    load_checkpoint,
    read_checkpoint,
    weights_digest,
)
from cardiograft.checkpoints.network import rebuilt
from cardiograft.config.checks import load_config
from cardiograft.evaluation.predict import predict
from cardiograft.files import PARQUET_KEY
from cardiograft.segments import shards
from cardiograft.specs.predict import Predict
from cardiograft.specs.transfer import Transfer
from cardiograft.training.transfer import Graft, graft

Train = Callable[..., Path]
TUNED = ("toy/s0", "toy/s1")
MODEL, TASK = SMALL, {"name": "classify", "labels": ["N", "S", "V"]}


def split(cohort: Cohort, path: Path, known: Mapping[int, int]) -> Path:
    """Write a split: of subjects 0 to 2 all is tested, but of some the first so many; 3 trains."""
    table = shards.table([cohort.segments], ["id", "subject", "start"])
    parts = []
    for name, start in zip(table["subject"].to_pylist(), table["start"].to_pylist(), strict=True):
        subject = int(name.removeprefix("toy/s"))
        seen = start // 100 < known.get(subject, 0)
        parts.append("train" if seen or subject == 3 else "test" if subject < 3 else "out")
    about = json.dumps({"spec": {"protocol": "personal"}})
    whole = table.append_column("part", pa.array(parts))
    pq.write_table(whole.replace_schema_metadata({PARQUET_KEY: about}), path)
    return path


def entry(**changes: Any) -> Transfer:
    options = {"epochs": 3, "batch_size": 8, "learning_rate": 0.01, **changes.pop("training", {})}
    content = {"split": "toy", "model": MODEL, "task": TASK, "training": options, **changes}
    return Transfer.model_validate({"per_subject": True, **content})


@pytest.fixture
def tuned(cohort: Cohort, tmp_path: Path) -> Train:
    def train(name: str, known: Mapping[int, int], **changes: Any) -> Path:
        made = split(cohort, tmp_path / f"{name}.parquet", known)
        place = Cohort(segments=cohort.segments, honest=made, paper=made, whole=made)
        return place.job("transfer", entry(**changes), tmp_path / name, sources_=[])

    return train


def checkpoint(folder: Path) -> Checkpoint:
    return read_checkpoint(folder / "model.safetensors")


def test_each_is_the_training_on_its_subject_alone(tuned: Train) -> None:
    both = checkpoint(tuned("both", {0: 30, 1: 20}))
    assert tuple(both.own) == TUNED == tuple(both.about["subjects"])  # 3 is not tested
    for subject, known in ((0, 30), (1, 20)):
        alone = checkpoint(tuned(f"alone-{subject}", {subject: known}))
        own = both.own[f"toy/s{subject}"]
        assert weights_digest(own) == weights_digest(alone.own[f"toy/s{subject}"])
        assert weights_digest(own) != weights_digest(both.tensors)
        assert weights_digest(both.tensors) == weights_digest(alone.tensors)
    assert both.digest() != both.of(None).digest() != both.of(TUNED[0]).digest()


def test_each_predicts_its_own_subject_and_the_first_weights_all_others(
    tuned: Train, cohort: Cohort, tmp_path: Path
) -> None:
    folder = tuned("both", {0: 30, 1: 20})
    spec = Predict.model_validate({"split": "toy", "model": MODEL, "task": TASK, "batch_size": 7})
    given = {"segments": [cohort.segments], "split": tmp_path / "both.parquet"}
    saved_predictions = predict(spec, **given, model=folder, scratch=tmp_path / "scratch")
    saved = checkpoint(folder)
    signal = shards.arrays([cohort.segments], saved_predictions.id_N.tolist(), ("signal",))[
        "signal"
    ]
    network = rebuilt(saved).eval()
    for subject in ("toy/s0", "toy/s1", "toy/s2"):
        mine_N = saved_predictions.subject_N == subject
        load_checkpoint(network, saved.of(subject), where="here")
        with torch.no_grad():
            logit = network(torch.from_numpy(signal[mine_N]), torch.zeros(mine_N.sum(), 0))
        np.testing.assert_allclose(saved_predictions.score_NK[mine_N], logit.softmax(1), atol=1e-6)
    assert mine_N.sum() == 40  # nothing of the third was trained on


def test_stopped_within_the_second_subject_it_ends_in_the_same_bytes(
    tuned: Train, interrupted: Interrupt, tmp_path: Path
) -> None:
    whole = tuned("whole", {0: 30, 1: 20})
    interrupted(3 * 4 + 5)  # four batches of the first subject an epoch
    with pytest.raises(SystemExit, match="143"):
        tuned("whole-2", {0: 30, 1: 20})
    saved = sorted(p.name for p in (tmp_path / "state").rglob("state*"))
    assert saved == ["state-subject-0.safetensors", "state-subject-1.safetensors"]
    again = tuned("whole-2", {0: 30, 1: 20})
    assert (again / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    histories = [(f / "history.parquet").read_bytes() for f in (whole, again)]
    assert histories[0] == histories[1]


def test_a_person_of_two_names_has_one_network(
    cohort: Cohort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = split(cohort, tmp_path / "named.parquet", {0: 30})
    table = pq.read_table(made)
    about = json.dumps({"spec": {"protocol": "personal", "people": [["toy/s0", "toy/s2"]]}})
    pq.write_table(table.replace_schema_metadata({PARQUET_KEY: about}), made)
    place = Cohort(segments=cohort.segments, honest=made, paper=made, whole=made)
    folder = place.job("transfer", entry(), tmp_path / "named", sources_=[])
    saved = checkpoint(folder)
    assert tuple(saved.own) == ("toy/s0",)
    assert "toy/s1 has no training segments: predicted with the first" in capsys.readouterr().err
    spec = Predict.model_validate({"split": "toy", "model": MODEL, "task": TASK})
    given = {"segments": [cohort.segments], "split": made, "model": folder}
    saved_predictions = predict(spec, **given, scratch=tmp_path / "scratch")
    network = rebuilt(saved).eval()
    load_checkpoint(network, saved.of("toy/s0"), where="here")
    mine_N = saved_predictions.subject_N == "toy/s2"
    ids = saved_predictions.id_N[mine_N].tolist()
    signal = torch.from_numpy(shards.arrays([cohort.segments], ids, ("signal",))["signal"])
    with torch.no_grad():
        logit = network(signal, torch.zeros(len(ids), 0))
    np.testing.assert_allclose(saved_predictions.score_NK[mine_N], logit.softmax(1), atol=1e-6)


def test_where_one_network_is_needed_it_is_refused(tuned: Train, tmp_path: Path) -> None:
    saved = checkpoint(tuned("both", {0: 30, 1: 20}))
    message = "holds a network for each of 2 subjects"
    with pytest.raises(ValueError, match=f"here: {message}"):
        load_checkpoint(rebuilt(saved), saved, where="here")
    with pytest.raises(ValueError, match=f"source 'both': {message}"):
        graft(rebuilt(saved), [Graft("both", saved, {"encoder": "encoder"})], least=0.5)
    with pytest.raises(ValueError, match=message):
        hdf5.write(saved, tmp_path / "both.hdf5")


def test_a_split_that_tests_nobody_who_is_trained_on_is_refused(tuned: Train) -> None:
    with pytest.raises(ValueError, match="per_subject: nobody who is trained on is in the test"):
        tuned("none", {})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"training": {"keep": "best_validation"}}, "a subject has no validation part"),
        ({"training": {"bootstrap": 1.0}}, "a bootstrap draws subjects"),
        ({"training": {"patience": 3}}, "all subjects train as long"),
        ({"training": {"precision": "fp16"}}, "would hand its scale on to the next subject"),
        ({"devices": 2}, "many small networks, on one device"),
        (
            {"adaptation": {"name": "coral", "domain": "other"}},
            "an adaptation compares groups of subjects",
        ),
    ],
)
def test_what_a_subject_alone_does_not_have_is_refused(changes: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        entry(**changes)


def config(protocol: str, **more: Any) -> dict[str, Any]:
    split_: dict[str, Any] = {"segments": ["toy"], "scheme": "subject", "protocol": protocol}
    if protocol == "personal":
        split_ |= {"calibration": {"seconds": 10, "alone": True}}
    run = {"split": "toy", "model": "cnn", "task": "classify", "training": {"epochs": 1}}
    return {
        "mirror": "none",
        "databases": {"mitdb": {}},
        "segments": {
            "toy": {"database": "mitdb", "signal": {"leads": ["MLII"]}, "rate_hz": 125}
            | {"cut": {"name": "windows", "window_s": 10}}
        },
        "splits": {"toy": split_},
        "transfer": {"tuned": {**run, "per_subject": True}, **more.pop("transfer", {})},
        **more,
    }


def test_config_refuses_it_where_it_can_mean_nothing() -> None:
    load_config(config("personal"))
    with pytest.raises(ValueError, match=r"transfer\.tuned\.per_subject: the split 'toy' is hon"):
        load_config(config("honest"))
    nothing = config("personal")
    nothing["splits"]["toy"]["calibration"] = {"seconds": 0}
    with pytest.raises(ValueError, match="per_subject: the split 'toy' has a calibration of 0 s"):
        load_config(nothing)
    gate = {"segments": "toy", "model": "tuned", "label": "N"}
    with pytest.raises(ValueError, match=r"quality_gates\.good\.model: 'tuned' is a network for"):
        load_config(config("personal", quality_gates={"good": gate}))
    for section, entry_, key in (
        ("transfer", {"split": "toy", "model": "cnn", "task": "classify"}, "source"),
        ("prune", {"split": "toy"}, "source"),
        ("export", {}, "source"),
        ("apply", {"records": "."}, "model"),
    ):
        last = {key: "tuned", **entry_}
        if section in ("transfer", "prune"):
            last["training"] = {"epochs": 1}
        if section == "prune":
            last["sparsity"] = {"end": 10, "every": 2}
        with pytest.raises(ValueError, match=f"{section}.next.{key}: 'tuned' is a network for"):
            load_config(config("personal", **{section: {"next": last}}))

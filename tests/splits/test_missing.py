"""A class that a part lacks is named, and refused where it is evaluated."""

import json

import pyarrow as pa
import pytest
import scripts

from cardiograft.config.schema import Config
from cardiograft.specs.audit import Ancestor, Audit
from cardiograft.specs.split import Split
from cardiograft.splits.missing import missing_classes, missing_complaint
from cardiograft.splits.table import write_split_table


def counts(**parts):
    return {part: {"labels": labels} for part, labels in parts.items()}


PTB = counts(train={"healthy": 311, "mi": 478}, validation={}, test={"mi": 556})


def test_a_class_of_training_that_the_test_part_lacks():
    missing = missing_classes(PTB, (), ("test",))
    assert missing == {"test": ["healthy"]}
    message = missing_complaint("ptb-subject", missing, PTB)
    for words in ("'test' of split 'ptb-subject'", "'healthy'", "556 of 'mi'", "missing: allowed"):
        assert words in message


def test_a_class_that_the_task_names():
    few = counts(train={"N": 220, "S": 7}, test={"N": 5, "S": 2, "F": 1, "Q": 3})
    assert missing_classes(few, ("F", "N", "S"), ("test",)) == {"train": ["F"]}
    assert missing_classes(few, ("N", "V"), ("test",)) == {"train": ["V"], "test": ["V"]}
    # few people to learn from need not have every class: that is said, not refused
    assert missing_complaint("few", {"train": ["F"]}, few) == ""


def test_nothing_is_missing():
    whole = counts(train={"a": 1, "b": 2}, test={"a": 1, "b": 1})
    assert missing_classes(whole, (), ("test",)) == {}
    assert missing_complaint("whole", {}, whole) == ""


@pytest.mark.parametrize("labels", [("healthy", "mi"), (), None])
@pytest.mark.parametrize("missing", ["refused", "allowed"])
def test_the_stage(labels, missing, tmp_path):
    keys = {
        "id": ["a", "b"],
        "dataset": ["x", "x"],
        "record": ["1", "2"],
        "subject": ["x/1", "x/2"],
        "start": [0, 0],
        "stop": [9, 9],
    }
    split = Split(segments=("beats",), scheme="subject", protocol="honest")
    table, out = tmp_path / "one.parquet", tmp_path / "audits" / "run.json"
    write_split_table(table, pa.table(keys), ["train", "test"], split)
    (tmp_path / "one.audit.json").write_text(json.dumps({"counts": PTB}))
    lineage = (Ancestor(stage="baseline", entry="run", split="one", uses=("train",)),)
    spec = Audit(protocol="honest", split="one", lineage=lineage, labels=labels, missing=missing)
    audit = scripts.load("audit").audit
    given = (spec, [table], tmp_path / "one.audit.json", out)
    if labels is not None and missing == "refused":
        with pytest.raises(ValueError, match="no segment of 'healthy'"):
            audit(*given)
        assert not out.exists()
        return
    audit(*given)
    lacking = {} if labels is None else {"test": ["healthy"]}
    assert json.loads(out.read_text())["missing_classes"] == lacking


@pytest.mark.parametrize(
    ("model", "pool", "labels", "missing"),
    [
        ("net", None, (), "refused"),
        ("named", None, ("F", "N"), "refused"),
        ("source", None, None, "refused"),  # it is the task's own labels that it predicts
        ("majority", None, (), "refused"),
        ("beat", None, None, "refused"),
        ("net", "folds", (), "allowed"),  # what one fold lacks, another has
    ],
)
def test_what_an_evaluation_is_held_to(model, pool, labels, missing):
    run = {"split": "one", "model": "cnn", "training": {"epochs": 1}}
    named = {"name": "classify", "labels": ["F", "N"]}
    config = Config.model_validate(
        {
            "splits": {"one": {"segments": ["x"], "scheme": "subject", "protocol": "honest"}},
            "pretrain": {"source": {**run, "task": "recognise_transform"}},
            "transfer": {"net": {**run, "task": "classify"}, "named": {**run, "task": named}},
            "baselines": {
                "majority": {"split": "one", "baseline": "majority"},
                "beat": {"split": "one", "baseline": "mean_beat"},
            },
            "evaluations": {
                "it": {"model": model, "split": "one", "metrics": ["accuracy"], "pool": pool},
            },
        }
    )
    spec = config.spec("audit", "it")
    assert (spec.labels, spec.missing) == (labels, missing)

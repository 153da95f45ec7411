"""Evaluations that count recordings: what is made of them, and what is refused before any job."""

from typing import Any

import pytest
from overlays import merged

from cardiograft.config.checks import load_config
from cardiograft.config.schema import Config

NAME = "by-record"


def changed(**given: Any) -> Config:
    """Return a config with one more evaluation, of a network of the demo."""
    evaluation = {
        "model": "mitdb-cnn-pruned-strict",
        "split": "mitdb-strict",
        "metrics": ["macro_f1"],
    }
    return load_config(merged({"evaluations": {NAME: {**evaluation, "per": "record", **given}}}))


def test_what_is_counted_reaches_the_scores_and_is_a_tag() -> None:
    config = changed()
    spec = config.spec("score", NAME)
    assert spec.model_dump()["per"] == "record"
    assert config.tags(NAME)["per"] == "record"
    plain = changed(per="segment")
    assert plain.spec("score", NAME).model_dump()["per"] == "segment"
    assert "per" not in plain.tags(NAME)


def test_tables_know_what_is_counted() -> None:
    own = {"evaluations": ["mitdb-majority-strict", NAME], "comparisons": [], "curves": []}
    tables = {"transform_recognition": {**own, "primary": "macro_f1"}}
    evaluation = {
        "model": "mitdb-cnn-pruned-strict",
        "split": "mitdb-strict",
        "metrics": ["macro_f1"],
    }
    overlay = {"evaluations": {NAME: {**evaluation, "per": "record"}}, "tables": tables}
    spec = load_config(merged(overlay)).spec("tabulate", "transform_recognition")
    rows = spec.model_dump()["rows"]
    assert [rows[name]["per"] for name in own["evaluations"]] == ["segment", "record"]
    assert rows[NAME]["tags"]["per"] == "record"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"split": "mitdb-paper"},
            rf"evaluations\.{NAME}\.per: 'record' needs recordings that are in one part: the split"
            " 'mitdb-paper' has scheme 'segment'",
        ),
        (
            {"metrics": ["head_accuracy"]},
            rf"evaluations\.{NAME}\.per: 'record' averages probabilities of classes, the metric"
            " 'head_accuracy' is of heads",
        ),
        ({"tags": {"per": "beat"}}, "'per' is a tag that the option 'per' gives"),
        ({"per": "recording"}, "per: 'recording'.* 'segment' or 'record'"),
    ],
)
def test_what_can_not_be_counted_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        changed(**change)
    assert "\n" not in str(error.value)

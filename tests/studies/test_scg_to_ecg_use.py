"""What a predicted ECG must not be used for is decided by its own figures."""

import math
from typing import Any

import pytest

from cardiograft.studies import _scg_to_ecg_use as use


def row(metric: str, value: float, **changes: Any) -> dict[str, Any]:
    given = {
        "run": "net",
        "protocol": "honest",
        "part": "test",
        "metric": metric,
        "value": value,
        "low": value,
        "high": value,
        "subjects": 9,
        "segments": 90,
        "tag_init": "scratch",
    }
    return {**given, **changes}


@pytest.mark.parametrize("one_use", use.USES, ids=lambda one: one.metric)
def test_a_use_is_met_on_one_side_of_its_limit_alone(one_use: use.Use) -> None:
    better, worse = (0.001, -0.001) if one_use.at_least else (-0.001, 0.001)
    verdicts = []
    for step in (better, worse):
        (line,) = use.verdicts([row(one_use.metric, one_use.limit + step)]).frame.to_dict("records")
        assert line["Use"] == one_use.name
        assert "9 people" in line["Here"]
        verdicts.append(line["Here"].split(": ")[1])
    assert verdicts == ["met", "must not be used for it"]


def test_a_bias_has_a_sign_and_its_size_counts() -> None:
    (line,) = use.verdicts([row("qrs_duration_bias", -35.0)]).frame.to_dict("records")
    assert line["Here"] == "-35 ms [-35 ms, -35 ms] of 9 people: must not be used for it"


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [((11.0, 19.0), "met"), ((11.0, 29.0), "not shown"), ((math.nan, math.nan), "not shown")],
)
def test_that_a_use_is_met_takes_the_whole_interval(
    ends: tuple[float, float], verdict: str
) -> None:
    one = row("qrs_duration_limits", 18.0, low=ends[0], high=ends[1])
    (line,) = use.verdicts([one]).frame.to_dict("records")
    assert line["Here"].split(": ")[1].startswith(verdict)


def test_what_nobody_has_is_not_tested() -> None:
    (line,) = use.verdicts([row("odd_beats_shown", math.nan)]).frame.to_dict("records")
    assert line["Here"] == "not tested: nobody here has such beats"


def test_what_a_network_does_not_draw_is_no_fault_of_people() -> None:
    """A flat line has no heart rate, no interval, no complex: none of it is met or untested."""
    metrics = ("heart_rate_limits", "qrs_duration_bias", "qrs_duration_limits")
    table = use.verdicts([row(name, math.nan) for name in metrics]).frame
    assert set(table["Here"]) == {use.NOT_DRAWN}


def test_a_heart_rate_that_is_always_too_fast_is_not_counted() -> None:
    rows = [row("heart_rate_limits", 0.5), row("heart_rate_bias", 20.0), row("rr_within", 0.9)]
    heart_rate = use.verdicts(rows).frame["Here"][0]
    assert heart_rate == "20 /min [20 /min, 20 /min] of 9 people: must not be used for it"
    few = [row("heart_rate_limits", 0.5, segments=60), row("rr_within", 0.97, segments=90)]
    assert "in 67% of windows alone: must not" in use.verdicts(few).frame["Here"][0]


def test_of_few_people_nothing_is_shown() -> None:
    (line,) = use.verdicts([row("odd_beats_shown", 1.0, subjects=2)]).frame.to_dict("records")
    assert line["Here"].endswith("of 2 people: not shown, do not rely on it")


def test_verdicts_are_of_networks_on_unseen_subjects() -> None:
    rows = [
        row("qrs_duration_limits", 5.0, run="random", protocol="paper"),
        row("qrs_duration_limits", 5.0, run="mean", tag_init="none"),
        row("qrs_duration_limits", 5.0),
        row("qrs_duration_limits", 50.0, part="test, shuffled"),
    ]
    assert use.verdicts(rows).frame["Run"].tolist() == ["net"]
    table = use.measured(rows)
    assert table.frame["SCG"].tolist() == ["as recorded"] * 3 + ["shuffled"]
    assert table.frame["QRS, ± ms"].tolist() == [5, 5, 5, 50]
    assert "Heart rate, ± /min" not in table.formats
    assert len(use.measured([row("pearson", 0.5)])) == 0

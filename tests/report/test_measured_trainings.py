"""What of repeats is published: the learning curve index, and Welch's t between two runs'."""

from pathlib import Path

import pandas as pd
import pytest

from cardiograft.evaluation.learning_curve import learning_curve_index
from cardiograft.report import measured
from cardiograft.report.inputs import Study
from cardiograft.report.prose_values import renewed_values
from cardiograft.tables.welch import over_repeats

STEADY, NOISY = [0.2, 0.5, 0.4, 0.6], [0.4, 0.3, 0.6]
RISING, UNKNOWN = [0.1, 0.2, 0.3], [0.1, float("nan"), 0.3]
VALIDATION = "learning index of weighted_f1, validation"


def text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table as a study's folder has it: every cell text."""
    return frame.map(lambda cell: "" if pd.isna(cell) else str(cell))


def indices(curves: dict[str, list[list[float]]], *, part: str = "validation") -> pd.DataFrame:
    rows = [
        {"run": run, "protocol": "honest", "tag_data": "d", "part": part, "metric": "weighted_f1"}
        | {"index": learning_curve_index(values), "repeat": repeat, "published": 1.44}
        for run, repeats in curves.items()
        for repeat, values in enumerate(repeats)
    ]
    return pd.DataFrame(rows)


def scores(spread: float) -> pd.DataFrame:
    about = {"protocol": "honest", "split": "s", "simulated": False, "tag_data": "d", "class": ""}
    about |= {"part": "test", "metric": "weighted_f1", "repeats": 3, "spread": spread}
    about |= {"low": "", "high": ""}
    return pd.DataFrame(
        [
            about | {"run": "ours", "tag_init": "cae", "value": 0.8},
            about | {"run": "base", "tag_init": "random", "value": 0.78},
        ]
    )


def made(**frames: pd.DataFrame) -> pd.DataFrame:
    """Return what is published of a study's tables, read again from its CSV."""
    one = Study(
        "rhythm_cae", {"simulated": False}, {name: text(frame) for name, frame in frames.items()}
    )
    return measured.table(one, {}, command="c", commit="d")


def read_again(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    frame.to_csv(folder / "rhythm_cae.csv", index=False)
    return measured.read(folder / "rhythm_cae.csv")


def test_an_index_is_the_mean_of_a_runs_trainings(tmp_path: Path) -> None:
    own = indices({"ours": [STEADY, NOISY]})
    other = indices({"ours": [STEADY]}, part="test")
    table = read_again(made(learning_indices=pd.concat([own, other])), tmp_path)
    rows = table.set_index("metric")
    index = [learning_curve_index(values) for values in (STEADY, NOISY)]
    mean = rows.loc[VALIDATION]
    assert float(mean["value"]) == pytest.approx(sum(index) / 2, rel=1e-5)
    assert (mean["run"], mean["protocol"], mean["data"]) == ("ours", "honest", "d")
    assert (mean["repeats"], mean["paper"]) == ("2", "1.44")
    deviation = abs(index[0] - index[1]) / 2**0.5
    assert float(rows.loc[f"{VALIDATION}, sd", "value"]) == pytest.approx(deviation, rel=1e-5)
    tested = "learning index of weighted_f1, test"
    assert set(rows.index) == {VALIDATION, f"{VALIDATION}, sd", tested}
    place = f"<!--ours|{VALIDATION}-->"
    assert renewed_values(f"9.99{place}", table) == f"{sum(index) / 2:.2f}{place}"


@pytest.mark.parametrize(
    ("curves", "cell", "printed"),
    [
        ([STEADY, RISING], "inf", "∞"),
        ([STEADY, UNKNOWN], "undefined", "undefined"),
        ([RISING, UNKNOWN], "undefined", "undefined"),
    ],
)
def test_what_is_no_finite_number_comes_out_as_what_it_is(
    curves: list[list[float]], cell: str, printed: str, tmp_path: Path
) -> None:
    table = read_again(made(learning_indices=indices({"ours": curves})), tmp_path)
    assert table[["metric", "value"]].to_numpy().tolist() == [[VALIDATION, cell]]
    place = f"<!--ours|{VALIDATION}-->"
    assert renewed_values(f"1.44{place}", table) == f"{printed}{place}"
    assert renewed_values(f"is {printed}{place}.", table) == f"is {printed}{place}."
    finite = read_again(made(learning_indices=indices({"ours": [STEADY]})), tmp_path)
    index = learning_curve_index(STEADY)
    assert renewed_values(f"{printed}{place}", finite) == f"{index:.3f}{place}"


def test_welchs_test_stands_beside_what_compares_people(tmp_path: Path) -> None:
    tested = over_repeats(scores(0.01), metric="weighted_f1", tag="init", to="random").frame
    table = read_again(made(welch=tested, scores=scores(0.01)), tmp_path)
    rows = table[table["protocol"] == "welch"].set_index("metric")
    assert list(rows.index) == ["welch_t of weighted_f1", "welch_p of weighted_f1"]
    assert set(rows["run"]) == {"ours - base"}
    assert set(rows["repeats"]) == {"3, 3"}
    assert set(rows["data"]) == {"d"}
    for name, column in (("welch_t", "t"), ("welch_p", "p")):
        value = float(rows.loc[f"{name} of weighted_f1", "value"])
        assert value == pytest.approx(tested[column].iloc[0], rel=1e-5)
    place = "<!--ours - base|welch_p of weighted_f1-->"
    assert renewed_values(f"9.999{place}", table) == f"{tested['p'].iloc[0]:.3f}{place}"


def test_without_spread_welchs_test_is_undefined(tmp_path: Path) -> None:
    tested = over_repeats(scores(0.0), metric="weighted_f1", tag="init", to="random").frame
    table = read_again(made(welch=tested, scores=scores(0.0)), tmp_path)
    assert set(table.loc[table["protocol"] == "welch", "value"]) == {"undefined"}


def test_a_metric_that_is_new_does_not_renew_what_stands_beside_a_run(tmp_path: Path) -> None:
    """Published values are what they were: a pair that is not at hand stays as it was compared."""
    before = read_again(made(scores=scores(0.01)), tmp_path)
    pair = before.iloc[[0]].assign(run="ours - elsewhere", protocol="comparison", question="q")
    published = pd.concat([before, pair])
    table = made(scores=scores(0.01), learning_indices=indices({"ours": [STEADY]}))
    both = read_again(measured.beside(table, published), tmp_path)
    assert {"ours - elsewhere", "ours", "base"} == set(both["run"])
    assert VALIDATION in set(both["metric"])
    worse = made(
        scores=scores(0.01).assign(value=0.1), learning_indices=indices({"ours": [STEADY]})
    )
    renewed = measured.beside(worse, published)
    assert "ours - elsewhere" not in set(renewed["run"])

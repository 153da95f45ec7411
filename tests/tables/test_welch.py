import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cardiograft.tables.welch import over_repeats, welch


def test_is_scipys_from_the_repeats_themselves():
    generator = np.random.default_rng(0)
    one, other = generator.normal(0.8, 0.02, 10), generator.normal(0.78, 0.005, 7)
    t, p = welch(
        (one.mean(), other.mean()), (one.std(ddof=1), other.std(ddof=1)), (len(one), len(other))
    )
    expected = stats.ttest_ind(one, other, equal_var=False)
    assert (t, p) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue))


def test_the_papers_learning_curve_index():
    """LCI at 100 %: 1.370 ± 0.178 against 1.440 ± 0.205 over ten repeats each, p = 0.45 there.

    Its deviations divide by the number of repeats.
    """
    more = (10 / 9) ** 0.5
    _, p = welch((1.370, 1.440), (0.178 * more, 0.205 * more), (10, 10))
    assert p == pytest.approx(0.45, abs=0.02)


@pytest.mark.parametrize(
    ("deviation", "count"), [((0.1, 0.1), (1, 9)), ((0.0, 0.0), (5, 5)), ((0.1, 0.1), (3, 1))]
)
def test_without_spread_there_is_no_t(deviation, count):
    assert np.isnan(welch((0.5, 0.6), deviation, count)).all()


def scores():
    rows = []
    for share in ("100 %", "25 %"):
        for init, value in (("random", 0.8), ("cae", 0.85), ("image", 0.7)):
            rows.append(
                {
                    "run": f"{init} {share}",
                    "protocol": "paper",
                    "split": "x",
                    "simulated": False,
                    "tag_init": init,
                    "tag_share": share,
                    "part": "test",
                    "metric": "weighted_f1",
                    "class": "",
                    "repeats": 3,
                    "value": value,
                    "spread": 0.01,
                }
            )
    rows.append({**rows[0], "metric": "macro_f1", "value": 0.1})
    rows.append({**rows[0], "class": "N", "value": 0.1})
    rows.append({**rows[0], "protocol": "honest", "run": "alone"})
    return pd.DataFrame(rows)


def test_each_run_is_tested_against_the_one_that_differs_in_one_tag():
    table = over_repeats(scores(), metric="weighted_f1", tag="init", to="random")
    pairs = set(zip(table.frame["First"], table.frame["Second"], strict=True))
    assert pairs == {
        (f"{init} {share}", f"random {share}")
        for init in ("cae", "image")
        for share in ("100 %", "25 %")
    }
    row = table.frame[table.frame["First"] == "cae 25 %"].iloc[0]
    assert row["Difference"] == pytest.approx(0.05)
    assert row["t"] == pytest.approx(0.05 / (0.01 * (2 / 3) ** 0.5))
    assert row["p"] == pytest.approx(2 * stats.t.sf(row["t"], 4))


def test_one_repeat_gives_a_line_without_p():
    frame = scores().assign(repeats=1, spread=float("nan"))
    table = over_repeats(frame, metric="weighted_f1", tag="init", to="random")
    assert len(table) == 4
    assert table.frame["p"].isna().all()

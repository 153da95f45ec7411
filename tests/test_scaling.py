"""What the benchmark of growing inputs makes of its costs."""

import ast
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"
SIZES = [20.0, 80.0, 320.0]


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from scaling import table

    return table


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_a_start_hides_no_power(table: ModuleType, power: float) -> None:
    costs = [150 + 0.1 * size**power for size in SIZES]
    assert table.growth(SIZES, costs, least=0.3) == pytest.approx(power)
    assert table.exponent(SIZES, costs) < power
    assert table.exponent(SIZES, [cost - 150 for cost in costs]) == pytest.approx(power)


def test_of_noise_or_of_two_sizes_no_power_is_said(table: ModuleType) -> None:
    assert table.growth(SIZES, [1.0, 1.2, 9.0], least=0.3) is None
    assert table.growth(SIZES, [3.0, 2.0, 9.0], least=0.3) is None
    assert table.growth(SIZES[1:], [1.0, 9.0], least=0.3) is None
    assert table.growth([20.0, 80.0, 100.0], [1.0, 5.0, 9.0], least=0.3) is None


def test_a_cost_goes_on_along_its_last_line(table: ModuleType) -> None:
    assert table.extrapolated(SIZES, [5.0, 7.0, 13.0], 10_000) == pytest.approx(255)
    assert table.extrapolated(SIZES, [5.0, 7.0, 6.5], 10_000) == 6.5  # a start alone


def test_every_row_says_what_it_is_laid_over(
    table: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    from scaling.processes import Axis, Cost

    over = Axis("recordings", 250, 40_000, "10 million segments")
    costs = [Cost(2.0, 200.0), Cost(4.0, 200.0), Cost(12.0, 201.0)]
    table.show([1, 4, 16], 5000, {"segment": (over, costs)})
    row = capsys.readouterr().out.splitlines()[-1]
    assert row == (
        "| segment | 20 recordings | 2.0, 200 | 4.0, 200 | 12.0, 201 | 0.79 (1.00); 0.00"
        " | 40,000 (10 million segments): 22.2 min, 0.37 GB |"
    )


def test_every_stage_of_the_workflow_is_measured() -> None:
    rules = "".join(file.read_text() for file in (ROOT / "workflow/rules").glob("*.smk"))
    stages = set(re.findall(r'"\$SCRIPTS/(\w+)\.py"', rules))
    assert {"download", "baseline", "apply", "hdf5"} <= stages
    trees = [ast.parse(file.read_text()) for file in (BENCHMARKS / "scaling").glob("*.py")]
    calls = [c for tree in trees for c in ast.walk(tree) if isinstance(c, ast.Call)]
    named = [a.value for c in calls for a in c.args[:2] if isinstance(a, ast.Constant)]
    assert stages <= set(named)


def test_other_sizes_borrow_what_is_not_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from scaling.processes import Axis, Borrowed, Job

    first, at = tmp_path / "1", tmp_path / "4"
    (first / "model").mkdir(parents=True)
    (first / "model/card.json").write_text("{}")
    (first / "p.json").write_text("1")
    job = Job("a", "a", Axis("segments", 1, 10), {"out": at / "model", "audit": at / "x/../p.json"})
    assert not Borrowed(["b"], first, at).needed("a")
    assert Borrowed(["b"], first, first).needed("a")
    assert Borrowed([], first, at).needed("a")
    at.mkdir()
    (at / "p.json").write_text("4")
    (at / "x").mkdir()
    Borrowed(["b"], first, at).lend(job)
    assert (at / "model/card.json").read_text() == "{}"
    assert (at / "p.json").read_text() == "4"  # its own

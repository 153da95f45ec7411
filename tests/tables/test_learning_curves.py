"""Learning curves and their index, from histories to the report."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from synthetic import study

from cardiograft import parquet
from cardiograft.evaluation.learning_curve import learning_curve_index
from cardiograft.report import wording
from cardiograft.report.cells import Cell
from cardiograft.report.inputs import Study
from cardiograft.report.run_names import RunNames
from cardiograft.report.sections import learning
from cardiograft.specs.tabulate import Tabulate
from cardiograft.studies import rhythm_cae
from cardiograft.tables import learning_curves, published
from cardiograft.tables.published import Published

SCRATCH = [[0.2, 0.5, 0.4, 0.6], [0.4, 0.3, 0.6]]
PRETRAINED = [[0.6, 0.7, 0.8], [0.6, 0.8, 0.7]]


def spec() -> Tabulate:
    rows = {
        f"run-{init}": {
            "members": [f"run-{init}"],
            "protocol": "paper",
            "split": "s",
            "simulated": False,
            "repeats": 2,
            "tags": {"model": "cnn", "init": init},
            "metrics": ["macro_f1"],
        }
        for init in ("scratch", "cae")
    }
    return study(rows=rows, comparisons=[])


def histories(folder: Path) -> list[Path]:
    files = []
    for init, repeats in {"scratch": SCRATCH, "cae": PRETRAINED}.items():
        for repeat, values in enumerate(repeats):
            rows = [(e, e, "test", "macro_f1", v) for e, v in enumerate(values, 1)]
            rows += [(e, e, "train", "loss", 1.0) for e in range(1, len(values) + 1)]
            rows.reverse()  # their order in the file says nothing
            names = ("epoch", "step", "part", "metric", "value")
            columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
            files.append(folder / "transfer" / f"run-{init}" / str(repeat) / "history.parquet")
            files[-1].parent.mkdir(parents=True)
            parquet.write(pa.table(columns), files[-1])
    return files


@pytest.fixture
def frames(tmp_path: Path) -> dict[str, pd.DataFrame]:
    return learning_curves.tables(spec(), histories(tmp_path), "macro_f1")


def test_a_curve_has_mean_and_spread_of_the_trainings_that_ran_so_long(
    frames: dict[str, pd.DataFrame],
) -> None:
    own = frames["learning_curves"].set_index(["run", "epoch"]).loc["run-scratch"]
    assert set(own["part"]) == {"test"}
    assert own["value"].tolist() == pytest.approx([0.3, 0.4, 0.5, 0.6])
    assert own["trainings"].tolist() == [2, 2, 2, 1]
    assert own["sd"].tolist()[:1] == pytest.approx([0.2 / 2**0.5])
    assert own["low"].tolist()[0] == pytest.approx(0.3 - 0.2 / 2**0.5)
    assert pd.isna(own["sd"].tolist()[3])


def test_an_index_is_of_one_training(frames: dict[str, pd.DataFrame]) -> None:
    own = frames["learning_indices"].set_index(["run", "repeat"])
    for repeat, values in enumerate(SCRATCH):
        row = own.loc[("run-scratch", repeat)]
        assert row["index"] == pytest.approx(learning_curve_index(values))
        assert (row["best"], row["epochs"]) == (max(values), len(values))
    assert own.loc[("run-cae", 0)]["index"] == float("inf")
    assert own.loc[("run-cae", 1)]["best_epoch"] == 2


def test_the_report_counts_what_is_undefined(frames: dict[str, pd.DataFrame]) -> None:
    texts = {name: frame.map(str).replace("nan", "") for name, frame in frames.items()}
    rows = texts["learning_indices"]
    rows.loc[rows["run"] == "run-scratch", "index"] = ["", "1.5"]
    metrics = {"macro_f1": {"title": "Macro-F1", "percent": False}}
    about = {"metrics": metrics, "tags": ["init"], "usual": {}, "words": {}}
    shown = learning.section(Study("s", about, texts), RunNames(("init",)))
    assert shown is not None
    assert shown["table"].rows[0][4] == Cell("1.500", small="undefined in 1 of 2")


def test_a_metric_that_nobody_measured_leaves_tables_without_rows(tmp_path: Path) -> None:
    made = learning_curves.tables(spec(), histories(tmp_path), "weighted_f1")
    assert [len(frame) for frame in made.values()] == [0, 0]
    assert {"run", "tag_init", "epoch"} <= set(made["learning_curves"])


def test_the_report_draws_a_line_for_each_start(
    frames: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    texts = {}
    for name, frame in frames.items():
        frame.to_csv(tmp_path / name, index=False)
        texts[name] = pd.read_csv(tmp_path / name, dtype=str, keep_default_na=False)
    metrics = {"macro_f1": {"title": "Macro-F1", "percent": False}}
    about = {"metrics": metrics, "tags": ["init"], "usual": {}, "words": {}}
    names = RunNames(("init",))
    shown = learning.section(Study("s", about, texts), names)
    assert shown is not None
    (figure,) = shown["figures"]
    assert figure["title"] == "Macro-F1 on the test part, paper’s protocol"
    drawn = str(figure["figure"])
    assert "from scratch" in drawn
    assert "autoencoder" in drawn
    assert "0.300 [0.159, 0.441] at 1, 0.400 [0.259, 0.541] at 2" in drawn
    scratch, pretrained = shown["table"].rows
    index = [learning_curve_index(v) for v in SCRATCH]
    assert scratch[4] == Cell(f"{sum(index) / 2:.3f} ± {abs(index[0] - index[1]) / 2**0.5:.3f}")
    assert pretrained[4] == Cell(f"{learning_curve_index(PRETRAINED[1]):.3f}", small="∞ in 1 of 2")
    assert learning.section(Study("s", about, {}), names) is None


def test_the_papers_index_stands_beside_the_run_that_does_as_the_paper(
    frames: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    common = {"metric": "macro_f1", "source": "Table 3"}
    values = [
        Published(tags={"init": "scratch"}, value=1.37, **common),
        Published(tags={"init": "cae"}, value=1.44, **common),
        Published(tags={"init": "other"}, value=9.0, **common),
    ]
    made = spec()
    otherwise = made.rows["run-cae"].model_copy(update={"differs": {"recipe": ("rate 1",)}})
    made = made.model_copy(update={"rows": {**made.rows, "run-cae": otherwise}})
    rows = frames["learning_indices"]
    noted = published.noted(values, rows, made, {"model": "cnn"})
    assert noted[list(rows)].equals(rows)
    scratch = noted["run"] == "run-scratch"
    assert set(noted.loc[scratch, "published"]) == {1.37}
    assert set(noted.loc[scratch, "source"]) == {"Table 3"}
    assert noted.loc[~scratch, "published"].isna().all()  # another recipe stands beside nothing
    unseen = rows.assign(part="validation")
    assert published.noted(values, unseen, made, {})["published"].isna().all()
    assert not len(published.noted(values, rows[:0], made, {}))

    metrics = {"macro_f1": {"title": "Macro-F1", "percent": False}}
    about = {"metrics": metrics, "tags": ["init"], "usual": {}, "words": {}}
    noted.to_csv(tmp_path / "found.csv", index=False)
    texts = {"learning_indices": pd.read_csv(tmp_path / "found.csv", dtype=str, na_filter=False)}
    frames["learning_curves"].to_csv(tmp_path / "curves.csv", index=False)
    texts["learning_curves"] = pd.read_csv(tmp_path / "curves.csv", dtype=str, na_filter=False)
    shown = learning.section(Study("s", about, texts), RunNames(("init",)))
    assert shown is not None
    table = shown["table"]
    assert table.head[-1] == "Index in the paper"
    assert [row[-1] for row in table.rows] == [Cell("1.370", small="Table 3"), wording.DASH]


def test_the_studys_indices_are_the_papers_means_of_ten() -> None:
    """Of the columns of the paper's Table 3, random weights then the autoencoder's."""
    printed = {
        (one.tags["share"], one.tags["init"]): one.value for one in rhythm_cae.LEARNING_INDEX
    }
    assert len(printed) == 6
    assert printed["25 %", "random"] < 1 < printed["25 %", "cae"]  # as its text says
    assert {one.metric for one in rhythm_cae.LEARNING_INDEX} == {rhythm_cae.LEARNING_CURVE}

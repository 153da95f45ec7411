"""What runs do otherwise than the paper stands in the report, the published table and the page."""

from pathlib import Path

import findings
import pandas as pd
import pytest
from synthetic import study, study_rows

from cardiograft.report import measured, measured_names
from cardiograft.report.inputs import ReportInputs, Study, read_study
from cardiograft.report.readme import study_tables
from cardiograft.report.sections import results

OURS, SMALL = "mitdb-cnn-scratch-paper", "mitdb-cnn-pretext-paper"
DIFFERS = {
    OURS: {"recipe": ["schedule cosine (paper: constant)", "dropout 0.2 (paper: none)"]},
    SMALL: {"size": ["epochs 6 (paper: 20)"]},
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = study_rows(simulated=False, repeats=1)
    for run, own in DIFFERS.items():
        rows[run]["differs"] = own
    spec = study(simulated=False, rows=rows, draws=20)
    folder = tmp_path_factory.mktemp("differences")
    return findings.write(folder, spec=spec, simulated=False)["tables"][0]


@pytest.fixture(scope="module")
def made(tables: Path) -> Study:
    return read_study(tables)


def test_a_run_of_another_recipe_stands_beside_no_published_value(made: Study) -> None:
    beside = {row["run"] for row in made.rows("published") if row["run"]}
    assert OURS not in beside
    assert SMALL in beside
    first, second = (made.frame(name) for name in ("table_1", "table_2"))
    column = "Ours, paper protocol"
    assert first.loc[(first["Model"] == "CNN") & (first["Data"] == "MIT-BIH"), column].eq("").all()
    own = second[(second["Model"] == "CNN") & (second["Data"] == "MIT-BIH")]
    assert own[f"{column} remark"].tolist() == ["mitdb-paper, other size than the paper’s"]


def test_the_report_lists_every_difference(made: Study) -> None:
    shown = results.section(made, ReportInputs(studies=[made]))
    table = shown["differences"]
    assert table.head == ("Run", "Protocol", "Recipe", "Size")
    lines = {row[0].small: [cell.text for cell in row[2:]] for row in table.rows}
    assert lines[OURS] == ["; ".join(DIFFERS[OURS]["recipe"]), "nothing"]
    assert lines[SMALL] == ["nothing", "epochs 6 (paper: 20)"]
    small = {row[0].small: row[4].small for row in shown["published"].rows}
    assert small[SMALL] == "otherwise than the paper: size: epochs 6 (paper: 20)"


def test_the_published_table_and_its_page_do(made: Study) -> None:
    frame = measured.table(made, {}, command="c", commit="d").fillna("").astype(str)
    differs = frame[frame["metric"] == measured_names.DIFFERS].set_index(["run", "class"])["value"]
    assert differs.to_dict() == {
        (run, kind): "; ".join(lines) for run, own in DIFFERS.items() for kind, lines in own.items()
    }
    paper = frame[frame["metric"] == "accuracy"].set_index("run")["paper"]
    assert paper[OURS] == ""
    assert float(paper[SMALL]) == pytest.approx(0.9269)
    (line,) = [
        x for x in study_tables(frame).splitlines() if x.startswith(f"| {SMALL} | paper | 92.7")
    ]
    assert "epochs 6 (paper: 20)" in line


def test_a_table_without_them_has_no_list(made: Study) -> None:
    frames = {name: frame for name, frame in made.frames.items() if name != "differences"}
    shown = results.section(
        Study(made.name, made.about, {**frames, "differences": pd.DataFrame()}),
        ReportInputs(studies=[]),
    )
    assert shown["differences"] is None

from pathlib import Path
from typing import Any

import findings
import pandas as pd
import pytest
import signal_study
from scripts import load
from synthetic import study, study_rows

from cardiograft.report import measured, measured_names, wording
from cardiograft.report.inputs import Study, read_study
from cardiograft.report.prose_values import renewed_values
from cardiograft.report.readme import renewed, replaced, study_tables
from cardiograft.tables import costs
from cardiograft.tables.statistics import holm

script = load("publish")
NAME = "transform_recognition"
README = "# Title\n\n<!-- table:headlines -->\nold\n<!-- /table:headlines -->\n\nMore.\n"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    folder = tmp_path_factory.mktemp("measured")
    return findings.write(folder, spec=study(simulated=False, margin=0.02), simulated=False)


def published(inputs: dict[str, list[Path]], folder: Path, **changes: Any) -> Path:
    given = {
        "tables": inputs["tables"],
        "study": NAME,
        "command": "make report",
        "segments": inputs["segments"],
        "pages": None,
        "readme": None,
        "simulated": False,
        "beside": False,
        "out": folder / f"{NAME}.csv",
    }
    script.publish(**{**given, **changes})
    return folder / f"{NAME}.csv"


@pytest.fixture(scope="module")
def table(inputs: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published(inputs, tmp_path_factory.mktemp("docs"))


def test_has_its_columns_and_where_it_comes_from(table: Path) -> None:
    frame = pd.read_csv(table, dtype=str, keep_default_na=False)
    assert tuple(frame.columns) == measured_names.COLUMNS
    assert set(frame["study"]) == {NAME}
    assert set(frame["command"]) == {"make report"}
    assert set(frame["commit"]) == {script.commit()}


def test_names_the_commit_it_was_made_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert script.commit() == "unversioned"
    script.git("init", "--quiet")
    assert script.commit() == "unversioned"
    who = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
    script.git(*who, "commit", "--quiet", "--allow-empty", "-m", "first")
    assert script.commit() == script.git("rev-parse", "HEAD")[:12]
    (tmp_path / "src").mkdir()
    (tmp_path / "src/new.py").touch()
    assert script.commit().endswith("+changes")


def test_values_are_the_tables(table: Path, inputs: dict[str, list[Path]]) -> None:
    frame = pd.read_csv(table, keep_default_na=False, dtype=str)
    scores = pd.read_csv(inputs["tables"][0] / "scores.csv", keep_default_na=False, dtype=str)
    key = ["run", "metric", "class"]
    merged = frame.merge(scores, on=key, suffixes=("", "_score"))
    assert len(merged) == len(scores)
    known = merged[merged["value"] != ""]
    assert (known["value"].astype(float) - known["value_score"].astype(float)).abs().max() < 1e-6
    accuracy = frame[(frame["metric"] == "accuracy") & (frame["protocol"] == "paper")]
    paper = dict(zip(accuracy["run"], accuracy["paper"], strict=True))
    assert paper["mitdb-cnn-scratch-paper"] == "0.9228"
    assert paper["mitdb-majority-paper"] == ""


def test_has_gaps_counts_and_wall_time(table: Path) -> None:
    frame = pd.read_csv(table, keep_default_na=False, dtype=str)
    gaps = frame[frame["protocol"] == "gap"]
    assert "mitdb-cnn-scratch-paper - mitdb-cnn-scratch-strict" in set(gaps["run"])
    counts = frame[frame["metric"] == "segments"].set_index("class")["value"]
    assert counts[""] == "17940"
    assert counts["N"] == "14810"
    wall = frame[(frame["metric"] == "wall_s") & (frame["run"] == "mitdb-cnn-scratch-paper")]
    assert wall[["value", "class", "repeats"]].to_numpy().tolist() == [["63.0", "transfer", "2"]]


def test_readme_table_is_made_of_it(table: Path) -> None:
    text = study_tables(measured.read(table))
    assert "17\u202f940 segments (F 142 · N 14\u202f810" in text
    (line,) = [x for x in text.splitlines() if x.startswith("| mitdb-cnn-scratch-paper |")]
    cells = [c.strip() for c in line.strip("|").split("|")]
    assert cells[1:3] == ["paper", "2"]
    assert cells[-2:] == ["92.3", "1 min 3 s"]
    assert "| mitdb-cnn-scratch-paper − mitdb-cnn-scratch-strict | +" in text


def test_a_head_that_always_says_no_does_not_look_fine_on_a_page() -> None:
    """Of eight versions, seven are not its own: it is right in 87.5 % and knows nothing."""
    empty = dict.fromkeys(measured_names.COLUMNS, "")
    about = {**empty, "run": "pretext-mlp-strict", "protocol": "honest", "repeats": "3"}
    values = {
        "head_balanced_accuracy": {"": "0.73", "noise": "0.5", "negation": "0.96"},
        "head_accuracy": {"": "0.93", "noise": "0.875", "negation": "0.985"},
    }
    rows = [
        {**about, "metric": metric, "class": head, "value": value, "low": value, "high": value}
        for metric, by_head in values.items()
        for head, value in by_head.items()
    ]
    text = study_tables(pd.DataFrame(rows))
    head, _, line = next(b for b in text.split("\n\n") if "Head balanced" in b).splitlines()
    assert [cell.strip() for cell in head.strip("|").split("|")] == [
        "Head balanced accuracy, %, of each head",
        *("Protocol", "Repeats", "Mean", "noise", "negation"),
    ]
    cells = [cell.strip().partition(" ")[0] for cell in line.strip("|").split("|")]
    assert cells == ["pretext-mlp-strict", "honest", "3", "73.0", "50.0", "96.0"]
    assert "87.5" not in text
    assert "Head" not in study_tables(pd.DataFrame(rows[3:]))


def test_documents_are_renewed_between_their_markers(
    inputs: dict[str, list[Path]], tmp_path: Path
) -> None:
    readme, pages = tmp_path / "README.md", tmp_path / "studies"
    readme.write_text(README)
    results = tmp_path / "results"
    table = published(inputs, results, readme=readme, pages=pages)
    once, page = readme.read_text(), pages / f"{NAME}.md"
    assert once.startswith("# Title\n\n<!-- table:headlines -->\n| Study |")
    assert once.endswith("<!-- /table:headlines -->\n\nMore.\n")
    assert "CNN, from scratch" in once
    assert "old" not in once
    assert study_tables(measured.read(table)) in page.read_text()
    page.write_text(page.read_text() + "\nProse.\n")
    published(inputs, results, readme=readme, pages=pages)
    assert readme.read_text() == once
    assert page.read_text().endswith("\nProse.\n")


def test_some_runs_are_published_beside_others(
    inputs: dict[str, list[Path]], table: Path, tmp_path: Path
) -> None:
    old = measured.read(table)
    other = old.copy()
    run = str(other["run"].iloc[-1])
    other.loc[other["run"] == run, "value"] = "0.123"
    elsewhere = other[other["run"] == run].assign(run="elsewhere", commit="abc")
    between = elsewhere.assign(run=f"elsewhere - {run}", protocol=measured_names.GAP)
    pd.concat([elsewhere, between, other]).to_csv(tmp_path / f"{NAME}.csv", index=False)
    both = measured.read(published(inputs, tmp_path, beside=True))
    assert f"elsewhere - {run}" not in set(both["run"])
    assert list(both[both["run"] == "elsewhere"]["commit"].unique()) == ["abc"]
    assert both[both["run"] != "elsewhere"].reset_index(drop=True).equals(old)
    alone = measured.read(published(inputs, tmp_path))
    assert "elsewhere" not in set(alone["run"])


def test_comparisons_have_the_figures_of_their_tests(
    table: Path, inputs: dict[str, list[Path]]
) -> None:
    frame = measured.read(table)
    made = pd.read_csv(inputs["tables"][0] / "comparisons.csv", keep_default_na=False, dtype=str)
    assert len(made) > 1
    assert (made["p"] != "").any()
    for row in made.to_dict("records"):
        own = frame[frame["run"] == f"{row['of_run']} - {row['to_run']}"]
        assert set(own["question"]) == {row["question"]}
        values = own[own["protocol"] == measured_names.COMPARISON].set_index("metric")["value"]
        for name in ("p", "p_holm"):
            assert float(values[name]) == pytest.approx(float(row[name]), rel=1e-5)
        assert values["family"] == row["family"]
        detectable = float(values[f"{row['metric']}, detectable"])
        assert detectable == pytest.approx(float(row["detectable"]), rel=1e-5)
        assert values["equivalent"] == row["equivalent"] != ""
        assert float(values["margin"]) == float(row["margin"])
        verdict = own[own["metric"] == "equivalent"].iloc[0]
        for end in ("low", "high"):
            assert float(verdict[end]) == pytest.approx(float(row[f"within_{end}"]), rel=1e-5)
    place = f"{own['run'].iloc[0]}|p_holm"
    text = renewed_values(f"p 9.999<!--{place}-->", frame)
    assert text == f"p {float(values['p_holm']):.3f}<!--{place}-->"


def test_comparisons_of_one_question_are_one_family_whenever_they_were_published(
    inputs: dict[str, list[Path]], table: Path, tmp_path: Path
) -> None:
    old = measured.read(table)
    pair = old[(old["protocol"] == measured_names.COMPARISON) & (old["metric"] == "p")].iloc[0]
    own = old[(old["run"] == pair["run"]) & (old["protocol"] == measured_names.COMPARISON)]
    others = own.assign(run="elsewhere - nowhere")
    others.loc[others["metric"] == "p", "value"] = "0.001"
    others.loc[others["metric"] == "p_holm", "value"] = "0.001"
    others.loc[others["metric"] == "family", "value"] = "1"
    elsewhere = others.assign(run="elsewhere - anywhere", question="of another question")
    before = others[~others["metric"].isin(["p", "p_holm", "family"])].assign(run="a - b")
    pd.concat([others, elsewhere, before, old]).to_csv(tmp_path / f"{NAME}.csv", index=False)
    both = measured.read(published(inputs, tmp_path, beside=True))
    same = both[
        (both["question"] == pair["question"]) & (both["protocol"] == measured_names.COMPARISON)
    ]
    p, p_holm, family = (
        same[same["metric"] == name].set_index("run")["value"].astype(float)
        for name in ("p", "p_holm", "family")
    )
    assert len(p) > 1
    assert p_holm[p.index].tolist() == pytest.approx(holm(p.tolist()), rel=1e-5)
    assert set(family) == {len(p)}
    assert p_holm["elsewhere - nowhere"] == pytest.approx(0.001 * len(p))
    assert set(same.loc[same["metric"].str.endswith(", detectable"), "value"]) == {""}
    alone = both[both["run"] == "elsewhere - anywhere"].set_index("metric")["value"]
    assert (alone["p_holm"], alone["family"]) == ("0.001", "1")
    assert set(both.loc[both["run"] == "a - b", "metric"]) == set(before["metric"])


def test_a_table_that_was_published_without_questions_is_read(
    inputs: dict[str, list[Path]], table: Path, tmp_path: Path
) -> None:
    old = pd.read_csv(table, dtype=str, keep_default_na=False).drop(columns="question")
    old = old[~old["metric"].isin(["p", "p_holm", "family", "equivalent"])]
    old.to_csv(tmp_path / f"{NAME}.csv", index=False)
    assert set(measured.read(tmp_path / f"{NAME}.csv")["question"]) == {""}
    both = measured.read(published(inputs, tmp_path, beside=True))
    key = [*measured_names.KEY]
    assert (
        both.sort_values(key)
        .reset_index(drop=True)
        .equals(measured.read(table).sort_values(key).reset_index(drop=True))
    )


def test_what_is_published_again_unchanged_keeps_what_stands_beside_it(
    inputs: dict[str, list[Path]], table: Path, tmp_path: Path
) -> None:
    old = measured.read(table)
    scored = old[(old["protocol"] == "honest") & (old["metric"] != measured_names.DIFFERS)]
    run = str(scored["run"].iloc[0])
    elsewhere = old[old["run"] == run].assign(run="elsewhere")
    between = elsewhere.assign(run=f"elsewhere - {run}", protocol=measured_names.GAP)
    source = old[old["protocol"] == ""].iloc[:1].assign(metric="wall_s", value="7")
    before = scored.iloc[:1].assign(run=source["run"].iloc[0], metric="of before")
    everything = pd.concat([elsewhere, between, before, source, old])
    everything.to_csv(tmp_path / f"{NAME}.csv", index=False)
    both = measured.read(published(inputs, tmp_path, beside=True))
    assert f"elsewhere - {run}" in set(both["run"])
    # what only a training's costs name here is not renewed in what it scored
    assert "of before" in set(both["metric"])
    assert not both.duplicated(list(measured_names.KEY)).any()


@pytest.mark.parametrize("text", ["no markers", README + README, README.replace("/table", "end")])
def test_markers_must_be_there_once(text: str) -> None:
    with pytest.raises(ValueError, match="once each, in this order"):
        replaced(text, "headlines", "table\n")


def test_simulated_data_is_no_measurement(tmp_path: Path) -> None:
    inputs = findings.write(tmp_path)
    with pytest.raises(ValueError, match="hold simulated data: not a measurement"):
        published(inputs, tmp_path)
    assert not (tmp_path / f"{NAME}.csv").exists()
    assert published(inputs, tmp_path, simulated=True).exists()


def test_unknown_study_is_named(inputs: dict[str, list[Path]], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no tables of study 'rhythm'"):
        published(inputs, tmp_path, study="rhythm")


def test_documents_and_a_first_screen_are_made_of_published_tables_alone(
    table: Path, tmp_path: Path
) -> None:
    readme, screen = tmp_path / "README.md", tmp_path / "first.html"
    readme.write_text(README)
    load("pages").pages(
        results=table.parent, pages=tmp_path / "studies", readme=readme, first_screen=screen
    )
    assert "| CNN, from scratch<br>" in readme.read_text()
    assert "| mitdb-cnn-scratch-paper | paper |" in (tmp_path / f"studies/{NAME}.md").read_text()
    text = screen.read_text()
    assert "1 study and 7 runs, on recordings of mitdb." in text
    assert "<td role=" in text
    assert "Simulated" not in text


def test_the_repositorys_documents_are_made_of_its_tables() -> None:
    pages, readme = ROOT / "docs/studies", ROOT / "README.md"
    texts = renewed(ROOT / "docs/results", pages=pages, readme=readme)
    assert set(texts) == {readme, *pages.glob("*.md")}
    for file, text in texts.items():
        assert file.read_text("utf-8") == text, f"{file.name}: python workflow/scripts/pages.py"


def test_the_cost_of_a_resumed_job_is_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "transfer" / "run" / "0" / "card.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"wall_s": 26.2, "training_s": 339.0}')
    assert costs.read(path)["wall_s"] == 339.0
    path.write_text('{"wall_s": 70.0, "training_s": 60.0}')
    assert costs.read(path)["wall_s"] == 70.0
    # The report has cards as they are.
    assert costs.summary({"wall_s": 26.2, "training_s": 339.0})["wall_s"] == 339.0


def test_a_remark_on_the_data_is_said_beside_the_run(tmp_path: Path) -> None:
    rows = study_rows(simulated=False)
    rows = {k: v for k, v in rows.items() if k.startswith("mitdb-cnn-scratch")}
    for row in rows.values():
        row["tags"]["scale"] = "smoke run: 6 people"
    inputs = findings.write(tmp_path, spec=study(rows=rows, comparisons=[]), simulated=False)
    table = study_tables(measured.read(published(inputs, tmp_path)))
    assert "| mitdb-cnn-scratch-paper (smoke run: 6 people) | paper |" in table
    assert "Inflation gap" not in table


def signal_table(folder: Path, *, metrics: dict[str, tuple[float, str]]) -> str:
    """Return the README's table of a run with these figures, and the paper's where not empty."""
    rows = [
        {
            **dict.fromkeys(measured_names.COLUMNS, ""),
            **{"study": "scg_to_ecg", "run": "unet", "protocol": "personal", "repeats": "3"},
            **{"metric": name, "value": value, "low": value - 1, "high": value + 1},
            "paper": paper,
        }
        for name, (value, paper) in metrics.items()
    ]
    rows.append({"run": "scg", "metric": "segments", "value": 4200})
    pd.DataFrame(rows).to_csv(folder / "scg_to_ecg.csv", index=False)
    return study_tables(measured.read(folder / "scg_to_ecg.csv"))


def test_readme_table_of_signals_has_few_of_their_figures(tmp_path: Path) -> None:
    metrics = ("mae", "prd", "pearson", "r2", "mse", "xcor", "nmse", "rmse", "peak_sensitivity")
    metrics += ("peak_sensitivity(tolerance_ms=150)", "peak_positive_predictivity", "peak_timing")
    figures = dict.fromkeys((*metrics, "heart_rate_bias", "heart_rate_limits"), (0.5, ""))
    table = signal_table(
        tmp_path, metrics={**figures, "prd": (86.0, "87.3965"), "pearson": (0.462, "0.6942")}
    )
    assert table.startswith("- `scg`: 4\u202f200 segments\n")
    head, _, line = (x for x in table.splitlines() if x.startswith("|"))
    assert head == (
        "| Run | Protocol | Repeats | PRD | Pearson r | R² | R-peak Se, % | R-peak +P, %"
        " | Paper’s Pearson r | Wall time a repeat |"
    )
    assert line.startswith("| unet | personal | 3 | 86.0 [85.0, 87.0] | 0.462 [−0.538, 1.462] |")
    assert "| 50.0 [−50.0, 150.0] | 50.0 [−50.0, 150.0] | 0.694 |" in line


def test_a_study_whose_paper_gives_nothing_has_no_column_for_it(tmp_path: Path) -> None:
    assert "Paper" not in signal_table(tmp_path, metrics={"pearson": (0.5, ""), "prd": (60, "")})


def test_a_repeat_of_a_pooled_run_costs_all_its_folds(
    inputs: dict[str, list[Path]], tmp_path: Path
) -> None:
    tabulated = read_study(inputs["tables"][0])
    members = ["mitdb-cnn-scratch-paper", "mitdb-cnn-scratch-strict"]
    tabulated.about["pools"] = {"both": members, "untrained": ["mitdb-majority-paper"]}
    frame = measured.table(tabulated, {}, command="", commit="")
    wall = frame[frame["metric"] == "wall_s"].set_index("run")
    assert "untrained" not in wall.index
    own = [float(wall.loc[m, "value"]) for m in members]
    assert float(wall.loc["both", "value"]) == pytest.approx(sum(own))
    assert wall.loc["both", "repeats"] == 2


@pytest.mark.parametrize(("value", "shown"), [(9.99, "9.990"), (-10.04, "−10.0"), (86, "86.0")])
def test_large_figures_have_few_decimals(value: float, shown: str) -> None:
    assert wording.number(value) == shown


@pytest.fixture(scope="module")
def signals(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """Return a measured table of signals, and the gains that it is made of."""
    folder = tmp_path_factory.mktemp("signals")
    rows = signal_study.rows(sources=("scratch", "cae", "tcn"), repeats=1)
    tables = signal_study.tables(folder, signal_study.study(rows=rows, draws=50, shown={}))
    made = measured.table(read_study(tables), {}, command="c", commit="d", simulated=True)
    made.to_csv(folder / "scg_to_ecg.csv", index=False)
    return folder / "scg_to_ecg.csv", pd.read_csv(tables / "gains.csv")


def test_controls_are_rows_of_their_runs(signals: tuple[Path, pd.DataFrame]) -> None:
    frame = pd.read_csv(signals[0], keep_default_na=False, dtype=str)
    assert tuple(frame.columns) == measured_names.COLUMNS
    own = frame[frame["run"] == "scg-cae-cae-honest"].set_index("metric")
    for control in signal_study.CONTROLS:
        corrupted, whole = own.loc[f"pearson, {control}"], own.loc["pearson"]
        assert float(corrupted["value"]) < float(whole["value"])
        assert (corrupted["protocol"], corrupted["data"], corrupted["class"]) == (
            "honest",
            "scg_vhd",
            "",
        )
        assert corrupted["low"] != ""
    assert "mae" in own.index
    assert "mae, shuffled" not in own.index
    assert not frame.duplicated(["run", "metric", "class"]).any()


def test_a_training_part_is_rows_of_its_run() -> None:
    values_of = {"train": {"pearson": "0.8", "mae": "0.05"}, "test": {"pearson": "0.4"}}
    about = {"run": "net", "protocol": "honest", "class": "", "repeats": "3", "tag_data": "d"}
    scores = [
        {**about, "part": part, "metric": metric, "value": value, "low": "", "high": ""}
        | {"simulated": "False"}
        for part, figures in values_of.items()
        for metric, value in figures.items()
    ]
    one = Study("scg_to_ecg", {"simulated": False}, {"scores": pd.DataFrame(scores)})
    made = measured.table(one, {}, command="c", commit="d").set_index("metric")
    assert made["value"].to_dict() == {
        "pearson": "0.4",
        "pearson, train": "0.8",
        "mae, train": "0.05",
    }
    assert set(made["protocol"]) == {"honest"}


def test_gains_are_rows_with_the_papers(signals: tuple[Path, pd.DataFrame]) -> None:
    frame = pd.read_csv(signals[0], keep_default_na=False, dtype=str)
    gains = frame[frame["metric"].str.startswith("gain of ")]
    assert len(gains) == len(signals[1])
    lines = gains.set_index(["run", "metric"])
    equal = lines.loc["scg-cae-cae-pruned-honest - scg-cae-scratch-honest"]
    matched = lines.loc["scg-cae-cae-pruned-honest - scg-cae-longer-honest"]
    assert equal.loc["gain of pearson at equal steps", "paper"] == "0.143"
    assert matched.loc["gain of pearson at matched compute", "paper"] == ""
    for row in signals[1].to_dict("records"):
        key = f"{row['run']} - {row['base_run']}", f"gain of {row['metric']} at {row['against']}"
        assert float(lines.loc[key, "value"]) == pytest.approx(row["gain"], rel=1e-5)


def test_readme_has_a_line_a_control_and_a_line_a_gain(
    signals: tuple[Path, pd.DataFrame],
) -> None:
    blocks = study_tables(measured.read(signals[0])).split("\n\n")
    (controls,) = [b for b in blocks if b.startswith("| Corrupted input")]
    (gains,) = [b for b in blocks if b.startswith("| Gain, %")]
    assert controls.splitlines()[0] == (
        "| Corrupted input: lowest to highest value | Runs | Pearson r | PRD | R² | R-peak Se, %"
        " | R-peak +P, % |"
    )
    frame = pd.read_csv(signals[0], keep_default_na=False, dtype=str)
    other = frame.loc[frame["metric"] == "pearson, other", "value"].astype(float)
    ends = " to ".join(wording.number(v) for v in (other.min(), other.max()))
    assert f"| another person’s | {len(other)} | {ends} |" in controls
    head, _, *lines = gains.splitlines()
    assert head == "| Gain, % | Metric | Protocol | Paper’s | At equal steps | At matched compute |"
    starts = {line.partition(" | +1")[0] for line in lines}
    assert starts == {
        f"| scg-cae-{source}-pruned-{protocol} | Pearson r | {protocol}"
        for source in ("cae", "tcn")
        for protocol in ("paper", "honest")
    }
    (runs,) = [b for b in blocks if b.startswith("| Run ")]
    assert " - " not in runs
    assert "shuffled" not in runs

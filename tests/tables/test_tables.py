import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripts import load
from synthetic import KINDS, card, cards, classes, study, study_rows, written

from cardiograft.evaluation import predictions
from cardiograft.evaluation.predictions import Predictions
from cardiograft.report import wording
from cardiograft.specs.score import Score
from cardiograft.specs.tabulate import Tabulate
from cardiograft.tables import published
from cardiograft.tables.comparisons import comparison_table, gap_table
from cardiograft.tables.published import Published
from cardiograft.tables.runs import Run, read_run
from cardiograft.tables.scores import score_table
from cardiograft.tables.shared_segments import shared
from cardiograft.tables.study import predictions_by_evaluation, printed_metrics

script, score_script = load("tabulate"), load("score")


def scored(spec: Tabulate, files: list[Path], folder: Path) -> list[Path]:
    out = []
    for file in files:
        metrics = spec.rows[file.parent.name].metrics
        out.append(folder / "scores" / file.parent.name / file.name)
        score_script.score(Score(metrics=metrics), file, out[-1])
    return out


@pytest.fixture(scope="module")
def spec() -> Tabulate:
    return study()


@pytest.fixture(scope="module")
def made(spec: Tabulate, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    files = written(spec, folder)
    scores = scored(spec, files, folder)
    script.tabulate(spec, files, scores, cards(spec, folder), folder / "tables")
    return folder


@pytest.fixture(scope="module")
def scores(made: Path) -> pd.DataFrame:
    return pd.read_csv(made / "tables" / "scores.csv", keep_default_na=False, na_values=[""])


def frame(made: Path, name: str) -> pd.DataFrame:
    table = pd.read_csv(made / "tables" / f"{name}.csv")
    return table.fillna({"class": ""}) if "class" in table else table


def runs(spec: Tabulate, made: Path, *names: str) -> list[Run]:
    files = {n: sorted((made / "predictions" / n).iterdir()) for n in names}
    return [read_run(n, spec.rows[n], files) for n in names]


def test_writes_every_table(made: Path) -> None:
    assert {p.name for p in (made / "tables").iterdir()} == {
        *(f"{n}.csv" for n in ("scores", "gaps", "comparisons", "published", "confusion")),
        *(f"{n}.csv" for n in ("records", "costs", "looks", "differences")),
        *(f"{n}.csv" for n in ("table_1", "table_2")),
        "study.json",
    }


def test_what_differs_in_a_metric_stands_apart_from_its_title() -> None:
    rows = {
        name: {**row, "metrics": ["accuracy", {"name": "jkappa", "without": ["mitdb/232"]}]}
        for name, row in study_rows().items()
    }
    titles = {
        one["title"] for one in printed_metrics(study(rows=rows, primary="accuracy")).values()
    }
    assert titles == {"Accuracy", "jκ (without mitdb/232)"}


def test_value_is_the_mean_over_repeats(made: Path) -> None:
    table = frame(made, "scores").set_index(["run", "metric", "class"])
    files = sorted((made / "scores" / "mitdb-cnn-pretext-strict").iterdir())
    each = [pd.read_parquet(f).set_index(["metric", "class"])["value"] for f in files]
    for metric, name in (("accuracy", ""), ("sensitivity", "S"), ("jkappa", "")):
        row = table.loc[("mitdb-cnn-pretext-strict", metric, name)]
        values = [one[metric, name] for one in each]
        assert row["value"] == pytest.approx(np.mean(values))
        assert row["spread"] == pytest.approx(np.std(values, ddof=1))
        assert row["low"] < row["value"] < row["high"]
        assert (row["repeats"], row["subjects"]) == (2, 14)


def test_tags_are_columns(made: Path) -> None:
    table = frame(made, "scores")
    assert list(table.columns[:7]) == [
        *("study", "run", "protocol", "split"),
        *("tag_data", "tag_init", "tag_model"),
    ]
    assert table["simulated"].all()


def test_gap_is_paper_minus_honest_of_equal_tags(made: Path) -> None:
    gaps, scores = frame(made, "gaps"), frame(made, "scores")
    pairs = set(zip(gaps["paper_run"], gaps["honest_run"], strict=True))
    assert pairs == {(f"{n}-paper", f"{n}-strict") for n in NAMES}
    value = scores.set_index(["run", "metric", "class"])["value"]
    for row in gaps.to_dict("records"):
        key = row["metric"], row["class"]
        expected = value[row["paper_run"], *key] - value[row["honest_run"], *key]
        assert row["gap"] == pytest.approx(expected, nan_ok=True)
    accuracy = gaps[(gaps["metric"] == "accuracy") & (gaps["paper_run"] == PRETEXT)].iloc[0]
    assert 0 < accuracy["low"] < accuracy["gap"] < accuracy["high"]
    assert "Q" not in set(gaps["class"])


NAMES = ("mitdb-cnn-scratch", "mitdb-cnn-pretext", "mitdb-majority")
PRETEXT = "mitdb-cnn-pretext-paper"


def test_comparisons_pair_runs_that_differ_in_one_tag(made: Path) -> None:
    table = frame(made, "comparisons")
    assert set(zip(table["of_run"], table["to_run"], strict=True)) == {
        (f"mitdb-cnn-pretext-{s}", f"mitdb-cnn-scratch-{s}") for s in ("paper", "strict")
    }
    assert (table["difference"] - (table["of_value"] - table["to_value"])).abs().max() < 1e-12
    assert (table["p_holm"] >= table["p"]).all()
    assert table["low"].lt(table["difference"]).all()
    assert table["high"].gt(table["difference"]).all()


def test_a_network_is_compared_with_a_baseline_that_has_no_initialisation(made: Path) -> None:
    pair = {"tag": "model", "of": "cnn", "to": "majority"}
    names = [f"{name}-strict" for name in NAMES]
    plain, wide = (study(comparisons=[{**pair, **more}]) for more in ({}, {"besides": ["init"]}))
    assert not len(comparison_table(plain, runs(plain, made, *names)))
    table = comparison_table(wide, runs(wide, made, *names))
    assert set(zip(table["of_run"], table["to_run"], strict=True)) == {
        (names[0], names[2]), (names[1], names[2])
    }  # fmt: skip
    assert set(table["family"]) == {2}


def test_runs_without_the_primary_metric_are_no_pair_where_others_have_it(made: Path) -> None:
    """Both are also tested on one rhythm alone, where the primary metric has no value."""
    pair = {"tag": "model", "of": "cnn", "to": "majority", "besides": ["init"]}
    spec = study(comparisons=[pair])
    names = [f"{name}-strict" for name in NAMES]
    own = runs(spec, made, *names)
    without = []
    for run in own:
        changes = {"metrics": (), "tags": {**run.row.tags, "rhythm": "N"}}
        row = run.row.model_copy(update=changes)
        without.append(replace(run, name=f"{run.name}-N", row=row))
    table = comparison_table(spec, [*own, *without])
    assert set(zip(table["of_run"], table["to_run"], strict=True)) == {
        (names[0], names[2]), (names[1], names[2])
    }  # fmt: skip


def test_pairing_is_tighter_than_two_intervals(made: Path) -> None:
    spec = study(comparisons=[{"tag": "model", "of": "cnn", "to": "cnn"}])
    own = runs(spec, made, *RUNS)
    table = comparison_table(spec, own)
    assert (table["difference"] == 0).all()
    assert (table[["low", "high"]] == 0).all(axis=None)
    assert (table["p"] == 1).all()


RUNS = ("mitdb-cnn-scratch-strict",)


def test_published_figures_stand_beside_ours(made: Path) -> None:
    table = frame(made, "published")
    assert len(table["published"].unique()) == 14
    cnn = table[(table["tag_model"] == "cnn") & (table["tag_init"] == "scratch")]
    mit = cnn[cnn["tag_data"] == "mitdb"]
    assert mit["published"].tolist() == [0.9228, 0.9228]
    assert set(mit["protocol"]) == {"paper", "honest"}
    assert mit["difference"].tolist() == pytest.approx((mit["ours"] - 0.9228).tolist())
    assert cnn[cnn["tag_data"] == "ptbdb"]["ours"].isna().all()


def test_papers_tables_hold_its_figures(made: Path) -> None:
    first = pd.read_csv(made / "tables" / "table_1.csv")
    assert first["Paper"].tolist() == [0.9038, 0.9168, 0.9228, 0.9746, 0.8725, 0.8385]
    assert 0 < first.loc[2, "Ours, honest protocol"] < 1
    assert first.loc[2, "Ours, honest protocol remark"] == "mitdb-strict, simulated"
    assert first.loc[1, ["Ours, paper protocol", "Ours, honest protocol"]].isna().all()
    about = json.loads((made / "tables" / "study.json").read_text())
    assert set(about["formats"]["table_1"]) <= set(first.columns)


def test_confusion_adds_up(made: Path, spec: Tabulate) -> None:
    table, records = frame(made, "confusion"), frame(made, "records")
    assert (table.groupby("run")["count"].sum() == 14 * 90).all()
    assert records["record"].nunique() == 14
    both = records.groupby(["run", "true", "predicted"])["count"].sum().reset_index()
    merged = both.merge(table, on=["run", "true", "predicted"])
    assert len(merged) == len(table)
    assert (merged["count_x"] - merged["count_y"]).abs().max() < 1e-9


def test_versions_that_differ_are_warned_of(spec: Tabulate, made: Path, tmp_path: Path) -> None:
    assert json.loads((made / "tables" / "study.json").read_text())["warnings"] == []
    files = written(spec, made)
    mixed = cards(spec, tmp_path, torch=("2.12.0", "2.13.0"))
    script.tabulate(spec, files, scored(spec, files, made), mixed, tmp_path / "tables")
    (warning,) = json.loads((tmp_path / "tables" / "study.json").read_text())["warnings"]
    assert warning.startswith("models of several versions of torch")


def test_same_input_same_bytes(spec: Tabulate, made: Path, tmp_path: Path) -> None:
    files = sorted((made / "predictions").rglob("*.parquet"), reverse=True)
    scores = sorted((made / "scores").rglob("*.parquet"))
    read = sorted(made.rglob("card.json"))
    for name in ("a", "b"):
        script.tabulate(spec, files, scores, read, tmp_path / name)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def one_run(folder: Path, *saved: Predictions, name: str = "r", **row: object) -> Run:
    given = {
        **study_rows()["mitdb-cnn-scratch-strict"],
        "repeats": len(saved),
        "members": [name],
        **row,
    }
    spec = study(rows={name: given}, comparisons=[])
    files = []
    for repeat, one in enumerate(saved):
        files.append(folder / name / f"{repeat}.parquet")
        predictions.write(one, files[-1])
    return read_run(name, spec.rows[name], {name: files})


def test_a_rare_class_gets_no_interval(tmp_path: Path) -> None:
    saved = classes(seed=1, subjects=8, each=200)
    carriers = np.isin(saved.subject_N, ["mitdb/200", "mitdb/201"])
    run = one_run(tmp_path, saved.only((saved.target != 0) | carriers))
    spec = study(rows={"r": run.row}, comparisons=[])
    files = scored(spec, list(run.files[0]), tmp_path)
    read = pd.read_parquet(files[0]).assign(run="r", repeat=0)
    table = score_table(spec, [run], read).set_index(["metric", "class"])
    assert table.loc[("sensitivity", "F"), ["low", "high"]].isna().all()
    assert table.loc[("sensitivity", "F"), "subjects"] == 2
    assert table.loc[("macro_f1", ""), ["low", "high"]].isna().all()
    assert table.loc[("sensitivity", "N"), ["low", "high"]].notna().all()


def test_a_class_that_a_part_lacks_is_named_beside_every_value(tmp_path: Path) -> None:
    saved = classes(seed=1, subjects=8, each=60)
    run = one_run(tmp_path, saved.only(saved.target != saved.labels.index("S")))
    whole = one_run(tmp_path / "whole", saved, name="w")
    spec = study(rows={"r": run.row, "w": whole.row}, comparisons=[])
    files = [*scored(spec, [*run.files[0], *whole.files[0]], tmp_path)]
    read = pd.concat(pd.read_parquet(f).assign(run=f.parent.name, repeat=0) for f in files)
    table = score_table(spec, [run, whole], read).set_index("run")
    assert set(table.loc["r", "missing_classes"]) == {"S"}
    assert set(table.loc["w", "missing_classes"]) == {""}
    loose = replace(whole, row=whole.row.model_copy(update={"protocol": "paper"}))
    assert set(gap_table(spec, [loose, run])["missing_classes"]) == {"S"}
    assert set(gap_table(spec, [loose, whole])["missing_classes"]) == {""}


def test_a_class_of_nobody_but_those_left_out_is_missing(tmp_path: Path) -> None:
    saved = classes(seed=1, subjects=8, each=60)
    alone = saved.subject_N == "mitdb/200"
    metrics = ["accuracy", {"name": "accuracy", "without": ["mitdb/200"]}]
    kept = saved.only(alone | (saved.target != saved.labels.index("V")))
    run = one_run(tmp_path, kept, metrics=metrics)
    assert run.missing_classes("test", "accuracy") == ()
    assert run.missing_classes("test", "accuracy(without mitdb/200)") == ("V",)


def test_signals_and_parts_with_every_class_lack_none(tmp_path: Path) -> None:
    saved = KINDS["signal"](seed=1, subjects=3, each=4)
    assert one_run(tmp_path, saved, metrics=["pearson"]).missing_classes("test", "pearson") == ()
    heads = KINDS["heads"](seed=1, subjects=3)
    own = heads.only(heads.target != 0)
    run = one_run(tmp_path / "heads", own, metrics=["head_accuracy"])
    assert run.missing_classes("test", "head_accuracy") == ("head 0",)


def test_who_is_left_out_is_in_no_interval(tmp_path: Path) -> None:
    saved = classes(seed=1, subjects=8, each=200)
    metrics = ["accuracy", {"name": "accuracy", "without": ["mitdb/200"]}]
    run = one_run(tmp_path, saved, metrics=metrics)
    less = one_run(
        tmp_path / "less", saved.only(saved.subject_N != "mitdb/200"), metrics=["accuracy"]
    )
    assert run.sums["test", "accuracy(without mitdb/200)"].shape[1] == 7
    rows = []
    for one in (run, less):
        spec = study(rows={"r": one.row}, comparisons=[], primary="accuracy")
        files = scored(spec, list(one.files[0]), tmp_path)
        read = pd.read_parquet(files[0]).assign(run="r", repeat=0)
        rows.append(score_table(spec, [one], read).iloc[-1])
    places = ["value", "low", "high", "segments", "subjects"]
    assert rows[0][places].tolist() == rows[1][places].tolist()


def test_comparison_uses_the_segments_both_were_tested_on(tmp_path: Path) -> None:
    whole, less = classes(seed=1, people=1), classes(seed=2, people=1)
    kept = less.subject_N != "mitdb/200"
    one = one_run(tmp_path, whole, name="one")
    other = one_run(tmp_path, less.only(kept), name="other")
    first, second, segments = shared(one, other, "test", "accuracy")
    assert first.shape == second.shape == (1, 11, 25)
    assert segments == kept.sum()
    assert first.sum() == second.sum() == kept.sum()


def test_runs_that_share_nothing_are_not_compared(tmp_path: Path) -> None:
    whole = classes(seed=1)
    half = whole.subject_N < "mitdb/206"
    one, other = (one_run(tmp_path, whole.only(h), name=n) for n, h in (("a", half), ("b", ~half)))
    with pytest.raises(ValueError, match="a and b share no test segment"):
        shared(one, other, "test", "accuracy")


def test_a_run_without_a_test_part_has_neither_gap_nor_comparison(tmp_path: Path) -> None:
    saved = classes(seed=1, part="validation")
    one = one_run(tmp_path, saved, name="one", protocol="paper")
    two = one_run(tmp_path, saved, name="two", protocol="honest")
    spec = study(comparisons=[{"tag": "init", "of": "scratch", "to": "scratch"}])
    assert gap_table(spec, [one, two]).empty
    assert comparison_table(spec, [one, two]).empty


def test_missing_repeats_and_other_segments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="r: 3 repeats requested, 1 given"):
        one_run(tmp_path, classes(), repeats=3)
    other = classes(subjects=5)
    with pytest.raises(ValueError, match=r"1\.parquet: other segments or labels than"):
        one_run(tmp_path, classes(), other)


def test_primary_that_no_run_has_is_refused(made: Path) -> None:
    spec = study(primary="mse")
    names = ("mitdb-cnn-scratch-strict", "mitdb-cnn-pretext-strict")
    own = runs(spec, made, *names)
    with pytest.raises(ValueError, match="no metric 'mse'"):
        comparison_table(spec, own)


def test_primary_class_that_no_run_has_is_refused(made: Path) -> None:
    spec = study(primary="sensitivity:Z")
    own = runs(spec, made, "mitdb-cnn-scratch-strict", "mitdb-cnn-pretext-strict")
    with pytest.raises(ValueError, match=r"mitdb-cnn-pretext-strict: .* no class 'Z'\. Known: "):
        comparison_table(spec, own)


def test_a_class_can_be_primary(made: Path) -> None:
    spec = study(primary="sensitivity:S")
    names = ("mitdb-cnn-scratch-strict", "mitdb-cnn-pretext-strict")
    own = runs(spec, made, *names)
    (row,) = comparison_table(spec, own).to_dict("records")
    assert (row["metric"], row["class"]) == ("sensitivity", "S")


def test_a_figure_without_a_run_stands_alone(scores: pd.DataFrame) -> None:
    figure = Published(tags={"model": "vit"}, metric="accuracy", value=0.5, source="p. 3")
    (row,) = published.beside([figure], scores.fillna({"class": ""}), {}).to_dict("records")
    assert row["run"] == ""
    assert np.isnan(row["ours"])


def test_a_figure_stands_beside_runs_that_are_as_usual() -> None:
    figure = Published(tags={"model": "cnn"}, metric="accuracy", value=0.5, source="p. 3")
    rows = {"metric": "accuracy", "class": "", "part": "test", "tag_model": "cnn"}
    scores = pd.DataFrame([{**rows, "tag_tuning": t} for t in ("full", "frozen")])
    assert len(figure.fits(scores, {})) == 2
    scaled = scores.assign(tag_scale="smoke run", value=0.9, run="r", protocol="paper", split="s")
    scaled = scaled.assign(repeats=1, low=0.8, high=1.0, simulated=False)
    (row, _) = published.beside([figure], scaled, {}).to_dict("records")
    assert wording.place(row) == "s, smoke run"
    (left,) = figure.fits(scores, {"tuning": "full", "share": "all"})["tag_tuning"]
    assert left == "full"


def test_only_what_does_as_the_paper_stands_beside_its_figures() -> None:
    figure = Published(
        tags={"model": "cnn"}, metric="accuracy", value=0.5, source="p. 3", unasked=("recipe",)
    )
    rows = {"metric": "accuracy", "class": "", "part": "test", "tag_model": "cnn"}
    kinds = ("", "size", "data", "data, size", "recipe", "recipe, data")
    every = [(protocol, kind) for protocol in ("paper", "honest") for kind in kinds]
    scores = pd.DataFrame(
        [{**rows, "protocol": p, "differs": k, "tag_recipe": "paper"} for p, k in every]
    )
    fits = figure.fits(scores, {"recipe": "ours"})
    assert list(zip(fits["protocol"], fits["differs"], strict=True)) == [
        ("paper", ""),
        ("paper", "size"),
        *(("honest", kind) for kind in ("", "size", "data", "data, size")),
    ]
    every_recipe = replace(figure, any_recipe=True).fits(scores, {"recipe": "ours"})
    assert len(every_recipe) == len(scores)


# Pooled folds.

FOLDS = 3
WHOLE, POOLED = "mitdb-cnn-scratch-strict", "pooled"


def folds_of(saved: Predictions, fold_of: dict[str, int]) -> list[Predictions]:
    fold_N = np.array([fold_of[s] for s in saved.subject_N.tolist()])
    return [saved.only(fold_N == fold) for fold in sorted(set(fold_of.values()))]


def pooled(folder: Path, *repeats: list[Predictions], name: str = "p", **row: object) -> Run:
    """Read folds, those of each repeat in a list, as one run."""
    members = [f"{name}-{k}" for k in range(len(repeats[0]))]
    own = {**study_rows()[WHOLE], "repeats": len(repeats), "members": members, **row}
    spec = study(rows={name: own}, comparisons=[])
    files: dict[str, list[Path]] = {}
    for number, folds in enumerate(repeats):
        for member, saved in zip(members, folds, strict=True):
            files.setdefault(member, []).append(folder / member / f"{number}.parquet")
            predictions.write(saved, files[member][-1])
    return read_run(name, spec.rows[name], files)


METRICS_OF = {
    "classes": ["accuracy", "macro_f1", "jkappa", "sensitivity"],
    "heads": ["head_accuracy", "head_balanced_accuracy"],
    "signal": ["pearson", "prd", "xcor", "peak_sensitivity", "heart_rate_limits"],
    "values": ["value_r2"],
}


@pytest.mark.parametrize("kind", METRICS_OF)
@settings(
    deadline=None, max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(shuffled=st.permutations(range(6)))
def test_folds_together_are_the_run_without_folds(
    kind: str, shuffled: list[int], tmp_path: Path
) -> None:
    repeats = [KINDS[kind](seed=seed, subjects=6, each=8) for seed in (1, 2)]
    if kind == "signal":
        repeats = [repeats[0], repeats[0]]
    subjects = np.unique(repeats[0].subject_N).tolist()
    fold_of = {s: k % FOLDS for s, k in zip(subjects, shuffled, strict=True)}
    metrics = METRICS_OF[kind]
    run = pooled(tmp_path, *(folds_of(one, fold_of) for one in repeats), metrics=metrics)
    whole = one_run(tmp_path, *repeats, name="whole", metrics=metrics)
    assert (run.ids, run.subjects, run.segments) == (whole.ids, whole.subjects, whole.segments)
    assert run.sums.keys() == whole.sums.keys()
    for key, sums_RSD in whole.sums.items():
        np.testing.assert_array_equal(run.sums[key], sums_RSD)
    pd.testing.assert_frame_equal(run.records, whole.records)
    pd.testing.assert_frame_equal(run.confusion, whole.confusion)
    (first, second, segments) = shared(run, whole, "test", metrics[0])
    assert (first == second).all()
    assert segments == len(repeats[0].id_N)


@pytest.fixture(scope="module")
def in_folds(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with a run whose folds are pooled, which has what another has as a whole."""
    folder = tmp_path_factory.mktemp("folds")
    rows = study_rows()
    names = [f"fold-{k}" for k in range(FOLDS)]
    like = {**rows[WHOLE], "members": names, "tags": {**rows[WHOLE]["tags"], "init": "pooled"}}
    rows = {name: rows[name] for name in (WHOLE, "mitdb-cnn-scratch-paper")}
    rows["pooled-paper"] = {**like, "protocol": "paper", "members": ["mitdb-cnn-pretext-strict"]}
    spec = study(
        rows={**rows, POOLED: like}, comparisons=[{"tag": "init", "of": "pooled", "to": "scratch"}]
    )
    files, made_cards = [], []
    for repeat in range(2):
        saved = predictions.read(made / "predictions" / WHOLE / f"{repeat}.parquet")
        fold_of = {s: int(s[-1]) % FOLDS for s in np.unique(saved.subject_N).tolist()}
        for name, fold in zip(names, folds_of(saved, fold_of), strict=True):
            files.append(folder / "predictions" / name / f"{repeat}.parquet")
            predictions.write(fold, files[-1])
            made_cards.append(folder / "transfer" / name / str(repeat) / "card.json")
            made_cards[-1].parent.mkdir(parents=True)
            made_cards[-1].write_text(json.dumps(card("transfer", name, repeat=repeat)))
    whole = (WHOLE, "mitdb-cnn-scratch-paper", "mitdb-cnn-pretext-strict")
    files += [f for name in whole for f in sorted((made / "predictions" / name).iterdir())]
    scores = []
    for file in files:
        scores.append(folder / "scores" / file.parent.name / file.name)
        score_script.score(Score(metrics=spec.rows[POOLED].metrics), file, scores[-1])
    script.tabulate(spec, files, scores, made_cards, folder / "tables")
    return folder


def test_a_pooled_run_is_a_run_in_every_table(in_folds: Path) -> None:
    scores = frame(in_folds, "scores")
    assert scores["run"].unique().tolist() == [
        *(WHOLE, "mitdb-cnn-scratch-paper", "pooled-paper", POOLED),
    ]
    whole, run = (
        scores[scores["run"] == name].drop(columns=["run", "tag_init"]).reset_index(drop=True)
        for name in (WHOLE, POOLED)
    )
    pd.testing.assert_frame_equal(run, whole)
    for name in ("confusion", "records"):
        table = frame(in_folds, name)
        whole, run = (
            table[table["run"] == n].drop(columns="run").reset_index(drop=True)
            for n in (WHOLE, POOLED)
        )
        pd.testing.assert_frame_equal(run, whole)
    (row,) = frame(in_folds, "comparisons").to_dict("records")
    assert (row["of_run"], row["to_run"]) == (POOLED, WHOLE)
    assert (row["difference"], row["p"], row["subjects"]) == (0, 1, 14)
    gaps = frame(in_folds, "gaps")
    assert ("pooled-paper", POOLED) in set(zip(gaps["paper_run"], gaps["honest_run"], strict=True))
    about = json.loads((in_folds / "tables" / "study.json").read_text())
    assert about["pools"] == {
        "pooled-paper": ["mitdb-cnn-pretext-strict"],
        POOLED: ["fold-0", "fold-1", "fold-2"],
    }


def test_who_is_tested_in_two_folds_is_refused(tmp_path: Path) -> None:
    saved = classes(subjects=4)
    half = saved.only(saved.subject_N >= "mitdb/202")
    with pytest.raises(
        ValueError, match=r"p: subject 'mitdb/202' is tested in .*p-0.* and in .*p-1"
    ):
        pooled(tmp_path, [saved, half])


def test_who_is_trained_on_in_two_folds_counts_once(tmp_path: Path) -> None:
    folds = []
    for fold in range(FOLDS):
        saved = classes(subjects=6, noise=fold)
        tested_N = np.isin(saved.subject_N, [f"mitdb/20{k}" for k in (2 * fold, 2 * fold + 1)])
        part_N = np.where(tested_N, "test", "train")
        folds.append(Predictions(**{**saved.__dict__, "part_N": part_N}))
    run = pooled(tmp_path, folds)
    everybody = tuple(f"mitdb/20{k}" for k in range(6))
    assert run.subjects == {"test": everybody, "train": everybody}
    assert run.segments == {"test": 360, "train": 360}
    assert run.sums["train", "accuracy"].sum() == 360
    assert run.confusion.groupby("part")["count"].sum().tolist() == [360, 360]


def test_folds_of_another_kind_or_other_labels_are_refused(tmp_path: Path) -> None:
    saved = classes(subjects=4)
    first, second = folds_of(saved, {f"mitdb/20{k}": k % 2 for k in range(4)})
    renamed = Predictions(**{**second.__dict__, "labels": ("A", "B", "C", "D", "E")})
    with pytest.raises(ValueError, match=r"p-1.0\.parquet: another kind .* or other labels, than"):
        pooled(tmp_path, [first, renamed])
    heads = Predictions(**{**second.__dict__, "kind": "heads"})
    with pytest.raises(ValueError, match=r"p-1.0\.parquet: another kind of predictions"):
        pooled(tmp_path, [first, heads])


def test_pools_are_compared_on_the_segments_of_both(tmp_path: Path) -> None:
    fold_of = {f"mitdb/{200 + k}": k % FOLDS for k in range(12)}
    one = pooled(tmp_path, folds_of(classes(seed=1), fold_of), name="one")
    saved = classes(seed=2)
    kept = saved.only(
        ~np.isin(saved.subject_N, ["mitdb/200", "mitdb/203", "mitdb/206", "mitdb/209"])
    )
    fold_of = {s: k for s, k in fold_of.items() if k}
    other = pooled(tmp_path, folds_of(kept, fold_of), name="other")
    first, second, segments = shared(one, other, "test", "accuracy")
    assert first.shape == second.shape == (1, 8, 25)
    assert first.sum() == second.sum() == segments == 480
    assert (second[0] == other.sums["test", "accuracy"][0]).all()


def test_predictions_of_no_run_are_named(made: Path, spec: Tabulate) -> None:
    file = made / "predictions" / "mitdb-cnn-scratch-strct" / "0.parquet"
    with pytest.raises(ValueError, match="Did you mean 'mitdb-cnn-scratch-strict'"):
        predictions_by_evaluation(spec, [file])


def test_evaluations_that_share_predictions_are_given_the_same_files(
    made: Path, spec: Tabulate
) -> None:
    names = list(spec.rows)
    file, other = names[0], names[1]
    sharing = spec.model_copy(update={"predicted_as": {other: file}})
    saved = sorted((made / "predictions" / file).iterdir(), reverse=True)
    found = predictions_by_evaluation(sharing, saved)
    assert found[other] == found[file] == sorted(saved)
    own = made / "predictions" / other / "0.parquet"
    with pytest.raises(ValueError, match="no run of the study is scored by these predictions"):
        predictions_by_evaluation(sharing, [own])


def test_a_missing_fold_is_named(tmp_path: Path) -> None:
    saved = classes(subjects=4)
    folds = folds_of(saved, {f"mitdb/20{k}": k % 2 for k in range(4)})
    with pytest.raises(ValueError, match="p-2: 1 repeats requested, 0 given"):
        pooled(tmp_path, folds, members=["p-0", "p-1", "p-2"])


# Means of several models.


@pytest.mark.parametrize("kind", METRICS_OF)
def test_a_mean_is_of_what_its_models_say(kind: str, tmp_path: Path) -> None:
    one, other = (KINDS[kind](seed=seed, subjects=6, each=8) for seed in (1, 2))
    other = replace(other, target=one.target, about=one.about)
    fold_of = {s: k % FOLDS for k, s in enumerate(np.unique(one.subject_N).tolist())}
    backwards = other.only(np.arange(len(other.id_N))[::-1])
    folds = [folds_of(saved, fold_of) for saved in (one, backwards)]
    members = [f"p-{k}" for k in range(FOLDS)]
    options = {"averaged": [(m,) for m in members], "metrics": METRICS_OF[kind], "repeats": 1}
    run = pooled(tmp_path, *folds, **options)
    mean_NK = (one.score_NK.astype(float) + other.score_NK) / 2
    expected = one_run(
        tmp_path,
        replace(one, score_NK=mean_NK.astype(np.float32)),
        name="m",
        metrics=METRICS_OF[kind],
    )
    assert (run.ids, run.subjects, run.segments) == (
        expected.ids,
        expected.subjects,
        expected.segments,
    )
    for key, sums_RSD in expected.sums.items():
        np.testing.assert_allclose(run.sums[key], sums_RSD, atol=1e-9)


def test_models_asked_of_other_segments_have_no_mean(tmp_path: Path) -> None:
    saved = classes(seed=1, subjects=4, each=10)
    for other in (saved.only(np.arange(30)), replace(saved, target=saved.target[::-1].copy())):
        with pytest.raises(ValueError, match="other segments, targets or labels than "):
            pooled(tmp_path, [saved], [other], averaged=[("p-0",)], repeats=1)


def test_a_mean_needs_two(tmp_path: Path) -> None:
    saved = classes(seed=1, subjects=4, each=10)
    with pytest.raises(ValueError, match="p: p-0 have 1 to average"):
        pooled(tmp_path, [saved], averaged=[("p-0",)], repeats=1)


def test_a_question_is_a_family_of_its_own(made: Path) -> None:
    pairs = [
        {"tag": "init", "of": "pretext", "to": "scratch", "question": "pretraining"},
        {"tag": "model", "of": "cnn", "to": "cnn", "question": "nothing"},
    ]
    questions = {name: {"asks": f"Does {name} matter?"} for name in ("pretraining", "nothing")}
    spec = study(comparisons=pairs, questions=questions)
    own = runs(spec, made, *(f"mitdb-cnn-{i}-strict" for i in ("scratch", "pretext")))
    table = comparison_table(spec, own).set_index(["question", "of_run"])
    alone = table.loc["pretraining"].iloc[0]
    assert (alone["family"], alone["p_holm"]) == (1, pytest.approx(alone["p"]))
    assert table.loc["nothing", "family"].tolist() == [2, 2]
    one = comparison_table(study(comparisons=[{**p, "question": None} for p in pairs]), own)
    assert one["family"].tolist() == [3, 3, 3]
    first = one[one["tag"] == "init"].iloc[0]
    assert first["p_holm"] == pytest.approx(min(1, 3 * first["p"]))
    assert first["detectable"] > alone["detectable"] > 0


def test_a_class_that_few_people_have_can_show_a_difference_by_all_who_are_tested(
    tmp_path: Path,
) -> None:
    saved = classes(seed=1, subjects=16, each=200)
    having = np.isin(saved.subject_N, np.unique(saved.subject_N)[:5])
    kept = saved.only((saved.target != saved.labels.index("F")) | having)
    other = replace(kept, score_NK=kept.score_NK[:, ::-1].copy())
    tags, runs_of = study_rows()["mitdb-cnn-scratch-strict"]["tags"], []
    for init, one in {"scratch": kept, "pretext": other}.items():
        runs_of.append(one_run(tmp_path, one, name=init, tags={**tags, "init": init}))
    pairs = [{"tag": "init", "of": "pretext", "to": "scratch"}]
    spec = study(rows={run.name: run.row for run in runs_of}, comparisons=pairs)
    row = comparison_table(spec, runs_of).iloc[0]
    assert row["subjects"] == 5
    # swaps of these five alone give no p below 2 ** -4
    assert np.isfinite(row["detectable"])


@pytest.mark.parametrize(
    ("own_margin", "margin", "verdict"),
    [(None, None, ""), (0.9, None, "yes"), (None, 0.9, "yes"), (1e-6, 0.9, "not shown")],
)
def test_equivalence_is_asked_for_by_a_margin(
    made: Path, own_margin: float | None, margin: float | None, verdict: str
) -> None:
    pair = {"tag": "init", "of": "pretext", "to": "scratch", "question": "one"}
    questions = {"one": {"asks": "Does it help?", "margin": own_margin}}
    spec = study(comparisons=[pair], questions=questions, margin=margin)
    own = runs(spec, made, *(f"mitdb-cnn-{i}-strict" for i in ("scratch", "pretext")))
    row = comparison_table(spec, own).iloc[0]
    assert row["equivalent"] == verdict
    if verdict:
        assert row["margin"] == (own_margin or margin)
        assert row["low"] < row["within_low"] < row["difference"] < row["within_high"] < row["high"]

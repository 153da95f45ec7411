"""Tables of runs that count recordings: values, means of models, and paired comparisons."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as reference

from cardiograft.evaluation import predictions, scoring
from cardiograft.evaluation.by_record import by_record, counted
from cardiograft.evaluation.predictions import Predictions
from cardiograft.specs.tabulate import Tabulate
from cardiograft.tables.comparisons import comparison_table
from cardiograft.tables.runs import Run, read_run
from cardiograft.tables.scores import score_table

RECORDINGS, LABELS = 60, ("A", "N", "O")
PLACE = {"protocol": "honest", "split": "people", "simulated": False, "per": "record"}
METRICS = ["weighted_f1", "macro_f1", "f1"]


def made(skill: float, *, each: int, seed: int) -> Predictions:
    """Return what a model says of segments, `each` of a recording, two recordings a person."""
    generator = np.random.default_rng(seed)
    target_R = np.random.default_rng(8).integers(0, 3, RECORDINGS)
    record_N = np.repeat(np.arange(RECORDINGS), each)
    score_NK = generator.random((len(record_N), 3)) + skill * np.eye(3)[target_R[record_N]]
    return Predictions(
        kind="classes",
        labels=LABELS,
        id_N=np.array([f"made/{r:03}/II/{300 * n}" for n, r in enumerate(record_N)]),
        subject_N=np.array([f"made/p{r // 2}" for r in record_N]),
        part_N=np.full(len(record_N), "test"),
        target=target_R[record_N],
        score_NK=(score_NK / score_NK.sum(axis=1, keepdims=True)).astype(np.float32),
        about={"simulated": False},
    )


PREDICTED = {
    "scratch": [made(0.1, each=3, seed=k) for k in (1, 2)],
    "pretext": [made(0.45, each=3, seed=k) for k in (3, 4)],
    "boosting": [made(0.35, each=2, seed=5)],  # of longer segments
}


def row(name: str, **changes: Any) -> dict[str, Any]:
    tags = {"model": "cnn", "init": name, "per": "record"}
    own = {"members": [name], "repeats": len(PREDICTED[name]), "tags": tags, "metrics": METRICS}
    return {**PLACE, **own, **changes}


@pytest.fixture
def spec() -> Tabulate:
    both = row(
        "pretext",
        averaged=[["pretext", "boosting"]],
        repeats=1,
        tags={"model": "cnn and boosting", "init": "pretext", "per": "record"},
    )
    given = {
        "study": "transform_recognition",
        "rows": {**{name: row(name) for name in PREDICTED}, "both": both},
        "primary": "weighted_f1",
        "comparisons": [{"tag": "init", "of": "pretext", "to": "scratch"}],
        "draws": 400,
    }
    return Tabulate.model_validate(given)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, list[Path]]:
    files_of: dict[str, list[Path]] = {}
    for name, repeats in PREDICTED.items():
        (tmp_path / name).mkdir()
        for k, one in enumerate(repeats):
            files_of.setdefault(name, []).append(tmp_path / name / f"{k}.parquet")
            predictions.write(one, files_of[name][-1])
    return files_of


@pytest.fixture
def runs(spec: Tabulate, files: dict[str, list[Path]]) -> list[Run]:
    return [read_run(name, one, files) for name, one in spec.rows.items()]


def f1(saved: Predictions, average: str) -> float:
    return float(reference.f1_score(saved.target, saved.score_NK.argmax(axis=1), average=average))


def scores(spec: Tabulate, runs: list[Run]) -> pd.DataFrame:
    rows = [
        scoring.score(counted(one, "record"), spec.rows[name].metrics).assign(run=name, repeat=k)
        for name, repeats in PREDICTED.items()
        for k, one in enumerate(repeats)
    ]
    return score_table(spec, runs, pd.concat(rows)).set_index(["run", "metric", "class"])


def test_values_and_supports_count_recordings(spec: Tabulate, runs: list[Run]) -> None:
    table = scores(spec, runs)
    for average in ("weighted", "macro"):
        for name, repeats in PREDICTED.items():
            entry = table.loc[(name, f"{average}_f1", "")]
            expected = np.mean([f1(by_record(one), average) for one in repeats])
            assert entry["value"] == pytest.approx(expected)
            assert entry["low"] < entry["value"] < entry["high"]
            assert (entry["segments"], entry["tag_per"]) == (RECORDINGS, "record")
    assert table.loc[("scratch", "weighted_f1", ""), "subjects"] == RECORDINGS / 2


def test_a_network_and_a_boosting_are_averaged_by_recording(
    spec: Tabulate, runs: list[Run]
) -> None:
    every = [by_record(one) for one in (*PREDICTED["pretext"], *PREDICTED["boosting"])]
    mean_MK = np.mean([one.score_NK for one in every], axis=0)
    expected = reference.f1_score(every[0].target, mean_MK.argmax(axis=1), average="weighted")
    assert scores(spec, runs).loc[("both", "weighted_f1", ""), "value"] == pytest.approx(expected)


def test_each_run_may_count_once_whatever_its_repeats(
    spec: Tabulate, files: dict[str, list[Path]]
) -> None:
    """Two repeats and one boosting: a half each, where each repeat would have a third."""
    row = spec.rows["both"].model_copy(update={"counts": "runs"})
    ((_, mean),) = read_run("both", row, files).saved(0)
    each = [
        np.mean([by_record(one).score_NK for one in PREDICTED[n]], axis=0)
        for n in ("pretext", "boosting")
    ]
    np.testing.assert_allclose(mean.score_NK, np.mean(each, axis=0), atol=1e-6)
    ((_, thirds),) = read_run("both", spec.rows["both"], files).saved(0)
    assert np.abs(thirds.score_NK - mean.score_NK).max() > 0.01


def test_people_are_swapped_and_drawn_with_all_their_recordings(
    spec: Tabulate, runs: list[Run]
) -> None:
    table = comparison_table(spec, runs)
    assert len(table) == 1
    line = table.iloc[0]
    of, to = (
        np.mean([f1(by_record(p), "weighted") for p in PREDICTED[n]])
        for n in ("pretext", "scratch")
    )
    assert line["difference"] == pytest.approx(of - to)
    assert (line["segments"], line["subjects"]) == (RECORDINGS, RECORDINGS / 2)
    assert line["low"] > 0
    assert line["p"] == line["p_holm"] < 0.05
    assert 0 < line["detectable"] < 0.5
    assert line["tag_per"] == "record"


def test_segments_and_recordings_are_not_compared(
    spec: Tabulate, files: dict[str, list[Path]]
) -> None:
    plain = row("scratch", per="segment", tags={"model": "cnn", "init": "scratch"})
    changed = Tabulate.model_validate(
        {**spec.model_dump(mode="json"), "rows": {"scratch": plain, "pretext": row("pretext")}}
    )
    runs = [read_run(name, one, files) for name, one in changed.rows.items()]
    assert len(comparison_table(changed, runs)) == 0


def test_each_recording_is_a_row_of_the_counts_by_recording(runs: list[Run]) -> None:
    own = runs[0].records
    assert own["record"].nunique() == RECORDINGS
    assert set(own["record"]) == {f"made/{r:03}" for r in range(RECORDINGS)}
    assert own["count"].sum() == RECORDINGS

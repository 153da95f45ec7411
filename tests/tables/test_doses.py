"""Dose curves: planted effects come out, and what can't leak is flat."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from synthetic import classes, study

from cardiograft.evaluation.predictions import Predictions, write
from cardiograft.specs.split import Split
from cardiograft.specs.tabulate import Tabulate
from cardiograft.splits.assign import assign
from cardiograft.tables import doses
from cardiograft.tables.runs import Run, read_run

SHARES = (0.0, 0.1, 0.25, 0.5, 1.0)
PEOPLE, EACH, KINDS = 30, 160, 8
DOSE = {"base": 600, "slots": 600, "gap_s": 0.0}
# People have nothing in common: each has signs of their own for either label.
RNG = np.random.default_rng(3)
SIGNS = RNG.normal(size=(PEOPLE, 2, KINDS, 6))
SUBJECT = np.repeat(np.arange(PEOPLE), EACH)
LABEL = RNG.random(PEOPLE * EACH) < 0.3
SIGN = RNG.integers(0, KINDS, PEOPLE * EACH)
X = SIGNS[SUBJECT, LABEL.astype(int), SIGN] + 0.05 * RNG.normal(size=(PEOPLE * EACH, 6))
START = 100 * (np.arange(PEOPLE * EACH) % EACH)
KEYS = pa.table(
    {
        "id": [f"toy/{s}/II/{t}" for s, t in zip(SUBJECT, START, strict=True)],
        "dataset": ["toy"] * len(SUBJECT),
        "record": [str(s) for s in SUBJECT],
        "subject": [f"toy/{s}" for s in SUBJECT],
        "label": ["V" if v else "N" for v in LABEL],
        "start": START,
        "stop": START + 100,
        "source_hz": np.full(len(SUBJECT), 100.0),
    }
)


def split(share: float, *, empty: bool = False) -> Split:
    return Split.model_validate(
        {
            "segments": ["beats"],
            "scheme": "subject",
            "test": 0.4,
            "protocol": "dose",
            "dose": {**DOSE, "share": share, "empty": empty},
        }
    )


def called_v(train_N: np.ndarray, model: str) -> np.ndarray:
    """Return which segments a model, learning from these, calls V."""
    if model == "majority":
        return np.full(len(LABEL), LABEL[train_N].mean() > 0.5)
    far = ((X[:, None] - X[train_N]) ** 2).sum(axis=2)
    return np.asarray(LABEL[train_N][far.argmin(axis=1)])


def predicted(what: Split, model: str) -> Predictions:
    part_N = assign(KEYS, what)
    test_N = part_N == "test"
    v_N = called_v(np.flatnonzero(part_N == "train"), model)[test_N]
    return Predictions(
        kind="classes",
        labels=("N", "V"),
        id_N=np.array(KEYS["id"].to_pylist())[test_N],
        subject_N=np.array(KEYS["subject"].to_pylist())[test_N],
        part_N=np.full(test_N.sum(), "test"),
        target=LABEL[test_N].astype(np.int64),
        score_NK=np.stack([~v_N, v_N], axis=1).astype(np.float32),
        about={"simulated": True},
    )


def row(name: str, what: Split, model: str) -> dict:
    assert what.dose is not None
    dosed = f"{100 * what.dose.share:g} %" if not what.dose.empty else "base alone"
    return {
        "members": [name],
        "protocol": "dose",
        "split": name,
        "simulated": True,
        "dose": what.dose.model_dump(mode="json"),
        "repeats": 1,
        "tags": {"data": "toy", "model": model, "dose": dosed},
        "metrics": ["accuracy", "sensitivity"],
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tabulate, list[Run]]:
    folder = tmp_path_factory.mktemp("doses")
    wanted = [(share, False) for share in SHARES] + [(0.0, True)]
    rows, files = {}, {}
    for model in ("neighbour", "majority"):
        for share, empty in wanted:
            name, what = f"{model}-{'base' if empty else share}", split(share, empty=empty)
            rows[name] = row(name, what, model)
            files[name] = [folder / name / "0.parquet"]
            files[name][0].parent.mkdir()
            write(predicted(what, model), files[name][0])
    spec = study(rows=rows, primary="accuracy", comparisons=[], draws=400)
    return spec, [read_run(name, one, files) for name, one in spec.rows.items()]


def test_a_signature_of_each_person_gives_a_rising_curve(made: tuple[Tabulate, list[Run]]) -> None:
    tables = doses.tables(*made)
    curve = tables["doses"].query("tag_model == 'neighbour' and metric == 'accuracy'")
    curve = curve[curve["class"] == ""].set_index("dose")
    values = [float(curve["value"][share]) for share in SHARES]
    assert all(np.diff(values) > 0)
    # strangers' signs say nothing: as a draw of 30 % and 70 %; at the end all signs were seen
    assert values[0] == pytest.approx(0.7**2 + 0.3**2, abs=0.08)
    assert values[-1] > 0.97
    assert curve["difference_low"][1.0] > 0.3
    (slope,) = (
        tables["dose_effects"]
        .query("tag_model == 'neighbour' and metric == 'accuracy' and effect == 'slope'")
        .to_dict("records")
    )
    assert slope["low"] > 0.2
    centred = np.array(SHARES) - np.mean(SHARES)
    assert slope["value"] == pytest.approx(np.polyfit(SHARES, values, 1)[0])
    assert slope["value"] == pytest.approx(centred @ values / (centred**2).sum())


def test_as_many_segments_of_other_people_give_nothing(made: tuple[Tabulate, list[Run]]) -> None:
    (amount,) = (
        doses.tables(*made)["dose_effects"]
        .query("tag_model == 'neighbour' and metric == 'accuracy' and effect == 'amount'")
        .to_dict("records")
    )
    assert amount["low"] < 0 < amount["high"]
    assert abs(amount["value"]) < 0.08


def test_what_cannot_leak_is_flat(made: tuple[Tabulate, list[Run]]) -> None:
    effects = doses.tables(*made)["dose_effects"].query("tag_model == 'majority'")
    assert len(effects)
    accuracy = effects[effects["metric"] == "accuracy"]
    assert set(accuracy["effect"]) == {"slope", "amount"}
    assert np.abs(accuracy[["value", "low", "high"]].to_numpy()).max() < 1e-12


def test_every_point_says_what_it_was_trained_on(made: tuple[Tabulate, list[Run]]) -> None:
    points = doses.tables(*made)["doses"].query("tag_model == 'majority' and metric == 'accuracy'")
    assert points["own"].tolist() == [0, 60, 150, 300, 600, 0]
    assert points["size"].tolist() == [1200] * 5 + [600]
    assert points["dose"].isna().tolist() == [False] * 5 + [True]
    assert points["difference"].iloc[0] == 0


def test_differences_are_paired_by_subject(made: tuple[Tabulate, list[Run]]) -> None:
    """A run and the same run at another dose: their difference has no spread."""
    spec, runs = made
    (majority,) = (run for run in runs if run.name == "majority-1.0")
    tables = doses.tables(spec, [run for run in runs if run.row.tags["model"] == "majority"])
    rows = tables["doses"][tables["doses"]["run"] == majority.name]
    accuracy = rows[rows["metric"] == "accuracy"].iloc[0]
    assert accuracy["high"] - accuracy["low"] > 0.01
    assert accuracy["difference_high"] - accuracy["difference_low"] == pytest.approx(0, abs=1e-12)


def test_runs_that_differ_in_more_than_the_dose_make_no_curve(
    made: tuple[Tabulate, list[Run]], tmp_path: Path
) -> None:
    spec, runs = made
    rows = {name: one.model_dump(mode="json") for name, one in spec.rows.items()}
    rows["neighbour-0.5"]["dose"]["base"] = 500
    apart = Tabulate.model_validate({**spec.model_dump(mode="json"), "rows": rows})
    for run in runs:
        run.row = apart.rows[run.name]
    effects = doses.tables(apart, runs)["dose_effects"]
    assert not any("neighbour-0.5" in str(names) for names in effects["runs"])
    for run in runs:
        run.row = spec.rows[run.name]
    other = tmp_path / "neighbour-0.5" / "0.parquet"
    other.parent.mkdir()
    write(classes(labels=("N", "V"), shares=(0.7, 0.3)), other)
    foreign = read_run("neighbour-0.5", spec.rows["neighbour-0.5"], {"neighbour-0.5": [other]})
    swapped = [foreign if run.name == foreign.name else run for run in runs]
    with pytest.raises(ValueError, match="differ in dose, but not in dose alone"):
        doses.tables(spec, swapped)

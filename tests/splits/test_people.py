"""A person under two names is counted, drawn, calibrated and dosed as one."""

import json
import types
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import scripts
from planted import Shelf, heart

from cardiograft import plugins
from cardiograft.specs.audit import Ancestor, Audit
from cardiograft.specs.split import Split
from cardiograft.splits.assign import COLUMNS, assign, part_counts
from cardiograft.splits.choices import choice_complaint
from cardiograft.splits.dose import dose_counts
from cardiograft.splits.lineage import lineage_audit
from cardiograft.splits.places import place
from cardiograft.splits.table import SplitTable, of_persons, read_split_table, write_split_table
from cardiograft.training.bootstrap import bootstrapped

PEOPLE = [["own/one*", "own/two*"]]  # who came twice, by config
NAMES = [f"{name}{k}" for k in range(20) for name in ("one", "two")]


def spec(scheme: str = "subject", protocol: str = "honest", **options: object) -> Split:
    asked = {"segments": ("beats",), "scheme": scheme, "protocol": protocol, "people": PEOPLE}
    return Split.model_validate({**asked, **options})


def keys(names: list[str], *, each: int = 10, dataset: str = "own") -> pa.Table:
    """Return one recording a name, of segments of 10 s that lie end to end, at 100 Hz."""
    rows = [
        (f"{dataset}/{n}/II/{1000 * k}", dataset, n, f"{dataset}/{n}", "N", 1000 * k)
        for n in names
        for k in range(each)
    ]
    columns = dict(zip((*COLUMNS, "start"), map(list, zip(*rows, strict=True)), strict=True))
    stop = [start + 1000 for start in columns["start"]]
    return pa.table({**columns, "stop": stop, "source_hz": [100.0] * len(rows)}).sort_by("id")


def published(tmp_path: Path, names: list[str], what: Split, name: str = "split") -> SplitTable:
    table = keys(names)
    write_split_table(tmp_path / f"{name}.parquet", table, assign(table, what), what)
    return read_split_table(tmp_path / f"{name}.parquet")


def parts_of(table: pa.Table, part_N: np.ndarray) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for record, part in zip(table["record"].to_pylist(), part_N.tolist(), strict=True):
        found.setdefault(record, set()).add(part)
    return found


@pytest.mark.parametrize(
    ("one", "other", "people"),
    [
        ("own/one1", "own/two1", PEOPLE),
        ("mitdb/118", "nstdb/118", ()),  # known of PhysioNet's data sets
        ("mitdb/201", "mitdb/202", ()),
        ("nstdb/118e24", "own/p7", [["mitdb/118", "own/p7"]]),  # by a third name
    ],
)
def test_a_table_names_each_person_by_one_name(one: str, other: str, people: list[list[str]]):
    table = of_persons(pa.table({"subject": [one, other, "own/x"], "id": ["1", "2", "3"]}), people)
    first, second, third = table["subject"].to_pylist()
    assert first == second
    assert first in (one, *(group[0] for group in people))
    assert third == "own/x"


def test_what_is_read_of_a_split_is_people(tmp_path: Path) -> None:
    split = published(tmp_path, NAMES, spec(test=0.3, validation=0.2))
    assert len(set(split.subject_N)) == 20
    assert split.table["subject"].to_pylist() == split.subject_N.tolist()
    assert "own/two3/II/0" in split.id_N  # segments keep their names


def test_an_audit_counts_people(tmp_path: Path) -> None:
    filled = Shelf()
    for seed, record in enumerate(("101", "106", "201", "202", "103", "105")):
        filled.add(record, 0, heart(100 * seed), subject=record)
    folder, out = filled.write(tmp_path / "beats"), tmp_path / "s.parquet"
    what = Split(segments=("beats",), scheme="subject", protocol="paper", test=0)
    scripts.load("split").split(what, [folder], out, tmp_path / "s.audit.json")
    counts = json.loads((tmp_path / "s.audit.json").read_text())["counts"]
    assert (counts["train"]["segments"], counts["train"]["subjects"]) == (6, 5)


def test_validation_by_the_data_sets_own_parts_is_by_person(monkeypatch) -> None:
    """The data set says who is tested; who validates is drawn, once for each person."""
    parts = {"x": "test"}
    module = types.SimpleNamespace(part=lambda record: parts.get(record, "train"))
    monkeypatch.setattr(plugins, "load", lambda room, name: module)
    table = keys([*NAMES, "x"], each=1)
    found = parts_of(table, assign(table, spec("fixed", validation=0.4)))
    drawn = {k for k in range(20) if place(0, "validation", f"own/one{k}") < 0.4}
    assert 0 < len(drawn) < 20
    for k in range(20):
        wanted = {"validation"} if k in drawn else {"train"}
        assert found[f"one{k}"] == found[f"two{k}"] == wanted


def test_a_calibration_is_of_a_persons_first_recording_alone() -> None:
    table = keys(NAMES)
    what = spec(protocol="personal", test=0.5, calibration={"seconds": 30})
    part_N = assign(table, what)
    found = parts_of(table, part_N)
    tested = [k for k in range(20) if "test" in found[f"two{k}"]]
    assert tested
    for k in tested:
        assert found[f"one{k}"] == {"train", "test"}
        assert found[f"two{k}"] == {"test"}  # the second time nobody calibrates


def test_a_dose_counts_what_a_person_has_under_another_name() -> None:
    table = keys(NAMES)
    dose = {"share": 0.5, "base": 40, "slots": 20, "how": "random", "others": 0.4}
    what = spec(protocol="dose", test=0.4, dose=dose)
    assert what.dose
    part_N = assign(table, what)
    counts = dose_counts(of_persons(table, PEOPLE), part_N, what.dose)
    record_N = np.array(table["record"].to_pylist())
    tested = {name.removeprefix("one").removeprefix("two") for name in record_N[part_N == "test"]}
    assert (counts["own"], counts["subjects"]) == (10, len(tested))
    base = part_counts(of_persons(table, PEOPLE), part_N)["test"]["subjects"]
    assert base == len(tested) < len(set(record_N[part_N == "test"]))
    # the two names of one person are both of the helpers, who fill slots, or of neither
    with_slots = assign(table, spec(protocol="dose", test=0.4, dose={**dose, "share": 0.0}))
    empty = assign(table, spec(protocol="dose", test=0.4, dose={**dose, "share": 0, "empty": True}))
    who_N = np.array(of_persons(table, PEOPLE)["subject"].to_pylist())
    helpers = set(who_N[(with_slots == "train") & (empty != "train")])
    assert not helpers & set(who_N[empty == "train"])


def test_a_draw_of_a_training_part_takes_both_of_a_persons_recordings(tmp_path: Path) -> None:
    split = published(tmp_path, NAMES, spec(test=0))
    drawn = bootstrapped(split, 1.0, seed=3)
    times = {name: int((drawn.id_N == f"own/{name}/II/0").sum()) for name in NAMES}
    assert all(times[f"one{k}"] == times[f"two{k}"] for k in range(20))
    assert sum(times[f"one{k}"] for k in range(20)) == 20


def test_a_choice_within_one_person_is_none_between_people(tmp_path: Path) -> None:
    split = published(tmp_path, ["one1", "two1"], spec(test=0))
    audit = Audit(
        protocol="honest",
        split="split",
        chosen_on="cross-validation",
        lineage=[Ancestor(stage="transfer", entry="net", split="split", uses=("train",))],
    )
    said = choice_complaint(audit, {"split": split.table})
    assert "fewer than two subjects" in said


def test_a_lineage_counts_people(tmp_path: Path) -> None:
    """One split knows the second name, the other does not: it is found, and counted, by both."""
    tested = spec("named", test_subjects=["own/one1", "own/one2"], people=[])
    published(tmp_path, ["one1", "one2", "two1", "two2", "x"], tested, "tested")
    known = spec("named", protocol="paper", test_subjects=["own/x"])
    published(tmp_path, ["two1", "one1", "x"], known, "known")
    audit = Audit(
        protocol="honest",
        split="tested",
        lineage=[Ancestor(stage="pretrain", entry="net", split="known", uses=("train",))],
    )
    found = lineage_audit(audit, [tmp_path / "tested.parquet", tmp_path / "known.parquet"])
    assert found["subjects"] == 2
    (finding,) = found["findings"]
    assert (finding["subjects"], finding["own"]) == (1, 20)
    assert finding["fault"]

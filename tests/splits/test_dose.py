"""A dose of leakage: exact, nested, of one size, on one test part, and nothing else leaks."""

import itertools
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import scripts
from planted import Shelf, heart

from cardiograft.specs.audit import Ancestor, Audit
from cardiograft.specs.split import Split
from cardiograft.splits import assign as assign_module
from cardiograft.splits.assign import assign
from cardiograft.splits.dechazal import DS1, DS2
from cardiograft.splits.lineage import lineage_audit, lineage_complaint
from cardiograft.splits.overlaps import overlapping_row
from cardiograft.splits.places import place
from cardiograft.splits.table import read_split_table

SHARES = (0.0, 0.1, 0.25, 0.5, 1.0)
HZ, STEP, SIZE = 100.0, 80, 100  # windows of 1 s that overlap by 0.2 s
LABELS = ("N", "N", "N", "N", "V", "N", "N", "S", "N", "N")


def spec(share=0.5, *, base=400, slots=300, scheme="dechazal_strict", seed=0, **dose):
    return Split(
        segments=("beats",),
        scheme=scheme,
        protocol="dose",
        seed=seed,
        dose={"share": share, "base": base, "slots": slots, **dose},
    )


def keys(records=(*DS1, *DS2), *, each=100, labels=LABELS):
    rows = [
        (f"mitdb/{r}/II/{STEP * k}", "mitdb", r, f"mitdb/{r}", labels[k % len(labels)], STEP * k)
        for r in records
        for k in range(each)
    ]
    names = ("id", "dataset", "record", "subject", "label", "start")
    table = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    table = table.append_column("stop", pc.add(table["start"], SIZE))
    return table.append_column("source_hz", pa.array(np.full(len(rows), HZ)))


TABLE = keys()
SUBJECT = np.array(TABLE["subject"].to_pylist())
LABEL = np.array(TABLE["label"].to_pylist())
TESTED = np.isin(SUBJECT, [f"mitdb/{record}" for record in DS2])


def rows(what, part, table=TABLE):
    return set(np.flatnonzero(assign(table, what) == part).tolist())


def own(what):
    return {k for k in rows(what, "train") if TESTED[k]}


def mix(some):
    return dict(zip(*map(list, np.unique(LABEL[sorted(some)], return_counts=True)), strict=True))


def test_each_dose_holds_as_many_as_asked_and_all_are_of_one_size():
    assert [len(own(spec(share))) for share in SHARES] == [0, 30, 75, 150, 300]
    assert {len(rows(spec(share), "train")) for share in SHARES} == {700}
    assert len(rows(spec(0.0, empty=True), "train")) == 400


def test_there_is_one_test_part():
    tests = [rows(spec(share), "test") for share in SHARES]
    assert all(test == tests[0] for test in tests)
    assert rows(spec(0.0, empty=True), "test") == tests[0]
    assert rows(spec(0.5, base=10, slots=20), "test") == tests[0]
    tested = {SUBJECT[k] for k in tests[0]}
    assert tested == {f"mitdb/{record}" for record in DS2}


def test_doses_are_nested():
    doses = [own(spec(share)) for share in SHARES]
    assert all(less < more for less, more in itertools.pairwise(doses))
    others = [rows(spec(share), "train") - own(spec(share)) for share in SHARES]
    assert all(less > more for less, more in itertools.pairwise(others))


def test_the_base_is_in_every_training_and_its_people_fill_no_slot():
    base = rows(spec(0.0, empty=True), "train")
    assert not {SUBJECT[k] for k in base} & set(SUBJECT[TESTED])
    for share in SHARES:
        train = rows(spec(share), "train")
        assert base < train
        assert not {SUBJECT[k] for k in train - base} & {SUBJECT[k] for k in base}


def test_the_mix_of_classes_is_the_same_at_every_dose():
    mixes = [mix(rows(spec(share), "train")) for share in SHARES]
    assert set(mixes[0]) == {"N", "S", "V"}
    assert all(shares == mixes[0] for shares in mixes)
    whole = mix(own(spec(1.0)))  # also of what is leaked, to one segment
    assert mix(own(spec(0.5))) == pytest.approx({k: n / 2 for k, n in whole.items()}, abs=1)


def test_slots_ask_for_what_both_sides_have():
    """The tested people have no V: no slot asks for one, and the dose stays exact."""
    label = np.where(TESTED & (LABEL == "V"), "N", LABEL)
    table = TABLE.set_column(4, "label", pa.array(label))
    for share in SHARES:
        train = rows(spec(share), "train", table)
        base = rows(spec(0.0, empty=True), "train", table)
        assert len(train) == 700
        assert "V" not in set(label[sorted(train - base)])


def test_every_tested_person_is_dosed_alike():
    own_rows = own(spec(0.5))
    counts = [sum(SUBJECT[k] == f"mitdb/{record}" for k in own_rows) for record in DS2]
    assert sum(counts) == 150
    assert max(counts) - min(counts) <= 3  # 150 of 22 people, three classes


@pytest.mark.parametrize("how", ["apart", "random"])
def test_no_sample_is_tested_and_trained_on(how):
    what = spec(1.0, slots=200, how=how, gap_s=0.0)
    part = assign(TABLE, what)
    spans = TABLE.rename_columns(
        [{"record": "name"}.get(c, c) for c in TABLE.column_names]
    ).append_column("record", TABLE["subject"])
    test, train = np.flatnonzero(part == "test"), np.flatnonzero(part == "train")
    assert len(own(what)) == 200
    assert (overlapping_row(spans, test, train) < 0).all()


def test_the_end_is_tested_and_a_gap_before_it_is_not_trained_on():
    start = np.array(TABLE["start"].to_pylist())
    last = STEP * 99 + SIZE
    for gap in (0.0, 5.0, 10.0):
        what = spec(1.0, slots=200, reserved=0.4, gap_s=gap)
        assert min(start[sorted(rows(what, "test"))]) >= 0.6 * last
        assert max(start[sorted(own(what))]) + SIZE <= round(0.6 * last) - gap * HZ
    assert len(rows(spec(reserved=0.4), "test")) < len(rows(spec(reserved=0.6), "test"))


def test_random_leaks_from_between_the_tested():
    start = np.array(TABLE["start"].to_pylist())
    what = spec(1.0, how="random", slots=200)
    trained, tested = (start[sorted(some)] for some in (own(what), rows(what, "test")))
    assert trained.max() > np.median(tested) > trained.min()


@pytest.mark.parametrize("scheme", ["subject", "named", "fixed"])
def test_any_split_by_subject_can_be_dosed(scheme, monkeypatch):
    if scheme == "fixed":
        module = type("M", (), {"part": staticmethod(lambda r: "test" if r in DS2 else "train")})
        monkeypatch.setattr(assign_module.plugins, "load", lambda *_: module)
    given = {"subject": {"test": 0.5}, "named": {"test_subjects": ["mitdb/1*"]}, "fixed": {}}
    dose = {"share": 0.5, "base": 200, "slots": 200}
    what = Split.model_validate(
        {"segments": ["b"], "scheme": scheme, "protocol": "dose", "dose": dose} | given[scheme]
    )
    part = assign(TABLE, what)
    tested = set(SUBJECT[part == "test"])
    assert (part == "train").sum() == 400
    assert np.isin(SUBJECT[part == "train"], list(tested)).sum() == 100


def test_without_labels_there_is_one_kind_of_slot():
    table = TABLE.set_column(4, "label", pa.array([None] * len(TABLE), pa.string()))
    train = rows(spec(0.25), "train", table)
    assert (len(train), sum(TESTED[k] for k in train)) == (700, 75)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"base": 5000}, "base 5000: the training subjects who fill no slots have"),
        ({"slots": 5000}, "slots 5000: both sides can fill"),
    ],
)
def test_more_than_there_is_is_one_line(options, words):
    with pytest.raises(ValueError, match=words) as error:
        assign(TABLE, spec(**options))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"protocol": "honest"}, "dose and protocol 'dose' go together"),
        ({"dose": None}, "dose and protocol 'dose' go together"),
        ({"scheme": "segment"}, "a scheme that parts subjects"),
        ({"scheme": "time"}, "a scheme that parts subjects"),
        ({"scheme": "subject", "calibration": {"seconds": 1.0}}, "give one"),
        ({"dose": {"share": 0.5, "base": 1, "slots": 1, "empty": True}}, "empty slots"),
        ({"dose": {"share": 1.5, "base": 1, "slots": 1}}, "less than or equal to 1"),
    ],
)
def test_what_is_no_dose_is_refused(changes, words):
    given = {"segments": ["b"], "scheme": "dechazal_strict", "protocol": "dose"}
    given |= {"dose": {"share": 0.5, "base": 1, "slots": 1}}
    with pytest.raises(ValueError, match=words):
        Split.model_validate(given | changes)


# The stage: what is asked for passes, whatever else leaks stops it.

TRAIN, TEST = ("101", "106", "108", "109", "112", "114"), ("100", "103", "105", "111")


def shelf():
    filled = Shelf()
    for person, record in enumerate((*TRAIN, *TEST)):
        for k in range(20):
            filled.add(record, 800 * k, heart(100 * person + k))
    return filled


def stage(tmp_path: Path, filled: Shelf, share=0.5):
    folder = filled.write(tmp_path / "segments")
    out, report = tmp_path / "doses.parquet", tmp_path / "s.audit.json"
    scripts.load("split").split(small(share), [folder], out, report)
    return json.loads(report.read_text())


def small(share=0.5):
    seed = next(s for s in range(99) if 1 < sum(_helps(r, s) for r in TRAIN) < 5)
    return spec(share, base=20, slots=20, seed=seed, gap_s=0.0)


def _helps(record, seed):
    return place(seed, "others", f"mitdb/{record}") < 0.5


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.25, 5), (1.0, 20)])
def test_the_audit_counts_what_was_asked_for_and_passes(tmp_path, share, count):
    report = stage(tmp_path, shelf(), share)
    assert report["passed"]
    assert (report["dose"]["own"], report["dose"]["size"]) == (count, 40)
    assert report["dose"]["subjects"] == 4
    assert report["dose"]["dosed_subjects"] == (4 if count else 0)
    assert report["findings"]["overlapping_windows"] == 0


def test_one_more_than_asked_for_stops_the_run(tmp_path, monkeypatch):
    def careless(keys, what):
        part_N = assign(keys, what)
        spare = np.flatnonzero((part_N == "out") & np.isin(keys["record"].to_pylist(), TEST))
        part_N[spare[0]] = "train"
        return part_N

    filled = shelf()
    monkeypatch.setattr(assign_module, "assign", careless)
    with pytest.raises(ValueError, match="11 of 41 training segments are of tested people, req"):
        stage(tmp_path, filled)


def test_a_sample_of_the_test_part_in_training_stops_the_run(tmp_path, monkeypatch):
    filled = shelf()
    duplicate = filled.add("100", 800 * 19 + 10, heart(9999), subject="100")

    def careless(keys, what):
        part_N = assign(keys, what)
        ids = np.array(keys["id"].to_pylist())
        mine = (part_N == "train") & np.isin(keys["record"].to_pylist(), TEST)
        part_N[np.flatnonzero(mine)[0]] = "out"
        part_N[ids == duplicate] = "train"
        return part_N

    monkeypatch.setattr(assign_module, "assign", careless)
    with pytest.raises(ValueError, match="segment that overlaps one of another part"):
        stage(tmp_path, filled)


def test_a_near_duplicate_under_another_name_stops_the_run(tmp_path):
    filled = shelf()
    other = next(r for r in TRAIN if not _helps(r, small().seed))
    for k in range(20):  # the base has all of it, or nearly
        filled.rows[other, other][k] = (800 * k, heart(100 * 6 + k), 250, "N")
    with pytest.raises(ValueError, match="near-duplicate in another part"):
        stage(tmp_path, filled)


# The lineage.


def lineage(tmp_path, *ancestors):
    stage(tmp_path, shelf())
    what = small()
    plain = what.model_copy(update={"protocol": "paper", "dose": None, "scheme": "dechazal"})
    folder = tmp_path / "segments"
    for name, split in {
        "everyone": plain.model_copy(update={"scheme": "subject", "test": 0.0}),
        "strangers": plain,
    }.items():
        out = tmp_path / f"{name}.parquet"
        scripts.load("split").split(split, [folder], out, tmp_path / f"{name}.audit.json")
    audit_spec = Audit(protocol="dose", split="doses", lineage=ancestors)
    names = ("doses", "everyone", "strangers")
    return lineage_audit(audit_spec, [tmp_path / f"{name}.parquet" for name in names])


def ancestor(split, stage="transfer"):
    return Ancestor(stage=stage, entry=f"on-{split}", split=split, uses=("train", "validation"))


def test_a_dosed_training_from_scratch_or_from_strangers_passes(tmp_path):
    report = lineage(tmp_path, ancestor("doses"), ancestor("strangers", "pretrain"))
    assert report["passed"]
    assert [f["own"] for f in report["findings"]] == [10, 0]
    assert [f["subjects"] for f in report["findings"]] == [4, 0]


def test_pretraining_on_tested_people_stops_a_dose(tmp_path):
    report = lineage(tmp_path, ancestor("doses"), ancestor("everyone", "pretrain"))
    assert not report["passed"]
    assert lineage_complaint(report).startswith("pretrain 'on-everyone' (split 'everyone')")


def test_a_training_that_holds_another_dose_than_it_says_stops(tmp_path):
    lineage(tmp_path, ancestor("doses"))
    file = tmp_path / "doses.parquet"
    whole = read_split_table(file)
    kind = [
        "out" if part == "train" and subject.split("/")[1] in TEST else part
        for part, subject in zip(whole.part_N, whole.subject_N, strict=True)
    ]
    changed = pq.read_table(file).sort_by("id")
    changed = changed.set_column(2, "part", pa.array(kind))
    pq.write_table(changed, file)
    report = lineage_audit(
        Audit(protocol="dose", split="doses", lineage=(ancestor("doses"),)), [file]
    )
    assert report["findings"][0]["own"] == 0
    assert not report["passed"]

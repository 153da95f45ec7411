"""Splits: the laws that make them trustworthy, and the lists that others published."""

import json
import types

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardiograft import plugins
from cardiograft.specs.split import Split
from cardiograft.splits import assign as assign_module
from cardiograft.splits.assign import COLUMNS, PARTS, assign, part_counts
from cardiograft.splits.dechazal import DS1, DS2, PACED
from cardiograft.splits.places import place
from cardiograft.splits.table import read_split_table, write_split_table

MITDB = sorted({*DS1, *DS2, *PACED})
names = st.sets(st.text("abcdef0123456789", min_size=1, max_size=6), min_size=1, max_size=40)
shares = st.sampled_from([0.0, 0.1, 0.2, 0.5])
options_drawn = st.fixed_dictionaries(
    {
        "scheme": st.sampled_from(["segment", "subject"]),
        "test": shares,
        "validation": shares,
        "fraction": st.sampled_from([0.1, 0.5, 1.0]),
        "seed": st.integers(0, 5),
    }
)


def spec(scheme, *, protocol="paper", **options):
    return Split(segments=("beats",), scheme=scheme, protocol=protocol, **options)


def keys(subjects, *, each=3, records=None, dataset="d", label="N", step=1000, size=1000):
    """Return segments of `size` samples, at 100 Hz, one each `step` samples."""
    rows = [
        {
            "id": f"{dataset}/{record}/II/{step * k}",
            "dataset": dataset,
            "record": record,
            "subject": f"{dataset}/{subject}",
            "label": label[k % len(label)] or None,
            "start": step * k,
            "stop": step * k + size,
            "source_hz": 100.0,
        }
        for subject, record in zip(subjects, records or subjects, strict=True)
        for k in range(each)
    ]
    schema = pa.schema(
        [
            *((name, pa.string()) for name in COLUMNS),
            ("start", pa.int64()),
            ("stop", pa.int64()),
            ("source_hz", pa.float64()),
        ]
    )
    return pa.Table.from_pylist(rows, schema).sort_by("id")


def parts(table, what):
    part_N = assign(table, what)
    return dict(zip(table["id"].to_pylist(), part_N.tolist(), strict=True))


def mitdb(records=MITDB, **options):
    subjects = ["201" if record == "202" else record for record in records]
    table = keys(subjects, records=list(records), dataset="mitdb", each=1)
    part_of = parts(table, spec(**options))
    return {part: {i.split("/")[1] for i, p in part_of.items() if p == part} for part in PARTS}


@settings(max_examples=60, deadline=None)
@given(names, names, options_drawn)
def test_adding_subjects_moves_nobody(some, more, options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assign_module, "_complete", lambda *_: None)
        what = spec(**options)
        before = parts(keys(sorted(some)), what)
        after = parts(keys(sorted(some | more)), what)
    assert before.items() <= after.items()


@settings(max_examples=60, deadline=None)
@given(names, options_drawn.map(lambda o: {**o, "scheme": "subject"}))
def test_a_subject_is_in_one_part(some, options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assign_module, "_complete", lambda *_: None)
        table = keys(sorted(some), each=5)
        part_N = assign(table, spec(**options))
    subject = np.array(table["subject"].to_pylist())
    assert all(len(set(part_N[subject == name])) == 1 for name in set(subject))


@settings(max_examples=40, deadline=None)
@given(names, options_drawn, st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)).map(sorted))
def test_smaller_fractions_are_subsets(some, options, fractions):
    def with_fraction(fraction):
        return parts(keys(sorted(some)), spec(**{**options, "fraction": fraction}))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assign_module, "_complete", lambda *_: None)
        small, large = map(with_fraction, fractions)
    kept = [{i for i, part in part_of.items() if part == "train"} for part_of in (small, large)]
    assert kept[0] <= kept[1]
    assert all(large[i] == part for i, part in small.items() if part in ("test", "validation"))


@settings(max_examples=40, deadline=None)
@given(names, st.integers(2, 6), st.integers(0, 3))
def test_folds_test_every_subject_once(some, folds, seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assign_module, "_complete", lambda *_: None)
        table = keys(sorted(some))
        tested = [
            {i for i, part in part_of.items() if part == "test"}
            for part_of in (
                parts(table, spec("subject", folds=folds, fold=fold, seed=seed))
                for fold in range(folds)
            )
        ]
    assert set.union(*tested) == set(table["id"].to_pylist())
    assert sum(map(len, tested)) == len(table)


@settings(max_examples=40, deadline=None)
@given(names, st.integers(3, 6), st.integers(0, 3))
def test_the_next_fold_validates_so_that_everybody_does_once(some, folds, seed):
    """A choice in a fold is made by people whom it does not test, and others in each fold."""
    table = keys(sorted(some))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assign_module, "_complete", lambda *_: None)
        options = {"folds": folds, "seed": seed, "validate_next_fold": True}
        folds_ = [parts(table, spec("subject", fold=fold, **options)) for fold in range(folds)]
    by_fold = [
        {part: {i for i, p in one.items() if p == part} for part in ("test", "validation")}
        for one in folds_
    ]
    assert [one["validation"] for one in by_fold] == [
        by_fold[(fold + 1) % folds]["test"] for fold in range(folds)
    ]
    assert sum(len(one["validation"]) for one in by_fold) == len(table)


@pytest.mark.parametrize("scheme", ["segment", "subject"])
def test_shares_are_met_in_the_long_run(scheme):
    table = keys([str(k) for k in range(6000)], each=1)
    options = {"test": 0.1, "validation": 0.2, "fraction": 0.5}
    part_N = assign(table, spec(scheme, **options))
    share = {part: np.mean(part_N == part) for part in PARTS}
    # four standard deviations of a binomial share of 6000
    expected = {"test": 0.1, "validation": 0.9 * 0.2, "train": 0.72 * 0.5, "out": 0.72 * 0.5}
    for part, value in expected.items():
        assert share[part] == pytest.approx(value, abs=4 * np.sqrt(value * (1 - value) / 6000))


def test_the_seed_matters():
    table = keys([str(k) for k in range(60)])
    assert parts(table, spec("subject", seed=0)) != parts(table, spec("subject", seed=1))


def test_places_are_for_ever():
    """These numbers are in every split that was ever published: they must not change."""
    assert place(0, "test", "mitdb/100") == pytest.approx(PLACES[0], abs=1e-15)
    assert place(7, "validation", "x") == pytest.approx(PLACES[1], abs=1e-15)


PLACES = (0.4923627579177666, 0.27152749237012197)


def test_dechazal_lists():
    """de Chazal et al. 2004, doi:10.1109/TBME.2004.827359, table II."""
    records_in = mitdb(scheme="dechazal")
    assert (len(records_in["train"]), len(records_in["test"]), records_in["validation"]) == (
        22,
        22,
        set(),
    )
    assert records_in["out"] == {"102", "104", "107", "217"}
    assert "201" in records_in["train"]
    assert "202" in records_in["test"]
    assert {"208", "101", "230"} <= records_in["train"]
    assert {"232", "100", "234"} <= records_in["test"]


def test_dechazal_strict_leaves_the_twin_out():
    records_in = mitdb(scheme="dechazal_strict")
    assert records_in["out"] == {"102", "104", "107", "217", "201"}
    assert records_in["test"] == mitdb(scheme="dechazal")["test"]


@pytest.mark.parametrize("seed", range(5))
def test_dechazal_validation_is_exact_and_nested(seed):
    records_in = mitdb(scheme="dechazal_strict", validation=0.2, seed=seed)
    assert len(records_in["validation"]) == 4
    assert len(records_in["train"]) == 17
    assert records_in["validation"] <= set(DS1)
    larger = mitdb(scheme="dechazal_strict", validation=0.4, seed=seed)
    assert records_in["validation"] <= larger["validation"]


@pytest.mark.parametrize("folds", [2, 4, 21])
def test_dechazal_folds_stay_within_ds1(folds):
    ds1 = set(mitdb(scheme="dechazal_strict")["train"])
    tested = []
    for fold in range(folds):
        records_in = mitdb(scheme="dechazal_strict", folds=folds, fold=fold, validation=0.1)
        assert set(DS2) <= set(records_in["out"])
        assert records_in["train"] | records_in["validation"] | records_in["test"] == ds1
        tested.append(records_in["test"])
    assert set.union(*tested) == ds1
    assert sum(map(len, tested)) == len(ds1)
    assert max(map(len, tested)) - min(map(len, tested)) <= 1


def test_dechazal_fractions_are_exact_and_nested():
    kept = [
        mitdb(scheme="dechazal_strict", validation=0.2, fraction=fraction)["train"]
        for fraction in (0.01, 0.1, 0.5, 1)
    ]
    assert [len(records) for records in kept] == [1, 2, 9, 17]
    assert kept[0] < kept[1] < kept[2] < kept[3]


def test_dechazal_of_some_records_moves_nobody():
    whole = mitdb(scheme="dechazal", validation=0.3, fraction=0.5)
    present = [r for part in ("train", "validation", "test") for r in sorted(whole[part])[:2]]
    some = mitdb(present, scheme="dechazal", validation=0.3, fraction=0.5)
    assert all(some[part] == whole[part] & set(present) for part in PARTS)


def test_dechazal_knows_mitdb_alone():
    with pytest.raises(ValueError, match=r"ptbdb/101: scheme 'dechazal' knows the 48 records"):
        assign(keys(["101"], dataset="ptbdb"), spec("dechazal"))


def seconds(part_of, *parts):
    """Return the starts of some parts' segments, in seconds, by record."""
    starts = {}
    for name, part in part_of.items():
        _, record, _, start = name.split("/")
        if part in parts:
            starts.setdefault(record, []).append(int(start) / 100)
    return {record: sorted(own) for record, own in starts.items()}


def test_time_tests_the_end_of_each_recording():
    """Ten windows of 10 s each: seven, one of validation, two of test."""
    part_of = parts(keys(["a", "b"], each=10), spec("time", test=0.2, validation=0.125))
    assert seconds(part_of, "train") == {key: [10.0 * k for k in range(7)] for key in "ab"}
    assert seconds(part_of, "validation") == {key: [70.0] for key in "ab"}
    assert seconds(part_of, "test") == {key: [80.0, 90.0] for key in "ab"}


def test_time_puts_windows_across_a_cut_out():
    """Windows of 10 s every 2 s up to 108 s: the cut at 86.4 s goes through five of them."""
    part_of = parts(keys(["a"], each=50, step=200), spec("time", test=0.2))
    assert seconds(part_of, "out") == {"a": [78.0, 80.0, 82.0, 84.0, 86.0]}
    assert max(seconds(part_of, "train")["a"]) + 10 <= 86.4 <= min(seconds(part_of, "test")["a"])


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 60),
    st.integers(1, 1500),
    st.integers(1, 1500),
    shares,
    shares,
    st.sampled_from([0.1, 0.37, 1.0]),
)
def test_time_shares_no_sample(each, step, size, test, validation, fraction):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assign_module, "_complete", lambda *_: None)
        table = keys(["a"], each=each, step=step, size=size)
        what = spec("time", test=test, validation=validation, fraction=fraction)
        part_N = assign(table, what)
    start_N, stop_N = (table[c].to_numpy() for c in ("start", "stop"))
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        ends, begins = stop_N[part_N == one], start_N[part_N == other]
        assert ends.max(initial=-1) <= begins.min(initial=10**9)
    length = stop_N.max() - start_N.min()
    tested = stop_N[part_N == "test"].max(initial=0) - start_N[part_N == "test"].min(initial=10**9)
    assert tested <= test * length + 1


def test_time_goes_by_the_recording_and_not_by_the_file():
    """A recording's time starts with its first segment; another recording does not move it."""
    one = keys(["a"], each=10)
    late = one.set_column(5, "start", pa.array(one["start"].to_numpy() + 5000))
    late = late.set_column(6, "stop", pa.array(one["stop"].to_numpy() + 5000))
    long = keys(["b"], each=70)
    what = spec("time", test=0.2)
    alone, together = parts(late, what), parts(pa.concat_tables([long, late]), what)
    assert alone.items() <= together.items()
    assert list(alone.values()) == list(parts(one, what).values())


def test_time_keeps_a_fraction_of_the_time():
    part_of = parts(keys(["a"], each=10), spec("time", test=0.2, fraction=0.5))
    assert seconds(part_of, "train") == {"a": [0, 10, 20, 30]}
    assert seconds(part_of, "out") == {"a": [40, 50, 60, 70]}


def test_named_subjects_are_tested():
    table = keys(["CP-01", "CP-02", "UP-01", "UP-02", "XX-1"])
    part_of = parts(table, spec("named", protocol="honest", test_subjects=["d/UP-*"]))
    assert set(seconds(part_of, "test")) == {"UP-01", "UP-02"}
    assert set(seconds(part_of, "train")) == {"CP-01", "CP-02", "XX-1"}
    part_of = parts(table, spec("named", test_subjects=["d/UP-*"], train_subjects=["d/CP-*"]))
    assert set(seconds(part_of, "train")) == {"CP-01", "CP-02"}
    assert set(seconds(part_of, "out")) == {"XX-1"}


def test_a_person_is_named_by_any_of_its_names():
    """ecg-arrhythmia's people count as those of the Challenge of 2021, whatever a pattern says."""
    names = ["ningbo/JS20000", "ningbo/JS20001", "chapman_shaoxing/JS00001"]
    table = keys(names, dataset="ecg_arrhythmia", each=1)
    part_of = parts(table, spec("named", test_subjects=["ecg_arrhythmia/ningbo/*"]))
    assert {name for name, part in part_of.items() if part == "test"} == {
        f"ecg_arrhythmia/{name}/II/0" for name in names[:2]
    }


def test_named_takes_validation_from_the_training_subjects():
    names = [f"CP-{k}" for k in range(40)] + ["UP-1"]
    part_of = parts(keys(names), spec("named", test_subjects=["d/UP-*"], validation=0.3))
    drawn = {s for s in names if place(0, "validation", f"d/{s}") < 0.3} - {"UP-1"}
    assert set(seconds(part_of, "validation")) == drawn != set()


def test_a_pattern_that_meets_nobody_is_an_error():
    table = keys([f"CP-{k:02d}" for k in range(50)] + ["UP-01"], dataset="scg2")
    with pytest.raises(ValueError, match=r"'scg2/up-\*' is no subject of beats\.") as raised:
        assign(table, spec("named", test_subjects=["scg2/UP*", "scg2/up-*"]))
    message = "Did you mean 'scg2/UP-*'? Known: scg2/CP-*, scg2/UP-*."
    assert str(raised.value).endswith(message)


def calibrated(table, seconds, **options):
    calibration = {"seconds": seconds, **options}
    protocol = "personal" if seconds else "honest"
    return parts(table, spec("subject", protocol=protocol, test=0.5, calibration=calibration))


def test_calibration_takes_the_beginning_of_test_subjects():
    table = keys(list("abcdefgh"), each=20)
    before = parts(table, spec("subject", test=0.5))
    part_of = calibrated(table, 30, reserve=60)
    tested = set(seconds(before, "test"))
    assert 0 < len(tested) < 8
    for record, starts in seconds(part_of, "train").items():
        assert starts == ([0, 10, 20] if record in tested else [10 * k for k in range(20)])
    assert seconds(part_of, "out") == {key: [30, 40, 50] for key in tested}
    assert seconds(part_of, "test") == {key: [10 * k for k in range(6, 20)] for key in tested}


def test_calibrations_of_one_reserve_test_the_same_windows():
    table = keys(list("abcdefgh"), each=80, step=250)  # windows of 10 s, each 2.5 s
    curve = [calibrated(table, seconds, reserve=60) for seconds in (0, 10, 30, 60)]
    assert all(seconds(c, "test") == seconds(curve[0], "test") for c in curve)
    counts = [sum(p == "train" for p in part_of.values()) for part_of in curve]
    tested = len(seconds(curve[0], "test"))
    # 1 + (s - 10) / 2.5 windows lie within the first s seconds
    assert [n - counts[0] for n in counts] == [0, tested, 9 * tested, 21 * tested]
    assert min(map(min, seconds(curve[3], "test").values())) == 60


def test_calibration_alone_trains_on_nothing_else():
    table = keys(list("abcdefgh"), each=20)
    part_of = calibrated(table, 30, reserve=60, alone=True)
    both = seconds(part_of, "train")
    assert both == {key: [0, 10, 20] for key in seconds(part_of, "test")}


def test_calibration_is_of_the_first_recording():
    """cebsdb: b, m and p of one number are one person."""
    table = keys(["1", "1", "1", "2", "2"], records=["m1", "b1", "p1", "b2", "m2"], each=10)
    part_of = parts(
        table,
        spec("named", protocol="personal", test_subjects=["d/1"], calibration={"seconds": 20}),
    )
    assert seconds(part_of, "train") == {
        "b1": [0, 10],
        **{key: [10 * k for k in range(10)] for key in ["b2", "m2"]},
    }
    assert {record: len(s) for record, s in seconds(part_of, "test").items()} == {
        "b1": 8,
        "m1": 10,
        "p1": 10,
    }


def test_calibration_shorter_than_a_segment_is_an_error():
    with pytest.raises(ValueError, match=r"no segment of a test subject lies wholly within .* 5 s"):
        calibrated(keys(list("abcdefgh")), 5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scheme": "time", "protocol": "honest"}, "scheme 'time' puts subjects on both sides"),
        (
            {"scheme": "subject", "protocol": "honest", "calibration": {"seconds": 10}},
            "a calibration puts subjects on both sides: protocol 'personal' or 'paper'",
        ),
        ({"scheme": "segment", "protocol": "personal"}, "it needs scheme 'time' or a calibration"),
        ({"scheme": "subject", "protocol": "personal"}, "not scheme 'subject' alone"),
        ({"scheme": "time", "calibration": {"seconds": 1}}, "calibration needs scheme subject or"),
        (
            {"scheme": "subject", "calibration": {"seconds": 30, "reserve": 10}},
            "reserve 10 is below seconds 30",
        ),
        (
            {"scheme": "subject", "calibration": {"seconds": 0, "alone": True}},
            "alone with 0 seconds leaves nothing to train on",
        ),
        ({"scheme": "subject", "calibration": {"secs": 0}}, "unknown key 'secs'"),
        ({"scheme": "subject", "validate_next_fold": True}, "needs scheme 'subject' and 3 folds"),
        (
            {"scheme": "subject", "validate_next_fold": True, "folds": 2, "fold": 0},
            "needs scheme 'subject' and 3 folds or more",
        ),
        (
            *(
                {"scheme": "subject", "validate_next_fold": True, "folds": 3, "fold": 0}
                | {"validation": 0.1},
            ),
            "validate_next_fold and a validation share: give one",
        ),
        ({"scheme": "named"}, "scheme 'named' needs test_subjects"),
        ({"scheme": "subject", "test_subjects": ["d/*"]}, "need scheme 'named', not 'subject'"),
        ({"scheme": "named", "test_subjects": ["d"], "folds": 2, "fold": 0}, "folds need scheme"),
    ],
)
def test_what_does_not_go_together(options, message):
    with pytest.raises(ValueError, match=message):
        spec(**options)


def test_dropped_labels_are_out():
    table = keys([str(k) for k in range(30)], each=4, label=["N", "Q", "F", ""])
    part_of = parts(table, spec("subject", drop_labels=("Q", "F"), test=0.5))
    labels = dict(zip(table["id"].to_pylist(), table["label"].to_pylist(), strict=True))
    assert all((part == "out") == (labels[i] in ("Q", "F")) for i, part in part_of.items())


def test_fixed_parts_are_the_data_sets_own(monkeypatch):
    own = types.SimpleNamespace(part=lambda record: "test" if record > "5" else "train")
    monkeypatch.setattr(plugins, "load", lambda *_: own)
    part_of = parts(keys(list("123456789")), spec("fixed", validation=0.4, seed=2))
    tested = {i.split("/")[1] for i, part in part_of.items() if part == "test"}
    assert tested == set("6789")
    assert {part for i, part in part_of.items() if i.split("/")[1] <= "5"} == {
        "train",
        "validation",
    }


def test_fixed_needs_parts(monkeypatch):
    monkeypatch.setattr(plugins, "load", lambda *_: types.SimpleNamespace())
    with pytest.raises(ValueError, match="d has no parts of its own"):
        assign(keys(["1"]), spec("fixed"))
    monkeypatch.setattr(plugins, "load", lambda *_: types.SimpleNamespace(part=lambda _: "val"))
    with pytest.raises(ValueError, match="d/1: part 'val' is none of train"):
        assign(keys(["1"]), spec("fixed"))


@pytest.mark.parametrize(
    ("part", "options"),
    [
        ("train", {"test": 0.999}),
        ("validation", {"validation": 1e-9}),
        ("test", {"test": 1e-9}),
        ("test", {"folds": 1000, "fold": 1}),
    ],
)
def test_a_part_that_would_be_empty_is_an_error(part, options):
    table = keys(list("abcdefgh"))
    with pytest.raises(ValueError, match=f"nothing is left for the {part} part .of 24 segments"):
        assign(table, spec("subject", **options))


def test_no_test_part_is_wanted_where_its_share_is_zero():
    part_of = parts(keys(list("abcdefgh")), spec("subject", test=0))
    assert set(part_of.values()) == {"train"}


def test_write_and_read(tmp_path):
    table, what = keys(list("abcdefgh")), spec("subject", test=0.5)
    part_N = assign(table, what)
    write_split_table(tmp_path / "s.parquet", table, part_N, what)
    write_split_table(
        tmp_path / "again.parquet", table.take(np.arange(len(table))[::-1]), part_N[::-1], what
    )
    assert (tmp_path / "s.parquet").read_bytes() == (tmp_path / "again.parquet").read_bytes()
    split = read_split_table(tmp_path / "s.parquet")
    read = split.table
    assert read.column_names == ["id", "subject", "part", "record", "start", "stop"]
    assert read["record"].to_pylist() == read["subject"].to_pylist()  # each has one, of its name
    assert read["id"].to_pylist() == sorted(table["id"].to_pylist())
    assert read["part"].to_pylist() == part_N.tolist()
    assert split.id_N.tolist() == read["id"].to_pylist()
    assert split.ids("test").tolist() == sorted(split.id_N[split.part_N == "test"].tolist())
    assert Split.model_validate_json(json.dumps(split.spec)) == what


def test_read_refuses_another_table(tmp_path):
    pq.write_table(keys(["a"]), tmp_path / "other.parquet")
    with pytest.raises(ValueError, match="not a split"):
        read_split_table(tmp_path / "other.parquet")


def test_counts():
    table = keys(["a", "b"], each=4, label=["N", "V", "N", ""])
    part_N = np.where(np.array(table["subject"].to_pylist()) == "d/a", "train", "test").astype(
        object
    )
    counted = part_counts(table, part_N)
    assert counted["train"] == {"segments": 4, "subjects": 1, "labels": {"N": 2, "V": 1}}
    assert counted["validation"] == {"segments": 0, "subjects": 0, "labels": {}}

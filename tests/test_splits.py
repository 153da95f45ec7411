"""Splits: the laws that make them trustworthy, and the lists that others published."""

import json
import types

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardiograft import plugins, splits
from cardiograft.specs.split import Split

MITDB = sorted({*splits.DS1, *splits.DS2, *splits.PACED})
names = st.sets(st.text("abcdef0123456789", min_size=1, max_size=6), min_size=1, max_size=40)
shares = st.sampled_from([0.0, 0.1, 0.2, 0.5])
asked = st.fixed_dictionaries(
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


def keys(subjects, *, each=3, records=None, dataset="d", label="N"):
    rows = [
        {
            "id": f"{dataset}/{record}/II/{1000 * k}",
            "dataset": dataset,
            "record": record,
            "subject": f"{dataset}/{subject}",
            "label": label[k % len(label)] or None,
        }
        for subject, record in zip(subjects, records or subjects, strict=True)
        for k in range(each)
    ]
    schema = pa.schema([(name, pa.string()) for name in splits.COLUMNS])
    return pa.Table.from_pylist(rows, schema).sort_by("id")


def parts(table, what):
    part_N = splits.assign(table, what)
    return dict(zip(table["id"].to_pylist(), part_N.tolist(), strict=True))


def mitdb(records=MITDB, **options):
    subjects = ["201" if record == "202" else record for record in records]
    table = keys(subjects, records=list(records), dataset="mitdb", each=1)
    found = parts(table, spec(**options))
    return {part: {i.split("/")[1] for i, p in found.items() if p == part} for part in splits.PARTS}


@settings(max_examples=60, deadline=None)
@given(names, names, asked)
def test_adding_subjects_moves_nobody(some, more, options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splits, "_complete", lambda *_: None)
        what = spec(**options)
        before = parts(keys(sorted(some)), what)
        after = parts(keys(sorted(some | more)), what)
    assert before.items() <= after.items()


@settings(max_examples=60, deadline=None)
@given(names, asked.map(lambda o: {**o, "scheme": "subject"}))
def test_a_subject_is_in_one_part(some, options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splits, "_complete", lambda *_: None)
        table = keys(sorted(some), each=5)
        part_N = splits.assign(table, spec(**options))
    subject = np.array(table["subject"].to_pylist())
    assert all(len(set(part_N[subject == name])) == 1 for name in set(subject))


@settings(max_examples=40, deadline=None)
@given(names, asked, st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)).map(sorted))
def test_smaller_fractions_are_subsets(some, options, fractions):
    def with_fraction(fraction):
        return parts(keys(sorted(some)), spec(**{**options, "fraction": fraction}))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splits, "_complete", lambda *_: None)
        small, large = map(with_fraction, fractions)
    kept = [{i for i, part in found.items() if part == "train"} for found in (small, large)]
    assert kept[0] <= kept[1]
    assert all(large[i] == part for i, part in small.items() if part in ("test", "validation"))


@settings(max_examples=40, deadline=None)
@given(names, st.integers(2, 6), st.integers(0, 3))
def test_folds_test_every_subject_once(some, folds, seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splits, "_complete", lambda *_: None)
        table = keys(sorted(some))
        tested = [
            {i for i, part in found.items() if part == "test"}
            for found in (
                parts(table, spec("subject", folds=folds, fold=fold, seed=seed))
                for fold in range(folds)
            )
        ]
    assert set.union(*tested) == set(table["id"].to_pylist())
    assert sum(map(len, tested)) == len(table)


@pytest.mark.parametrize("scheme", ["segment", "subject"])
def test_shares_are_met_in_the_long_run(scheme):
    table = keys([str(k) for k in range(6000)], each=1)
    options = {"test": 0.1, "validation": 0.2, "fraction": 0.5}
    part_N = splits.assign(table, spec(scheme, **options))
    share = {part: np.mean(part_N == part) for part in splits.PARTS}
    # four standard deviations of a binomial share of 6000
    expected = {"test": 0.1, "validation": 0.9 * 0.2, "train": 0.72 * 0.5, "out": 0.72 * 0.5}
    for part, value in expected.items():
        assert share[part] == pytest.approx(value, abs=4 * np.sqrt(value * (1 - value) / 6000))


def test_the_seed_matters():
    table = keys([str(k) for k in range(60)])
    assert parts(table, spec("subject", seed=0)) != parts(table, spec("subject", seed=1))


def test_places_are_for_ever():
    """These numbers are in every split that was ever published: they must not change."""
    assert splits.place(0, "test", "mitdb/100") == pytest.approx(PLACES[0], abs=1e-15)
    assert splits.place(7, "validation", "x") == pytest.approx(PLACES[1], abs=1e-15)


PLACES = (0.4923627579177666, 0.27152749237012197)


def test_dechazal_lists():
    """de Chazal et al. 2004, doi:10.1109/TBME.2004.827359, table II."""
    found = mitdb(scheme="dechazal")
    assert (len(found["train"]), len(found["test"]), found["validation"]) == (22, 22, set())
    assert found["out"] == {"102", "104", "107", "217"}
    assert "201" in found["train"]
    assert "202" in found["test"]
    assert {"208", "101", "230"} <= found["train"]
    assert {"232", "100", "234"} <= found["test"]


def test_dechazal_strict_leaves_the_twin_out():
    found = mitdb(scheme="dechazal_strict")
    assert found["out"] == {"102", "104", "107", "217", "201"}
    assert found["test"] == mitdb(scheme="dechazal")["test"]


@pytest.mark.parametrize("seed", range(5))
def test_dechazal_validation_is_exact_and_nested(seed):
    found = mitdb(scheme="dechazal_strict", validation=0.2, seed=seed)
    assert len(found["validation"]) == 4
    assert len(found["train"]) == 17
    assert found["validation"] <= set(splits.DS1)
    larger = mitdb(scheme="dechazal_strict", validation=0.4, seed=seed)
    assert found["validation"] <= larger["validation"]


@pytest.mark.parametrize("folds", [2, 4, 21])
def test_dechazal_folds_stay_within_ds1(folds):
    ds1 = set(mitdb(scheme="dechazal_strict")["train"])
    tested = []
    for fold in range(folds):
        found = mitdb(scheme="dechazal_strict", folds=folds, fold=fold, validation=0.1)
        assert set(splits.DS2) <= set(found["out"])
        assert found["train"] | found["validation"] | found["test"] == ds1
        tested.append(found["test"])
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
    assert all(some[part] == whole[part] & set(present) for part in splits.PARTS)


def test_dechazal_knows_mitdb_alone():
    with pytest.raises(ValueError, match=r"ptbdb/101: scheme 'dechazal' knows the 48 records"):
        splits.assign(keys(["101"], dataset="ptbdb"), spec("dechazal"))


def test_dropped_labels_are_out():
    table = keys([str(k) for k in range(30)], each=4, label=["N", "Q", "F", ""])
    found = parts(table, spec("subject", drop_labels=("Q", "F"), test=0.5))
    labels = dict(zip(table["id"].to_pylist(), table["label"].to_pylist(), strict=True))
    assert all((part == "out") == (labels[i] in ("Q", "F")) for i, part in found.items())


def test_fixed_parts_are_the_data_sets_own(monkeypatch):
    own = types.SimpleNamespace(part=lambda record: "test" if record > "5" else "train")
    monkeypatch.setattr(plugins, "load", lambda *_: own)
    found = parts(keys(list("123456789")), spec("fixed", validation=0.4, seed=2))
    tested = {i.split("/")[1] for i, part in found.items() if part == "test"}
    assert tested == set("6789")
    assert {part for i, part in found.items() if i.split("/")[1] <= "5"} == {"train", "validation"}


def test_fixed_needs_parts(monkeypatch):
    monkeypatch.setattr(plugins, "load", lambda *_: types.SimpleNamespace())
    with pytest.raises(ValueError, match="d has no parts of its own"):
        splits.assign(keys(["1"]), spec("fixed"))
    monkeypatch.setattr(plugins, "load", lambda *_: types.SimpleNamespace(part=lambda _: "val"))
    with pytest.raises(ValueError, match="d/1: part 'val' is none of train"):
        splits.assign(keys(["1"]), spec("fixed"))


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
        splits.assign(table, spec("subject", **options))


def test_no_test_part_is_wanted_where_its_share_is_zero():
    found = parts(keys(list("abcdefgh")), spec("subject", test=0))
    assert set(found.values()) == {"train"}


def test_write_and_read(tmp_path):
    table, what = keys(list("abcdefgh")), spec("subject", test=0.5)
    part_N = splits.assign(table, what)
    splits.write(tmp_path / "s.parquet", table, part_N, what)
    splits.write(
        tmp_path / "again.parquet", table.take(np.arange(len(table))[::-1]), part_N[::-1], what
    )
    assert (tmp_path / "s.parquet").read_bytes() == (tmp_path / "again.parquet").read_bytes()
    read, content = splits.read(tmp_path / "s.parquet")
    assert read.column_names == ["id", "subject", "part"]
    assert read["id"].to_pylist() == sorted(table["id"].to_pylist())
    assert read["part"].to_pylist() == part_N.tolist()
    assert Split.model_validate_json(json.dumps(content)) == what


def test_read_refuses_another_table(tmp_path):
    pq.write_table(keys(["a"]), tmp_path / "other.parquet")
    with pytest.raises(ValueError, match="not a split"):
        splits.read(tmp_path / "other.parquet")


def test_counts():
    table = keys(["a", "b"], each=4, label=["N", "V", "N", ""])
    part_N = np.where(np.array(table["subject"].to_pylist()) == "d/a", "train", "test").astype(
        object
    )
    counted = splits.counts(table, part_N)
    assert counted["train"] == {"segments": 4, "subjects": 1, "labels": {"N": 2, "V": 1}}
    assert counted["validation"] == {"segments": 0, "subjects": 0, "labels": {}}

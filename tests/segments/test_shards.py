"""Shards keep what is put into them, in any order it is asked for."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardiograft.segments import folders, shards

COLUMNS = ("id", "subject", "start", "valid", "shape_hash", "label", "signal", "rr_before")


def meta(channels=("MLII",), samples=5, **changed):
    about = {"spec": {"cut": "x"}, "manifest_digest": "d", "simulated": True, "rate_hz": 125.0}
    about |= {"channels": channels, "samples": samples, "features": ("rr_before",)}
    return shards.Meta(**(about | changed))


def rows(record="100", subject=None, n=4, channels=1, samples=5, seed=0, **changed):
    random = np.random.default_rng((seed, int(record)))
    about = {
        "dataset": "mitdb",
        "record": record,
        "subject": subject or record,
        "lead": "MLII",
        "start_N": np.arange(n, dtype=np.int64) * 300 + int(record),
        "valid_N": random.integers(1, samples + 1, n).astype(np.int32),
        "shape_hash_N": random.integers(0, 2**64, n, dtype=np.uint64),
        "label_N": np.array([["N", "V", None][i % 3] for i in range(n)], dtype=object),
        "signal_NCT": random.standard_normal((n, channels, samples)).astype(np.float32),
        "features": {"rr_before": np.append(np.nan, random.random(n - 1)).astype(np.float32)},
    }
    return shards.ShardRows(**(about | changed))


def write(directory, *recordings, parts=3, about=None):
    directory.mkdir(exist_ok=True)
    with shards.Writer(directory, about or meta(), parts) as writer:
        for one in recordings:
            writer.write(one)
    return directory


def ids_of(one):
    return [f"mitdb/{one.record}/{one.lead}/{start}" for start in one.start_N.tolist()]


@settings(deadline=None, max_examples=20)
@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    channels=st.integers(1, 3),
    samples=st.integers(1, 30),
    parts=st.integers(1, 4),
    group=st.sampled_from([1, 2000, 4 << 20]),
    data=st.data(),
)
def test_round_trip(tmp_path_factory, sizes, channels, samples, parts, group, data):
    """Any rows, in any order, with repeats, come back bit for bit."""
    recordings = [
        rows(str(100 + i), n=n, channels=channels, samples=samples) for i, n in enumerate(sizes)
    ]
    folder = tmp_path_factory.mktemp("shards")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "ROW_GROUP_BYTES", group)
        about = meta(tuple("abc"[:channels]), samples)
        write(folder, *recordings, parts=parts, about=about)
    given_ids = [i for one in recordings for i in ids_of(one)]
    whole = {
        "signal": np.concatenate([one.signal_NCT for one in recordings]),
        "valid": np.concatenate([one.valid_N for one in recordings]),
        "shape_hash": np.concatenate([one.shape_hash_N for one in recordings]),
        "label": np.concatenate([one.label_N for one in recordings]),
        "rr_before": np.concatenate([one.features["rr_before"] for one in recordings]),
    }
    picks = data.draw(st.lists(st.integers(0, len(given_ids) - 1), max_size=60))
    columns = shards.arrays([folder], [given_ids[i] for i in picks], COLUMNS)
    assert columns["id"].tolist() == [given_ids[i] for i in picks]
    for name, values in whole.items():
        np.testing.assert_array_equal(columns[name], values[picks])
        assert columns[name].dtype == values.dtype
    everything = shards.arrays([folder], None, ["id", "signal"])
    order = np.argsort(given_ids)
    assert everything["id"].tolist() == sorted(given_ids)
    np.testing.assert_array_equal(everything["signal"], whole["signal"][order])


@pytest.mark.parametrize("limit", [0, 1 << 30])
def test_stream_is_arrays_in_batches(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(shards, "IN_MEMORY_BYTES", limit)
    one, other = rows("100", n=40), rows("101", n=25)
    folder = write(tmp_path / "a", one, other)
    ids = np.random.default_rng(0).permutation(ids_of(one) + ids_of(other))
    batches = list(shards.stream([folder], ids, COLUMNS, 16))
    assert [len(b["id"]) for b in batches] == [16, 16, 16, 16, 1]
    whole = shards.arrays([folder], ids, COLUMNS)
    for name in COLUMNS:
        np.testing.assert_array_equal(np.concatenate([b[name] for b in batches]), whole[name])
        assert not isinstance(batches[0][name], np.memmap)


def test_a_stream_leaves_no_scratch_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "IN_MEMORY_BYTES", 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    folder = write(tmp_path / "a", rows(n=40))
    flow = shards.stream([folder], None, ["signal"], 8)
    next(flow)
    assert list((tmp_path / "scratch").iterdir())
    flow.close()
    assert not list((tmp_path / "scratch").iterdir())


def test_equal_rows_give_equal_bytes(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / name, rows("100"), rows("101"), rows("102"))
    files = sorted((tmp_path / "a").iterdir())
    assert files
    for file in files:
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_a_subject_is_in_one_part_alone(tmp_path):
    """201 and 202 are one person: their segments may not be told apart by file."""
    folder = write(tmp_path / "a", *(rows(str(r), str(r // 2)) for r in range(100, 140)), parts=4)
    parts = {}
    for file in folder.iterdir():
        for subject in set(pq.read_table(file, columns=["subject"])["subject"].to_pylist()):
            assert parts.setdefault(subject, file) == file
    assert len(parts) == 20
    assert len(set(parts.values())) == 4


def test_part_of_is_stable():
    """These numbers are in people's folders: another hash would move every subject."""
    assert [shards.part_of(f"mitdb/{r}", 8) for r in (100, 101, 201, 234)] == [4, 6, 3, 0]


@settings(deadline=None)
@given(st.text(max_size=20), st.integers(1, 99))
def test_part_of_is_a_part(subject, parts):
    assert 0 <= shards.part_of(subject, parts) < parts


def test_meta_comes_back(tmp_path):
    about = meta(("MLII|V5", "V1"), 7, units=("mV", "mV"))
    folder = write(tmp_path / "a", rows(channels=2, samples=7), about=about)
    assert shards.meta(folder) == about
    assert shards.meta(folder).shape("signal") == (2, 7)


def test_a_target_comes_back(tmp_path):
    about = meta(target_channels=("ECG",), target_samples=9)
    target = np.random.default_rng(1).standard_normal((4, 1, 9)).astype(np.float32)
    one = rows(target_NCT=target)
    columns = shards.arrays([write(tmp_path / "a", one, about=about)], ids_of(one), ["target"])
    np.testing.assert_array_equal(columns["target"], target)


def test_table_is_sorted_by_id(tmp_path):
    one, other = rows("100"), rows("101")
    folder = write(tmp_path / "a", other, one)
    table = shards.table([folder], ["label", "id"])
    assert table.column_names == ["label", "id"]
    assert table["id"].to_pylist() == sorted(ids_of(one) + ids_of(other))
    assert table["label"].null_count == 2


def test_folders_are_pooled(tmp_path):
    one, other = rows("100"), rows("101")
    a, b = write(tmp_path / "a", one), write(tmp_path / "b", other)
    ids = [ids_of(other)[0], ids_of(one)[2]]
    columns = shards.arrays([a, b], ids, ["id", "signal"])
    np.testing.assert_array_equal(
        columns["signal"], np.stack([other.signal_NCT[0], one.signal_NCT[2]])
    )


def test_what_is_refused(tmp_path):
    folder = write(tmp_path / "a", rows())
    with pytest.raises(ValueError, match="ids are not in the shards, such as nobody"):
        shards.arrays([folder], ["nobody"], ["signal"])
    with pytest.raises(ValueError, match=r"no column 'rr_after' in the shards \(they have id"):
        shards.arrays([folder], None, ["rr_after"])
    with pytest.raises(ValueError, match="no column 'rr_after'"):
        shards.table([folder], ["rr_after"])
    with pytest.raises(ValueError, match=r"mitdb/100/MLII/\d+ is in the shards more than once"):
        shards.arrays([folder, folder], None, ["signal"])
    with pytest.raises(FileNotFoundError, match="no part-"):
        shards.meta(tmp_path / "nowhere")
    wide = write(tmp_path / "b", rows("101", samples=6), about=meta(samples=6))
    with pytest.raises(ValueError, match=r"b: signal of \(1, 6\), but .*a has \(1, 5\)"):
        shards.arrays([folder, wide], None, ["signal"])


def test_what_is_not_written(tmp_path):
    bad = rows().signal_NCT.copy()
    bad[1, 0, 2] = np.nan
    with pytest.raises(ValueError, match="mitdb/100: a segment holds non-finite samples"):
        write(tmp_path / "a", rows(signal_NCT=bad))
    with pytest.raises(ValueError, match=r"mitdb/100: segments of \(1, 6\), not of \(1, 5\)"):
        write(tmp_path / "a", rows(samples=6))
    with pytest.raises(ValueError, match=r"mitdb/100: features \[\], not \['rr_before'\]"):
        write(tmp_path / "a", rows(features={}))
    with pytest.raises(ValueError, match=r"mitdb/100: no target"):
        write(tmp_path / "a", rows(), about=meta(target_channels=("ECG",), target_samples=9))


def test_another_parquet_file_is_no_shard(tmp_path):
    table = shards.table([write(tmp_path / "a", rows())], ["id"])
    (tmp_path / "b").mkdir()
    pq.write_table(table, tmp_path / "b" / "part-000.parquet")
    with pytest.raises(ValueError, match=r"part-000\.parquet: not a shard"):
        shards.meta(tmp_path / "b")


@pytest.mark.parametrize(
    ("first", "other", "alike"),
    [
        (("I", "II"), ("I", "II"), True),
        (("I", "II"), ("II", "I"), False),
        (("I", "II"), ("I", "V5"), False),
        (("I", "II"), ("I",), False),
        (("MLII|V5", "V1|V2"), ("MLII", "V2"), True),
        (("MLII|V5", "MLII|V5 median beat"), ("MLII", "MLII median beat"), True),
        (("MLII", "MLII median beat"), ("MLII", "MLII next"), False),
        (("SCG z",), ("ECG I",), True),  # nothing in common: a source of another kind
    ],
)
def test_pooled_channels_stand_for_the_same_leads(tmp_path, first, other, alike):
    for name, channels in (("a", first), ("b", other)):
        one = rows(channels=len(channels))
        write(tmp_path / name, one, about=meta(channels=channels))
    both = [tmp_path / "a", tmp_path / "b"]
    if alike:
        assert folders.pooled(both).channels == first
        assert folders.pooled(both[::-1]).channels == other
        return
    with pytest.raises(ValueError, match="channels"):
        folders.pooled(both)

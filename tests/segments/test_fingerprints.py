"""Fingerprints of recordings wait on the disk, not in memory, and are published in order."""

import errno
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cardiograft import parquet
from cardiograft.segments import rhythm_form, rhythms
from cardiograft.signals.rhythm import SHAPE_SAMPLES, TICKS_PER_S, rhythm


def row(name, beats=50):
    random = np.random.default_rng(int(name))
    tick_B = np.cumsum(random.integers(6_000, 10_000, beats))
    return {
        "record": f"mitdb/{name}",
        "subject": f"mitdb/{name}",
        "lead": "MLII",
        "beat": tick_B / TICKS_PER_S,
        "shape": random.integers(-60, 60, (beats, SHAPE_SAMPLES), dtype=np.int8).tobytes(),
        "beside": False,
    }


NAMES = ("117", "100", "105", "103", "99", "230")


def test_rows_in_any_order_are_the_table_sorted_at_once(tmp_path):
    rows = [row(name) for name in NAMES]
    rhythms.write(tmp_path, rows)
    rhythms.write(tmp_path, sorted(rows, key=lambda row: row["record"]), "sorted.parquet")
    assert (tmp_path / rhythms.FILE).read_bytes() == (tmp_path / "sorted.parquet").read_bytes()
    table = pa.Table.from_pylist(rows, rhythms.SCHEMA).sort_by("record")
    assert rhythms.read([tmp_path]).equals(table)


def of_all_kinds():
    """Rows of any values: the largest differences, none, one beat, ends that cut beats off."""
    random = np.random.default_rng(3)
    largest = random.choice(np.int8([-128, 127]), (9, SHAPE_SAMPLES))
    largest[[0, 8]] = 0
    late = {"beat": np.array([400_000.0001]), "shape": bytes(SHAPE_SAMPLES), "beside": True}
    return [
        row("100"),
        {**row("101", 9), "shape": largest.tobytes()},
        row("102", 0),
        {**row("103", 1), **late},
        row("104"),
    ]


@pytest.mark.parametrize("smallest", [False, True])
def test_what_is_written_is_read_to_the_bit(tmp_path, monkeypatch, smallest):
    monkeypatch.setattr(rhythms, "GROUP_BYTES", 3 * len(row("100")["shape"]))
    rhythms.write(tmp_path, of_all_kinds(), smallest=smallest)
    stored = pq.ParquetFile(tmp_path / rhythms.FILE)
    assert stored.num_row_groups == 2
    assert "interval" in stored.schema_arrow.names
    table = pa.Table.from_pylist(of_all_kinds(), rhythms.SCHEMA)
    assert rhythms.read([tmp_path]).equals(table)


def test_part_of_a_table_is_packed_as_if_it_were_all():
    table = pa.Table.from_pylist(of_all_kinds(), rhythms.SCHEMA)
    part = rhythm_form.packed(table.slice(1, 3))
    assert part.equals(rhythm_form.packed(table).slice(1, 3))


def test_a_file_of_before_this_form_is_read(tmp_path):
    table = pa.Table.from_pylist(of_all_kinds(), rhythms.SCHEMA)
    parquet.write(table, tmp_path / rhythms.FILE)
    assert rhythms.read([tmp_path]).equals(table)
    parquet.write(table.drop_columns("beside"), tmp_path / rhythms.FILE)
    read = rhythms.read([tmp_path])
    assert read.drop_columns("beside").equals(table.drop_columns("beside"))
    assert not any(read["beside"].to_pylist())


def test_a_form_of_a_later_release_is_refused(tmp_path):
    key, _ = rhythm_form.FORM
    table = rhythm_form.packed(pa.Table.from_pylist([row("100")], rhythms.SCHEMA))
    parquet.write(
        table.replace_schema_metadata({**rhythms.SCHEMA.metadata, key: b"3"}),
        tmp_path / rhythms.FILE,
    )
    with pytest.raises(ValueError, match="fingerprints in form 3, which this release can't read"):
        rhythms.read([tmp_path])


def test_a_recording_is_known_as_finely_as_it_is_written(tmp_path):
    """What is found in a signal and what is read of it again are one to the bit."""
    random = np.random.default_rng(8)
    time_T = np.arange(0, 60, 1 / 360)
    lead_T = 0.01 * random.normal(size=len(time_T))
    for at in np.cumsum(random.uniform(0.6, 1.0, 70)):
        lead_T += np.exp(-0.5 * ((time_T - at) / 0.015) ** 2)
    own = rhythm(np.float32(lead_T), Fraction(360))
    assert len(own.beat_B) > 50
    shape = own.shape_BS.tobytes()
    rhythms.write(tmp_path, [{**row("100"), "beat": own.beat_B, "shape": shape}])
    (read,) = rhythms.rhythms(rhythms.read([tmp_path]))
    np.testing.assert_array_equal(read.beat_B, own.beat_B)
    np.testing.assert_array_equal(read.shape_BS, own.shape_BS)


def test_no_recording_is_an_empty_table(tmp_path):
    rhythms.write(tmp_path, [])
    assert len(parquet.read(tmp_path / rhythms.FILE)) == 0


def test_more_than_a_row_group_is_read_as_if_it_were_one(tmp_path, monkeypatch):
    monkeypatch.setattr(rhythms, "GROUP_BYTES", 2 * len(row("100")["shape"]))
    rows = [row(name) for name in NAMES]
    rhythms.write(tmp_path, rows)
    assert pq.ParquetFile(tmp_path / rhythms.FILE).num_row_groups > 2
    assert rhythms.read([tmp_path]).equals(
        pa.Table.from_pylist(rows, rhythms.SCHEMA).sort_by("record").combine_chunks()
    )


def test_a_full_disk_is_said_with_its_place(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("pickle.dump", full)
    with pytest.raises(OSError, match=str(tmp_path)):
        rhythms.write(tmp_path, [row("100")])
    assert not (tmp_path / rhythms.FILE).exists()

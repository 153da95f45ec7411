"""Fingerprints of recordings wait on the disk, not in memory, and are published in order."""

import errno

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cardiograft import parquet
from cardiograft.segments import rhythms
from cardiograft.signals.rhythm import SHAPE_SAMPLES


def row(name, beats=50):
    random = np.random.default_rng(int(name))
    return {
        "record": f"mitdb/{name}",
        "subject": f"mitdb/{name}",
        "lead": "MLII",
        "beat": np.cumsum(random.uniform(0.6, 1.0, beats)),
        "shape": random.integers(-60, 60, (beats, SHAPE_SAMPLES), dtype=np.int8).tobytes(),
        "beside": False,
    }


NAMES = ("117", "100", "105", "103", "99", "230")


def test_rows_in_any_order_are_the_table_sorted_at_once(tmp_path):
    rows = [row(name) for name in NAMES]
    rhythms.write(tmp_path, rows)
    table = pa.Table.from_pylist(rows, rhythms.SCHEMA).sort_by("record")
    parquet.write(table, tmp_path / "at-once.parquet")
    assert (tmp_path / rhythms.FILE).read_bytes() == (tmp_path / "at-once.parquet").read_bytes()


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

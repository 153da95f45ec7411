"""Some of a folder's segments as a folder of their own, at a cost that grows with their number."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from cardiograft.files import write_json
from cardiograft.segments import chosen, rhythms, shards
from cardiograft.signals.rhythm import SHAPE_SAMPLES

RECORDS = ["a", "a b", "a-b", "a/b", "a0", "b", "\u00e9", "Z"]  # names that sort beside a /
EACH = 12


def folder(place: Path) -> Path:
    meta = shards.Meta(
        spec={},
        manifest_digest="0",
        simulated=True,
        rate_hz=125.0,
        channels=("II",),
        samples=4,
    )
    place.mkdir()
    with shards.Writer(place, meta, 3) as writer:
        for number, record in enumerate(RECORDS):
            writer.write(
                shards.ShardRows(
                    dataset="d",
                    record=record,
                    subject=record,
                    lead="II",
                    start_N=np.arange(EACH) * 100,
                    valid_N=np.full(EACH, 4, np.int32),
                    shape_hash_N=np.arange(EACH, dtype=np.uint64),
                    label_N=np.array(["N"] * EACH, dtype=object),
                    signal_NCT=np.full((EACH, 1, 4), number, np.float32),
                )
            )
    write_json(place / "summary.json", {})
    row = {"lead": "II", "beat": np.arange(3.0), "shape": bytes(3 * SHAPE_SAMPLES)}
    rhythms.write(place, [{"record": f"d/{r}", "subject": f"d/{r}", **row} for r in RECORDS])
    return place


def test_rows_are_sought_among_their_own_recordings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "ROW_GROUP_BYTES", 1)  # a row group a recording
    source = folder(tmp_path / "all")
    keys = shards.table([source], chosen.COLUMNS)
    keep_N = np.random.default_rng(0).random(len(keys)) < 0.5
    keep_N[np.asarray(keys["record"].to_pylist()) == "b"] = False
    sought: list[int] = []
    is_in = chosen.pc.is_in

    def counted(values: Any, value_set: Any) -> Any:
        sought.append(len(value_set))
        return is_in(values, value_set)

    monkeypatch.setattr(chosen.pc, "is_in", counted)
    out = tmp_path / "some"
    out.mkdir()
    chosen.write_chosen(source, keys, keep_N, out, why="x", about={})
    kept = keys.filter(pa.array(keep_N))
    assert shards.table([out], ["id"])["id"].to_pylist() == kept["id"].to_pylist()
    signals = shards.arrays([out], None, ["signal", "record"])
    assert [RECORDS[int(s)] for s in signals["signal"][:, 0, 0]] == list(signals["record"])
    # each id once, those of "a/b" twice, as they may be of "a", too; and the recordings
    assert sum(sought) <= len(kept) + EACH + len(RECORDS)

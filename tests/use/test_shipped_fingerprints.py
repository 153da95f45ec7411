"""A recording that a network which comes along was trained on is known under another name."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from cardiograft import plugins
from cardiograft.files import write_json
from cardiograft.records import Record
from cardiograft.segments import rhythms
from cardiograft.shipped import catalogue
from cardiograft.specs.audit import Ancestor, Audit
from cardiograft.specs.segment import Segment
from cardiograft.specs.split import Split
from cardiograft.splits.lineage import lineage_audit
from cardiograft.splits.table import read_split_table, write_split_table

LATER_S = 2
LONGEST_S = 60  # of a copy: minutes are compared no differently
SLUGS = {"mitdb": "mitdb", "challenge_2017": "challenge-2017", "challenge_2011": "challenge-2011"}
# The last ones are known by a lead that their segments are not of.
TRAINED = [
    ("beats", "mitdb", 0),
    ("quality", "mitdb", 0),
    ("quality", "challenge_2011", 0),
    ("rhythm", "challenge_2017", 0),
    ("rhythm", "mitdb", 0),
    ("beats", "mitdb", 1),
    ("quality", "mitdb", 1),
    ("rhythm", "mitdb", 1),
    ("quality", "challenge_2011", 7),
]
STRANGE = [("beats", "mitdb"), ("quality", "challenge_2017"), ("rhythm", "challenge_2017")]


def used(network: catalogue.Shipped, dataset: str) -> list[str]:
    """Return the recordings of a data set that a network's trainings used."""
    tables = [read_split_table(path).table for path in network.splits]
    names = {name for table in tables for name in table["record"].to_pylist()}
    return sorted(n.partition("/")[2] for n in names if n.startswith(f"{dataset}/"))


def renamed(physionet: Path, dataset: str, name: str, lead: int = 0) -> Record:
    """Return a lead of a recording as one of a data set of one's own, begun later."""
    root = physionet / SLUGS[dataset]
    versions = [folder for folder in root.glob("*") if next(folder.glob(f"{name}.*"), None)]
    if not versions:
        pytest.skip(f"no {SLUGS[dataset]}")
    (root,) = versions
    record: Record = plugins.load("datasets", dataset).read(root, name)
    first, samples = (round(s * record.rate_hz) for s in (LATER_S, LONGEST_S))
    return replace(
        record,
        dataset="own",
        id="visit-1",
        subject="p01",
        signal_CT=record.signal_CT[[lead], first : first + samples],
        leads=("II",),
        units=record.units[:1],
        beside=(),
    )


def audited(network: catalogue.Shipped, record: Record, folder: Path) -> dict[str, Any]:
    """Return the audit of what started from a shipped network and is tested on a recording."""
    signal = {"leads": ["II"]}
    cut = {"name": "windows", "window_s": 10}
    asked = {"database": "own", "dataset": "folder", "signal": signal, "cut": cut, "rate_hz": 125}
    segments = folder / "own"
    rhythms.write(segments, rhythms.of_recording(record, Segment.model_validate(asked)))
    rates = {"source_rate_hz": {"own/visit-1": float(record.rate_hz)}}
    write_json(segments / "summary.json", {**rates, "noise": None})
    row = {"id": "own/visit-1/II/0", "dataset": "own", "subject": "own/p01", "record": "visit-1"}
    keys = pa.Table.from_pylist([{**row, "start": 0, "stop": record.signal_CT.shape[1]}])
    split = Split.model_validate({"segments": ("own",), "scheme": "subject", "protocol": "honest"})
    write_split_table(folder / "mine.parquet", keys, ["test"], split)
    lineage = tuple(Ancestor.model_validate(one) for one in network.card["lineage"])
    spec = Audit(protocol="honest", split="mine", lineage=lineage)
    files, folders = [folder / "mine.parquet", *network.splits], [segments, *network.segments]
    return lineage_audit(spec, files, folders)


@pytest.mark.recordings
@pytest.mark.parametrize(("name", "dataset", "lead"), TRAINED)
def test_one_that_it_was_trained_on_is_found_under_another_name(
    physionet: Path, tmp_path: Path, name: str, dataset: str, lead: int
) -> None:
    network = catalogue.find(name)
    recordings = used(network, dataset)
    recording = recordings[len(recordings) // 2]
    (tmp_path / "own").mkdir()
    report = audited(network, renamed(physionet, dataset, recording, lead), tmp_path)
    assert not report["passed"]
    found = [case for one in report["findings"] for case in one["recording_examples"]]
    assert {(case["recording"], case["other"]) for case in found} == {
        ("own/visit-1", f"{dataset}/{recording}")
    }
    assert all(abs(case["offset_s"] + LATER_S) < 0.05 for case in found)


@pytest.mark.recordings
@pytest.mark.parametrize(("name", "dataset"), STRANGE)
def test_one_that_it_was_never_shown_gives_no_alarm(
    physionet: Path, tmp_path: Path, name: str, dataset: str
) -> None:
    network = catalogue.find(name)
    trained_on = used(network, dataset)
    place = physionet / SLUGS[dataset]
    files = sorted(f for f in place.rglob("*.hea") if "validation" not in f.parts)
    names = (f.relative_to(place / f.relative_to(place).parts[0]) for f in files)
    strange = [n for file in names if (n := file.with_suffix("").as_posix()) not in trained_on]
    if not strange:
        pytest.skip(f"no {SLUGS[dataset]}")
    (tmp_path / "own").mkdir()
    record = renamed(physionet, dataset, strange[len(strange) // 2])
    report = audited(network, record, tmp_path)
    assert report["passed"], report["findings"]
    for finding in report["findings"]:  # hardly any is too short, or shows too few beats
        (path,) = (p for p in network.splits if p.stem == finding["split"])
        whole = len(read_split_table(path).table["record"].unique())
        assert finding["no_fingerprint"] < 0.03 * whole

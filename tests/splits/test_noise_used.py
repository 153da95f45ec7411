"""Noise that was trained on, and is in what is tested."""

import json

import pytest
from planted import Shelf, heart

from cardiograft.segments import shards
from cardiograft.specs.audit import Ancestor, Audit
from cardiograft.specs.split import Split
from cardiograft.splits import leakage
from cardiograft.splits.assign import COLUMNS, assign
from cardiograft.splits.lineage import lineage_audit, lineage_complaint
from cardiograft.splits.noise_used import Piece, added, shared
from cardiograft.splits.table import write_split_table

KNOWN = {
    "mitdb/100": (Piece("nstdb/em", 0.0, 0.5), Piece("nstdb/ma", 0.0, 0.5)),
    "mitdb/101": (Piece("nstdb/em", 0.5, 1.0),),
    "incartdb/I01": (Piece("nstdb/ma", 0.4, 0.6),),
}


@pytest.mark.parametrize(
    ("tested", "used", "noise"),
    [
        ("mitdb/100", "mitdb/101", None),  # the first half, and the second
        ("mitdb/100", "incartdb/I01", "nstdb/ma"),
        ("mitdb/101", "incartdb/I01", None),
        ("nstdb/118e24", "mitdb/101", "nstdb/em"),  # its authors added all of it
        ("nstdb/em", "mitdb/101", "nstdb/em"),
        ("mitdb/101", "nstdb/119e_6", "nstdb/em"),
        ("nstdb/ma", "mitdb/101", None),
        ("mitdb/102", "mitdb/100", None),
    ],
)
def test_a_noise_is_shared_where_pieces_overlap(tested, used, noise):
    found = shared([tested], [used], KNOWN)
    expected = [] if noise is None else [{"recording": tested, "other": used, "noise": noise}]
    assert found == expected


def noisy(folder, dataset, records, pieces):
    shelf = Shelf(dataset=dataset)
    for number, record in enumerate(records):
        for k in range(4):
            shelf.add(record, 1000 * k, heart(100 * number + k + (len(dataset))))
    shelf.write(folder)
    summary = json.loads((folder / "summary.json").read_text())
    about = {f"{dataset}/{record}": piece for record, piece in zip(records, pieces, strict=True)}
    summary["noise"] = {"database": "nstdb", "noises": ["nstdb/em"], "pieces": about}
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


@pytest.mark.parametrize(("piece", "count"), [((0.0, 0.5), 2), ((0.5, 1.0), 0)])
def test_an_honest_run_stops_where_the_tested_noise_was_trained_on(tmp_path, piece, count):
    folders = [
        noisy(tmp_path / "train", "mitdb", ("101", "106"), [(0.0, 0.25), (0.25, 0.5)]),
        noisy(tmp_path / "test", "incartdb", ("I01", "I02"), [piece, piece]),
    ]
    what = Split(segments=("train", "test"), scheme="named", protocol="honest",
                 test_subjects=("incartdb/*",))  # fmt: skip
    keys = leakage.timed(folders, shards.table(folders, list({*COLUMNS, *leakage.COLUMNS})))
    write_split_table(tmp_path / "s.parquet", keys, assign(keys, what), what)
    asked = Audit(
        protocol="honest",
        split="s",
        lineage=(Ancestor(stage="transfer", entry="net", split="s", uses=("train",)),),
    )
    found = lineage_audit(asked, [tmp_path / "s.parquet"], folders)
    assert found["findings"][0]["noises"] == count
    assert found["passed"] == (count == 0)
    if count:
        assert lineage_complaint(found).endswith(
            "used the noise of 2 of the test recordings of 's', such as incartdb/I01: nstdb/em is"
            " in mitdb/101 too"
        )


def test_shards_without_noise_hold_none(tmp_path):
    assert added([Shelf.write(_filled(), tmp_path / "out")]) == {}


def _filled():
    shelf = Shelf()
    shelf.add("100", 0, heart(1))
    return shelf

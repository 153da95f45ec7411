"""Noise that was trained on, and is in what is tested."""

import json
from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest
from planted import Shelf, heart
from scipy.signal import resample_poly

from cardiograft.datasets.simulation import noise
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.records import Record
from cardiograft.segments import rhythms, shards
from cardiograft.specs.audit import Ancestor, Audit
from cardiograft.specs.split import Split
from cardiograft.splits import leakage
from cardiograft.splits.assign import COLUMNS, assign
from cardiograft.splits.lineage import lineage_audit, lineage_complaint
from cardiograft.splits.noise_used import Piece, added, one_noise, shared
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
    cases = shared([tested], [used], KNOWN)
    expected = [] if noise is None else [{"recording": tested, "other": used, "noise": noise}]
    assert cases == expected


def noisy(folder, dataset, records, pieces):
    shelf = Shelf(dataset=dataset)
    for number, record in enumerate(records):
        for k in range(4):
            shelf.add(record, 1000 * k, heart(1000 * len(dataset) + 100 * number + k))
    shelf.write(folder)
    summary = json.loads((folder / "summary.json").read_text())
    about = {f"{dataset}/{record}": piece for record, piece in zip(records, pieces, strict=True)}
    summary["noise"] = {"database": "nstdb", "noises": ["nstdb/em"], "pieces": about}
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


def audited(tmp_path, folders):
    """Audit a network that was trained on the first folder's people and tested on the second's."""
    what = Split(segments=("train", "test"), scheme="named", protocol="honest",
                 test_subjects=("incartdb/*",))  # fmt: skip
    keys = leakage.timed(folders, shards.table(folders, list({*COLUMNS, *leakage.COLUMNS})))
    write_split_table(tmp_path / "s.parquet", keys, assign(keys, what), what)
    audit_spec = Audit(
        protocol="honest",
        split="s",
        lineage=(Ancestor(stage="transfer", entry="net", split="s", uses=("train",)),),
    )
    return lineage_audit(audit_spec, [tmp_path / "s.parquet"], folders)


@pytest.mark.parametrize(("piece", "count"), [((0.0, 0.5), 2), ((0.5, 1.0), 0)])
def test_an_honest_run_stops_where_the_tested_noise_was_trained_on(tmp_path, piece, count):
    folders = [
        noisy(tmp_path / "train", "mitdb", ("101", "106"), [(0.0, 0.25), (0.25, 0.5)]),
        noisy(tmp_path / "test", "incartdb", ("I01", "I02"), [piece, piece]),
    ]
    report = audited(tmp_path, folders)
    assert report["findings"][0]["noises"] == count
    assert report["passed"] == (count == 0)
    if count:
        assert lineage_complaint(report).endswith(
            "used the noise of 2 of the test recordings of 's', such as incartdb/I01: nstdb/em is"
            " in mitdb/101 too"
        )


RATE = Fraction(360)


@lru_cache
def noise_of(kind, signal=0):
    """Ten minutes of one signal of a recording of noise."""
    made_CT = noise.stress(kind, (2, 600 * 360), 360, generator(0, "here", "record", kind))
    return made_CT[signal]


COPIES = {
    "inverted, gain and offset": lambda s: (-2.5 * s + 1, RATE),
    "a minute of it": lambda s: (s[50_000 : 50_000 + 60 * 360], RATE),
    "at 125 Hz": lambda s: (resample_poly(s, 125, 360), Fraction(125)),
    "all of it": lambda s: (-3 * resample_poly(s[9000:], 25, 36), Fraction(250)),
}


def noises(folder, **signals):
    """Write a folder of shards that say which noises were added, and how they are known."""
    rows = []
    for name, (signal_T, rate) in signals.items():
        held = Record(
            dataset="own",
            id=name,
            subject=name,
            signal_CT=np.asarray(signal_T, np.float32)[None],
            rate_hz=rate,
            leads=("noise1",),
            units=("mV",),
            mains_hz=60,
        )
        rows += rhythms.of_noise(held, name.replace("_", "/"))
    folder.mkdir(exist_ok=True)
    rhythms.write(folder, rows, rhythms.NOISES)
    return folder


KINDS = {f"nstdb_{kind}{k}": (kind, k) for kind in ("em", "ma", "bw") for k in (0, 1)}


@pytest.mark.parametrize("copy", COPIES)
def test_a_noise_is_known_under_another_name(tmp_path, copy):
    """Each signal of each noise by its copy, and by no other's."""
    own = {name: (noise_of(*of), RATE) for name, of in KINDS.items()}
    here = noises(tmp_path / "here", **own)
    assert one_noise([here]) == {}
    for name, of in KINDS.items():
        there = noises(tmp_path / "there", mine_x=COPIES[copy](noise_of(*of)))
        known = name.replace("_", "/")
        assert one_noise([here, there]) == {"mine/x": "mine/x", known: "mine/x"}


def test_noises_of_which_nothing_is_known_have_their_names(tmp_path):
    (tmp_path / "old").mkdir()
    assert one_noise([tmp_path / "old"]) == {}


def test_pieces_of_two_names_of_one_noise_are_never_told_apart():
    known = {"a/1": (Piece("nstdb/em", 0.0, 0.5),), "b/2": (Piece("mine/x", 0.5, 1.0),)}
    assert shared(["a/1"], ["b/2"], known) == []
    alike = {"nstdb/em": "mine/x", "mine/x": "mine/x"}
    (case,) = shared(["a/1"], ["b/2"], known, alike)
    assert case == {"recording": "a/1", "other": "b/2", "noise": "nstdb/em, there mine/x,"}


@pytest.mark.parametrize("same", [True, False])
def test_an_honest_run_stops_at_a_renamed_noise(tmp_path, same):
    folders = [
        noisy(tmp_path / "train", "mitdb", ("101", "106"), [(0.0, 0.25), (0.25, 0.5)]),
        noisy(tmp_path / "test", "incartdb", ("I01", "I02"), [(0.5, 0.75), (0.75, 1.0)]),
    ]
    summary = json.loads((folders[1] / "summary.json").read_text())
    summary["noise"]["noises"] = ["mine/x"]
    (folders[1] / "summary.json").write_text(json.dumps(summary))
    noises(folders[0], nstdb_em=(noise_of("em"), RATE))
    noises(folders[1], mine_x=COPIES["all of it"](noise_of("em" if same else "ma")))
    report = audited(tmp_path, folders)
    assert report["passed"] == (not same)
    assert report["findings"][0]["noises"] == (2 if same else 0)
    if same:
        assert lineage_complaint(report).endswith(
            "such as incartdb/I01: mine/x, there nstdb/em, is in mitdb/101 too"
        )


def test_shards_without_noise_hold_none(tmp_path):
    assert added([Shelf.write(_filled(), tmp_path / "out")]) == {}


def _filled():
    shelf = Shelf()
    shelf.add("100", 0, heart(1))
    return shelf

"""Clean recordings with noise of others added, from the entry to the shards."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from cardiograft.datasets import mitdb, nstdb
from cardiograft.records import NOISE, Annotations, Record
from cardiograft.segments import rhythms, shards
from cardiograft.segments.noise import Noises
from cardiograft.segments.write import write_segments
from cardiograft.signals.faults import NAMES
from cardiograft.specs.segment import Segment

ADDED = {
    "database": "nstdb",
    "dataset": "nstdb",
    "ratios_db": [-6, 24],
    "shares": {"clean": 2, "em": 3, "bw": 2, "flat_line": 1},
}


def spec(label="added_noise", **noise):
    return Segment.model_validate(
        {
            "database": "mitdb",
            "dataset": "mitdb",
            "signal": {"leads": ["MLII"], "scale": "none"},
            "rate_hz": 250,
            "cut": {"name": "windows", "window_s": 5.0},
            "label": label,
            "noise": {**ADDED, **noise},
        }
    )


def made(name, seconds=60, leads=("MLII",), rate=360):
    """A heart of 75 beats a minute, 1 mV high, without any noise."""
    time, beat_A = np.arange(seconds * rate), np.arange(rate // 2, seconds * rate - rate, rate)
    lead_T = sum(np.exp(-0.5 * ((time - at) / (0.02 * rate)) ** 2) for at in beat_A)
    return Record(
        dataset="mitdb",
        id=name,
        subject=name,
        signal_CT=np.tile(lead_T, (len(leads), 1)).astype(np.float32),
        rate_hz=Fraction(rate),
        leads=leads,
        units=("mV",) * len(leads),
        mains_hz=60,
        annotations=Annotations(
            sample_A=beat_A,
            symbol_A=np.full(len(beat_A), "N"),
            aux_A=np.full(len(beat_A), "", "U1"),
        ),
    )


def noise(name, seconds):
    random = np.random.default_rng(sum(map(ord, name)))
    return Record(
        dataset="nstdb",
        id=name,
        subject=name,
        signal_CT=random.standard_normal((2, seconds * 360)).astype(np.float32),
        rate_hz=Fraction(360),
        leads=("noise1", "noise2"),
        units=("mV", "mV"),
        mains_hz=60,
    )


def manifest(dataset, root, names, **about):
    records = [{"name": n, "status": "accepted", "rate_hz": 360.0} for n in names]
    usual = {"digest": dataset, "simulated": False}
    return {"dataset": dataset, "root": str(root), "records": records, **usual, **about}


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Recordings 100 to 103, and noises of four minutes."""
    monkeypatch.setattr(mitdb, "read", lambda root, name: made(name))
    monkeypatch.setattr(nstdb, "read", lambda root, name: noise(name, 240))
    names = ["100", "101", "102", "103"]
    return manifest("mitdb", tmp_path, names), manifest("nstdb", tmp_path, ["bw", "em", "ma"])


def cut(house, out, entry=None):
    clean, noises = house
    write_segments(entry or spec(), clean, out, noises)
    summary = json.loads((out / "summary.json").read_text())
    return shards.arrays([out], None, ["id", "label", "record", "start", "signal"]), summary


def test_what_was_added_to_a_stretch_is_its_label(house, tmp_path):
    columns, summary = cut(house, tmp_path / "out")
    noises = Noises(spec(), house[1], ["100", "101", "102", "103"])
    expected = {}
    for name in ("100", "101", "102", "103"):
        marks = noises.added(made(name)).annotations
        own = marks.symbol_A == NOISE
        for at, note in zip(marks.sample_A[own], marks.aux_A[own], strict=True):
            kind, *ratios = note.split(" ")
            ratio = ratios[0] if ratios else ""
            label = "low" if kind == "flat_line" or (kind == "em" and float(ratio) < 6) else "high"
            if kind == "em" and 6 <= float(ratio) < 12:
                label = None
            expected[name, int(at)] = label
    kept = {key: label for key, label in expected.items() if label and key[1] < 60 * 360}
    keys = zip(columns["record"].tolist(), columns["start"].tolist(), strict=True)
    cut_out = dict(zip(keys, columns["label"].tolist(), strict=True))
    assert cut_out.items() <= kept.items()
    assert {*cut_out.values()} == {"high", "low"}
    # a line that is flat throughout can't be scaled
    assert len(kept) - len(cut_out) == summary["dropped"].get("flat", 0)
    assert summary["dropped"]["no label"] == len(expected) - 4 - len(kept)


def test_a_stretch_may_be_judged_by_the_piece_of_noise_that_lies_on_it(
    house, tmp_path, monkeypatch
):
    burst = noise("em", 240)
    burst.signal_CT[:, : burst.signal_CT.shape[1] // 2] *= 0.01
    monkeypatch.setattr(nstdb, "read", lambda root, name: burst)
    asked = {"shares": {"em": 1}, "ratios_db": [0, 3]}
    whole, _ = cut(house, tmp_path / "whole", spec(**asked))
    assert {*whole["label"].tolist()} == {"low"}
    by_piece = {"name": "added_noise", "ratio": "stretch"}
    judged, _ = cut(house, tmp_path / "own", spec(label=by_piece, **asked))
    assert {*judged["label"].tolist()} == {"low", "high"}
    still = judged["label"] == "high"  # two recordings have their piece in the noise's still half
    assert {*judged["record"][still].tolist()} == {"100", "101"}


def test_clean_stretches_are_the_recording_and_others_are_not(house, tmp_path):
    columns, _ = cut(house, tmp_path / "out", spec(shares={"clean": 1, "em": 1}, ratios_db=[-6, 0]))
    clean, _ = cut((house[0], None), tmp_path / "clean", spec().model_copy(
        update={"noise": None, "label": None}))  # fmt: skip
    high = columns["label"] == "high"
    # resampling reaches over a stretch's ends by a few samples
    same_NT = np.isclose(columns["signal"], clean["signal"], atol=1e-4)[:, 0, 40:-40]
    assert 0 < high.sum() < len(high)
    assert same_NT[high].all()
    assert same_NT[~high].mean() < 0.01


def test_a_rerun_is_exact_and_a_seed_another_draw(house, tmp_path):
    (one, _), (two, _) = (cut(house, tmp_path / name) for name in ("one", "two"))
    other, _ = cut(house, tmp_path / "other", spec(seed=1))
    np.testing.assert_array_equal(one["signal"], two["signal"])
    assert not np.array_equal(one["label"][:20], other["label"][:20])
    for part in (tmp_path / "one").glob("*.parquet"):
        assert part.read_bytes() == (tmp_path / "two" / part.name).read_bytes()


def test_every_recording_has_a_piece_of_noise_of_its_own(house, tmp_path):
    _, summary = cut(house, tmp_path / "out")
    about = summary["noise"]
    assert about["noises"] == ["nstdb/bw", "nstdb/em"]
    assert (about["database"], about["manifest_digest"]) == ("nstdb", "nstdb")
    known = rhythms.read_noises([tmp_path / "out"])
    assert known["record"].to_pylist() == ["nstdb/bw", "nstdb/bw", "nstdb/em", "nstdb/em"]
    assert known["lead"].to_pylist() == ["noise1", "noise2"] * 2
    assert min(map(len, known["beat"].to_pylist())) > 10
    pieces = [about["pieces"][f"mitdb/{name}"] for name in ("100", "101", "102", "103")]
    assert pieces == [[k / 4, (k + 1) / 4] for k in range(4)]
    shared = cut(house, tmp_path / "shared", spec(apart=False))[1]["noise"]["pieces"]
    assert set(map(tuple, shared.values())) == {(0.0, 1.0)}


def test_noise_comes_from_the_recordings_piece_alone(house, monkeypatch):
    """Noise that is silent but for one piece reaches one recording."""

    def read(root, name):
        record = noise(name, 240)
        quiet_CT = record.signal_CT * 1e-6
        quiet_CT[:, 60 * 360 : 120 * 360] = record.signal_CT[:, 60 * 360 : 120 * 360]
        return Record(**{**vars(record), "signal_CT": quiet_CT})

    monkeypatch.setattr(nstdb, "read", read)
    noises = Noises(spec(shares={"em": 1}), house[1], ["100", "101", "102", "103"])
    spread = {
        n: np.ptp(noises.added(made(n)).signal_CT - made(n).signal_CT) for n in ("100", "101")
    }
    assert spread["101"] > 1e3 * spread["100"]


def test_leads_have_the_same_kinds_and_different_noise(house):
    entry = spec().model_copy(update={"signal": spec().signal.model_copy(
        update={"leads": ("MLII", "V1")})})  # fmt: skip
    clean = made("100", leads=("MLII", "V1", "V5"))
    given = Noises(entry, house[1], ["100"]).added(clean)
    added_CT = given.signal_CT - clean.signal_CT
    assert not added_CT[2].any()
    marks = given.annotations
    notes = marks.aux_A[marks.symbol_A == NOISE].tolist()
    for at, note in zip(marks.sample_A[marks.symbol_A == NOISE], notes, strict=True):
        part_CT = added_CT[:2, at : at + 1800]
        if note.startswith("em"):
            assert abs(np.corrcoef(part_CT)[0, 1]) < 0.2
        if note == "clean":
            assert not part_CT.any()
    assert {note.partition(" ")[0] for note in notes} >= {"em", "clean"}


def test_what_cannot_be_is_said_in_one_line(house, tmp_path):
    many = [str(n) for n in range(60)]
    with pytest.raises(ValueError, match=r"noise bw: 240 s for 60 recordings are 4 s each, less"):
        Noises(spec(), house[1], many)
    Noises(spec(apart=False), house[1], many)
    with pytest.raises(ValueError, match="no noise is asked for"):
        Noises(spec().model_copy(update={"noise": None}), house[1], many)
    given = {**vars(made("100")), "units": ("m/s2",)}
    with pytest.raises(Exception, match="MLII: "):
        Noises(spec(), house[1], ["100"]).added(Record(**given))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"shares": {"clean": 0}}, "no kind of stretch has a share above 0"),
        ({"shares": {"clean": -1}}, "greater than or equal to 0"),
        ({"ratios_db": [6, -6]}, "ratios_db: 6 is above -6"),
        ({"ratios_db": [6]}, "ratios_db"),
        ({"stretch_s": 0}, "greater than 0"),
        ({"loudness": 1}, "unknown key 'loudness'"),
    ],
)
def test_odd_entries_are_refused(changed, message):
    with pytest.raises(ValidationError, match=message):
        spec(**changed)


def test_a_label_of_noise_needs_noise():
    content = {**spec().model_dump(mode="json"), "noise": None}
    with pytest.raises(ValidationError, match="label 'added_noise' is of noise that is added"):
        Segment.model_validate(content)


def test_real_noise_on_real_recordings(physionet: Path, tmp_path):
    """Two half-hours of mitdb: the shares that were asked for, and both classes of each."""
    names = ["100", "234"]
    roots = {one: physionet / one / "1.0.0" for one in ("mitdb", "nstdb")}
    kinds = {"clean": 3.0, "em": 1.0, "ma": 1.0, "bw": 1.0, **dict.fromkeys(NAMES, 0.25)}
    house = (
        manifest("mitdb", roots["mitdb"], names),
        manifest("nstdb", roots["nstdb"], ["bw", "em", "ma"]),
    )
    columns, summary = cut(house, tmp_path / "out", spec(shares=kinds))
    assert summary["records"] == 2
    assert sum(summary["labels"].values()) + summary["dropped"]["no label"] == 722
    # 4 of 7 clean or wandering; of noisy ones 12 of 30 dB are low, 6 have no label; faults are low
    assert summary["labels"]["low"] / 722 == pytest.approx((2 * 0.4 + 1) / 7, abs=0.05)
    for name in names:
        assert {*columns["label"][columns["record"] == name]} == {"high", "low"}

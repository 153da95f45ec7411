"""From recordings to shards: the published beat counts, and what becomes of odd recordings."""

import dataclasses
import gc
import json
import math
import subprocess
import sys
import weakref
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cardiograft.datasets import mitdb
from cardiograft.records import Annotations, Record
from cardiograft.segments import choice, rhythms, shards, write
from cardiograft.segments.prepare import prepare
from cardiograft.segments.write import write_segments
from cardiograft.signals.resampling import resampled
from cardiograft.signals.rhythm import SHAPE_SAMPLES
from cardiograft.specs.segment import Segment

ROOT = Path(__file__).parents[2]
RATE = Fraction(360)


def spec(cut="windows", label=None, **changed):
    about = {
        "database": "db",
        "dataset": "mitdb",
        "signal": {"leads": ["MLII|V5"], "filter": {"low_hz": 0.5, "high_hz": 40}},
        "rate_hz": 125,
        "cut": cut,
        "label": label,
        "parts": 3,
    }
    return Segment.model_validate(about | changed)


def record(name="100", seconds=65, leads=("MLII", "V5"), rate=RATE, **changed):
    """A made-up recording: a 60 ms bump every 0.8 s over a little noise."""
    samples = round(seconds * rate)
    random = np.random.default_rng(int(name))
    beat_A = np.arange(0.4, seconds - 0.5, 0.8) * float(rate)
    beat_A = np.round(beat_A).astype(np.int64)
    time = np.arange(samples)
    signal_CT = 0.02 * random.standard_normal((len(leads), samples))
    for place in beat_A:
        signal_CT += np.exp(-0.5 * ((time - place) / (0.02 * float(rate))) ** 2)
    about = {
        "dataset": "mitdb",
        "id": name,
        "subject": name,
        "signal_CT": signal_CT.astype(np.float32),
        "rate_hz": rate,
        "leads": leads,
        "units": ("mV",) * len(leads),
        "mains_hz": 60,
        "annotations": Annotations(
            sample_A=beat_A,
            symbol_A=np.array([random.choice(list("NNNV")) for _ in beat_A]),
            aux_A=np.full(len(beat_A), "", "U1"),
        ),
    }
    return Record(**(about | changed))


@pytest.fixture
def cut_up(tmp_path, monkeypatch):
    """Segment some recordings; return the folder and its summary."""

    def run(entry, *recordings, out="out", **about):
        have = {one.id: one for one in recordings}
        monkeypatch.setattr(mitdb, "read", lambda root, name: have[name])
        listed = [
            {"name": one.id, "status": "accepted", "rate_hz": float(one.rate_hz)}
            for one in recordings
        ]
        listed.append({"name": "999", "status": "quarantined", "rate_hz": None})
        manifest = {"dataset": "mitdb", "root": str(tmp_path), "digest": "d", "simulated": True}
        write_segments(entry, manifest | about | {"records": listed}, tmp_path / out)
        return tmp_path / out, json.loads((tmp_path / out / "summary.json").read_text())

    return run


def real(physionet, entry, out, names=None):
    root = physionet / "mitdb" / "1.0.0"
    names = names or (root / "RECORDS").read_text().split()
    listed = [{"name": n, "status": "accepted", "rate_hz": 360.0} for n in names]
    manifest = {"dataset": "mitdb", "root": str(root), "digest": "d", "simulated": False}
    write_segments(entry, manifest | {"records": listed}, out)
    return json.loads((out / "summary.json").read_text())


# --- real recordings


@pytest.fixture(scope="module")
def kachuee(physionet, tmp_path_factory):
    out = tmp_path_factory.mktemp("kachuee") / "out"
    entry = spec("kachuee", "aami", signal={"leads": ["MLII|V5"], "filter": None})
    return out, real(physionet, entry, out)


def test_kachuee_gives_the_published_beats(kachuee):
    """Source: Kachuee et al. 2018, table II; the set lacks each record's last beat."""
    _, summary = kachuee
    assert summary["segments"] == 109_446
    assert summary["labels"] == {"F": 803, "N": 90_589, "Q": 8_039, "S": 2_779, "V": 7_236}
    assert summary["dropped"] == {"last beat of its recording": 48}
    assert summary["records"] == 48
    assert summary["subjects"] == 47
    assert summary["left_out"] == {}


def test_kachuee_beats_look_as_the_recipe_says(kachuee):
    out, _ = kachuee
    columns = ["signal", "valid", "start", "lead", "rr_after", "rr_record", "record"]
    shard = shards.arrays([out], None, columns)
    assert shard["signal"].shape == (109_446, 1, 187)
    # 1.03 % of beats are as long as they may be, 9.3 % run on beyond their window
    assert (shard["valid"] == 187).mean() == pytest.approx(0.0103, abs=0.0003)
    place_N = np.round(shard["start"] * 125 / 360).astype(int)
    crossing = (place_N % 1250 + shard["valid"] > 1250).mean()
    assert crossing == pytest.approx(0.093, abs=0.001)
    assert set(shard["record"][shard["lead"] == "V5"]) == {"102", "104"}
    assert np.isfinite(shard["rr_after"]).all(), "each has a beat after it"
    inside_N = place_N % 1250 + shard["valid"] <= 1250
    assert shard["signal"][inside_N].min() >= 0
    assert shard["signal"][inside_N].max() <= 1


def test_a_kachuee_beat_is_cut_by_hand(physionet, kachuee):
    """Record 100's third beat, from the samples in its file."""
    wfdb = pytest.importorskip("wfdb")
    place = str(physionet / "mitdb" / "1.0.0" / "100")
    signal_T = wfdb.rdrecord(place).p_signal[:, 0].astype(np.float32)
    marks = wfdb.rdann(place, "atr")
    beat_A = marks.sample[np.isin(marks.symbol, list("NAV"))]
    window_T = resampled(signal_T[:7200], Fraction(25, 72))[:1250]
    rr = np.median(np.diff(beat_A[beat_A < 3600])) / 360
    length, start = round(1.2 * rr * 125), round(beat_A[2] * 125 / 360)
    expected = (window_T[start : start + length] - window_T.min()) / np.ptp(window_T)
    columns = shards.arrays([kachuee[0]], [f"mitdb/100/MLII/{beat_A[2]}"], ["signal", "valid"])
    assert columns["valid"].tolist() == [length]
    np.testing.assert_allclose(columns["signal"][0, 0, :length], expected, atol=1e-5)
    assert not columns["signal"][0, 0, length:].any()


def test_beats_keep_all_that_a_window_fits_around(physionet, tmp_path):
    summary = real(physionet, spec("beats", "aami"), tmp_path / "out", ["100", "102", "232"])
    assert summary["segments"] + sum(summary["dropped"].values()) == 2273 + 2187 + 1780
    assert set(summary["dropped"]) <= {"beyond the recording's ends"}


# --- what a recording may be like


def test_windows_of_all_records_land_in_their_subjects_part(cut_up):
    people = [record(str(n), subject=str(n // 2)) for n in range(100, 106)]
    out, summary = cut_up(spec(), *people)
    table = shards.table([out], ["subject", "start", "lead", "record", "valid"])
    assert summary["segments"] == len(table) == 36
    assert summary["dropped"] == {"shorter than a window": 6}
    assert summary["subjects"] == 3
    assert sorted(set(table["start"].to_pylist())) == [3600 * k for k in range(6)]
    about = shards.meta(out)
    assert about.channels == ("MLII|V5",)
    assert about.spec["cut"]["options"]["window_s"] == 10.0
    assert (about.rate_hz, about.samples, about.units) == (125.0, 1250, ("1",))


def test_no_recordings_fingerprint_stays_in_memory(cut_up, monkeypatch):
    kept, alive = [], []

    def fingerprint(one, entry):
        gc.collect()
        alive.append(sum(reference() is not None for reference in kept))
        beat_B = np.arange(3.0)
        kept.append(weakref.ref(beat_B))
        name = f"mitdb/{one.id}"
        shapes = bytes(3 * SHAPE_SAMPLES)
        one = {"record": name, "subject": name, "lead": "II", "beat": beat_B, "shape": shapes}
        return [{**one, "beside": False}]

    monkeypatch.setattr(rhythms, "of_recording", fingerprint)
    out, _ = cut_up(spec(), *(record(name) for name in ("117", "100", "105", "103")))
    assert alive == [0] * 4
    columns = rhythms.read([out])["record"].to_pylist()
    assert columns == [f"mitdb/{name}" for name in ("100", "103", "105", "117")]


def test_leads_are_found_by_name_or_the_record_is_left_out(cut_up):
    entry = spec(signal={"leads": ["ml2|V5", "v1"], "scale": "none"})
    there = [
        record("100", leads=("V1", "MLII")),
        record("101", leads=("V5", "V1", "II")),
        record("102", leads=("MLII", "V2")),
    ]
    out, summary = cut_up(entry, *there)
    assert summary["left_out"] == {"no lead v1": 1}
    columns = shards.arrays([out], None, ["lead", "signal", "record"])
    assert set(zip(columns["record"], columns["lead"], strict=True)) == {
        ("100", "MLII+V1"),
        ("101", "V5+V1"),
    }
    assert shards.meta(out).channels == ("MLII|V5", "V1")
    np.testing.assert_allclose(
        columns["signal"][0, 1],
        resampled(there[0].signal_CT[0], Fraction(25, 72))[:1250],
        atol=1e-6,
    )


# --- units


def in_unit(name, unit, factor, **changed):
    """The recording `name` in another unit: `factor` times the millivolts of all leads."""
    one = record(name, **changed)
    signal_CT = (one.signal_CT.astype(np.float64) * factor).astype(np.float32)
    return dataclasses.replace(one, signal_CT=signal_CT, units=(unit,) * len(one.leads))


@pytest.mark.parametrize("first", [0, 1, 2, 3])
def test_units_become_those_of_the_data_set_whichever_record_is_first(cut_up, first):
    entry = spec(signal={"leads": ["MLII"], "scale": "none"})
    kinds = [("mv", 1), ("µV", 1e3), ("V", 1e-3), ("nV", 1e6)]
    kinds = kinds[first:] + kinds[:first]
    people = [in_unit(str(100 + n), *kind) for n, kind in enumerate(kinds)]
    out, summary = cut_up(entry, *people)
    plain, _ = cut_up(entry, *(record(str(100 + n)) for n in range(4)), out="plain")
    assert (summary["left_out"], summary["notes"]) == ({}, {})
    assert shards.meta(out).units == ("mV",)
    columns, expected = (shards.arrays([f], None, ["signal"])["signal"] for f in (out, plain))
    np.testing.assert_allclose(columns, expected, rtol=1e-5, atol=1e-6)


def test_two_units_in_one_record_each_become_their_own(cut_up):
    entry = spec(signal={"leads": ["MLII", "V5"], "scale": "none"})
    mixed = record("100", units=("mV", "uV"))
    mixed.signal_CT[1] *= 1000
    out, _ = cut_up(entry, mixed)
    plain, _ = cut_up(entry, record("100"), out="plain")
    columns, expected = (shards.arrays([f], None, ["signal"])["signal"] for f in (out, plain))
    np.testing.assert_allclose(columns, expected, rtol=1e-5, atol=1e-6)


def test_accelerations_come_in_the_data_sets_unit(cut_up, monkeypatch):
    """9.80665 m/s2 is a g, by definition."""
    monkeypatch.setattr(choice, "stated", lambda text, _: "m/s2" if "SCG" in text else "mV")
    entry = spec(signal={"leads": ["SCG z"], "scale": "none"}, target={"leads": ["MLII"]})
    both = record("100", leads=("SCG z", "MLII"), units=("mg", "mV"))
    out, _ = cut_up(entry, both)
    about = shards.meta(out)
    assert (about.units, about.target_units) == (("m/s2",), ("1",))
    columns = shards.arrays([out], ["mitdb/100/SCG z/0"], ["signal"])["signal"][0, 0]
    expected = resampled(both.signal_CT[0], Fraction(25, 72))[:1250] * 9.80665e-3
    np.testing.assert_allclose(columns, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("scale", ["none", "zscore"])
@pytest.mark.parametrize(
    ("unit", "reason"),
    [
        ("\ufffdV", "MLII: unknown unit '\ufffdV'"),
        ("", "MLII: unknown unit ''"),
        ("mmHg", "MLII: unit 'mmHg' can't become mV"),
    ],
)
def test_a_unit_that_is_not_known_costs_the_lead_whatever_its_scale(cut_up, scale, unit, reason):
    entry = spec(signal={"leads": ["MLII"], "scale": scale})
    _, summary = cut_up(entry, record("100"), record("101", units=(unit, "mV")))
    assert summary["left_out"] == {reason: 1}
    assert summary["records_left_out"] == {"101": reason}
    assert summary["segments"] == 6


def test_a_unit_that_is_not_known_costs_nobody_who_asks_for_another_lead(cut_up):
    odd = record("101", units=("mV", "furlong"))
    _, summary = cut_up(spec(signal={"leads": ["MLII"]}), record("100"), odd)
    assert (summary["left_out"], summary["segments"]) == ({}, 12)


def test_of_alternatives_one_of_a_known_unit_is_taken(cut_up):
    out, summary = cut_up(spec(), record("101", units=("furlong", "mV")))
    assert set(shards.arrays([out], None, ["lead"])["lead"]) == {"V5"}
    assert summary["notes"] == {"lead passed over": ["101: MLII: unknown unit 'furlong'"]}


def test_units_that_an_entry_accepts_by_name_are_used_and_noted(cut_up):
    entry = spec(signal={"leads": ["MLII"], "scale": "zscore", "accept_units": ["\ufffdV", ""]})
    records = [record(str(100 + k), units=(u, "mV")) for k, u in enumerate(("mV", "\ufffdV", ""))]
    out, summary = cut_up(entry, *records, record("103", units=("furlong", "mV")))
    assert summary["records_left_out"] == {"103": "MLII: unknown unit 'furlong'"}
    noted = {"101: MLII: unknown unit '\ufffdV'", "102: MLII: unknown unit ''"}
    assert set(summary["notes"]["unit accepted by name"]) == noted
    assert shards.meta(out).units == ("1",)


def test_an_accepted_unit_needs_a_scale():
    with pytest.raises(ValueError, match=r"accept_units.*scale 'none'"):
        spec(signal={"leads": ["MLII"], "scale": "none", "accept_units": ["furlong"]})


# --- what is asked for


def corrupt(one, lead, how):
    signal_T = one.signal_CT[one.leads.index(lead)]
    if how == "dead":
        signal_T[:] = np.nan
    elif how == "gaps":
        signal_T[: len(signal_T) // 5] = np.nan
    else:
        signal_T[:] = 5.12
    return one


REASONS = {"dead": "{} is missing throughout", "flat": "{} never changes"}


@pytest.mark.parametrize("how", ["dead", "flat"])
def test_a_corrupted_lead_costs_those_who_ask_for_it(cut_up, how):
    def corrupted():
        return corrupt(record("101"), "MLII", how)

    other = spec(signal={"leads": ["V5"]})
    _, summary = cut_up(other, record("100"), corrupted())
    assert (summary["left_out"], summary["segments"]) == ({}, 12)
    own = spec(signal={"leads": ["MLII"]})
    _, summary = cut_up(own, record("100"), corrupted(), out="own")
    assert (summary["left_out"], summary["segments"]) == ({REASONS[how].format("MLII"): 1}, 6)
    as_target = spec(signal={"leads": ["V5"]}, target={"leads": ["MLII"]})
    _, summary = cut_up(as_target, record("100"), corrupted(), out="target")
    assert summary["left_out"] == {REASONS[how].format("MLII"): 1}


@pytest.mark.parametrize("how", ["dead", "flat"])
def test_of_alternatives_the_first_that_can_be_used_is_taken(cut_up, how):
    out, summary = cut_up(spec(), record("100"), corrupt(record("101"), "MLII", how))
    leads = shards.arrays([out], None, ["record", "lead"])
    assert set(zip(leads["record"], leads["lead"], strict=True)) == {("100", "MLII"), ("101", "V5")}
    assert summary["notes"] == {"lead passed over": [f"101: {REASONS[how].format('MLII')}"]}
    both = corrupt(corrupt(record("101"), "MLII", how), "V5", how)
    _, summary = cut_up(spec(), record("100"), both, out="both")
    reasons = f"{REASONS[how].format('MLII')}, {REASONS[how].format('V5')}"
    assert summary["left_out"] == {reasons: 1}


def test_too_many_missing_samples_cost_the_entries_that_ask_for_them(cut_up):
    """The limit is the manifest's; under it gaps drop windows, not recordings."""
    holey, most = corrupt(record("101"), "MLII", "gaps"), {"max_nonfinite": 0.1}
    entry = spec(signal={"leads": ["MLII"]})
    _, summary = cut_up(entry, record("100"), holey, out="a", **most)
    assert summary["left_out"] == {"MLII is missing for over 10%": 1}
    _, summary = cut_up(entry, record("100"), holey, out="b", max_nonfinite=0.3)
    assert (summary["left_out"], summary["dropped"]["non-finite"]) == ({}, 2)
    _, summary = cut_up(spec(signal={"leads": ["V5"]}), record("100"), holey, out="c", **most)
    assert summary["left_out"] == {}


def test_of_two_leads_of_one_name_it_is_said_which_is_taken(cut_up):
    entry = spec(signal={"leads": ["ii"], "scale": "none"})
    two = record("100", leads=("II", "II (2)"))
    two.signal_CT[1] *= -1
    _, summary = cut_up(entry, two)
    assert summary["notes"] == {"leads of one name": ["100: of 2 II, number 1 taken"]}
    out, summary = cut_up(entry, corrupt(two, "II", "dead"), out="second")
    assert summary["notes"]["leads of one name"] == ["100: of 2 II, number 2 taken"]
    assert shards.arrays([out], None, ["signal"])["signal"].min() < -0.9


# --- leads at several rates, odd rates


def test_a_lead_at_another_rate_is_brought_to_the_shards_from_its_own(cut_up):
    """A tone of 3 Hz at 360 Hz, and the same beside it at 90: both come out alike."""
    tone = {r: np.sin(2 * np.pi * 3 * np.arange(30 * r) / r).astype(np.float32) for r in (360, 90)}
    one = record("100", seconds=30, leads=("MLII",), signal_CT=tone[360][None])
    slow = record("100", seconds=30, rate=Fraction(90), leads=("V5",), signal_CT=tone[90][None])
    whole = dataclasses.replace(one, beside=(slow,))
    entry = spec(signal={"leads": ["MLII", "V5"], "scale": "none"})
    out, summary = cut_up(entry, whole)
    columns = shards.arrays([out], ["mitdb/100/MLII+V5/3600"], ["signal"])["signal"][0]
    expected = np.sin(2 * np.pi * 3 * (1250 + np.arange(1250)) / 125)
    np.testing.assert_allclose(columns, [expected] * 2, atol=2e-3)
    assert summary["segments"] == 3
    # alone, its own rate counts
    out, _ = cut_up(spec(signal={"leads": ["V5"]}), whole, out="slow")
    assert sorted(shards.arrays([out], None, ["start"])["start"]) == [0, 900, 1800]


@pytest.mark.parametrize("rate", ["249.89", "499.97", "999.56", "62.4725"])
def test_a_beat_at_an_odd_rate_lies_where_its_mark_says(cut_up, rate):
    entry = spec("beats", "aami", signal={"leads": ["MLII"]})
    odd = record("101", rate=Fraction(rate), seconds=120)
    out, summary = cut_up(entry, record("100"), odd)
    assert summary["left_out"] == {}
    columns = shards.arrays([out], None, ["signal", "record", "start"])
    own_N = columns["record"] == "101"
    assert own_N.sum() > 140
    assert np.abs(columns["signal"][own_N, 0].argmax(axis=1) - round(0.3 * 125)).max() <= 1
    at_N = np.sort(columns["start"][own_N]) + round(0.3 * float(rate))
    nearest_N = np.abs(at_N[:, None] - odd.annotations.sample_A).min(axis=1)
    assert nearest_N.max() <= 1 + 0.01 * float(rate)


def test_windows_at_an_odd_rate_state_their_place_in_the_file(cut_up):
    out, _ = cut_up(spec(), record("100", rate=Fraction("249.89"), seconds=300))
    starts = np.sort(shards.arrays([out], None, ["start"])["start"])
    np.testing.assert_allclose(starts / 249.89, 10 * np.arange(len(starts)), atol=0.003)
    assert len(starts) == 30


# --- one odd recording


def odd_records():
    short = record("102", seconds=5)
    huge = record("103")
    huge.signal_CT[:] *= np.float32(3e38)
    return [
        record("101", rate=Fraction(1, 10), seconds=6_000),
        record("104", rate=Fraction(70), seconds=65),
        corrupt(record("105", leads=("MLII",)), "MLII", "dead"),
        record("106", leads=("V1",)),
        record("107", signal_CT=np.zeros((2, 0), np.float32), annotations=Annotations.none()),
        short,
        huge,
    ]


def test_one_odd_recording_never_stops_the_job(cut_up):
    entry = spec(signal={"leads": ["MLII"], "filter": {"high_hz": 40}, "scale": "none"})
    out, summary = cut_up(entry, *odd_records(), record("100"))
    left = summary["records_left_out"]
    assert left == {
        "103": "MLII has values beyond 1e+18",
        "101": "signal.filter.high_hz 40 is not below half of the rate 0.1 Hz",
        "104": "signal.filter.high_hz 40 is not below half of the rate 70 Hz",
        "105": "MLII is missing throughout",
        "106": "no lead MLII",
        "107": "no samples",
    }
    assert summary["dropped"]["shorter than a window"] == 2
    plain, _ = cut_up(entry, record("100"), out="plain")
    one, other = (shards.arrays([f], None, ["id", "signal"]) for f in (out, plain))
    np.testing.assert_array_equal(one["id"], other["id"])
    np.testing.assert_array_equal(one["signal"], other["signal"])


def test_a_recording_far_too_slow_is_left_out_not_blown_up(cut_up):
    entry = spec(signal={"leads": ["MLII"]})
    _, summary = cut_up(entry, record("101", rate=Fraction(1, 10), seconds=6_000), record("100"))
    assert summary["left_out"] == {"sampled at 0.1 Hz, less than 1/100 of 125 Hz": 1}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("mitdb/101: torn\n in two"), "torn in two"),
        (ZeroDivisionError(), "ZeroDivisionError"),
        (MemoryError(), "too large for this machine's memory"),
    ],
)
def test_what_a_recording_raises_is_its_reason(cut_up, monkeypatch, error, reason):
    def prepared(one, *more):
        if one.id == "101":
            raise error
        return prepare(one, *more)

    monkeypatch.setattr(write, "prepare", prepared)
    _, summary = cut_up(spec(), record("100"), record("101"))
    assert summary["left_out"] == {reason: 1}
    assert summary["segments"] == 6


def test_a_mistake_in_the_program_still_stops_the_job(cut_up, monkeypatch):
    monkeypatch.setattr(write, "prepare", lambda *_: None + 1)
    with pytest.raises(TypeError):
        cut_up(spec(), record("100"))


def test_a_gap_drops_the_windows_that_touch_it_alone(cut_up):
    broken = record("100")
    whole, _ = cut_up(spec(), broken)
    broken.signal_CT[0, 5000:5200] = np.nan
    broken.signal_CT[0, 12000:12005] = np.nan
    broken.signal_CT[1] = np.nan  # not a lead that is asked for
    out, summary = cut_up(spec(), broken, out="gap")
    assert summary["dropped"] == {"non-finite": 1, "shorter than a window": 1}
    ids = shards.table([out], ["id"])["id"].to_pylist()
    assert "mitdb/100/MLII/3600" not in ids
    far = [i for i in ids if int(i.rsplit("/", 1)[1]) > 14000]
    one, other = (shards.arrays([f], far, ["signal"])["signal"] for f in (whole, out))
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_a_short_gap_is_bridged_unless_told_not_to(cut_up):
    """5 samples of 360 Hz, 14 ms: under the usual 20."""
    broken = record("100")
    broken.signal_CT[0, 5000:5005] = np.nan
    _, bridged = cut_up(spec(), broken, out="bridged")
    _, split = cut_up(spec(bridge_ms=12), broken, out="split")
    assert bridged["dropped"] == {"shorter than a window": 1}
    assert split["dropped"] == {"non-finite": 1, "shorter than a window": 1}
    with pytest.raises(ValueError, match=r"bridge_ms\n.*greater than or equal to 0"):
        spec(bridge_ms=-1)


def test_windows_begin_anew_after_a_gap(cut_up):
    """Gaps at 3 to 4 s and 30 to 31 s of 65; stretches of 3, 26 and 34 s, windows of 10."""
    broken = record("100")
    for second in (3, 30):
        broken.signal_CT[0, 360 * second : 360 * (second + 1)] = np.nan
    cut = {"name": "windows", "step_s": 5}
    out, fixed = cut_up(spec(cut), broken, out="fixed")
    assert fixed["segments"] == 4 + 5  # 5 10 15 20; 35 40 45 50 55
    assert fixed["dropped"] == {"non-finite": 1 + 2}
    out, anew = cut_up(spec(cut | {"restart_after_gaps": True}), broken, out="anew")
    starts = sorted(shards.table([out], ["start"])["start"].to_pylist())
    assert [s / 360 for s in starts] == pytest.approx([4, 9, 14, 19, 31, 36, 41, 46, 51], abs=0.01)
    assert anew["dropped"] == {"shorter than a window": 3}
    signal_NCT = shards.arrays([out], None, ["signal"])["signal"]
    assert np.isfinite(signal_NCT).all()


def test_a_recording_shorter_than_a_window_gives_one_in_its_own_scale(cut_up):
    entry = {"signal": {"leads": ["MLII"], "scale": "zscore"}, "parts": 1}
    both = (record("100", seconds=9.05), record("101", seconds=25))
    out, dropped = cut_up(spec(**entry), *both, out="dropped")
    assert (dropped["segments"], dropped["dropped"]) == (2, {"shorter than a window": 2})
    cut = {"name": "windows", "short": "padded"}
    out, padded = cut_up(spec(cut, **entry), *both, out="padded")
    assert (padded["segments"], padded["dropped"]) == (3, {"shorter than a window": 1})
    columns = shards.table([out], ["record", "start", "valid"]).to_pylist()
    valid = math.ceil(9.05 * 125)
    assert [(f["start"], f["valid"]) for f in columns if f["record"] == "100"] == [(0, valid)]
    assert {f["valid"] for f in columns if f["record"] == "101"} == {1250}
    signal_NCT = shards.arrays([out], None, ["signal"])["signal"]
    short_T = signal_NCT[[f["record"] == "100" for f in columns]][0, 0]
    assert not short_T[valid:].any()
    assert short_T[:valid].mean() == pytest.approx(0, abs=1e-5)
    assert short_T[:valid].std() == pytest.approx(1, abs=1e-4)


@pytest.fixture
def pair():
    """An SCG-like noise beside an ECG of a bump every 0.8 s, 100 s, unspoilt."""
    one = record("100", seconds=100, leads=("SCG z", "SCG x", "MLII"))
    random = np.random.default_rng(5)
    one.signal_CT[:2] = 0.1 * random.standard_normal((2, one.signal_CT.shape[1])) + 9.8
    return one


PAIRED = {
    "signal": {"leads": ["SCG z", "SCG x"], "scale": "median_max"},
    "target": {"leads": ["MLII"], "scale": "median_max"},
}
LIMITS = {"most_range": 3, "most_rms": 4, "least_rms": 0.1, "least_beats": 5, "most_beats": 30}


def kept(cut_up, one, **limits):
    out, summary = cut_up(spec({"name": "windows", **limits}, **PAIRED), one, out=str(limits))
    starts = sorted(shards.table([out], ["start"])["start"].to_pylist())
    return [round(s / 3600) for s in starts], summary["dropped"]


def test_nothing_is_rejected_of_a_clean_recording_and_nothing_unless_asked(cut_up, pair):
    assert kept(cut_up, pair, **LIMITS) == ([*range(10)], {})
    pair.signal_CT[2, 3600:7200] *= 50
    pair.signal_CT[0, 3600:7200] *= 50
    assert kept(cut_up, pair) == ([*range(10)], {})


def spike(ecg_T):
    ecg_T[1800] = 20


def scaled(scg_T, by):
    """About gravity: what is measured is not how the sensor lies."""
    scg_T[:] = 9.8 + by * (scg_T - 9.8)


def silent(ecg_T):
    ecg_T[1100:] *= 1e-3


def racing(ecg_T):
    """A beat every 0.31 s."""
    ecg_T[:] = 0.02 * np.sin(np.arange(len(ecg_T)))
    for place in range(54, len(ecg_T) - 20, 113):
        ecg_T[place - 12 : place + 13] += np.hanning(25).astype(np.float32)


@pytest.mark.parametrize(
    ("limit", "reason", "corrupt"),
    [
        ("most_range", "range too large", lambda ecg, scg: spike(ecg)),
        ("most_rms", "rms too large", lambda ecg, scg: scaled(scg, 6)),
        ("least_rms", "rms too small", lambda ecg, scg: scaled(scg, 0.05)),
        ("least_beats", "too few beats", lambda ecg, scg: silent(ecg)),
        ("most_beats", "too many beats", lambda ecg, scg: racing(ecg)),
    ],
)
def test_an_unusable_window_is_dropped_by_its_reason_alone(cut_up, pair, limit, reason, corrupt):
    """One axis of the two is enough; each limit of the recipe sees its own trouble."""
    corrupt(pair.signal_CT[2, 10800:14400], pair.signal_CT[1, 10800:14400])
    windows = [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert kept(cut_up, pair, **{limit: LIMITS[limit]}) == (windows, {reason: 1})
    assert kept(cut_up, pair, **LIMITS)[0] == windows


def test_limits_are_relative_to_the_recording(cut_up, pair):
    """A small lead is no bad one; without a target the signal is the ECG."""
    pair.signal_CT[:] *= 1e-3
    assert kept(cut_up, pair, **LIMITS) == ([*range(10)], {})
    ecg = {"signal": {"leads": ["MLII"]}}
    broken = record("100", seconds=60)
    broken.signal_CT[0, 5400] = 30
    _, summary = cut_up(spec({"name": "windows", "most_range": 3}, **ecg), broken)
    assert summary["dropped"] == {"range too large": 1}
    assert summary["segments"] == 5
    with pytest.raises(ValueError, match=r"no segment of 1 records: shorter than a window \(1\)"):
        cut_up(spec({"name": "windows", **LIMITS}, **ecg), record("100", seconds=5))


def test_a_flat_stretch_is_dropped_though_the_filter_rings_into_it(cut_up):
    broken = record("100")
    broken.signal_CT[0, 3600:7200] = 4.2
    _, summary = cut_up(spec(), broken)
    assert summary["dropped"]["flat"] == 1
    assert summary["segments"] == 5


def test_positions_count_from_the_start_of_the_file(cut_up):
    """What was cut away at the head comes back in `start`."""
    for kind in ("windows", "beats", "kachuee"):
        label = None if kind == "windows" else "aami"
        plain, _ = cut_up(spec(kind, label), record("100"), out=f"{kind}-0")
        moved, _ = cut_up(spec(kind, label), record("100", offset=4096), out=f"{kind}-1")
        one, other = (shards.arrays([f], None, ["start"])["start"] for f in (plain, moved))
        np.testing.assert_array_equal(np.sort(one) + 4096, np.sort(other))


@pytest.mark.parametrize("rate", [250, 257, 1000, Fraction(8000)])
def test_a_beat_lies_where_its_window_says(cut_up, rate):
    entry = spec("beats", "aami", signal={"leads": ["MLII"]})
    out, _ = cut_up(entry, record("100", rate=Fraction(rate), seconds=20))
    columns = shards.arrays([out], None, ["signal"])["signal"]
    assert np.abs(columns[:, 0].argmax(axis=1) - round(0.3 * 125)).max() <= 1


def test_marks_beyond_the_signal_are_nobodys_beats(cut_up):
    one = record("100")
    marks = one.annotations
    late = Annotations(
        sample_A=np.append(marks.sample_A, 10**6),
        symbol_A=np.append(marks.symbol_A, "N"),
        aux_A=np.append(marks.aux_A, ""),
    )
    counts = [
        cut_up(spec("kachuee", "aami"), dataclasses.replace(one, annotations=a), out=n)[1]
        for n, a in (("plain", marks), ("late", late))
    ]
    assert counts[0]["segments"] == counts[1]["segments"]


def test_a_target_goes_through_its_own_chain(cut_up):
    entry = spec(
        signal={"leads": ["V5"], "filter": {"high_hz": 30}, "scale": "minmax_symmetric"},
        target={"leads": ["MLII"], "filter": {"low_hz": 1, "high_hz": 40}, "scale": "median_max"},
    )
    out, _ = cut_up(entry, record("100"), record("101"))
    about = shards.meta(out)
    assert (about.target_channels, about.target_samples) == (("MLII",), 1250)
    columns = shards.arrays([out], None, ["signal", "target"])
    np.testing.assert_allclose(columns["signal"].min(axis=2), -1, atol=1e-6)
    np.testing.assert_allclose(np.abs(columns["target"]).max(axis=2), 1, atol=1e-6)
    np.testing.assert_allclose(np.median(columns["target"], axis=2), 0, atol=1e-6)


def test_neighbours_and_median_beat_become_channels(cut_up):
    entry = spec({"name": "beats", "neighbours": 1, "median_beat": True}, "aami")
    out, summary = cut_up(entry, record("100"))
    assert shards.meta(out).channels == (
        "MLII|V5",
        "MLII|V5 beat -1",
        "MLII|V5 beat +1",
        "MLII|V5 median beat",
    )
    assert summary["dropped"]["no usable neighbour"] == 2
    ids = sorted(shards.table([out], ["id"])["id"].to_pylist(), key=lambda i: int(i.split("/")[-1]))
    columns = shards.arrays([out], ids, ["signal", "rr_before", "rr_record"])
    signal_NCT = columns["signal"]
    # the next beat of this one is the next one, up to the scale of either
    for k in range(len(ids) - 1):
        assert np.corrcoef(signal_NCT[k, 2], signal_NCT[k + 1, 0])[0, 1] > 0.99999
        assert np.corrcoef(signal_NCT[k + 1, 1], signal_NCT[k, 0])[0, 1] > 0.99999
    assert np.corrcoef(signal_NCT[0, 3], signal_NCT[:, 0].mean(axis=0))[0, 1] > 0.999
    np.testing.assert_allclose(columns["rr_before"], 0.8, atol=0.003)
    np.testing.assert_allclose(columns["rr_record"], 0.8, atol=0.003)


def test_the_nominal_period_is_of_intervals_within_the_window(cut_up):
    """R-R of 0.6 and 0.9 s; the 2 s into the next window are not its own."""
    marks = Annotations(
        sample_A=np.round(np.array([7.0, 7.6, 8.5, 10.5, 12.0, 13.0, 25.0]) * 360).astype(np.int64),
        symbol_A=np.full(7, "N"),
        aux_A=np.full(7, "", "U1"),
    )
    one = dataclasses.replace(record("100"), annotations=marks)
    out, _ = cut_up(spec({"name": "kachuee", "samples": 400}, "aami"), one)
    columns = shards.arrays([out], None, ["start", "valid"])
    order = np.argsort(columns["start"])
    first, second = 1.2 * 0.75 * 125, 1.2 * 1.25 * 125
    assert columns["valid"][order].tolist() == [round(v) for v in [first] * 3 + [second] * 3]


@pytest.mark.parametrize("kind", ["kachuee", "beats"])
def test_r_r_intervals_are_those_between_the_marks(cut_up, kind):
    one = record("100")
    marks = one.annotations
    odd_A = marks.sample_A + np.random.default_rng(0).integers(-60, 60, len(marks.sample_A))
    one = dataclasses.replace(one, annotations=dataclasses.replace(marks, sample_A=odd_A))
    out, _ = cut_up(spec(kind, "aami"), one)
    shares = ["rr_before_of_record", "rr_after_of_record", "rr_before_of_local"]
    columns = shards.arrays([out], None, ["start", "rr_before", "rr_after", "rr_record", *shares])
    nearest_N = np.abs(columns["start"][:, None] + 108 * (kind == "beats") - odd_A).argmin(axis=1)
    rr = np.concatenate([[np.nan], np.diff(odd_A) / 360, [np.nan]])
    np.testing.assert_allclose(columns["rr_before"], rr[nearest_N], rtol=1e-6)
    np.testing.assert_allclose(columns["rr_after"], rr[nearest_N + 1], rtol=1e-6)
    np.testing.assert_allclose(columns["rr_record"], np.nanmedian(rr), rtol=1e-6)
    share = rr / np.nanmedian(rr)
    np.testing.assert_allclose(columns["rr_before_of_record"], share[nearest_N], rtol=1e-6)
    np.testing.assert_allclose(columns["rr_after_of_record"], share[nearest_N + 1], rtol=1e-6)
    inner = np.flatnonzero((nearest_N > 5) & (nearest_N < len(rr) - 7))
    local = [np.median(rr[k - 5 : k + 6]) for k in nearest_N[inner]]
    np.testing.assert_allclose(
        columns["rr_before_of_local"][inner], rr[nearest_N[inner]] / local, rtol=1e-6
    )


def test_detected_beats_are_near_the_annotated_ones(cut_up):
    entry = spec({"name": "kachuee", "peaks": "detected"})
    out, summary = cut_up(entry, record("100"))
    starts = np.sort(shards.arrays([out], None, ["start"])["start"])
    marked = record("100").annotations.sample_A
    assert summary["segments"] > 70
    assert np.abs(starts[:, None] - marked).min(axis=1).max() <= 4


def test_rhythms_label_windows_and_a_change_drops_one(cut_up):
    one = record("100")
    marks = Annotations(
        sample_A=np.array([0, 9000]),
        symbol_A=np.array(["+", "+"]),
        aux_A=np.array(["(N", "(AFIB"]),
    )
    entry = spec("windows", "rhythm")
    out, summary = cut_up(entry, dataclasses.replace(one, annotations=marks))
    assert summary["labels"] == {"AFIB": 3, "N": 2}
    assert summary["dropped"] == {"no label": 1, "shorter than a window": 1}
    assert shards.table([out], ["label"])["label"].null_count == 0


@pytest.mark.parametrize(
    ("comments", "outcome"),
    [
        (("Reason for admission: Healthy control",), {"healthy": 6}),
        (("age: 81", "Reason  for admission:  Myocardial infarction "), {"mi": 6}),
        (("Reason for admission: Bundle branch block",), "admitted for bundle branch block"),
        (("Reason for admission:",), "admitted for no stated reason"),
        (("age: 81",), "no reason for admission in its header"),
    ],
)
def test_ptb_diagnosis_is_in_the_header(cut_up, comments, outcome):
    healthy = record("101", comments=("Reason for admission: Healthy control",))
    _, summary = cut_up(spec("windows", "ptb_diagnosis"), healthy, record("100", comments=comments))
    if isinstance(outcome, str):
        assert summary["left_out"] == {outcome: 1}
        assert summary["labels"] == {"healthy": 6}
    else:
        assert sum(summary["labels"].values()) == 12
        assert set(outcome) <= set(summary["labels"])


def test_an_empty_recording_is_left_out(cut_up):
    empty = record("101", signal_CT=np.zeros((2, 0), np.float32), annotations=Annotations.none())
    assert cut_up(spec(), record("100"), empty)[1]["left_out"] == {"no samples": 1}


def test_equal_recordings_give_equal_bytes(cut_up):
    people = [record("100"), record("101"), record("102")]
    one, _ = cut_up(spec("kachuee", "aami"), *people, out="one")
    other, _ = cut_up(spec("kachuee", "aami"), *people, out="other")
    names = sorted(p.name for p in one.iterdir())
    assert names == sorted(p.name for p in other.iterdir())
    for name in names:
        assert (one / name).read_bytes() == (other / name).read_bytes()


# --- what is refused


def test_nothing_left_is_an_error_with_its_reasons(cut_up, tmp_path):
    with pytest.raises(ValueError, match=r"db: no segment of 2 records: no lead aVR \(2\)"):
        cut_up(spec(signal={"leads": ["aVR"]}), record("100"), record("101"))
    short = record("100", seconds=5)
    with pytest.raises(ValueError, match=r"of 1 records: shorter than a window \(1\)"):
        cut_up(spec(), short)
    assert not (tmp_path / "out").exists()


def test_an_edge_beyond_every_recordings_rate_is_an_error(cut_up):
    entry = spec(signal={"leads": ["MLII"], "filter": {"high_hz": 60}})
    message = (
        r"db: no segment of 1 records: signal\.filter\.high_hz 60 is not below .* 100 Hz \(1\)"
    )
    with pytest.raises(ValueError, match=message):
        cut_up(entry, record("100", rate=Fraction(100)))


def test_recordings_that_are_not_there(tmp_path):
    manifest = {"dataset": "mitdb", "root": str(tmp_path / "gone"), "records": [], "digest": "d"}
    with pytest.raises(FileNotFoundError, match=r"db: no recordings at .*gone"):
        write_segments(spec(), manifest | {"simulated": True}, tmp_path / "out")


@pytest.mark.parametrize(
    ("cut", "label", "message"),
    [
        ("windows", "aami", "label 'aami' is of each beat, but cut 'windows' takes labels of"),
        ({"name": "kachuee", "peaks": "detected"}, "aami", "cut 'kachuee' has peaks 'detected'"),
        ({"name": "beats", "peaks": "guessed"}, "aami", "Input should be 'annotations'"),
    ],
)
def test_labels_and_cuts_that_do_not_fit_are_config_errors(cut, label, message):
    with pytest.raises(ValueError, match=message):
        spec(cut, label)


# --- the script


def test_the_script_runs_by_hand(physionet, tmp_path):
    root = physionet / "mitdb" / "1.0.0"
    listed = [{"name": "100", "status": "accepted", "rate_hz": 360.0}]
    manifest = {"dataset": "mitdb", "root": str(root), "digest": "d", "simulated": False}
    (tmp_path / "m.json").write_text(json.dumps(manifest | {"records": listed}))
    command = [sys.executable, str(ROOT / "workflow" / "scripts" / "segment.py")]
    command += ["--manifest", str(tmp_path / "m.json"), "--out", str(tmp_path / "out")]
    done = subprocess.run([*command, "--spec", spec().canonical()], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert shards.meta(tmp_path / "out").samples == 1250
    entry = spec(signal={"leads": ["aVR"]})
    done = subprocess.run([*command, "--spec", entry.canonical()], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip() == "segment.py: db: no segment of 1 records: no lead aVR (1)"


def test_the_script_says_in_one_line_what_was_left_out(tmp_path):
    root = tmp_path / "mitdb"
    mitdb.simulate(root, ("100", "102"), 3, duration_s=30)
    listed = [{"name": n, "status": "accepted", "rate_hz": 360.0} for n in ("100", "102")]
    manifest = {"dataset": "mitdb", "root": str(root), "digest": "d", "simulated": True}
    (tmp_path / "m.json").write_text(json.dumps(manifest | {"records": listed}))
    command = [sys.executable, str(ROOT / "workflow" / "scripts" / "segment.py")]
    command += ["--manifest", str(tmp_path / "m.json"), "--out", str(tmp_path / "few")]
    entry = spec(signal={"leads": ["MLII"]})
    done = subprocess.run([*command, "--spec", entry.canonical()], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr == done.stdout == "few: 1 of 2 records; left out: no lead MLII (1)\n"

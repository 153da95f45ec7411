"""A recording under a second name is found by its rhythm: in a split, and behind a model."""

import json
import tracemalloc
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

import numpy as np
import pyarrow.parquet as pq
import pytest
import scripts
from planted import Shelf
from scipy.signal import butter, resample_poly, sosfiltfilt

from cardiograft.datasets import mitdb, nstdb
from cardiograft.records import Record
from cardiograft.segments import rhythms
from cardiograft.segments.write import write_segments
from cardiograft.signals.peaks import qrs_peaks
from cardiograft.signals.rhythm import SHAPE_SAMPLES, Rhythm, rhythm
from cardiograft.specs.audit import Ancestor, Audit
from cardiograft.specs.segment import Segment
from cardiograft.specs.split import Split
from cardiograft.splits import recordings
from cardiograft.splits.people import person
from cardiograft.splits.recordings import Side, _shape_bits, matches
from cardiograft.splits.table import read_split_table

RATE = Fraction(360)
BAND = {"low_hz": 0.5, "high_hz": 40}
TRAIN, TEST = ("101", "106", "108"), ("100", "103", "105")


@lru_cache
def ecg(seed, seconds=60, rate=360):
    """A heart of its own: intervals that wander, beats whose waves vary a little."""
    random = np.random.default_rng(seed)
    count = int(2 * seconds)
    slow = np.cumsum(random.normal(0, 0.008, count))
    interval = random.uniform(0.7, 0.9) + 0.03 * np.sin(1.3 * np.arange(count)) + slow
    beat = np.cumsum(np.clip(interval + random.normal(0, 0.02, count), 0.45, 1.5))
    waves = [(0, 0.012, 1.0), (-0.16, 0.03, 0.15), (0.03, 0.012, -0.25), (0.25, 0.05, 0.3)]
    moved = [(lag + random.normal(0, 0.006), width, size) for lag, width, size in waves]
    time = np.arange(int(seconds * rate)) / rate
    signal = 0.005 * random.normal(size=len(time))
    for at in beat[beat < seconds + 1]:
        for lag, width, size in moved:
            height = size * random.normal(1, 0.08)
            near = slice(*np.searchsorted(time, (at + lag - 5 * width, at + lag + 5 * width)))
            signal[near] += height * np.exp(-0.5 * ((time[near] - at - lag) / width) ** 2)
    return signal


def filtered(signal):
    return sosfiltfilt(butter(2, [1, 25], "band", fs=360, output="sos"), signal)


def noisy(signal, decibels):
    power = signal.std() * 10 ** (-decibels / 20)
    return signal + power * np.random.default_rng(5).normal(size=len(signal))


COPIES = {
    "16 ms later": lambda s: (s[6:], RATE),
    "40 ms later": lambda s: (s[14:], RATE),
    "2 s later": lambda s: (s[720:], RATE),
    "30 s later": lambda s: (s[10800:], RATE),
    "inverted": lambda s: (-2.5 * s + 1, RATE),
    "filtered anew": lambda s: (filtered(s), RATE),
    "noise of 26 dB": lambda s: (noisy(s, 26), RATE),
    "noise of 20 dB": lambda s: (noisy(s, 20), RATE),
    "at 125 Hz": lambda s: (resample_poly(s, 125, 360), Fraction(125)),
    "10 s of it": lambda s: (s[7000:10600], RATE),
    "all of it": lambda s: (noisy(-resample_poly(filtered(s)[500:], 250, 360), 26), Fraction(250)),
}


def record(name, signal, rate=RATE, *, dataset="mitdb", lead="MLII", subject=None):
    return Record(
        dataset=dataset,
        id=name,
        subject=subject or name,
        signal_CT=np.asarray(signal, np.float32)[None],
        rate_hz=rate,
        leads=(lead,),
        units=("mV",),
        mains_hz=60,
    )


@pytest.fixture
def cut(tmp_path, monkeypatch):
    """Cut recordings into windows by the real stage; return the folder of shards."""

    def run(*recordings, module=mitdb, name="beats", window_s=5, band=BAND):
        have = {one.id: one for one in recordings}
        monkeypatch.setattr(module, "read", lambda root, name: have[name])
        dataset = recordings[0].dataset
        spec = Segment.model_validate(
            {
                "database": dataset,
                "dataset": dataset,
                "signal": {"leads": ["MLII|V5"], "filter": band},
                "rate_hz": 100,
                "cut": {"name": "windows", "window_s": window_s},
            }
        )
        listed = [
            {"name": one.id, "status": "accepted", "rate_hz": float(one.rate_hz)}
            for one in recordings
        ]
        manifest = {"dataset": dataset, "root": str(tmp_path), "digest": "d", "simulated": True}
        write_segments(spec, manifest | {"records": listed}, tmp_path / name)
        return tmp_path / name

    return run


def split(tmp_path, folders, name="split", **options):
    """Run the stage; return its audit and the complaint that ended it, if one did."""
    content = {"scheme": "dechazal", "protocol": "honest"} | options
    what = Split(segments=tuple(folder.name for folder in folders), **content)
    out, audit = tmp_path / f"{name}.parquet", tmp_path / f"{name}.audit.json"
    try:
        scripts.load("split").split(what, folders, out, audit)
    except ValueError as error:
        return json.loads((tmp_path / f"{name}.audit.failed.json").read_text()), str(error)
    return json.loads(audit.read_text()), None


def everybody():
    return [record(name, ecg(int(name))) for name in (*TRAIN, *TEST)]


def test_small_beats_beside_large_ones_are_found() -> None:
    """Of a quarter of the extra beats' height, and of the same width."""
    time, signal = np.arange(10 * 360) / 360, np.zeros(3600)
    beat = np.arange(0.5, 9.6, 0.8)
    for number, at in enumerate(beat):
        height = 1.0 if number % 4 == 3 else 0.4
        signal += height * np.exp(-0.5 * ((time - at) / 0.015) ** 2)
    assert len(qrs_peaks(signal[None], 360.0)[0]) < len(beat)  # at the share of other uses
    np.testing.assert_allclose(rhythm(np.float32(signal), RATE).beat_B, beat, atol=0.01)


def test_long_recordings_take_no_square_of_their_beats() -> None:
    random = np.random.default_rng(0)
    shape = random.integers(-60, 60, (60_000, SHAPE_SAMPLES)).astype(np.int8)
    tracemalloc.start()
    try:
        bits = _shape_bits(shape, shape)
        used = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert bits > 80
    assert used < 1e9  # a table of all pairs would be 29 GB


def test_a_small_study_is_not_aligned_with_all_that_it_starts_from(monkeypatch) -> None:
    """Many recordings of one rhythm on the one side, two of three leads on the other."""
    random = np.random.default_rng(4)

    def lead(beats=15):
        beat_B = np.cumsum(random.normal(0.8, 0.01, beats))
        return Rhythm(beat_B, random.integers(-60, 60, (beats, SHAPE_SAMPLES), dtype=np.int8))

    own, many = [lead() for _ in range(6)], [lead() for _ in range(150)]
    many[70] = own[4]  # a second lead's copy
    one = Side(own, list("aaabbb"), list("aaabbb"))
    other = Side(many, [f"p{n}" for n in range(150)])
    aligned = []
    counted = recordings._in_common
    monkeypatch.setattr(
        recordings, "_in_common", lambda *args: aligned.append(args[2]) or counted(*args)
    )
    (match,) = matches(one, other)
    assert (match.one, match.other) == (4, 70)
    assert len(aligned) <= recordings.ALIGNED * len(own)
    aligned.clear()
    (match,) = matches(other, one)
    assert (match.one, match.other) == (70, 4)


def test_extra_beats_that_are_alike_are_no_copy() -> None:
    """Every third beat an extra one, of one shape in both people: their own deviations differ."""
    random = np.random.default_rng(0)
    usual_S, extra_S = random.normal(0, 20, (2, SHAPE_SAMPLES))

    def beats() -> np.ndarray:
        kinds_BS = np.stack([extra_S if n % 3 == 2 else usual_S for n in range(24)])
        return np.int8(np.rint(kinds_BS + random.normal(0, 2, kinds_BS.shape)))

    one, other = beats(), beats()
    assert _shape_bits(one, other) < 10
    assert _shape_bits(one, one + np.int8(random.integers(-1, 2, one.shape))) > 30


def test_people_of_their_own_are_told_apart(tmp_path, cut):
    report, complaint = split(tmp_path, [cut(*everybody())])
    assert complaint is None
    assert report["findings"]["same_recordings"] == 0
    assert report["no_fingerprint"]["recordings"] == 0


@pytest.mark.parametrize("copy", COPIES)
def test_a_second_name_is_found(tmp_path, cut, copy):
    signal, rate = COPIES[copy](ecg(106))
    folder = cut(*everybody(), record("111", signal, rate))
    report, complaint = split(tmp_path, [folder])
    assert report["findings"]["same_recordings"] == 1
    (case,) = report["examples"]["same_recordings"]
    assert (case["recording"], case["other"]) == ("mitdb/111", "mitdb/106")
    assert "recording that is, by its rhythm, one of another part" in complaint
    assert "such as mitdb/111 (test) and mitdb/106 (train): " in complaint
    counted, silence = split(tmp_path, [folder], protocol="paper")
    assert silence is None
    assert counted["findings"] == report["findings"]


def test_what_has_no_beats_is_counted(tmp_path, cut):
    flat = np.linspace(0, 1, 3600)
    report, complaint = split(tmp_path, [cut(*everybody(), record("111", flat))])
    assert complaint is None
    assert report["no_fingerprint"] == {"recordings": 1, "of": 7, "examples": ["mitdb/111"]}


def test_a_fingerprint_changes_no_shard(cut, monkeypatch):
    folder = cut(*everybody(), name="one")
    first = [file.read_bytes() for file in sorted(folder.glob("part-*"))]
    monkeypatch.setattr("cardiograft.segments.rhythms.rhythm", lambda *_: rhythms.none())
    again = cut(*everybody(), name="two")
    assert [file.read_bytes() for file in sorted(again.glob("part-*"))] == first
    assert len(rhythms.read([folder])) == 6


def test_shards_cut_before_there_were_fingerprints_are_named(tmp_path, cut):
    folder = cut(*everybody())
    (folder / rhythms.FILE).unlink()
    with pytest.raises(FileNotFoundError, match=r"no recordings\.parquet in .*: cut these"):
        rhythms.read([folder])


def test_fingerprints_of_another_version_are_refused(tmp_path, cut):
    folder = cut(*everybody())
    file = folder / rhythms.FILE
    table = pq.read_table(file)
    key, version = rhythms.MADE_BY
    assert table.schema.metadata[key] == version
    for metadata, named in ((None, "1"), ({key: b"17"}, "17")):
        pq.write_table(table.replace_schema_metadata(metadata), file)
        with pytest.raises(ValueError, match=rf"fingerprints of version {named}, not "):
            rhythms.read([folder])


def lineage(tmp_path, folders, trained, tested="split", protocol="honest"):
    """Audit a model that was trained on a split's training part; return what is found."""
    what = Audit(
        protocol=protocol,
        split=tested,
        lineage=(Ancestor(stage="pretrain", entry="first", split=trained, uses=("train",)),),
    )
    counts = tmp_path / f"{tested}.audit.json"
    files = [tmp_path / f"{name}.parquet" for name in (tested, trained)]
    out = tmp_path / "audit.json"
    try:
        scripts.load("audit").audit(what, files, counts, out, folders)
    except ValueError as error:
        return json.loads((tmp_path / "audit.failed.json").read_text()), str(error)
    return json.loads(out.read_text()), None


def elsewhere(tmp_path, cut, *recordings):
    """Cut recordings of nstdb, so called, and put them all in a training part."""
    folder = cut(*recordings, module=nstdb, name="elsewhere")
    options = {"scheme": "subject", "test": 0.0}
    assert split(tmp_path, [folder], "pretext", **options)[1] is None
    return folder


def test_a_pretraining_on_the_same_recordings_under_other_names(tmp_path, cut):
    here = cut(*everybody())
    assert split(tmp_path, [here])[1] is None
    copies = [record(f"x{name}", filtered(ecg(int(name)))[300:], dataset="nstdb") for name in TEST]
    there = elsewhere(tmp_path, cut, *copies)
    report, complaint = lineage(tmp_path, [here, there], "pretext")
    assert (report["findings"][0]["subjects"], report["findings"][0]["recordings"]) == (0, 3)
    assert "used 3 of the test recordings of 'split' under another name, such as" in complaint
    other = [record(f"y{n}", ecg(900 + n), dataset="nstdb") for n in range(3)]
    clean = elsewhere(tmp_path, cut, *other)
    assert lineage(tmp_path, [here, clean], "pretext")[1] is None


def of_two_leads(name, **changes):
    """A recording whose second lead shows other beats: what is known of one says nothing of it."""
    one = record(name, ecg(int(name)))
    both = np.stack([one.signal_CT[0], np.float32(ecg(300 + int(name)))])
    return replace(one, signal_CT=both, leads=("MLII", "V1"), units=("mV", "mV"), **changes)


def test_a_pretraining_on_another_lead_alone_under_other_names(tmp_path, cut):
    """Whichever side has both leads, and whichever of them its segments are of."""
    both = cut(*map(of_two_leads, (*TRAIN, *TEST)), name="both")
    assert split(tmp_path, [both])[1] is None
    alone = [record(f"x{n}", filtered(ecg(300 + int(n)))[300:], dataset="nstdb") for n in TEST]
    there = elsewhere(tmp_path, cut, *alone)
    report, complaint = lineage(tmp_path, [both, there], "pretext")
    (found,) = report["findings"]
    assert found["recordings"] == 3
    cases = [(case["recording"], case["other"]) for case in found["recording_examples"]]
    assert sorted(cases) == [(f"mitdb/{name}", f"nstdb/x{name}") for name in TEST]
    assert "used 3 of the test recordings of 'split' under another name" in complaint

    singles = cut(*[record(n, ecg(300 + int(n))) for n in TEST], record("101", ecg(101)))
    assert split(tmp_path, [singles])[1] is None
    pairs = [of_two_leads(n, dataset="nstdb", subject=f"x{n}") for n in TEST]
    there = elsewhere(tmp_path, cut, *pairs)
    report, complaint = lineage(tmp_path, [singles, there], "pretext")
    assert report["findings"][0]["recordings"] == 3
    assert complaint is not None


def test_leads_are_one_recording(tmp_path, cut):
    """A copy of all leads counts once, and leads of one recording are no copies of another."""
    people = [of_two_leads(name) for name in (*TRAIN, *TEST)]
    twin = replace(of_two_leads("106"), id="111", subject="111")
    report, complaint = split(tmp_path, [cut(*people, twin)])
    assert "1 recording that is, by its rhythm, one of another part" in complaint
    assert report["findings"]["same_recordings"] == 1
    assert report["no_fingerprint"]["of"] == 7


def test_every_ecg_lead_has_a_fingerprint_and_the_entrys_comes_first(tmp_path, cut):
    turned = of_two_leads("100")
    turned = replace(turned, signal_CT=turned.signal_CT[::-1], leads=("V1", "MLII"))
    known = rhythms.read([cut(of_two_leads("101"), turned)])
    assert known["record"].to_pylist() == ["mitdb/100"] * 2 + ["mitdb/101"] * 2
    assert known["lead"].to_pylist() == ["MLII", "V1"] * 2
    assert known["beside"].to_pylist() == [False, True] * 2
    pressed = replace(of_two_leads("103"), leads=("MLII", "ABP"))
    assert rhythms.read([cut(pressed)])["lead"].to_pylist() == ["MLII"]


def test_fingerprints_of_one_lead_are_still_read(tmp_path, cut):
    """Those of before there were several, which come along with networks."""
    folder = cut(*everybody())
    whole = rhythms.read([folder])
    file = folder / rhythms.FILE
    pq.write_table(whole.drop_columns(["beside"]), file)
    assert rhythms.read([folder]).equals(whole)


def single_beats(seed, *, sign=1):
    """The first seconds of a heart as a table has them: each row by itself, nobody's."""
    rows = ecg(seed)[: 20 * 360].reshape(20, 360)
    return [record(f"row-{seed}-{n}", sign * row, dataset="nstdb") for n, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("rows", "alike"),
    [
        (single_beats(100, sign=-2), 20),
        (single_beats(900), 0),
    ],
    ids=["of a test person", "of nobody here"],
)
def test_a_pretraining_on_single_beats_under_other_names(tmp_path, cut, rows, alike):
    """They have no rhythm to be known by; a second that was tested is known by its shape."""
    here = cut(*everybody(), window_s=1, band=None)
    assert split(tmp_path, [here])[1] is None
    there = cut(*rows, module=nstdb, name="elsewhere", window_s=1, band=None)
    assert split(tmp_path, [there], "pretext", scheme="subject", test=0.0)[1] is None
    report, complaint = lineage(tmp_path, [here, there], "pretext")
    (found,) = report["findings"]
    assert (found["subjects"], found["recordings"], found["shapes"]) == (0, 0, alike)
    assert found["no_fingerprint"] == len(rows)
    assert (complaint is None) is (alike == 0)
    if alike:
        assert f"used 20 of the {report['segments']} test segments of 'split' under" in complaint
        assert "such as mitdb/100/" in complaint
        assert "there nstdb/row-100-" in complaint


def test_what_never_changes_is_no_copy(tmp_path):
    """Of a flat line nobody can say whose it was."""
    still, moving = np.zeros((1, 125)), np.random.default_rng(0).normal(size=(1, 125))
    folders = []
    for dataset, name in (("mitdb", "here"), ("nstdb", "there")):
        shelf = Shelf(dataset)
        shelf.add("100", 0, still)
        shelf.add("100", 1000, moving)
        shelf.add("101", 0, np.random.default_rng(len(folders) + 1).normal(size=(1, 125)))
        folders.append(shelf.write(tmp_path / name))
        options = {"scheme": "named", "test_subjects": ("mitdb/100",)}
        if name == "there":
            options = {"scheme": "subject", "test": 0.0}
        assert split(tmp_path, folders[-1:], name, **options)[1] is None
    report, _ = lineage(tmp_path, folders, "there", tested="here")
    (case,) = report["findings"][0]["shape_examples"]
    assert case["id"].startswith("mitdb/100/")
    assert case["id"].endswith("/1000")


def test_nstdb_118_is_mitdb_118(tmp_path, cut):
    people = [record(name, ecg(int(name))) for name in (*TRAIN, "118")]
    here = cut(*people)
    options = {"scheme": "named", "test_subjects": ("mitdb/118",)}
    assert split(tmp_path, [here], **options)[1] is None
    noisy_copy = record(
        "118e24", noisy(ecg(7), 3), dataset="nstdb", subject=nstdb.subject(tmp_path, "118e24")
    )
    there = elsewhere(tmp_path, cut, noisy_copy)
    report, complaint = lineage(tmp_path, [here, there], "pretext")
    assert report["findings"][0]["subjects"] == 1
    assert "used 1 of the 1 test subjects of 'split'" in complaint
    assert "such as mitdb/118" in complaint


@pytest.mark.parametrize("seed", range(2, 7))
def test_one_person_of_two_data_sets_goes_to_one_part(tmp_path, cut, seed):
    here = cut(*[record(name, ecg(int(name), 20)) for name in (*TRAIN, "118", "119")])
    copies = [
        record(f"{n}e06", ecg(int(n) + 40, 20), dataset="nstdb", subject=n) for n in ("118", "119")
    ]
    there = cut(*copies, module=nstdb, name="there")
    options = {"scheme": "subject", "test": 0.4, "seed": seed}
    assert split(tmp_path, [here, there], **options)[1] is None
    table = read_split_table(tmp_path / "split.parquet")
    for name in ("118", "119"):
        mine = table.subject_N == f"mitdb/{name}"
        assert len(set(table.part_N[mine])) == 1
    records = table.table["record"].to_pylist()
    assert {"mitdb/118", "nstdb/118e06"} <= set(records)
    assert not any(name.startswith("nstdb/") for name in table.subject_N)  # one name each


def by_time(tmp_path, cut, begun, protocol="personal", **options):
    """Split by time a recording and another name of it that begins so many seconds later."""
    signal = ecg(106, 90)
    copy = record("111", filtered(signal)[int(begun * 360) :])
    folder = cut(record("106", signal), copy, record("101", ecg(101, 90)))
    what = {"scheme": "time", "test": 0.5, "protocol": protocol} | options
    return split(tmp_path, [folder], **what)


def test_other_minutes_of_a_recording_under_a_second_name(tmp_path, cut):
    """Both names are cut at the same time: what is trained on is not what is tested."""
    report, complaint = by_time(tmp_path, cut, 0)
    assert complaint is None
    assert report["findings"]["same_recordings"] == 0


def test_the_same_minutes_of_a_recording_under_a_second_name(tmp_path, cut):
    """The one's beginning is trained on; it is the other's end, or part of it, which is tested."""
    report, complaint = by_time(tmp_path, cut, 40)
    assert report["findings"]["same_recordings"] == 1
    (case,) = report["examples"]["same_recordings"]
    assert {case["recording"], case["other"]} == {"mitdb/106", "mitdb/111"}
    assert "by its rhythm" in complaint


def test_a_calibration_means_other_minutes_as_well(tmp_path, cut):
    options = {
        "scheme": "named",
        "test_subjects": ("mitdb/106", "mitdb/111"),
        "calibration": {"seconds": 40},
    }
    assert by_time(tmp_path, cut, 0, **options)[1] is None
    assert "by its rhythm" in by_time(tmp_path, cut, 30, **options)[1]


def test_a_lineage_by_time_is_compared_at_the_times_in_use(tmp_path, cut):
    options = {"scheme": "time", "test": 0.5, "protocol": "personal"}
    signal = ecg(106, 90)
    here = cut(record("106", signal), record("101", ecg(101, 90)))
    assert split(tmp_path, [here], **options)[1] is None
    for begun, passes in ((0, True), (40, False)):
        there = cut(
            record("x", filtered(signal)[int(begun * 360) :], dataset="nstdb"),
            module=nstdb,
            name=f"elsewhere{begun}",
        )
        assert split(tmp_path, [there], "pretext", **options)[1] is None
        report, complaint = lineage(tmp_path, [here, there], "pretext", protocol="personal")
        assert report["findings"][0]["recordings"] == (0 if passes else 1)
        assert (complaint is None) is passes


def test_one_person_has_one_name_whatever_group_leads_to_it():
    groups = [["mine/p07", "mitdb/118"], ["yours/3", "mitdb/118"]]
    names = ("mine/p07", "mitdb/118", "yours/3", "nstdb/118e24", "nstdb/118")
    assert {person(name, groups) for name in names} == {"mine/p07"}
    assert {person(name, groups[::-1]) for name in names} == {"yours/3"}
    both = [["mine/*", "mitdb/*"]]
    assert len({person(f"{d}/{n}", both) for d in ("mine", "mitdb") for n in (201, 202)}) == 1
    assert person("mine/100", both) == person("mitdb/100", both) != person("mitdb/101", both)
    circle = [["x/a", "x/b"], ["x/b", "x/c"], ["x/c", "x/a"]]
    assert len({person(f"x/{name}", circle) for name in "abc"}) == 1
    assert person("x/1", [["x/*", "x/0*"]])  # comes to an end


@pytest.mark.parametrize(
    ("subject", "same"),
    [
        ("nstdb/118", "mitdb/118"),
        ("nstdb/119e_6", "mitdb/119"),
        ("mitdb/202", "mitdb/201"),
        ("nstdb/em", "nstdb/em"),
        ("mitdb/100", "mitdb/100"),
        ("ecg-arrhythmia/WFDBRecords/01/010/JS00001", "challenge_2021/JS00001"),
        ("challenge_2021/training/ningbo/g10/JS20000", "challenge_2021/JS20000"),
        ("challenge-2020/HR00007", "challenge_2021/HR00007"),
        ("ptb_xl/records500/00000/00007_hr", "challenge_2021/HR00007"),
        ("ptbxl/00007_lr", "challenge_2021/HR00007"),
        ("mine/p07", "mitdb/118"),
        ("again/patient3", "mine/p3"),
        ("again/patient07", "mitdb/118"),
        ("st-petersburg-incart/I0001", "challenge_2021/I0001"),
        ("incartdb/I01", "incartdb/I01"),
    ],
)
def test_aliases(subject, same):
    own = [("mitdb/118", "mine/p07"), ("mine/p*", "again/patient*")]
    assert person(subject, own) == same


def test_names_that_lead_to_each_other_are_one_person():
    own = [("a/1", "b/1"), ("b/1", "a/1")]
    assert len({person(name, own) for name in ("a/1", "b/1")}) == 1


def test_a_regular_rhythm_is_nobodys_own():
    """Two pacemakers at one rate agree for minutes, and say nothing."""

    def paced(seed):
        random = np.random.default_rng(seed)
        beat = 0.3 + 0.8 * np.arange(300) + random.normal(0, 0.001, 300)
        time = np.arange(240 * 250) / 250
        near = time[:, None] - beat[np.searchsorted(beat, time).clip(1, 299)[:, None] + [-1, 0]]
        signal = np.exp(-0.5 * (near / 0.012) ** 2).sum(axis=1)
        return rhythm(
            (signal + 0.01 * random.normal(size=len(time))).astype(np.float32), Fraction(250)
        )

    paced_rhythms = [paced(seed) for seed in range(4)]
    assert len(paced_rhythms[0].beat_B) > 250
    assert not matches(Side(paced_rhythms[:2], ["a", "b"]), Side(paced_rhythms[2:], ["c", "d"]))


def test_one_person_is_not_compared_with_himself():
    one = rhythm(ecg(3).astype(np.float32), RATE)
    assert not matches(Side([one], ["a"]), Side([one], ["a"]))
    (match,) = matches(Side([one], ["a"]), Side([one], ["b"]))
    assert match.offset_s == pytest.approx(0, abs=0.01)
    assert match.bits > match.needed_bits + 50


@pytest.mark.parametrize("far", [1, 40_000_000])
def test_votes_have_a_number_each_however_many_recordings_there_are(far):
    random = np.random.default_rng(1)
    recording_V, other_V = random.integers(0, 50, (2, 2000)) * far
    bin_V = random.integers(-3000, 3000, 2000) * 100
    number_V = recordings._numbered(recording_V, other_V, bin_V)
    expected = np.lexsort((bin_V, other_V, recording_V))
    same = np.unique(np.stack([recording_V, other_V, bin_V]), axis=1).shape[1]
    assert len(np.unique(number_V)) == same
    assert (number_V >= 0).all()
    np.testing.assert_array_equal(np.argsort(number_V, kind="stable"), expected)

"""Data sets of rhythms: real recordings and labels, and simulated ones that differ as they do."""

import dataclasses
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import wfdb
from scipy.io import loadmat

from cardiograft.datasets import (
    _challenge_2017,
    _chapman_ecg,
    _shaoxing,
    challenge_2017,
    challenge_2021,
    chapman_ecg,
    ecg_arrhythmia,
    icentia11k,
)
from cardiograft.datasets.simulation import hearts, rhythms
from cardiograft.physionet.headers import UnfitError
from cardiograft.segments.labels import challenge_2017 as noted
from cardiograft.segments.labels import rhythm as spans
from cardiograft.segments.labels import snomed_rhythm
from cardiograft.signals.rhythm_codes import RHYTHMS
from cardiograft.splits.people import person


@pytest.fixture
def hands(physionet: Path) -> Path:
    return physionet / "challenge-2017" / "1.0.0"


@pytest.fixture
def wards(physionet: Path) -> Path:
    return physionet / "ecg-arrhythmia" / "1.0.0"


def nested(root: Path) -> list[str]:
    folders = (root / "RECORDS").read_text().split()
    return [f"{f}{name}" for f in folders for name in (root / f / "RECORDS").read_text().split()]


# --- challenge-2017


def test_the_labels_at_hand_are_counted_by_version(hands: Path) -> None:
    counts = {v: Counter(_challenge_2017.labels(hands, v).values()) for v in ("v0", "v2", "v3")}
    assert counts["v3"] == {"N": 3043, "O": 1467, "A": 457, "~": 168}
    assert counts["v2"] == {"N": 3030, "O": 1496, "A": 441, "~": 168}
    assert counts["v0"] == {"N": 3086, "O": 1564, "A": 456, "~": 29}
    by_version = [_challenge_2017.labels(hands, v) for v in ("v0", "v2", "v3")]
    assert sum(len({labels[r] for labels in by_version}) > 1 for r in by_version[0]) == 264


def test_a_real_recording_of_the_challenge_equals_what_wfdb_reads(hands: Path) -> None:
    for name in ("training/A00/A00001", "training/A02/A02656"):
        record = challenge_2017.read(hands, name)
        theirs = wfdb.rdrecord(str(hands / name))
        np.testing.assert_array_equal(record.signal_CT, theirs.p_signal.T.astype(np.float32))
        assert (record.leads, record.rate_hz, record.units) == (("ECG",), 300, ("mV",))
        assert noted.label(record, version="v3").whole == "N"


def test_contradicting_labels_refuse_their_record_alone(tmp_path: Path) -> None:
    names = challenge_2017.names()[:3]
    challenge_2017.simulate(tmp_path, names, 0, duration_s=9.0)
    (tmp_path / "REFERENCE-v3.csv").write_text("A00001,N\nA00002,A\nA00001,A\nA00002,A\n")
    with pytest.raises(UnfitError, match=r"contradict in REFERENCE-v3\.csv: N and A"):
        challenge_2017.read(tmp_path, names[0])
    assert noted.label(challenge_2017.read(tmp_path, names[1])).whole == "A"
    assert noted.label(challenge_2017.read(tmp_path, names[2])).unusable == "no label v3"


def test_the_same_bytes_are_one_person(hands: Path) -> None:
    for one, other in (("A00/A00227", "A01/A01176"), ("A02/A02656", "A03/A03123")):
        files = [(hands / f"training/{name}.mat").read_bytes() for name in (one, other)]
        assert files[0] == files[1]
        whose = {challenge_2017.subject(hands, f"training/{name}") for name in (one, other)}
        assert whose == {one.rpartition("/")[2]}
    assert challenge_2017.subject(hands, "validation/A00001") == "A00001"


def test_recordings_made_along_with_one_another_are_one_person(hands: Path) -> None:
    pairs = [("A00124", "A03032"), ("A00227", "A03242"), ("A00385", "A01980")]
    pairs += [("A00227", other) for other in ("A00595", "A00908", "A01014", "A03717")]
    for one, other in [*pairs, ("A02656", "A03530")]:
        assert challenge_2017.subject(hands, f"training/{other[:3]}/{other}") == one
        signals = []
        for name in (one, other):
            path = hands / f"training/{name[:3]}/{name}.mat"
            signals.append(np.frombuffer(path.read_bytes()[24:], dtype="<i2").astype(float))
        size = min(map(len, signals))
        apart = [
            abs(
                np.corrcoef(
                    signals[0][max(lag, 0) : size + min(lag, 0)],
                    signals[1][max(-lag, 0) : size + min(-lag, 0)],
                )[0, 1]
            )
            for lag in range(-5, 6)
        ]
        assert max(apart) > 0.9, (one, other)


def test_a_version_of_the_labels_is_chosen_and_a_missing_one_is_said(tmp_path: Path) -> None:
    names = challenge_2017.names()[:200]
    challenge_2017.simulate(tmp_path, names[:1], 0, duration_s=2.0)
    shutil.rmtree(tmp_path / "training")
    of = [_challenge_2017.labels(tmp_path, v) for v in ("v0", "v3")]
    assert len(of[0]) == len(of[1]) == 8528
    changed = next(r for r in of[0] if of[0][r] != of[1][r])
    name = next(n for n in challenge_2017.names() if n.endswith(changed))
    challenge_2017.simulate(tmp_path, (name,), 0, duration_s=2.0)
    record = challenge_2017.read(tmp_path, name)
    assert noted.label(record, version="v0").whole == of[0][changed]
    assert noted.label(record).whole == of[1][changed]
    (tmp_path / "REFERENCE-v0.csv").unlink()
    without = noted.label(challenge_2017.read(tmp_path, name), version="v0")
    assert without.unusable == "no label v0"


def test_simulated_labels_have_the_published_shares() -> None:
    counts = Counter(_challenge_2017.simulated_labels(n, even=False)["v3"] for n in range(1, 8529))
    assert sum(_challenge_2017.COUNTS.values()) == 8528
    for label, count in _challenge_2017.COUNTS.items():
        assert abs(counts[label] - count) <= 2


# --- twelve leads, two hospitals


def test_real_twelve_leads_equal_what_wfdb_reads(wards: Path) -> None:
    names = nested(wards)
    assert [n.rpartition("/")[2] for n in names] == ["JS00001", "JS00002", "JS00004", "JS00005"]
    rhythm = []
    for name in names:
        record = ecg_arrhythmia.read(wards, name)
        theirs = wfdb.rdrecord(str(wards / name))
        np.testing.assert_array_equal(record.signal_CT, theirs.p_signal.T.astype(np.float32))
        assert record.leads == _shaoxing.LEADS
        rhythm.append(snomed_rhythm.label(record).whole)
    assert rhythm == ["AFIB", "SB", "SB", "AF"]


def test_real_names_are_among_the_twins(wards: Path, physionet: Path) -> None:
    assert set(nested(wards)) <= set(ecg_arrhythmia.names())
    listed = nested(physionet / "challenge-2021" / "1.0.3")
    assert len(listed) == 50
    assert set(listed) <= set(challenge_2021.names())
    assert len(ecg_arrhythmia.names()) == 45_152
    assert len(challenge_2021.names()) == 88_253


def test_the_challenge_of_2021_reads_every_record_at_hand(physionet: Path) -> None:
    root = physionet / "challenge-2021" / "1.0.3"
    kept = Counter()
    for name in nested(root):
        record = challenge_2021.read(root, name)
        assert record.signal_CT.shape == (12, 5000)
        assert set(record.units) <= {"mV", "mv"}
        labels = snomed_rhythm.label(record)
        kept[labels.whole or labels.unusable] += 1
    assert kept.total() == 50
    assert kept["several rhythms: AT and ST"] == 2
    one, other = (
        challenge_2021.read(root, f"training/georgia/g8/{n}") for n in ("E07509", "E07510")
    )
    np.testing.assert_array_equal(one.signal_CT, other.signal_CT)
    assert one.subject == other.subject


def test_a_twin_is_a_matlab_file_to_others_too(tmp_path: Path) -> None:
    name = challenge_2021.names()[-1]
    challenge_2021.simulate(tmp_path, (name,), 0, duration_s=2.0)
    stored_CT = loadmat(tmp_path / f"{name}.mat")["val"]
    assert stored_CT.dtype == np.int16
    record = challenge_2021.read(tmp_path, name)
    np.testing.assert_allclose(record.signal_CT, stored_CT / 1000, rtol=1e-6)
    assert wfdb.rdheader(str(tmp_path / name)).comments[2].startswith("Dx: ")


def test_hospitals_are_told_apart_by_number() -> None:
    subjects = [ecg_arrhythmia.subject(Path(), name) for name in ecg_arrhythmia.names()]
    counts = Counter(subject.partition("/")[0] for subject in subjects)
    assert counts == {"chapman_shaoxing": 10_247, "ningbo": 34_905}
    assert ecg_arrhythmia.names()[10_247].endswith("JS10647")
    with pytest.raises(ValueError, match="no number after JS"):
        ecg_arrhythmia.subject(Path(), "WFDBRecords/01/010/A0001")


def test_a_person_has_one_name_in_both_databases() -> None:
    for name in ("JS00001", "JS20000", "JS45551"):
        subjects = {
            f"{module.__name__.rpartition('.')[2]}/{module.subject(Path(), record)}"
            for module in (ecg_arrhythmia, challenge_2021)
            for record in module.names()
            if record.endswith(name)
        }
        assert len(subjects) == 2
        assert len({person(subject) for subject in subjects}) == 1
    assert person("challenge_2020/E07510") == person("challenge_2021/georgia/E07509")


def test_missing_samples_quarantine_a_record(tmp_path: Path) -> None:
    name = ecg_arrhythmia.names()[0]
    ecg_arrhythmia.simulate(tmp_path, (name,), 0, duration_s=2.0)
    path = tmp_path / f"{name}.mat"
    content = bytearray(path.read_bytes())
    content[24 + 24 * 7 : 24 + 24 * 7 + 2] = (0x8000).to_bytes(2, "little")
    path.write_bytes(content)
    with pytest.raises(UnfitError, match=r"missing samples: 1 of I$"):
        ecg_arrhythmia.read(tmp_path, name)


def test_shares_of_rhythms_are_the_published_ones() -> None:
    assert sum(_shaoxing.COUNTS.values()) == 10_646
    groups = Counter()
    for name, count in _shaoxing.COUNTS.items():
        groups[RHYTHMS[name].group] += count
    assert groups == {"AFIB": 2225, "GSVT": 2307, "SB": 3889, "SR": 2225}
    counts = Counter(rhythms.assigned(n, _shaoxing.COUNTS) for n in range(10_646))
    assert all(abs(counts[name] - count) <= 2 for name, count in _shaoxing.COUNTS.items())
    even = Counter(rhythms.assigned(n, _shaoxing.COUNTS, even=True) for n in range(110))
    assert set(even) == set(_shaoxing.COUNTS)
    assert max(even.values()) - min(even.values()) <= 2


# --- the same as first published


def test_a_spreadsheet_stands_for_records(tmp_path: Path) -> None:
    names = chapman_ecg.names()[5:9]
    chapman_ecg.simulate(tmp_path, names, 0, duration_s=1.0)
    assert chapman_ecg.listed(tmp_path) == names
    record = chapman_ecg.read(tmp_path, names[0])
    label = _chapman_ecg.diagnostics(tmp_path / "Diagnostics.xlsx")[names[0]][0]["Rhythm"]
    assert snomed_rhythm.label(record).whole == label
    assert snomed_rhythm.label(record, classes="four").whole == RHYTHMS[label].group


def test_a_file_without_a_row_of_names_has_the_usual_order(tmp_path: Path) -> None:
    name = chapman_ecg.names()[0]
    chapman_ecg.simulate(tmp_path, (name,), 0, duration_s=1.0)
    path = tmp_path / "ECGData" / f"{name}.csv"
    whole = chapman_ecg.read(tmp_path, name)
    rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join(rows[1:]))
    np.testing.assert_array_equal(chapman_ecg.read(tmp_path, name).signal_CT, whole.signal_CT)
    path.write_text("".join([rows[0].replace("aVR", "ECG"), *rows[1:]]))
    with pytest.raises(UnfitError, match="not the twelve"):
        chapman_ecg.read(tmp_path, name)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda rows: [*rows[:9], ",".join(["1"] * 13) + "\n", *rows[9:]], "unreadable"),
        (lambda rows: [*rows[:9], ",".join(["x"] * 12) + "\n", *rows[9:]], "unreadable"),
        (lambda rows: [*rows[:9], "," * 11 + "\n", *rows[9:]], "missing samples: 1 of I, 1 of II"),
        (lambda rows: [row.rpartition(",")[0] + "\n" for row in rows], "not the twelve"),
        (lambda rows: rows[:1], "unreadable|missing|columns"),
    ],
)
def test_an_odd_file_of_columns_is_refused_in_one_line(
    change: object, says: str, tmp_path: Path
) -> None:
    name = chapman_ecg.names()[0]
    chapman_ecg.simulate(tmp_path, (name,), 0, duration_s=1.0)
    path = tmp_path / "ECGData" / f"{name}.csv"
    path.write_text("".join(change(path.read_text().splitlines(keepends=True))))
    with pytest.raises(UnfitError, match=says) as raised:
        chapman_ecg.read(tmp_path, name)
    assert "\n" not in str(raised.value)


def test_contradicting_rows_of_a_spreadsheet_refuse_their_record_alone(tmp_path: Path) -> None:
    one, other, third = names = chapman_ecg.names()[:3]
    chapman_ecg.simulate(tmp_path, names, 0, duration_s=1.0)
    rows = [(one, "SB", "NONE", 50, "MALE"), (one, "AFIB", "NONE", 50, "MALE")]
    rows += [(other, "SR", "NONE", 60, "FEMALE")] * 2 + [(third, "VT", "NONE", 60, "FEMALE")]
    _chapman_ecg.write_diagnostics(tmp_path / "Diagnostics.xlsx", rows)
    assert chapman_ecg.listed(tmp_path) == names
    with pytest.raises(UnfitError, match=r"Diagnostics\.xlsx: Rhythm 'SB' and 'AFIB'"):
        chapman_ecg.read(tmp_path, one)
    assert snomed_rhythm.label(chapman_ecg.read(tmp_path, other)).whole == "SR"
    unknown = snomed_rhythm.label(chapman_ecg.read(tmp_path, third)).unusable
    assert unknown.startswith("rhythm 'VT' is none of SB, SR,")


def test_a_column_of_a_spreadsheet_that_stands_twice_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(_chapman_ecg, "USED", (*_chapman_ecg.USED, "Rhythm"))
        rows = [("MUSE_1", "SB", "NONE", 50, "MALE", "SR")]
        _chapman_ecg.write_diagnostics(tmp_path / "Diagnostics.xlsx", rows)
    with pytest.raises(ValueError, match=r"Diagnostics\.xlsx has several columns Rhythm"):
        chapman_ecg.listed(tmp_path)


@pytest.mark.parametrize("mark", [",", ";", " ", "; "])
def test_codes_stand_apart_by_any_usual_mark(mark: str, tmp_path: Path) -> None:
    name = ecg_arrhythmia.names()[0]
    ecg_arrhythmia.simulate(tmp_path, (name,), 0, duration_s=2.0)
    record = ecg_arrhythmia.read(tmp_path, name)
    codes = mark.join(("39732003", RHYTHMS["SB"].code))
    changed = dataclasses.replace(record, comments=(f"Dx: {codes}",))
    assert snomed_rhythm.label(changed).whole == "SB"


def test_what_is_no_spreadsheet_is_said(tmp_path: Path) -> None:
    (tmp_path / "Diagnostics.xlsx").write_text("FileName,Rhythm\n")
    with pytest.raises(ValueError, match=r"unreadable Diagnostics\.xlsx"):
        chapman_ecg.listed(tmp_path)
    with pytest.raises(FileNotFoundError, match="no spreadsheet"):
        chapman_ecg.listed(tmp_path / "elsewhere")


# --- icentia11k


def test_rhythms_of_a_piece_begin_and_end(tmp_path: Path) -> None:
    name = next(
        n
        for n in icentia11k.names()[::50]
        if icentia11k._picture(
            icentia11k.generator(0, "icentia11k", "subject", icentia11k.subject(Path(), n))
        ).episodes
    )
    icentia11k.simulate(tmp_path, (name,), 0, duration_s=1800.0)
    record = icentia11k.read(tmp_path, name)
    assert {"(AFIB", "(N", ")"} <= set(record.annotations.aux_A.tolist())
    opened = spans.label(record).mark_A
    assert {"AFIB", "N", "", None} == set(opened.tolist())
    assert set(record.annotations.symbol_A.tolist()) <= set("NSVQ+")


# --- rhythms differ as real ones do

SECONDS, RATE = 60.0, 500


def made(name: str, seed: int) -> tuple[rhythms.Laid, np.ndarray]:
    rng = np.random.default_rng(seed)
    heart = hearts.person(rng)
    laid = rhythms.laid_out(name, SECONDS, rng)
    lead = rhythms.leads(heart, laid, ("II",), rate_hz=RATE, samples=round(SECONDS * RATE), rng=rng)
    return laid, lead[0]


def per_minute(laid: rhythms.Laid) -> float:
    return float(60 / np.mean(np.diff(laid.beats.time_N)))


def spread(laid: rhythms.Laid) -> float:
    step = np.diff(laid.beats.time_N)
    return float(step.std() / step.mean())


@pytest.mark.parametrize("name", rhythms.KINDS)
def test_a_rhythm_has_its_rate_and_regularity(name: str) -> None:
    laid = [rhythms.laid_out(name, SECONDS, np.random.default_rng(seed)) for seed in range(12)]
    rates, spreads = [per_minute(one) for one in laid], [spread(one) for one in laid]
    low, high = {
        "SB": (38, 61),
        "SR": (58, 101),
        "ST": (98, 150),
        "SA": (52, 88),
        "SAAWR": (55, 100),
        "AFIB": (58, 150),
        "AF": (58, 172),
        "AT": (105, 182),
    }.get(name, (143, 218))
    assert low <= min(rates)
    assert max(rates) <= high
    if name == "AFIB":
        assert min(spreads) > 0.15
    elif name == "SA":
        assert min(spreads) > 0.07
    elif name in ("SVT", "AVNRT", "AVRT", "AT"):
        assert max(spreads) < 0.02
    elif name == "AF":
        whole = sum(one < 1e-6 for one in spreads)
        assert 6 <= whole < 12  # conducted in a fixed ratio, or in one that varies
    else:
        assert np.median(spreads) < 0.1  # half of fibrillation's, and now and then as much


def before_qrs(laid: rhythms.Laid, lead_T: np.ndarray) -> float:
    """Return the P wave's height in the mean beat, over the QRS's: the arc over its own chord."""
    at_B = np.rint(laid.beats.time_N[1:-1] * RATE).astype(int)
    mean_T = np.mean([lead_T[at - 140 : at + 50] for at in at_B if at >= 140], axis=0)
    around = mean_T[: 140 - 28]
    chord = np.linspace(around[0], around[-1], len(around))
    return float(np.ptp(around - chord) / np.ptp(mean_T))


def test_fibrillation_and_reentry_have_no_p_wave_before_the_qrs() -> None:
    # at one slow rate, so that no T wave lies where P is looked for
    slow = {name: kind._replace(usual=55, utmost=60) for name, kind in rhythms.KINDS.items()}
    heights = {}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rhythms, "KINDS", slow)
        for name in ("SR", "SB", "AFIB", "SVT", "AVNRT", "AVRT"):
            heights[name] = np.median([before_qrs(*made(name, seed)) for seed in range(10)])
    sinus = min(heights["SR"], heights["SB"])
    assert sinus > 0.04
    for name in ("SVT", "AVNRT", "AVRT"):
        assert heights[name] < 0.4 * sinus
    assert heights["AFIB"] < 0.75 * sinus  # fine waves are left of 60 averaged beats


def test_flutter_waves_stand_at_the_rate_of_the_atria() -> None:
    for seed in range(6):
        laid, lead_T = made("AF", seed)
        assert 3.9 < laid.flutter_hz < 5.8
        ratio_B = np.diff(laid.beats.time_N) * laid.flutter_hz
        np.testing.assert_allclose(ratio_B, np.rint(ratio_B), atol=0.02)
        assert set(np.rint(ratio_B)) <= {2, 3, 4}
        for at in laid.beats.time_N:  # what is left between the beats
            place = round(at * RATE)
            lead_T[max(0, place - 40) : place + 40] = 0
        density = np.abs(np.fft.rfft(lead_T)) ** 2
        hz = np.fft.rfftfreq(len(lead_T), 1 / RATE)
        near = density[np.abs(hz - laid.flutter_hz) < 0.05].sum()
        beside = density[
            (np.abs(hz - laid.flutter_hz) > 0.1) & (np.abs(hz - laid.flutter_hz) < 0.3)
        ]
        assert near > 5 * beside.sum()


def test_early_beats_come_early_and_an_unknown_rhythm_is_named() -> None:
    laid = rhythms.laid_out("SR", 600.0, np.random.default_rng(1), early=0.15)
    step, symbol = np.diff(laid.beats.time_N), laid.beats.symbol_N[1:]
    early = np.isin(symbol, ["A", "V"])
    assert 0.08 < early.mean() < 0.2
    assert np.median(step[early]) < 0.9 * np.median(step[~early])
    with pytest.raises(ValueError, match="no rhythm 'VT'"):
        rhythms.laid_out("VT", 10.0, np.random.default_rng(0))

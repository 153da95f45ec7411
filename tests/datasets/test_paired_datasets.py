"""Readers and simulations of the recordings that hold a heart's motion or sound beside its ECG."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import wfdb
from scipy.io import loadmat
from scipy.signal import butter, hilbert, resample_poly, sosfiltfilt

from cardiograft.datasets import _long, cebsdb, ecgiddb, ephnogram, incartdb, scg_rhc, scg_vhd
from cardiograft.datasets.simulation import pcg, resting, scg
from cardiograft.datasets.simulation.sampling import finer
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.physionet.headers import UnfitError
from cardiograft.records import Float64


@pytest.fixture(scope="module")
def real_ecgid(physionet: Path) -> Path:
    place = physionet / "ecgiddb" / "1.0.0"
    if not place.is_dir():
        pytest.skip(f"no ecgiddb recordings at {place}")
    return place


@pytest.fixture(scope="module")
def real_ephnogram(physionet: Path) -> Path:
    place = physionet / "ephnogram" / "1.0.0"
    if not place.is_dir():
        pytest.skip(f"no ephnogram recordings at {place}")
    return place


def test_ecgiddb_names_are_the_real_ones_in_their_order(real_ecgid: Path) -> None:
    assert ecgiddb.names() == tuple((real_ecgid / "RECORDS").read_text().split())
    assert len({ecgiddb.subject(real_ecgid, name) for name in ecgiddb.names()}) == 90


def test_exactly_the_corrupted_recordings_lose_their_heads(real_ecgid: Path) -> None:
    some = {*ecgiddb.DAMAGED, *ecgiddb.names()[::40]}
    cut = {name: ecgiddb.read(real_ecgid, name).offset for name in some}
    assert {name: n for name, n in cut.items() if n} == ecgiddb.DAMAGED


def test_an_ecgiddb_record_equals_what_wfdb_reads(real_ecgid: Path) -> None:
    record = ecgiddb.read(real_ecgid, "Person_02/rec_3")
    theirs = wfdb.rdrecord(str(real_ecgid / "Person_02" / "rec_3"))
    np.testing.assert_array_equal(record.signal_CT, theirs.p_signal.T.astype(np.float32))
    assert record.leads == ("ECG I", "ECG I filtered")


def test_the_ecgiddb_twin_is_corrupted_where_the_real_one_is(tmp_path: Path) -> None:
    names = ("Person_15/rec_1", "Person_13/rec_2", "Person_14/rec_1")
    ecgiddb.simulate(tmp_path, names, 0)
    raw = (tmp_path / "Person_13" / "rec_2.dat").read_bytes()
    assert raw[:8192] == b"\xff" * 8192 != raw[4:8196]
    assert [ecgiddb.read(tmp_path, name).offset for name in names] == [1024, 2048, 0]
    marks = ecgiddb.read(tmp_path, names[2]).annotations
    assert list(marks.symbol_A[:4]) == ["N", "t", "N", "t"]


def test_a_filtered_twin_has_less_wander_than_the_raw_one(tmp_path: Path) -> None:
    ecgiddb.simulate(tmp_path, ("Person_02/rec_1",), 1)
    raw_T, filtered_T = ecgiddb.read(tmp_path, "Person_02/rec_1").signal_CT
    slow = butter(2, 0.4, fs=500, output="sos")
    assert sosfiltfilt(slow, filtered_T).std() < 0.5 * sosfiltfilt(slow, raw_T).std()


def test_an_ephnogram_record_equals_what_wfdb_reads(real_ephnogram: Path) -> None:
    record = ephnogram.read(real_ephnogram, "WFDB/ECGPCG0003")
    theirs = wfdb.rdrecord(str(real_ephnogram / "WFDB" / "ECGPCG0003"))
    np.testing.assert_array_equal(record.signal_CT, theirs.p_signal.T.astype(np.float32))
    assert (record.leads, record.subject) == (("ECG", "PCG"), "S003")
    assert record.rate_hz == 8000


def test_the_spreadsheet_and_the_table_agree_on_24_people(real_ephnogram: Path) -> None:
    assert ephnogram.names() == tuple((real_ephnogram / "RECORDS").read_text().split())
    by_sheet = [ephnogram.subject(real_ephnogram, name) for name in ephnogram.names()]
    assert by_sheet == [ephnogram.subject(Path("nowhere"), name) for name in ephnogram.names()]
    assert len(set(by_sheet)) == 24


def test_the_sheet_decides_whose_a_recording_is(tmp_path: Path) -> None:
    ephnogram.simulate(tmp_path, ("WFDB/ECGPCG0004",), 0, duration_s=2.0)
    sheet = tmp_path / "ECGPCGSpreadsheet.csv"
    sheet.write_text(sheet.read_text().replace("ECGPCG0004,S004", "ECGPCG0004,S099"))
    assert ephnogram.read(tmp_path, "WFDB/ECGPCG0004").subject == "S099"
    with pytest.raises(ValueError, match="ECGPCG0999: not in ECGPCGSpreadsheet"):
        ephnogram.subject(tmp_path, "WFDB/ECGPCG0999")


def test_a_sheet_with_a_recording_of_two_people_refuses_it(tmp_path: Path) -> None:
    ephnogram.simulate(tmp_path, ("WFDB/ECGPCG0004",), 0, duration_s=2.0)
    sheet = tmp_path / "ECGPCGSpreadsheet.csv"
    sheet.write_text(sheet.read_text() + "ECGPCG0004,S099,Rest\nECGPCG0005,S005,Rest\n")
    with pytest.raises(UnfitError, match=r"two subjects in ECGPCGSpreadsheet\.csv: S004 and S099"):
        ephnogram.read(tmp_path, "WFDB/ECGPCG0004")
    assert ephnogram.subject(tmp_path, "WFDB/ECGPCG0005") == "S005"


def test_cebsdb_headers_have_their_oddities(tmp_path: Path) -> None:
    cebsdb.simulate(tmp_path, ("p008",), 0, duration_s=4.0)
    first, *lines, _ = (tmp_path / "p008.hea").read_text().splitlines()
    assert first == "p008 4 5000 20000"
    assert [line.split("  ")[1] for line in lines] == ["I", "II", "RESP", "SCG"]
    assert all(line.split()[3:5] == ["0", "0"] and ")/mV" in line for line in lines)
    assert len({cebsdb.subject(tmp_path, f"{part}008") for part in "bmp"}) == 1
    assert len({cebsdb.subject(tmp_path, name) for name in cebsdb.names()}) == 20


def test_headers_written_a_piece_at_a_time_hold_the_checksums(tmp_path: Path) -> None:
    level_C1 = np.array([[5.0], [0.0], [-80.0]])
    signal_CT = level_C1 + np.random.default_rng(0).normal(0, 1, (3, 70_000))
    of = {"rate_hz": 1000, "factor": 2, "comments": [], "rng": np.random.default_rng(0)}
    _long.write(tmp_path / "r", signal_CT, ("a", "b", "c"), **of)
    theirs = wfdb.rdrecord(str(tmp_path / "r"), physical=False)
    assert theirs.sig_len == 140_000
    assert [c % 65536 for c in theirs.checksum] == [c % 65536 for c in theirs.calc_checksum()]
    assert theirs.init_value == list(theirs.d_signal[0])
    assert np.ptp(theirs.d_signal, axis=0).min() > 0.9 * 2**16
    back = wfdb.rdrecord(str(tmp_path / "r")).p_signal.T[:, ::2]
    assert np.corrcoef(back[2], signal_CT[2])[0, 1] > 0.99


@pytest.mark.parametrize("piece", [17, 1000, 5000])
def test_pieces_are_the_whole_resampled(piece: int) -> None:
    signal_CT = np.random.default_rng(1).normal(0, 1, (2, 3001))
    whole_CU = resample_poly(np.pad(signal_CT, ((0, 0), (50, 50)), mode="edge"), 5, 1, axis=1)
    pieces_CU = np.concatenate(list(finer(signal_CT, 5, piece=piece)), axis=1)
    np.testing.assert_allclose(pieces_CU, whole_CU[:, 250:-250], atol=1e-12)


READ_LONG = """
import sys
from pathlib import Path
from cardiograft.datasets import cebsdb
record = cebsdb.read(Path(sys.argv[1]), "m001")
assert record.signal_CT.shape == (4, 15_000_000), record.signal_CT.shape
# not ru_maxrss, which is never below what the process was that started this one
(line,) = [x for x in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in x]
print(int(line.split()[1]) * 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_fifty_minutes_at_5_khz_are_read_in_bounded_memory(tmp_path: Path) -> None:
    header = ["m001 4 5000 15000000"]
    header += [f"m001.dat 16 1000(0)/mV 0 0 0 0 0  {lead}" for lead in cebsdb.LEADS]
    (tmp_path / "m001.hea").write_text("\n".join(header) + "\n")
    with (tmp_path / "m001.dat").open("wb") as file:
        file.truncate(120_000_000)
    command = [sys.executable, "-c", READ_LONG, str(tmp_path)]
    peak = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert peak < 600e6


def test_incartdb_takes_the_patient_from_the_comments(tmp_path: Path) -> None:
    names = ("I01", "I02", "I03")
    incartdb.simulate(tmp_path, names, 0, duration_s=3.0)
    assert [incartdb.subject(tmp_path, n) for n in names] == ["patient01", "patient01", "patient02"]
    header = tmp_path / "I03.hea"
    header.write_text(header.read_text().replace("# patient 2", "# patient 31"))
    assert incartdb.read(tmp_path, "I03").subject == "patient31"
    assert len({incartdb.subject(Path(), name) for name in incartdb.names()}) == 32
    with pytest.raises(ValueError, match="incartdb/I99"):
        incartdb.subject(tmp_path, "I99")


def test_incartdb_limb_leads_hold_einthoven(tmp_path: Path) -> None:
    incartdb.simulate(tmp_path, ("I10",), 0, duration_s=5.0)
    record = incartdb.read(tmp_path, "I10")
    one, two, three = record.signal_CT[:3]
    np.testing.assert_allclose(three, two - one, atol=0.01)


def test_scg_rhc_has_83_procedures_of_73_people_in_their_units(tmp_path: Path) -> None:
    assert len(scg_rhc.names()) == 83
    assert len({scg_rhc.subject(Path(), name) for name in scg_rhc.names()}) == 73
    scg_rhc.simulate(tmp_path, scg_rhc.names()[:1], 0, duration_s=20.0)
    record = scg_rhc.read(tmp_path, scg_rhc.names()[0])
    assert record.units == ("mV", "mg", "mg", "mg", "mV", "mmHg")
    gravity = np.linalg.norm(record.signal_CT[1:4].mean(axis=1))
    assert gravity == pytest.approx(1000, rel=0.02)
    assert 5 < record.signal_CT[5].min() < record.signal_CT[5].max() < 90


@pytest.mark.parametrize("record", ["CP-05", "UP-05", "UP-25", "UP-28"])
def test_the_scg_vhd_twin_names_columns_as_the_real_files(record: str, tmp_path: Path) -> None:
    scg_vhd.simulate(tmp_path, (record,), 0, duration_s=20.0)
    content = loadmat(tmp_path / scg_vhd.files(tmp_path, record)[0])
    clock = {"CP": "Shimmer_D0CD_Timestamp_Shimmer_CAL1"}.get(
        record[:2],
        "ECG_TimestampSync_Unix_CAL1" if record < "UP-22" else "ECG_Timestamp_Unix_CAL",
    )
    assert clock in content
    assert sum(not key.startswith("__") for key in content) == 13
    recording = scg_vhd.read(tmp_path, record)
    assert float(recording.rate_hz) == (512 if record >= "UP-22" else 256)
    assert ("II" in recording.leads) == (record != "UP-28")
    assert (np.ptp(content[clock]) == 0) == (record == "UP-28")


def test_the_scg_vhd_twin_has_gaps_and_a_drifting_clock(tmp_path: Path) -> None:
    scg_vhd.simulate(tmp_path, ("CP-06", "UP-04", "CP-19"), 0, duration_s=200.0)
    gappy = scg_vhd.read(tmp_path, "CP-06")
    assert 0.001 < np.isnan(gappy.signal_CT[2]).mean() < 0.05
    content = loadmat(tmp_path / "MAT_Files" / "UP-04-Vectors.mat")
    step_T = np.diff(content["ECG_TimestampSync_Unix_CAL1"].ravel())
    step_T = step_T[step_T < 12]
    assert 249 < 1e3 / step_T.mean() < 256
    assert step_T.std() > 0.05
    ticks = loadmat(tmp_path / "MAT_Files" / "CP-19-Vectors.mat")
    step_T = np.diff(ticks["Shimmer_D0CD_Timestamp_Shimmer_CAL1"].ravel())
    assert set(np.round(step_T[step_T < 400])) <= {0, 100, 200, 300}


def test_the_scg_vhd_twin_reverses_y_and_lead_iii_is_ii_less_i(tmp_path: Path) -> None:
    scg_vhd.simulate(tmp_path, ("CP-06", "CP-43"), 0, duration_s=20.0)
    for record, sign in (("CP-06", -1), ("CP-43", 1)):
        content = loadmat(tmp_path / scg_vhd.files(tmp_path, record)[0])
        recording = scg_vhd.read(tmp_path, record)
        filed = content["Shimmer_D0CD_Accel_LN_Y_CAL1"].mean()
        assert np.nanmean(recording.signal_CT[1]) == pytest.approx(sign * filed, rel=0.01)
        one, two, three = recording.signal_CT[6:9]
        np.testing.assert_allclose(three, two - one, atol=1e-4)


def ringing(signal_T: Float64, rate_hz: float, at_N: Float64) -> Float64:
    """Return the median envelope from 0.2 s before each of the times to 0.6 s after."""
    band = butter(3, (8, 40), "bandpass", fs=rate_hz, output="sos")
    envelope_T = np.abs(hilbert(sosfiltfilt(band, signal_T)))
    at_A = np.rint(at_N * rate_hz).astype(int)
    inside = (at_A > 0.2 * rate_hz) & (at_A < len(signal_T) - 0.6 * rate_hz)
    window = np.arange(-int(0.2 * rate_hz), int(0.6 * rate_hz))
    return np.asarray(np.median(envelope_T[at_A[inside][:, None] + window], axis=0))


@pytest.mark.parametrize("person", range(4))
def test_the_chest_rings_after_the_r_peak_and_again_at_closing(person: int) -> None:
    rng = generator(person, "test")
    body, beats = scg.chest(rng), resting.sinus(70, 120, rng)
    signal_CT = scg.vibration(body, beats, scg.AXES, rate_hz=500, samples=60_000, rng=rng)
    valves = scg.events(body, beats, rng)
    opened_s, closed_s = np.median(valves.AO - valves.R), np.median(valves.AC - valves.R)
    assert 0.03 < opened_s < 0.10
    for lead_T in signal_CT:
        at_B = ringing(lead_T, 500, beats.time_N)
        quiet = at_B[:40].max()
        peak_s = np.argmax(at_B[100:200]) / 500
        assert abs(peak_s - opened_s) < 0.07
        assert at_B[100:200].max() > 4 * quiet
        around = slice(int(100 + 500 * (closed_s - 0.03)), int(100 + 500 * (closed_s + 0.09)))
        assert at_B[around].max() > 1.5 * at_B[320:360].min()


def test_systolic_times_follow_weissler() -> None:
    offset = []
    for rate in (50, 70, 90, 110):
        rng = generator(5, "test", str(rate))
        body = scg.chest(generator(5, "body"))
        beats = resting.sinus(rate, 300, rng, extra=0.0)
        valves = scg.events(body, beats, rng)
        own = 60 / np.median(np.diff(beats.time_N))
        offset.append(1e3 * np.median(valves.AC - valves.AO) - (413 - 1.7 * own))
    assert np.ptp(offset) < 4
    assert offset[0] == pytest.approx(1e3 * body.lvet_s, abs=4)


def test_delays_differ_by_person_and_by_beat() -> None:
    rng = generator(0, "test")
    beats = resting.sinus(65, 200, rng, extra=0.0)
    delays = [scg.events(scg.chest(rng), beats, rng) for _ in range(30)]
    of_person = [1e3 * np.mean(one.AO - one.R) for one in delays]
    of_beat = [1e3 * np.std(one.AO - one.R) for one in delays]
    assert 8 < np.std(of_person) < 18
    assert 3 < np.median(of_beat) < 9


def test_breathing_changes_strength_and_tilt() -> None:
    rng = generator(2, "test")
    body, beats = scg.chest(rng), resting.sinus(70, 300, rng, extra=0.0)
    signal_T = scg.vibration(body, beats, ("z",), rate_hz=250, samples=75_000, rng=rng)[0]
    breath_N = beats.tone.at(beats.tone.breath_K, beats.time_N)
    at_A = (beats.time_N * 250).astype(int)
    inside = at_A < 74_900
    size_N = np.array([np.ptp(signal_T[at : at + 40]) for at in at_A[inside]])
    assert np.corrcoef(size_N, breath_N[inside])[0, 1] > 0.25
    with pytest.raises(ValueError, match="no axis w: known are x, y, z"):
        scg.vibration(body, beats, ("w",), rate_hz=250, samples=100, rng=rng)


def test_heart_sounds_come_at_the_valves_and_above_the_ringing() -> None:
    rng = generator(3, "test")
    body, own = scg.chest(rng), pcg.modes(rng)
    beats = resting.sinus(68, 60, rng, extra=0.0)
    sound_T = pcg.sounds(body, own, beats, rate_hz=1600, samples=96_000, rng=rng)
    band = butter(3, (25, 250), "bandpass", fs=1600, output="sos")
    envelope_T = np.abs(hilbert(sosfiltfilt(band, sound_T)))
    at_A = (beats.time_N[1:-2] * 1600).astype(int)
    mean_B = np.median(envelope_T[at_A[:, None] + np.arange(960)], axis=0)
    first_s, second_s = np.argmax(mean_B[:320]) / 1600, (480 + np.argmax(mean_B[480:800])) / 1600
    valves = scg.events(body, beats, rng)
    assert abs(first_s - np.median(valves.AO - valves.R)) < 0.06
    assert abs(second_s - np.median(valves.AC - valves.R)) < 0.05
    assert mean_B[850:].max() < 0.3 * mean_B[:800].max()


@pytest.mark.parametrize(
    ("module", "record"),
    [
        (ecgiddb, "Person_91/rec_1"),
        (ephnogram, "WFDB/x"),
        (cebsdb, "b021"),
        (incartdb, "I76"),
        (scg_rhc, "processed_data/TRM1-RHC1"),
        (scg_vhd, "CP-71"),
    ],
)
def test_a_record_that_there_is_none_of_is_refused(
    module: object, record: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=f"{record}: no such record"):
        module.simulate(tmp_path, (record,), 0)

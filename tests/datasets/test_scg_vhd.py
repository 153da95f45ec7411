"""The reader of scg-vhd, against the real files and against files with a known clock."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from cardiograft.datasets import scg_vhd
from cardiograft.records import Float64, Int64

HERE = ("CP-06", "CP-37", "CP-43", "CP-45", "CP-46", "CP-47", "CP-58", "CP-60", "CP-62", "CP-63")
HERE += ("CP-65", "CP-66", "CP-69", "UP-01", "UP-03", "UP-04", "UP-07", "UP-09", "UP-10", "UP-15")
HERE += ("UP-21", "UP-28")
ECG = {"I": "LARA", "II": "LLRA", "III": "LLLA"}


@pytest.fixture(scope="session")
def root(physionet: Path) -> Path:
    place = physionet / scg_vhd.SLUG / scg_vhd.VERSION
    if not place.is_dir():
        pytest.skip(f"no scg-vhd recordings at {place}")
    return place


def filed(root: Path, record: str, part: str) -> Float64:
    content = loadmat(root / scg_vhd.files(root, record)[0])
    (key,) = [key for key in content if part in key]
    return content[key].ravel().astype(np.float64)


def on_grid(root: Path, record: str) -> Int64:
    """Return where a CP file's samples lie on the grid: its clock keeps to multiples of 1/256 s."""
    clock_T = filed(root, record, "Timestamp")
    at_T = (clock_T - clock_T[0]) / 1e3 * 256
    assert np.abs(at_T - np.rint(at_T)).max() < 1e-3
    return np.rint(at_T).astype(np.int64)


def write(
    root: Path, record: str, time_s: Float64, *, kind: str = "shimmer", **given: Float64
) -> None:
    """Write a file like the database's: every signal is 0 but those given by column."""
    prefix, clock, end = {
        "shimmer": ("Shimmer_D0CD_", "Timestamp_Shimmer", "_CAL1"),
        "sync": ("ECG_", "TimestampSync_Unix", "_CAL1"),
        "unix": ("ECG_", "Timestamp_Unix", "_CAL"),
    }[kind]
    columns = {name: given.get(name, np.zeros(len(time_s))) for name in scg_vhd.COLUMNS}
    columns |= {clock: time_s * 1e3 + 20091.064453125, "ECG_EMG_Status1": np.zeros(len(time_s))}
    (root / "MAT_Files").mkdir(parents=True, exist_ok=True)
    content = {f"{prefix}{name}{end}": column[:, None] for name, column in columns.items()}
    savemat(root / "MAT_Files" / f"{record}-Vectors.mat", content)


@pytest.mark.parametrize("record", ["CP-06", "UP-01", "UP-21"])
def test_every_scheme_of_columns_gives_the_same_leads(root: Path, record: str) -> None:
    recording = scg_vhd.read(root, record)
    assert recording.leads[:9] == (*(f"{k} {a}" for k in ("SCG", "GCG") for a in "xyz"), *ECG)
    assert recording.units[:9] == ("m/s2",) * 3 + ("deg/s",) * 3 + ("mV",) * 3
    assert recording.rate_hz == Fraction(256)
    assert recording.signal_CT.dtype == np.float32
    assert recording.mains_hz == {"C": 50, "U": 60}[record[0]]


def test_gravity_tells_that_units_and_axes_are_right(root: Path) -> None:
    for record in ("CP-43", "UP-03"):
        recording = scg_vhd.read(root, record)
        norm = np.linalg.norm(np.nanmean(recording.signal_CT[:3], axis=1))
        assert norm == pytest.approx(9.81, abs=1.3)  # an uncalibrated sensor's tolerance


def test_samples_on_the_grid_keep_their_values_and_gaps_are_missing(root: Path) -> None:
    recording = scg_vhd.read(root, "CP-63")
    clock_T = filed(root, "CP-63", "Timestamp")
    at_T = on_grid(root, "CP-63")
    z_T = filed(root, "CP-63", "Accel_LN_Z")
    np.testing.assert_allclose(recording.signal_CT[2, at_T], z_T, rtol=1e-6)
    missing_G = np.isnan(recording.signal_CT[2])
    gaps = np.flatnonzero(np.diff(clock_T) > 12)
    assert missing_G.sum() == sum(at_T[g + 1] - at_T[g] - 1 for g in gaps) > 0
    assert len(gaps) == 28


def test_a_clock_that_drifts_off_the_grid_is_followed(root: Path) -> None:
    recording = scg_vhd.read(root, "UP-04")
    clock_T = filed(root, "UP-04", "Timestamp")
    lead_T = filed(root, "UP-04", "LLRA")
    time_T = (clock_T - clock_T[0]) / 1e3
    line_G = np.interp(np.arange(recording.signal_CT.shape[1]) / 256, time_T, lead_T)
    second_G = recording.signal_CT[recording.leads.index("II")]
    assert recording.signal_CT.shape[1] == int(time_T[-1] * 256) + 1
    assert np.corrcoef(second_G, line_G)[0, 1] > 0.999
    by_count = lead_T[: len(second_G)]
    assert np.corrcoef(second_G[-5000:], by_count[-5000:])[0, 1] < 0.9  # 300 samples late by then


def test_the_y_axis_is_turned_for_the_first_38_of_cp(root: Path) -> None:
    for record, sign in (("CP-37", -1), ("CP-43", 1)):
        recording = scg_vhd.read(root, record)
        at_T = on_grid(root, record)
        for lead, column, turn in (("SCG y", "Accel_LN_Y", sign), ("SCG x", "Accel_LN_X", 1)):
            lead_T = recording.signal_CT[recording.leads.index(lead), at_T]
            np.testing.assert_allclose(lead_T, turn * filed(root, record, column), rtol=1e-6)


def test_a_railed_lead_is_missing_for_a_second_on_either_side(root: Path) -> None:
    recording = scg_vhd.read(root, "CP-60")
    second_G = recording.signal_CT[recording.leads.index("II")]
    third_G = recording.signal_CT[recording.leads.index("III")]
    at_T = on_grid(root, "CP-60")[np.abs(filed(root, "CP-60", "LLRA")) > 604]
    around = np.concatenate([at_T - 256, at_T, at_T + 256])
    assert np.isnan(second_G[np.clip(around, 0, len(second_G) - 1)]).all()
    assert np.isnan(third_G[at_T]).all()
    assert np.nanmax(np.abs(second_G)) < 300
    assert np.isfinite(second_G).mean() > 0.9
    assert np.isfinite(recording.signal_CT[:3]).all(axis=0).mean() > 0.99


def test_up_28_has_no_clock_and_no_lead_ii(root: Path) -> None:
    recording = scg_vhd.read(root, "UP-28")
    assert recording.rate_hz == Fraction(512)
    assert recording.signal_CT.shape[1] == 154898
    assert "II" not in recording.leads
    assert "III" not in recording.leads
    assert "I" in recording.leads


def test_lead_iii_is_ii_less_i(root: Path) -> None:
    recording = scg_vhd.read(root, "UP-10")
    first_G, second_G, third_G = (recording.signal_CT[recording.leads.index(lead)] for lead in ECG)
    np.testing.assert_allclose(third_G, second_G - first_G, atol=1e-4)


@pytest.mark.parametrize("record", HERE)
def test_all_that_is_here_is_named_and_read(root: Path, record: str) -> None:
    assert record in scg_vhd.names()
    recording = scg_vhd.read(root, record)
    assert (recording.id, recording.subject, recording.dataset) == (record, record, "scg_vhd")
    assert 300 < recording.signal_CT.shape[1] / recording.rate_hz < 510
    assert all(np.isfinite(lead_T).any() for lead_T in recording.signal_CT)


def test_a_sine_at_uneven_times_is_resampled(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    time_T = np.arange(6000) / 255.2 + rng.uniform(-3e-4, 3e-4, 6000)
    time_T = np.delete(time_T - time_T[0], [50, 900, 901])  # one, then two samples missing
    write(tmp_path, "UP-02", time_T, kind="sync", Accel_LN_X=np.sin(2 * np.pi * 20 * time_T))
    recording = scg_vhd.read(tmp_path, "UP-02")
    grid_G = np.arange(recording.signal_CT.shape[1]) / 256
    assert recording.rate_hz == 256
    error_G = recording.signal_CT[0] - np.sin(2 * np.pi * 20 * grid_G)
    assert np.abs(error_G).max() < 0.05
    assert np.sqrt(np.mean(error_G**2)) < 1e-3


@pytest.mark.parametrize("lost", [0.0, 0.3])
def test_a_clock_of_100_ms_ticks_is_spread(tmp_path: Path, lost: float) -> None:
    true_T = np.arange(5120) / 256
    true_T[2560:] += lost
    ticks_T = np.floor(true_T * 10) / 10
    write(tmp_path, "CP-19", ticks_T, Accel_LN_X=np.sin(2 * np.pi * 1.5 * true_T))
    recording = scg_vhd.read(tmp_path, "CP-19")
    grid_G = np.arange(recording.signal_CT.shape[1]) / 256
    error_G = recording.signal_CT[0] - np.sin(2 * np.pi * 1.5 * grid_G)
    assert np.nanmax(np.abs(error_G)) < 2 * np.pi * 1.5 * 2 / 256 + 1e-3  # two samples late at most
    assert np.isnan(error_G).sum() == pytest.approx(lost * 256, abs=3)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda t: t[::-1].copy(), "runs backwards"),
        (lambda t: np.append(t[:-1], 1e6), "can't fill"),
    ],
)
def test_a_broken_clock_is_named(tmp_path: Path, damage: object, message: str) -> None:
    assert callable(damage)
    write(tmp_path, "CP-01", damage(np.arange(512) / 256))
    with pytest.raises(ValueError, match=f"scg-vhd/CP-01: .*{message}"):
        scg_vhd.read(tmp_path, "CP-01")


def test_a_missing_or_corrupted_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"scg-vhd/CP-02: no file .*CP-02-Vectors\.mat"):
        scg_vhd.read(tmp_path, "CP-02")
    write(tmp_path, "CP-02", np.arange(512) / 256)
    path = tmp_path / "MAT_Files" / "CP-02-Vectors.mat"
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(ValueError, match="scg-vhd/CP-02: unreadable"):
        scg_vhd.read(tmp_path, "CP-02")
    savemat(path, {"Shimmer_D0CD_Accel_LN_X_CAL1": np.zeros((9, 1))})
    with pytest.raises(ValueError, match="scg-vhd/CP-02: 0 columns like _Accel_LN_Y"):
        scg_vhd.read(tmp_path, "CP-02")

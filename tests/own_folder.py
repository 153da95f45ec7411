"""A folder of recordings as people have them: rates, leads, units and layouts of every kind."""

from pathlib import Path

import numpy as np
import wfdb
from scipy.signal import butter, sosfiltfilt

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
RATE_HZ, SECONDS = 257, 40
PEOPLE = 6
GAP_S = (9.0, 11.0)  # where P01 has no samples
JOINT_S = 25  # where the two segments of P03 meet


def signal(person: int) -> np.ndarray:
    """Return twelve leads in mV, shape (T, 12): a person's own waves, slow and then fast.

    Of root mean square 0.1 mV in lead I, 0.2 in II and so on, times the person's `amplitude`.
    """
    half, random = SECONDS * RATE_HZ // 2, np.random.default_rng(person)
    waves = []
    for low_hz, high_hz in ((1, 4), (6, 15)):
        sections = butter(4, (low_hz, high_hz), "bandpass", fs=RATE_HZ, output="sos")
        wave_T = sosfiltfilt(sections, random.standard_normal(half))
        waves.append(wave_T / wave_T.std())
    sizes_C = np.arange(1, len(LEADS) + 1) / 10
    return amplitude(person) * np.concatenate(waves)[:, None] * sizes_C


def amplitude(person: int) -> float:
    return 1 + person / 10


def write(root: Path) -> Path:
    """Write six people's recordings, one in a folder, and three that are no use."""
    (root / "ward").mkdir(parents=True)
    for person in range(1, PEOPLE + 1):
        signal_TC, leads, unit = signal(person), list(LEADS), "mV"
        if person == 1:
            signal_TC[slice(*(round(s * RATE_HZ) for s in GAP_S))] = np.nan
        if person == 2:
            leads[1] = "MLII"
        if person == 4:
            signal_TC, unit = signal_TC * 1000, "uV"
        if person == 3:
            _strung(root, signal_TC)
        else:
            _write(root / ("ward" if person == 5 else ""), name(person), signal_TC, leads, unit)
    _write(root, "P07_short", signal(7), list(LEADS), "mV")
    (root / "P07_short.dat").write_bytes((root / "P07_short.dat").read_bytes()[:1000])
    _write(root, "nobody", signal(8), list(LEADS), "mV")
    _write(root, "P09_twice", signal(9), list(LEADS), "mV")
    _labels(root)
    return root


def name(person: int) -> str:
    return f"P{person:02d}_rest"


def _labels(root: Path) -> None:
    half = SECONDS // 2
    rows = ["recording,from,to,rhythm", f"P09_twice,0,{half},SR", "P09_twice,10,15,AF"]
    for person in range(1, PEOPLE + 1):
        path = f"ward/{name(person)}" if person == 5 else name(person)
        rows += [f"{path},0,{half},SR", f"{path},{half},,AF"]
    rows.append("P10_rest,0,10,SR")
    (root / "labels.csv").write_text("\n".join(rows) + "\n")


def _write(folder: Path, name: str, signal_TC: np.ndarray, leads: list[str], unit: str) -> None:
    gain = 1000.0 if unit == "mV" else 1.0
    count = len(leads)
    wfdb.wrsamp(
        name,
        fs=RATE_HZ,
        units=[unit] * count,
        sig_name=leads,
        p_signal=signal_TC,
        fmt=["16"] * count,
        adc_gain=[gain] * count,
        baseline=[0] * count,
        write_dir=str(folder),
    )


def _strung(root: Path, signal_TC: np.ndarray) -> None:
    """Write P03 as two segments one after the other."""
    joint, whole = JOINT_S * RATE_HZ, len(signal_TC)
    for part, part_TC in (("P03_a", signal_TC[:joint]), ("P03_b", signal_TC[joint:])):
        _write(root, part, part_TC, list(LEADS), "mV")
    lines = [
        f"{name(3)}/2 {len(LEADS)} {RATE_HZ} {whole}",
        f"P03_a {joint}",
        f"P03_b {whole - joint}",
    ]
    (root / f"{name(3)}.hea").write_text("\n".join(lines) + "\n")

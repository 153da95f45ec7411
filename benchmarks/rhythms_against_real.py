"""Compare simulated recordings of the Challenge of 2017 with the real ones, label by label.

    python benchmarks/rhythms_against_real.py --real ../physionet/challenge-2017/1.0.0

Heart rate, irregularity, the P wave's height, and what lies between the QRS complexes, of so many
recordings of each label; medians and quartiles as Markdown tables. The P wave is measured in the
median beat, so that what does not stand still before the QRS is averaged away.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfiltfilt, welch

from cardiograft.datasets import _challenge_2017, challenge_2017
from cardiograft.records import Record
from cardiograft.signals.peaks import r_peaks

Array = npt.NDArray[np.float64]
LABELS = "NAO~"
SHOWN = {
    "rate": "heart rate, a minute",
    "spread": "SD of R-R intervals, % of their mean",
    "p": "P wave, % of QRS",
    "atrial": "4–9 Hz of 0.7–40 Hz, % of power between QRS complexes",
    "rough": "rms of successive differences, % of QRS",
}


def measured(record: Record) -> dict[str, float] | None:
    """Return what a recording shows; None where hardly a beat is found."""
    rate_hz = float(record.rate_hz)
    band = butter(3, (0.7, 40), "bandpass", fs=rate_hz, output="sos")
    signal_T = sosfiltfilt(band, record.signal_CT[0].astype(np.float64))
    at_B = r_peaks(record.signal_CT[0], record.rate_hz, mains_hz=record.mains_hz)
    before, after = round(0.28 * rate_hz), round(0.1 * rate_hz)
    inside_B = at_B[(at_B >= before) & (at_B + after < len(signal_T))]
    if len(inside_B) < 6:
        return None
    step_B = np.diff(at_B) / rate_hz
    beat_T = np.median([signal_T[at - before : at + after] for at in inside_B], axis=0)
    qrs = float(np.ptp(beat_T[before - round(0.06 * rate_hz) :]))
    around_T = beat_T[: before - round(0.06 * rate_hz)]
    chord_T = np.linspace(around_T[0], around_T[-1], len(around_T))
    between_T = signal_T.copy()
    for at in at_B:
        between_T[max(0, at - round(0.07 * rate_hz)) : at + round(0.09 * rate_hz)] = 0
    hz, density = welch(between_T, rate_hz, nperseg=round(4 * rate_hz))
    whole, atrial = ((hz >= low) & (hz <= high) for low, high in ((0.7, 40), (4, 9)))
    return {
        "rate": float(60 / np.mean(step_B)),
        "spread": float(100 * step_B.std() / step_B.mean()),
        "p": float(100 * np.ptp(around_T - chord_T) / qrs),
        "atrial": float(100 * density[atrial].sum() / density[whole].sum()),
        "rough": float(100 * np.sqrt(np.mean(np.diff(between_T) ** 2)) / qrs),
    }


def by_label(root: Path, each: int) -> dict[str, list[dict[str, float]]]:
    """Return what the first recordings of each label show."""
    labels = _challenge_2017.labels(root, "v3")
    listed = (root / "RECORDS").read_text(encoding="utf-8").split()
    features_by_label: dict[str, list[dict[str, float]]] = {label: [] for label in LABELS}
    for name in listed:
        label = labels[name.rpartition("/")[2]]
        if len(features_by_label[label]) < each:
            shown = measured(challenge_2017.read(root, name))
            features_by_label[label] += [] if shown is None else [shown]
    return features_by_label


def cell(rows: list[dict[str, float]], key: str) -> str:
    low, middle, high = np.percentile([row[key] for row in rows], [25, 50, 75])
    return f"{middle:.1f} ({low:.1f} to {high:.1f})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", type=Path, required=True, help="the database's folder")
    parser.add_argument("--each", type=int, default=120, help="recordings of each label")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        names = challenge_2017.names()[: 5 * arguments.each]
        challenge_2017.simulate(Path(folder), names, 0, even=True)
        sides = [by_label(arguments.real, arguments.each), by_label(Path(folder), arguments.each)]
    for label in LABELS:
        counts = [len(side[label]) for side in sides]
        print(f"\n| {label} | real ({counts[0]}) | simulated ({counts[1]}) |\n|---|---|---|")
        for key, title in SHOWN.items():
            print(f"| {title} | {cell(sides[0][label], key)} | {cell(sides[1][label], key)} |")

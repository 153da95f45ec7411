"""Compare simulated seismocardiograms with real ones: a figure, and a table.

    python benchmarks/scg_simulation_against_real.py --real ../physionet/scg-vhd/5279448

Per person: strength, spectrum, when the two complexes of a beat come, how alike beats are, and how
alike people are.
"""

import argparse
import tempfile
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from scipy.signal import butter, find_peaks, hilbert, sosfiltfilt, welch

from cardiograft.datasets import scg_vhd
from cardiograft.records import Record

mpl.use("Agg")
Array = npt.NDArray[np.float64]
RATE_HZ = 256
BEFORE, AFTER = 51, 179  # samples around an R peak
LONGEST_S = 120
BANDS = ((0.1, 0.5), (0.5, 2), (2, 5), (5, 10), (10, 20), (20, 30), (30, 45), (60, 100))
QRS = butter(3, (5, 20), "bandpass", fs=RATE_HZ, output="sos")
SEEN = butter(3, (1, 40), "bandpass", fs=RATE_HZ, output="sos")
RINGING = butter(3, (8, 40), "bandpass", fs=RATE_HZ, output="sos")


def stretch(record: Record) -> Array:
    """Return SCG x, y, z and lead II over the longest stretch without a gap, at most 120 s."""
    rows = [*(record.leads.index(f"SCG {axis}") for axis in "xyz"), record.leads.index("II")]
    signal_CT = record.signal_CT[rows].astype(np.float64)
    whole = np.isfinite(signal_CT).all(axis=0)
    edges = np.flatnonzero(np.diff(np.r_[0, whole, 0]))
    starts, stops = edges[::2], edges[1::2]
    best = int(np.argmax(stops - starts))
    return signal_CT[:, starts[best] : min(stops[best], starts[best] + LONGEST_S * RATE_HZ)]


def r_peaks(lead_T: Array) -> npt.NDArray[np.int64]:
    steep_T = np.convolve(np.abs(sosfiltfilt(QRS, lead_T)), np.ones(20) / 20, "same")
    about, _ = find_peaks(steep_T, distance=90, height=0.4 * np.percentile(steep_T, 98))
    lead_T = sosfiltfilt(QRS, lead_T)
    inside = [at for at in about if BEFORE + 15 < at < len(lead_T) - AFTER - 15]
    return np.array([at - 15 + np.argmax(np.abs(lead_T[at - 15 : at + 15])) for at in inside])


def measure(root: Path, names: list[str]) -> dict[str, dict[str, object]]:
    """Return what the table and the figure need, by person."""
    by_person: dict[str, dict[str, object]] = {}
    for name in names:
        record = scg_vhd.read(root, name)
        if record.rate_hz != RATE_HZ or "II" not in record.leads:
            continue
        signal_CT = stretch(record)
        at_A = r_peaks(signal_CT[3])
        if len(at_A) < 20:
            continue
        window_A = at_A[:, None] + np.arange(-BEFORE, AFTER)
        z_T = sosfiltfilt(SEEN, signal_CT[2])
        beat_AB = z_T[window_A]
        ringing_T = np.abs(hilbert(sosfiltfilt(RINGING, signal_CT[2])))
        ringing_B = np.median(ringing_T[window_A], axis=0)
        mean_B = np.median(beat_AB, axis=0)
        systole = slice(BEFORE + 5, BEFORE + 46)
        diastole = slice(BEFORE + 64, BEFORE + 128)
        like = [np.corrcoef(one_B, mean_B)[0, 1] for one_B in beat_AB]
        size = [np.ptp(np.median(sosfiltfilt(SEEN, one)[window_A], axis=0)) for one in signal_CT]
        by_person[name] = {
            "rate": 60 * RATE_HZ / np.median(np.diff(at_A)),
            "x": size[0],
            "y": size[1],
            "z": size[2],
            "opening": 1e3 * (np.argmax(ringing_B[systole]) + 5) / RATE_HZ,
            "closing": 1e3 * (np.argmax(ringing_B[diastole]) + 64) / RATE_HZ,
            "ratio": ringing_B[diastole].max() / ringing_B[systole].max(),
            "like": float(np.median(like)),
            "rest": float(np.median((beat_AB - mean_B).std(axis=1))),
            "density": welch(signal_CT[2], RATE_HZ, nperseg=2048)[1],
            "mean": mean_B,
            "trace": (signal_CT[2], signal_CT[3], at_A),
        }
    return by_person


def alike(by_person: dict) -> Array:
    """Return the correlation of mean beats between all pairs of people."""
    beats = np.stack([one["mean"] for one in by_person.values()])
    return np.corrcoef(beats)[np.triu_indices(len(beats), 1)]


def quartiles(values: list[float], form: str) -> str:
    low, middle, high = np.percentile(values, [25, 50, 75])
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


ROWS = (
    ("heart rate, a minute", "rate", ".0f"),
    ("mean beat's range, x, m/s²", "x", ".2f"),
    ("mean beat's range, y, m/s²", "y", ".2f"),
    ("mean beat's range, z, m/s²", "z", ".2f"),
    ("R to strongest ringing of systole, z, ms", "opening", ".0f"),
    ("R to strongest ringing about closing, z, ms", "closing", ".0f"),
    ("ringing about closing ÷ of systole", "ratio", ".2f"),
    ("correlation of a beat with the person's mean beat", "like", ".2f"),
    ("what a beat leaves over the mean beat, rms, m/s²", "rest", ".3f"),
)


def table(real: dict, simulated: dict) -> str:
    lines = [f"| | real ({len(real)}) | simulated ({len(simulated)}) |", "|---|---|---|"]
    for title, key, form in ROWS:
        cells = [quartiles([one[key] for one in f.values()], form) for f in (real, simulated)]
        lines.append(f"| {title} | {cells[0]} | {cells[1]} |")
    hz = np.fft.rfftfreq(2048, 1 / RATE_HZ)
    for low, high in BANDS:
        inside = (hz >= low) & (hz < high)
        cells = [
            quartiles([10 * np.log10(one["density"][inside].mean()) for one in f.values()], ".0f")
            for f in (real, simulated)
        ]
        lines.append(f"| power {low}–{high} Hz, z, dB | {cells[0]} | {cells[1]} |")
    cells = [quartiles(list(alike(f)), ".2f") for f in (real, simulated)]
    lines.append(f"| correlation of two people's mean beats | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def draw(real: dict, simulated: dict, out: Path) -> None:
    """Draw traces, mean beats, spectra, delays, strengths and likeness."""
    plt.rcParams.update({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False})
    both = {"real": (real, "#3b3b3b"), "simulated": (simulated, "#d1495b")}
    figure = plt.figure(figsize=(10.5, 9.5), layout="constrained")
    grid = figure.add_gridspec(3, 1, height_ratios=(1.3, 1.5, 1))
    traces(figure, grid[0].subgridspec(2, 2), both)
    beats(figure, grid[1].subgridspec(4, 6), both)
    below = grid[2].subgridspec(1, 4)
    spectra(figure.add_subplot(below[0]), both)
    delays(figure.add_subplot(below[1]), both)
    for place, key, title in ((2, "z", "mean beat's range, z, m/s²"), (3, "like", "beat × mean r")):
        axes = figure.add_subplot(below[place])
        for n, (by_person, colour) in enumerate(both.values()):
            values = [one[key] for one in by_person.values()]
            spread = np.linspace(-0.15, 0.15, len(values))
            axes.plot(n + spread, sorted(values), ".", color=colour, ms=4)
        axes.set(xticks=[0, 1], xticklabels=list(both), title=title, xlim=(-0.5, 1.5))
        if key == "z":
            axes.set_yscale("log")
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=90)


def traces(figure: plt.Figure, grid: mpl.gridspec.GridSpecFromSubplotSpec, both: dict) -> None:
    """Draw five seconds of the person in the middle by likeness of beats."""
    for row, (name, (by_person, colour)) in enumerate(both.items()):
        order = sorted(by_person, key=lambda one: by_person[one]["like"])
        for column, who in enumerate((order[len(order) // 2], order[len(order) // 4])):
            z_T, lead_T, at_A = by_person[who]["trace"]
            start = int(at_A[5]) - 60
            part = slice(start, start + 5 * RATE_HZ)
            z_T, lead_T = sosfiltfilt(SEEN, z_T)[part], sosfiltfilt(SEEN, lead_T)[part]
            axes = figure.add_subplot(grid[row, column])
            second = np.arange(len(z_T)) / RATE_HZ
            axes.plot(second, lead_T / np.ptp(lead_T) + 1.1, color="#8a8a8a", lw=0.7)
            axes.plot(second, z_T / np.ptp(z_T), color=colour, lw=0.8)
            axes.set(yticks=[], title=f"{name}: {who}, lead II over SCG z", xlim=(0, 5))


def beats(figure: plt.Figure, grid: mpl.gridspec.GridSpecFromSubplotSpec, both: dict) -> None:
    """Draw mean beats of twelve people each, from 0.2 s before R to 0.7 s after it."""
    second = np.arange(-BEFORE, AFTER) / RATE_HZ
    for side, (name, (by_person, colour)) in enumerate(both.items()):
        chosen = list(by_person)[:: max(1, len(by_person) // 12)][:12]
        for n, who in enumerate(chosen):
            axes = figure.add_subplot(grid[2 * side + n // 6, n % 6])
            axes.axvline(0, color="#cccccc", lw=0.6)
            axes.plot(second, by_person[who]["mean"], color=colour, lw=0.9)
            axes.set_title(f"{name} {who}", fontsize=6, pad=1)
            axes.set(yticks=[], xticks=[0, 0.4])
            axes.tick_params(labelsize=5, length=1.5)


def spectra(axes: plt.Axes, both: dict) -> None:
    hz = np.fft.rfftfreq(2048, 1 / RATE_HZ)[1:]
    edges = np.geomspace(0.2, 120, 50)
    for name, (by_person, colour) in both.items():
        rows = [
            np.interp(edges, hz, 10 * np.log10(one["density"][1:] + 1e-14))
            for one in by_person.values()
        ]
        low, middle, high = np.percentile(rows, [25, 50, 75], axis=0)
        axes.fill_between(edges, low, high, color=colour, alpha=0.18, lw=0)
        axes.plot(edges, middle, color=colour, lw=1.2, label=name)
    axes.set(xscale="log", xlabel="Hz", title="power density of z, dB re 1 (m/s²)²/Hz")
    axes.legend(frameon=False)


def delays(axes: plt.Axes, both: dict) -> None:
    for by_person, colour in both.values():
        for key, mark in (("opening", "o"), ("closing", "^")):
            rates = [one["rate"] for one in by_person.values()]
            axes.plot(rates, [one[key] for one in by_person.values()], mark, color=colour, ms=3)
    axes.set(xlabel="beats a minute", ylim=(0, 520), title="R to ringing: systole ●, closing ▲, ms")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--real", type=Path, required=True, help="folder that holds MAT_Files")
    parser.add_argument("--figure", type=Path, default=Path("docs/figures/simulation_scg.png"))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    here = [
        n
        for n in scg_vhd.names()
        if (arguments.real / scg_vhd.files(arguments.real, n)[0]).is_file()
    ]
    with tempfile.TemporaryDirectory() as folder:
        # People of the real ones' cohorts, none of them with a broken clock.
        names = [f"CP-{n}" for n in range(39, 55)] + [f"UP-{n:02d}" for n in range(1, 17)]
        scg_vhd.simulate(Path(folder), tuple(names), arguments.seed, duration_s=150.0)
        simulated = measure(Path(folder), names)
    real = measure(arguments.real, here)
    draw(real, simulated, arguments.figure)
    print(table(real, simulated))


if __name__ == "__main__":
    main()

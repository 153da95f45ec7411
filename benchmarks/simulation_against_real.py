"""Compare the simulated MIT-BIH Arrhythmia Database with the real one: a figure, and a table.

    python benchmarks/simulation_against_real.py --real ../physionet/mitdb/1.0.0 \
        --figure docs/figures/simulation.png

Spectra, R-R intervals, beat shapes, class shares, and how hard beats are to tell apart.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from scipy.signal import butter, sosfiltfilt, welch
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import recall_score

from cardiograft.datasets import mitdb
from cardiograft.records import Record

mpl.use("Agg")
Array = npt.NDArray[np.float64]
AAMI = {
    symbol: kind
    for kind, them in zip("NSVFQ", ("NLRej", "AaJS", "VE", "F", "/fQ"), strict=True)
    for symbol in them
}
# fmt: off
DS1 = (101, 106, 108, 109, 112, 114, 115, 116, 118, 119, 122, 124, 203, 205, 207, 208, 209,
       215, 220, 223, 230)
DS2 = (100, 103, 105, 111, 113, 117, 121, 123, 200, 202, 210, 212, 213, 214, 219, 221, 222, 228,
       231, 232, 233, 234)
# fmt: on
BANDS = ((0.05, 0.5), (0.5, 4), (4, 12), (12, 25), (25, 45), (65, 100))
SHOWN = "NSVFLR/"


def beats(record: Record) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.str_]]:
    marks = record.annotations
    keep = np.array([symbol in AAMI for symbol in marks.symbol_A])
    return marks.sample_A[keep], marks.symbol_A[keep]


def first_lead(record: Record) -> Array:
    at = record.leads.index("MLII") if "MLII" in record.leads else 0
    return record.signal_CT[at].astype(np.float64)


def windows(signal_T: Array, at_A: npt.NDArray[np.int64], before: int, after: int) -> Array:
    return signal_T[at_A[:, None] + np.arange(-before, after)]


def measure(root: Path, names: Sequence[str]) -> dict[str, dict[str, object]]:
    """Return, by record, spectrum, intervals, sizes, shapes and features of its beats."""
    sos = butter(3, (0.5, 40), "bandpass", fs=360, output="sos")
    by_record: dict[str, dict[str, object]] = {}
    for name in names:
        record = mitdb.read(root, name)
        raw_T = first_lead(record)
        clean_T = sosfiltfilt(sos, raw_T)
        at_A, symbol_A = beats(record)
        inside = (at_A > 144) & (at_A < len(raw_T) - 217)
        at_A, symbol_A = at_A[inside], symbol_A[inside]
        step_A = np.diff(at_A) / 360
        normal = np.isin(symbol_A, list("NLR"))
        nn = step_A[normal[1:] & normal[:-1]]
        pairs = np.diff(step_A)[normal[2:] & normal[1:-1] & normal[:-2]]
        window_AB = windows(clean_T, at_A, 144, 216)
        quiet_AB = windows(raw_T, at_A[normal], 126, -90) if normal.any() else np.zeros((1, 36))
        by_record[name] = {
            "density": welch(raw_T, 360, nperseg=14400)[1],
            "nn": nn,
            "sdnn": nn.std() * 1e3 if len(nn) > 2 else np.nan,
            "rmssd": np.sqrt(np.mean(pairs**2)) * 1e3 if len(pairs) else np.nan,
            "size": float(np.median(np.ptp(window_AB[:, 110:190], axis=1))),
            "noise": float(np.median(np.diff(quiet_AB, axis=1).std(axis=1))) * 1e3,
            "symbol": symbol_A,
            "shape": {
                s: np.median(window_AB[m], axis=0)
                for s in SHOWN
                if (m := pick(symbol_A, s)).sum() >= 8
            },
            "variety": {
                s: float(
                    np.mean(window_AB[m][:, 110:190].std(axis=0))
                    / np.ptp(np.median(window_AB[m], axis=0)[110:190])
                )
                for s in "NV"
                if (m := pick(symbol_A, s)).sum() >= 20
            },
            "features": features(window_AB, at_A),
        }
    return by_record


def pick(symbol_A: npt.NDArray[np.str_], shown: str) -> npt.NDArray[np.bool_]:
    if shown in "LR/N":
        return symbol_A == shown
    return np.array([AAMI[symbol] == shown for symbol in symbol_A])


def features(window_AB: Array, at_A: npt.NDArray[np.int64]) -> Array:
    low = window_AB[:, ::6]
    scaled = (low - low.mean(1, keepdims=True)) / (np.ptp(low, axis=1)[:, None] + 1e-9)
    step_A = np.diff(at_A, prepend=at_A[:1], append=at_A[-1:]) / 360
    local = np.array([np.median(step_A[max(0, i - 20) : i + 20]) for i in range(len(at_A))])
    return np.column_stack((scaled, step_A[:-1] / local, step_A[1:] / local))


def classify(train: dict, test: dict) -> tuple[Array, Array]:
    """Return sensitivity and positive predictivity for N, S, V between people (DS1 to DS2)."""
    rng = np.random.default_rng(0)

    def gather(by_record: dict, names: Sequence[int]) -> tuple[Array, npt.NDArray[np.str_]]:
        rows, labels = [], []
        for name in map(str, names):
            kind = np.array([AAMI[s] for s in by_record[name]["symbol"]])
            keep = np.isin(kind, list("NSV")) & ((kind != "N") | (rng.random(len(kind)) < 0.25))
            rows.append(by_record[name]["features"][keep])
            labels.append(kind[keep])
        return np.concatenate(rows), np.concatenate(labels)

    x, y = gather(train, DS1)
    model = HistGradientBoostingClassifier(max_iter=60, class_weight="balanced", random_state=0)
    x2, y2 = gather(test, DS2)
    guess = model.fit(x, y).predict(x2)
    kinds = list("NSV")
    se = recall_score(y2, guess, labels=kinds, average=None)
    pp = recall_score(guess, y2, labels=kinds, average=None)
    return se, pp


def table(real: dict, simulated: dict) -> str:
    hz = np.fft.rfftfreq(14400, 1 / 360)
    lines = ["| | real | simulated |", "|---|---|---|"]

    def row(what: str, value: Callable[[dict], str]) -> None:
        lines.append(f"| {what} | {value(real)} | {value(simulated)} |")

    def quartiles(key: str, form: str) -> Callable[[dict], str]:
        def of(by_record: dict) -> str:
            values = np.array([v[key] for v in by_record.values()], float)
            low, middle, high = np.nanpercentile(values, [25, 50, 75])
            return f"{middle:{form}} ({low:{form}}-{high:{form}})"

        return of

    row("SDNN of N-N intervals, ms", quartiles("sdnn", ".0f"))
    row("RMSSD, ms", quartiles("rmssd", ".0f"))
    row(
        "mean N-N interval, ms",
        lambda f: "{1:.0f} ({0:.0f}-{2:.0f})".format(
            *np.nanpercentile(
                [np.mean(v["nn"]) * 1e3 for v in f.values() if len(v["nn"])], [25, 50, 75]
            )
        ),
    )
    row("QRS amplitude, mV", quartiles("size", ".2f"))
    row("step noise before P, uV", quartiles("noise", ".1f"))
    for kind in "NV":
        row(
            f"spread of {kind} beats within a record, % of amplitude",
            lambda f, k=kind: "{1:.1f} ({0:.1f}-{2:.1f})".format(
                *np.percentile(
                    [100 * v["variety"][k] for v in f.values() if k in v["variety"]], [25, 50, 75]
                )
            ),
        )
    for low, high in BANDS:
        inside = (hz >= low) & (hz < high)
        row(
            f"power {low}-{high} Hz, dB mV2/Hz",
            lambda f, m=inside: "{1:.0f} ({0:.0f}-{2:.0f})".format(
                *np.percentile(
                    [10 * np.log10(v["density"][m].mean()) for v in f.values()], [25, 50, 75]
                )
            ),
        )
    share = {
        w: Counter(AAMI[s] for v in f.values() for s in v["symbol"])
        for w, f in (("r", real), ("t", simulated))
    }
    for kind in "NSVFQ":
        lines.append(
            f"| {kind}, % of beats | "
            + " | ".join(f"{100 * share[w][kind] / share[w].total():.2f}" for w in "rt")
            + " |"
        )
    results = {
        "real": classify(real, real),
        "sim": classify(simulated, simulated),
        "cross": classify(simulated, real),
    }
    for n, kind in enumerate("NSV"):
        row_ = [
            f"{100 * results[w][0][n]:.0f} / {100 * results[w][1][n]:.0f}" for w in ("real", "sim")
        ]
        lines.append(
            f"| boosted trees between people, {kind}: Se / +P, % | {row_[0]} | {row_[1]} |"
        )
    cross = ", ".join(
        f"{k} {100 * s:.0f} / {100 * p:.0f}"
        for k, s, p in zip("NSV", *results["cross"], strict=True)
    )
    lines.append(f"\nTrained on simulated, tested on real (Se / +P, %): {cross}.")
    return "\n".join(lines)


def draw(real: dict, simulated: dict, out: Path) -> None:
    """Draw spectra, interval histograms, variability, class shares, and median beats."""
    plt.rcParams.update({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False})
    colours = {"real": "#3b3b3b", "simulated": "#d1495b"}
    both = {"real": real, "simulated": simulated}
    figure = plt.figure(figsize=(11, 10.5), layout="constrained")
    grid = figure.add_gridspec(3, 1, height_ratios=(1, 0.9, 2.6))
    top = grid[0].subgridspec(1, 3)
    middle = grid[1].subgridspec(1, 3)
    spectrum(figure.add_subplot(top[0]), both, colours)
    intervals(figure.add_subplot(top[1]), both, colours)
    variability(figure.add_subplot(top[2]), both, colours)
    shares(figure.add_subplot(middle[0]), both, colours)
    couplings(figure.add_subplot(middle[1]), both, colours)
    sizes(figure.add_subplot(middle[2]), both, colours)
    shapes(figure, grid[2].subgridspec(len(SHAPES), 14), both, colours)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110)


SHAPES = {
    "N": "sinus",
    "L": "left block",
    "R": "right block",
    "V": "ventricular",
    "S": "supraventricular",
    "F": "fusion",
    "/": "paced",
}


def spectrum(axes: plt.Axes, both: dict, colours: dict) -> None:
    hz = np.fft.rfftfreq(14400, 1 / 360)
    edges = np.geomspace(0.05, 175, 90)
    centre = np.sqrt(edges[1:] * edges[:-1])
    for name, by_record in both.items():
        rows = []
        for one in by_record.values():
            log = 10 * np.log10(one["density"] + 1e-12)
            rows.append(np.interp(np.log(centre), np.log(hz[1:]), log[1:]))
        low, mid, high = np.percentile(rows, [25, 50, 75], axis=0)
        axes.fill_between(centre, low, high, color=colours[name], alpha=0.18, lw=0)
        axes.plot(centre, mid, color=colours[name], label=name, lw=1.2)
    axes.set(
        xscale="log",
        xlabel="Hz",
        ylabel="dB re 1 mV²/Hz",
        title="power density, median and quartiles",
    )
    axes.legend(frameon=False)


def intervals(axes: plt.Axes, both: dict, colours: dict) -> None:
    for name, by_record in both.items():
        pooled = np.concatenate([v["nn"] for v in by_record.values()])
        axes.hist(
            pooled,
            np.arange(0.3, 1.8, 0.02),
            density=True,
            histtype="step",
            color=colours[name],
            label=name,
        )
    axes.set(xlabel="N–N interval, s", title="intervals, all records", yticks=[])


def variability(axes: plt.Axes, both: dict, colours: dict) -> None:
    for name, by_record in both.items():
        axes.plot(
            [v["sdnn"] for v in by_record.values()],
            [v["rmssd"] for v in by_record.values()],
            "o",
            color=colours[name],
            ms=3.5,
            alpha=0.75,
            mew=0,
        )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="SDNN, ms",
        ylabel="RMSSD, ms",
        title="variability, a point a record",
    )


def shares(axes: plt.Axes, both: dict, colours: dict) -> None:
    for n, (name, by_record) in enumerate(both.items()):
        count = Counter(AAMI[s] for v in by_record.values() for s in v["symbol"])
        axes.bar(
            np.arange(5) + 0.38 * n,
            [100 * count[k] / count.total() for k in "NSVFQ"],
            0.36,
            color=colours[name],
        )
    axes.set(
        xticks=np.arange(5) + 0.19,
        xticklabels=list("NSVFQ"),
        yscale="log",
        ylabel="% of beats",
        title="classes (AAMI)",
    )


def couplings(axes: plt.Axes, both: dict, colours: dict) -> None:
    at = features_width()
    for name, by_record in both.items():
        for kind, style in (("V", "-"), ("S", ":")):
            values = np.concatenate(
                [v["features"][pick(v["symbol"], kind), at] for v in by_record.values()]
            )
            axes.hist(
                values,
                np.arange(0.2, 1.6, 0.04),
                density=True,
                histtype="step",
                ls=style,
                color=colours[name],
                label=f"{name} {kind}",
            )
    axes.set(
        xlabel="R–R before ÷ local median", title="prematurity of V (solid), S (dotted)", yticks=[]
    )


def features_width() -> int:
    return 60  # samples of the shape come first, then the two intervals


def sizes(axes: plt.Axes, both: dict, colours: dict) -> None:
    for name, by_record in both.items():
        axes.hist(
            [v["size"] for v in by_record.values()],
            np.arange(0, 4.6, 0.3),
            histtype="step",
            color=colours[name],
        )
    axes.set(xlabel="QRS amplitude, mV", ylabel="records", title="size of beats")


def shapes(
    figure: plt.Figure, grid: mpl.gridspec.GridSpecFromSubplotSpec, both: dict, colours: dict
) -> None:
    second = np.arange(-144, 216) / 360
    for row, (kind, title) in enumerate(SHAPES.items()):
        for side, (name, by_record) in enumerate(both.items()):
            have = [(k, v["shape"][kind]) for k, v in by_record.items() if kind in v["shape"]][
                :: max(1, sum(kind in v["shape"] for v in by_record.values()) // 7)
            ][:7]
            for column in range(7):
                axes = figure.add_subplot(grid[row, 7 * side + column])
                axes.axis("off")
                if column < len(have):
                    axes.plot(second, have[column][1], color=colours[name], lw=0.9)
                    axes.set_title(have[column][0], fontsize=5, pad=0)
                if column == 0:
                    axes.text(
                        -0.05,
                        1.12,
                        f"{title}, {name}",
                        transform=axes.transAxes,
                        fontsize=7,
                        in_layout=False,
                    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--real", type=Path, required=True, help="folder that holds the real RECORDS"
    )
    parser.add_argument("--figure", type=Path, default=Path("docs/figures/simulation.png"))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        mitdb.simulate(Path(folder), mitdb.names(), arguments.seed)
        simulated = measure(Path(folder), mitdb.names())
    real = measure(arguments.real, mitdb.names())
    draw(real, simulated, arguments.figure)
    print(table(real, simulated))


if __name__ == "__main__":
    main()

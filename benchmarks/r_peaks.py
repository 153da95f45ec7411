"""Compare detectors of R-peaks on the 48 records of mitdb: a table.

    python benchmarks/r_peaks.py ../shared/physionet
    python benchmarks/r_peaks.py ../shared/physionet --detectors cardiograft neurokit2 --rates 360

The first lead of each record, all 30 minutes (the first five count, which AAMI EC57 would leave
out), upright and inverted, resampled. Reference beats are WFDB's beat annotations; flutter waves
(``!``) are none, and what is detected between ``[`` and ``]`` counts neither way. A detected beat
is right that is the nearest to a reference beat, and that one to it, within the window. Offsets are
detected minus reference, of what is right. DS1 and DS2 are de Chazal's halves: constants of
cardiograft's detector were chosen on DS1. Ratios of times are to wfdb's xqrs.
"""

import argparse
import importlib.util
import time
import warnings
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import wfdb
from wfdb import processing

from cardiograft.evaluation.peak_matching import partners
from cardiograft.segments.beats import BEATS
from cardiograft.signals.peaks import r_peaks
from cardiograft.signals.resampling import ratio, resampled

Array = npt.NDArray[np.float64]
MAINS_HZ = 60
DS1 = "101 106 108 109 112 114 115 116 118 119 122 124 201 203 205 207 208 209 215 220 223 230"
DS2 = "100 103 105 111 113 117 121 123 200 202 210 212 213 214 219 221 222 228 231 232 233 234"
PARTS = {"DS1": DS1.split(), "DS2": DS2.split(), "paced": ["102", "104", "107", "217"]}


class Reference(NamedTuple):
    """A record's first lead, and in seconds its beats and where the ventricles flutter."""

    signal_T: npt.NDArray[np.float32]
    beat_A: Array
    flutter_F2: Array


def reference(place: Path) -> Reference:
    record, marks = wfdb.rdrecord(str(place)), wfdb.rdann(str(place), "atr")
    symbol_A, time_A = np.array(marks.symbol), marks.sample / record.fs
    edges = [time_A[symbol_A == edge] for edge in "[]"]
    beat_A = time_A[np.isin(symbol_A, list(BEATS))]
    return Reference(record.p_signal[:, 0].astype(np.float32), beat_A, np.stack(edges, axis=1))


def own(signal_T: Array, rate: int) -> Any:
    return r_peaks(signal_T.astype(np.float32), Fraction(rate), mains_hz=MAINS_HZ)


def xqrs(signal_T: Array, rate: int) -> Any:
    return processing.xqrs_detect(signal_T, rate, verbose=False)


def gqrs(signal_T: Array, rate: int) -> Any:
    return processing.gqrs_detect(sig=signal_T, fs=rate)


def neurokit(signal_T: Array, rate: int) -> Any:
    import neurokit2

    clean_T = neurokit2.ecg_clean(signal_T, rate)
    return neurokit2.ecg_peaks(clean_T, rate)[1]["ECG_R_Peaks"]


DETECTORS: dict[str, Callable[[Array, int], Any]] = {
    "cardiograft": own,
    "xqrs": xqrs,
    "gqrs": gqrs,
    "neurokit2": neurokit,
}


class Pairs(NamedTuple):
    """What a detector found in a record, beside its beats."""

    apart_A: Array  # of each reference beat from the detected one, s
    false_A: Array  # of each detected beat from a reference beat, or from flutter, s
    offset_A: Array  # ms


def paired(truth: Reference, peak_A: Array) -> Pairs:
    nearest_A, apart_A = partners(truth.beat_A, peak_A)
    false_A = partners(peak_A, truth.beat_A)[1]
    for first, end in truth.flutter_F2:
        false_A = np.minimum(false_A, np.maximum(np.maximum(first - peak_A, peak_A - end), 0))
    hit_A = np.isfinite(apart_A)
    offset_A = np.full(len(apart_A), np.nan)
    offset_A[hit_A] = 1000 * (peak_A[nearest_A[hit_A]] - truth.beat_A[hit_A])
    return Pairs(apart_A, false_A, offset_A)


def row(results: list[Pairs], window_s: float) -> str:
    """Return Se, +P, beats missed, false ones, and the offset of what is right."""
    apart_A, false_A, offset_A = (np.concatenate(column) for column in zip(*results, strict=True))
    right_A = apart_A <= window_s
    hits, missed, false = right_A.sum(), (~right_A).sum(), (false_A > window_s).sum()
    share = f"{hits / max(1, hits + missed):.4f} | {hits / max(1, hits + false):.4f}"
    offset = f"{offset_A[right_A].mean():+.1f} ± {offset_A[right_A].std():.1f}"
    return f"{share} | {missed} | {false} | {offset}"


def benchmark(mirror: Path, detectors: list[str], rates: list[int]) -> None:
    root = mirror / "mitdb" / "1.0.0"
    truths = {name: reference(root / name) for names in PARTS.values() for name in names}
    print("| detector | Hz | lead | window, ms | records | Se | +P | missed | false | offset, ms |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    taken_s: dict[str, float] = {}
    for detector in detectors:
        for rate in rates:
            by = ratio(Fraction(360), Fraction(rate))
            leads = {n: resampled(t.signal_T, by).astype(np.float64) for n, t in truths.items()}
            for sign, side in ((1, "upright"), (-1, "inverted")):
                start = time.process_time()
                peaks_by_name = {n: DETECTORS[detector](sign * x, rate) for n, x in leads.items()}
                taken_s[detector] = taken_s.get(detector, 0) + time.process_time() - start
                pairs = {
                    n: paired(truths[n], np.asarray(f, dtype=np.float64) / rate)
                    for n, f in peaks_by_name.items()
                }
                for window_s in (0.075, 0.15):
                    for part, names in {"all": list(truths), **PARTS}.items():
                        results = [pairs[n] for n in names]
                        about = f"{detector} | {rate} | {side} | {1000 * window_s:.0f} | {part}"
                        print(f"| {about} | {row(results, window_s)} |", flush=True)
    for detector, seconds in taken_s.items():
        beside = f", {seconds / taken_s['xqrs']:.3f} of xqrs" if "xqrs" in taken_s else ""
        print(f"{detector}: {seconds:.0f} s of processor time{beside}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mirror", type=Path, help="a directory in PhysioNet's layout")
    parser.add_argument("--detectors", nargs="+", choices=DETECTORS, default=list(DETECTORS))
    parser.add_argument("--rates", nargs="+", type=int, default=[125, 250, 360])
    options = parser.parse_args()
    if not importlib.util.find_spec("neurokit2") and "neurokit2" in options.detectors:
        print("neurokit2 is not installed: left out")
        options.detectors.remove("neurokit2")
    warnings.simplefilter("ignore")  # of neurokit2, on leads in which it finds little
    benchmark(**vars(options))

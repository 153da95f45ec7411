"""Time and peak memory of the segment stage on the 48 real mitdb records.

10-s windows of MLII (V5 in 102 and 104), band-pass 0.5-40 Hz, 360 to 125 Hz, start-up and
imports included, numerical libraries on one thread. Prints each run and the median.

    python benchmarks/segment_mitdb.py ../shared/physionet
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "workflow" / "scripts" / "segment.py"
SPEC = {
    "database": "mitdb",
    "dataset": "mitdb",
    "signal": {"leads": ["MLII|V5"], "filter": {"low_hz": 0.5, "high_hz": 40}, "scale": "minmax"},
    "rate_hz": 125,
    "cut": {"name": "windows", "window_s": 10},
}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def manifest(mirror: Path) -> dict[str, object]:
    root = mirror / "mitdb" / "1.0.0"
    names = (root / "RECORDS").read_text(encoding="utf-8").split()
    records = [{"name": n, "status": "accepted", "rate_hz": 360.0} for n in names]
    about = {"dataset": "mitdb", "root": str(root), "digest": "", "simulated": False}
    return about | {"records": records}


def measure(command: list[str]) -> tuple[float, float, float]:
    """Return CPU seconds, wall seconds and peak memory (MB) of one process."""
    start = os.times()
    process = subprocess.Popen(command, env={**os.environ, **dict.fromkeys(THREADS, "1")})
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command[:2])} failed")
    wall_s = os.times().elapsed - start.elapsed
    return usage.ru_utime + usage.ru_stime, wall_s, usage.ru_maxrss / 1024


def benchmark(mirror: Path, runs: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        listing, out = Path(scratch) / "mitdb.json", Path(scratch) / "out"
        listing.write_text(json.dumps(manifest(mirror)), encoding="utf-8")
        command = [sys.executable, str(SCRIPT), "--spec", json.dumps(SPEC)]
        command += ["--manifest", str(listing), "--out", str(out)]
        costs = [measure(command) for _ in range(runs)]
        summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    for cpu_s, wall_s, peak_mb in costs:
        print(f"{cpu_s:.2f} s CPU, {wall_s:.2f} s wall, {peak_mb:.0f} MB peak")
    middle = [statistics.median(column) for column in zip(*costs, strict=True)]
    print(
        f"median of {runs}: {middle[0]:.2f} s CPU, {middle[1]:.2f} s wall, {middle[2]:.0f} MB;"
        f" {summary['records']} records, {summary['segments']} segments"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mirror", type=Path, help="a directory in PhysioNet's layout")
    parser.add_argument("--runs", type=int, default=3)
    benchmark(**vars(parser.parse_args()))

"""How many jobs a config plans, and the time and memory that planning takes.

    python benchmarks/plan.py workflow/config/open.yaml workflow/config/paper.yaml
    python benchmarks/plan.py workflow/config/open.yaml --mirror <folder>
    python benchmarks/plan.py workflow/config/paper.yaml --profile workflow/profiles/slurm

A dry run (``snakemake -n``) of each file's report, in a process of its own and with results in an
empty folder, so that every job is planned; the second of two runs is told, for the first one reads
all sources.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOTAL = re.compile(r"^total\s+(\d+)", re.MULTILINE)
COLUMNS = ("config", "jobs", "wall s", "cpu s", "x --version", "MB", "ms a job")


def measured(arguments: list[str]) -> tuple[str, float, float, float]:
    """Return what a process prints, its wall and processor seconds and its peak memory in MB."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    text = process.stdout.read() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(text[-2000:])
    return text, time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def planned(config: Path, folder: Path, mirror: str, profile: str) -> tuple[float, ...]:
    """Return jobs, wall and processor seconds, and MB, of the second of two plans."""
    results = folder / config.stem
    own = [f"results={results}", *([f"mirror={mirror}"] if mirror else [])]
    arguments = ["-n", "--quiet", "rules", "--cores", "1", "--nolock", "--configfile", str(config)]
    arguments += ["--workflow-profile", profile] if profile else []
    arguments += ["--config", *own, "--", f"{results}/report.html"]
    measured(arguments)
    text, wall_s, cpu_s, peak_MB = measured(arguments)
    jobs = TOTAL.search(text)
    if jobs is None:
        raise SystemExit(text[-2000:])
    return float(jobs[1]), wall_s, cpu_s, peak_MB


def main() -> None:
    """Print a row for each config."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("configs", nargs="+", type=Path)
    parser.add_argument("--mirror", default="", help="in place of the config's")
    parser.add_argument("--profile", default="", help="a folder: its groups are planned, too")
    arguments = parser.parse_args()
    measured(["--version"])
    _, _, version_s, _ = measured(["--version"])
    print(" ".join(f"{c:>12}" for c in COLUMNS))
    for config in arguments.configs:
        with tempfile.TemporaryDirectory() as folder:
            jobs, *costs = planned(config, Path(folder), arguments.mirror, arguments.profile)
        wall_s, cpu_s, peak_MB = costs
        shown = (jobs, wall_s, cpu_s, cpu_s / version_s, peak_MB, 1000 * cpu_s / jobs)
        cells = " ".join(f"{value:12.1f}" for value in shown)
        print(f"{config.stem:>12} {cells}", flush=True)


if __name__ == "__main__":
    main()

"""Snakemake's own limits, of rules that do nothing: planning, and long chains.

    python benchmarks/limits.py

Processor seconds and peak memory of a dry run by number of jobs, and the longest chain of jobs,
each of which needs the one before, that is planned.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

SIDE_BY_SIDE = """
rule all:
    input: expand("out/{{n}}", n=range({jobs}))
rule one:
    output: touch("out/{{n}}")
"""
CHAIN = """
rule all:
    input: "out/{jobs}"
rule one:
    input: lambda w: f"out/{{int(w.n) - 1}}" if int(w.n) else []
    output: touch("out/{{n}}")
"""
PLANNED = (1000, 5000, 20_000)
LONGEST = 2000


def planned(workflow: str) -> tuple[int, float, float]:
    """Return status, processor seconds and peak memory in MB of a dry run in its own folder."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Snakefile").write_text(workflow)
        process = subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--quiet", "all", "-n"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
    return status, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def longest_chain() -> int:
    """Return the length of the longest chain that is planned, to ten."""
    longest, failed = 10, LONGEST
    while failed - longest > 10:
        middle = (longest + failed) // 2
        if planned(CHAIN.format(jobs=middle))[0] == 0:
            longest = middle
        else:
            failed = middle
    return longest


def main() -> None:
    print("jobs | dry run, processor s | MB")
    for jobs in PLANNED:
        _, seconds, memory = planned(SIDE_BY_SIDE.format(jobs=jobs))
        print(f"{jobs} | {seconds:.1f} | {memory:.0f}", flush=True)
    print(f"longest chain: {longest_chain()}")


if __name__ == "__main__":
    main()

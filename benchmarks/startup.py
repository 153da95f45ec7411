"""How long planning takes beside Snakemake's own start: run after `make report`.

Each turn runs `snakemake --version`, then every command once, so that busy neighbours slow all
alike; a ratio is of one turn's two runs. Processor seconds count beside wall seconds, because
neighbours disturb them less. `trivial` is a workflow of one rule: what Snakemake itself needs.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TURNS = 7
TRIVIAL = """
rule one:
    output: "one.txt"
    params: word=lambda w: "one"
    shell: "echo {params.word} > {output}"
"""
VERSION = ("--version",)
COMMANDS = {
    "nothing to do": ("--cores", "1", "--", "results/report.html"),
    "open.yaml -n": (
        "-n", "--cores", "1", "--configfile", "workflow/config/open.yaml",
        "--", "results/open/report.html",
    ),
    "a misspelt model": (
        "--cores", "1", "--config", "transfer={x: {model: cn}}", "--", "results/report.html",
    ),
    "an unreachable mirror": (
        "--cores", "1", "--config", "mirror=https://127.0.0.1:9", "results=results/nowhere",
        "--", "results/nowhere/report.html",
    ),
}  # fmt: skip


def seconds(arguments: tuple[str, ...]) -> tuple[float, float, int]:
    """Return wall and processor seconds of one whole process, and its exit status."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments], capture_output=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, used, done.returncode


def least_and_median(values: list[float]) -> str:
    return f"{min(values):5.2f} {statistics.median(values):6.2f}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "Snakefile").write_text(TRIVIAL)
        trivial = ("--cores", "1", "--directory", folder, "--snakefile", f"{folder}/Snakefile")
        commands = {"--version": VERSION, "trivial": trivial, **COMMANDS}
        for arguments in commands.values():  # files of Python, and what planning remembers
            seconds(arguments)
        turns = [{name: seconds(a) for name, a in commands.items()} for _ in range(TURNS)]
    print(f"{TURNS} turns, min and median  wall s         x --version   cpu s         x --version")
    for name in commands:
        columns = []
        for which in (0, 1):
            values = [turn[name][which] for turn in turns]
            ratios = [turn[name][which] / turn["--version"][which] for turn in turns]
            columns += [least_and_median(values), least_and_median(ratios)]
        print(f"{name:24}", "  ".join(columns), f" exit {turns[-1][name][2]}")

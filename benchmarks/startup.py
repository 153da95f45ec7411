"""How long a rerun with nothing to do takes, and a mistake in config: run after `make report`."""

import statistics
import subprocess
import sys
import time

TURNS = 5
COMMANDS = {
    "nothing to do": ("results/report.html",),
    "a misspelt model": ("--config", "transfer={x: {model: cn}}", "--", "results/report.html"),
    "an unreachable mirror": (
        "--config", "mirror=https://127.0.0.1:9", "results=results/nowhere",
        "--", "results/nowhere/report.html",
    ),
}  # fmt: skip


def seconds(arguments: tuple[str, ...]) -> tuple[float, int]:
    """Return wall seconds of one whole process, and its exit status."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", *arguments],
        capture_output=True,
        check=False,
    )
    return time.perf_counter() - start, done.returncode


if __name__ == "__main__":
    for name, arguments in COMMANDS.items():
        runs = [seconds(arguments) for _ in range(TURNS)]
        walls = [wall for wall, _ in runs]
        print(
            f"{name:24} median {statistics.median(walls):.2f} s"
            f" ({min(walls):.2f}-{max(walls):.2f}, {TURNS} runs), exit {runs[-1][1]}"
        )

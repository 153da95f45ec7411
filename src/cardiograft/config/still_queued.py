"""Jobs in SLURM's queue that an earlier run has left: Snakemake, begun again, does not find them.

Killed itself, Snakemake leaves its jobs to run on; begun again, it would submit the same ones once
more, and remove what the first ones publish before the second ones begin.
"""

import subprocess
from pathlib import Path

ANSWER_S = 60  # a busy controller takes its time


def refuse_second_jobs(folder: Path) -> None:
    """Stop where jobs of an earlier run in this folder are still queued or running.

    Parameters
    ----------
    folder
        Where Snakemake was called.

    Raises
    ------
    ValueError
        There are some; it names them. Where the queue can't be read, none are known.
    """
    left = earlier_jobs(queue(), folder.resolve())
    if left:
        raise ValueError(
            f"jobs of an earlier run in this folder are still in the queue ({_some(left)}): wait"
            " until squeue shows none of them, or scancel them, and call again"
        )


def earlier_jobs(lines: str, folder: Path) -> list[str]:
    """Return the numbers of the jobs that Snakemake has submitted from a folder.

    Parameters
    ----------
    lines
        As `queue` returns them.
    """
    found = []
    for line in lines.splitlines():
        number, comment, place = line.split("|", 2)
        # What it submits has such a comment; a job in which it is itself called has not.
        if comment.startswith("rule_") and Path(place) == folder:
            found.append(number)
    return found


def queue() -> str:
    """Return number, comment and working folder of the user's jobs; empty where none is known."""
    words = ["squeue", "--me", "--noheader", "--format=%i|%k|%Z"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=ANSWER_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def _some(numbers: list[str]) -> str:
    return ", ".join([*numbers[:5], *(["..."] if len(numbers) > 5 else [])])

"""Jobs in SLURM's queue that an earlier run has left: Snakemake, begun again, does not find them.

Killed itself, Snakemake leaves its jobs to run on; begun again, it would submit the same ones once
more, and remove what the first ones publish before the second ones begin.
"""

import subprocess
import time
from pathlib import Path

ANSWER_S = 60  # a busy controller takes its time
PAUSES_S = (2.0, 5.0)  # before it is asked again


def refuse_second_jobs(folder: Path) -> None:
    """Stop where jobs of an earlier run in this folder are still queued or running.

    Parameters
    ----------
    folder
        Where Snakemake was called.

    Raises
    ------
    ValueError
        There are some; it names them. Or nobody can say whether there are.
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
    numbers = []
    for line in lines.splitlines():
        if line.count("|") < 2:
            continue  # a warning, or the rest of a comment of several lines
        number, comment, place = line.split("|", 2)
        # What it submits has such a comment; a job in which it is itself called has not.
        if comment.startswith("rule_") and Path(place) == folder:
            numbers.append(number)
    return numbers


def queue() -> str:
    """Return number, comment and working folder of the user's jobs; nothing where is no squeue.

    Raises
    ------
    ValueError
        It gives no answer, though it is asked again: which does not mean that there are none.
    """
    words = ["squeue", "--me", "--noheader", "--format=%i|%k|%Z"]
    for pause_s in (*PAUSES_S, None):
        try:
            return subprocess.run(
                words, capture_output=True, text=True, timeout=ANSWER_S, check=True
            ).stdout
        except FileNotFoundError:
            return ""
        except subprocess.CalledProcessError as error:
            why = " ".join(error.stderr.split()) or f"status {error.returncode}"
        except (OSError, subprocess.SubprocessError) as error:
            why = str(error)
        if pause_s is not None:
            time.sleep(pause_s)
    raise ValueError(
        f"squeue does not answer ({why}): jobs of an earlier run in this folder may still be in the"
        " queue, and would be begun a second time; call again when it does"
    )


def _some(numbers: list[str]) -> str:
    return ", ".join([*numbers[:5], *(["..."] if len(numbers) > 5 else [])])

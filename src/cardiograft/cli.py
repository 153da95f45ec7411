"""Run a stage's script from the shell: parse its arguments, end in one line if it can't go on."""

import argparse
import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from cardiograft.files import DISK_FAULTS

# What a path can be that nothing can be written to.
PLACES = {errno.EACCES, errno.EPERM, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ELOOP}
UNFINISHED = "nothing unfinished was published"


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser that shows a script's docstring, and defaults, with ``--help``."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )


def run(stage: Callable[..., None], arguments: argparse.ArgumentParser) -> None:
    """Call `stage` with the parsed arguments; a user's mistake ends in one line and status 1.

    A job that is signalled to end (SIGTERM) takes what it has half written with it, and so does
    one that is interrupted (Ctrl-C).
    """
    # A script's own folder leads the search path, and ours holds a tabulate.py, which torch
    # would take for the library of that name.
    sys.path[:] = [p for p in sys.path if not Path(p, "tabulate.py").is_file()]
    signal.signal(signal.SIGTERM, _ended)
    with ending_in_a_line(arguments.prog):
        stage(**vars(arguments.parse_args()))


@contextmanager
def ending_in_a_line(name: str) -> Iterator[None]:
    """End the process in one line that begins with a name where a user's mistake stops the block.

    So does a full disk, and Ctrl-C. What was complete before is published and stays.
    """
    try:
        yield
    except (ValueError, FileNotFoundError) as error:
        stop(f"{name}: {' '.join(str(error).split())}")
    except OSError as error:
        if isinstance(error, BrokenPipeError):  # as of `| head`: whoever reads has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            sys.exit(128 + signal.SIGPIPE)
        if error.errno in DISK_FAULTS | PLACES:
            stop(f"{name}: {error.strerror}: {error.filename}; {UNFINISHED}")
        raise
    except KeyboardInterrupt:
        sys.stderr.write(f"{name}: interrupted; {UNFINISHED}\n")
        sys.exit(128 + signal.SIGINT)


def _ended(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def stop(line: str) -> NoReturn:
    """End with status 1 and one line."""
    say(line)
    sys.exit(1)


def say(line: str) -> None:
    """Print one line, also on a terminal that stderr does not reach.

    A rule sends stderr to its log; what a user has to know should be read without opening it.
    """
    if not os.path.sameopenfile(1, 2):
        sys.stdout.write(line + "\n")
    sys.stderr.write(line + "\n")

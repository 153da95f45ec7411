"""Checkpoints of this project: those that come along with it, or another run's.

Names and masks are as they were trained; the file's own seal is checked.
"""

from pathlib import Path

from cardiograft.checkpoints.file import Checkpoint, read_checkpoint


def read(path: Path) -> Checkpoint:
    """Return the checkpoint as it was written.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such file, it is damaged, or no checkpoint of this project's.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    return read_checkpoint(path)

"""Any file of torch's that holds tensors by name: its names, a prefix exchanged for another."""

from pathlib import Path

from cardiograft.checkpoints.file import Checkpoint
from cardiograft.checkpoints.readers._state import renamed, state


def read(path: Path, *, key: str = "", below: str = "", put: str = "") -> Checkpoint:
    """Return the tensors.

    Parameters
    ----------
    path
        Written by ``torch.save``: tensors, plain values and mappings of them.
    key
        Where in the file the tensors are, if not at its top: words between dots.
    below, put
        Only tensors below this name are taken, and put below that name in its place.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such file, or no such tensors in it.
    """
    return Checkpoint(tensors=renamed(path, state(path, key), {below: put}))

"""Any safetensors file, whoever has written it: its names, a prefix exchanged for another."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file

from cardiograft.checkpoints.file import Checkpoint
from cardiograft.checkpoints.readers._state import renamed


def read(path: Path, *, below: str = "", put: str = "") -> Checkpoint:
    """Return the tensors.

    Parameters
    ----------
    path
        A safetensors file.
    below, put
        Only tensors below this name are taken, and put below that name in its place.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such file, it is damaged, or there are no such tensors in it.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path}: not a safetensors file ({error})") from None
    return Checkpoint(tensors=renamed(path, tensors, {below: put}))

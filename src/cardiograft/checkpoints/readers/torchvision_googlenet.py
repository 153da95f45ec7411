"""torchvision's GoogLeNet weights, learned on ImageNet: names of the model ``googlenet``.

The file is torchvision's own (``googlenet-1378be20.pth``). Its auxiliary heads are left out; its
last layer, of 1,000 classes of photographs, is ``head``. Their names are not in the file.
"""

from pathlib import Path

from cardiograft.checkpoints.file import Checkpoint
from cardiograft.checkpoints.meaning import Meaning
from cardiograft.checkpoints.readers._state import renamed, state


def read(path: Path) -> Checkpoint:
    """Return the tensors.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such file, or it holds no GoogLeNet.
    """
    tensors = state(path)
    own = {name.split(".")[0] for name in tensors} - {"fc", "aux1", "aux2"}
    if not {"conv1", "inception3a", "inception5b"} <= own or "fc.weight" not in tensors:
        raise ValueError(f"{path}: no GoogLeNet of torchvision's: it has {', '.join(sorted(own))}")
    names = {name: f"encoder.{name}" for name in own} | {"fc": "head"}
    about = {"meaning": Meaning(kind="classes").content()}
    return Checkpoint(tensors=renamed(path, tensors, names), about=about)

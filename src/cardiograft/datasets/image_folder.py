"""Pictures of one's own, in a folder of class folders that config names, through Pillow.

``<class>/<picture>.png`` or ``.jpg``, ``.jpeg``, ``.bmp``, ``.gif``, ``.pgm``, ``.ppm``, ``.tif``,
``.tiff``, ``.webp``; the first folder of a picture's path is its class. The middle square of a
picture is kept, at the size and in the colours that config says. ImageNet, or any other that is
laid out so.

Source: the layout is torchvision's ``ImageFolder``.
"""

from pathlib import Path
from typing import Any

import numpy as np

from cardiograft.datasets import _own, _pictures
from cardiograft.physionet.headers import UnfitError
from cardiograft.records import Record
from cardiograft.specs.own_folder import OwnFolder

SLUG, VERSION = "image_folder", "own"
MAINS_HZ = 50
WANTED = ()
UNITS = {"*": "NU"}
ANNOTATORS = ()
EXTRAS = ()
OWN = True

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pgm", ".ppm", ".tif", ".tiff", ".webp")
MODES = {"grey": "L", "rgb": "RGB"}


def record_names(root: Path, *, folder: OwnFolder) -> tuple[str, ...]:
    """Return the names of the pictures, without extension, in order.

    Raises
    ------
    ValueError
        Pillow is not installed.
    """
    _library()
    return tuple(dict.fromkeys(_own.names(root, *SUFFIXES)))


def files(root: Path, record: str) -> tuple[str, ...]:
    """Return the file below `root` that a picture is.

    Raises
    ------
    FileNotFoundError, UnfitError
        There is none, or there are several.
    """
    return (_own.file(root, record, *SUFFIXES),)


def mentioned(root: Path, *, folder: OwnFolder) -> dict[str, tuple[str, ...]]:
    """Return the pictures that each table of the folder names."""
    return _own.mentioned(root, folder)


def subject(root: Path, record: str, *, folder: OwnFolder) -> str:
    """Return whose picture it is, as config says: with ``record``, each is its own.

    Raises
    ------
    UnfitError
        Its subject is not known.
    """
    return _own.subject(root, record, folder)


def read(root: Path, record: str, *, folder: OwnFolder) -> Record:
    """Read one picture: float32, shape (1, planes x height x width), 0 to 1, with its class.

    Raises
    ------
    FileNotFoundError
        The file is not there.
    UnfitError
        It can't be read, or lies in no class folder.
    """
    label, inner, _ = record.partition("/")
    if not inner:
        raise UnfitError("no class: it lies in no folder")
    name = files(root, record)[0]
    try:
        picture_HWK = _square(root / name, folder)
    except (OSError, ValueError, SyntaxError) as error:  # Pillow raises each of them
        raise UnfitError(f"unreadable {name}: {' '.join(str(error).split())}") from error
    whose = _own.subject(root, record, folder)
    return _pictures.recording(folder.name, record, whose, picture_HWK.transpose(2, 0, 1), label)


def _square(path: Path, folder: OwnFolder) -> _pictures.Picture:
    """Return the middle square of a picture, (H, W, planes)."""
    library = _library()
    with library.open(path) as file:
        whole = file.convert(MODES[folder.colours])
    side = min(whole.size)
    left, top = (whole.width - side) // 2, (whole.height - side) // 2
    size = (folder.size, folder.size)
    # Cut out first: resized in one step, what lies beside the square would blend into its edges.
    square = whole.crop((left, top, left + side, top + side)).resize(size)  # bicubic
    return np.asarray(square).reshape(folder.size, folder.size, -1)


def _library() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise ValueError("pictures need Pillow: pip install 'cardiograft[pictures]'") from None
    return Image

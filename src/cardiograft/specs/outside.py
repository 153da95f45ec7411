"""What config may set for the stage `outside`: a file of weights that others have published."""

import hashlib
import importlib.util
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from cardiograft.specs.entry import Entry, Reader, Word

Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
EXTRAS = ("openecg",)  # packages that an extra of the same name brings along: pyproject.toml


class Outside(Entry):
    """A file, what it must be to the last byte, and what reads it.

    Attributes
    ----------
    file
        Its path; in a `package`, from there.
    package
        An installed Python package that it is a file of, or a folder in one, ``openecg.models``;
        nothing of it is imported.
    sha256
        Of the file, in 64 small hexadecimal digits.
    reader
        A plug-in of `checkpoints.readers`.
    """

    file: Word
    package: Word | None = None
    sha256: Sha256
    reader: Reader

    @property
    def key(self) -> str:
        """What the file is called among the results: by its content and how it is read."""
        read = f"{self.sha256} {self.reader.canonical()}".encode()
        return f"{self.reader.name}-{hashlib.sha256(read).hexdigest()[:12]}"

    @property
    def name(self) -> str:
        """What ledgers call it: the file's own name."""
        return Path(self.file).name

    @property
    def path(self) -> Path:
        """Where the file is.

        Raises
        ------
        FileNotFoundError
            Its package is not installed.
        ValueError
            Its package's name is none.
        """
        if self.package is None:
            return Path(self.file)
        top, *inner = parts = self.package.split(".")
        if not all(part.isidentifier() for part in parts):
            raise ValueError(f"{self.package!r} is no name of a Python package")
        try:
            module_spec = importlib.util.find_spec(top)  # of the top alone: a part below imports it
        except (ImportError, ValueError):  # a module of that name is loaded that has no file
            module_spec = None
        if module_spec is None or not module_spec.submodule_search_locations:
            from_where = f"'cardiograft[{top}]'" if top in EXTRAS else f"--no-deps {top}"
            raise FileNotFoundError(
                f"the package {top!r}, of which {self.file} is a file, is not installed:"
                f" pip install {from_where}"
            )
        return Path(next(iter(module_spec.submodule_search_locations))).joinpath(*inner, self.file)

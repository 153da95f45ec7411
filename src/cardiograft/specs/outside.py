"""What config may set for the stage `outside`: a file of weights that others have published."""

import hashlib
import importlib.util
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from cardiograft.specs.entry import Entry, Reader, Word

Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class Outside(Entry):
    """A file, what it must be to the last byte, and what reads it.

    Attributes
    ----------
    file
        Its path; in a `package`, from there.
    package
        An installed Python package that it is a file of; it is not imported.
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
        """
        if self.package is None:
            return Path(self.file)
        found = importlib.util.find_spec(self.package)
        if found is None or not found.submodule_search_locations:
            raise FileNotFoundError(
                f"the package {self.package!r}, of which {self.file} is a file, is not installed:"
                f" pip install --no-deps {self.package}"
            )
        return Path(next(iter(found.submodule_search_locations))) / self.file

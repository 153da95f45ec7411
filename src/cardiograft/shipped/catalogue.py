"""Find shipped networks by name: those of the package, then those that were fetched."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cardiograft import plugins
from cardiograft.files import read_json

PACKAGE = "cardiograft"
CARD, LINEAGE, SEGMENTS = "card.json", "lineage", "segments"
RECORDINGS = "_recordings"  # beside the networks, and no name of one: what several of them share
WEIGHTS, ONNX = "safetensors", "onnx"  # extensions, behind the network's name
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
BUDGET_BYTES = 20_000_000  # of all that come along together
FORMAT = "cardiograft model 1"
HOME = "CARDIOGRAFT_MODELS"  # names the folder of those that were fetched


@dataclass(frozen=True)
class Shipped:
    """A network that can be named.

    Attributes
    ----------
    name, folder
        What it is called, and where its files are.
    card
        What is known of it.
    """

    name: str
    folder: Path
    card: dict[str, Any]

    @property
    def weights(self) -> Path:
        """Its checkpoint."""
        return self.folder / f"{self.name}.{WEIGHTS}"

    @property
    def sha256(self) -> str:
        """SHA-256 of the checkpoint, by the card."""
        return str(self.card["files"][self.weights.name]["sha256"])

    @property
    def onnx(self) -> Path | None:
        """The same network as an ONNX file, where there is one."""
        path = self.folder / f"{self.name}.{ONNX}"
        return path if path.name in self.card["files"] else None

    @property
    def bytes(self) -> int:
        """Size of all its files, and of those that it shares with others."""
        files = [*self.card["files"].values(), *self.card.get("shared", {}).values()]
        return sum(int(file["bytes"]) for file in files)

    @property
    def splits(self) -> list[Path]:
        """Whom each training behind it used: tables as splits have them."""
        return [self.folder / LINEAGE / f"{one}.parquet" for one in self._tables()]

    @property
    def entries(self) -> list[Path]:
        """Folders that say of the recordings behind it what folders of shards say of theirs."""
        return [self.folder / LINEAGE / SEGMENTS / name for name in self.card["lineage_segments"]]

    @property
    def segments(self) -> list[Path]:
        """`entries`, and the folders beside the network that hold its recordings' fingerprints.

        Raises
        ------
        FileNotFoundError
            The network was copied without them.
        """
        shared = dict.fromkeys(
            self.folder.parent / Path(file).parent for file in self.card.get("shared", ())
        )
        for place in shared:
            if not place.is_dir():
                raise FileNotFoundError(
                    f"{self.folder}: the fingerprints of its recordings are not beside it, in"
                    f" {place}: copy {RECORDINGS} too, or fetch it (cardiograft models --fetch)"
                )
        return [*self.entries, *shared]

    def _tables(self) -> list[str]:
        return list(dict.fromkeys(str(one["split"]) for one in self.card["lineage"]))


def names() -> list[str]:
    """Return the names of all that are there, sorted."""
    return sorted({folder.name for place in _places() for folder in _folders(place)})


def find(name: str) -> Shipped:
    """Return a network by its name.

    Raises
    ------
    FileNotFoundError
        There is none of that name.
    ValueError
        The name can't be one, or its card is damaged.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a model: letters, digits, - and _")
    for place in _places():
        if (place / name / CARD).is_file():
            return read(place / name)
    known = names()
    raise FileNotFoundError(
        f"no model named {name!r} comes along or was fetched"
        f" ({', '.join(known) or 'there is none'}).{plugins.hint(name, known) if known else ''}"
    )


def read(folder: Path) -> Shipped:
    """Return the network of a folder.

    Raises
    ------
    FileNotFoundError, ValueError
        It is none, or its card is damaged.
    """
    card = read_json(folder / CARD)
    if card.get("format") != FORMAT:
        raise ValueError(f"{folder / CARD}: not the card of a shipped model")
    return Shipped(folder.name, folder, card)


def beside(file: Path) -> Shipped | None:
    """Return the network whose checkpoint a file is, if it is one's."""
    try:
        network = read(file.parent)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return network if network.weights.name == file.name else None


def known(file: Path, sha256: str | None) -> Shipped | None:
    """Return the network that a file is by its place, or by its bytes wherever it lies."""
    if network := beside(file):
        return network
    cards = [folder / CARD for place in _places() for folder in _folders(place)] if sha256 else []
    digests = _digests(tuple((card, card.stat().st_mtime_ns) for card in cards))
    return read(digests[sha256]) if sha256 in digests else None


@lru_cache(maxsize=1)
def _digests(cards: tuple[tuple[Path, int], ...]) -> dict[str, Path]:
    """Return the folder of each network by its checkpoint's SHA-256; the first place counts."""
    folder_by_digest: dict[str, Path] = {}
    for card, _ in cards:
        folder_by_digest.setdefault(read(card.parent).sha256, card.parent)
    return folder_by_digest


def of_package() -> Path:
    """Return the folder of those that come along."""
    return Path(__file__).parent


def fetched() -> Path:
    """Return the folder of those that were fetched; it need not be there."""
    if home := os.environ.get(HOME):
        return Path(home).expanduser()
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / PACKAGE / "models"


def as_source(name: str) -> dict[str, Any]:
    """Return a network as a transfer's source names a file: by package, hash and reader.

    Raises
    ------
    FileNotFoundError, ValueError
        As `find`.
    """
    network = find(name)
    common: dict[str, Any] = {"sha256": network.sha256, "reader": "cardiograft"}
    if network.folder.parent == of_package():  # the same words on every machine
        place = network.weights.relative_to(of_package().parent).as_posix()
        return {"package": PACKAGE, "file": place, **common}
    return {"file": str(network.weights), **common}


def _places() -> Iterator[Path]:
    yield of_package()
    yield fetched()


def _folders(place: Path) -> list[Path]:
    return [card.parent for card in place.glob(f"*/{CARD}") if NAME.fullmatch(card.parent.name)]

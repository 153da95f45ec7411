"""Feed a network: which segments a part holds, in which order, from memory or from disk.

The order is a function of seed and epoch alone, so that a resumed job goes on exactly.

Legend: N segments, I items of an epoch, B batch.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import torch
from torch import Tensor

from cardiograft import shards
from cardiograft.learning import Columns, Rows
from cardiograft.records import Int64

# What fits below this lies on the device; what does not is read from a scratch file.
RESIDENT_BYTES = 2 << 30
CHUNK = 4096  # segments decoded at a time on their way to that file


@dataclass(frozen=True)
class Split:
    """Who is in which part.

    Attributes
    ----------
    path
        Where it was read from.
    protocol
        ``paper``, ``honest`` or ``personal``.
    id_N, subject_N, part_N
        Sorted by id.
    digest
        SHA-256 of the file.
    """

    path: Path
    protocol: str
    id_N: npt.NDArray[np.str_]
    subject_N: npt.NDArray[np.str_]
    part_N: npt.NDArray[np.str_]
    digest: str

    def ids(self, part: str) -> npt.NDArray[np.str_]:
        """Return a part's segments, sorted."""
        ids: npt.NDArray[np.str_] = self.id_N[self.part_N == part]
        return ids

    def rows(self, parts: Sequence[str]) -> npt.NDArray[Any]:
        """Return the row numbers of some parts."""
        return np.flatnonzero(np.isin(self.part_N, parts))


def read_split(path: Path) -> Split:
    """Read a split's table.

    Raises
    ------
    FileNotFoundError
        There is none.
    ValueError
        It does not say what its protocol is.
    """
    table = pq.read_table(path, columns=["id", "subject", "part"]).sort_by("id")
    spec = json.loads((table.schema.metadata or {}).get(shards.KEY, b"{}")).get("spec", {})
    spec = json.loads(spec) if isinstance(spec, str) else spec
    if "protocol" not in spec:
        raise ValueError(f"{path}: a split without a protocol in its metadata")
    ids, subjects, parts = (
        np.asarray(table[c].to_pylist(), dtype=str) for c in ("id", "subject", "part")
    )
    return Split(path, spec["protocol"], ids, subjects, parts, file_digest(path))


def file_digest(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def data_digest(directories: Sequence[Path]) -> dict[str, str]:
    """Return a SHA-256 over the shards of each folder, by the folder's name."""
    return {
        folder.name: hashlib.sha256(
            "".join(f"{p.name} {file_digest(p)}\n" for p in sorted(folder.glob("part-*"))).encode()
        ).hexdigest()
        for folder in directories
    }


def pooled(directories: Sequence[Path], *, targets: bool = True) -> shards.Meta:
    """Return what the folders have in common, the first's channels' names.

    Parameters
    ----------
    targets
        Whether their targets must be alike too.

    Raises
    ------
    ValueError
        They differ in rate, shape or features.
    """
    first, *others = [shards.meta(d) for d in directories]
    sizes = ("samples", *(["target_samples"] if targets else []))
    leads = ("channels", *(["target_channels"] if targets else []))
    for folder, other in zip(directories[1:], others, strict=True):
        for fact in ("rate_hz", *sizes, "features"):
            if getattr(first, fact) != getattr(other, fact):
                raise ValueError(
                    f"{folder}: {fact} {getattr(other, fact)}, but {directories[0]} has"
                    f" {getattr(first, fact)}"
                )
        for fact in leads:
            if len(getattr(first, fact)) != len(getattr(other, fact)):
                raise ValueError(
                    f"{folder}: {fact} {getattr(other, fact)}, but {directories[0]} has"
                    f" {getattr(first, fact)}"
                )
    return first


class Reader(Protocol):
    """What of a task turns shards into tensors."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the shards that `encode` reads."""

    def encode(self, columns: Columns) -> dict[str, Tensor]:
        """Turn columns of shards into tensors, one row a segment."""


@dataclass(frozen=True)
class Feed:
    """A part's segments as tensors, on the device or in a file.

    Attributes
    ----------
    columns
        What the task made of the shards; the first axis is N.
    device
        Where `rows` puts them.
    """

    columns: Mapping[str, Tensor]
    device: torch.device

    def __len__(self) -> int:
        """Return N."""
        return len(next(iter(self.columns.values())))

    def rows(self, index_B: Int64) -> Rows:
        """Return some segments, on the device."""
        index = torch.from_numpy(index_B)
        return {
            name: column[index.to(column.device)].to(self.device, non_blocking=True)
            for name, column in self.columns.items()
        }


def feed(
    directories: Sequence[Path],
    ids: npt.NDArray[np.str_],
    task: Reader,
    *,
    device: torch.device,
    scratch: Path,
) -> Feed:
    """Read a part of the shards, once.

    Parameters
    ----------
    scratch
        Folder for what does not fit ``RESIDENT_BYTES``.

    Raises
    ------
    ValueError
        The part is empty, or the shards lack some of it.
    """
    if not len(ids):
        raise ValueError("a part of the split that is asked for holds no segments")
    sample = task.encode(shards.arrays(directories, [str(ids[0])], task.columns))
    size = sum(t.nbytes for t in sample.values()) * len(ids)
    if size <= RESIDENT_BYTES:
        whole = task.encode(shards.arrays(directories, ids.tolist(), task.columns))
        return Feed({name: t.to(device) for name, t in whole.items()}, device)
    scratch.mkdir(parents=True, exist_ok=True)
    return Feed(_spilled(directories, ids, task, sample=sample, scratch=scratch), device)


def _spilled(
    directories: Sequence[Path],
    ids: npt.NDArray[np.str_],
    task: Reader,
    *,
    sample: Mapping[str, Tensor],
    scratch: Path,
) -> dict[str, Tensor]:
    columns = {}
    for name, one in sample.items():
        size = len(ids) * one[0].numel()
        file = str(scratch / f"{name}.raw")
        flat = torch.from_file(file, shared=True, size=size, dtype=one.dtype)
        columns[name] = flat.view(len(ids), *one.shape[1:])
    first = 0
    for chunk in shards.stream(directories, ids.tolist(), task.columns, CHUNK):
        for name, rows in task.encode(chunk).items():
            columns[name][first : first + len(rows)] = rows
        first += len(next(iter(chunk.values())))
    return columns


def order(items: int, *, seed: int, epoch: int) -> Int64:
    """Return every item once, shuffled, shape (I,)."""
    return np.random.default_rng((seed, epoch)).permutation(items)


def resampled(class_N: Int64, per_class: int, *, seed: int, epoch: int) -> Int64:
    """Return `per_class` segments of each class, shuffled: all once before any twice."""
    rng = np.random.default_rng((seed, epoch))
    picked = []
    for one in np.unique(class_N):
        rows = np.flatnonzero(class_N == one)
        whole, rest = divmod(per_class, len(rows))
        picked += [np.tile(rows, whole), rng.choice(rows, rest, replace=False)]
    drawn: Int64 = rng.permutation(np.concatenate(picked))
    return drawn


def batches(order_I: Int64, size: int) -> list[Int64]:
    """Cut an order into batches; a last one of a single item is left out.

    Batch normalisation has no variance to learn from with one item.
    """
    cut = [order_I[i : i + size] for i in range(0, len(order_I), size)]
    return cut[:-1] if len(cut) > 1 and len(cut[-1]) == 1 else cut


def sweep(items: int, size: int) -> Iterator[Int64]:
    """Yield every item in order, `size` at a time."""
    for first in range(0, items, size):
        yield np.arange(first, min(first + size, items))

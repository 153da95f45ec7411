"""The tensors of one part of a split, in memory or in a scratch file, and batches of them.

Legend: N segments, B batch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor

from cardiograft.files import reserve
from cardiograft.records import Int64
from cardiograft.segments import shards
from cardiograft.training.task import Batch, Columns, Task, TensorRows

# What fits below this lies on the device; what does not is read from a scratch file.
RESIDENT_BYTES = 2 << 30
CHUNK = 4096  # segments decoded at a time on their way to that file


class Reader(Protocol):
    """The side of a task that turns columns of shards into tensors."""

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

    def rows(self, index_B: Int64) -> TensorRows:
        """Return some segments, on the device."""
        index = torch.from_numpy(index_B)
        return {
            name: column[index.to(column.device)].to(self.device, non_blocking=True)
            for name, column in self.columns.items()
        }


@dataclass(frozen=True, kw_only=True)
class SomeOf(Feed):
    """Some of a feed's segments, as that feed gives them.

    Attributes
    ----------
    whole
        The feed.
    chosen_N
        Which of its segments.
    """

    whole: Feed
    chosen_N: Int64

    def __len__(self) -> int:
        """Return how many."""
        return len(self.chosen_N)

    def rows(self, index_B: Int64) -> TensorRows:
        """Return some of them, on the device."""
        return self.whole.rows(self.chosen_N[index_B])


def some_of(feed: Feed, chosen_N: Int64) -> Feed:
    """Return some of a feed's segments."""
    return SomeOf(columns=feed.columns, device=feed.device, whole=feed, chosen_N=chosen_N)


def read_feed(
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
        raise ValueError("a requested part of the split holds no segments")
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
        file = scratch / f"{name}.raw"
        reserve(file, size * one.element_size())
        flat = torch.from_file(str(file), shared=True, size=size, dtype=one.dtype)
        file.unlink()  # it lives as long as it is mapped: a killed job leaves nothing
        columns[name] = flat.view(len(ids), *one.shape[1:])
    first = 0
    for chunk in shards.stream(directories, ids.tolist(), task.columns, CHUNK):
        for name, rows in task.encode(chunk).items():
            columns[name][first : first + len(rows)] = rows
        first += len(next(iter(chunk.values())))
    return columns


def draw(
    task: Task, feed: Feed, item_B: Int64, generator: Generator, *, training: bool = False
) -> Batch:
    """Return items of a part as a batch; `training` lets the task augment them."""
    segment_B, version_B = np.divmod(item_B, task.versions)
    versions = torch.from_numpy(version_B).to(feed.device)
    return task.batch(feed.rows(segment_B), versions, generator, training=training)

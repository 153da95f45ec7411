"""The network that is exported, with its task, and segments as it and its file take them.

Legend: B batch, N segments, F scalar features, K scores.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from cardiograft.checkpoints.file import Checkpoint, read_checkpoint
from cardiograft.checkpoints.folder import checkpoint_file
from cardiograft.checkpoints.network import Viewed
from cardiograft.evaluation.predict import rebuilt
from cardiograft.export.graphs import float32, own_scale
from cardiograft.records import Float32, Int64
from cardiograft.segments import shards
from cardiograft.segments.folders import pooled
from cardiograft.specs.export import Export, Takes
from cardiograft.splits.table import SplitTable, read_split_table
from cardiograft.training.build import make_task
from cardiograft.training.determinism import WATCHING, deterministic, seeded
from cardiograft.training.feed import Feed, read_feed
from cardiograft.training.order import sweep
from cardiograft.training.task import Batch, Task, TensorRows

CPU = torch.device("cpu")
TOGETHER = 64  # segments that the network is asked at once


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A trained network, and where its segments are.

    Attributes
    ----------
    takes
        What goes into its file.
    scale
        Of the shards, where the file scales segments itself; else ``none``.
    """

    spec: Export
    checkpoint: Checkpoint
    network: nn.Module
    task: Task
    meta: shards.Meta
    table: SplitTable
    segments: Sequence[Path]
    takes: Takes
    scale: str

    @property
    def view(self) -> nn.Module | None:
        """What makes pictures for it, if anything does."""
        return self.network.get_submodule("view") if isinstance(self.network, Viewed) else None

    @property
    def memory(self) -> Mapping[str, Any]:
        """What its task took from the training part."""
        memory: Mapping[str, Any] = self.checkpoint.about["memory"]
        return memory


def read_exported(spec: Export, *, segments: Sequence[Path], split: Path, model: Path) -> Exported:
    """Read a network, its task and its split.

    Raises
    ------
    ValueError
        As `cardiograft.evaluation.predict.rebuilt`; or the file can't do what the entry asks for.
    """
    deterministic(CPU)
    table, meta = read_split_table(split), pooled(segments)
    entry = spec.network
    task = make_task(entry.task, meta)
    checkpoint = read_checkpoint(checkpoint_file(model))
    network = rebuilt(entry, checkpoint, meta, task, where=str(model)).eval()
    takes = spec.takes
    if takes == "picture" and entry.view is None:
        raise ValueError(f"view 'left out': {spec.source!r} takes signals, there is no view")
    if takes == "segment" and (task.versions > 1 or entry.task.options.get("shuffle_phase")):
        raise ValueError(
            f"preprocessing 'included': {entry.task.name!r} makes its own versions of each segment"
            " by chance, a file can't: preprocessing: left out"
        )
    scales = {own_scale(shards.meta(folder)) for folder in segments}
    alike = takes == "segment" and len(scales) == 1
    return Exported(
        spec=spec,
        checkpoint=checkpoint,
        network=network,
        task=task,
        meta=meta,
        table=table,
        segments=segments,
        takes=takes,
        scale=scales.pop() if alike else "none",
    )


@dataclass(frozen=True, kw_only=True)
class Part:
    """Segments of a part of the split, as the file can take them.

    Attributes
    ----------
    row_N
        Their rows in the split's table.
    place_N
        Their places in the feed: padded segments are left out where the file crops or scales, as
        it takes every sample for one of the segment.
    padded
        How many were left out.
    """

    feed: Feed
    row_N: Int64
    place_N: Int64
    padded: int


def read_part(
    exported: Exported, part: str, scratch: Path, *, count: int | None = None, draw: int = 0
) -> Part | None:
    """Read a part, or so many segments of it by chance; None where it has none.

    Parameters
    ----------
    draw
        Another number draws others.
    """
    row_N = exported.table.row_numbers((part,))
    if count is not None and count < len(row_N):
        rng = np.random.default_rng((exported.spec.seed, draw))
        row_N = np.sort(rng.choice(row_N, count, replace=False))
    if not len(row_N):
        return None
    ids = exported.table.id_N[row_N]
    folder = scratch / f"{part}-{draw}"
    feed = read_feed(exported.segments, ids, exported.task, device=CPU, scratch=folder)
    whole_N = np.ones(len(row_N), dtype=bool)
    if exported.takes == "segment" and "valid" in feed.columns:
        whole_N = feed.columns["valid"].numpy() >= exported.meta.samples
    place_N = np.flatnonzero(whole_N)
    if not len(place_N):
        raise ValueError(
            f"preprocessing 'included': all {len(row_N)} segments of the {part} part that were read"
            " are padded, and a file can't tell padding from a signal: preprocessing: left out"
        )
    return Part(feed=feed, row_N=row_N[place_N], place_N=place_N, padded=int((~whole_N).sum()))


def batches(exported: Exported, part: Part) -> Iterator[tuple[TensorRows, Batch]]:
    """Yield a part's items: as they are in the shards, and as the network is shown them."""
    task, versions = exported.task, exported.task.versions
    for step, item_B in enumerate(sweep(len(part.place_N) * versions, TOGETHER)):
        segment_B, version_B = np.divmod(item_B, versions)
        rows = part.feed.rows(part.place_N[segment_B])
        generator = seeded(0, WATCHING, step, CPU)
        yield rows, task.batch(rows, torch.from_numpy(version_B), generator)


@torch.no_grad()
def given(exported: Exported, rows: TensorRows, batch: Batch) -> dict[str, Float32]:
    """Return what the file takes of a batch, by the name of its input."""
    feature_BF = batch.feature_BF
    if exported.takes == "segment":
        signal, feature_BF = rows["signal"], _as_measured(exported.memory, feature_BF)
    else:
        signal = batch.signal_BCT
    name = "signal"
    if exported.takes == "picture" and exported.view is not None:
        name, signal = "picture", exported.view(signal)
    features = {"feature": float32(feature_BF)} if feature_BF.shape[1] else {}
    return {name: float32(signal), **features}


def _as_measured(memory: Mapping[str, Any], feature_BF: Tensor) -> Tensor:
    """Return features before they were standardised."""
    if not feature_BF.shape[1]:
        return feature_BF
    mean_F, sd_F = (torch.tensor(memory[key], dtype=torch.float64) for key in ("mean", "sd"))
    return (feature_BF.double() * sd_F + mean_F).float()


@torch.no_grad()
def predicted_scores(exported: Exported, batch: Batch) -> Float32:
    """Return the network's own scores, shape (B, K)."""
    output = exported.network(batch.signal_BCT, batch.feature_BF)
    score_BK: Float32 = float32(exported.task.scores(output).flatten(1))
    return score_BK


def targets(exported: Exported, batch: Batch) -> npt.NDArray[Any]:
    """Return what scores are compared with: (B,) or (B, K)."""
    return np.asarray(exported.task.targets(batch).numpy())

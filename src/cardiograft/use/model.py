"""A trained network of a checkpoint, with all that it needs to be put to use: run by torch.

Legend: N segments, C channels, T samples, K outputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from cardiograft.checkpoints.file import Checkpoint, load_checkpoint, read_checkpoint
from cardiograft.checkpoints.folder import CARD, WEIGHTS, checkpoint_file
from cardiograft.checkpoints.network import rebuilt
from cardiograft.evaluation.predict import scores
from cardiograft.records import Float32
from cardiograft.segments import shards
from cardiograft.segments.cutting import CutSegments
from cardiograft.segments.folders import data_digest
from cardiograft.training.build import make_task
from cardiograft.training.determinism import available_device, deterministic
from cardiograft.training.feed import Feed
from cardiograft.training.task import Task
from cardiograft.use.predictor import Predictor, require_readable, spec_of

BATCH = 256


@dataclass(frozen=True, kw_only=True)
class Model(Predictor):
    """A trained network as torch has it.

    Attributes
    ----------
    task, network
        With what they learned.
    """

    checkpoint: Checkpoint
    task: Task
    network: nn.Module
    device: torch.device

    def predict(self, cut: CutSegments) -> Float32:
        """Return what the network predicts of some segments, shape (N, K)."""
        rows = len(cut.start_N)
        if not rows:
            return np.zeros((0, int(np.prod(self.task.outputs))), dtype=np.float32)
        target_NCT = np.zeros((rows, *self.segments.shape("target")), dtype=np.float32)
        columns: dict[str, Any] = {
            "signal": cut.signal_NCT,
            "target": target_NCT,
            "valid": cut.valid_N,
            "label": np.full(rows, None, dtype=object),
            **cut.features,
        }
        chosen = {name: columns[name] for name in self.task.columns}
        tensors = {n: t.to(self.device) for n, t in self.task.encode(chosen).items()}
        return scores(self.network, Feed(tensors, self.device), self.task, batch_size=BATCH)


def load(folder: Path, segments: Path | None = None) -> Model:
    """Read a model folder, and make its network ready.

    Parameters
    ----------
    folder
        With ``model.safetensors``; or a run's, with the folder of its only repeat.
    segments
        A folder of shards that it was trained on, for models that do not say how they were cut.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no checkpoint, it lacks what it needs, or it is of a kind that predicts nothing
        of a recording.
    """
    place = _only_repeat(folder)
    checkpoint = read_checkpoint(checkpoint_file(place))
    if "memory" not in checkpoint.about:
        raise ValueError(f"{folder}: not a checkpoint of this project's training")
    meta = _segments(checkpoint, place, segments)
    device = available_device()
    deterministic(device)
    task = make_task(_task(checkpoint, folder), meta)
    if task.versions > 1:
        raise ValueError(
            f"{folder}: its task is to recognise what was done to a signal, which says nothing of"
            " a new recording: apply a model that was transferred from it"
        )
    require_readable(task.kind, folder)
    task.recall(checkpoint.about["memory"])
    network = rebuilt(checkpoint)
    load_checkpoint(network, checkpoint, where=str(folder))
    return Model(
        where=str(folder),
        checkpoint=checkpoint,
        segments=meta,
        spec=spec_of(meta),
        kind=task.kind,
        labels=tuple(task.labels),
        outputs=tuple(task.outputs),
        simulated=bool(checkpoint.about.get("simulated", False)),
        scaled=checkpoint.about["spec"]["task"]["options"].get("scaling", "none") != "none",
        task=task,
        network=network.to(device).eval(),
        device=device,
        digest=checkpoint.digest(),
    )


def _only_repeat(folder: Path) -> Path:
    if not folder.is_dir() or (folder / WEIGHTS).is_file():
        return folder
    repeats = sorted(place.parent.name for place in folder.glob(f"*/{WEIGHTS}"))
    if len(repeats) == 1:
        return folder / repeats[0]
    if repeats:
        raise ValueError(f"{folder}: name one of its repeats: {', '.join(repeats)}")
    return folder


def _task(checkpoint: Checkpoint, folder: Path) -> Any:
    task = checkpoint.about.get("spec", {}).get("task")
    if not task:
        raise ValueError(f"{folder}: its card names no task")
    return _Named(task["name"], task["options"])


@dataclass(frozen=True)
class _Named:
    """A plug-in by name, as `make_task` takes it."""

    name: str
    options: Mapping[str, Any]


def _segments(checkpoint: Checkpoint, folder: Path, given: Path | None) -> shards.Meta:
    """Return the metadata of the first segments that a network was trained on."""
    known = checkpoint.about.get("segments")
    if known and given is None:
        return shards.Meta.of(next(iter(known.values())))
    digests: dict[str, str] = checkpoint.about.get("data", {})
    for name, digest in digests.items():
        shard_folder = given or folder.parents[2] / "segments" / name
        if not list(shard_folder.glob("part-*.parquet")):
            continue
        if list(data_digest([shard_folder]).values()) == [digest]:
            return shards.meta(shard_folder)
    if given is not None:
        raise ValueError(f"{given}: not the segments that {folder} was trained on")
    names = ", ".join(digests) or "unknown"
    raise ValueError(
        f"{folder}: its {CARD} does not say how recordings were cut (it is of an older release, its"
        f" segments are {names}): give their folder of shards with --segments"
    )

"""A trained network asked about some parts of a split.

Legend: N segments, V versions of each, K outputs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import accelerate
import numpy as np
import torch

from cardiograft import checkpoints, feeding, plugins, shards
from cardiograft.checkpoints import Checkpoint
from cardiograft.learning import Task
from cardiograft.predictions import Predictions
from cardiograft.records import Shape
from cardiograft.runs import checkpoint_file, make_task
from cardiograft.specs.predict import Predict
from cardiograft.training import WATCHING, deterministic, draw, seeded


def predict(
    spec: Predict, *, segments: Sequence[Path], split: Path, model: Path, scratch: Path
) -> Predictions:
    """Return what a model says of the segments of some parts, sorted by id.

    Raises
    ------
    FileNotFoundError
        A file is not there.
    ValueError
        The model, its task or its input differ from what the entry and the shards say.
    """
    device = accelerate.Accelerator().device
    deterministic(device)
    table, meta = feeding.read_split(split), feeding.pooled(segments)
    checkpoint = checkpoints.read(checkpoint_file(model))
    task = make_task(spec.task, meta)
    network = rebuilt(spec, checkpoint, meta, task, where=str(model)).to(device).eval()
    rows = table.rows(spec.parts)
    part = feeding.feed(segments, table.id_N[rows], task, device=device, scratch=scratch)
    score, target = [], []
    with torch.no_grad():
        for step, item_B in enumerate(feeding.sweep(len(part) * task.versions, spec.batch_size)):
            batch = draw(task, part, item_B, seeded(0, WATCHING, step, device))
            output = network(batch.signal_BCT, batch.feature_BF)
            score.append(task.scores(output).flatten(1).cpu().numpy())
            target.append(task.targets(batch).cpu().numpy())
    return Predictions(
        kind=task.kind,
        labels=task.labels,
        id_N=_ids(table.id_N[rows], task.versions),
        subject_N=np.repeat(table.subject_N[rows], task.versions),
        part_N=np.repeat(table.part_N[rows], task.versions),
        target=np.concatenate(target),
        score_NK=np.concatenate(score),
        about=_about(spec, checkpoint, meta, table),
    )


def rebuilt(
    spec: Predict, checkpoint: Checkpoint, meta: shards.Meta, task: Task, *, where: str
) -> torch.nn.Module:
    """Return the network of a checkpoint, its task told what it remembered."""
    if "memory" not in checkpoint.about:
        raise ValueError(f"{where}: not a checkpoint of this project's training")
    task.recall(checkpoint.about["memory"])
    shape = Shape(len(meta.channels), meta.samples, task.features, task.outputs)
    trained = Shape(**checkpoint.about["shape"])
    if (shape.channels, shape.samples) != (trained.channels, trained.samples):
        raise ValueError(
            f"{where}: trained on {trained.channels} x {trained.samples} samples,"
            f" the shards have {shape.channels} x {shape.samples}"
        )
    network: torch.nn.Module = plugins.load("models", spec.model.name).build(
        shape, **spec.model.options
    )
    checkpoints.load(network, checkpoint, where=where)
    return network


def _ids(id_N: Any, versions: int) -> Any:
    if versions == 1:
        return id_N
    return np.array([f"{one}#{k}" for one in id_N.tolist() for k in range(versions)])


def _about(
    spec: Predict, checkpoint: Checkpoint, meta: shards.Meta, split: feeding.Split
) -> dict[str, Any]:
    keep = ("repeat", "seed", "data", "versions")
    return {
        "spec": spec.model_dump(mode="json"),
        "protocol": split.protocol,
        "split_digest": split.digest,
        "rate_hz": meta.rate_hz,
        "simulated": meta.simulated or checkpoint.about.get("simulated", False),
        "weights_sha256": checkpoint.digest(),
        **{key: checkpoint.about.get(key) for key in keep},
    }

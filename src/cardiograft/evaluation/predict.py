"""A trained network asked about some parts of a split.

Legend: N segments, V versions of each, K outputs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import accelerate
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from cardiograft import plugins
from cardiograft.checkpoints.file import Checkpoint, load_checkpoint, read_checkpoint
from cardiograft.checkpoints.folder import checkpoint_file
from cardiograft.evaluation import controls, predictions
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float32, Int64, Shape
from cardiograft.segments import shards
from cardiograft.segments.folders import pooled
from cardiograft.specs.predict import Control, Predict, controlled, spoilt_part
from cardiograft.splits.table import SplitTable, read_split_table
from cardiograft.training.build import make_task, network_shape
from cardiograft.training.determinism import WATCHING, deterministic, seeded
from cardiograft.training.feed import Feed, draw, read_feed
from cardiograft.training.order import sweep
from cardiograft.training.task import Batch, Rows, Task


def predict(
    spec: Predict, *, segments: Sequence[Path], split: Path, model: Path, scratch: Path
) -> Predictions:
    """Return what a model says of the segments of some parts, sorted by id; then of spoilt ones.

    Raises
    ------
    FileNotFoundError
        A file is not there.
    ValueError
        The model, its task or its input differ from what the entry and the shards say, or a
        control is asked of what has no signal for a target.
    """
    device = accelerate.Accelerator().device
    deterministic(device)
    table, meta = read_split_table(split), pooled(segments)
    task = make_task(spec.task, meta)
    if spec.controls and task.kind != "signal":
        raise ValueError(
            f"controls {list(spec.controls)} are for tasks whose target is a signal, the target"
            f" of {spec.task.name!r} is {task.kind}"
        )
    checkpoint = read_checkpoint(checkpoint_file(model))
    network = rebuilt(spec, checkpoint, meta, task, where=str(model)).to(device).eval()
    rows = table.rows(spec.parts)
    part = read_feed(segments, table.id_N[rows], task, device=device, scratch=scratch)
    whole = Predictions(
        kind=task.kind,
        labels=task.labels,
        id_N=_ids(table.id_N[rows], task.versions),
        subject_N=np.repeat(table.subject_N[rows], task.versions),
        part_N=np.repeat(table.part_N[rows], task.versions),
        target=_swept(part, task, spec, task.targets),
        score_NK=_said(network, part, task, spec),
        about=_about(spec, checkpoint, meta, table),
    )
    last = controlled(spec.parts)
    plain = whole.only(whole.part_N == last)
    chosen_N = np.flatnonzero(table.part_N[rows] == last)
    spoilt = []
    for control in spec.controls:
        heard = _spoilt(part, control, table, rows, chosen_N, meta.rate_hz)
        part_N = np.repeat(spoilt_part(last, control), len(plain.part_N))
        spoilt.append(replace(plain, part_N=part_N, score_NK=_said(network, heard, task, spec)))
    return predictions.together([whole, *spoilt])


def _said(network: nn.Module, part: Feed, task: Task, spec: Predict) -> Float32:
    def asked(batch: Batch) -> Tensor:
        return task.scores(network(batch.signal_BCT, batch.feature_BF)).flatten(1)

    with torch.no_grad():
        return _swept(part, task, spec, asked)


def _swept(
    part: Feed, task: Task, spec: Predict, made: Callable[[Batch], Tensor]
) -> npt.NDArray[Any]:
    """Return what is made of each item of a part, in order; the first axis is N."""
    found = []
    for step, item_B in enumerate(sweep(len(part) * task.versions, spec.batch_size)):
        batch = draw(task, part, item_B, seeded(0, WATCHING, step, part.device))
        found.append(made(batch).cpu().numpy())
    return np.concatenate(found)


@dataclass(frozen=True, kw_only=True)
class _Spoilt(Feed):
    """Some of a feed's segments, whose signal is not what it was; what else they have stays."""

    chosen_N: Int64
    control: Control
    id_N: npt.NDArray[np.str_]
    stranger_N: Int64 | None
    rate_hz: float

    def __len__(self) -> int:
        return len(self.chosen_N)

    def rows(self, index_B: Int64) -> Rows:
        rows = super().rows(self.chosen_N[index_B])
        if self.stranger_N is not None:
            signal_BCT = super().rows(self.chosen_N[self.stranger_N[index_B]])["signal"]
        else:
            signal_BCT = controls.spoilt(
                rows["signal"], self.id_N[index_B], self.control, rate_hz=self.rate_hz
            )
        return {**rows, "signal": signal_BCT}


def _spoilt(
    part: Feed,
    control: Control,
    split: SplitTable,
    rows: Int64,
    chosen_N: Int64,
    rate_hz: float,
) -> _Spoilt:
    """Return those of a split's rows that `chosen_N` picks, spoilt; `part` holds all of them."""
    id_N, *others = (x[rows[chosen_N]] for x in (split.id_N, split.subject_N, split.part_N))
    return _Spoilt(
        columns=part.columns,
        device=part.device,
        chosen_N=chosen_N,
        control=control,
        id_N=id_N,
        stranger_N=controls.strangers(id_N, *others) if control == "other" else None,
        rate_hz=rate_hz,
    )


def rebuilt(
    spec: Predict, checkpoint: Checkpoint, meta: shards.Meta, task: Task, *, where: str
) -> nn.Module:
    """Return the network of a checkpoint, its task told what it remembered."""
    if "memory" not in checkpoint.about:
        raise ValueError(f"{where}: not a checkpoint of this project's training")
    task.recall(checkpoint.about["memory"])
    shape = network_shape(meta, task)
    trained = Shape(**checkpoint.about["shape"])
    if (shape.channels, shape.samples) != (trained.channels, trained.samples):
        raise ValueError(
            f"{where}: trained on {trained.channels} x {trained.samples} samples,"
            f" the shards have {shape.channels} x {shape.samples}"
        )
    network: nn.Module = plugins.load("models", spec.model.name).build(shape, **spec.model.options)
    load_checkpoint(network, checkpoint, where=where)
    return network


def _ids(id_N: Any, versions: int) -> Any:
    if versions == 1:
        return id_N
    return np.array([f"{one}#{k}" for one in id_N.tolist() for k in range(versions)])


def _about(
    spec: Predict, checkpoint: Checkpoint, meta: shards.Meta, split: SplitTable
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

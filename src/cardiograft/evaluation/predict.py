"""Predictions of a trained network for some parts of a split.

Legend: N segments, V versions of each, K outputs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from cardiograft import look_ledger
from cardiograft.checkpoints.file import Checkpoint, load_checkpoint, read_checkpoint
from cardiograft.checkpoints.folder import checkpoint_file
from cardiograft.checkpoints.meaning import differences, meaning_of, require_alike
from cardiograft.checkpoints.network import build, shape_of, view_of
from cardiograft.evaluation import controls, predictions
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float32, Int64
from cardiograft.segments import shards
from cardiograft.segments.folders import pooled
from cardiograft.specs.predict import Control, Predict, control_part, corrupted_part
from cardiograft.splits.table import SplitTable, read_split_table
from cardiograft.training.build import make_task, network_meaning, network_shape, network_view
from cardiograft.training.determinism import (
    WATCHING,
    available_device,
    deterministic,
    mixed,
    seeded,
)
from cardiograft.training.feed import Feed, draw, read_feed, some_of
from cardiograft.training.order import sweep
from cardiograft.training.task import Batch, Task, TensorRows


def predict(
    spec: Predict, *, segments: Sequence[Path], split: Path, model: Path, scratch: Path
) -> Predictions:
    """Predict the segments of some parts, sorted by id; then those with corrupted input.

    Raises
    ------
    FileNotFoundError
        A file is not there.
    ValueError
        The model, its task or its input differ from those of the entry and the shards, or a
        control is requested of a task whose target is no signal.
    """
    device = available_device()
    deterministic(device, precision=spec.precision)
    table, meta = read_split_table(split), pooled(segments)
    task = make_task(spec.task, meta)
    if spec.controls and task.kind != "signal":
        raise ValueError(
            f"controls {list(spec.controls)} are for tasks whose target is a signal, the target"
            f" of {spec.task.name!r} is {task.kind}"
        )
    checkpoint = read_checkpoint(checkpoint_file(model))
    first = rebuilt(spec, checkpoint.of(None), meta, task, where=str(model)).to(device).eval()

    def predicted(feed: Feed, subject_N: npt.NDArray[np.str_]) -> Float32:
        with mixed(spec.precision, device):
            return own_scores(
                first,
                checkpoint,
                feed,
                task,
                subject_N=subject_N,
                batch_size=spec.batch_size,
                where=str(model),
            )

    rows = table.row_numbers(spec.parts)
    part = read_feed(segments, table.id_N[rows], task, device=device, scratch=scratch)
    whole = Predictions(
        kind=task.kind,
        labels=task.labels,
        id_N=_ids(table.id_N[rows], task.versions),
        subject_N=np.repeat(table.subject_N[rows], task.versions),
        part_N=np.repeat(table.part_N[rows], task.versions),
        target=_swept(part, task, spec.batch_size, task.targets),
        score_NK=predicted(part, table.subject_N[rows]),
        about=_about(spec, checkpoint, task, meta, table),
    )
    last = control_part(spec.parts)
    plain = whole.only(whole.part_N == last)
    chosen_N = np.flatnonzero(table.part_N[rows] == last)
    negative_controls = []
    for control in spec.controls:
        feed = _corrupted(part, control, table, rows, chosen_N, meta.rate_hz)
        part_N = np.repeat(corrupted_part(last, control), len(plain.part_N))
        score_NK = predicted(feed, table.subject_N[rows[chosen_N]])
        negative_controls.append(replace(plain, part_N=part_N, score_NK=score_NK))
    return predictions.together([whole, *negative_controls])


def scores(network: nn.Module, part: Feed, task: Task, *, batch_size: int) -> Float32:
    """Return what a network predicts of each item of a part, in order, shape (N, K)."""

    def made(batch: Batch) -> Tensor:
        # Of half precision, too, scores are made in float32.
        return task.scores(network(batch.signal_BCT, batch.feature_BF).float()).flatten(1)

    with torch.no_grad():
        return _swept(part, task, batch_size, made)


def own_scores(
    network: nn.Module,
    checkpoint: Checkpoint,
    part: Feed,
    task: Task,
    *,
    subject_N: npt.NDArray[np.str_],
    batch_size: int,
    where: str,
) -> Float32:
    """Return what the network of each segment's own person predicts of it, in order, shape (N, K).

    Parameters
    ----------
    network
        With the first weights, which predict whoever has no network of its own; it has them again
        in the end.
    subject_N
        The person of each segment of the part.
    """
    if not checkpoint.own:
        return scores(network, part, task, batch_size=batch_size)
    whose_N = np.where(np.isin(subject_N, list(checkpoint.own)), subject_N, "")
    order, made = [], []
    for subject in np.unique(whose_N).tolist():
        load_checkpoint(network, checkpoint.of(subject or None), where=where)
        mine_N = np.flatnonzero(whose_N == subject)
        order += mine_N.tolist()
        made.append(scores(network, some_of(part, mine_N), task, batch_size=batch_size))
    load_checkpoint(network, checkpoint.of(None), where=where)
    by_segment = np.concatenate(made).reshape(len(part), task.versions, -1)
    score_NK: Float32 = by_segment[np.argsort(order)].reshape(len(part) * task.versions, -1)
    return score_NK


def _swept(
    part: Feed, task: Task, batch_size: int, made: Callable[[Batch], Tensor]
) -> npt.NDArray[Any]:
    """Return what is made of each item of a part, in order; the first axis is N."""
    batches = []
    for step, item_B in enumerate(sweep(len(part) * task.versions, batch_size)):
        batch = draw(task, part, item_B, seeded(0, WATCHING, step, part.device))
        batches.append(made(batch).cpu().numpy())
    return np.concatenate(batches)


@dataclass(frozen=True, kw_only=True)
class _CorruptedFeed(Feed):
    """Some of a feed's segments with a corrupted signal; their other columns stay."""

    chosen_N: Int64
    control: Control
    id_N: npt.NDArray[np.str_]
    other_subject_N: Int64 | None
    rate_hz: float

    def __len__(self) -> int:
        return len(self.chosen_N)

    def rows(self, index_B: Int64) -> TensorRows:
        rows = super().rows(self.chosen_N[index_B])
        if self.other_subject_N is not None:
            signal_BCT = super().rows(self.chosen_N[self.other_subject_N[index_B]])["signal"]
        else:
            signal_BCT = controls.corrupted(
                rows["signal"], self.id_N[index_B], self.control, rate_hz=self.rate_hz
            )
        return {**rows, "signal": signal_BCT}


def _corrupted(
    part: Feed,
    control: Control,
    split: SplitTable,
    rows: Int64,
    chosen_N: Int64,
    rate_hz: float,
) -> _CorruptedFeed:
    """Return those of a split's rows that `chosen_N` picks, corrupted; `part` holds all of them."""
    id_N, *others = (x[rows[chosen_N]] for x in (split.id_N, split.subject_N, split.part_N))
    return _CorruptedFeed(
        columns=part.columns,
        device=part.device,
        chosen_N=chosen_N,
        control=control,
        id_N=id_N,
        other_subject_N=controls.other_subjects(id_N, *others) if control == "other" else None,
        rate_hz=rate_hz,
    )


def rebuilt(
    spec: Predict, checkpoint: Checkpoint, meta: shards.Meta, task: Task, *, where: str
) -> nn.Module:
    """Return the network of a checkpoint, and give its task what it knew in training."""
    if "memory" not in checkpoint.about:
        raise ValueError(f"{where}: not a checkpoint of this project's training")
    task.recall(checkpoint.about["memory"])
    trained_on, here = meaning_of(checkpoint), network_meaning(meta, task)
    require_alike(checkpoint, here, where=where)
    if trained_on.rate_hz not in (None, here.rate_hz):
        raise ValueError(
            f"{where}: trained at {trained_on.rate_hz:g} Hz, the shards have {here.rate_hz:g} Hz"
        )
    shape = network_shape(meta, task)
    trained = shape_of(checkpoint)
    if (shape.channels, shape.samples) != (trained.channels, trained.samples):
        raise ValueError(
            f"{where}: trained on {trained.channels} x {trained.samples} samples,"
            f" the shards have {shape.channels} x {shape.samples}"
        )
    view = network_view(spec, meta)
    if view != view_of(checkpoint):
        raise ValueError(f"{where}: trained behind another view than the entry's")
    network = build(spec.model.name, spec.model.options, shape, view)
    load_checkpoint(network, checkpoint, where=where)
    return network


def _ids(id_N: Any, versions: int) -> Any:
    if versions == 1:
        return id_N
    return np.array([f"{one}#{k}" for one in id_N.tolist() for k in range(versions)])


def _about(
    spec: Predict, checkpoint: Checkpoint, task: Task, meta: shards.Meta, split: SplitTable
) -> dict[str, Any]:
    keep = ("repeat", "seed", "data", "versions")
    unlike = differences(meaning_of(checkpoint), network_meaning(meta, task))
    return {
        "spec": spec.model_dump(mode="json"),
        "protocol": split.protocol,
        "split_digest": split.digest,
        "rate_hz": meta.rate_hz,
        "simulated": meta.simulated or checkpoint.about.get("simulated", False),
        "weights_sha256": checkpoint.digest(),
        "setting": look_ledger.setting(checkpoint.about.get("spec", {})),
        "differences": [one.line() for one in unlike],
        **predictions.whose(split.people),
        **{key: checkpoint.about.get(key) for key in keep},
    }

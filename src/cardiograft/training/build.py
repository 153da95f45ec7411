"""Build the task and the networks that an entry names."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from cardiograft import plugins
from cardiograft.checkpoints.meaning import Meaning
from cardiograft.checkpoints.network import View, build
from cardiograft.records import Shape
from cardiograft.segments import shards
from cardiograft.specs.entry import Plugin
from cardiograft.specs.predict import Predict
from cardiograft.specs.training import Trained
from cardiograft.splits.table import SplitTable
from cardiograft.training.task import Task


def fitted_task(
    spec: Trained, meta: shards.Meta, segments: Sequence[Path], split: SplitTable
) -> Task:
    """Return the task, with labels, means and class weights of the training part.

    Raises
    ------
    ValueError
        The training part is empty.
    """
    task = make_task(spec.task, meta)
    ids = split.ids("train")
    if not len(ids):
        raise ValueError(f"split {spec.split!r} has no training segments")
    columns = shards.arrays(segments, ids.tolist(), task.facts)
    task.learn(columns, balanced=spec.training.class_weights == "balanced")
    return task


def make_task(plugin: Plugin, meta: shards.Meta) -> Task:
    """Return the task that an entry names."""
    task: Task = plugins.load("tasks", plugin.name).make(meta, **plugin.options)
    return task


def network_shape(meta: shards.Meta, task: Task) -> Shape:
    """Return what a network for this task takes and gives."""
    return Shape(len(meta.channels), task.samples, task.features, task.outputs)


def network_meaning(meta: shards.Meta, task: Task) -> Meaning:
    """Return what goes into a network for this task, and what comes out, by name."""
    features = task.remember().get("features", ())
    return Meaning(
        kind=task.kind,
        outputs=tuple(task.labels),
        leads=meta.channels,
        features=tuple(features),
        units=meta.units,
        scale=meta.spec.get("signal", {}).get("scale"),
        rate_hz=float(meta.rate_hz),
        samples=task.samples,
    )


def network_view(spec: Trained | Predict, meta: shards.Meta) -> View | None:
    """Return the view that an entry names, for these shards; None where it names none."""
    if spec.view is None:
        return None
    return View(spec.view.name, spec.view.options, float(meta.rate_hz))


def build_network(model: Plugin, shape: Shape, *, view: View | None = None, seed: int) -> nn.Module:
    """Return the network that an entry names, with random weights."""
    torch.manual_seed(seed)
    return build(model.name, model.options, shape, view)

"""One training as a job: shards and a split in, a model folder out.

Training state lies below ``state``, in a folder named after everything that the result
depends on, until the job has published.
"""

import json
import platform
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import accelerate
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors
import torch
from torch import nn

from cardiograft import adapting, checkpoints, feeding, plugins, shards, states
from cardiograft.adapting import Domain
from cardiograft.checkpoints import Checkpoint
from cardiograft.latency import latency
from cardiograft.learning import Start, Task
from cardiograft.publishing import atomic_directory, write_json
from cardiograft.records import Shape
from cardiograft.specs.entry import Plugin
from cardiograft.specs.training import Trained
from cardiograft.training import Outcome, deterministic, fit

MODEL = "model.safetensors"
WATCHED = {"last": (), "best_validation": (), "best_test": ("test",)}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a training reads and writes."""

    segments: Sequence[Path]
    split: Path
    state: Path
    out: Path


@dataclass(frozen=True, kw_only=True)
class Roots:
    """What a training grows from.

    Attributes
    ----------
    start
        For `fit`.
    parents
        Stage, entry and hash of each checkpoint that went in.
    ledger
        Of a transfer, for ``ledger.json``.
    """

    start: Start = field(default_factory=Start)
    parents: tuple[dict[str, Any], ...] = ()
    ledger: dict[str, Any] | None = None


Prepare = Callable[[nn.Module], Roots]


def train_and_publish(
    *,
    stage: str,
    spec: Trained,
    place: Place,
    repeat: int,
    code: str,
    parents: Sequence[Path] = (),
    prepare: Prepare = lambda network: Roots(),
    domain: Domain | None = None,
) -> None:
    """Train one repeat of an entry and publish its model folder.

    Parameters
    ----------
    stage
        ``pretrain``, ``prune``, ``transfer``.
    code
        Fingerprint of the script and the plug-ins: other code never resumes this training.
    parents
        Checkpoints that `prepare` reads.
    prepare
        Puts weights into the new network, and says how to train it.
    domain
        What it is adapted to, where it is.

    Raises
    ------
    ValueError
        The entry asks for what the data, the split or a checkpoint do not have.
    """
    began = time.monotonic()
    split = feeding.read_split(place.split)
    _refuse(spec, split)
    facts = _facts(stage, spec, place, split, repeat=repeat, code=code)
    if domain is not None:
        facts["domain"] = domain.facts()
    blood = [feeding.file_digest(checkpoint_file(path)) for path in parents]
    home = place.state / states.key(json.dumps(facts, sort_keys=True), blood)

    accelerator = accelerate.Accelerator(mixed_precision=spec.training.precision)
    deterministic(accelerator.device)
    meta = feeding.pooled(place.segments)
    task = learnt(spec, meta, place.segments, split)
    network = built(spec.model, meta, task, seed=facts["seed"])
    roots = prepare(network)
    encoder = checkpoints.digest(network.get_submodule("encoder").state_dict())
    train, watched = feeds(spec, place, split, task=task, device=accelerator.device, scratch=home)
    adaptation = None
    if domain is not None:
        there = home / "domain"
        feed = domain.feed(place.segments, task, device=accelerator.device, scratch=there)
        adaptation = adapting.adaptation(
            domain.asked, network, shape(meta, task), feed, seed=facts["seed"]
        )
    outcome = fit(
        network,
        task,
        train=train,
        watched=watched,
        training=spec.training,
        seed=facts["seed"],
        accelerator=accelerator,
        start=roots.start,
        adaptation=adaptation,
        state=home / "state.safetensors",
    )
    about = {
        **facts,
        "model": spec.result.model_dump(mode="json"),
        "parents": list(roots.parents),
        "shape": shape(meta, task)._asdict(),
        "memory": task.remember(),
        "buffers": sorted(name for name, _ in network.named_buffers()),
        "simulated": meta.simulated,
    }
    checkpoint = Checkpoint(tensors=outcome.tensors, masks=outcome.masks, about=about)
    wall_s = round(time.monotonic() - began, 3)
    # Anew: what training leaves of a network may be narrower than what it began with.
    trained = built(spec.result, meta, task, seed=facts["seed"])
    checkpoints.load(trained, checkpoint, where=str(place.out))
    wide = built(spec.model, meta, task, seed=facts["seed"]) if stage == "prune" else None
    timed = latency(trained, shape(meta, task), accelerator.device, source=wide)
    told = {"encoder_sha256_before": encoder, "wall_s": wall_s, **timed}
    publish(checkpoint, outcome, roots.ledger, told, out=place.out)
    states.clear(place.state)


def _facts(
    stage: str, spec: Trained, place: Place, split: feeding.Split, *, repeat: int, code: str
) -> dict[str, Any]:
    """Return what the result depends on, beside the parents' weights."""
    return {
        "stage": stage,
        "spec": spec.model_dump(mode="json"),
        "repeat": repeat,
        "seed": spec.training.seed + repeat,
        "code": json.loads(code),
        "data": feeding.data_digest(place.segments),
        "split_digest": split.digest,
        "versions": versions(),
    }


def _refuse(spec: Trained, split: feeding.Split) -> None:
    if spec.training.keep == "best_test" and split.protocol != "paper":
        raise ValueError(
            f"keep 'best_test' looks at the test set after every epoch: not with the"
            f" {split.protocol} split {spec.split!r}; use 'best_validation' or 'last'"
        )


def learnt(
    spec: Trained, meta: shards.Meta, segments: Sequence[Path], split: feeding.Split
) -> Task:
    """Return the task, told of the training part."""
    task = make_task(spec.task, meta)
    ids = split.ids("train")
    if not len(ids):
        raise ValueError(f"split {spec.split!r} has no training segments")
    rows = shards.arrays(segments, ids.tolist(), task.facts)
    task.learn(rows, balanced=spec.training.class_weights == "balanced")
    return task


def make_task(plugin: Plugin, meta: shards.Meta) -> Task:
    """Return the task that an entry names."""
    task: Task = plugins.load("tasks", plugin.name).make(meta, **plugin.options)
    return task


def shape(meta: shards.Meta, task: Task) -> Shape:
    """Return what the network must take and give."""
    return Shape(len(meta.channels), meta.samples, task.features, task.outputs)


def built(plugin: Plugin, meta: shards.Meta, task: Task, *, seed: int) -> nn.Module:
    """Return the network that an entry names, with random weights."""
    torch.manual_seed(seed)
    network: nn.Module = plugins.load("models", plugin.name).build(
        shape(meta, task), **plugin.options
    )
    return network


def feeds(
    spec: Trained,
    place: Place,
    split: feeding.Split,
    *,
    task: Task,
    device: torch.device,
    scratch: Path,
) -> tuple[feeding.Feed, dict[str, feeding.Feed]]:
    """Return the training part, and the parts to measure after every epoch.

    The test part is read only where the entry keeps the epoch that is best on it.
    """

    def one(part: str) -> feeding.Feed:
        where = scratch / part
        return feeding.feed(place.segments, split.ids(part), task, device=device, scratch=where)

    asked = ("validation", *WATCHED[spec.training.keep])
    return one("train"), {part: one(part) for part in asked if len(split.ids(part))}


def publish(
    checkpoint: Checkpoint,
    outcome: Outcome,
    ledger: dict[str, Any] | None,
    facts: Mapping[str, Any],
    *,
    out: Path,
) -> None:
    """Write the model folder, whole or not at all."""
    with atomic_directory(out) as folder:
        checkpoints.write(checkpoint, folder / MODEL)
        saved = checkpoints.read(folder / MODEL)
        written = (folder / MODEL).read_bytes()
        columns = list(zip(*outcome.progress.history, strict=True))
        names = ("epoch", "step", "part", "metric", "value")
        history = pa.table(dict(zip(names, map(list, columns), strict=True)))
        pq.write_table(history, folder / "history.parquet", compression="zstd")
        if ledger is not None:
            write_json(folder / "ledger.json", ledger)
        about = {k: v for k, v in saved.about.items() if k not in ("memory", "buffers", "code")}
        card = {
            **about,
            "weights_sha256": saved.digest(),
            **facts,
            "parameters": checkpoints.sparsity(saved)["parameters"],
            "sparsity": checkpoints.sparsity(saved),
            "file_bytes": len(written),
            "file_zstd_bytes": len(pa.compress(written, codec="zstd", asbytes=True)),
            "peak_memory_MB": peak_memory_mb(),
            "device": outcome.device,
            "epochs_run": outcome.progress.epoch,
            "best_epoch": outcome.progress.best_epoch,
            "training_s": round(outcome.progress.wall_s, 3),
        }
        write_json(folder / "card.json", card)


def parent(checkpoint: Checkpoint, entry: str) -> dict[str, Any]:
    """Return how a card names a checkpoint that went in."""
    return {
        "stage": checkpoint.about.get("stage"),
        "entry": entry,
        "repeat": checkpoint.about.get("repeat"),
        "weights_sha256": checkpoint.digest(),
    }


def checkpoint_file(path: Path) -> Path:
    """Return the checkpoint of a model folder, or the path itself where it is a file."""
    return path / MODEL if path.is_dir() else path


def versions() -> dict[str, str]:
    """Return the versions that numbers may hang on."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "accelerate": accelerate.__version__,
        "safetensors": safetensors.__version__,
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
    }


def peak_memory_mb() -> float:
    """Return the most memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)

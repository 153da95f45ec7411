"""One training as a job: shards and a split in, a model folder out.

Training state lies below ``state``, in a folder named after everything that the result
depends on, until the job has published.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import accelerate
import torch
from torch import nn

from cardiograft.checkpoints.file import Checkpoint, load_checkpoint, weights_digest
from cardiograft.files import file_digest
from cardiograft.segments.folders import data_digest, pooled
from cardiograft.specs.training import Trained
from cardiograft.splits.table import SplitTable, read_split_table
from cardiograft.training.build import built, learnt, shape
from cardiograft.training.determinism import deterministic, float32_layers
from cardiograft.training.domain import Domain, make_adaptation
from cardiograft.training.feed import Feed, read_feed
from cardiograft.training.latency import latency
from cardiograft.training.loop import fit
from cardiograft.training.publish import checkpoint_file, publish, versions
from cardiograft.training.state import clear_states, state_key
from cardiograft.training.task import Start, Task

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
    split = read_split_table(place.split)
    _refuse(spec, split)
    facts = _facts(stage, spec, place, split, repeat=repeat, code=code)
    if domain is not None:
        facts["domain"] = domain.facts()
    blood = [file_digest(checkpoint_file(path)) for path in parents]
    home = place.state / state_key(json.dumps(facts, sort_keys=True), blood)

    accelerator = accelerate.Accelerator(mixed_precision=spec.training.precision)
    deterministic(accelerator.device)
    meta = pooled(place.segments)
    task = learnt(spec, meta, place.segments, split)
    network = built(spec.model, meta, task, seed=facts["seed"])
    roots = prepare(network)
    encoder = weights_digest(network.get_submodule("encoder").state_dict())
    train, watched = feeds(spec, place, split, task=task, device=accelerator.device, scratch=home)
    adaptation = None
    if domain is not None:
        there = home / "domain"
        feed = domain.feed(place.segments, task, device=accelerator.device, scratch=there)
        adaptation = make_adaptation(
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
    load_checkpoint(trained, checkpoint, where=str(place.out))
    wide = built(spec.model, meta, task, seed=facts["seed"]) if stage == "prune" else None
    timed = latency(trained, shape(meta, task), accelerator.device, source=wide)
    kept_float32 = float32_layers(network, spec.training.precision, accelerator.device)
    told = {
        "encoder_sha256_before": encoder,
        "wall_s": wall_s,
        "float32_layers": kept_float32,
        **timed,
    }
    publish(checkpoint, outcome, roots.ledger, told, out=place.out)
    clear_states(place.state)


def _facts(
    stage: str, spec: Trained, place: Place, split: SplitTable, *, repeat: int, code: str
) -> dict[str, Any]:
    """Return what the result depends on, beside the parents' weights."""
    return {
        "stage": stage,
        "spec": spec.model_dump(mode="json"),
        "repeat": repeat,
        "seed": spec.training.seed + repeat,
        "code": json.loads(code),
        "data": data_digest(place.segments),
        "split_digest": split.digest,
        "versions": versions(),
    }


def _refuse(spec: Trained, split: SplitTable) -> None:
    if spec.training.keep == "best_test" and split.protocol != "paper":
        raise ValueError(
            f"keep 'best_test' looks at the test set after every epoch: not with the"
            f" {split.protocol} split {spec.split!r}; use 'best_validation' or 'last'"
        )


def feeds(
    spec: Trained,
    place: Place,
    split: SplitTable,
    *,
    task: Task,
    device: torch.device,
    scratch: Path,
) -> tuple[Feed, dict[str, Feed]]:
    """Return the training part, and the parts to measure after every epoch.

    The test part is read only where the entry keeps the epoch that is best on it.
    """

    def one(part: str) -> Feed:
        where = scratch / part
        return read_feed(place.segments, split.ids(part), task, device=device, scratch=where)

    asked = ("validation", *WATCHED[spec.training.keep])
    return one("train"), {part: one(part) for part in asked if len(split.ids(part))}

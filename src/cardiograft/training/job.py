"""One training as a job: prepare, train, measure, publish.

Shards and a split in, a model folder out. Until the job has published, its training state lies
below ``state``, in a folder named after everything that the result depends on.

The state's folder is shared by machines. Segments that do not fit in memory are copied to the
machine's own temporary folder (``TMPDIR``).
"""

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from torch import distributed, nn

from cardiograft.checkpoints.file import (
    SUBJECTS,
    Checkpoint,
    load_checkpoint,
    weights_digest,
)
from cardiograft.checkpoints.folder import checkpoint_file
from cardiograft.checkpoints.meaning import Meaning
from cardiograft.checkpoints.network import View
from cardiograft.cli import say
from cardiograft.files import file_digest
from cardiograft.fingerprint import fingerprint
from cardiograft.records import Shape
from cardiograft.scratch import scratch_folder
from cardiograft.segments import shards
from cardiograft.segments.folders import pooled
from cardiograft.segments.source import is_generated
from cardiograft.specs.members import files as files_of
from cardiograft.specs.training import Trained, Training
from cardiograft.splits.table import SplitTable
from cardiograft.training.build import (
    build_network,
    fitted_task,
    network_meaning,
    network_shape,
    network_view,
)
from cardiograft.training.determinism import deterministic, float32_layers
from cardiograft.training.domain import DomainTerm, make_domain_term
from cardiograft.training.epoch_looks import epoch_looks
from cardiograft.training.feed import Feed, read_feed
from cardiograft.training.inputs import TrainingInputs, published, read_inputs
from cardiograft.training.latency import latency
from cardiograft.training.lease import Lease, leased
from cardiograft.training.loop import Outcome, fit
from cardiograft.training.named_axes import Ends
from cardiograft.training.per_subject import Own, one_for_each, whose
from cardiograft.training.processes import Begun, begun
from cardiograft.training.publish import publish
from cardiograft.training.ranks import Ranks, joined
from cardiograft.training.rates import best_of_rates
from cardiograft.training.request import Fresh, Job, Origin, Place
from cardiograft.training.run import Looked
from cardiograft.training.state import clear_states, state_key
from cardiograft.training.task import Task

# Parts beside the validation part that are measured after every epoch, by `keep`.
MEASURED = {"last": (), "best_validation": (), "best_test": ("test",)}


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """All that a training needs: the task, the network with its first weights, the data.

    Attributes
    ----------
    facts
        What the result depends on, beside the parents' weights.
    encoder_digest
        Of the encoder's first weights.
    train, watched
        The training part, and the parts that are measured after every epoch.
    whose_N
        The subject of each training segment, where each has a network of its own.
    state_folder
        Of this training alone.
    looked
        Adds to the ledger of looks what is about to be measured on the test part.
    simulated, generated
        Whether recordings were made by a model of hearts, or pictures by a formula.
    """

    facts: dict[str, Any]
    accelerator: Accelerator
    ranks: Ranks
    task: Task
    shape: Shape
    view: View | None
    meaning: Meaning
    network: nn.Module
    origin: Origin
    encoder_digest: str
    train: Feed
    watched: dict[str, Feed]
    domain_term: DomainTerm | None
    whose_N: npt.NDArray[np.str_] | None
    state_folder: Path
    looked: Looked
    simulated: bool
    generated: bool


def training_code(stage: str, spec: Trained) -> str:
    """Return the fingerprint of a stage's script and of the plug-ins that its entry names."""
    return fingerprint(f"workflow/scripts/{stage}.py", *files_of(spec.plugins()))


def train_and_publish(job: Job) -> None:
    """Train one repeat of an entry and publish its model folder.

    Raises
    ------
    ValueError
        The entry requests what the data, the split or a checkpoint do not have; a launcher has
        begun several processes; another job trains on the same state.
    """
    own = begun(job.spec.processes)
    with (
        leased(job.place.state) if own.rank == 0 else contextlib.nullcontext() as lease,
        scratch_folder() as scratch,
    ):
        _train_and_publish(job, own, lease, scratch)
    if own.count > 1:
        distributed.destroy_process_group()


def _train_and_publish(job: Job, own: Begun, lease: Lease | None, scratch: Path) -> None:
    began = time.monotonic()
    inputs = read_inputs(job)
    accelerator, ranks = joined(own, precision=job.spec.training.mixed_precision)
    waited = lease is not None and lease.waited
    # All ranks end, where the first finds that there is nothing to do.
    (done,) = ranks.highest([waited and published(job, inputs)])
    if done:
        if ranks.first:
            say(f"{job.place.out}: already published, by the job that was waited for")
        return
    prepared = prepare(job, inputs, accelerator, ranks, scratch=scratch)
    outcome, own_tensors, tried = train(job, prepared, lease)
    if lease is None:  # the first of the processes publishes what all of them have
        return
    checkpoint = trained_checkpoint(job, prepared, outcome, own_tensors)
    measurements = {
        "initialisation": initialisation(prepared.origin),
        "encoder_sha256_before": prepared.encoder_digest,
        "wall_s": round(time.monotonic() - began, 3),
        "processes": own.count,
        **measure(job, prepared, checkpoint),
    }
    if tried:
        measurements["learning_rates"] = tried
    lease.check()
    publish(checkpoint, outcome, prepared.origin.ledger, measurements, out=job.place.out)
    clear_states(job.place.state)


def initialisation(origin: Origin) -> str:
    """Return what a network began from, in words."""
    names = []
    for one in origin.parents:
        outside = one.get("file_sha256")
        from_ = f"{one['entry']} from outside, SHA-256 {outside[:12]}" if outside else one["entry"]
        names.append(str(from_))
    return f"weights of {' and '.join(names)}" if names else "random weights"


def prepare(
    job: Job, inputs: TrainingInputs, accelerator: Accelerator, ranks: Ranks, *, scratch: Path
) -> Prepared:
    """Read the data, build the task and the network, and give it its first weights.

    Parameters
    ----------
    scratch
        Folder of this process for segments that do not fit in memory.

    Raises
    ------
    ValueError
        As `train_and_publish`.
    """
    spec, place, split = job.spec, job.place, inputs.split
    parent_digests = [file_digest(checkpoint_file(path)) for path in job.parents]
    key = state_key(json.dumps(inputs.facts, sort_keys=True), parent_digests)
    device = accelerator.device
    deterministic(device, precision=spec.training.precision)
    meta = pooled(place.segments)
    task = fitted_task(spec, meta, place.segments, split)
    shape, view = network_shape(meta, task), network_view(spec, meta)
    network = build_network(spec.model, shape, view=view, seed=job.seed)
    meaning = network_meaning(meta, task)
    ends = Ends(spec.model.name, spec.model.options, shape, view)
    origin = job.initialise(Fresh(network=network, meaning=meaning, ends=ends))
    encoder_digest = weights_digest(network.get_submodule("encoder").state_dict())
    train_feed, watched = feeds(spec, place, split, task=task, device=device, scratch=scratch)
    domain_term = None
    if job.domain is not None:
        feed = job.domain.feed(place.segments, task, device=device, scratch=scratch / "domain")
        domain_term = make_domain_term(job.domain.request, network, shape, feed, seed=job.seed)
    return Prepared(
        facts=inputs.facts,
        accelerator=accelerator,
        ranks=ranks,
        task=task,
        shape=shape,
        view=view,
        meaning=meaning,
        network=network,
        origin=origin,
        encoder_digest=encoder_digest,
        train=train_feed,
        watched=watched,
        domain_term=domain_term,
        whose_N=whose(split) if spec.one_for_each else None,
        state_folder=place.state / key,
        looked=epoch_looks(job, split, simulated=meta.simulated),
        simulated=meta.simulated,
        generated=is_generated(meta),
    )


def train(
    job: Job, prepared: Prepared, lease: Lease | None
) -> tuple[Outcome, Own, list[dict[str, Any]]]:
    """Train the prepared network, from its saved state where there is one.

    Parameters
    ----------
    lease
        Of the state; the first of several processes has it.

    Returns
    -------
    Outcome
    dict
        By subject, the tensors of networks of their own.
    list of dict
        What each learning rate came to, where several are asked for.
    """

    def trained(
        network: nn.Module,
        training: Training,
        state: Path,
        *,
        feed: Feed = prepared.train,
        watched: Mapping[str, Feed] = prepared.watched,
    ) -> Outcome:
        prepared.accelerator.free_memory()  # of an earlier training of this job
        return fit(
            network,
            prepared.task,
            train=feed,
            watched=watched,
            training=training,
            seed=job.seed,
            accelerator=prepared.accelerator,
            start=prepared.origin.start,
            domain_term=prepared.domain_term,
            state=state,
            save_every_s=job.save_every_s,
            **({} if lease is None else {"may_save": lease.check}),
            ranks=prepared.ranks,
            looked=prepared.looked,
        )

    training, state = job.spec.training, prepared.state_folder / "state.safetensors"
    network = prepared.network

    def tuned(network: nn.Module, feed: Feed, state: Path) -> Outcome:
        # others' segments, which the validation part holds too, say nothing of this network
        return trained(network, training, state, feed=feed, watched={})

    if prepared.whose_N is not None:
        own = one_for_each(tuned, network, prepared.train, prepared.whose_N, state=state)
        return *own, []
    if training.learning_rates:
        outcome, tried = best_of_rates(trained, network, prepared.task, training, state=state)
        return outcome, {}, tried
    return trained(network, training, state), {}, []


def trained_checkpoint(job: Job, prepared: Prepared, outcome: Outcome, own: Own) -> Checkpoint:
    """Return what a training leaves: tensors, masks, and where they come from."""
    about = {
        **prepared.facts,
        "model": job.spec.result.model_dump(mode="json"),
        "parents": list(prepared.origin.parents),
        "shape": prepared.shape._asdict(),
        "view": None if prepared.view is None else prepared.view.content(),
        "memory": prepared.task.remember(),
        "meaning": prepared.meaning.content(),
        "segments": {folder.name: asdict(shards.meta(folder)) for folder in job.place.segments},
        "buffers": sorted(name for name, _ in prepared.network.named_buffers()),
        "simulated": prepared.simulated,
        **({"generated": True} if prepared.generated else {}),
        **({SUBJECTS: sorted(own)} if own else {}),
    }
    return Checkpoint(tensors=outcome.tensors, masks=outcome.masks, about=about, own=own)


def measure(job: Job, prepared: Prepared, checkpoint: Checkpoint) -> dict[str, Any]:
    """Return what a card holds of the trained network: its latency, and layers in float32.

    The network is rebuilt for it: structured pruning leaves a narrower one than was trained,
    and Accelerate has wrapped that one in the training's precision. A pruned network is timed
    in turn with one of its source's width.
    """
    device, shape, view = prepared.accelerator.device, prepared.shape, prepared.view
    network = build_network(job.spec.result, shape, view=view, seed=job.seed)
    load_checkpoint(network, checkpoint.of(None), where=str(job.place.out))
    pruned = job.stage == "prune"
    source = build_network(job.spec.model, shape, view=view, seed=job.seed) if pruned else None
    return {
        "float32_layers": float32_layers(network, job.spec.training.precision, device),
        **latency(network, shape, device, source=source),
    }


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

    def read(part: str) -> Feed:
        ids = split.ids(part)
        return read_feed(place.segments, ids, task, device=device, scratch=scratch / part)

    measured = ("validation", *MEASURED[spec.training.keep])
    return read("train"), {part: read(part) for part in measured if len(split.ids(part))}

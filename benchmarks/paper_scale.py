"""What trainings need at the papers' sizes: segments, multiplications, core-hours; shards' size.

    python benchmarks/paper_scale.py --config workflow/config/paper.yaml

Segments are counted from what the databases' publishers say of their recordings (`HOURS`, `BEATS`),
not from recordings: none need be there. Of each training: its segments x epochs x repeats x rates.
A network is timed as it would be trained: forward and backward, 32 segments at most, one thread of
this processor, the shortest of two steps after one that warms up; steps that a pruning takes beside
(`prune`) count like others. A network of pictures is timed without the view that makes them.

Counted are forward and backward passes over the training part, with every epoch that config allows
(`patience` may end sooner): not validation, predictions, augmentation, views or baselines.

GPU-hours follow from the multiplications: a training does some three times those of a forward
pass (Kaplan et al. 2020, arXiv:2001.08361), and a card a share of its peak that only a measurement
tells.
"""

import argparse
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import nn

from cardiograft.checkpoints.network import View
from cardiograft.config.entries import PretrainRun, PruneRun, TransferRun
from cardiograft.config.schema import Config
from cardiograft.config.show import read
from cardiograft.records import Shape
from cardiograft.segments import shards
from cardiograft.specs.segment import Segment
from cardiograft.specs.training import Trained
from cardiograft.training import build
from cardiograft.training.cost import without_view
from cardiograft.training.macs import macs

# Recordings x hours each, by the publisher: PhysioNet's pages of the databases; Chapman-Shaoxing by
# Zheng et al. (Sci Data 2020;7:48); icentia11k 542,000 pieces of 2^20 + 1 samples at 250 Hz.
# ASSUME of scg_rhc an hour a person.
HOURS = {
    "cebsdb": 20.0,
    "mitdb": 48 * 0.5,
    "incartdb": 75 * 0.5,
    "ecgiddb": 310 * 20 / 3600,
    "ephnogram": 62 * 0.5 + 7 * 30 / 3600,
    "scg_rhc": 73.0,
    "scg_vhd": 100 * 6 / 60,
    "chapman_ecg": 10646 * 10 / 3600,
    "icentia11k": 542_000 * 1_048_577 / 250 / 3600,
    "challenge_2011": 1000 * 10 / 3600,
    "challenge_2017": 8528 * 32.5 / 3600,
    "butqdb": 18 * 24.0,
}
BEATS = {"mitdb": 109_446, "ptbdb": 14_552}  # as the paper counts them
PEOPLE = {"cebsdb": 20, "scg_vhd": 100}
PICTURES = 35_000
FORWARD_AND_BACKWARD = 3
BATCH = 32
BYTES = 4  # of a sample in a shard, before compression


Run: TypeAlias = PretrainRun | PruneRun | TransferRun


class Cost(NamedTuple):
    """One segment's share of a training step."""

    seconds: float
    macs: float


def count(segments: Segment, database: str) -> float:
    """Return about how many segments an entry cuts."""
    options = segments.cut.options
    if segments.cut.name in ("beats", "kachuee"):
        return BEATS[database]
    if segments.dataset in ("fractals", "image_folder"):
        return PICTURES
    step_s = options.get("step_s") or options["window_s"]
    return HOURS[database] * 3600 / step_s


def samples_of(segments: Segment) -> int:
    """Return how many samples a segment has."""
    options = segments.cut.options
    if segments.cut.name == "kachuee":
        return int(options["samples"])
    if segments.cut.name == "beats":
        return round((options["before_s"] + options["after_s"]) * float(segments.rate_hz))
    return round(options["window_s"] * float(segments.rate_hz))


def trained_on(config: Config, split: str) -> float:
    """Return how many segments a split has to train on."""
    spec = config.splits[split]
    cuts = [config.cut_by(name) for name in spec.segments]
    if spec.calibration and spec.calibration.alone:  # seconds of each tested person
        windows = spec.calibration.seconds / (cuts[0].cut.options["step_s"] or 10)
        return windows * PEOPLE[cuts[0].database] / (spec.folds or 1)
    if spec.train_subjects:  # of whole databases
        named = {name.partition("/")[0] for name in spec.train_subjects}
        cuts = [cut for cut in cuts if cut.database in named]
    everything = sum(count(cut, cut.database) for cut in cuts)
    if spec.train_subjects:
        return everything * (1 - spec.validation)
    if spec.scheme.startswith("dechazal"):  # DS1 is half of the beats
        return everything / 2 * (1 - spec.validation) * spec.fraction
    parts = 1 - (1 / spec.folds if spec.folds else spec.test)
    return everything * parts * (1 - spec.validation) * spec.fraction


def meta_of(config: Config, split: str, features: tuple[str, ...]) -> shards.Meta:
    """Return what shards of a split would say of themselves."""
    segments = config.cut_by(config.splits[split].segments[0])
    target = segments.target.leads if segments.target else ()
    return shards.Meta(
        spec=segments.model_dump(mode="json"),
        manifest_digest="",
        simulated=False,
        rate_hz=float(segments.rate_hz),
        channels=tuple(name.split("|")[0] for name in segments.signal.leads),
        samples=samples_of(segments),
        target_channels=tuple(name.split("|")[0] for name in target),
        target_samples=samples_of(segments) if target else 0,
        features=features,
    )


def timed(network: nn.Module, shape: Shape, batch: int) -> Cost:
    """Return a segment's share of a step, and a forward pass's multiplications."""
    network.train()
    batch = min(batch, BATCH)
    signal, feature = torch.randn((batch, *shape.input)), torch.zeros((batch, shape.features))
    taken = []
    for _ in range(3):
        began = time.process_time()
        out = network(signal, feature)
        out.square().mean().backward()
        taken.append(time.process_time() - began)
    return Cost(min(taken[1:]) / batch, macs(network, shape))


def cost_of(config: Config, run: Run, spec: Trained, known: dict[Any, Cost]) -> Cost:
    """Return what one segment costs a training, measured once for each network and input."""
    meta = meta_of(config, run.split, tuple(spec.task.options.get("features", ())))
    task = build.make_task(spec.task, meta)
    shape = build.network_shape(meta, task)
    if not shape.outputs or not all(shape.outputs):
        shape = shape._replace(outputs=(5,))  # labels that its training part names
    view = None if spec.view is None else View(spec.view.name, spec.view.options, meta.rate_hz)
    seen_as = spec.view.canonical() if spec.view else ""
    key = (spec.model.canonical(), seen_as, shape, spec.training.batch_size)
    if key not in known:
        network = build.build_network(spec.model, shape, view=view, seed=0)
        network, shape = without_view(network, shape)
        known[key] = timed(network, shape, spec.training.batch_size)
    return known[key]


def seen(config: Config, run: Run) -> float:
    """Return how many segments a training is shown, over its epochs, repeats and rates."""
    training = run.training
    per_epoch = trained_on(config, run.split)
    if training.per_class:
        labels = run.task.options.get("labels") or "FNQSV"
        per_epoch = min(per_epoch, training.per_class * len(labels)) if labels else per_epoch
    if training.bootstrap:
        per_epoch *= training.bootstrap
    return per_epoch * training.epochs * run.repeats * max(1, len(training.learning_rates))


def trainings_behind(config: Config, study: str) -> list[tuple[str, str]]:
    """Return the trainings behind a study's evaluations, with their stage."""
    names = {
        name
        for evaluation in config.studies[study].evaluations
        for name, _ in config.lineage(config.evaluations[evaluation].model)
    }
    stages = (("pretrain", config.pretrain), ("prune", config.prune), ("transfer", config.transfer))
    return [(stage, name) for stage, entries in stages for name in entries if name in names]


def shard_bytes(config: Config, study: str) -> float:
    """Return the bytes of the shards that a study reads, not compressed."""
    names = {config.trained(entry).split for _, entry in trainings_behind(config, study)}
    pieces = {piece for name in names for piece in config.splits[name].segments}
    total = 0.0
    for piece in pieces:
        segments = config.cut_by(piece)
        rows = len(segments.signal.leads) + (len(segments.target.leads) if segments.target else 0)
        total += count(segments, segments.database) * rows * samples_of(segments) * BYTES
    return total


def main() -> None:
    """Print a row a study, and one of all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--config", type=Path, default=Path("workflow/config/paper.yaml"))
    parser.add_argument("--studies", nargs="*", help="those alone; all unless given")
    given = parser.parse_args()
    config = read([given.config]).config
    torch.set_num_threads(1)
    known: dict[Any, Cost] = {}
    whole: dict[str, float] = defaultdict(float)
    heads = "trainings", "segments shown", "10^18 multiplications", "core-hours", "shards, GB"
    print(f"| study | {' | '.join(heads)} |\n|---|{'--:|' * len(heads)}", flush=True)
    for study in given.studies or config.studies:
        row: dict[str, float] = defaultdict(float)
        for stage, entry in trainings_behind(config, study):
            run, spec = config.trained(entry), config.spec(stage, entry)
            assert isinstance(run, Run)
            assert isinstance(spec, Trained)
            cost, shown = cost_of(config, run, spec, known), seen(config, run)
            row["trainings"] += run.repeats
            row["shown"] += shown
            row["macs"] += FORWARD_AND_BACKWARD * cost.macs * shown
            row["seconds"] += cost.seconds * shown
        row["bytes"] = shard_bytes(config, study)
        print(line(study, row), flush=True)
        for key, value in row.items():
            whole[key] += value
    print(line("all", whole))


def line(name: str, row: dict[str, float]) -> str:
    """Return a row of the table."""
    cells = (
        f"{row['trainings']:,.0f}",
        f"{row['shown'] / 1e6:,.1f} million",
        f"{row['macs'] / 1e18:,.3f}",
        f"{row['seconds'] / 3600:,.0f}",
        f"{row['bytes'] / 1e9:,.1f}",
    )
    return f"| {name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()

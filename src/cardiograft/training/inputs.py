"""What a training's result depends on, and whether just that result is published already."""

import json
from dataclasses import dataclass
from typing import Any

from cardiograft.checkpoints.file import read_checkpoint
from cardiograft.checkpoints.folder import checkpoint_file
from cardiograft.segments.folders import data_digest
from cardiograft.specs.training import Trained
from cardiograft.splits.table import SplitTable, read_split_table
from cardiograft.training.bootstrap import bootstrapped
from cardiograft.training.publish import versions
from cardiograft.training.request import Job


@dataclass(frozen=True)
class TrainingInputs:
    """The table of a training's split, and the facts that its result depends on."""

    split: SplitTable
    facts: dict[str, Any]


def read_inputs(job: Job) -> TrainingInputs:
    """Read the split of a job, and the facts that its result depends on.

    Raises
    ------
    ValueError
        It would look at the test set of an honest split.
    """
    split = read_split_table(job.place.split)
    _refuse_the_test_set(job.spec, split)
    split = bootstrapped(split, job.spec.training.bootstrap, seed=job.seed)
    return TrainingInputs(split, _facts(job, split))


def published(job: Job, inputs: TrainingInputs) -> bool:
    """Whether the model folder of a job is there, made from the same inputs to the last fact."""
    try:
        about = read_checkpoint(checkpoint_file(job.place.out)).about
    except (FileNotFoundError, ValueError):
        return False
    facts = json.loads(json.dumps(inputs.facts))  # a tuple is a list there
    parents = [read_checkpoint(checkpoint_file(path)).digest() for path in job.parents]
    same = [one["weights_sha256"] for one in about.get("parents", [])] == parents
    return same and {name: about.get(name) for name in facts} == facts


def _facts(job: Job, split: SplitTable) -> dict[str, Any]:
    facts = {
        "stage": job.stage,
        "spec": job.spec.model_dump(mode="json"),
        "repeat": job.repeat,
        "seed": job.seed,
        "code": json.loads(job.code),
        "data": data_digest(job.place.segments),
        "split_digest": split.digest,
        "versions": versions(),
    }
    return facts if job.domain is None else {**facts, "domain": job.domain.facts()}


def _refuse_the_test_set(spec: Trained, split: SplitTable) -> None:
    if spec.training.keep == "best_test" and split.protocol != "paper":
        raise ValueError(
            f"keep 'best_test' looks at the test set after every epoch: not with the"
            f" {split.protocol} split {spec.split!r}; use 'best_validation' or 'last'"
        )

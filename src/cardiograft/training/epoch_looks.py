"""The looks at a test part that a training takes which keeps the epoch that is best on it."""

from pathlib import Path
from typing import Any

from cardiograft.look_ledger import EPOCH, people_digest, record, setting
from cardiograft.splits.table import SplitTable
from cardiograft.training.request import Job
from cardiograft.training.run import Looked


def epoch_looks(job: Job, split: SplitTable, *, simulated: bool) -> Looked:
    """Return what adds a line to the job's ledger before an epoch's network is measured.

    A network is known by its weights, as that of an evaluation is: an epoch that is measured again,
    after a job was killed or in a rerun, is no other look, and the epoch that is kept has the
    weights that are evaluated later.
    """
    tested = split.subject_N[split.part_N == "test"].tolist()
    about: dict[str, Any] = {
        "training": f"{job.stage}/{job.place.out.parent.name}",
        "repeat": job.repeat,
        "epochs": job.spec.training.epochs,
        "split": split.path.stem,
        "split_digest": split.digest,
        "people_digest": people_digest(tested),
        "people": len(set(tested)),
        "setting": setting(job.spec.model_dump(mode="json")),
        "simulated": simulated,
    }

    def looked(epoch: int, weights: str) -> None:
        ledger: Path | None = job.place.looks
        if ledger is not None:
            record(ledger, {**about, EPOCH: epoch, "weights_sha256": weights})

    return looked

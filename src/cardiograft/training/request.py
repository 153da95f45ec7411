"""The request of a training job: its entry, its files, and where its first weights come from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from cardiograft.checkpoints.meaning import UNKNOWN, Meaning
from cardiograft.specs.training import Trained
from cardiograft.training.domain import Domain
from cardiograft.training.named_axes import Ends
from cardiograft.training.run import SAVE_EVERY_S
from cardiograft.training.task import Start


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a training reads and writes.

    Attributes
    ----------
    looks
        Ledger that a training adds to which measures the test part; none is kept without it.
    """

    segments: Sequence[Path]
    split: Path
    state: Path
    out: Path
    looks: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a network's first weights come from, and how it is trained from there.

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


@dataclass(frozen=True, kw_only=True)
class Fresh:
    """A network with random weights, what it is for, and where its tensors say so."""

    network: nn.Module
    meaning: Meaning = UNKNOWN
    ends: Ends | None = None


def from_scratch(fresh: Fresh) -> Origin:
    """Leave a network's random weights as they are."""
    return Origin()


@dataclass(frozen=True, kw_only=True)
class Job:
    """One repeat of an entry that trains.

    Attributes
    ----------
    stage
        ``pretrain``, ``prune``, ``transfer``.
    spec
        The entry.
    repeat
        Is added to the entry's seed.
    code
        Fingerprint of the script and the plug-ins (`training_code`): other code never resumes
        this training.
    save_every_s
        Seconds after which the state is written within an epoch, too.
    parents
        Checkpoints that `initialise` reads.
    initialise
        Puts weights into the new network, and returns where they come from.
    domain
        The domain that the training adapts to, if any.
    """

    stage: str
    spec: Trained
    place: Place
    repeat: int
    code: str
    save_every_s: float = SAVE_EVERY_S
    parents: Sequence[Path] = ()
    initialise: Callable[[Fresh], Origin] = from_scratch
    domain: Domain | None = None

    @property
    def seed(self) -> int:
        """Of everything that is drawn."""
        return self.spec.training.seed + self.repeat

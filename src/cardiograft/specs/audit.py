"""What config may ask of the stage `audit`: did anything upstream see the test subjects?"""

from typing import Literal

from cardiograft.specs.entry import Entry


class Ancestor(Entry):
    """A training in the lineage of an evaluated model.

    `uses` are the parts of its split that it read: ``train``, ``validation``, and ``test``
    where an epoch was kept by its test figure.
    """

    stage: Literal["pretrain", "prune", "transfer", "baseline"]
    entry: str
    split: str
    uses: tuple[Literal["train", "validation", "test"], ...]


class Audit(Entry):
    """An evaluation: the split it predicts on, and every training that led to its model."""

    protocol: Literal["paper", "honest"]
    split: str
    parts: tuple[Literal["train", "validation", "test"], ...] = ("test",)
    lineage: tuple[Ancestor, ...]

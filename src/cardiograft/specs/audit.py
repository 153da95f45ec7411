"""What config may set for the stage `audit`: did anything upstream see the test subjects?"""

from typing import Literal

from cardiograft.specs.entry import Entry, Protocol, Several

Missing = Literal["refused", "allowed"]


class Ancestor(Entry):
    """A training in the lineage of an evaluated model.

    `uses` are the parts of its split that it read: ``train``, ``validation``, and ``test``
    where an epoch was kept by its value on the test part. A training that adapts to another domain
    stands there once more, with that domain's split and part: whether it used its targets or
    not, it has seen those subjects.
    """

    stage: Literal["pretrain", "prune", "transfer", "baseline"]
    entry: str
    split: str
    uses: Several[Literal["train", "validation", "test"]]


class Audit(Entry):
    """An evaluation: the split it predicts on, and every training that led to its model.

    Attributes
    ----------
    labels
        Classes that the model tells apart, where it does; none given: those of the training
        part.
    missing
        Whether a part that is evaluated may lack one of them.
    """

    protocol: Protocol
    split: str
    parts: Several[Literal["train", "validation", "test"]] = ("test",)
    lineage: Several[Ancestor]
    labels: Several[str] | None = None
    missing: Missing = "refused"

"""What config may set for the stage `audit`: did anything upstream see the test subjects?"""

from typing import Literal

from cardiograft.specs.entry import Entry, Protocol, Several

Missing = Literal["refused", "allowed"]
# On whom the options of an entry, and the epoch that is kept, were chosen.
ChosenOn = Literal["validation", "cross-validation", "test", "published", "elsewhere", "untuned"]


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
    chosen_on, chosen_in
        How the evaluated entry was chosen, and in which other run, as an evaluation says it.
    """

    protocol: Protocol
    split: str
    parts: Several[Literal["train", "validation", "test"]] = ("test",)
    lineage: Several[Ancestor]
    labels: Several[str] | None = None
    missing: Missing = "refused"
    chosen_on: ChosenOn | None = None
    chosen_in: str | None = None

"""What config may set for the stage `apply`: recordings without labels that a network predicts."""

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from cardiograft.specs.download import Lost
from cardiograft.specs.entry import Entry, Some, Word


class Applying(Entry):
    """A network, a folder of recordings, and what is known of them.

    Attributes
    ----------
    model
        An entry of `pretrain`, `prune` or `transfer`, or the name of a model that comes along.
    repeat
        Of an entry: which of its repeats.
    records
        Folder of WFDB, EDF and CSV recordings (CSV: with `rate_hz` or `time`).
    lead
        Which of a recording's leads stand for one that the network takes: ``{MLII: [II]}``.
    unit, mains_hz, annotator, rate_hz, time, threshold
        As the options of ``cardiograft apply``.
    piece_s
        Longer recordings are read in pieces of this length.
    lost
        ``allowed`` goes on without recordings that the network can't take, ``refused`` fails.
    """

    model: Word
    repeat: Annotated[int, Ge(0)] = 0
    records: Word
    lead: dict[Word, Some[Word]] = {}
    unit: Word | None = None
    mains_hz: Literal[50, 60] | None = None
    annotator: Word | None = None
    rate_hz: Annotated[float, Ge(0.001), Le(100_000)] | None = None
    time: Word | None = None
    threshold: Literal["validation"] | Annotated[float, Gt(0), Lt(1)] | None = None
    piece_s: Annotated[float, Ge(60), Le(86_400)] = 3600.0
    lost: Lost = "allowed"

    def words(self) -> list[str]:
        """Return the arguments that the stage's script is given, behind its model and its `out`."""
        arguments = [self.records, "--piece-s", f"{self.piece_s:g}"]
        for lead, others in self.lead.items():
            arguments += ["--lead", f"{lead}={','.join(others)}"]
        for key in ("unit", "mains_hz", "annotator", "rate_hz", "time", "threshold"):
            value = getattr(self, key)
            if value is not None:
                arguments += [f"--{key.replace('_', '-')}", str(value)]
        return arguments if self.lost == "refused" else [*arguments, "--allow-refused"]

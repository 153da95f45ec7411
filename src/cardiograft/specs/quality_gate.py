"""What config may set for the stage `quality_gate`: segments that a network lets pass."""

from typing import Annotated, Literal, Self

from annotated_types import Ge, Lt
from pydantic import model_validator

from cardiograft.specs.entry import Count, Entry, Seed, Several, Word
from cardiograft.specs.outside import Sha256
from cardiograft.specs.predict import Predict

Repeat = Annotated[int, Ge(0)]


class QualityGate(Entry):
    """A network that tells low quality from high, and what becomes of the segments it finds low.

    A split names it among its `segments`, in place of those that it gates.

    Attributes
    ----------
    segments
        Entry of `segments`.
    model, repeat
        A training here, and which of its repeats.
    file, sha256
        In place of `model`: a checkpoint of another run of this project.
    trained_on
        Of a `file`: tables of splits (``.../splits/<name>.parquet``) whose training and validation
        parts led to it, which audits then know. Without any its training people are not known.
    judged
        Entry of `segments` that the network is shown, in the form that it was trained on: the same
        recordings and noise, cut otherwise. Those that are gated themselves if null.
    label
        The network's class of low quality.
    threshold
        The probability of it above which a segment is low.
    low
        Of a low segment: ``dropped``; or ``thinned``, which keeps it with a probability that falls
        from 1 at the threshold to 0 where the network is sure, so that in the mean over segments it
        counts by this weight in whatever is trained on them.
    of_pieces
        Of several judged pieces that lie in one segment: their ``mean``, by how much of the segment
        each covers, or the ``worst``. A piece that is missing in between, as there was no signal
        to cut, counts as low.
    unjudged
        What becomes of segments of which no piece was judged.
    batch_size
        How many pieces the network is given at once: of memory and speed.
    seed
        With a segment's id it alone decides whether a ``thinned`` segment stays.
    """

    segments: str
    model: str | None = None
    repeat: Repeat = 0
    file: Word | None = None
    sha256: Sha256 | None = None
    trained_on: Several[Word] = ()
    judged: str | None = None
    label: Word = "low"
    threshold: Annotated[float, Ge(0), Lt(1)] = 0.5
    low: Literal["dropped", "thinned"] = "dropped"
    of_pieces: Literal["mean", "worst"] = "mean"
    unjudged: Literal["kept", "dropped"] = "kept"
    batch_size: Count = 256
    seed: Seed = 0

    @model_validator(mode="after")
    def _one_network(self) -> Self:
        if (self.model is None) == (self.file is None):
            raise ValueError("a quality gate is a 'model' of this config, or a 'file'")
        if (self.file is None) != (self.sha256 is None):
            raise ValueError("'file' and 'sha256' go together")
        if self.trained_on and self.file is None:
            raise ValueError("'trained_on' is of a 'file': what led to a 'model' is known")
        if self.repeat and self.model is None:
            raise ValueError("'repeat' is of a 'model', not of a 'file'")
        return self

    @property
    def shown(self) -> str:
        """The entry of segments that the network is shown."""
        return self.judged or self.segments

    @property
    def network(self) -> str:
        """What it is called: a training and its repeat, or a file."""
        return self.file or f"{self.model}/{self.repeat}"


class Gating(Entry):
    """One gate as its job receives it.

    Attributes
    ----------
    network
        Of a training here, whose code the job runs. What a file is of stands in the file.
    """

    gate: QualityGate
    network: Predict | None = None

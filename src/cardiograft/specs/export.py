"""What config may set for the stage `export`: a trained network as a file for a device."""

from typing import Annotated, Literal, Self

from annotated_types import Ge, Gt, Lt
from pydantic import NonNegativeFloat, PositiveFloat, model_validator

from cardiograft.specs.entry import Count, Entry, Metric, Seed, Several, Word
from cardiograft.specs.predict import Predict

Included = Literal["included", "left out"]
Takes = Literal["segment", "signal", "picture"]
FORMAT = "cardiograft onnx 1"  # of the metadata that a file is given


class Limit(Entry):
    """How much a file may lose; a job whose file loses more fails.

    Attributes
    ----------
    metric
        Of the validation part, over all classes.
    loss
        The largest difference to the network's own value, in the metric's unit, in the direction
        that is worse.
    """

    metric: Metric
    loss: NonNegativeFloat


class Threshold(Entry):
    """From which probability on a segment counts as of one class.

    Attributes
    ----------
    label
        The class.
    at
        The probability; ``validation`` takes the one with the best balanced accuracy, this class
        against the others, over the validation part.
    """

    label: Word
    at: Annotated[float, Gt(0), Lt(1)] | Literal["validation"] = 0.5


class Exporting(Entry):
    """A trained network as a file that runs without torch.

    Attributes
    ----------
    source
        The network: an entry of `pretrain`, `prune` or `transfer`.
    repeat
        Which of its repeats.
    view
        Whether the file makes its pictures itself (``included``), or takes pictures.
    preprocessing
        Whether the file takes whole segments, as they are cut, and crops and scales them itself
        (``included``), or takes what is left of that. Null: as `view`.
    batch
        How many segments the file takes at once, always.
    precision
        ``int8``: weights and activations as integers of eight bits, with scales that are fixed by
        `calibration` segments of the training part (static quantisation).
    calibration
        How many those are.
    ranges
        How a scale follows from what was seen: its extremes (``minmax``), a ``percentile`` of it,
        or the least ``entropy`` between before and after.
    checked
        How many segments of the training part are asked of the file and of the network, and
        compared; all where it has fewer. Of the validation part all are.
    tolerance
        Largest difference between a score of the file and of the network. Not of ``int8``, which
        is compared by metrics.
    metrics
        What the file loses is measured in these, on the validation part; none: those of the
        evaluations of `source`.
    limit
        What a file may lose of one metric.
    threshold
        Goes into the card.
    seed
        Of the choice of segments.
    """

    source: Word
    repeat: Annotated[int, Ge(0)] = 0
    format: Literal["onnx"] = "onnx"
    view: Included = "included"
    preprocessing: Included | None = None
    batch: Count = 1
    precision: Literal["float32", "int8"] = "float32"
    calibration: Count = 512
    ranges: Literal["minmax", "percentile", "entropy"] = "minmax"
    checked: Count = 512
    tolerance: PositiveFloat = 1e-4
    metrics: Several[Metric] = ()
    limit: Limit | None = None
    threshold: Threshold | None = None
    seed: Seed = 0

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.view == "left out" and self.preprocessing == "included":
            raise ValueError(
                "preprocessing 'included' with view 'left out': pictures are made of what is"
                " preprocessed, so that a file that takes pictures can't do it"
            )
        return self

    @property
    def takes(self) -> Takes:
        """What goes into the file: a whole segment, what a network is shown, or its picture."""
        if self.view == "left out":
            return "picture"
        return "signal" if self.preprocessing == "left out" else "segment"


class Export(Exporting):
    """An entry of `export`, and the network that it names.

    Attributes
    ----------
    network
        Its model, view, task and split.
    """

    network: Predict

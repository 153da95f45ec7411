"""Odd beats, such as ventricular ones, for which the prediction draws its usual complex.

Wherever it draws it, so that it is nearer to this beat than to any other; `odd_beats_shown` are
those for which it draws another complex, and the rest it leaves out. A subject's counts first, then
the mean over the subjects that have any; what is odd is defined in
`cardiograft.evaluation.complexes`. Few people have many: read how many windows and subjects the
value rests on.

Source: study `scg_to_ecg`.
"""

from cardiograft.evaluation import complexes, signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "Odd beats painted over"
KINDS = ("signal",)
PERCENT = True
LOWER_IS_BETTER = True

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's share; one without such a beat has none."""
    return complexes.share_per_subject(predictions, complexes.ODD_PAINTED_OVER, complexes.ODD_TRUE)


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the share, shape (B,)."""
    return signal_errors.values(sums_BD, labels)

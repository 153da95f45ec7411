"""Pearson's r at the constant delay that suits each subject best, then over subjects.

The delay, up to 0.2 s to either side, is found on the tested windows with their true signals in
hand: nobody has it in use. It tells what of `pearson` is lost by shape, and what by a delay of the
person's own. A flat prediction counts as 0, as there.

Source: study `scg_to_ecg`.
"""

from cardiograft.evaluation import delays, signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "Pearson r at best delay"
KINDS = ("signal",)
PERCENT = False
LOWER_IS_BETTER = False

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's highest mean correlation over its delays."""
    _, r_SCL, windows_SC = delays.by_subject(predictions)
    return delays.sums(r_SCL.max(axis=-1), windows_SC)


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the correlation coefficient, shape (B,)."""
    return signal_errors.values(sums_BD, labels)

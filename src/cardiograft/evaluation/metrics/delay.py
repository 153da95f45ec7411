"""How long, in ms, a subject's predicted signals come too late or too early, over subjects.

The size of the constant delay, up to 0.2 s, at which the subject's windows are most alike
(`pearson_at_delay`), in steps of a sample. A subject of whom no delay is better than another, as of
a flat prediction, has no value.

Source: study `scg_to_ecg`.
"""

import numpy as np

from cardiograft.evaluation import delays, signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "Delay"
KINDS = ("signal",)
PERCENT = False
LOWER_IS_BETTER = True

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return the size of each subject's best delay, in milliseconds."""
    delay_ms_L, r_SCL, windows_SC = delays.by_subject(predictions)
    delay_ms_SC, has_best_SC = delays.best(delay_ms_L, r_SCL)
    return delays.sums(np.abs(delay_ms_SC), np.where(has_best_SC, windows_SC, 0))


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the mean size of the delay, shape (B,), in milliseconds."""
    return signal_errors.values(sums_BD, labels)

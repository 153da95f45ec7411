"""Windows whose usual QRS complex points the right way, up or down, as a share of them.

The mean over a subject's windows, then over subjects; the usual complex is the median of a window's
(`cardiograft.evaluation.complexes`). A window whose prediction has no complex counts as wrong.

Source: study `scg_to_ecg`.
"""

import numpy as np

from cardiograft.evaluation import complexes, signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "QRS polarity right"
KINDS = ("signal",)
PERCENT = True
LOWER_IS_BETTER = False

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's share; one whose true windows have no complex has none."""
    true_NC, predicted_NC = np.moveaxis(complexes.of_usual(predictions)[..., 1], -1, 0)
    right_NC = np.where(np.isnan(true_NC), np.nan, true_NC == predicted_NC)
    return signal_errors.means(predictions.subject_N, right_NC)


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the share, shape (B,)."""
    return signal_errors.values(sums_BD, labels)

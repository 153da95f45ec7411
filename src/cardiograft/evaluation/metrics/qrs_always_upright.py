"""Windows whose true QRS complex is upright: what whoever always says so would get right.

Beside `qrs_polarity`, which a network that knows nothing has no less of. No prediction is read.

Source: study `scg_to_ecg`.
"""

import numpy as np

from cardiograft.evaluation import complexes, signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64

TITLE = "QRS upright"
KINDS = ("signal",)
PERCENT = True
LOWER_IS_BETTER = False

support = signal_errors.support


def additive(predictions: Predictions) -> Float64:
    """Return each subject's share; one whose true windows have no complex has none."""
    true_NC = complexes.of_usual(predictions)[..., 0, 1]
    return signal_errors.means(
        predictions.subject_N, np.where(np.isnan(true_NC), np.nan, true_NC > 0)
    )


def values(sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return the share, shape (B,)."""
    return signal_errors.values(sums_BD, labels)

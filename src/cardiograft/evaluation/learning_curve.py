"""The learning curve index: how steadily a metric rose over the epochs, times how far it came.

Source: study `rhythm_cae`; Healthc Inform Res 2021;27(1):19-28.
"""

from collections.abc import Sequence

import numpy as np

# ASSUME the paper's "smallest positive number" is the machine epsilon.
EPSILON = float(np.finfo(np.float64).eps)


def learning_curve_index(values: Sequence[float]) -> float:
    """Return the index of one metric's values, an epoch each, of which more is better.

    It is the mean of the rises from epoch to epoch over the size of the mean fall plus the
    machine epsilon, times the highest value. Epochs that change nothing are neither. Noise about
    a level, which rises as far as it falls, has about its highest value.

    Returns
    -------
    float
        Infinite where it rose and never fell, 0 where it never rose. NaN of fewer than two epochs,
        and where a value is no finite number: how it rose over an epoch that is not known, nobody
        can say.
    """
    # ASSUME a change of zero counts as neither, and an index without a fall as infinite.
    value_E = np.asarray(values, dtype=np.float64)
    if len(value_E) < 2 or not np.isfinite(value_E).all():
        return float("nan")
    change = np.diff(value_E)
    rises, falls = change[change > 0], change[change < 0]
    if not len(rises):
        return 0.0
    if not len(falls):
        return float("inf")
    return float(rises.mean() / (abs(falls.mean()) + EPSILON) * max(values))

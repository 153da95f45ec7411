"""The mean signal of the training part, whatever comes in: what needs no input at all.

Of shards without a target the mean input, against which a reconstruction is measured.

Each training subject counts the same.

Legend: N segments, W requested, C channels of the target, T samples.
"""

import numpy as np

from cardiograft.evaluation.baseline_inputs import SignalExamples
from cardiograft.records import Float32

KIND = "signal"
COLUMNS = ()


def predict(examples: SignalExamples) -> Float32:
    """Return one and the same signal for every requested window, shape (W, C, T)."""
    row_N = np.flatnonzero(examples.part_N == "train")
    _, which_N, count_S = np.unique(
        examples.subject_N[row_N], return_inverse=True, return_counts=True
    )
    rows_S = np.split(row_N[np.argsort(which_N, kind="stable")], np.cumsum(count_S)[:-1])
    mean_CT = sum(examples.target_NCT[its].mean(axis=0, dtype=float) for its in rows_S) / len(
        rows_S
    )
    wanted = int(examples.wanted_N.sum())
    return np.broadcast_to(mean_CT, (wanted, *mean_CT.shape)).astype(np.float32)

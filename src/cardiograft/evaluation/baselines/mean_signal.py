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
    train_N = examples.part_N == "train"
    subjects = np.unique(examples.subject_N[train_N])
    mean_CT = sum(
        examples.target_NCT[train_N & (examples.subject_N == subject)].mean(axis=0, dtype=float)
        for subject in subjects
    ) / len(subjects)
    wanted = int(examples.wanted_N.sum())
    return np.broadcast_to(mean_CT, (wanted, *mean_CT.shape)).astype(np.float32)

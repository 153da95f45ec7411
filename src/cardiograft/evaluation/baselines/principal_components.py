"""So many principal components of the training part: the best linear code of that length.

What an autoencoder's code of as many numbers has to beat. Mean and components come from the
training windows, each of them counting the same, as in a network's loss.

Legend: N segments, W requested, C channels, T samples, D = C T.
"""

from typing import Annotated

import numpy as np
from annotated_types import Ge
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from cardiograft.evaluation.baseline_inputs import SignalExamples
from cardiograft.records import Float32

KIND = "signal"
TARGET = "signal"
COLUMNS = ("signal",)


def predict(examples: SignalExamples, *, components: Annotated[int, Ge(1)] = 60) -> Float32:
    """Return each requested window made anew of its code, shape (W, C, T).

    Parameters
    ----------
    components
        Length of the code: 60 is that of `rhythm_cae`. Fewer training windows, or fewer samples,
        have as many components as there are of them.
    """
    signal_NCT = examples.columns["signal"]
    shape = signal_NCT.shape[1:]
    train_ND = signal_NCT[examples.part_N == "train"].reshape(-1, int(np.prod(shape)))
    with threadpool_limits(1):  # the same sums in the same order, and one core a job
        model = PCA(min(components, *train_ND.shape), svd_solver="covariance_eigh")
        model.fit(train_ND.astype(np.float64))
        wanted_WD = signal_NCT[examples.wanted_N].reshape(-1, train_ND.shape[1])
        made_WD = model.inverse_transform(model.transform(wanted_WD.astype(np.float64)))
    return np.asarray(made_WD, dtype=np.float32).reshape(-1, *shape)

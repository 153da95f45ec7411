"""Labels made softer by a teacher: a boosting that names each training segment's class unseen.

Labels of rhythms are often wrong, and all that a class name says of a segment between two classes
is one of them. A boosting that learned from other people's segments says how likely each class is;
the mean of the two is what a network learns from. Nothing but the training part is used.

Source: Hinton, Vinyals & Dean 2015, arXiv:1503.02531 (a network that learns from another model's
probabilities); cross-fitting and the boosting on recordings' features are our own choice.

Legend: N segments, K classes, T samples.
"""

import numpy as np
import torch
from torch import Tensor

from cardiograft.records import Float32, Int64
from cardiograft.segments.shard_format import Meta
from cardiograft.signals.recording_features import features
from cardiograft.signals.stitching import Stitched
from cardiograft.training.boosting import cross_fitted
from cardiograft.training.task import Columns

FACTS = ("signal", "valid", "subject")
NO_SEAMS = np.zeros(0, np.int64)


class Teacher:
    """Soft labels of the segments of a training part, whose first channel is read.

    Parameters
    ----------
    share
        Of a soft label that the boosting gives; the label itself gives the rest.
    meta
        Of the shards.
    """

    def __init__(self, share: float, meta: Meta) -> None:
        self._share, self._rate_hz = share, float(meta.rate_hz)
        self._taught: dict[int, Float32] = {}

    def learn(self, training: Columns, code_N: Int64, *, classes: int) -> None:
        """Take what the boosting gives for each segment of the training part.

        Raises
        ------
        ValueError
            All training segments but one fold's have one class.
        """
        signals = _signals(training)
        feature_NF = np.stack(
            [features(Stitched(s.astype(np.float64), NO_SEAMS), self._rate_hz) for s in signals]
        )
        score_NK = cross_fitted(feature_NF, code_N, training["subject"], classes=classes)
        keys = [hash(signal_T.tobytes()) for signal_T in signals]
        self._taught = dict(zip(keys, score_NK, strict=True))

    def soft(self, columns: Columns, code_N: Int64, *, classes: int) -> Tensor:
        """Return soft labels, shape (N, K): the label itself of segments that were not learned.

        A segment without a label has zeros.
        """
        plain_NK = np.eye(classes, dtype=np.float32)[code_N] * (code_N >= 0)[:, None]
        for n, signal_T in enumerate(_signals(columns)):
            taught_K = self._taught.get(hash(signal_T.tobytes()))
            if taught_K is not None:
                plain_NK[n] = (1 - self._share) * plain_NK[n] + self._share * taught_K
        return torch.from_numpy(plain_NK)


def _signals(columns: Columns) -> list[Float32]:
    """Return each segment's first channel without what fills it up."""
    pairs = zip(columns["signal"], columns["valid"].tolist(), strict=True)
    return [signal_CT[0, : max(int(length), 1)] for signal_CT, length in pairs]

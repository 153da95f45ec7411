"""The middle of segments: what a network that crops them is given when it predicts.

Legend: N segments, C channels, T samples of a segment, S of its middle.
"""

import numpy as np
import numpy.typing as npt

from cardiograft.records import Float32

# ASSUME a middle whose deviation is under a millionth of its largest value is flat.
FLAT = 1e-6


def middle(
    signal_NCT: Float32, valid_N: npt.NDArray[np.integer], *, samples: int, zscore: bool = False
) -> Float32:
    """Return the middle `samples` of what each segment holds before its padding.

    Of a segment that holds fewer the beginning, padding and all.

    Parameters
    ----------
    valid_N : int, shape (N,)
        Samples before padding.
    zscore
        Bring each channel to mean 0 and deviation 1 over the samples that are no padding, which
        becomes zeros; a flat channel comes out as zeros.

    Returns
    -------
    float32, shape (N, C, S)
    """
    valid_N = np.maximum(valid_N.astype(np.int64), 1)
    first_N = np.maximum(valid_N - samples, 0) // 2
    at_NS = first_N[:, None] + np.arange(samples)
    cut_NCS = np.take_along_axis(signal_NCT, at_NS[:, None], axis=-1)
    if not zscore:
        return cut_NCS
    there_N1S = (np.arange(samples) < (valid_N - first_N)[:, None])[:, None]
    count_N11 = there_N1S.sum(axis=-1, keepdims=True)
    centred_NCS = cut_NCS - (cut_NCS * there_N1S).sum(axis=-1, keepdims=True) / count_N11
    centred_NCS = centred_NCS * there_N1S
    spread_NC1 = np.sqrt(np.square(centred_NCS).sum(axis=-1, keepdims=True) / count_N11)
    flat_NC1 = spread_NC1 <= FLAT * np.abs(cut_NCS).max(axis=-1, keepdims=True)
    scaled_NCS = np.where(flat_NC1, 0, centred_NCS / np.where(flat_NC1, 1, spread_NC1))
    return np.asarray(scaled_NCS, dtype=np.float32)

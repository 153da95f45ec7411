"""A signal at a finer rate, a stretch at a time, so that hours at a high rate fit in memory.

Legend: C channels, T samples, U samples at the finer rate.
"""

from collections.abc import Iterator

import numpy as np
from scipy.signal import resample_poly

from cardiograft.records import Float64

# resample_poly's filter reaches ten samples to either side; a few more change nothing.
MARGIN = 16


def finer(signal_CT: Float64, factor: int, *, piece: int = 1 << 16) -> Iterator[Float64]:
    """Yield a signal at `factor` times its rate, `piece` of its own samples at a time.

    Pieces laid end to end are the whole signal resampled, whatever their size: each is made
    with its neighbours' samples around it. The ends are continued by their last value.

    Parameters
    ----------
    signal_CT : shape (C, T), band-limited

    Yields
    ------
    Float64
        Shape (C, U), U = factor x samples of the piece.
    """
    padded_CT = np.pad(signal_CT, ((0, 0), (MARGIN, MARGIN)), mode="edge")
    for start in range(0, signal_CT.shape[1], piece):
        stop = min(start + piece, signal_CT.shape[1])
        around_CT = padded_CT[:, start : stop + 2 * MARGIN]
        made_CU = resample_poly(around_CT, factor, 1, axis=1) if factor > 1 else around_CT
        yield np.asarray(made_CU[:, MARGIN * factor : made_CU.shape[1] - MARGIN * factor])

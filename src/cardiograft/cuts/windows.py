"""Windows of one length, end to end or overlapping.

Legend: N segments, C channels, T samples.
"""

from typing import Annotated

import numpy as np
from annotated_types import Gt

from cardiograft import pieces
from cardiograft.pieces import Pieces, Prepared

LABELS = ("record", "span")


def cut(
    prepared: Prepared,
    *,
    window_s: Annotated[float, Gt(0)] = 10.0,
    step_s: Annotated[float, Gt(0)] | None = None,
) -> Pieces:
    """Cut windows from the recording's start on, each with its own scale.

    What is left at the end and shorter than a window is dropped. With labels of spans a
    window takes the one that is in force throughout, and is dropped where it changes.

    Parameters
    ----------
    window_s
        Length, rounded to samples.
    step_s
        From one window's start to the next one's; `window_s` where null.
    """
    size = max(1, round(window_s * prepared.rate_hz))
    step = size if step_s is None else max(1, round(step_s * prepared.rate_hz))
    length = prepared.signal_CT.shape[1]
    start_N = np.arange(0, length - size + 1, step, dtype=np.int64)
    label_N = pieces.spans(prepared, start_N, start_N + size)
    sides, reason_N = pieces.windows(prepared, start_N, size)
    keep_N, dropped = pieces.sort_out(prepared, reason_N, label_N)
    if (start_N[-1] + size if len(start_N) else 0) < length:
        dropped["shorter than a window"] += 1
    return Pieces(
        signal_NCT=sides[0].scaled(keep_N),
        target_NCT=sides[1].scaled(keep_N) if len(sides) > 1 else None,
        start_N=prepared.at_source(start_N[keep_N]),
        valid_N=np.full(len(keep_N), size, dtype=np.int32),
        label_N=label_N[keep_N],
        dropped=dropped,
    )

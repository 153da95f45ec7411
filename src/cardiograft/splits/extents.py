"""Where recordings begin and end, as far as they are cut into segments.

Legend: N segments, R records.
"""

import numpy as np
import pyarrow as pa

from cardiograft.records import Int64
from cardiograft.splits.table import joined_names


def extent(keys: pa.Table) -> tuple[Int64, Int64]:
    """Return where each segment's recording begins and ends, shape (N,), in its samples.

    Parameters
    ----------
    keys
        With ``dataset``, ``record``, ``start`` and ``stop`` (samples of the recording).
    """
    record_N = np.asarray(joined_names(keys, "record").dictionary_encode().combine_chunks().indices)
    start_N, stop_N = keys["start"].to_numpy(), keys["stop"].to_numpy()
    records = int(record_N.max(initial=-1)) + 1
    first_R = np.full(records, start_N.max(initial=0))
    last_R = np.full(records, stop_N.min(initial=0))
    np.minimum.at(first_R, record_N, start_N)
    np.maximum.at(last_R, record_N, stop_N)
    return first_R[record_N], last_R[record_N]

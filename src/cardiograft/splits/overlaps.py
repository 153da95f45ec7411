"""Which segments share samples of a recording with others, on any lead.

Legend: N segments.
"""

import numpy as np
import pyarrow as pa

from cardiograft.records import Int64


def overlapping_row(segments: pa.Table, row_N: Int64, pool_N: Int64) -> Int64:
    """Return, for each of the rows, one of the pool that it overlaps, or -1.

    Parameters
    ----------
    segments
        ``record`` (``<dataset>/<record>``), ``start`` and ``stop`` (samples of it).
    row_N, pool_N : int64
        Rows of `segments`.

    Returns
    -------
    int64
        Rows of `segments`, in the order of `row_N`.
    """
    if not len(pool_N) or not len(row_N):
        return np.full(len(row_N), -1)
    coded = segments["record"].dictionary_encode().combine_chunks().indices
    record_N = np.asarray(coded).astype(np.int64)
    start_N, stop_N = segments["start"].to_numpy(), segments["stop"].to_numpy()
    # records laid end to end: a segment can only overlap those of its own record
    offset_N = record_N * (int(stop_N.max()) - int(start_N.min()) + 1) - start_N.min()
    start_N, stop_N = start_N + offset_N, stop_N + offset_N
    pool_N = pool_N[np.argsort(start_N[pool_N], kind="stable")]
    reach_N = np.maximum.accumulate(stop_N[pool_N])
    # of those that start before a row stops, does the one that reaches furthest pass its start?
    furthest_N = np.maximum.accumulate(
        np.where(stop_N[pool_N] == reach_N, np.arange(len(pool_N)), 0)
    )
    before_N = np.searchsorted(start_N[pool_N], stop_N[row_N], side="left") - 1
    overlaps_N = (before_N >= 0) & (reach_N[before_N] > start_N[row_N])
    return np.where(overlaps_N, pool_N[furthest_N[before_N]], -1)

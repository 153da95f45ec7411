"""The order in which a part's items are trained on: a function of seed and epoch alone.

Legend: N segments, I items of an epoch.
"""

from collections.abc import Iterator

import numpy as np

from cardiograft.records import Int64


def epoch_order(items: int, *, seed: int, epoch: int) -> Int64:
    """Return every item once, shuffled, shape (I,)."""
    return np.random.default_rng((seed, epoch)).permutation(items)


def resampled(class_N: Int64, per_class: int, *, seed: int, epoch: int) -> Int64:
    """Return `per_class` segments of each class, shuffled: all once before any twice."""
    rng = np.random.default_rng((seed, epoch))
    picked = []
    for one in np.unique(class_N):
        rows = np.flatnonzero(class_N == one)
        whole, rest = divmod(per_class, len(rows))
        picked += [np.tile(rows, whole), rng.choice(rows, rest, replace=False)]
    drawn: Int64 = rng.permutation(np.concatenate(picked))
    return drawn


def batches(order_I: Int64, size: int) -> list[Int64]:
    """Cut an order into batches; a last one of a single item is left out.

    Batch normalisation has no variance to learn from with one item.
    """
    cut = [order_I[i : i + size] for i in range(0, len(order_I), size)]
    return cut[:-1] if len(cut) > 1 and len(cut[-1]) == 1 else cut


def sweep(items: int, size: int) -> Iterator[Int64]:
    """Yield every item in order, `size` at a time."""
    for first in range(0, items, size):
        yield np.arange(first, min(first + size, items))

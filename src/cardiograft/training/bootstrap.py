"""A training part drawn with replacement: each repeat of an entry trains on another draw.

The draw takes place within the part, so that an audit, which looks at all of it, says no less of
the training than before; validation and test parts are the same for every repeat.

Legend: N segments, S subjects.
"""

from dataclasses import replace

import numpy as np

from cardiograft.splits.table import SplitTable

STREAM = 0xB007  # the draw shares no random numbers with orders and weights of the same seed


def bootstrapped(split: SplitTable, share: float | None, *, seed: int) -> SplitTable:
    """Return a split whose training part is a draw of its subjects, each with all its segments.

    Parameters
    ----------
    share
        As many subjects as this share of them are drawn; null leaves the split as it is. Of one
        seed the smaller draw is the beginning of the larger one.
    seed
        The repeat's.

    Returns
    -------
    SplitTable
        Segments of a subject that is drawn twice are there twice. Its ``table`` and ``digest`` are
        those of the split as it was published.
    """
    if share is None:
        return split
    train_N = split.part_N == "train"
    subject_S = np.unique(split.subject_N[train_N])
    if not len(subject_S):
        return split
    generator = np.random.default_rng((STREAM, seed))
    drawn = generator.integers(len(subject_S), size=len(subject_S))
    drawn = drawn[: max(1, round(share * len(subject_S)))]
    times_S = np.bincount(drawn, minlength=len(subject_S))
    times_N = np.ones(len(split.id_N), dtype=np.int64)
    times_N[train_N] = times_S[np.searchsorted(subject_S, split.subject_N[train_N])]
    return replace(
        split,
        id_N=np.repeat(split.id_N, times_N),
        subject_N=np.repeat(split.subject_N, times_N),
        part_N=np.repeat(split.part_N, times_N),
    )

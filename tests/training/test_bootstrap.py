"""Draws of a training part: with replacement, one a seed, smaller ones within larger ones."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from cardiograft.splits.table import SplitTable
from cardiograft.training.bootstrap import bootstrapped

PARTS = {"train": 200, "validation": 30, "test": 50}


def split() -> SplitTable:
    """Return a split of subjects with one to three segments each."""
    subjects = [(f"d/{part}{k:03}", part, k % 3 + 1) for part, n in PARTS.items() for k in range(n)]
    rows = [(f"{name}/II/{s}", name, part) for name, part, n in subjects for s in range(n)]
    id_N, subject_N, part_N = (np.array(column, dtype=str) for column in zip(*rows, strict=True))
    return SplitTable(Path("x"), {}, pa.table({}), id_N, subject_N, part_N, "0")


def times(drawn: SplitTable) -> Counter[str]:
    """Return how often each subject of the training part was drawn."""
    first = [i for i in drawn.ids("train").tolist() if i.endswith("/0")]
    return Counter(i.rsplit("/", 2)[0] for i in first)


def test_as_many_subjects_are_drawn_as_there_are():
    count = times(bootstrapped(split(), 1.0, seed=3))
    assert count.total() == 200
    assert 0.56 < len(count) / 200 < 0.7  # 1 - 1/e, within three standard deviations
    assert max(count.values()) > 1


def test_a_subject_comes_with_all_its_segments():
    drawn = bootstrapped(split(), 1.0, seed=3)
    each, count = Counter(drawn.ids("train").tolist()), times(drawn)
    for name, subject in zip(split().id_N, split().subject_N, strict=True):
        if "train" in name:
            assert each[str(name)] == count[str(subject)]


def test_smaller_shares_are_within_larger_ones():
    draws = [times(bootstrapped(split(), share, seed=5)) for share in (0.25, 0.5, 1.0)]
    assert [draw.total() for draw in draws] == [50, 100, 200]
    for small, large in pairwise(draws):
        assert all(large[name] >= n for name, n in small.items())


def test_seeds_differ_and_other_parts_do_not():
    whole, one, other, again = (
        split(),
        *(bootstrapped(split(), 1.0, seed=seed) for seed in (0, 1, 0)),
    )
    assert times(one) == times(again) != times(other)
    for part in ("validation", "test"):
        assert one.ids(part).tolist() == other.ids(part).tolist() == whole.ids(part).tolist()


def test_without_a_share_the_split_stays():
    whole = split()
    assert bootstrapped(whole, None, seed=0) is whole

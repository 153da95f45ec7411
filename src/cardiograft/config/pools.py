"""Evaluations of a model's folds, tabulated as one run over all their subjects."""

import re
from collections.abc import Mapping, Sequence
from itertools import takewhile

WORD = re.compile(r"\d+|[^\W\d_]+|[\W_]+")  # a number, letters, or what stands between them
BETWEEN = "-_. "


def runs(pool_of: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    """Return each run's evaluations, in order: those of one pool, or one by itself.

    Parameters
    ----------
    pool_of
        Evaluation to its pool, if it is of any.
    """
    members_by_run: dict[str, list[str]] = {}
    for evaluation, pool in pool_of.items():
        members_by_run.setdefault(pool or evaluation, []).append(evaluation)
    return {run: tuple(members) for run, members in members_by_run.items()}


def split(names: Sequence[str]) -> str:
    """Return one name for several splits: what they have in common, and how many they are.

    ``scg-subject-0`` ... ``scg-subject-4`` are ``scg-subject (5 folds)``.
    """
    if len(names) == 1:
        return names[0]
    words = [WORD.findall(name) for name in names]
    start = _alike(words)
    end = _alike([list(reversed(w[len(start) :])) for w in words])[::-1]
    ends = "".join(start).rstrip(BETWEEN), "".join(end).lstrip(BETWEEN)
    shared = "-".join(text for text in ends if text)
    return f"{shared} ({len(names)} folds)" if shared else " + ".join(names)


def _alike(words: Sequence[Sequence[str]]) -> list[str]:
    """Return the leading words that all have."""
    return [first for first, *_ in takewhile(lambda w: len(set(w)) == 1, zip(*words, strict=False))]

"""Which classes a part of a split has no segment of: no value of theirs can be measured there."""

from collections.abc import Mapping, Sequence
from typing import Any

Counts = Mapping[str, Mapping[str, Any]]  # part: {labels: {label: segments}}


def missing_classes(
    counts: Counts, labels: Sequence[str], parts: Sequence[str]
) -> dict[str, list[str]]:
    """Return the classes that parts lack, and the training part, without those that lack none.

    Parameters
    ----------
    counts
        Of a split's audit.
    labels
        Classes that a task names; without any, those of the training part.
    parts
        That are evaluated.
    """
    wanted = labels or sorted(counts["train"]["labels"])
    lacking_by_part = {
        part: [label for label in wanted if not counts[part]["labels"].get(label)]
        for part in dict.fromkeys(("train", *parts))
    }
    return {part: lacking for part, lacking in lacking_by_part.items() if lacking}


def missing_complaint(split: str, missing: Mapping[str, Sequence[str]], counts: Counts) -> str:
    """Return one line on the parts that are evaluated and lack a class; none, if none does."""
    lacking = [
        f"part {part!r} of split {split!r} has no segment of {', '.join(map(repr, labels))}"
        f" (has {_listed(counts[part]['labels'])})"
        for part, labels in missing.items()
        if part != "train"
    ]
    if not lacking:
        return ""
    return f"{'; '.join(lacking)}: split otherwise, or say `missing: allowed` in the evaluation"


def _listed(labels: Mapping[str, int]) -> str:
    return ", ".join(f"{n} of {label!r}" for label, n in sorted(labels.items())) or "no labels"

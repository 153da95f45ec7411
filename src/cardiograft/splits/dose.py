"""Trainings of one size that differ in how many of the tested people's own segments they hold.

The first step away from an honest split, measured: its test part is cut down to a part of each
recording, the same at every dose, and its training part to `base` segments and `slots` more.
Slots are ordered once, each with a label and with two candidates, one of the tested people and
one of other people who are not in the base. A dose d fills the first d of them with the first
candidate, the rest with the second: doses are nested, and all have the same classes.

Legend: N segments.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cardiograft.records import Float64, Int64
from cardiograft.specs.split import Dose
from cardiograft.splits.extents import extent
from cardiograft.splits.overlaps import overlapping_row
from cardiograft.splits.places import place
from cardiograft.splits.table import PartColumn, joined_names

Mask = npt.NDArray[np.bool_]
Names = Sequence[Any] | npt.NDArray[np.object_]


def dosed(part_N: PartColumn, keys: pa.Table, dose: Dose, seed: int) -> PartColumn:
    """Return the parts of a split with a dose.

    Parameters
    ----------
    part_N
        Of the split without it.
    keys
        With ``id``, ``dataset``, ``record``, ``subject``, ``label``, ``start``, ``stop`` and
        ``source_hz``.

    Raises
    ------
    ValueError
        There are fewer segments than `dose` asks for.
    """
    subject_N = np.asarray(keys["subject"].to_pylist(), dtype=object)
    helper_N = _below(subject_N, "others", dose.others, seed)
    test_N, pool_N = _sides(part_N == "test", keys, dose, seed)
    train_N = part_N == "train"
    base = _first(np.flatnonzero(train_N & ~helper_N), keys, dose.base, seed)
    slots = [] if dose.empty else _slots(keys, pool_N, train_N & helper_N, dose.slots, seed)
    filled = [own if k < dose.own else other for k, (own, other) in enumerate(slots)]
    new_N = np.where(part_N == "validation", "validation", "out").astype(object)
    new_N[test_N] = "test"
    new_N[[*base, *filled]] = "train"
    return new_N


def own_segments(subject_N: Names, part_N: npt.NDArray[Any]) -> Mask:
    """Return which training segments are of subjects of the test part, shape (N,)."""
    names_N = np.asarray(subject_N, dtype=object)
    own_N: Mask = (part_N == "train") & np.isin(names_N, np.unique(names_N[part_N == "test"]))
    return own_N


def dose_counts(keys: pa.Table, part_N: PartColumn, dose: Dose) -> dict[str, Any]:
    """Return what a split with a dose holds, and the dose that was requested.

    Returns
    -------
    dict
        ``asked`` (the entry of config), ``own`` and ``size`` (segments of the training part:
        of tested subjects, of all), ``subjects`` and ``dosed_subjects`` (of the test part: all,
        and those who are trained on), ``own_labels``.

    Raises
    ------
    ValueError
        The training part does not hold exactly what was requested.
    """
    subject_N = np.asarray(keys["subject"].to_pylist(), dtype=object)
    own_N = own_segments(subject_N, part_N)
    own, size = int(own_N.sum()), int((part_N == "train").sum())
    if (own, size) != (dose.own, dose.size):
        raise ValueError(
            f"dose: {own} of {size} training segments are of tested people, requested were"
            f" {dose.own} of {dose.size}"
        )
    label_N = np.asarray([str(label or "") for label in keys["label"].to_pylist()])
    labels, counts = np.unique(label_N[own_N], return_counts=True)
    return {
        "asked": dose.model_dump(mode="json"),
        "own": own,
        "size": size,
        "subjects": len(set(subject_N[part_N == "test"])),
        "dosed_subjects": len(set(subject_N[own_N])),
        "own_labels": dict(zip(labels.tolist(), counts.tolist(), strict=True)),
    }


def _sides(tested_N: Mask, keys: pa.Table, dose: Dose, seed: int) -> tuple[Mask, Mask]:
    """Return which of the tested people's segments are tested on, and which may be trained on."""
    start_N, stop_N = keys["start"].to_numpy(), keys["stop"].to_numpy()
    if dose.how == "random":
        reserved_N = _below(keys["id"].to_pylist(), "reserved", dose.reserved, seed)
        test_N, pool_N = tested_N & reserved_N, tested_N & ~reserved_N
        spans = pa.table({"record": joined_names(keys, "record"), "start": start_N, "stop": stop_N})
        row_N = np.flatnonzero(pool_N)
        pool_N[row_N[overlapping_row(spans, row_N, np.flatnonzero(test_N)) >= 0]] = False
        return test_N, pool_N
    first_N, last_N = extent(keys)
    cut_N = first_N + np.rint((1 - dose.reserved) * (last_N - first_N)).astype(np.int64)
    gap_N = np.rint(dose.gap_s * keys["source_hz"].to_numpy()).astype(np.int64)
    return tested_N & (start_N >= cut_N), tested_N & (stop_N <= cut_N - gap_N)


def _first(row_N: Int64, keys: pa.Table, count: int, seed: int) -> list[int]:
    """Return so many segments of the base, by hash."""
    if len(row_N) < count:
        raise ValueError(
            f"dose: base {count}: the training subjects who fill no slots have {len(row_N)}"
            " segments"
        )
    place_N = _places(keys["id"].take(row_N).to_pylist(), "base", seed)
    return [int(row) for row in row_N[np.argsort(place_N, kind="stable")][:count]]


def _slots(
    keys: pa.Table, own_N: Mask, other_N: Mask, count: int, seed: int
) -> list[tuple[int, int]]:
    """Return the slots in order: a segment of the tested people, and one of others, of one label.

    Labels have slots in proportion to what both sides can fill, and are spread evenly over the
    order; within a label so are the subjects of either side.
    """
    label_N = np.asarray([str(label or "") for label in keys["label"].to_pylist()], dtype=object)
    labels = np.unique(label_N[own_N | other_N])
    pairs = {}
    for label in labels:
        own, other = (
            _spread(np.flatnonzero(side & (label_N == label)), keys, seed)
            for side in (own_N, other_N)
        )
        pairs[label] = list(zip(own, other, strict=False))  # as many as both sides can fill
    most = sum(map(len, pairs.values()))
    if most < count:
        sides = f"{own_N.sum()} of the tested people, {other_N.sum()} of others"
        raise ValueError(
            f"dose: slots {count}: both sides can fill {most}, label by label ({sides})"
        )
    shares = _shares({label: len(own) for label, own in pairs.items()}, count)
    ordered = [
        ((k + 0.5) / shares[label], label, pair)
        for label, own in pairs.items()
        for k, pair in enumerate(own[: shares[label]])
    ]
    return [pair for *_, pair in sorted(ordered)]


def _shares(weights: dict[str, int], count: int) -> dict[str, int]:
    """Return `count` shared out in proportion to weights, by largest remainders."""
    whole = sum(weights.values())
    shares = {name: count * weight // whole for name, weight in weights.items()}
    left = sorted(weights, key=lambda name: (-(count * weights[name] % whole), name))
    for name in left[: count - sum(shares.values())]:
        shares[name] += 1
    return shares


def _spread(row_N: Int64, keys: pa.Table, seed: int) -> list[int]:
    """Return segments in an order: any beginning has about the same share of every subject's."""
    subject_N = keys["subject"].take(row_N).to_pylist()
    place_N = _places(keys["id"].take(row_N).to_pylist(), "dose", seed)
    offset = {subject: place(seed, "dose", subject) for subject in set(subject_N)}
    rank_by_subject: dict[str, int] = {}
    total = Counter(subject_N)
    order = []
    for k in np.argsort(place_N, kind="stable"):
        subject = subject_N[k]
        rank = rank_by_subject[subject] = rank_by_subject.get(subject, -1) + 1
        order.append(((rank + offset[subject]) / total[subject], subject, int(row_N[k])))
    return [row for *_, row in sorted(order)]


def _below(names: Names, purpose: str, share: float, seed: int) -> Mask:
    """Return which names lie below a share, by hash, shape (N,)."""
    return _places(names, purpose, seed) < share


def _places(names: Names, purpose: str, seed: int) -> Float64:
    known = {name: place(seed, purpose, name) for name in set(names)}
    return np.array([known[name] for name in names], dtype=np.float64)

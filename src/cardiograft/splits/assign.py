"""Parts of a split, train, validation and test, by hash: no subject moves when data grow.

A name's place is a number in [0, 1) that depends on the seed and the name alone. The schemes
``subject`` and ``segment`` put a name in a part where that number is below the part's share:
exact in the long run, and only roughly right for a few dozen subjects, because a rule that
counted the subjects present would move some of them with each one added. ``dechazal`` knows all
its records beforehand, and counts. ``time`` cuts each recording by itself, at shares of the time
from its first segment's start to its last one's end; a segment that lies across a cut is out, so
that no sample is on both sides.

Source of DS1 and DS2: de Chazal et al. 2004, doi:10.1109/TBME.2004.827359.

Legend: N segments, R records.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cardiograft import plugins
from cardiograft.records import Float64, Int64
from cardiograft.specs.split import Calibration, Split
from cardiograft.splits.dechazal import dechazal_parts, listed_part
from cardiograft.splits.dose import dosed
from cardiograft.splits.extents import extent
from cardiograft.splits.people import person
from cardiograft.splits.places import place
from cardiograft.splits.table import PartColumn, joined_names, of_persons

PARTS = ("train", "validation", "test", "out")
COLUMNS = ("id", "dataset", "record", "subject", "label")
TIMES = ("start", "stop", "source_hz")  # samples of the recording, and its rate


def assign(keys: pa.Table, spec: Split) -> PartColumn:
    """Return the part of each segment.

    Parameters
    ----------
    keys
        `COLUMNS` of the shards; with scheme ``time``, for calibration and for a dose also `TIMES`.
    spec
        What the config asks.

    Returns
    -------
    object, shape (N,)
        One of `PARTS`.

    Raises
    ------
    ValueError
        The scheme does not know a record, a pattern matches no subject, no segment lies within
        the time to calibrate in, there are fewer segments than a dose asks for, or a requested
        part would be empty.
    """
    part_N = _by_time(keys, spec) if spec.scheme == "time" else _by_name(keys, spec)
    keys = of_persons(keys, spec.people)  # patterns may be of any name; from here people count
    if spec.calibration is not None:
        part_N = _calibrated(part_N, keys, spec.calibration)
    part_N[np.asarray(pc.is_in(keys["label"], pa.array(spec.drop_labels, pa.string())))] = "out"
    if spec.dose is not None:
        part_N = dosed(part_N, keys, spec.dose, spec.seed)
    _complete(part_N, keys, spec)
    return part_N


def part_counts(keys: pa.Table, part_N: PartColumn) -> dict[str, Any]:
    """Return the numbers of segments, subjects and labels of each part.

    Parameters
    ----------
    keys
        `COLUMNS`, ``subject`` of which is a person (`cardiograft.splits.table.of_persons`).
    """
    label = keys["label"].to_numpy()
    subject = keys["subject"].to_numpy()
    return {part: _count(subject[part_N == part], label[part_N == part]) for part in PARTS}


def _count(subject: PartColumn, label: PartColumn) -> dict[str, Any]:
    names, numbers = np.unique([la for la in label if la is not None], return_counts=True)
    labels = dict(zip(names.tolist(), numbers.tolist(), strict=True))
    return {"segments": len(subject), "subjects": len(set(subject)), "labels": labels}


def _by_name(keys: pa.Table, spec: Split) -> PartColumn:
    unit, part_of = _rule(spec)
    names = joined_names(keys, unit).dictionary_encode().combine_chunks()
    known = names.dictionary.to_pylist()
    for pattern in (*spec.test_subjects, *spec.train_subjects):
        if not any(fnmatchcase(name, pattern) for name in known):
            # many subjects, few kinds of names: scg_vhd/CP-*
            kinds = {re.sub(r"(?<=/)(.*?)\d+", r"\1*", name) for name in known}
            hint = plugins.hint(pattern, kinds)
            raise ValueError(f"{pattern!r} is no subject of {', '.join(spec.segments)}.{hint}")
    # a person is put in one part under every name
    placed = [person(name, spec.people) if unit == "subject" else name for name in known]
    under: defaultdict[str, list[str]] = defaultdict(list)
    for one, name in zip(placed, known, strict=True):
        under[one].append(name)
    part_U = np.array([part_of(one, under[one]) for one in placed], dtype=object)
    part_N: PartColumn = part_U[np.asarray(names.indices)]
    return part_N


def _by_time(keys: pa.Table, spec: Split) -> PartColumn:
    start_N, stop_N = keys["start"].to_numpy(), keys["stop"].to_numpy()
    first_N, last_N = extent(keys)

    def at(share: float) -> Int64:
        cut_N: Int64 = first_N + np.rint(share * (last_N - first_N)).astype(np.int64)
        return cut_N

    rest = (1 - spec.test) * (1 - spec.validation)
    sides = {
        "train": (0, spec.fraction * rest),
        "validation": (rest, 1 - spec.test),
        "test": (1 - spec.test, 1),
    }
    part_N: PartColumn = np.full(len(keys), "out", dtype=object)
    for part, (begin, end) in sides.items():
        part_N[(start_N >= at(begin)) & (stop_N <= at(end))] = part
    return part_N


def _calibrated(part_N: PartColumn, keys: pa.Table, calibration: Calibration) -> PartColumn:
    """Take the beginning of each test subject's first recording from the test part."""
    first_N, _ = extent(keys)
    rate_N: Float64 = keys["source_hz"].to_numpy()
    since_N, until_N = (keys[c].to_numpy() - first_N for c in ("start", "stop"))
    mine_N = (part_N == "test") & _in_first_record(keys)
    seen_N = mine_N & (until_N <= np.rint(calibration.seconds * rate_N))
    if calibration.seconds and not seen_N.any():
        raise ValueError(
            f"calibration: no segment of a test subject lies wholly within the first"
            f" {calibration.seconds:g} s of the first recording"
        )
    part_N = part_N.copy()
    part_N[mine_N & (since_N < np.rint(calibration.reserved * rate_N))] = "out"
    if calibration.alone:
        part_N[part_N == "train"] = "out"
    part_N[seen_N] = "train"
    return part_N


def _in_first_record(keys: pa.Table) -> npt.NDArray[np.bool_]:
    # ASSUME names of recordings order them in time: cebsdb b, m, p of one person
    record = joined_names(keys, "record")
    pairs = pa.table({"subject": keys["subject"], "record": record}).group_by(
        ["subject", "record"], use_threads=False
    )
    first: dict[str, str] = {}
    for row in pairs.aggregate([]).sort_by("record").to_pylist():
        first.setdefault(row["subject"], row["record"])
    wanted = pa.array(first.values(), pa.string())
    return np.asarray(pc.is_in(record, wanted))


def _rule(spec: Split) -> tuple[str, Callable[[str, Sequence[str]], str]]:
    """Return what is put in parts as a whole, and the part of one of them.

    By its name, and those under which the segments have it.
    """
    if spec.scheme in ("segment", "subject"):
        unit = "id" if spec.scheme == "segment" else "subject"
        return unit, lambda name, _: _thinned(_by_share(name, spec), name, spec)
    if spec.scheme == "named":
        return "subject", lambda name, under: _thinned(_by_pattern(under, spec), name, spec)
    if spec.scheme == "fixed":
        return "record of subject", lambda name, _: _own(name, spec)
    parts = dechazal_parts(spec)
    return "record", lambda name, _: listed_part(name, parts, spec)


def _by_share(name: str, spec: Split) -> str:
    if spec.folds is not None:
        tested = _fold(name, spec) == spec.fold
    else:
        tested = place(spec.seed, "test", name) < spec.test
    return "test" if tested else "train"


def _fold(name: str, spec: Split) -> int:
    return int(place(spec.seed, "fold", name) * (spec.folds or 1))


def _by_pattern(names: Sequence[str], spec: Split) -> str:
    """Return the part of a person by the patterns that any of its names matches."""

    def matches(patterns: Iterable[str]) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in patterns for name in names)

    if matches(spec.test_subjects):
        return "test"
    return "train" if not spec.train_subjects or matches(spec.train_subjects) else "out"


def _thinned(part: str, name: str, spec: Split) -> str:
    """Take validation, and what `fraction` leaves out, from the training part."""
    if part != "train":
        return part
    if spec.validate_next_fold and spec.folds is not None and spec.fold is not None:
        if _fold(name, spec) == (spec.fold + 1) % spec.folds:
            return "validation"
    elif place(spec.seed, "validation", name) < spec.validation:
        return "validation"
    return "train" if place(spec.seed, "fraction", name) < spec.fraction else "out"


def _own(name: str, spec: Split) -> str:
    dataset, record, subject = name.split("\n")
    module = plugins.load("datasets", dataset)
    if not hasattr(module, "part"):
        raise ValueError(
            f"{dataset} has no parts of its own: scheme 'fixed' needs part(record) in"
            f" datasets/{dataset}.py"
        )
    part = str(module.part(record))
    if part not in PARTS:
        raise ValueError(f"{dataset}/{record}: part {part!r} is none of {', '.join(PARTS)}")
    return _thinned(part, person(subject, spec.people), spec)


def _complete(part_N: PartColumn, keys: pa.Table, spec: Split) -> None:
    requested = {"train": True, "validation": spec.validates}
    by_share = spec.scheme in ("segment", "subject", "time")
    requested["test"] = spec.test > 0 or spec.folds is not None or not by_share
    for part in (part for part, wanted in requested.items() if wanted):
        if not (part_N == part).any():
            sizes = ", ".join(f"{(part_N == p).sum()} in {p}" for p in PARTS)
            subjects = pc.count_distinct(keys["subject"]).as_py()
            raise ValueError(
                f"nothing is left for the {part} part (of {len(keys)} segments of {subjects}"
                f" subjects: {sizes}): change seed, shares or records"
            )

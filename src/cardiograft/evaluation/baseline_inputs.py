"""What a baseline receives: training segments with their targets, all others without.

A baseline is a plug-in of `cardiograft.evaluation.baselines`.

Legend: N segments, W of them requested, K classes, C channels of a target, T samples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiograft.records import Float32, Int64
from cardiograft.segments import shards
from cardiograft.signals.middles import middle
from cardiograft.specs.predict import BaselinePredict
from cardiograft.splits.leakage import timed
from cardiograft.splits.table import read_split_table

HIDDEN = -1
AT = "at"  # a column that is made here: where a segment begins, at the rate of the segments
SIGNALS = {"signal", "target"}


@dataclass(frozen=True, kw_only=True)
class BaselineRows:
    """Segments of a split, as a baseline receives them.

    Attributes
    ----------
    columns
        Name to array, first axis N, sorted by id.
    id_N, subject_N, part_N : str, shape (N,)
    wanted_N : bool, shape (N,)
        Whether a prediction is requested.
    seed
        Of everything that is drawn.
    rate_hz
        Of the segments.
    """

    columns: Mapping[str, npt.NDArray[Any]]
    id_N: npt.NDArray[np.str_]
    subject_N: npt.NDArray[np.str_]
    part_N: npt.NDArray[np.str_]
    wanted_N: npt.NDArray[np.bool_]
    seed: int
    rate_hz: float


@dataclass(frozen=True, kw_only=True)
class Examples(BaselineRows):
    """Segments with classes, of all parts: a beat is compared with the rest of its recording.

    Attributes
    ----------
    target_N : int64, shape (N,)
        Index into `labels` where the part is ``train``; `HIDDEN` everywhere else.
    labels
        Those of the training part, sorted.
    """

    target_N: Int64
    labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SignalExamples(BaselineRows):
    """Segments with signals to predict: those of the training part and those requested.

    Attributes
    ----------
    target_NCT : float32, shape (N, C, T)
        NaN outside the training part, unless the baseline is an oracle.
    """

    target_NCT: Float32


def read(
    directories: Sequence[Path], split: Path, *, columns: Sequence[str], parts: Sequence[str]
) -> tuple[Examples, Int64]:
    """Return a split's segments, and the true classes of those requested.

    Raises
    ------
    FileNotFoundError
        There are no shards, or no split.
    ValueError
        No segment is requested or trained on, or one has no label or one unseen in training.
    """
    id_N, subject_N, part_N, wanted_N = _split(split, parts)
    stored = [name for name in columns if name != AT]
    arrays = shards.arrays(directories, id_N.tolist(), ["label", *stored])
    label_N = arrays.pop("label")
    if AT in columns:
        arrays[AT] = _places(directories, id_N)
    train_N = part_N == "train"
    used_N = train_N | wanted_N
    for name, label in zip(id_N[used_N].tolist(), label_N[used_N], strict=True):
        if label is None:
            raise ValueError(f"{name}: a baseline needs a label")
    labels = tuple(np.unique(label_N[train_N].astype(str)).tolist())
    code_N = np.array([_code(label, labels) for label in label_N], dtype=np.int64)
    unseen_N = wanted_N & (code_N == HIDDEN)
    if unseen_N.any():
        known = ", ".join(labels)
        raise ValueError(f"{id_N[unseen_N][0]}: label {label_N[unseen_N][0]!r} not in {known}")
    examples = Examples(
        columns=arrays,
        id_N=id_N,
        subject_N=subject_N,
        part_N=part_N,
        target_N=np.where(train_N, code_N, HIDDEN),
        wanted_N=wanted_N,
        labels=labels,
        seed=0,
        rate_hz=shards.meta(directories[0]).rate_hz,
    )
    return examples, code_N[wanted_N]


def read_signals(
    directories: Sequence[Path],
    split: Path,
    *,
    columns: Sequence[str],
    parts: Sequence[str],
    oracle: bool,
    target: str = "target",
    shown: BaselinePredict | None = None,
) -> tuple[SignalExamples, Float32]:
    """Return a split's segments, and the true signals of those requested, shape (W, C, T).

    Parameters
    ----------
    oracle
        Whether the baseline receives the true signals of all segments.
    target
        The column that is to be predicted: ``target``, or ``signal`` of a reconstruction.
    shown
        How much of each segment is read, and how it is scaled: `crop_s` and `scaling` of an entry.

    Raises
    ------
    FileNotFoundError
        There are no shards, or no split.
    ValueError
        No segment is requested or trained on, the shards have no target, or segments are
        shorter than what is to be read of them.
    """
    meta = shards.meta(directories[0])
    if target == "target" and not meta.target_channels:
        raise ValueError(f"{directories[0]}: the shards have no target channels to predict")
    id_N, subject_N, part_N, wanted_N = _split(split, parts)
    used_N = wanted_N | (part_N == "train")
    id_N, subject_N, part_N, wanted_N = (x[used_N] for x in (id_N, subject_N, part_N, wanted_N))
    read = list(dict.fromkeys([target, "valid", *columns]))
    arrays = shards.arrays(directories, id_N.tolist(), read)
    if shown is not None and (shown.crop_s is not None or shown.scaling != "none"):
        for name in (name for name in read if name in SIGNALS):
            arrays[name] = _shown(arrays[name], arrays["valid"], shown, meta.rate_hz)
    target_NCT = arrays[target].copy() if target in columns else arrays.pop(target)
    truth_WCT = target_NCT[wanted_N]
    if not oracle:
        target_NCT[part_N != "train"] = np.nan
    examples = SignalExamples(
        columns={name: arrays[name] for name in columns},
        id_N=id_N,
        subject_N=subject_N,
        part_N=part_N,
        target_NCT=target_NCT,
        wanted_N=wanted_N,
        rate_hz=meta.rate_hz,
        seed=0,
    )
    return examples, truth_WCT


def _split(path: Path, parts: Sequence[str]) -> tuple[npt.NDArray[Any], ...]:
    split = read_split_table(path)
    wanted_N = np.isin(split.part_N, list(parts))
    if not len(split.ids("train")) or not wanted_N.any():
        raise ValueError(f"{path}: no row in train or in {' or '.join(parts)}")
    return split.id_N, split.subject_N, split.part_N, wanted_N


def _shown(
    signal_NCT: Float32, valid_N: npt.NDArray[Any], shown: BaselinePredict, rate_hz: float
) -> Float32:
    whole = signal_NCT.shape[-1]
    samples = whole if shown.crop_s is None else round(shown.crop_s * rate_hz)
    if not 1 <= samples <= whole:
        raise ValueError(
            f"crop_s {shown.crop_s:g}: {samples} samples at {rate_hz:g} Hz, the segments have"
            f" {whole}"
        )
    return middle(signal_NCT, valid_N, samples=samples, zscore=shown.scaling == "zscore")


def _places(directories: Sequence[Path], id_N: npt.NDArray[np.str_]) -> Int64:
    """Return where each segment begins in its recording, in samples of the segments' rate."""
    names = ["id", "dataset", "record", "start", "valid"]
    keys = timed(directories, shards.table(directories, names))
    rate_hz = shards.meta(directories[0]).rate_hz
    at = np.rint(keys["start"].to_numpy() * (rate_hz / keys["source_hz"].to_numpy()))
    known = np.asarray(keys["id"].to_pylist(), dtype=str)  # sorted, as all that is read here
    return np.asarray(at[np.searchsorted(known, id_N)], dtype=np.int64)


def _code(label: str | None, labels: tuple[str, ...]) -> int:
    return labels.index(label) if label in labels else HIDDEN

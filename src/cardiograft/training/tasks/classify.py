"""Tell classes apart: cross-entropy over the labels of the training part.

Legend: B batch, C channels, T samples, F scalar features, K classes, N segments.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from annotated_types import Ge, Le, Lt
from torch import Generator, Tensor
from torch.nn import functional

from cardiograft import plugins
from cardiograft.plugins import Duration, Names
from cardiograft.records import UNKNOWN, Kind
from cardiograft.segments import shards
from cardiograft.signals.augmentation import Disturbance
from cardiograft.training.task import Batch, Columns, Task, TensorRows
from cardiograft.training.tasks import _synthetic_beats
from cardiograft.training.tasks._crop import Crop, valid
from cardiograft.training.tasks._signal import Scaling, scaled
from cardiograft.training.tasks._synthetic_beats import Layout
from cardiograft.training.tasks._teacher import FACTS, Teacher


class Classify:
    """One label a segment, and scalars beside its signal where `features` names some."""

    versions = 1
    kind: Kind = "classes"
    monitors = {"loss": -1, "accuracy": 1, "macro_f1": 1, "weighted_f1": 1}

    def __init__(
        self,
        *,
        crop: Crop,
        features: tuple[str, ...],
        labels: tuple[str, ...],
        scaling: Scaling = "none",
        fibrillation: float = 0.0,
        layout: Layout | None = None,
        teacher: Teacher | None = None,
        disturbance: Disturbance,
    ) -> None:
        self._names = features
        self.features = len(features)
        self.labels = labels
        self.samples = crop.samples
        self._crop, self._scaling = crop, scaling
        self._teacher = teacher
        self._bounded = not crop.whole or scaling != "none" or teacher is not None
        self.columns = ("signal", "label", *features, *(("valid",) if self._bounded else ()))
        extra = () if layout is None else _synthetic_beats.COLUMNS
        taught = () if teacher is None else FACTS
        self.facts = tuple(dict.fromkeys(("label", *features, *extra, *taught)))
        self._fibrillation, self._layout = fibrillation, layout
        self._disturbance = disturbance
        self._made: dict[str, Tensor] = {}
        self._mean_F = np.zeros(len(features))
        self._sd_F = np.ones(len(features))
        self._weight_K: Tensor | None = None

    @property
    def outputs(self) -> tuple[int, ...]:
        """One per class."""
        return (len(self.labels),)

    def learn(self, training: Columns, *, balanced: bool) -> None:
        """Take the labels, unless given, the features' means and SDs, and synthesise beats.

        Raises
        ------
        ValueError
            A segment has no label, or one that is not among those given; or no fibrillation
            can be made of the recordings.
        """
        label_N = training["label"]
        if any(label is None for label in label_N):
            missing = sum(label is None for label in label_N)
            raise ValueError(f"{missing} of {len(label_N)} training segments have no label")
        names, count = np.unique(label_N.astype(str), return_counts=True)
        self.labels = self.labels or tuple(names.tolist())
        code_N = self._codes(label_N)
        if self._teacher is not None:
            self._teacher.learn(training, code_N, classes=len(self.labels))
        feature_NF = self._features(training)
        if len(feature_NF):
            self._mean_F = np.nan_to_num(np.nanmean(feature_NF, axis=0))
            self._sd_F = np.nanstd(feature_NF, axis=0)
            self._sd_F[~(self._sd_F > 0)] = 1.0
        if balanced:
            share = dict(zip(names.tolist(), count.tolist(), strict=True))
            self._weight_K = _balanced([share.get(label, 0) for label in self.labels])
        if self._layout is not None:
            self._made = self.encode(_synthetic_beats.rows(training, self._layout))

    def remember(self) -> dict[str, Any]:
        """Return labels and the features' means and SDs; class weights only train."""
        return {
            "labels": list(self.labels),
            "features": list(self._names),
            "mean": self._mean_F.tolist(),
            "sd": self._sd_F.tolist(),
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take labels, means and SDs from a checkpoint.

        Raises
        ------
        ValueError
            It was trained with other features.
        """
        if tuple(memory["features"]) != self._names:
            raise ValueError(
                f"trained on features {memory['features']}, not on {list(self._names)}"
            )
        self.labels = tuple(memory["labels"])
        self._mean_F = np.asarray(memory["mean"])
        self._sd_F = np.asarray(memory["sd"])

    def encode(self, columns: Columns) -> dict[str, Tensor]:
        """Return ``signal``, ``label`` (index into `labels`, or -1), ``feature``, and more.

        ``valid`` is there where a crop or a scale needs it, ``soft`` where there is a teacher.
        """
        code_N = self._codes(columns["label"])
        soft = {}
        if self._teacher is not None:
            soft = {"soft": self._teacher.soft(columns, code_N, classes=len(self.labels))}
        # ASSUME an unknown feature (the first beat has no R-R before it) is the mean.
        feature_NF = np.nan_to_num((self._features(columns) - self._mean_F) / self._sd_F)
        return {
            "signal": torch.from_numpy(columns["signal"]),
            "label": torch.from_numpy(code_N),
            "feature": torch.from_numpy(feature_NF.astype(np.float32)),
            **({"valid": valid(columns)} if self._bounded else {}),
            **soft,
        }

    def _features(self, columns: Columns) -> npt.NDArray[np.float64]:
        rows = len(columns["label"])
        return (
            np.stack([columns[n] for n in self._names], axis=1).astype(float)
            if (self._names)
            else np.zeros((rows, 0))
        )

    def _codes(self, label_N: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        code = {None: UNKNOWN} | {label: k for k, label in enumerate(self.labels)}
        unknown = sorted(set(label_N.tolist()) - code.keys())
        if unknown:
            raise ValueError(
                f"label {unknown[0]!r} is not among the task's {', '.join(self.labels)}:"
                " give the task's labels, or drop_labels in the split"
            )
        return np.array([code[label] for label in label_N.tolist()], dtype=np.int64)

    def batch(
        self, rows: TensorRows, version_B: Tensor, generator: Generator, *, training: bool = False
    ) -> Batch:
        """Return the segments, cropped and scaled.

        While training, augmented, with synthetic beats after them; where there is a teacher, their
        target is soft then, shape (B, K).
        """
        count = round(self._fibrillation * len(version_B)) if training and self._made else 0
        if count:
            index = torch.randint(
                len(self._made["label"]), (count,), generator=generator, device=generator.device
            ).cpu()
            rows = {
                name: torch.cat([column, self._made[name][index].to(column.device)])
                for name, column in rows.items()
            }
        signal_BCT = rows["signal"]
        if self._bounded:
            signal_BCT, valid_B = self._crop.apply(rows, generator, training=training)
            signal_BCT = scaled(signal_BCT, self._scaling, valid_B)
        if training:
            signal_BCT = self._disturbance.apply(signal_BCT, generator)
        soft = training and self._teacher is not None
        return Batch(signal_BCT, rows["feature"], rows["soft" if soft else "label"])

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Return the cross-entropy, each class weighed by its class weight."""
        weight = None if self._weight_K is None else self._weight_K.to(output.device)
        return functional.cross_entropy(output, batch.target, weight)

    def masses(self, batch: Batch) -> Tensor:
        """Return what each item counts in the mean that is the loss, shape (B,)."""
        if batch.target.ndim == 2:  # soft: their mean is over items, whatever a class weighs
            return torch.ones(len(batch.target), device=batch.target.device)
        known_B = batch.target != UNKNOWN
        if self._weight_K is None:
            return known_B.float()
        return known_B * self._weight_K.to(known_B.device)[batch.target.clamp_min(0)]

    def tally(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Return the confusion matrix, true by predicted, and the unweighted loss."""
        known = batch.target != UNKNOWN
        target, output = batch.target[known], output[known]
        k = len(self.labels)
        pair = target * k + output.argmax(1)
        losses = functional.cross_entropy(output, target, reduction="none")
        return {
            "confusion": torch.zeros(k * k, dtype=torch.int64, device=output.device)
            .scatter_add_(0, pair, torch.ones_like(pair))
            .view(k, k),
            "loss": losses.double().sum(),
        }

    def values(self, sums: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the loss a segment, the accuracy, and F1 over classes that are there."""
        confusion = sums["confusion"].double()
        total = confusion.sum().clamp(min=1)
        hit, true, predicted = confusion.diagonal(), confusion.sum(1), confusion.sum(0)
        f1 = 2 * hit / (true + predicted).clamp(min=1)
        present = true > 0
        return {
            "loss": float(sums["loss"] / total),
            "accuracy": float(hit.sum() / total),
            "macro_f1": float(f1[present].mean()) if present.any() else 0.0,
            "weighted_f1": float((f1 * true).sum() / total),
        }

    def scores(self, output: Tensor) -> Tensor:
        """Return probabilities."""
        return output.float().softmax(1)

    def targets(self, batch: Batch) -> Tensor:
        """Return indices into `labels`."""
        return batch.target


def _balanced(count: list[int]) -> Tensor:
    """Return total / (classes x count), 0 for a class that is not there."""
    total, there = sum(count), sum(n > 0 for n in count)
    return torch.tensor([total / (there * n) if n else 0.0 for n in count])


def make(
    meta: shards.Meta,
    *,
    features: Names = (),
    labels: Names = (),
    fibrillation: Annotated[float, Ge(0)] = 0.0,
    gain: Annotated[float, Ge(0)] = 0.0,
    silence: Annotated[float, Ge(0), Lt(1)] = 0.0,
    invert: Annotated[float, Ge(0), Lt(1)] = 0.0,
    noise: Annotated[float, Ge(0)] = 0.0,
    taught_by_boosting: Annotated[float, Ge(0), Le(1)] = 0.0,
    crop_s: Duration | None = None,
    scaling: Literal["none", "zscore"] = "none",
) -> Task:
    """Return the task.

    Parameters
    ----------
    meta
        Of the shards.
    features
        Scalar columns that go in beside the signal, standardised by the training part.
    labels
        The classes in order; those of the training part, sorted, when empty.
    fibrillation
        So many synthetic beats to a training beat go with each batch: beats of N and V, re-timed
        to atrial fibrillation, f waves in place of P waves. For physical units, cut by `beats`.
    gain
        While training, each channel is multiplied by a number whose logarithm has this SD.
    silence, invert
        While training, this share of segments is shown without its signal; or upside down.
    noise
        While training, white noise is added, its SD uniform in 0 to twice this share of the
        channel's own; to zeros that fill up a short segment, too.
    taught_by_boosting
        While training, this share of each label is replaced by the probabilities that boosting on
        rhythm and beats gives the segment, learned from other people of the training part.
    crop_s, scaling
        So much of each segment, at a random place while training and in the middle otherwise; then,
        as ``zscore``, (x - mean) / SD of each channel.

    Raises
    ------
    ValueError
        The shards lack a feature or beats, or are shorter than `crop_s`; or options exclude others.
    """
    _check_made(fibrillation, crop_s or scaling != "none", taught_by_boosting)
    _check_features(meta, features, silence)
    layout = _synthetic_beats.layout(meta) if fibrillation else None
    teacher = Teacher(taught_by_boosting, meta) if taught_by_boosting else None
    return Classify(
        crop=Crop(meta, crop_s),
        features=tuple(features),
        labels=tuple(labels),
        scaling=scaling,
        fibrillation=fibrillation,
        layout=layout,
        teacher=teacher,
        disturbance=Disturbance(gain=gain, invert=invert, noise=noise, silence=silence),
    )


def _check_made(fibrillation: float, bounded: object, taught: float) -> None:
    if fibrillation and bounded:
        raise ValueError("fibrillation makes whole beats in physical units: no crop_s, no scaling")
    if fibrillation and taught:
        raise ValueError("boosting says nothing of beats that are made: no taught_by_boosting")


def _check_features(meta: shards.Meta, features: tuple[str, ...], silence: float) -> None:
    if silence and not features:
        raise ValueError("silence needs features: without them a silenced segment teaches nothing")
    for name in features:
        if name not in meta.features:
            raise ValueError(
                f"no feature {name!r} in the shards.{plugins.hint(name, meta.features)}"
            )

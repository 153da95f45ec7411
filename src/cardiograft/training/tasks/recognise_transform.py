"""Pretext task: which of seven transformations did a beat go through? Eight binary heads.

Each epoch shows every beat in all eight versions. Where the padding may be seen, stretch
and squeeze can be recognised by counting zeros: ``show_padding: false`` hides it. As a control,
``shuffle_phase: true`` teaches the same on beats that have lost their shape.

Legend: B batch, C channels, T samples, V versions (transformations and identity).
Source: study `transform_recognition`, pretext.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import torch
from annotated_types import Ge
from torch import Generator, Tensor
from torch.nn import functional

from cardiograft.records import Kind
from cardiograft.segments import shards
from cardiograft.signals.beat_transforms import NAMES, tiled, transform
from cardiograft.signals.surrogates import phase_shuffled
from cardiograft.training.task import Batch, Columns, Task, TensorRows


class RecogniseTransform:
    """Item i of an epoch is version i mod 8 of beat i // 8."""

    versions = len(NAMES)
    features = 0
    kind: Kind = "heads"
    labels = NAMES
    outputs = (len(NAMES),)
    columns = ("signal", "valid")
    facts = ("valid",)
    monitors = {"loss": -1, "accuracy": 1} | {f"accuracy_{name}": 1 for name in NAMES}

    def __init__(
        self,
        *,
        samples: int,
        noise: float,
        pieces: int,
        show_padding: bool,
        shuffle_phase: bool,
    ) -> None:
        self.samples = samples
        self._noise, self._pieces = noise, pieces
        self._show_padding, self._shuffle_phase = show_padding, shuffle_phase

    def learn(self, training: Columns, *, balanced: bool) -> None:
        """Learn nothing: the versions are the labels.

        Raises
        ------
        ValueError
            Class weights are requested.
        """
        if balanced:
            raise ValueError("class_weights: every version is shown equally often")

    def remember(self) -> dict[str, Any]:
        """Return the names of the heads."""
        return {"labels": list(NAMES)}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Check that the checkpoint has the same heads.

        Raises
        ------
        ValueError
            It has others.
        """
        if tuple(memory["labels"]) != NAMES:
            raise ValueError(f"trained on heads {memory['labels']}, not on {', '.join(NAMES)}")

    def encode(self, columns: Columns) -> dict[str, Tensor]:
        """Return ``signal`` and ``valid``, at least 1."""
        valid_N = np.maximum(columns["valid"].astype(np.int64), 1)
        return {
            "signal": torch.from_numpy(columns["signal"]),
            "valid": torch.from_numpy(valid_N),
        }

    def batch(
        self, rows: TensorRows, version_B: Tensor, generator: Generator, *, training: bool = False
    ) -> Batch:
        """Return transformed beats; the target is 1 at the version's head, shape (B, V).

        To transform is the task, not an augmentation: it is done in training or not.
        """
        beat_BCT = rows["signal"]
        if self._shuffle_phase:
            beat_BCT = phase_shuffled(beat_BCT, rows["valid"], generator)
        signal_BCT, length_B = transform(
            beat_BCT,
            rows["valid"],
            version_B,
            generator,
            noise=self._noise,
            pieces=self._pieces,
        )
        if not self._show_padding:
            signal_BCT = tiled(signal_BCT, length_B)
        target_BV = functional.one_hot(version_B, len(NAMES)).float()
        return Batch(signal_BCT, signal_BCT.new_zeros(len(signal_BCT), 0), target_BV)

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Return the binary cross-entropy, mean over items and heads."""
        return functional.binary_cross_entropy_with_logits(output, batch.target)

    def tally(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Return right answers per head, items, and losses."""
        losses = functional.binary_cross_entropy_with_logits(output, batch.target, reduction="none")
        return {
            "right": ((output > 0) == (batch.target > 0)).sum(0),
            "items": torch.tensor(len(output), device=output.device),
            "loss": losses.double().mean(1).sum(),
        }

    def values(self, sums: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the loss an item, and how often each head is right, and their mean."""
        items = sums["items"].double().clamp(min=1)
        share = (sums["right"].double() / items).tolist()
        heads = {f"accuracy_{name}": one for name, one in zip(NAMES, share, strict=True)}
        return {
            "loss": float(sums["loss"] / items),
            "accuracy": sum(share) / len(share),
            **heads,
        }

    def scores(self, output: Tensor) -> Tensor:
        """Return the probability that each head gives."""
        return output.float().sigmoid()

    def targets(self, batch: Batch) -> Tensor:
        """Return the version, an index into `labels`."""
        return batch.target.argmax(1)


def make(
    meta: shards.Meta,
    *,
    noise: Annotated[float, Ge(0)] = 0.05,
    pieces: Annotated[int, Ge(2)] = 5,
    show_padding: bool = True,
    shuffle_phase: bool = False,
) -> Task:
    """Return the task.

    Parameters
    ----------
    meta
        Of the shards.
    noise
        SD of the noise, as a share of the beat's range.
    pieces
        How many pieces a permutation cuts a beat into.
    show_padding
        False: the padded tail holds mirrored copies of the beat in place of zeros, so that
        no head can do its work by counting zeros.
    shuffle_phase
        True: each beat's Fourier phases are drawn anew before it is transformed. Pretraining
        that helps as much without any beat's shape has learned nothing from beats.
    """
    return RecogniseTransform(
        samples=meta.samples,
        noise=noise,
        pieces=pieces,
        show_padding=show_padding,
        shuffle_phase=shuffle_phase,
    )

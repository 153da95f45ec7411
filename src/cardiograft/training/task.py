"""The interface between the training loop and a task: segments as tensors, a batch, a task.

Legend: B batch, C channels, T samples, F scalar features, K outputs, N segments.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy.typing as npt
from torch import Generator, Tensor, nn

from cardiograft.records import Kind

Columns = Mapping[str, npt.NDArray[Any]]
TensorRows = Mapping[str, Tensor]  # of segments, by column; the first axis is theirs


@dataclass(frozen=True)
class Batch:
    """What goes into a network and what should come out.

    Attributes
    ----------
    signal_BCT : float32, shape (B, C, T)
    feature_BF : float32, shape (B, F)
        Standardised; F may be 0.
    target : whatever the task's loss compares outputs with; the first axis is B
    """

    signal_BCT: Tensor
    feature_BF: Tensor
    target: Tensor


class Pruning(Protocol):
    """Masks that change while a network trains."""

    @property
    def end(self) -> int:
        """The step after which masks stand."""

    def attach(self, network: nn.Module, masks: Mapping[str, Tensor]) -> None:
        """Make the network ready to be masked: `masks` is what `renew` will change."""

    def renew(self, network: nn.Module, masks: dict[str, Tensor], *, step: int) -> None:
        """Change masks after `step` steps, where they are due, and zero what they hide."""

    def finished(
        self, tensors: Mapping[str, Tensor], masks: Mapping[str, Tensor]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return the tensors and masks to publish."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """What a training starts from, beside the network's weights.

    Attributes
    ----------
    masks
        Of tensors that stay pruned.
    pruning
        What goes with the training and makes more masks.
    frozen
        Name prefixes that are not trained.
    rate_factors
        Name prefix to factor on the learning rate; the longest that fits counts.
    unsettled
        Frozen layers whose running means and variances the training part gives before training.
    """

    masks: Mapping[str, Tensor] = field(default_factory=dict)
    pruning: Pruning | None = None
    frozen: tuple[str, ...] = ()
    rate_factors: Mapping[str, float] = field(default_factory=dict)
    unsettled: tuple[str, ...] = ()


class Task(Protocol):
    """What a network is trained to do.

    What it needs to know of the training part comes from `learn`, or from a checkpoint by `recall`.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the shards that `encode` reads."""

    @property
    def facts(self) -> tuple[str, ...]:
        """Columns of the shards that `learn` reads from the training part."""

    @property
    def versions(self) -> int:
        """How many items an epoch makes of each segment."""

    @property
    def samples(self) -> int:
        """How many samples go in: as many as a segment has, or a crop of it."""

    @property
    def features(self) -> int:
        """How many scalars go in beside the signal."""

    @property
    def outputs(self) -> tuple[int, ...]:
        """What comes out: ``(K,)`` or ``(channels, samples)``."""

    @property
    def kind(self) -> Kind:
        """As in `cardiograft.evaluation.predictions`."""

    @property
    def labels(self) -> tuple[str, ...]:
        """As in `cardiograft.evaluation.predictions`."""

    @property
    def monitors(self) -> Mapping[str, int]:
        """Names of its metrics: 1 where more is better, -1 where less is."""

    def learn(self, training: Columns, *, balanced: bool) -> None:
        """Take labels, means and class weights from the training part."""

    def remember(self) -> dict[str, Any]:
        """Return, as JSON, what `learn` took: it goes into the checkpoint."""

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take back what `remember` gave, from a checkpoint.

        Raises
        ------
        ValueError
            It is of a task with other features or heads.
        """

    def encode(self, columns: Columns) -> dict[str, Tensor]:
        """Turn columns of shards into tensors, one row a segment."""

    def batch(
        self, rows: TensorRows, version_B: Tensor, generator: Generator, *, training: bool = False
    ) -> Batch:
        """Make items of rows; whatever is drawn comes from `generator`.

        `training` says that a network learns from them: only then may they be augmented.
        """

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Return the mean over the batch that training lowers."""

    def tally(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Return sums over the batch; `values` computes the metrics from their totals."""

    def values(self, sums: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the value of each of `monitors`."""

    def scores(self, output: Tensor) -> Tensor:
        """Return what predictions hold, float32, shape (B, K)."""

    def targets(self, batch: Batch) -> Tensor:
        """Return what predictions are compared with: (B,) or (B, K)."""

"""What tasks whose output is a signal share: scaling, losses and metrics.

Legend: B batch, C channels, T samples.
"""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

from cardiograft.records import Kind
from cardiograft.signals.augmentation import AXES
from cardiograft.signals.cropping import standardised
from cardiograft.training.task import Batch, Columns

Loss = Literal["mse", "correlation", "correlation_mse"]
Scaling = Literal["none", "zscore", "median_max", "joint_median_max", "sensor_median_max"]
TINY = torch.finfo(torch.float32).tiny  # below any divisor but that of a silent channel


def scaled(signal_BCT: Tensor, scaling: Scaling, valid_B: Tensor | None = None) -> Tensor:
    """Return (x - median) / max|x - median|, a channel's own, its sensor's or the window's largest.

    A sensor is three channels in a row, its axes (``sensor_median_max``); a window is all of them
    (``joint_median_max``). Or, as ``zscore``, (x - mean) / SD of a channel's first `valid_B`
    samples (all of them, without it), and zeros after. A silent channel comes out as zeros.
    """
    if scaling == "none":
        return signal_BCT
    if scaling == "zscore":
        if valid_B is None:
            valid_B = torch.full(signal_BCT.shape[:1], signal_BCT.shape[-1]).to(signal_BCT.device)
        return standardised(signal_BCT, valid_B)
    centred_BCT = signal_BCT - _median(signal_BCT)
    largest_BC1 = centred_BCT.abs().amax(-1, keepdim=True)
    if scaling == "joint_median_max":
        largest_BC1 = largest_BC1.amax(-2, keepdim=True)
    elif scaling == "sensor_median_max":
        largest_BC1 = _of_sensors(largest_BC1)
    return centred_BCT / largest_BC1.clamp(min=TINY)


def _of_sensors(largest_BC1: Tensor) -> Tensor:
    """Return for each channel the largest of its sensor's."""
    sensors = largest_BC1.shape[1] // AXES
    sensor_BS1 = largest_BC1.reshape(len(largest_BC1), sensors, AXES).amax(2, keepdim=True)
    return sensor_BS1.repeat_interleave(AXES, dim=1)


def _median(signal_BCT: Tensor) -> Tensor:
    """Return the mean of the two middle samples: torch's own median is the lower one."""
    samples = signal_BCT.shape[-1]
    middle = slice((samples - 1) // 2, samples // 2 + 1)
    return signal_BCT.sort(-1).values[..., middle].mean(-1, keepdim=True)


def correlation(output_BCT: Tensor, target_BCT: Tensor) -> Tensor:
    """Return Pearson's coefficient of each channel, shape (B, C); 0 where one is constant."""
    return functional.cosine_similarity(_centred(output_BCT), _centred(target_BCT), dim=-1)


def _centred(signal_BCT: Tensor) -> Tensor:
    return signal_BCT - signal_BCT.mean(-1, keepdim=True)


def unexplained(output_BCT: Tensor, target_BCT: Tensor, level_BC1: Tensor | float = 0.0) -> Tensor:
    """Return the squared errors over the target's squares about a level, shape (B, C)."""
    error_BC = (output_BCT - target_BCT).square().sum(-1)
    return error_BC / (target_BCT - level_BC1).square().sum(-1).clamp(min=TINY)


def losses(output_BCT: Tensor, target_BCT: Tensor, kind: Loss) -> Tensor:
    """Return the loss of each window, shape (B,).

    ``mse`` is the mean square error, ``correlation`` the mean over channels of 1 - r, and
    ``correlation_mse`` that plus the mean of the normalised error, sum (y - t)^2 / sum t^2.
    """
    if kind == "mse":
        return (output_BCT - target_BCT).square().mean((1, 2))
    apart_B = (1 - correlation(output_BCT, target_BCT)).mean(1)
    if kind == "correlation":
        return apart_B
    return apart_B + unexplained(output_BCT, target_BCT).mean(1)


class SignalTask:
    """A signal out, compared with a signal; nothing is taken from the training part."""

    versions = 1
    features = 0
    kind: Kind = "signal"
    facts: tuple[str, ...] = ()
    monitors = {"loss": -1, "pearson": 1, "prd": -1, "r2": 1}

    def __init__(self, *, labels: tuple[str, ...], shown: int, samples: int, loss: Loss) -> None:
        self.labels, self.samples = labels, shown
        self.outputs = (len(labels), samples)
        self._loss = loss

    def learn(self, training: Columns, *, balanced: bool) -> None:
        """Learn nothing: each window brings its own scale.

        Raises
        ------
        ValueError
            Class weights are requested.
        """
        if balanced:
            raise ValueError("class_weights: the task has no classes, its output is a signal")

    def remember(self) -> dict[str, Any]:
        """Return the names of the output's channels."""
        return {"labels": list(self.labels)}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take nothing, but be sure that there are as many channels, whatever their names.

        Raises
        ------
        ValueError
            There were more or fewer.
        """
        if len(memory["labels"]) != len(self.labels):
            raise ValueError(
                f"trained to give {memory['labels']}, the shards have {list(self.labels)}"
            )

    def losses(self, output_BCT: Tensor, target_BCT: Tensor) -> Tensor:
        """Return the loss of each window, shape (B,)."""
        return losses(output_BCT, target_BCT, self._loss)

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Return the mean loss of a window."""
        return self.losses(output, batch.target).mean()

    def tally(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Return windows, and over them the sums of losses and of each channel-mean metric."""
        output_BCT, target_BCT = output.double(), batch.target.double()
        residue_BC = unexplained(output_BCT, target_BCT)
        level_BC1 = target_BCT.mean(-1, keepdim=True)
        return {
            "windows": torch.tensor(len(output), device=output.device),
            "loss": self.losses(output_BCT, target_BCT).sum(),
            "pearson": correlation(output_BCT, target_BCT).mean(1).sum(),
            "prd": 100 * residue_BC.sqrt().mean(1).sum(),
            "r2": (1 - unexplained(output_BCT, target_BCT, level_BC1)).mean(1).sum(),
        }

    def values(self, sums: Mapping[str, Tensor]) -> dict[str, float]:
        """Return means over windows: the loss, r, PRD in percent, and R2."""
        windows = sums["windows"].clamp(min=1)
        return {name: float(sums[name] / windows) for name in self.monitors}

    def scores(self, output: Tensor) -> Tensor:
        """Return the signal, channel after channel, shape (B, C T)."""
        return output.float().flatten(1)

    def targets(self, batch: Batch) -> Tensor:
        """Return the target, channel after channel, shape (B, C T)."""
        return batch.target.flatten(1)

"""Translate: a target recorded at the same time, such as an ECG, from the input's channels.

Augmentation comes before scaling, as a change of the sensor or the person would.

Legend: B batch, C channels of the input, D channels of the target, T samples.
Source: study `scg_to_ecg`.
"""

from typing import Annotated, Literal

import torch
from annotated_types import Ge, Gt, Le, Lt
from torch import Generator, Tensor

from cardiograft.segments import shards
from cardiograft.signals.augmentation import AXES, Augmentation
from cardiograft.training.task import Batch, Columns, Task, TensorRows
from cardiograft.training.tasks._any_delay import AnyDelay
from cardiograft.training.tasks._signal import Loss, Scaling, SignalTask, scaled


class Translate(SignalTask):
    """Signal in, target out; windows are augmented while a network learns from them."""

    columns = ("signal", "target")

    def __init__(
        self,
        meta: shards.Meta,
        *,
        loss: Loss | Literal["any_delay"],
        scaling: Scaling,
        augmentation: Augmentation,
        any_delay: AnyDelay | None = None,
    ) -> None:
        super().__init__(
            labels=meta.target_channels,
            shown=meta.samples,
            samples=meta.target_samples,
            loss="correlation_mse" if loss == "any_delay" else loss,
        )
        self._rate_hz, self._scaling, self._augmentation = meta.rate_hz, scaling, augmentation
        self._any_delay = any_delay

    def losses(self, output_BCT: Tensor, target_BCT: Tensor) -> Tensor:
        """Return the loss of each window, shape (B,): at its own delay, where delays are free."""
        if self._any_delay is None:
            return super().losses(output_BCT, target_BCT)
        return self._any_delay.losses(output_BCT, target_BCT)

    def encode(self, columns: Columns) -> dict[str, Tensor]:
        """Return ``signal`` and ``target``."""
        return {name: torch.from_numpy(columns[name]) for name in self.columns}

    def batch(
        self, rows: TensorRows, version_B: Tensor, generator: Generator, *, training: bool = False
    ) -> Batch:
        """Return windows, augmented where they train and then scaled; target (B, D, T)."""
        signal_BCT, target_BDT = rows["signal"], rows["target"]
        if training:
            signal_BCT, target_BDT = self._augmentation.apply(
                signal_BCT, target_BDT, generator, rate_hz=self._rate_hz
            )
        signal_BCT = scaled(signal_BCT, self._scaling)
        # A factor for each of the target's channels: jointly, a small lead would hardly count.
        target_BDT = scaled(target_BDT, "none" if self._scaling == "none" else "median_max")
        return Batch(signal_BCT, signal_BCT.new_zeros(len(signal_BCT), 0), target_BDT)


def make(
    meta: shards.Meta,
    *,
    loss: Literal["mse", "correlation", "correlation_mse", "any_delay"] = "mse",
    scaling: Literal["none", "median_max", "joint_median_max", "sensor_median_max"] = "none",
    rotation: Annotated[float, Ge(0)] = 0.0,
    gain: Annotated[float, Ge(0)] = 0.0,
    drop: Annotated[float, Ge(0), Lt(1)] = 0.0,
    tilt: Annotated[float, Ge(0)] = 0.0,
    stretch: Annotated[float, Ge(0)] = 0.0,
    noise: Annotated[float, Ge(0)] = 0.0,
    delay_ms: Annotated[float, Gt(0), Le(1000)] = 120.0,
    delay_spread_ms: Annotated[float, Gt(0)] = 40.0,
) -> Task:
    """Return the task.

    Parameters
    ----------
    meta
        Of the shards.
    loss
        ``mse``, ``correlation`` (mean of 1 - r, whatever the amplitude), or
        ``correlation_mse``: mean of 1 - r plus the error over the target's own power. ``any_delay``
        is that at whatever delay suits a window: shape alone is learnt, and beats come when they
        like. A mean of runs can move them back (`cardiograft.tables.saved_parts`).
    scaling
        ``median_max`` is (x - median) / max|x - median| of each channel, input and target,
        after augmentation; ``joint_median_max`` gives the input's channels one divisor, so
        that their proportions stay, ``sensor_median_max`` one to each sensor's x, y and z, for
        an accelerometer and a gyroscope have no unit in common. ``none`` leaves the shards' scale.
    rotation
        SD in radians of a turn of the sensor; needs channels in groups of x, y, z.
    gain
        SD of the natural logarithm of each channel's gain.
    drop
        Probability that a channel is silenced, though never all of them.
    tilt
        SD of the natural logarithm of a smooth gain over frequency, without a phase.
    stretch
        Largest natural logarithm of a change of pace, input and target alike.
    noise
        Mean SD of white noise, as a share of the channel's own.
    delay_ms
        Of ``any_delay``: the longest delay, either way.
    delay_spread_ms
        Of ``any_delay``: SD of the normal distribution that delays are taken from.

    Raises
    ------
    ValueError
        The shards have no target, channels that can't be rotated, or windows too short for the
        delays.
    """
    _check(meta, rotation, scaling)
    augmentation = Augmentation(
        rotation=rotation, gain=gain, drop=drop, tilt=tilt, stretch=stretch, noise=noise
    )
    free = _any_delay(meta, delay_ms, delay_spread_ms) if loss == "any_delay" else None
    return Translate(meta, loss=loss, scaling=scaling, augmentation=augmentation, any_delay=free)


def _check(meta: shards.Meta, rotation: float, scaling: str) -> None:
    if not meta.target_channels:
        raise ValueError("translate: the shards have no target channels: give segments a target")
    asked = f"rotation {rotation:g}" if rotation else f"scaling {scaling}"
    if (rotation or scaling == "sensor_median_max") and len(meta.channels) % AXES:
        raise ValueError(
            f"translate: {asked} needs channels in groups of {AXES} (x, y, z),"
            f" the shards have {len(meta.channels)}: {', '.join(meta.channels)}"
        )


def _any_delay(meta: shards.Meta, delay_ms: float, spread_ms: float) -> AnyDelay:
    most = round(delay_ms * meta.rate_hz / 1000)
    if not 0 < most < meta.target_samples // 4:
        raise ValueError(
            f"translate: delay_ms {delay_ms:g} is {most} samples of windows of"
            f" {meta.target_samples}: at least one, and less than a quarter of them"
        )
    return AnyDelay(most=most, spread=spread_ms * meta.rate_hz / 1000)

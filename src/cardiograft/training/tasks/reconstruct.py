"""Reconstruct: the input itself comes out, so that unlabelled signals can pretrain a network.

With noise or a mask the network sees less than it must give, but only while it learns. As a
control, ``shuffle_phase: true`` teaches the same of signals that have lost their beats.

Legend: B batch, C channels, T samples.
Source: study `scg_to_ecg`; noise after Vincent et al. 2010, JMLR 11:3371-3408.
"""

from typing import Annotated, Literal

import torch
from annotated_types import Ge, Lt
from torch import Generator, Tensor

from cardiograft.plugins import Duration
from cardiograft.segments import shards
from cardiograft.signals.augmentation import masked, noisy
from cardiograft.signals.surrogates import phase_shuffled
from cardiograft.training.task import Batch, Columns, Task, TensorRows
from cardiograft.training.tasks._crop import Crop, valid
from cardiograft.training.tasks._signal import Loss, Scaling, SignalTask, scaled

PIECE_S = 0.2  # ASSUME a mask hides whole QRS complexes, about 0.1 s wide


class Reconstruct(SignalTask):
    """Signal in, the same signal out."""

    columns = ("signal", "valid")

    def __init__(
        self,
        meta: shards.Meta,
        *,
        crop: Crop,
        loss: Loss,
        scaling: Scaling,
        noise: float,
        mask: float,
        shuffle_phase: bool,
    ) -> None:
        super().__init__(labels=meta.channels, shown=crop.samples, samples=crop.samples, loss=loss)
        self._crop, self._shuffle_phase = crop, shuffle_phase
        self._scaling, self._noise, self._mask = scaling, noise, mask
        self._piece = max(1, round(PIECE_S * meta.rate_hz))

    def encode(self, columns: Columns) -> dict[str, Tensor]:
        """Return ``signal`` and ``valid``, at least 1."""
        return {"signal": torch.from_numpy(columns["signal"]), "valid": valid(columns)}

    def batch(
        self, rows: TensorRows, version_B: Tensor, generator: Generator, *, training: bool = False
    ) -> Batch:
        """Return windows, corrupted where they train; the target is whole, shape (B, C, T).

        To shuffle phases is no augmentation: it is done in training or not.
        """
        if self._shuffle_phase:
            mixed_BCT = phase_shuffled(rows["signal"], rows["valid"], generator)
            rows = {**rows, "signal": mixed_BCT}
        crop_BCT, valid_B = self._crop.apply(rows, generator, training=training)
        target_BCT = signal_BCT = scaled(crop_BCT, self._scaling, valid_B)
        if training and self._noise:
            signal_BCT = noisy(signal_BCT, generator, share=self._noise)
        if training and self._mask:
            signal_BCT = masked(signal_BCT, generator, share=self._mask, piece=self._piece)
        return Batch(signal_BCT, signal_BCT.new_zeros(len(signal_BCT), 0), target_BCT)


def make(
    meta: shards.Meta,
    *,
    loss: Literal["mse", "correlation", "correlation_mse"] = "mse",
    scaling: Literal["none", "zscore", "median_max", "joint_median_max"] = "none",
    noise: Annotated[float, Ge(0)] = 0.0,
    mask: Annotated[float, Ge(0), Lt(1)] = 0.0,
    crop_s: Duration | None = None,
    shuffle_phase: bool = False,
) -> Task:
    """Return the task.

    Parameters
    ----------
    meta
        Of the shards; one channel is enough.
    loss
        ``mse``, ``correlation`` (mean of 1 - r, whatever the amplitude), or
        ``correlation_mse``: mean of 1 - r plus the error over the target's own power.
    scaling
        ``median_max`` is (x - median) / max|x - median| of each channel, ``joint_median_max``
        the same with one divisor for all, ``zscore`` (x - mean) / SD; ``none`` leaves the
        shards' scale.
    noise
        Mean SD of white noise in the input, as a share of the channel's own.
    mask
        Share of 0.2-s pieces that are zeroed in the input, in all channels at once.
    crop_s
        So much of each segment, at a random place while training, and in the middle otherwise;
        scaled after. Null: whole segments.
    shuffle_phase
        True: each segment's Fourier phases are drawn anew before anything else. Pretraining that
        helps as much without any beat has learned nothing from beats.

    Raises
    ------
    ValueError
        The segments are shorter than `crop_s`.
    """
    return Reconstruct(
        meta,
        crop=Crop(meta, crop_s),
        loss=loss,
        scaling=scaling,
        noise=noise,
        mask=mask,
        shuffle_phase=shuffle_phase,
    )

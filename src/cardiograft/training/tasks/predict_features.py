"""Pretext task: read off a signal what a program measures in it: rhythm, beats, noise. No label.

The measurements (`cardiograft.signals.recording_features`: R-R statistics, how beats differ from
their median, P waves, atrial activity, noise) are computed of each segment once, in its first
channel. A network that has learned to give them finds beats, compares one interval with the next,
and tells noise from waves, which few labelled recordings teach badly.

Each is given as (x - median) / spread, its extremes cut at three spreads. A segment with too few
beats has some of them only: the others teach nothing and are not counted. The training part's
signals and measurements, 1.3 kB a segment, are held in memory.

Legend: N segments, B batch, C channels, T samples, K measurements.
Source: our own.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
import torch
from annotated_types import Ge, Lt
from torch import Generator, Tensor
from torch.nn import functional

from cardiograft.records import Float32, Float64, Kind
from cardiograft.segments import shards
from cardiograft.signals.augmentation import Disturbance
from cardiograft.signals.recording_features import named_features
from cardiograft.signals.stitching import Stitched
from cardiograft.training.task import Batch, Columns, Task, TensorRows
from cardiograft.training.tasks._crop import valid
from cardiograft.training.tasks._signal import Scaling, scaled

OF_POLARITY = {"turned"}  # says which way up a lead is: a rhythm is the same either way
MOST = 3.0  # spreads; beyond, one odd recording would outweigh a hundred
BETA = 0.5  # spreads; larger errors count by their size, not their square
WITHIN = (10, 90)  # percentiles whose distance is the spread, 2.563 SD of a normal distribution
SDS = 2.563
ROUNDING = 1e-9  # of a measurement, or its squares: what varies by less does not vary
COMMON = 0.5  # a measurement that fewer segments have is left out
NONE = np.zeros(0, np.int64)


class PredictFeatures:
    """Signal in, K measurements out."""

    versions = 1
    features = 0
    kind: Kind = "values"
    columns = facts = ("signal", "valid")
    monitors = {"loss": -1, "r2": 1}

    def __init__(self, meta: shards.Meta, *, scaling: Scaling, disturbance: Disturbance) -> None:
        self.samples, self._rate_hz = meta.samples, float(meta.rate_hz)
        self.labels: tuple[str, ...] = ()
        self._scaling, self._disturbance = scaling, disturbance
        self._median_K: Float64 = np.zeros(0)
        self._spread_K: Float64 = np.ones(0)
        self._names: list[str] = []
        self._measured: dict[int, Float32] = {}

    @property
    def outputs(self) -> tuple[int, ...]:
        """One per measurement."""
        return (len(self.labels),)

    def learn(self, training: Columns, *, balanced: bool) -> None:
        """Take which measurements there are, and their medians and spreads.

        Raises
        ------
        ValueError
            Class weights are requested, or no measurement differs between segments.
        """
        if balanced:
            raise ValueError("class_weights: there are measurements to predict, and no classes")
        value_NK = self._measurements(training)
        known_K = np.isfinite(value_NK).mean(axis=0) >= COMMON
        value_NK = value_NK[:, known_K]
        low_K, middle_K, high_K = np.nanpercentile(value_NK, (WITHIN[0], 50, WITHIN[1]), axis=0)
        # where most have one value, a count of rare beats say, the percentiles are the same
        spread_K = np.where(high_K > low_K, (high_K - low_K) / SDS, np.nanstd(value_NK, axis=0))
        used_K = spread_K > ROUNDING * np.maximum(np.abs(middle_K), 1)
        if not used_K.any():
            raise ValueError("no measurement differs between the training segments")
        kept = np.flatnonzero(known_K)[used_K]
        self.labels = tuple(self._names[k] for k in kept)
        self._median_K, self._spread_K = middle_K[used_K], spread_K[used_K]

    def remember(self) -> dict[str, Any]:
        """Return the measurements' names, medians and spreads."""
        return {
            "labels": list(self.labels),
            "median": self._median_K.tolist(),
            "spread": self._spread_K.tolist(),
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take names, medians and spreads from a checkpoint."""
        self.labels = tuple(memory["labels"])
        self._median_K = np.asarray(memory["median"])
        self._spread_K = np.asarray(memory["spread"])

    def encode(self, columns: Columns) -> dict[str, Tensor]:
        """Return ``signal``, ``valid`` (at least 1), and ``measured``, NaN where not known.

        Raises
        ------
        ValueError
            The checkpoint is of a version that measured something else.
        """
        value_NK = self._measurements(columns)
        column_of = {name: k for k, name in enumerate(self._names)}
        other = [name for name in self.labels if name not in column_of]
        if other:
            raise ValueError(f"trained to predict {other[0]!r}, which is not measured any more")
        value_NK = value_NK[:, [column_of[name] for name in self.labels]]
        value_NK = (value_NK - self._median_K) / self._spread_K
        return {
            "signal": torch.from_numpy(columns["signal"]),
            "valid": valid(columns),
            "measured": torch.from_numpy(value_NK.clip(-MOST, MOST).astype(np.float32)),
        }

    def _measurements(self, columns: Columns) -> Float64:
        """Return all segments' measurements, shape (N, K), NaN where not known.

        Those of one segment are not taken twice: it takes longer than a step of training.
        """
        rows = []
        for signal_CT, length in zip(columns["signal"], columns["valid"].tolist(), strict=True):
            signal_T: Float32 = signal_CT[0, : max(int(length), 1)]
            key = hash(signal_T.tobytes())
            if key not in self._measured:
                features = named_features(
                    Stitched(signal_T.astype(np.float64), NONE), self._rate_hz
                )
                self._names = [name for name in features if name not in OF_POLARITY]
                row_K = np.array([features[name] for name in self._names], dtype=np.float32)
                self._measured[key] = np.where(np.isfinite(row_K), row_K, np.float32(np.nan))
            rows.append(self._measured[key])
        return np.array(rows, dtype=np.float64)

    def batch(
        self, rows: TensorRows, version_B: Tensor, generator: Generator, *, training: bool = False
    ) -> Batch:
        """Return segments, scaled, and while training augmented; the target has shape (B, K).

        Gain and polarity change nothing that is measured. Noise would: what is asked for was
        measured without it. It reaches the zeros that fill up a short segment, too.
        """
        signal_BCT = scaled(rows["signal"], self._scaling, rows["valid"])
        if training:
            signal_BCT = self._disturbance.apply(signal_BCT, generator)
        return Batch(signal_BCT, signal_BCT.new_zeros(len(signal_BCT), 0), rows["measured"])

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Return the mean over segments of their losses."""
        return self._losses(output, batch.target).mean()

    def tally(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Return losses, items, and each measurement's squares and errors over those known."""
        known_BK = batch.target.isfinite()
        target_BK = torch.where(known_BK, batch.target, 0).double()
        error_BK = torch.where(known_BK, output.double() - target_BK, 0)
        return {
            "loss": self._losses(output, batch.target).double().sum(),
            "items": torch.tensor(len(output), device=output.device),
            "known": known_BK.sum(0),
            "sum": target_BK.sum(0),
            "squares": target_BK.square().sum(0),
            "errors": error_BK.square().sum(0),
        }

    def values(self, sums: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the loss a segment, and R² of the median measurement."""
        items = sums["items"].double().clamp(min=1)
        apart = sums["squares"] - sums["sum"].square() / sums["known"].clamp(min=1)
        explained = (1 - sums["errors"] / apart)[apart > ROUNDING * sums["squares"]]
        r2 = float(explained.quantile(0.5)) if len(explained) else float("nan")
        return {"loss": float(sums["loss"] / items), "r2": r2}

    def scores(self, output: Tensor) -> Tensor:
        """Return what is predicted, in spreads from the median."""
        return output.float()

    def targets(self, batch: Batch) -> Tensor:
        """Return what was measured, in spreads from the median, shape (B, K)."""
        return batch.target

    def _losses(self, output_BK: Tensor, target_BK: Tensor) -> Tensor:
        """Return each segment's mean loss over what is known of it, shape (B,)."""
        known_BK = target_BK.isfinite()
        target_BK = torch.where(known_BK, target_BK, output_BK.detach().float())
        one_BK = functional.smooth_l1_loss(output_BK, target_BK, beta=BETA, reduction="none")
        return one_BK.sum(1) / known_BK.sum(1).clamp(min=1)


def make(
    meta: shards.Meta,
    *,
    scaling: Literal["none", "zscore"] = "none",
    gain: Annotated[float, Ge(0)] = 0.0,
    invert: Annotated[float, Ge(0), Lt(1)] = 0.0,
    noise: Annotated[float, Ge(0)] = 0.0,
) -> Task:
    """Return the task.

    Parameters
    ----------
    meta
        Of the shards; whole segments are shown.
    scaling
        ``zscore`` is (x - mean) / SD of each channel; ``none`` leaves the shards' scale.
    gain, invert, noise
        While training: SD of the logarithm of a channel's gain, share of segments that are turned
        upside down, and mean SD of white noise as a share of the channel's own. The target is what
        was measured without.
    """
    disturbance = Disturbance(gain=gain, invert=invert, noise=noise)
    return PredictFeatures(meta, scaling=scaling, disturbance=disturbance)

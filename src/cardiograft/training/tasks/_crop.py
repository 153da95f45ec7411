"""What of a segment a network is shown: all of it, or a crop.

Legend: B batch, C channels, T samples.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor

from cardiograft.segments.shard_format import Meta
from cardiograft.signals.cropping import cropped
from cardiograft.training.task import TensorRows


class Crop:
    """As many samples of each segment, at a random place while a network learns from them.

    Otherwise, and so in everything that is measured, they are the middle of the segment.

    Parameters
    ----------
    meta
        Of the shards.
    duration_s
        Null: whole segments.

    Raises
    ------
    ValueError
        The segments are shorter.
    """

    def __init__(self, meta: Meta, duration_s: float | None) -> None:
        self.samples = meta.samples
        self.whole = duration_s is None
        if duration_s is None:
            return
        self.samples = round(duration_s * meta.rate_hz)
        if not 1 <= self.samples <= meta.samples:
            raise ValueError(
                f"crop_s {duration_s:g}: {self.samples} samples at {meta.rate_hz:g} Hz,"
                f" the segments have {meta.samples}"
            )

    def apply(
        self, rows: TensorRows, generator: Generator, *, training: bool
    ) -> tuple[Tensor, Tensor]:
        """Return what is shown of ``signal``, and how much of it is no padding, by ``valid``."""
        if self.whole:
            return rows["signal"], rows["valid"]
        place = generator if training else None
        return cropped(rows["signal"], rows["valid"], self.samples, place)


def valid(columns: Mapping[str, npt.NDArray[Any]]) -> Tensor:
    """Return the column ``valid``, at least 1, shape (N,)."""
    return torch.from_numpy(np.maximum(columns["valid"].astype(np.int64), 1))

"""Stored pictures as they are, at the size that a network takes: the top row is the top.

For shards of pictures (data sets `fractals` and `image_folder`), whose one lead holds a picture's
values in a row: grey, or plane by plane red, green and blue. It makes no picture of a signal; it
gives a network that will be shown pictures of signals other pictures first.

Legend: B batch, C leads, P planes that are stored, R rows, M columns, T = P R M.
"""

from typing import Annotated, Literal

import torch
from annotated_types import Ge
from torch import Tensor, nn
from torch.nn import functional

from cardiograft.models.views._picture import jet
from cardiograft.records import Shape

OF = "pictures"


class Pixels(nn.Module):
    """Values in a row to picture."""

    def __init__(self, shape: Shape, *, stored: int, size: tuple[int, int], colours: str) -> None:
        super().__init__()
        self._planes, self._stored = shape.samples // stored**2, stored
        self._size, self._colours = size, colours
        channels = shape.channels * (1 if colours == "grey" else 3)
        self.picture = shape._replace(channels=channels, rows=size[0], samples=size[1])

    def forward(self, signal_BCT: Tensor) -> Tensor:
        """Return the pictures, (B, K, H, W), float32 within 0 to 1."""
        with torch.autocast(signal_BCT.device.type, enabled=False):
            stored = (*signal_BCT.shape[:2], self._planes, self._stored, self._stored)
            value_BCPRM = signal_BCT.float().reshape(stored).clamp(0, 1)
            coloured_BKRM = self._coloured(value_BCPRM)
            picture_BKHW = functional.interpolate(
                coloured_BKRM, self._size, mode="bicubic", antialias=True
            )
            return picture_BKHW.clamp_(0, 1)  # bicubic overshoots

    def _coloured(self, value_BCPRM: Tensor) -> Tensor:
        if self._colours == "rgb":
            thrice = value_BCPRM.shape[2] == 1
            return value_BCPRM.repeat(1, 1, 3 if thrice else 1, 1, 1).flatten(1, 2)
        grey_BCRM = value_BCPRM.mean(2)
        return jet(grey_BCRM) if self._colours == "jet" else grey_BCRM


def make(
    shape: Shape,
    rate_hz: float,
    *,
    stored: Annotated[int, Ge(1)] = 64,
    height: Annotated[int, Ge(1)] = 227,
    width: Annotated[int, Ge(1)] = 227,
    colours: Literal["rgb", "jet", "grey"] = "rgb",
) -> nn.Module:
    """Return the layer; the rate makes no difference.

    Parameters
    ----------
    stored
        Height and width of the pictures in the shards.
    height, width
        Of the pictures that a network is given, by bicubic interpolation.
    colours
        ``rgb`` as stored, grey ones as three channels alike; ``jet`` the colours that scalograms
        have, of how bright a point is; ``grey`` one channel a lead.

    Raises
    ------
    ValueError
        The shards hold no pictures of that size.
    """
    if shape.samples not in (stored**2, 3 * stored**2):
        raise ValueError(
            f"pixels: {shape.samples} values are no picture of {stored} x {stored}, grey"
            f" ({stored**2}) or of three colours ({3 * stored**2}): set `stored`"
        )
    return Pixels(shape, stored=stored, size=(height, width), colours=colours)

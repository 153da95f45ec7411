"""What views share: a layer without weights, colours, and a picture's size.

Legend: B batch, C leads, R rows of frequencies, M columns of times, K channels of a picture,
H height, W width.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from cardiograft.records import Shape

Colours = Literal["jet", "grey"]
CHANNELS = {"jet": 3, "grey": 1}
# Of a signal: what is larger is brought down to it, for its spectrum is squared in float32.
LARGE = 2.0**48
CHUNK = 8  # segments at a time on a CPU: what is computed on the way stays in its cache


class PictureLayer(nn.Module):
    """A layer that makes pictures of signals; a view says how in `magnitudes`.

    Attributes
    ----------
    picture
        What the network behind it takes.
    """

    def __init__(self, shape: Shape, *, height: int, width: int, colours: Colours) -> None:
        super().__init__()
        self.picture = shape._replace(
            channels=shape.channels * CHANNELS[colours], rows=height, samples=width
        )
        self._colours = colours

    def magnitudes(self, signal_BCT: Tensor) -> Tensor:
        """Return frequency by time, 0 or more, (B, C, R, M); the first row is the picture's top."""
        raise NotImplementedError

    def scaled(self, magnitude_BCRM: Tensor) -> Tensor:
        """Return each lead of each segment within 0 to 1, all 0 where it is all alike."""
        low_BC11 = magnitude_BCRM.amin((2, 3), keepdim=True)
        range_BC11 = magnitude_BCRM.amax((2, 3), keepdim=True) - low_BC11
        tiny = torch.finfo(magnitude_BCRM.dtype).tiny
        return (magnitude_BCRM - low_BC11) / range_BC11.clamp_min(tiny)

    def forward(self, signal_BCT: Tensor) -> Tensor:
        """Return the pictures, (B, K, H, W), float32 within 0 to 1."""
        with torch.autocast(signal_BCT.device.type, enabled=False):
            size = CHUNK if signal_BCT.device.type == "cpu" else len(signal_BCT)
            chunks = torch.split(signal_BCT.float(), max(1, size))
            return torch.cat([self._pictures(chunk_BCT) for chunk_BCT in chunks])

    def _pictures(self, signal_BCT: Tensor) -> Tensor:
        value_BCRM = self.scaled(self.magnitudes(held(signal_BCT)))
        colour_BKRM = jet(value_BCRM) if self._colours == "jet" else value_BCRM
        size = (self.picture.rows, self.picture.samples)
        # ASSUME colours first, then the size, as image libraries do with a coloured picture.
        resized_BKHW = functional.interpolate(colour_BKRM, size, mode="bicubic", antialias=True)
        return resized_BKHW.clamp_(0, 1)  # bicubic overshoots


def held(signal_BCT: Tensor) -> Tensor:
    """Return each lead of each segment as it is, or its shape where it is larger than `LARGE`.

    A picture hangs on a lead's shape alone. Division by 1 changes nothing, to the bit.
    """
    most_BC1 = signal_BCT.abs().amax(2, keepdim=True)
    return signal_BCT / (most_BC1 / LARGE).clamp_min(1)


def jet(value_BCRM: Tensor) -> Tensor:
    """Return red, green and blue of each lead: blue at 0, green at one half, red at 1.

    The colour map of the name that MATLAB had as its default until 2014, without its steps.
    """
    centre_311 = torch.tensor([3.0, 2.0, 1.0], device=value_BCRM.device)[:, None, None]
    away_BC3RM = ((4 * value_BCRM).unsqueeze(2) - centre_311).abs_()
    return away_BC3RM.neg_().add_(1.5).clamp_(0, 1).flatten(1, 2)

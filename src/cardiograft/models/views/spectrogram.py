"""Short spectra side by side as a coloured picture: high frequencies above, time to the right.

Each column is the spectrum of a stretch under a Hann window, in decibels below the strongest
point of the segment. The stretches begin half a window before the segment and end half a window
behind it, where it goes on as its mirror image.

Legend: B batch, C leads, T samples, R frequencies, M stretches.
Source: study `rhythm_cae`, whose paper names spectrograms and gives no configuration: window,
range, colours and size are ours.
"""

from typing import Annotated, Literal

import torch
from annotated_types import Ge, Gt, Lt
from torch import Tensor, nn

from cardiograft.models.views._picture import Colours, PictureLayer
from cardiograft.plugins import Duration
from cardiograft.records import Shape


class Spectrogram(PictureLayer):
    """Signal to picture."""

    def __init__(
        self,
        shape: Shape,
        *,
        window: int,
        step: int,
        rows: int,
        range_db: float,
        height: int,
        width: int,
        colours: Colours,
    ) -> None:
        super().__init__(shape, height=height, width=width, colours=colours)
        self.window, self.step, self.kept, self.range_db = window, step, rows, range_db
        shape_N = torch.hann_window(window, device="cpu")
        self.register_buffer("hann", shape_N, persistent=False)

    def magnitudes(self, signal_BCT: Tensor) -> Tensor:
        """Return decibels above the weakest that is shown, (B, C, R, M)."""
        batch = len(signal_BCT)
        spectrum_IRM = torch.stft(
            signal_BCT.flatten(0, 1),
            self.window,
            self.step,
            window=self.get_buffer("hann"),
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )[:, : self.kept].flip(1)
        power_IRM = torch.view_as_real(spectrum_IRM).square().sum(-1)
        power_BCRM = power_IRM.reshape(batch, -1, *power_IRM.shape[1:])
        most_BC11 = power_BCRM.amax((2, 3), keepdim=True)
        tiny = torch.finfo(power_BCRM.dtype).tiny
        decibel_BCRM = 10 * (power_BCRM / most_BC11.clamp_min(tiny)).clamp_min(tiny).log10()
        return torch.clamp(decibel_BCRM + self.range_db, min=0)

    def scaled(self, magnitude_BCRM: Tensor) -> Tensor:
        """Return the range of decibels as 0 to 1; a silent lead is 0 throughout."""
        return magnitude_BCRM / self.range_db


def make(
    shape: Shape,
    rate_hz: float,
    *,
    window_s: Duration = 0.5,
    overlap: Annotated[float, Ge(0), Lt(1)] = 0.9,
    highest_hz: Annotated[float, Gt(0)] = 60.0,
    range_db: Annotated[float, Gt(0)] = 60.0,
    height: Annotated[int, Ge(1)] = 224,
    width: Annotated[int, Ge(1)] = 224,
    colours: Literal["jet", "grey"] = "jet",
) -> nn.Module:
    """Return the layer.

    Parameters
    ----------
    shape
        Of a signal.
    rate_hz
        Of the signal.
    window_s
        Of a stretch; its inverse is how far apart two frequencies are told from each other.
    overlap
        Of neighbouring stretches, as a share of the window.
    highest_hz
        The top of the picture; its bottom is 0 Hz.
    range_db
        Decibels from the weakest that is shown up to the strongest.
    height, width
        Of the picture, by bicubic interpolation.
    colours
        ``grey`` is one channel a lead, ``jet`` three.

    Raises
    ------
    ValueError
        The window is shorter than two samples or longer than the segment, or the highest
        frequency is above half the sampling rate.
    """
    window = round(window_s * rate_hz)
    if not 2 <= window <= shape.samples:
        raise ValueError(
            f"spectrogram: window_s {window_s:g} is {window} samples, of segments of"
            f" {shape.samples}: from 2 to all of them are accepted"
        )
    if highest_hz > rate_hz / 2:
        raise ValueError(
            f"spectrogram: highest_hz {highest_hz:g} is above half of the {rate_hz:g} Hz that"
            " signals are sampled at"
        )
    return Spectrogram(
        shape,
        window=window,
        step=max(1, round(window * (1 - overlap))),
        rows=int(highest_hz * window / rate_hz) + 1,
        range_db=range_db,
        height=height,
        width=width,
        colours=colours,
    )

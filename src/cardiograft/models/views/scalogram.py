"""A continuous wavelet transform as a coloured picture: high frequencies above, time to the right.

The analytic generalised Morse wavelet, of peak value 2: a sine of amplitude 1 is 1 at its own
frequency. Beyond its ends a segment goes on as its mirror image.

Only the columns that a picture of this width needs are computed. The spectrum that a wavelet has
left is folded: bins that are a multiple of so many apart are added up, before it is transformed
back, which gives every n-th sample exactly for an n-th of the work. And as the spectrum of a
signal with its mirror image is real, the way back is a transform of real numbers: the mirror
image costs nothing.

Legend: B batch, C leads, T samples, N samples with the mirror image, H of its first half, E of
the mirror image in that half, R wavelets, M bins that are left, J parts of the spectrum that are
folded onto each other.
Source: Olhede & Walden 2002; Lilly & Olhede 2012 (the wavelet); study `ecg_quality`, whose paper
gives no configuration: wavelet, voices, colours and size are ours.
"""

import math
from typing import Annotated, Literal

import numpy as np
import torch
from annotated_types import Ge, Gt, Le
from torch import Tensor, nn
from torch.nn import functional

from cardiograft.models.views._picture import Colours, PictureLayer
from cardiograft.records import Float64, Int64, Shape

LEAST = 1e-8  # of a wavelet's peak: what float32 does not see beside it
# What a step of a transform by a prime factor takes beside one by 2: of real numbers, 450 to 512 of
# them, as torch transforms them on a CPU.
STEPS = {2: 1.0, 3: 3.3, 5: 4.6}


def frequencies(lowest_hz: float, octaves: float, voices: int) -> Float64:
    """Return the wavelets' frequencies in Hz, the highest first, shape (R,)."""
    count = max(1, round(octaves * voices))
    return lowest_hz * 2.0 ** (np.arange(count)[::-1] / voices)


def morse(relative: Float64, *, gamma: float, time_bandwidth: float) -> Float64:
    """Return a Morse wavelet in frequency: 2 at its peak, where `relative` is 1.

    a w^beta exp(-w^gamma), a = 2 (e gamma / beta)^(beta / gamma), with w = `relative` times the
    peak's (beta / gamma)^(1 / gamma); 0 where `relative` is not above 0.
    """
    beta = time_bandwidth / gamma
    above = np.where(relative > 0, relative, 1.0)
    # The same, in logarithms: the factors alone leave the range of numbers.
    exponent = beta * np.log(above) - beta / gamma * (above**gamma - 1)
    return np.where(relative > 0, 2 * np.exp(exponent), 0.0)


class Scalogram(PictureLayer):
    """Signal to picture."""

    def __init__(
        self,
        shape: Shape,
        rate_hz: float,
        *,
        frequency_R: Float64,
        gamma: float,
        time_bandwidth: float,
        height: int,
        width: int,
        colours: Colours,
    ) -> None:
        super().__init__(shape, height=height, width=width, colours=colours)
        self.step = max(1, shape.samples // width)
        self.columns = -(-shape.samples // self.step)
        self.folded = _fast(-(-2 * (shape.samples - 1) // self.step))
        self.length = self.folded * self.step
        # Below half the sampling rate: there a wavelet would turn at once both ways.
        bin_N = np.fft.rfftfreq(self.length, 1 / rate_hz)[: self.length // 2]
        relative_RN = bin_N / frequency_R[:, None]
        filter_RN = morse(relative_RN, gamma=gamma, time_bandwidth=time_bandwidth) / self.length
        self.parts = -(-filter_RN.shape[1] // self.folded)
        whole_RN = np.zeros((len(frequency_R), self.parts * self.folded), dtype=np.float32)
        whole_RN[:, : filter_RN.shape[1]] = filter_RN
        part_JRM = whole_RN.reshape(-1, self.parts, self.folded).transpose(1, 0, 2).copy()
        self.ranges = [_filled(one_RM, LEAST / self.length) for one_RM in part_JRM]
        self.register_buffer("filter", torch.from_numpy(part_JRM), persistent=False)
        beyond_E = torch.from_numpy(_beyond(shape.samples, self.length))
        self.register_buffer("beyond", beyond_E, persistent=False)

    def coefficients(self, signal_BCT: Tensor) -> Tensor:
        """Return the transform at every `step`-th sample from the first, complex, (B, C, R, W)."""
        return self._back(signal_BCT).conj()

    def _back(self, signal_BCT: Tensor) -> Tensor:
        # Of real numbers the way back is the way forth but for the sign of what is imaginary.
        back_BCRM: Tensor = torch.fft.rfft(self._folded(signal_BCT))[..., : self.columns]
        return back_BCRM

    def _folded(self, signal_BCT: Tensor) -> Tensor:
        """Return each wavelet's part of the spectrum, folded; real, (B, C, R, M)."""
        beyond_BCE = signal_BCT[..., self.get_buffer("beyond")]
        half_BCH = torch.cat([signal_BCT, beyond_BCE], 2)
        whole_BCN = torch.cat([half_BCH, half_BCH[..., 1:-1].flip(2)], 2)
        # Of a signal that is its own mirror image, real. `hfft` takes the half of it and as much
        # time, but a file for a device has no such transform to the precision of float32.
        spectrum_BCN = torch.view_as_real(torch.fft.rfft(whole_BCN))[..., 0]
        spectrum_BCN = spectrum_BCN[..., : self.parts * self.folded]
        part_BCJM = _filled_up(spectrum_BCN, self.parts, self.folded)
        filter_JRM = self.get_buffer("filter")
        folded_BCRM: Tensor = part_BCJM[:, :, 0, None] * filter_JRM[0]
        for part, (first, last) in list(enumerate(self.ranges))[1:]:
            folded_BCRM[:, :, first:last].addcmul_(
                part_BCJM[:, :, part, None], filter_JRM[part, first:last]
            )
        return folded_BCRM

    def magnitudes(self, signal_BCT: Tensor) -> Tensor:
        """Return the transform's absolute value at every `step`-th sample, (B, C, R, columns)."""
        real_BCRM, imaginary_BCRM = torch.view_as_real(self._back(signal_BCT)).unbind(-1)
        # Of float32 that neither overflows nor vanishes; torch.abs minds both, at twice the time.
        power_BCRM = (real_BCRM * real_BCRM).addcmul_(imaginary_BCRM, imaginary_BCRM)
        return power_BCRM.sqrt_()


def _filled_up(spectrum_BCN: Tensor, parts: int, folded: int) -> Tensor:
    """Return a spectrum as parts of one size, (B, C, J, M)."""
    lacking = parts * folded - spectrum_BCN.shape[2]
    whole_BCN = functional.pad(spectrum_BCN, (0, lacking)) if lacking else spectrum_BCN
    return whole_BCN.reshape(*whole_BCN.shape[:2], parts, folded)


def _fast(least: int) -> int:
    """Return the even number from `least` up whose transform takes the least time.

    Of those up to the next power of two, which takes less than many a smaller number does.
    """
    least = max(2, least)
    return min(range(least + least % 2, 2 ** (least - 1).bit_length() + 1, 2), key=_work)


def _work(number: int) -> float:
    """Return what a transform of so many numbers takes, in units of one step by 2 of one number."""
    steps, rest = 0.0, number
    for prime, taken in STEPS.items():
        while rest % prime == 0:
            rest //= prime
            steps += taken
    return number * steps if rest == 1 else math.inf


def _filled(filter_RM: Float64, least: float) -> tuple[int, int]:
    """Return the first and behind the last of the wavelets that a part is not 0 for."""
    (rows,) = np.nonzero((filter_RM > least).any(axis=1))
    return (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)


def _beyond(samples: int, length: int) -> Int64:
    """Return which samples stand between the last one and the one half-way of a mirrored signal.

    Of `length` samples in all; up to half of them a signal is mirrored about its last sample,
    and the second half is the first's mirror image.
    """
    turn = max(1, 2 * (samples - 1))
    place_E = np.arange(samples, length // 2 + 1) % turn
    return np.minimum(np.minimum(place_E, turn - place_E), samples - 1)


def make(
    shape: Shape,
    rate_hz: float,
    *,
    lowest_hz: Annotated[float, Gt(0)] = 0.9,
    octaves: Annotated[float, Gt(0), Le(20)] = 7.0,
    voices: Annotated[int, Ge(1), Le(64)] = 12,
    gamma: Annotated[float, Gt(0)] = 3.0,
    time_bandwidth: Annotated[float, Gt(0)] = 60.0,
    height: Annotated[int, Ge(1)] = 227,
    width: Annotated[int, Ge(1)] = 227,
    colours: Literal["jet", "grey"] = "jet",
) -> nn.Module:
    """Return the layer.

    Parameters
    ----------
    shape
        Of a signal.
    rate_hz
        Of the signal.
    lowest_hz, octaves, voices
        The wavelets' frequencies: `voices` an octave, from the lowest up.
    gamma, time_bandwidth
        The wavelet: its symmetry, and the square of its duration, gamma times beta. 60 is about
        two and a half periods.
    height, width
        Of the picture, by bicubic interpolation.
    colours
        ``grey`` is one channel a lead, ``jet`` three.

    Raises
    ------
    ValueError
        A wavelet's frequency is not below half the sampling rate.
    """
    frequency_R = frequencies(lowest_hz, octaves, voices)
    if frequency_R[0] >= rate_hz / 2:
        raise ValueError(
            f"scalogram: {octaves:g} octaves from {lowest_hz:g} Hz reach {frequency_R[0]:.4g} Hz,"
            f" not below half of the {rate_hz:g} Hz that signals are sampled at"
        )
    return Scalogram(
        shape,
        rate_hz,
        frequency_R=frequency_R,
        gamma=gamma,
        time_bandwidth=time_bandwidth,
        height=height,
        width=width,
        colours=colours,
    )

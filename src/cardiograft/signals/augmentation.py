"""Augmentations of windows: another fit of the sensor, another heart rate, another chest.

Each draws from the generator it is given, and changes nothing at strength 0.

Legend: B batch, C channels, D channels of the target, G groups of three axes, T samples,
F frequencies, K knots, P pieces.
Source: rotation, scaling, jitter and time warping of wearables' signals after Um et al. 2017,
doi:10.1145/3136755.3136817; no strength is taken from there.
"""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional

AXES = 3
# ASSUME a chest's transfer function is smooth over some 6 Hz.
KNOT_HZ = 6.25


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How strongly a window is changed; 0 leaves a change out.

    Attributes
    ----------
    rotation
        SD of the angle in radians, as in `rotated`.
    gain
        SD of a gain's natural logarithm, as in `amplified`.
    drop
        Probability that a channel is silenced, as in `dropped`.
    tilt
        SD of the natural logarithm of a gain over frequency, as in `tilted`.
    stretch
        Largest natural logarithm of the change of pace, as in `stretched`.
    noise
        Mean SD as a share of the channel's, as in `noisy`.
    """

    rotation: float = 0.0
    gain: float = 0.0
    drop: float = 0.0
    tilt: float = 0.0
    stretch: float = 0.0
    noise: float = 0.0

    def apply(
        self, signal_BCT: Tensor, target_BDT: Tensor, generator: Generator, *, rate_hz: float
    ) -> tuple[Tensor, Tensor]:
        """Return windows and their targets; `stretch` alone changes a target.

        Parameters
        ----------
        signal_BCT : float32, shape (B, C, T)
            Not yet scaled.
        target_BDT : float32, shape (B, D, T)
        """
        if self.rotation:
            signal_BCT = rotated(signal_BCT, generator, spread=self.rotation)
        if self.gain:
            signal_BCT = amplified(signal_BCT, generator, spread=self.gain)
        if self.drop:
            signal_BCT = dropped(signal_BCT, generator, share=self.drop)
        if self.tilt:
            signal_BCT = tilted(signal_BCT, generator, spread=self.tilt, rate_hz=rate_hz)
        if self.stretch:
            signal_BCT, target_BDT = stretched(signal_BCT, target_BDT, generator, most=self.stretch)
        if self.noise:
            signal_BCT = noisy(signal_BCT, generator, share=self.noise)
        return signal_BCT, target_BDT


@dataclass(frozen=True, kw_only=True)
class Disturbance:
    """How strongly a window is changed whose label stays as it is; 0 leaves a change out.

    Attributes
    ----------
    gain
        SD of a gain's natural logarithm, as in `amplified`.
    invert
        Probability that a window is turned upside down, as in `inverted`.
    noise
        Mean SD as a share of the channel's, as in `noisy`.
    silence
        Probability that a window is silenced, as in `silenced`.
    """

    gain: float = 0.0
    invert: float = 0.0
    noise: float = 0.0
    silence: float = 0.0

    def apply(self, signal_BCT: Tensor, generator: Generator) -> Tensor:
        """Return changed windows."""
        if self.gain:
            signal_BCT = amplified(signal_BCT, generator, spread=self.gain)
        if self.invert:
            signal_BCT = inverted(signal_BCT, generator, share=self.invert)
        if self.noise:
            signal_BCT = noisy(signal_BCT, generator, share=self.noise)
        if self.silence:
            signal_BCT = silenced(signal_BCT, generator, share=self.silence)
        return signal_BCT


def rotations(items: int, generator: Generator, *, spread: float) -> Tensor:
    """Return rotation matrices, shape (items, 3, 3): about any axis, by a normal angle.

    Parameters
    ----------
    spread
        SD of the angle, radians.
    """
    device = generator.device
    axis_B3 = torch.randn((items, AXES), generator=generator, device=device)
    half_B1 = spread / 2 * torch.randn((items, 1), generator=generator, device=device)
    x, y, z = (functional.normalize(axis_B3, dim=1) * half_B1.sin()).T
    w = half_B1.cos()[:, 0]
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return torch.stack([torch.stack(row, 1) for row in rows], 1)


def rotated(signal_BCT: Tensor, generator: Generator, *, spread: float) -> Tensor:
    """Turn the sensor of each window: every group of three channels by the same matrix.

    Parameters
    ----------
    signal_BCT : float32, shape (B, 3 G, T)
        x, y, z of one quantity after another.
    spread
        SD of the angle, radians.
    """
    turn_B33 = rotations(len(signal_BCT), generator, spread=spread)
    triple_BG3T = signal_BCT.reshape(len(signal_BCT), -1, AXES, signal_BCT.shape[-1])
    return (turn_B33[:, None] @ triple_BG3T).flatten(1, 2)


def amplified(signal_BCT: Tensor, generator: Generator, *, spread: float) -> Tensor:
    """Multiply each channel by exp(`spread` x a standard normal number)."""
    drawn_BC1 = torch.randn(
        (*signal_BCT.shape[:2], 1), generator=generator, device=generator.device
    )
    return signal_BCT * (spread * drawn_BC1).exp()


def inverted(signal_BCT: Tensor, generator: Generator, *, share: float) -> Tensor:
    """Turn whole windows upside down with probability `share`: electrodes that changed places."""
    drawn_B11 = torch.rand((len(signal_BCT), 1, 1), generator=generator, device=generator.device)
    return torch.where(drawn_B11 < share, -signal_BCT, signal_BCT)


def dropped(signal_BCT: Tensor, generator: Generator, *, share: float) -> Tensor:
    """Silence channels with probability `share`, but never all of a window's."""
    size = (*signal_BCT.shape[:2], 1)
    stays_BC1 = torch.rand(size, generator=generator, device=generator.device) >= share
    # ASSUME a window that would lose all its channels keeps them: it would hold nothing to learn.
    stays_BC1 = stays_BC1 | ~stays_BC1.any(1, keepdim=True)
    return signal_BCT * stays_BC1


def silenced(signal_BCT: Tensor, generator: Generator, *, share: float) -> Tensor:
    """Silence whole windows with probability `share`: what is known beside them must do.

    Source: ModDrop, Neverova et al. 2016, doi:10.1109/TPAMI.2015.2461544.
    """
    size = (len(signal_BCT), 1, 1)
    stays_B11 = torch.rand(size, generator=generator, device=generator.device) >= share
    return signal_BCT * stays_B11


def tilted(signal_BCT: Tensor, generator: Generator, *, spread: float, rate_hz: float) -> Tensor:
    """Give each channel a smooth gain over frequency, without a change of phase.

    The gain's natural logarithm is normal with SD `spread` at every multiple of 6.25 Hz, and
    linear between.
    """
    samples = signal_BCT.shape[-1]
    place_F = torch.fft.rfftfreq(samples, KNOT_HZ / rate_hz, device=signal_BCT.device)
    knots = math.ceil(float(place_F[-1])) + 1
    drawn_BCK = torch.randn(
        (*signal_BCT.shape[:2], knots), generator=generator, device=generator.device
    )
    knot_K1 = torch.arange(knots, device=signal_BCT.device)[:, None]
    weight_KF = (1 - (place_F - knot_K1).abs()).clamp(min=0)
    gain_BCF = (spread * drawn_BCK @ weight_KF).exp()
    out_BCT: Tensor = torch.fft.irfft(torch.fft.rfft(signal_BCT) * gain_BCF, n=samples)
    return out_BCT


def stretched(
    signal_BCT: Tensor, target_BDT: Tensor, generator: Generator, *, most: float
) -> tuple[Tensor, Tensor]:
    """Read windows and their targets at another pace, about their middle.

    The pace is exp(u), u uniform in ±`most`; what lies beyond a window's ends is zero.
    """
    drawn_B1 = torch.rand((len(signal_BCT), 1), generator=generator, device=generator.device)
    pace_B1 = (most * (2 * drawn_B1 - 1)).exp()
    return _read(signal_BCT, pace_B1), _read(target_BDT, pace_B1)


def _read(signal_BCT: Tensor, pace_B1: Tensor) -> Tensor:
    """Interpolate linearly at the pace given."""
    last = signal_BCT.shape[-1] - 1
    time_T = torch.arange(last + 1, device=signal_BCT.device)
    at_B1T = ((time_T - last / 2) * pace_B1 + last / 2)[:, None]
    low_B1T = at_B1T.floor().clamp(0, last - 1)
    part_B1T = at_B1T - low_B1T
    low_BCT = low_B1T.long().expand(-1, signal_BCT.shape[1], -1)
    before, after = signal_BCT.gather(2, low_BCT), signal_BCT.gather(2, low_BCT + 1)
    inside_B1T = (at_B1T >= 0) & (at_B1T <= last)
    return (before * (1 - part_B1T) + after * part_B1T) * inside_B1T


def noisy(signal_BCT: Tensor, generator: Generator, *, share: float) -> Tensor:
    """Add white noise whose SD is, for each channel, uniform in 0 to 2 `share` of its own."""
    device = generator.device
    level_BC1 = torch.rand((*signal_BCT.shape[:2], 1), generator=generator, device=device)
    drawn_BCT = torch.randn(signal_BCT.shape, generator=generator, device=device)
    return signal_BCT + 2 * share * level_BC1 * signal_BCT.std(-1, keepdim=True) * drawn_BCT


def masked(signal_BCT: Tensor, generator: Generator, *, share: float, piece: int) -> Tensor:
    """Zero a share of each window's pieces, in all channels at once.

    Parameters
    ----------
    share
        round(`share` x pieces) of them are zeroed, wherever they fall.
    piece
        Samples; the last piece may be shorter.
    """
    rows, _, samples = signal_BCT.shape
    pieces = math.ceil(samples / piece)
    drawn_BP = torch.rand((rows, pieces), generator=generator, device=generator.device)
    stays_BP = drawn_BP.argsort(1) >= round(share * pieces)
    stays_BT = stays_BP.repeat_interleave(piece, dim=1)[:, :samples]
    return signal_BCT * stays_BT[:, None]

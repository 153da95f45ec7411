"""A loss that lets each window come as early or as late as it likes: only its shape is judged.

A seismocardiogram tells when the heart moves, and the time from the electrical beat to that is a
person's own. A network that must put the beats of unseen people at the right time smears
them over the times that they may have. Here the delay between its output and the target is unknown,
and what is lowered is the negative logarithm of the mean likelihood over delays.

Legend: B batch, C channels, T samples, L delays.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from cardiograft.training.tasks._signal import TINY

# How fast a window's likelihood falls with its loss at a delay, which is 0 at best and about 2
# where nothing is alike.
SHARPNESS = 8.0


@dataclass(frozen=True, kw_only=True)
class AnyDelay:
    """The delays that are tried, each in samples, and how likely each is before.

    Attributes
    ----------
    most
        Delays up to so many samples either way.
    spread
        SD of the normal distribution over them.
    """

    most: int
    spread: float

    def losses(self, output_BCT: Tensor, target_BCT: Tensor) -> Tensor:
        """Return each window's loss, shape (B,): near ``correlation_mse`` at its best delay."""
        apart_BL = self.at_each(output_BCT, target_BCT)
        delay_L = torch.arange(-self.most, self.most + 1, device=output_BCT.device)
        prior_L = (-0.5 * (delay_L / self.spread) ** 2).to(apart_BL.dtype).log_softmax(0)
        return -torch.logsumexp(prior_L - SHARPNESS * apart_BL, 1) / SHARPNESS

    def at_each(self, output_BCT: Tensor, target_BCT: Tensor) -> Tensor:
        """Return 1 - r plus the error over the target's power at each delay, (B, L).

        Means over channels; on the samples of the output that all delays leave.
        """
        inner_BCT = output_BCT[..., self.most : output_BCT.shape[-1] - self.most]
        moved_BCLT = target_BCT.unfold(-1, inner_BCT.shape[-1], 1)
        product_BCL = torch.einsum("bct,bclt->bcl", inner_BCT, moved_BCLT)
        power_BCL = moved_BCLT.square().sum(-1).clamp(min=TINY)
        own_BC1 = inner_BCT.square().sum(-1, keepdim=True)
        error_BCL = (own_BC1 - 2 * product_BCL) / power_BCL + 1
        centred_BCT = inner_BCT - inner_BCT.mean(-1, keepdim=True)
        level_BCL = moved_BCLT.mean(-1)
        # The centred output takes the target's mean away from the product by itself.
        top_BCL = torch.einsum("bct,bclt->bcl", centred_BCT, moved_BCLT)
        spread_BCL = (power_BCL - moved_BCLT.shape[-1] * level_BCL.square()).clamp(min=TINY)
        below_BCL = (centred_BCT.square().sum(-1, keepdim=True) * spread_BCL).clamp(min=TINY).sqrt()
        return (1 - top_BCL / below_BCL + error_BCL).mean(1)

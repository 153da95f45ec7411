"""Domain-adversarial training (DANN): a classifier learns which domain a code is of.

Its gradient goes back into the encoder with its sign turned, so that the encoder learns codes
that do not tell domains apart. How much of it goes back grows from 0 towards `strength` as the
training goes on, so that a classifier that knows nothing yet does no harm.

Legend: B batch, D batch of the domain, W numbers of a code, H width of the hidden layer.
Source: Ganin et al. 2016, arXiv:1505.07818: gradient reversal in section 4.2, the schedule in
section 5.2.2.
"""

import math
from typing import Annotated, Any

import torch
from annotated_types import Ge, Gt
from torch import Tensor, nn
from torch.nn import functional

from cardiograft.models.layers.dense import linear


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, code: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return code.view_as(code)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.factor * gradients[0], None


def reversed_gradient(code: Tensor, factor: float) -> Tensor:
    """Return the code itself, whose gradient comes back times ``-factor``."""
    reversal: Tensor = _Reversal.apply(code, factor)  # type: ignore[no-untyped-call]
    return reversal


def share_at(through: float, steepness: float) -> float:
    """Return ``2 / (1 + exp(-steepness p)) - 1``, p being the share of the training done."""
    return 2 / (1 + math.exp(-steepness * through)) - 1


class Adversary(nn.Module):
    """Two fully connected layers that predict which domain a code is of, against the encoder."""

    def __init__(self, width: int, *, hidden: int, strength: float, steepness: float) -> None:
        super().__init__()
        self.first, self.last = linear(width, hidden), linear(hidden, 1)
        self._strength, self._steepness = strength, steepness

    def forward(self, code_BW: Tensor, domain_DW: Tensor, *, through: float) -> Tensor:
        """Return the classifier's cross-entropy: the mean of both batches' own means."""
        factor = self._strength * share_at(through, self._steepness)
        predicted_B, predicted_D = (
            self._logits(reversed_gradient(code, factor)) for code in (code_BW, domain_DW)
        )
        # softplus(-x) is the cross-entropy of a logit x whose label is 1.
        return (
            functional.softplus(predicted_B).mean() + functional.softplus(-predicted_D).mean()
        ) / 2

    def _logits(self, code_BW: Tensor) -> Tensor:
        predicted_B1: Tensor = self.last(functional.relu(self.first(code_BW)))
        return predicted_B1.squeeze(1)


def make(
    width: int,
    *,
    hidden: Annotated[int, Ge(1)] = 64,
    strength: Annotated[float, Ge(0)] = 1.0,
    steepness: Annotated[float, Gt(0)] = 10.0,
) -> nn.Module:
    """Return the loss, its classifier with random weights.

    Parameters
    ----------
    width
        Numbers of a code.
    hidden
        Width of the classifier's hidden layer.
    strength
        What the turned gradient's factor grows towards. The entry's ``weight`` scales what the
        classifier learns by too, this only what the encoder does.
    steepness
        How soon it gets there.
    """
    # ASSUME one hidden layer of 64: the source's classifiers vary with the task.
    return Adversary(width, hidden=hidden, strength=strength, steepness=steepness)

"""Correlation alignment (Deep CORAL): the codes' covariances are made the same in both domains.

The codes' means are left as they are.

Legend: B batch, D batch of the domain, W numbers of a code.
Source: Sun & Saenko 2016, arXiv:1607.01719, equations 1 to 3.
"""

from torch import Tensor, nn


def covariance(code_BW: Tensor) -> Tensor:
    """Return the covariance over a batch, with B - 1 in the denominator, shape (W, W)."""
    centred_BW = code_BW - code_BW.mean(0)
    return centred_BW.T @ centred_BW / (len(code_BW) - 1)


class Coral(nn.Module):
    """Squared distance of two covariances (Frobenius norm), over 4 W^2."""

    def forward(self, code_BW: Tensor, domain_DW: Tensor, *, through: float) -> Tensor:
        """Return the loss; each batch holds two segments or more."""
        apart_WW = covariance(code_BW) - covariance(domain_DW)
        return apart_WW.square().sum() / (4 * code_BW.shape[1] ** 2)


def make(width: int) -> nn.Module:
    """Return the loss.

    Parameters
    ----------
    width
        Numbers of a code.
    """
    return Coral()

"""Maximum mean discrepancy (MMD) between the codes of both domains, over several bandwidths.

The unbiased estimate of the squared discrepancy: zero on average where both batches come from
one distribution, and so below zero about half of the time there. The kernel is the mean of
Gaussians, exp(-|x - y|^2 / (2 s^2)), each with its own s.

Legend: B batch, D batch of the domain, N both together, W numbers of a code, K bandwidths.
Source: Gretton et al. 2012, JMLR 13:723, equation 3 (the estimate) and section 8 (the median
distance as bandwidth); Long et al. 2015, arXiv:1502.02791, section 3 (several kernels).
"""

from typing import Literal

import torch
from torch import Tensor, nn

from cardiograft.plugins import Scales

TINY = torch.finfo(torch.float32).tiny


def squared_distances(code_NW: Tensor) -> Tensor:
    """Return |x - y|^2 of every pair, shape (N, N)."""
    centred_NW = code_NW - code_NW.mean(0)  # what is far from zero would lose its digits
    square_N = centred_NW.square().sum(1)
    product_NN = centred_NW @ centred_NW.T
    return (square_N[:, None] + square_N - 2 * product_NN).clamp(min=0)


def unbiased(kernel_NN: Tensor, first: int) -> Tensor:
    """Return the squared discrepancy of the first rows and the others; the diagonal is left out."""
    others = len(kernel_NN) - first
    alike_N = kernel_NN.diagonal()
    one = (kernel_NN[:first, :first].sum() - alike_N[:first].sum()) / (first * (first - 1))
    two = (kernel_NN[first:, first:].sum() - alike_N[first:].sum()) / (others * (others - 1))
    return one + two - 2 * kernel_NN[:first, first:].mean()


class Discrepancy(nn.Module):
    """Squared maximum mean discrepancy of two batches of codes."""

    def __init__(self, bandwidths: tuple[float, ...], *, relative: bool) -> None:
        super().__init__()
        self._bandwidths, self._relative = bandwidths, relative

    def forward(self, code_BW: Tensor, domain_DW: Tensor, *, through: float) -> Tensor:
        """Return the loss; each batch holds two segments or more."""
        square_NN = squared_distances(torch.cat([code_BW, domain_DW]))
        unit = _median(square_NN.detach()) if self._relative else square_NN.new_ones(())
        kernels_KNN = [torch.exp(-square_NN / (2 * b**2 * unit)) for b in self._bandwidths]
        return unbiased(torch.stack(kernels_KNN).mean(0), len(code_BW))


def _median(square_NN: Tensor) -> Tensor:
    count = len(square_NN)
    rows, columns = torch.triu_indices(count, count, offset=1, device=square_NN.device)
    return square_NN[rows, columns].median().clamp(min=TINY)


def make(
    width: int,
    *,
    bandwidths: Scales = (
        0.25,
        0.5,
        1.0,
        2.0,
        4.0,
    ),
    unit: Literal["median", "code"] = "median",
) -> nn.Module:
    """Return the loss.

    Parameters
    ----------
    width
        Numbers of a code.
    bandwidths
        The kernels' s.
    unit
        Of `bandwidths`: the ``median`` distance between the segments of both batches, taken
        as a constant, or the ``code`` itself.

    Raises
    ------
    ValueError
        There are no bandwidths.
    """
    # ASSUME the default bandwidths: the median and powers of two around it.
    if not bandwidths:
        raise ValueError("mmd needs at least one of bandwidths")
    return Discrepancy(tuple(bandwidths), relative=unit == "median")

"""A network as every model builds it: an encoder, and a head on its code.

Legend: B batch, C channels, T samples, F scalar features.
"""

from torch import Tensor, nn


class Network(nn.Module):
    """An encoder of signal and features, and a head on its code."""

    def __init__(self, encoder: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        """Return what the head gives: (B, K) numbers, or a signal (B, K, T)."""
        output: Tensor = self.head(self.encoder(signal_BCT, feature_BF))
        return output

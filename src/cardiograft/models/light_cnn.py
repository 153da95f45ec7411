"""Three convolutions on a picture, each with ReLU and max-pool, then one fully connected layer.

Of a picture of 227 x 227 in three colours: 1,221,574 parameters with 70 classes, 594,818 with
two. Kernels, strides and widths are the paper's; the first max-pool's stride of 2, which its table
of sizes asks for, is not given there. Values are centred on 0; weights start as He's, which is
ours.

Legend: B batch, K channels of a picture, H height, W width, F scalar features, N numbers of a code.
Source: study `ecg_quality`.
"""

from typing import Annotated

from annotated_types import Ge, Lt
from torch import Tensor, nn

from cardiograft.models.layers.dense import headed
from cardiograft.models.layers.pictures import Scalars, centred, convolution, pictured
from cardiograft.plugins import Widths
from cardiograft.records import Shape

TAKES = "pictures"
# Kernel and stride of each convolution, and the stride of the 2 x 2 max-pool behind it.
LAYERS = ((7, 5, 2), (4, 2, 1), (3, 1, 1))
LEAST = 122  # rows and columns of a picture, of which one number a channel is left


class Encoder(nn.Module):
    """Picture and features to a code: (B, K, H, W) and (B, F) to (B, N)."""

    def __init__(self, shape: Shape, *, widths: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels, sizes = shape.channels, [shape.rows, shape.samples]
        for width, (kernel, stride, pool) in zip(widths, LAYERS, strict=True):
            layers += [
                convolution(channels, width, kernel, stride=stride),
                nn.ReLU(),
                nn.MaxPool2d(2, pool),
            ]
            channels = width
            sizes = [((size - kernel) // stride + 1 - 2) // pool + 1 for size in sizes]
        self.stack = nn.Sequential(*layers)
        self.numbers = channels * sizes[0] * sizes[1]
        self.scalars = Scalars(shape.features, self.numbers)
        self.dropout = nn.Dropout(dropout)
        for layer in self.stack:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, picture_BKHW: Tensor, feature_BF: Tensor) -> Tensor:
        """Return the code."""
        code_BN: Tensor = self.stack(centred(picture_BKHW)).flatten(1)
        whole_BN: Tensor = self.dropout(self.scalars(code_BN, feature_BF))
        return whole_BN


def build(
    shape: Shape,
    *,
    widths: Widths = (128, 128, 256),
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.0,
) -> nn.Module:
    """Return the network with random weights.

    Parameters
    ----------
    shape
        Of pictures of 122 x 122 or more; ``outputs`` must be ``(K,)``.
    widths
        Channels after each of the three convolutions.
    dropout
        Before the fully connected layer.

    Raises
    ------
    ValueError
        The outputs are a signal, the input is no picture or too small, or the widths are not
        three.
    """
    if len(widths) != len(LAYERS):
        raise ValueError(f"light_cnn: {len(LAYERS)} widths are needed, not {len(widths)}")
    encoder = Encoder(pictured(shape, LEAST), widths=tuple(widths), dropout=dropout)
    return headed(encoder, encoder.numbers, shape)

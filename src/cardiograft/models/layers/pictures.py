"""What networks of pictures share: the check of their shape, and a code that knows the features.

Legend: B batch, K channels of a picture, H height, W width, F scalar features, N numbers of a code.
"""

from torch import Tensor, nn

from cardiograft.records import Shape


def pictured(shape: Shape, least: int) -> Shape:
    """Return the shape of a network that takes pictures of at least so many rows and columns.

    Raises
    ------
    ValueError
        It is of a signal, or its pictures are smaller.
    """
    if not shape.rows:
        raise ValueError("pictures are taken, not signals: name a view")
    if min(shape.rows, shape.samples) < least:
        raise ValueError(
            f"pictures of {shape.rows} x {shape.samples} are too small: at least {least} x {least}"
        )
    return shape


def centred(picture_BKHW: Tensor) -> Tensor:
    """Return values within -1 to 1 of values within 0 to 1."""
    return 2 * picture_BKHW - 1


class Scalars(nn.Module):
    """Adds what the scalar features say to a code; without features it holds nothing."""

    def __init__(self, features: int, numbers: int) -> None:
        super().__init__()
        self.features = nn.Linear(features, numbers, bias=False) if features else None

    def forward(self, code_BN: Tensor, feature_BF: Tensor) -> Tensor:
        """Return the code, (B, N)."""
        return code_BN if self.features is None else code_BN + self.features(feature_BF)

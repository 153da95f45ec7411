"""Build the network that an entry or a checkpoint names, behind the view that it is shown.

Legend: B batch, C channels, T samples, F scalar features, K channels of a picture, H its height,
W its width.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import Tensor, nn

from cardiograft import plugins
from cardiograft.checkpoints.file import Checkpoint
from cardiograft.records import Shape


class View(NamedTuple):
    """A view by name, with its options, and the rate of the signals that it takes."""

    name: str
    options: Mapping[str, Any]
    rate_hz: float

    def content(self) -> dict[str, Any]:
        """Return it as JSON, for a checkpoint."""
        return {"name": self.name, "options": dict(self.options), "rate_hz": self.rate_hz}


class Viewed(nn.Module):
    """A view, then the encoder and the head of a network that takes its pictures.

    The view has no tensors to save, and the network's keep their names: weights of a network
    that was trained on pictures as such fit it, and the other way round.
    """

    def __init__(self, view: nn.Module, network: nn.Module) -> None:
        super().__init__()
        self.view = view
        self.encoder = network.get_submodule("encoder")
        self.head = network.get_submodule("head")

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        """Return what the head gives: (B, outputs) numbers, or a signal."""
        output: Tensor = self.head(self.encoder(self.view(signal_BCT), feature_BF))
        return output


def shown(network: nn.Module, signal_BCT: Tensor) -> Tensor:
    """Return what a network's encoder is given: the signal, or the picture of it."""
    seen: Tensor = network.view(signal_BCT) if isinstance(network, Viewed) else signal_BCT
    return seen


def build(model: str, options: Mapping[str, Any], shape: Shape, view: View | None) -> nn.Module:
    """Return a network with random weights, drawn from torch's generator.

    Parameters
    ----------
    model, options
        The plug-in of `models`.
    shape
        What the shards feed it, and what comes out.

    Raises
    ------
    ValueError
        The model takes pictures and there is no view, or the other way round; or the model or
        the view can't be had for this shape.
    """
    takes = takes_pictures(model)
    if view is None and takes and not shape.rows:
        raise ValueError(
            f"{model} takes pictures: name a view, one of {', '.join(plugins.names('views'))}"
        )
    if view is not None and not takes:
        raise ValueError(f"{model} takes signals, not pictures: leave out the view {view.name!r}")
    plugin = plugins.load("models", model)
    if view is None:
        network: nn.Module = plugin.build(shape, **options)
        return network
    layer = plugins.load("views", view.name).make(shape, view.rate_hz, **view.options)
    return Viewed(layer, plugin.build(layer.picture, **options))


def takes_pictures(model: str) -> bool:
    """Tell whether a model takes pictures, which a view makes, and not signals."""
    return bool(plugins.constants("models", model).get("TAKES") == "pictures")


def view_of(checkpoint: Checkpoint) -> View | None:
    """Return the view that a checkpoint's network is behind, if any."""
    view = checkpoint.about.get("view")
    return None if view is None else View(**view)


def rebuilt(checkpoint: Checkpoint) -> nn.Module:
    """Return the network that a checkpoint's tensors fit, with random weights.

    Raises
    ------
    ValueError
        As `build`.
    """
    shape, model = shape_of(checkpoint), checkpoint.model
    return build(model["name"], model["options"], shape, view_of(checkpoint))


def shape_of(checkpoint: Checkpoint) -> Shape:
    """Return what a checkpoint's network takes and gives."""
    shape = checkpoint.about["shape"]
    return Shape(**{**shape, "outputs": tuple(shape["outputs"])})

"""What one segment costs a trained network: multiplications, and time with and without its view.

One procedure for every network, whatever it was trained on: the CPU, one thread, one segment at a
time, warm, the median of the processor's time (`cardiograft.training.latency`).
"""

from typing import Any

import torch
from torch import nn

from cardiograft.checkpoints.file import Checkpoint, load_checkpoint
from cardiograft.checkpoints.network import Viewed, rebuilt, shape_of
from cardiograft.models.layers.network import Network
from cardiograft.records import Shape
from cardiograft.training.determinism import deterministic
from cardiograft.training.latency import latency
from cardiograft.training.macs import macs


def without_view(network: nn.Module, shape: Shape) -> tuple[nn.Module, Shape]:
    """Return a network without its view, and what it takes then: a picture, if it had one."""
    if not isinstance(network, Viewed):
        return network, shape
    picture: Any = network.view.picture
    return Network(network.encoder, network.head), picture


def cost(checkpoint: Checkpoint, *, where: str) -> dict[str, Any]:
    """Measure a checkpoint's network.

    Returns
    -------
    dict
        ``macs``; ``segment_ms`` and its quartiles ``segment_low_ms`` and ``segment_high_ms``; the
        same without the view, ``network_ms`` ...: the same numbers where there is none.

    Raises
    ------
    ValueError
        The model's code has changed since, and takes other tensors.
    """
    device = torch.device("cpu")
    deterministic(device)
    network, shape = rebuilt(checkpoint), shape_of(checkpoint)
    load_checkpoint(network, checkpoint.of(None), where=where)  # its subjects' own cost as much
    behind, taken = without_view(network, shape)
    measurements: dict[str, Any] = {"macs": macs(behind, taken)}
    timed = latency(network, shape, device)
    alone = timed if behind is network else latency(behind, taken, device)
    for name, times in (("segment", timed), ("network", alone)):
        for unit in ("ms", "low_ms", "high_ms"):
            measurements[f"{name}_{unit}"] = times[f"latency_{unit}"]
    return measurements

"""How many multiplications a network does for one segment."""

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cardiograft.records import Shape


@torch.no_grad()
def macs(network: nn.Module, shape: Shape) -> int:
    """Count the multiply-accumulate operations of one forward pass.

    Those of matrix products and convolutions, zeros included; what adds, compares or normalises is
    not counted, as is usual.

    Parameters
    ----------
    network
        Without its view: of what a view computes little is a matrix product.
    shape
        What it takes: of a network behind a view, the shape of the picture.
    """
    signal, feature = torch.zeros((1, *shape.input)), torch.zeros((1, shape.features))
    # A recurrent layer is one operation to oneDNN, and products without it.
    before = torch.backends.mkldnn.set_flags(False)  # type: ignore[no-untyped-call]
    try:
        with FlopCounterMode(display=False) as counter:
            network.cpu().eval()(signal, feature)
    finally:
        torch.backends.mkldnn.set_flags(before[0])  # type: ignore[no-untyped-call]
    return int(counter.get_total_flops()) // 2  # torch counts a product and a sum as two

"""How long a network takes over one segment."""

import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from cardiograft.records import Shape

WARM_UP, PASSES = 20, 50
LIMIT_S, LEAST = 10.0, 5  # a network that takes seconds is timed fewer times


def latency(
    network: nn.Module, shape: Shape, device: torch.device, *, source: nn.Module | None = None
) -> dict[str, float]:
    """Time forward passes of one segment, in evaluation and in full precision.

    Parameters
    ----------
    network
        Is moved to the device.
    shape
        What it takes.
    source
        What it was pruned from, timed in turn with it: between jobs, what else a machine does
        at the time weighs more than what pruning saves.

    Returns
    -------
    dict
        ``latency_ms``, the median, its quartiles ``latency_low_ms`` and ``latency_high_ms``,
        and the same of the source, ``source_latency_ms`` ... On a CPU it is the processor's
        time, so that waiting for other jobs does not count: that of one thread, which is what
        trainings run on.
    """
    networks = {"": network} if source is None else {"": network, "source_": source}
    for one in networks.values():
        one.to(device).eval()
    generator = torch.Generator().manual_seed(0)
    signal = torch.randn((1, *shape.input), generator=generator).to(device)
    feature = torch.zeros((1, shape.features), device=device)
    _timed([*networks.values()], (signal, feature), WARM_UP)
    taken_s = _timed([*networks.values()], (signal, feature), PASSES)
    measured = {}
    for name, passed_s in zip(networks, taken_s.T, strict=True):
        low, middle, high = np.quantile(passed_s, (0.25, 0.5, 0.75)) * 1e3
        measured[f"{name}latency_ms"] = round(float(middle), 4)
        measured[f"{name}latency_low_ms"] = round(float(low), 4)
        measured[f"{name}latency_high_ms"] = round(float(high), 4)
    return measured


@torch.no_grad()
def _timed(
    networks: Sequence[nn.Module], given: tuple[Tensor, Tensor], times: int
) -> npt.NDArray[np.float64]:
    """Return seconds, shape (passes, networks): so many passes, or as fit into the limit."""
    device = given[0].device
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    taken: list[list[float]] = []
    while len(taken) < times and (len(taken) < LEAST or np.sum(taken) < LIMIT_S):
        taken.append([])
        for network in networks:
            start = clock()
            network(*given)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            taken[-1].append(clock() - start)
    return np.array(taken)

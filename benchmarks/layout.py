"""What networks of pictures save by laying pictures and kernels channels last.

Batches of 32 pictures of 227 x 227 in three colours, two classes, one thread. Each network is
built twice, once with pictures and kernels channels first; the two take turns within one run, so
that a busy neighbour slows both alike. Processor time; first : last is the ratio of each pair, by
its median and quartiles. A training step is forward, backward and Adam; an evaluation is
forward alone.

Legend: B batch, K channels of a picture, H height, W width.
"""

import argparse
import time
from collections.abc import Callable
from types import ModuleType
from unittest import mock

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cardiograft.checkpoints.network import build
from cardiograft.models import googlenet, light_cnn
from cardiograft.records import Shape
from cardiograft.training.determinism import deterministic

CPU = torch.device("cpu")
SHAPE = Shape(3, 227, 0, (2,), 227)
NETWORKS = (light_cnn, googlenet)
PRECISIONS = {"float32": False, "bfloat16": True}
WARM_UP = 1
Step = Callable[[], object]


def centred(picture_BKHW: Tensor) -> Tensor:
    """Return what `cardiograft.models.layers.pictures.centred` does, channels first."""
    return (2 * picture_BKHW - 1).contiguous()


def networks(model: ModuleType) -> tuple[nn.Module, nn.Module]:
    """Return a network channels first and the same one channels last."""
    first, last = (build(model.__name__.rpartition(".")[2], {}, SHAPE, None) for _ in range(2))
    first.load_state_dict(last.state_dict())
    for parameter in first.parameters():
        parameter.data = parameter.data.contiguous()
    return first, last


def step_of(
    network: nn.Module, pictures_BKHW: Tensor, label_B: Tensor, *, train: bool, half: bool
) -> Step:
    """Return one training step, or one evaluation, of a batch."""
    feature_BF = torch.zeros(len(label_B), 0)
    optimiser = torch.optim.Adam(network.parameters(), 1e-4, fused=True)

    def forward() -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            output_BK: Tensor = network(pictures_BKHW, feature_BF)
        return output_BK.float()

    def trained() -> None:
        network.train()
        functional.cross_entropy(forward(), label_B).backward()
        optimiser.step()
        optimiser.zero_grad()

    @torch.no_grad()
    def evaluated() -> Tensor:
        network.eval()
        return forward()

    return trained if train else evaluated


def pairs(model: ModuleType, first: Step, last: Step, count: int) -> np.ndarray:
    """Return seconds of so many pairs, channels first and channels last."""
    taken = []
    for number in range(WARM_UP + count):
        taken.append([0.0, 0.0])
        # whichever comes second may find memory warm
        for which in (0, 1) if number % 2 else (1, 0):
            began = time.process_time()
            if which == 0:
                with mock.patch.object(model, "centred", centred):
                    first()
            else:
                last()
            taken[-1][which] = time.process_time() - began
    return np.array(taken[WARM_UP:])


def apart(model: ModuleType, first: Step, last: Step) -> float:
    """Return the largest difference of the two layouts' outputs, of the largest output."""
    with mock.patch.object(model, "centred", centred):
        one = first()
    other = last()
    return float((one - other).abs().max() / other.abs().max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--pairs", type=int, default=5)
    given = parser.parse_args()
    deterministic(CPU)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    pictures_BKHW, label_B = torch.rand(given.batch, *SHAPE.input), torch.arange(given.batch) % 2
    print("| network | precision | | first, s | last, s | first : last | outputs apart |")
    print("|---|---|---|--:|--:|--:|--:|")
    for model in NETWORKS:
        for precision, half in PRECISIONS.items():
            both = networks(model)
            for what in ("evaluation", "training"):
                train = what == "training"
                first, last = (
                    step_of(one, pictures_BKHW, label_B, train=train, half=half) for one in both
                )
                far = "" if train else f"{apart(model, first, last):.1e}"
                taken = pairs(model, first, last, given.pairs)
                middle = np.median(taken, axis=0)
                low, ratio, high = np.quantile(taken[:, 0] / taken[:, 1], (0.25, 0.5, 0.75))
                print(
                    f"| {model.__name__.rpartition('.')[2]} | {precision} | {what} |"
                    f" {middle[0]:.3f} | {middle[1]:.3f} | {ratio:.2f} ({low:.2f} to {high:.2f}) |"
                    f" {far} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()

"""What pretraining on generated pictures costs: to make them, to keep them, to train on them.

Processor time of one thread. A picture of 64 x 64 is made once and kept; made anew at the 227 x 227
that a network is given, in every epoch, it would cost what the second and third line say beside a
step of training. Then pictures a second that ``light_cnn`` (70 classes, batch 32, Adam) trains on,
and how long 70 x 500 of them take an epoch.
"""

import time
import zlib

import numpy as np
import torch
from torch.nn import functional

from cardiograft.checkpoints.network import View, build
from cardiograft.datasets import _fractals
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.records import Shape
from cardiograft.training.determinism import deterministic

SYSTEMS, BATCH, STEPS = 20, 32, 8
WHOLE = 70 * 500


def main() -> None:
    systems = [
        _fractals.drawn(generator(0, str(k)), size=64, points=4096, fill=0.2)
        for k in range(SYSTEMS)
    ]
    kept = [made(systems, size=64, points=10_000)]
    kept += [made(systems, size=227, points=points)[:1] for points in (10_000, 50_000)]
    for (size, points), (taken_s, *_) in zip(
        ((64, 10_000), (227, 10_000), (227, 50_000)), kept, strict=True
    ):
        print(f"a picture of {size} x {size}, {points} points: {1e3 * taken_s:.2f} ms")
    packed = sum(len(zlib.compress(picture.tobytes())) for picture in kept[0][1]) / SYSTEMS
    print(f"{WHOLE} of 64 x 64: {WHOLE * 64**2 / 1e6:.0f} MB as bytes, {WHOLE * packed / 1e6:.0f}")
    print(f"  MB packed, {WHOLE * 4 * 64**2 / 1e6:.0f} MB in memory as float32;")
    print(f"  of 227 x 227 x 3 {WHOLE * 3 * 227**2 / 1e6:.0f} MB as bytes")
    rate = trained_a_second()
    print(f"light_cnn trains on {rate:.0f} pictures a second")
    print(f"{WHOLE} pictures: {WHOLE / rate / 60:.1f} minutes an epoch")


def made(systems: list[_fractals.System], *, size: int, points: int) -> tuple[float, list]:
    rng = np.random.default_rng(0)
    began = time.process_time()
    pictures = [
        _fractals.instance(system, rng, size=size, points=points, spread=0.2) for system in systems
    ]
    return (time.process_time() - began) / len(systems), pictures


def trained_a_second() -> float:
    """Return pictures a second, view, forward, backward and Adam's step; the median step."""
    deterministic(torch.device("cpu"))
    view = View("pixels", {"colours": "jet"}, 1.0)
    network = build("light_cnn", {}, Shape(1, 64**2, 0, (70,)), view).train()
    optimiser = torch.optim.Adam(network.parameters(), fused=True)
    stored_BCT, feature_BF = torch.rand(BATCH, 1, 64**2), torch.zeros(BATCH, 0)
    target_B, taken = torch.arange(BATCH), []
    for _ in range(STEPS):
        began = time.process_time()
        functional.cross_entropy(network(stored_BCT, feature_BF), target_B).backward()
        optimiser.step()
        optimiser.zero_grad()
        taken.append(time.process_time() - began)
    return BATCH / float(np.median(taken[1:]))


if __name__ == "__main__":
    main()

"""What a training step of the CNN costs, and what its layout saves.

Batches of 64 beats of 187 samples, one thread. The variants take turns, step by step, so that
a busy neighbour slows all of them alike; each is given as its median and as a ratio to the
first. The last lines time the whole step of `fit`, and what the pretext's transformations add.
"""

import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from cardiograft.models import cnn
from cardiograft.models.layers.convolution import flatwise, pooled_stack
from cardiograft.records import Shape
from cardiograft.segments import shards
from cardiograft.training.determinism import deterministic, seeded
from cardiograft.training.task import Task
from cardiograft.training.tasks import classify, recognise_transform

BATCH, SAMPLES, STEPS = 64, 187, 80
WIDTHS, KERNEL = (16, 32, 64), 7


class Plain(nn.Module):
    """The stack as it is written down: conv1d, LeakyReLU, max-pool."""

    def __init__(self) -> None:
        super().__init__()
        steps = zip((1, *WIDTHS), WIDTHS, strict=False)
        self.layers = nn.ModuleList(nn.Conv1d(a, b, KERNEL, padding="same") for a, b in steps)

    def forward(self, signal_BCT: Tensor) -> Tensor:
        """Convolve, activate, pool."""
        for layer in self.layers:
            signal_BCT = functional.max_pool1d(functional.leaky_relu(layer(signal_BCT)), 2)
        return signal_BCT


class Flat(nn.Module):
    """The same, 1 x k and channels last; the activation before or after the max-pool."""

    def __init__(self, *, pool_first: bool) -> None:
        super().__init__()
        self.stack = pooled_stack(1, WIDTHS, kernel=KERNEL)
        self.pool_first = pool_first

    def forward(self, signal_BCT: Tensor) -> Tensor:
        """Convolve, pool and activate in either order."""
        image = flatwise(signal_BCT)
        if self.pool_first:
            return self.stack(image)
        for step in self.stack:
            image = functional.max_pool2d(functional.leaky_relu(step.convolution(image)), (1, 2))
        return image


def step_of(model: nn.Module, *, bf16: bool = False) -> Callable[[int], None]:
    """Return one step of Adam on a network with this stack."""
    whole = nn.Sequential(model, nn.Flatten(), nn.Linear(64 * 23, 128), nn.LeakyReLU())
    whole.extend([nn.Linear(128, 64), nn.LeakyReLU(), nn.Linear(64, 5)])
    optimiser = torch.optim.Adam(whole.parameters(), 1e-3, fused=True)
    signal, label = torch.rand(BATCH, 1, SAMPLES), torch.randint(0, 5, (BATCH,))

    def step(number: int) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = functional.cross_entropy(whole(signal), label)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()

    return step


def task_step(task: Task, shape: Shape) -> tuple[Callable[[int], None], Callable[[int], None]]:
    """Return a whole step of a task, and its part that makes the batch."""
    model = cnn.build(shape)
    optimiser = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
    rows = {
        "signal": torch.rand(BATCH, 1, SAMPLES),
        "valid": torch.randint(80, SAMPLES, (BATCH,)),
        "feature": torch.zeros(BATCH, 0),
        "label": torch.randint(0, 5, (BATCH,)),
    }
    version = torch.randint(0, task.versions, (BATCH,))

    def make(number: int) -> None:
        task.batch(rows, version, seeded(0, 0, number, torch.device("cpu")))

    def step(number: int) -> None:
        batch = task.batch(rows, version, seeded(0, 0, number, torch.device("cpu")))
        task.loss(model(batch.signal_BCT, batch.feature_BF), batch).backward()
        optimiser.step()
        optimiser.zero_grad()

    return step, make


def timed(variants: dict[str, Callable[[int], None]]) -> dict[str, list[float]]:
    """Return each variant's times, ms; they take turns."""
    times: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(STEPS + 10):
        for name, step in variants.items():
            began = time.perf_counter()
            step(number)
            times[name].append(1e3 * (time.perf_counter() - began))
    return {name: every[10:] for name, every in times.items()}


def main() -> None:
    """Print medians and paired ratios."""
    deterministic(torch.device("cpu"))
    torch.manual_seed(0)
    meta = shards.Meta(
        spec={},
        manifest_digest="",
        simulated=True,
        rate_hz=125.0,
        channels=("II",),
        samples=SAMPLES,
    )
    beats, pretext = classify.make(meta, labels=tuple("FNQSV")), recognise_transform.make(meta)
    step, _ = task_step(beats, Shape(1, SAMPLES, 0, (5,)))
    pretext_step, pretext_batch = task_step(pretext, Shape(1, SAMPLES, 0, (8,)))
    times = timed(
        {
            "conv1d, LeakyReLU, max-pool": step_of(Plain()),
            "1 x k, channels last": step_of(Flat(pool_first=False)),
            "1 x k, channels last, max-pool first": step_of(Flat(pool_first=True)),
            "the same in bf16": step_of(Flat(pool_first=True), bf16=True),
            "cnn, classify": step,
            "cnn, recognise_transform": pretext_step,
            "  of which transformations": pretext_batch,
        }
    )
    first = next(iter(times.values()))
    print(f"{'variant':40} {'ms':>6} {'of the first':>12}")
    for name, every in times.items():
        ratio = statistics.median(a / b for a, b in zip(every, first, strict=True))
        print(f"{name:40} {statistics.median(every):6.2f} {ratio:12.2f}")


if __name__ == "__main__":
    main()

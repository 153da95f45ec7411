"""Seeds, and the settings of torch under which a training gives the same bytes again."""

import os

import numpy as np
import torch
from torch import Generator, nn

HALF_PRECISION = {"bf16": torch.bfloat16, "fp16": torch.float16}
WATCHING = 2**31  # the "epoch" that seeds what validation draws: the same in every epoch
SETTLING = WATCHING + 1  # the one before the first: see `cardiograft.training.settling`


def available_device() -> torch.device:
    """Return the accelerator that torch finds, or else the CPU.

    As `accelerate.Accelerator` chooses; but importing that takes as long as predicting.
    """
    accelerator = (
        torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    )
    return accelerator or torch.device("cpu")


def deterministic(device: torch.device, *, precision: str = "no") -> None:
    """Make the same seed give the same numbers; on the CPU, to the last bit.

    On a GPU, products and convolutions are those of float32 unless `precision` is ``tf32``: torch
    itself would let convolutions, and them alone, round to TensorFloat-32.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # As use_deterministic_algorithms, which also loads torch's compiler: half of a job's start.
    torch.set_deterministic_debug_mode("error" if device.type == "cpu" else "warn")
    # Costs time, and everything is written before it is read.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    for backend in (torch.backends.cuda.matmul, torch.backends.cudnn):
        backend.allow_tf32 = precision == "tf32"  # type: ignore[union-attr]
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # vanishing moments of Adam would slow every step


def mixed(precision: str, device: torch.device) -> torch.autocast:
    """Return a context in which layers run in half precision, where `precision` is one."""
    dtype = HALF_PRECISION.get(precision)
    return torch.autocast(device.type, dtype, enabled=dtype is not None)


def seeded(seed: int, epoch: int, step: int, device: torch.device, *, rank: int = 0) -> Generator:
    """Seed dropout for one step, and return the generator that its augmentation draws from.

    Of several processes each drops other units (`rank`), and all augment a batch alike.
    """
    number = _number(seed, epoch, step)
    torch.manual_seed(_number(seed, epoch, step, rank) if rank else number)
    return Generator(device).manual_seed(number)


def _number(*seeds: int) -> int:
    return int(np.random.SeedSequence(seeds).generate_state(1, np.uint64)[0] >> 1)


def float32_layers(network: nn.Module, precision: str, device: torch.device) -> list[str]:
    """Return the layers that a lower precision leaves in float32 on this processor, by name.

    Such a layer lists in ``cpu_dtypes`` which types of half precision the processor can train
    it in. ``tf32`` leaves every layer so where there is no CUDA.
    """
    if precision == "tf32" and device.type != "cuda":
        layers = network.named_modules()
        return [name for name, layer in layers if any(True for _ in layer.parameters(False))]
    dtype = HALF_PRECISION.get(precision)
    if dtype is None or device.type != "cpu":
        return []
    return [
        name
        for name, layer in network.named_modules()
        if dtype not in getattr(layer, "cpu_dtypes", (dtype,))
    ]

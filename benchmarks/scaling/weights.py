"""Made-up files of weights, and the stages that read one and write it anew."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from cardiograft.checkpoints.file import Checkpoint, write_checkpoint
from cardiograft.files import file_digest
from cardiograft.specs.outside import Outside
from scaling.processes import Axis, Job

WEIGHTS = Axis("thousand weights", 1, 100_000, "100 million")
EACH = 1000, 1000  # a tensor: a million weights
ABOUT: dict[str, Any] = {"spec": {"model": {"name": "mlp", "options": {}}}, "shape": {}}


def jobs(at: Path, thousands: int) -> Iterator[Job]:
    """Write weights as torch does and as a training does, and yield the stage that reads each."""
    file, model = at / "weights.pt", at / "weights.safetensors"
    generator = torch.Generator().manual_seed(0)
    names = [f"layer.{k}.weight" for k in range(max(1, thousands // 1000))]
    tensors = {name: torch.rand(EACH, generator=generator) for name in names}
    torch.save(tensors, file)
    write_checkpoint(Checkpoint(tensors=tensors, about=ABOUT), model)
    source = {"file": str(file), "sha256": file_digest(file), "reader": "torch_state"}
    spec = Outside.model_validate(source).canonical()
    out = at / "outside.safetensors"
    yield Job("outside", "outside", WEIGHTS, {"spec": spec, "file": file, "out": out})
    yield Job("hdf5", "hdf5", WEIGHTS, {"model": model, "out": at / "weights.h5"})

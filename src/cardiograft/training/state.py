"""The saved state of a training: written whole, read back exactly, never pickled."""

import contextlib
import hashlib
import re
import shutil
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from cardiograft.checkpoints.file import read_tensors, write_tensors

HistoryRow = tuple[int, int, str, str, float]  # epoch, step, part, metric, value


@dataclass
class TrainingProgress:
    """How far a training has come. What is drawn next depends on this and the seed alone.

    Attributes
    ----------
    epoch, step
        The next step to take; `step` counts within the epoch.
    loss, items
        Sum over the items of the epoch so far.
    terms
        The same of what else is in the loss, by name.
    history
        Rows of ``history.parquet``.
    best, best_epoch, stale
        Best value of the monitor so far, its epoch, and epochs since.
    kept
        That epoch's tensors and masks.
    done
        Patience ran out.
    wall_s
        Seconds spent, over all attempts.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    items: int = 0
    terms: dict[str, float] = field(default_factory=dict)
    history: list[HistoryRow] = field(default_factory=list)
    best: float | None = None
    best_epoch: int | None = None
    stale: int = 0
    kept: dict[str, Tensor] = field(default_factory=dict)
    kept_masks: dict[str, Tensor] = field(default_factory=dict)
    done: bool = False
    wall_s: float = 0.0


def state_key(*facts: Any) -> str:
    """Return a folder name for the training that these facts identify."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:24]


def clear_states(folder: Path) -> None:
    """Remove every training's state below a folder, also what older code left, and nothing else."""
    for place in folder.glob("*"):
        if re.fullmatch("[0-9a-f]{24}", place.name):
            shutil.rmtree(place, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def save_state(
    path: Path,
    progress: TrainingProgress,
    *,
    model: nn.Module,
    masks: Mapping[str, Tensor],
    average: Mapping[str, Tensor],
    optimiser: torch.optim.Optimizer,
    scaler: dict[str, Any] | None,
    extra: nn.Module | None = None,
) -> None:
    """Write everything that a training needs to go on, atomically, to one file.

    `extra` holds further trained modules (a domain classifier).
    """
    groups = {
        "model": model.state_dict(),
        "mask": masks,
        "average": average,
        "kept": progress.kept,
        "kept_mask": progress.kept_masks,
        "extra": {} if extra is None else extra.state_dict(),
    }
    tensors = {f"{g}/{n}": t for g, named in groups.items() for n, t in named.items()}
    numbers: dict[str, Any] = {}
    for index, slots in optimiser.state_dict()["state"].items():
        for name, value in slots.items():
            place = f"optimiser/{index}/{name}"
            if isinstance(value, Tensor):
                tensors[place] = value
            else:
                numbers[place] = value
    plain = {k: v for k, v in vars(progress).items() if not k.startswith("kept")}
    about = {"progress": plain, "optimiser": numbers, "scaler": scaler}
    write_tensors(tensors, about, path)


def restore_state(
    path: Path,
    *,
    model: nn.Module,
    masks: dict[str, Tensor],
    average: Mapping[str, Tensor],
    optimiser: torch.optim.Optimizer,
    device: torch.device,
    extra: nn.Module | None = None,
) -> tuple[TrainingProgress, dict[str, Any] | None]:
    """Put a saved state back; return the progress and the gradient scaler's state."""
    tensors, about = read_tensors(path)

    def group(name: str) -> dict[str, Tensor]:
        start = f"{name}/"
        return {k.removeprefix(start): t for k, t in tensors.items() if k.startswith(start)}

    model.load_state_dict(group("model"))
    if extra is not None:
        extra.load_state_dict(group("extra"))
    masks.clear()
    masks.update({name: mask.to(device) for name, mask in group("mask").items()})
    for name, tensor in group("average").items():
        average[name].copy_(tensor)  # which lies in memory as the weight does, and stays so
    parameters = [p for g in optimiser.param_groups for p in g["params"]]
    slots: dict[int, dict[str, Any]] = {}
    numbers = {k.removeprefix("optimiser/"): v for k, v in about["optimiser"].items()}
    for place, value in {**group("optimiser"), **numbers}.items():
        index, name = place.split("/", 1)
        own = parameters[int(index)]
        if isinstance(value, Tensor) and value.shape == own.shape:
            # A fused optimiser goes through weight and moments as they lie in memory: the
            # moments must lie as the weight does, channels last or not.
            value = torch.empty_like(own).copy_(value)
        slots.setdefault(int(index), {})[name] = value
    whole = optimiser.state_dict()
    optimiser.load_state_dict({**whole, "state": slots})
    plain = about["progress"]
    history = [(e, s, part, metric, v) for e, s, part, metric, v in plain.pop("history")]
    progress = TrainingProgress(
        **plain, history=history, kept=group("kept"), kept_masks=group("kept_mask")
    )
    return progress, about["scaler"]


@dataclass
class Stop:
    """The signal to end that the job has received, if any."""

    signalled: signal.Signals | None = None


@contextlib.contextmanager
def terminated() -> Iterator[Stop]:
    """Take SIGTERM, and Ctrl-C, as a request to end at the next step, with the state saved.

    A second Ctrl-C ends it at once. A second SIGTERM does not: a scheduler and a launcher may
    each send one.
    """
    stop = Stop()
    before: dict[int, Any] = {}

    def request(number: int, frame: FrameType | None) -> None:
        stop.signalled = signal.Signals(number)
        if number == signal.SIGINT:
            signal.signal(number, before[number])

    for ending in (signal.SIGTERM, signal.SIGINT):
        before[ending] = signal.signal(ending, request)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

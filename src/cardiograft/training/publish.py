"""Write a trained network as a model folder: weights, history, card, ledger."""

import platform
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import accelerate
import numpy as np
import pyarrow as pa
import safetensors
import torch

from cardiograft import parquet
from cardiograft.checkpoints.file import Checkpoint, read_checkpoint, write_checkpoint
from cardiograft.checkpoints.folder import CARD, HISTORY, LEDGER, WEIGHTS
from cardiograft.checkpoints.masks import sparsity_summary
from cardiograft.checkpoints.meaning import Meaning, differences, meaning_of
from cardiograft.files import atomic_directory, write_json
from cardiograft.training.loop import Outcome

# Of what a checkpoint holds, what its card does not: too long, or written there in other words.
LEFT_OUT = ("memory", "buffers", "code")


def publish(
    checkpoint: Checkpoint,
    outcome: Outcome,
    ledger: dict[str, Any] | None,
    measurements: Mapping[str, Any],
    *,
    out: Path,
) -> None:
    """Write the model folder, whole or not at all."""
    with atomic_directory(out) as folder:
        write_checkpoint(checkpoint, folder / WEIGHTS)
        saved = read_checkpoint(folder / WEIGHTS)
        written = (folder / WEIGHTS).read_bytes()
        columns = list(zip(*outcome.progress.history, strict=True))
        names = ("epoch", "step", "part", "metric", "value")
        history = pa.table(dict(zip(names, map(list, columns), strict=True)))
        parquet.write(history, folder / HISTORY)
        if ledger is not None:
            write_json(folder / LEDGER, ledger)
        about = {k: v for k, v in saved.about.items() if k not in LEFT_OUT}
        settled = (ledger or {}).get("settled")
        card = {
            **about,
            **({"settled_on_the_training_part": settled} if settled else {}),
            "weights_sha256": saved.digest(),
            **measurements,
            "parameters": sparsity_summary(saved)["parameters"],
            "sparsity": sparsity_summary(saved),
            "file_bytes": len(written),
            "file_zstd_bytes": len(pa.compress(written, codec="zstd", asbytes=True)),
            "peak_memory_MB": peak_memory_mb(),
            "device": outcome.device,
            "epochs_run": outcome.progress.epoch,
            "best_epoch": outcome.progress.best_epoch,
            "training_s": round(outcome.progress.wall_s, 3),
        }
        write_json(folder / CARD, card)


def parent(checkpoint: Checkpoint, entry: str, here: Meaning) -> dict[str, Any]:
    """Return how a card names a checkpoint that went in, and in what it differs from it."""
    about = checkpoint.about
    shown: tuple[str, ...] = ("file", "file_sha256", "reader")
    outside = {key: about[key] for key in shown if key in about}
    return {
        **outside,
        "differences": [one.line() for one in differences(meaning_of(checkpoint), here)],
        "stage": checkpoint.about.get("stage"),
        "entry": entry,
        "repeat": checkpoint.about.get("repeat"),
        "weights_sha256": checkpoint.digest(),
    }


def versions() -> dict[str, str]:
    """Return the versions that numbers may hang on."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "accelerate": accelerate.__version__,
        "safetensors": safetensors.__version__,
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
    }


def peak_memory_mb() -> float:
    """Return the most memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)

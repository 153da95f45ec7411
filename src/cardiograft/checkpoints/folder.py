"""A trained network's folder, ``<stage>/<entry>/<repeat>/``, and the names of its files.

Reading these names needs no torch: the workflow's plan of jobs has them from here too.
"""

from pathlib import Path

WEIGHTS = "model.safetensors"
HISTORY = "history.parquet"  # the task's metrics after every epoch
CARD = "card.json"  # where the network comes from, and what it measures
LEDGER = "ledger.json"  # of a transfer alone: what was loaded, tensor by tensor


def model_key(file: Path) -> tuple[str, str, str]:
    """Return stage, entry and repeat of a file in a model folder."""
    stage, entry, repeat = file.parts[-4:-1]
    return stage, entry, repeat


def checkpoint_file(path: Path) -> Path:
    """Return the checkpoint of a model folder, or the path itself where it is a file."""
    return path / WEIGHTS if path.is_dir() else path

"""What a study's models cost, and whether they were made by the same libraries.

A row of the table is one repeat of one training:

``model, sources, pruning``
    The plug-in; the entries that it took weights from; ``magnitude``, ``structured``, or
    nothing of an entry that does not prune itself.
``parameters, kernel_parameters, kernel_zeros, zeros``
    Counted in the file: trained numbers, those of them that multiply inputs, and zeros.
``kernel_sparsity, total_sparsity``
    Shares of zeros, of the kernels and of all parameters.
``file_bytes, file_zstd_bytes``
    Of ``model.safetensors`` as written, masks included, and compressed.
``latency_ms, latency_low_ms, latency_high_ms``
    One forward pass of one segment on the training's device: median and quartiles; with
    ``source_`` before, of what was pruned, timed in turn with what is left.
``macs``
    Multiply-accumulate operations of one forward pass, without what a view computes.
``segment_ms, segment_low_ms, segment_high_ms``
    The same pass on one thread of the CPU, whatever the network was trained on, measured of its
    first repeat; with ``network_`` in place of ``segment_``, without the view.
``epochs_run, wall_s, peak_memory_MB, device, simulated, versions``
    Of the training.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cardiograft.checkpoints.folder import model_key
from cardiograft.files import read_json

KEYS = ("stage", "entry", "repeat")
COUNTED = ("parameters", "kernel_parameters", "kernel_zeros", "zeros")
SPARSITY = {"kernels": "kernel_sparsity", "total": "total_sparsity"}
BYTES = ("file_bytes", "file_zstd_bytes")
LATENCY = ("latency_ms", "latency_low_ms", "latency_high_ms")
SOURCES_LATENCY = tuple(f"source_{column}" for column in LATENCY)
SEGMENT = ("segment_ms", "segment_low_ms", "segment_high_ms")
NETWORK = ("network_ms", "network_low_ms", "network_high_ms")
MEASURED = ("macs", *SEGMENT, *NETWORK)
TRAINING = ("epochs_run", "wall_s", "peak_memory_MB", "device", "simulated")
COLUMNS = (
    "model", "sources", "pruning", *COUNTED, *SPARSITY.values(), *BYTES, *LATENCY,
    *SOURCES_LATENCY, *MEASURED, *TRAINING,
)  # fmt: skip


def read(path: Path) -> dict[str, Any]:
    """Return a card, with the stage, entry and repeat of its path.

    Raises
    ------
    ValueError
        The file is no card, or damaged.
    """
    stage, entry, repeat = model_key(path)
    card = read_json(path)
    return {**card, **summary(card), "stage": stage, "entry": entry, "repeat": repeat}


def summary(card: dict[str, Any]) -> dict[str, Any]:
    """Return, by column, what lies deeper in a card; nothing where it has none."""
    spec, sparsity = card.get("spec", {}), card.get("sparsity", {})
    # Of a job that was stopped and resumed, wall_s is the last stretch alone; training_s is all.
    walls = [card[key] for key in ("wall_s", "training_s") if card.get(key) is not None]
    return {
        "wall_s": max(walls, default=None),
        "model": card.get("model", spec.get("model", {})).get("name", ""),
        "sources": ", ".join(str(parent["entry"]) for parent in card.get("parents", ())),
        "pruning": spec.get("sparsity", {}).get("method", ""),
        **{column: sparsity.get(key) for key, column in SPARSITY.items()},
        **{key: sparsity.get(key) for key in COUNTED if key in sparsity},
    }


Measured = Mapping[tuple[str, str], Mapping[str, Any]]


def read_measured(file: Path) -> Measured:
    """Return what networks cost, by stage and entry.

    Raises
    ------
    ValueError
        The file is damaged.
    """
    return {(one["stage"], one["entry"]): one for one in read_json(file)["networks"]}


def table(cards: Sequence[dict[str, Any]], measured: Measured | None = None) -> pd.DataFrame:
    """Return a row a model: what it cost, and the libraries' versions as JSON.

    Parameters
    ----------
    measured
        What `read_measured` gives; all repeats of an entry have the same.
    """
    known = measured or {}
    rows = [
        {
            **{key: card[key] for key in KEYS},
            **{key: card.get(key) for key in COLUMNS},
            **{
                key: one
                for key, one in known.get((card["stage"], card["entry"]), {}).items()
                if key in MEASURED
            },
            "versions": json.dumps(card.get("versions", {}), sort_keys=True),
        }
        for card in cards
    ]
    return pd.DataFrame(rows, columns=[*KEYS, *COLUMNS, "versions"])


def warnings(cards: Sequence[dict[str, Any]]) -> list[str]:
    """Return a line for each library of which the models saw several versions."""
    lines = []
    for library in sorted({name for card in cards for name in card.get("versions", {})}):
        seen: dict[str, int] = {}
        for card in cards:
            version = card.get("versions", {}).get(library, "none")
            seen[str(version)] = seen.get(str(version), 0) + 1
        if len(seen) > 1:
            shares = ", ".join(f"{v} in {n}" for v, n in sorted(seen.items()))
            lines.append(f"models of several versions of {library} stand side by side: {shares}")
    return lines
